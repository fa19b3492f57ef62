"""`usersByIdentity`: who somebody is, over sources that are held and sources that are asked."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.sandbox.district import generate
from gateway.sandbox.server import Server, make_server
from gateway.sandbox.truth import User
from gateway.schema import SCHEMA
from gateway.schema.context import Context
from tests.gateway.support import MakeWorld, World

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]

LOOKUP = """query ($identity: IdentityInput!, $sources: [ID!], $read: ReadOptions, $first: Int, $after: String) {
  usersByIdentity(identity: $identity, sources: $sources, read: $read, first: $first, after: $after, status: [ACTIVE]) {
    totalCount
    complete
    sources { source { key } state }
    pageInfo { hasNextPage endCursor }
    nodes { id }
  }
}"""


async def ask(made: World, query: str = LOOKUP, **variables: Any) -> tuple[Any, list[str]]:
    result = await SCHEMA.execute(query, variables, Context(made.reading()))
    return result.data, [e.formatted["extensions"]["code"] for e in result.errors or ()]


async def found(made: World, identity: dict[str, Any], **variables: Any) -> set[str]:
    data, errors = await ask(made, identity=identity, **variables)
    assert errors == []
    return {row["id"] for row in data["usersByIdentity"]["nodes"]}


async def held(made: World) -> World:
    """Everybody has been read whole."""
    _, errors = await ask(made, "{ users(first: 10000) { nodes { agents { id } } } }")
    _, more = await ask(made, '{ users(sources: ["b"], first: 10000) { nodes { agents { id } } } }')
    assert errors == more == []
    return made


def known(server: Server) -> User:
    """Somebody active with all that tells people apart."""
    return next(
        u
        for u in server.district.users
        if u.status == "active" and u.email and u.username and u.identifier and u.master_id and u.user_ids
    )


def identities(user: User) -> list[dict[str, Any]]:
    kind, elsewhere = user.user_ids[0]
    return [
        {"email": user.email},
        {"username": user.username},
        {"identifier": user.identifier},
        {"userMasterIdentifier": user.master_id},
        {"userId": {"type": kind, "identifier": elsewhere}},
        {"userId": {"identifier": elsewhere}},
    ]


def in_capitals(identity: dict[str, Any]) -> dict[str, Any]:
    return {k: in_capitals(v) if isinstance(v, dict) else v.upper() for k, v in identity.items()}


async def test_of_people_who_are_held_all_are_found_whatever_the_case_and_nobody_is_asked(world: MakeWorld) -> None:
    made = await held(world(a="standard-1.2", b="classlink"))
    before = made.requests("a"), made.requests("b")
    user = known(made.servers["a"])
    for identity in identities(user):
        people = await found(made, identity)
        assert {i for i in people if i.startswith("User:a:")} == {f"User:a:{user.id}"}
        assert await found(made, in_capitals(identity)) == people
    assert (made.requests("a"), made.requests("b")) == before


async def test_a_person_is_found_at_every_source(world: MakeWorld) -> None:
    district = generate(1, students=60)
    made = await held(world(a=make_server("standard-1.2", district), b=make_server("classlink", district)))
    user = known(made.servers["a"])
    assert await found(made, {"email": user.email}) == {f"User:a:{user.id}", f"User:b:{user.id}"}
    data, _ = await ask(made, identity={"email": user.email}, first=1)
    page = data["usersByIdentity"]
    assert (page["totalCount"], page["complete"], page["pageInfo"]["hasNextPage"]) == (2, True, True)
    after = page["pageInfo"]["endCursor"]
    assert await found(made, {"email": user.email}, first=1, after=after) == {f"User:b:{user.id}"}


async def test_no_source_is_asked_who_somebody_is_unless_it_is_chosen(world: MakeWorld) -> None:
    made = world({"a": {"labels": ["pilot"]}}, a="standard-1.2", b="classlink")
    user = known(made.servers["a"])
    data, errors = await ask(made, identity={"email": user.email})
    assert errors == []
    assert data["usersByIdentity"] == {
        "totalCount": None,
        "complete": False,
        "sources": [{"source": {"key": key}, "state": "SKIPPED"} for key in ("a", "b")],
        "pageInfo": {"hasNextPage": False, "endCursor": None},
        "nodes": [],
    }
    assert (made.requests("a"), made.requests("b")) == (0, 0)
    assert await found(made, {"email": user.email}, read={"labels": ["pilot"]}) == {f"User:a:{user.id}"}
    assert (made.requests("a"), made.requests("b")) == (1, 0)
    assert await found(made, {"email": user.email}, read={"reach": "UPSTREAM"}) == {f"User:a:{user.id}"}
    assert made.requests("b") > 0
    assert await found(made, {"username": user.username}, sources=["a"], read={"reach": "HELD"}) == set()


@pytest.mark.parametrize("spelled", [str, str.upper, str.title])
async def test_a_source_that_is_named_takes_one_request_however_large_it_is(world: MakeWorld, spelled: Any) -> None:
    """As given or in lower case: both in one filter."""
    made = world({"a": {"capabilities": {"max_limit": 5}}}, a="standard-1.2")
    user = known(made.servers["a"])
    assert await found(made, {"email": spelled(user.email)}, sources=["a"]) == {f"User:a:{user.id}"}
    assert made.requests("a") == 1


async def test_who_is_not_held_is_found_as_given_or_in_lower_case_and_as_is_once_held(world: MakeWorld) -> None:
    district = generate(1, students=60)
    user = known(make_server("standard-1.2", district))
    district.update(user, email="Ines.Marr@X.example")
    server = make_server("standard-1.2", district)
    limits = {"a": {"capabilities": {"max_limit": 5}}}
    cold = world(limits, a=server)
    assert await found(cold, {"email": "Ines.Marr@X.example"}, sources=["a"]) == {f"User:a:{user.id}"}
    assert await found(cold, {"email": "ines.marr@x.example"}, sources=["a"]) == set()
    _, errors = await ask(cold, "{ users(first: 10000) { nodes { agents { id } } } }")
    assert errors == []
    assert await found(cold, {"email": "ines.marr@x.example"}, sources=["a"]) == {f"User:a:{user.id}"}


async def test_a_source_that_cannot_be_asked_for_one_person_is_read_whole_and_then_whatever_the_case(
    world: MakeWorld,
) -> None:
    """Xporter's older API filters by status alone."""
    made = world(a="xporter-generic")
    user = next(u for u in made.servers["a"].district.users if u.status == "active" and u.email and u.username)
    wanted = made.servers["a"].wire_ids("users", user.id)
    assert await found(made, {"email": (user.email or "").upper()}, sources=["a"]) == {f"User:a:{i}" for i in wanted}


