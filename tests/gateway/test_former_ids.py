"""Ids of people that their source gave them before: they lead to the record of today, and cost others nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.sandbox.district import generate
from gateway.sandbox.server import make_server
from gateway.sandbox.truth import User
from gateway.sandbox.wire import serial_of
from gateway.schema import SCHEMA
from gateway.schema.context import Context
from tests.gateway.support import MakeWorld, World

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]

KIND = "infinite-campus-1.2"


async def ask(made: World, query: str, **variables: Any) -> tuple[Any, list[Any]]:
    result = await SCHEMA.execute(query, variables, Context(made.reading()))
    return result.data, [e.formatted["extensions"]["code"] for e in result.errors or ()]


def number(made: World, user: User) -> str:
    """What the source declares: the number of 1.1, whose letter it dropped."""
    return str(serial_of(made.servers["a"].district, "users", user.id) + 70_000)


def active(made: World) -> list[User]:
    return [u for u in made.servers["a"].district.users if u.status == "active"]


async def by_number(made: World) -> dict[str, str]:
    """Today's global id of everybody, by number."""
    data, errors = await ask(
        made, '{ users(sources: ["a"], first: 10000, status: null) { nodes { id formerSourcedIds } } }'
    )
    assert errors == []
    return {row["formerSourcedIds"][0]: row["id"] for row in data["users"]["nodes"]}


LOOKUPS = """query ($id: ID!, $own: String!) {
  user(id: $id) { id }
  own: user(source: "a", sourcedId: $own) { id }
  node(id: $id) { id }
  nodes(ids: [$id]) { id }
}"""


@pytest.mark.parametrize("prefix", ["", "s", "t", "s+"])
async def test_lookups_by_a_former_id_find_the_record_of_today(world: MakeWorld, prefix: str) -> None:
    made = world(a=KIND)
    person = active(made)[3]
    former = prefix + number(made, person)
    data, errors = await ask(made, LOOKUPS, id=f"User:a:{former.replace('+', '%2B')}", own=former)
    assert errors == []
    today = {"id": (await by_number(made))[number(made, person)]}
    assert data["user"] == data["own"] == data["node"] == today
    assert data["nodes"] == [today]


async def test_an_id_that_nobody_has_or_had_is_nobodys(world: MakeWorld) -> None:
    made = world(a=KIND)
    data, errors = await ask(made, LOOKUPS, id="User:a:s1", own="s1")
    assert (data, errors) == ({"user": None, "own": None, "node": None, "nodes": [None]}, [])


async def test_an_id_that_is_still_in_use_takes_one_request(world: MakeWorld) -> None:
    ids = await by_number(world(a=KIND))
    made = world(a=KIND)
    own = ids[number(made, active(made)[3])]
    data, errors = await ask(made, "query ($id: ID!) { user(id: $id) { id } }", id=own)
    assert (data, errors) == ({"user": {"id": own}}, [])
    assert made.requests("a") == 1


