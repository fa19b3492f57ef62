"""`samePerson`: the records of one source that are of one person, asked of servers that publish people in both ways."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.sandbox.district import generate
from gateway.sandbox.server import Server, make_server
from gateway.sandbox.truth import User
from gateway.schema import SCHEMA
from gateway.schema.context import Context
from tests.gateway.support import MakeWorld, World

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]


async def answered(made: World, query: str, **variables: Any) -> Any:
    result = await SCHEMA.execute(query, variables, Context(made.reading()))
    assert result.errors is None
    return result.data


async def same(made: World, user: User) -> list[str]:
    found = await answered(
        made, "query ($id: ID!) { user(id: $id) { samePerson { sourcedId } } }", id=f"User:a:{user.id}"
    )
    return [row["sourcedId"] for row in found["user"]["samePerson"]]


def served(kind: str, *people: dict[str, Any]) -> tuple[Server, list[User]]:
    """A district with further people: like one that is there, but for what tells them apart and what is given."""
    district = generate(1, students=60)
    like = next(u for u in district.users if u.has("teacher") and u.status == "active")
    bare = {"master_id": None, "user_ids": (), "username": None, "email": None, "agents": ()}
    made = [replace(like, id=f"p{n}", serial=9000 + n, **{**bare, **own}) for n, own in enumerate(people)]
    for person in made:
        district.add(person)
    return make_server(kind, district), made


async def test_the_records_of_a_person_per_role_find_each_other(world: MakeWorld) -> None:
    made = world(a="infinite-campus-1.1")
    data = await answered(
        made,
        "{ users(first: 10000) { nodes { sourcedId username role samePerson { sourcedId username role } } } }",
    )
    rows = data["users"]["nodes"]
    several = [row for row in rows if row["samePerson"]]
    assert several
    for row in rows:
        same = {r["sourcedId"] for r in rows if r["username"] == row["username"]} - {row["sourcedId"]}
        assert {r["sourcedId"] for r in row["samePerson"]} == same
    assert all(r["role"] != row["role"] for row in several for r in row["samePerson"])
    assert made.requests("a") == 1


@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        ({"master_id": "M1"}, {"master_id": "M1", "username": "z"}, True),
        ({"master_id": "M1", "username": "z"}, {"master_id": "M2", "username": "z"}, False),
        ({"user_ids": (("LDAP", "9"),)}, {"user_ids": (("SIS", "1"), ("LDAP", "9"))}, True),
        ({"user_ids": (("LDAP", "9"),)}, {"user_ids": (("SIS", "9"),)}, False),
        ({"username": "Ines.Marr"}, {"username": "ines.marr"}, True),
        ({"username": "ines.marr", "status": "active"}, {"username": "ines.marr", "status": "tobedeleted"}, False),
        ({"email": "marr@x.example"}, {"email": "marr@x.example"}, False),
    ],
)
async def test_one_rule_says_who_is_the_same(
    world: MakeWorld, one: dict[str, Any], other: dict[str, Any], found: bool, warm: bool
) -> None:
    server, people = served("standard-1.2", one, other)
    made = world(a=server)
    if warm:
        await answered(made, "{ users(first: 10000, status: null) { nodes { agents { id } } } }")
    assert await same(made, people[0]) == ([people[1].id] if found else [])


async def test_of_people_who_are_held_nobody_is_missed_whatever_the_case(world: MakeWorld) -> None:
    server, people = served("standard-1.2", {"username": "ines.marr"}, {"username": "Ines.Marr"})
    made = world(a=server)
    await answered(made, "{ users(first: 10000, status: null) { nodes { agents { id } } } }")
    before = made.requests("a")
    assert await same(made, people[0]) == [people[1].id]
    assert await same(made, people[1]) == [people[0].id]
    assert made.requests("a") == before


async def test_one_person_of_a_large_source_takes_a_request_for_each_thing_that_tells(world: MakeWorld) -> None:
    """Filters find a person by id over all systems, id elsewhere and username; the collection is never read."""
    identity = {"master_id": "M1", "user_ids": (("LDAP", "9"),), "username": "Ines"}
    server, people = served("standard-1.2", identity, {"master_id": "M1"})
    made = world({"a": {"capabilities": {"max_limit": 5}}}, a=server)
    assert await same(made, people[0]) == [people[1].id]
    assert made.requests("a") == 1 + 4
    assert server.requests["GET /users"] == 4


async def test_a_source_that_fails_leaves_it_open(world: MakeWorld) -> None:
    server, people = served("standard-1.2", {"username": "ines"}, {"username": "ines"})
    made = world(a=server)
    await answered(made, "query ($id: ID!) { user(id: $id) { id } }", id=f"User:a:{people[0].id}")
    server.down = True
    result = await SCHEMA.execute(
        "query ($id: ID!) { user(id: $id) { id samePerson { id } } }",
        {"id": f"User:a:{people[0].id}"},
        Context(made.reading()),
    )
    assert result.data == {"user": {"id": f"User:a:{people[0].id}", "samePerson": None}}
    assert [e.formatted["path"] for e in result.errors or ()] == [["user", "samePerson"]]