async def test_an_id_elsewhere_is_of_its_kind(world: MakeWorld) -> None:
    made = await held(world(a="standard-1.2", b="classlink"))
    _, elsewhere = known(made.servers["a"]).user_ids[0]
    assert await found(made, {"userId": {"type": "nothing", "identifier": elsewhere}}) == set()


async def test_who_is_deleted_is_found_only_where_that_is_asked(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    gone = next(u for u in made.servers["a"].district.users if u.status == "tobedeleted" and u.username)
    assert await found(made, {"username": gone.username}, sources=["a"]) == set()
    data, _ = await ask(
        made,
        'query ($i: IdentityInput!) { usersByIdentity(identity: $i, sources: ["a"], status: null) { nodes { id } } }',
        i={"username": gone.username},
    )
    assert data["usersByIdentity"]["nodes"] == [{"id": f"User:a:{gone.id}"}]


@pytest.mark.parametrize(
    "identity",
    [{}, {"email": None}, {"email": "a@b.example", "username": "a"}, {"email": " "}, {"userId": {"identifier": ""}}],
)
async def test_exactly_one_thing_is_looked_for(world: MakeWorld, identity: dict[str, Any]) -> None:
    made = world(a="standard-1.2")
    data, errors = await ask(made, identity=identity, sources=["a"])
    assert data in (None, {"usersByIdentity": None})
    assert errors == ["BAD_USER_INPUT"]
    assert made.requests("a") == 0


async def test_a_sign_in_begins_nothing_but_what_one_person_needs(world: MakeWorld) -> None:
    """Classes and enrollments of one person are asked for by id, not read whole beside the lookup."""
    made = world({"a": {"capabilities": {"max_limit": 5}}}, a="standard-1.2")
    truth = made.servers["a"].district
    user = next(u for u in truth.users if u.status == "active" and u.email and truth.enrollments_of(u.id))
    data, errors = await ask(
        made,
        """query ($mail: String!) { usersByIdentity(identity: { email: $mail }, sources: ["a"]) {
             nodes { id samePerson { id } classes(on: null) { title } } } }""",
        mail=user.email,
    )
    assert errors == []
    assert data["usersByIdentity"]["nodes"][0]["id"] == f"User:a:{user.id}"
    asked = made.servers["a"].requests
    assert asked["GET /enrollments"] + asked["GET /classes"] <= 2
    assert asked["GET /users"] <= 6