async def test_where_no_former_ids_are_declared_nothing_is_asked_for_them(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    data, errors = await ask(made, '{ user(id: "User:a:nobody") { id } }')
    assert (data, errors) == ({"user": None}, [])
    assert made.requests("a") == 1


async def test_a_thousand_nodes_are_read_together(world: MakeWorld) -> None:
    made = world(a=KIND, b="standard-1.2")
    known = {"id": "User:b:" + made.servers["b"].district.users[0].id}
    wanted = [number(made, u) for u in active(made)]
    asked = [f"User:a:s{n}" for n in wanted] + [f"User:a:nobody{n}" for n in range(1000 - len(wanted) - 1)]
    data, errors = await ask(made, "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=[*asked, known["id"]])
    assert errors == []
    requests = made.requests("a")
    ids = await by_number(made)
    assert [n and n["id"] for n in data["nodes"]] == [ids[n] for n in wanted] + [None] * (999 - len(wanted)) + [
        known["id"]
    ]
    assert requests == 1
    assert made.requests("b") == 1


async def test_more_than_a_thousand_nodes_are_refused(world: MakeWorld) -> None:
    made = world(a=KIND)
    data, errors = await ask(made, "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=["User:a:1"] * 1001)
    assert (data, errors) == (None, ["BAD_USER_INPUT"])


async def test_references_are_filtered_by_former_ids_too(world: MakeWorld) -> None:
    made = world(a=KIND)
    truth = made.servers["a"].district
    person = next(u for u in active(made) if len(truth.enrollments_of(u.id)) > 1)
    query = """query ($now: ID!, $before: ID!, $own: String!) {
      now: enrollments(filter: { user: { eq: $now } }, status: null) { nodes { id } }
      before: enrollments(filter: { user: { in: [$before] } }, status: null) { nodes { id } }
      own: enrollments(filter: { user: { sourcedId: $own } }, status: null) { nodes { id } }
      others: enrollments(filter: { not: { user: { eq: $before } } }, status: null) { totalCount }
    }"""
    former = "s" + number(made, person)
    today = (await by_number(made))[number(made, person)]
    data, errors = await ask(made, query, now=today, before=f"User:a:{former}", own=former)
    assert errors == []
    assert data["now"] == data["before"] == data["own"]
    assert len(data["now"]["nodes"]) == len(truth.enrollments_of(person.id))
    assert data["others"]["totalCount"] == len(truth.enrollments) - len(truth.enrollments_of(person.id))


async def test_a_filter_by_a_person_asks_for_nobody_where_no_former_ids_are_declared(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    truth = made.servers["a"].district
    person = next(u for u in active(made) if truth.enrollments_of(u.id))
    data, errors = await ask(
        made,
        "query ($id: ID!) { enrollments(filter: { user: { eq: $id } }, status: null) { nodes { sourcedId } } }",
        id=f"User:a:{person.id}",
    )
    assert errors == []
    assert len(data["enrollments"]["nodes"]) == len(truth.enrollments_of(person.id))
    assert not any("users" in route for route in made.servers["a"].requests)


async def test_a_filter_by_a_person_begins_nothing_that_one_person_does_not_need(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    truth = made.servers["a"].district
    person = next(u for u in active(made) if len(truth.enrollments_of(u.id)) > 1)
    _, errors = await ask(
        made,
        "query ($id: ID!) { enrollments(filter: { user: { eq: $id } }) { nodes { class { title } } } }",
        id=f"User:a:{person.id}",
    )
    assert set(errors) <= {"DANGLING_REFERENCE"}
    asked = [seen for seen in made.servers["a"].log if seen.route == "GET /classes"]
    assert all("filter=" in seen.query for seen in asked)


async def test_a_source_may_itself_answer_a_former_id_with_the_record_of_today(world: MakeWorld) -> None:
    made = world(a=KIND)
    server = made.servers["a"]
    person = active(made)[3]
    today = next(u for u in server.published("users") if u["metadata"]["ic.legacysourceId"] == number(made, person))
    server.answer_next(200, json.dumps({"user": today}).encode())
    data, errors = await ask(
        made, 'query ($own: String!) { user(source: "a", sourcedId: $own) { sourcedId } }', own=number(made, person)
    )
    assert (data, errors) == ({"user": {"sourcedId": today["sourcedId"]}}, [])
    assert made.requests("a") == 1


async def test_all_ids_of_people_outlast_the_move_from_1_1_to_1_2(world: MakeWorld) -> None:
    district = generate(1, students=60)
    before = world(a=make_server("infinite-campus-1.1", district))
    names = "id givenName familyName"
    data, _ = await ask(before, f"{{ users(first: 10000, status: null) {{ nodes {{ {names} }} }} }}")
    kept = data["users"]["nodes"]
    after = world(a=make_server(KIND, district))
    query = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on User {{ {names} }} }} }}"
    data, errors = await ask(after, query, ids=[row["id"] for row in kept])
    assert errors == []
    found = data["nodes"]
    assert {row["id"] for row in kept}.isdisjoint(row["id"] for row in found)
    assert [(r["givenName"], r["familyName"]) for r in found] == [(r["givenName"], r["familyName"]) for r in kept]
    assert after.requests("a") == 1
