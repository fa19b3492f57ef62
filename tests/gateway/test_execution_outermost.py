"""The outermost row is made in one go where all that stands in it is there, and says what levels say."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
import pytest
from graphql import parse
from graphql.execution.values import VariableValues, get_variable_values

from adapters.endpoints import Collection
from adapters.records import RecordType
from gateway.execution import compiling, filling
from gateway.execution.answering import Asked, respond
from gateway.execution.compiling import compiled, operation_of
from gateway.execution.run import Run
from gateway.sandbox.exact import exact_district
from gateway.sandbox.server import make_server
from gateway.schema import SCHEMA
from gateway.schema.context import Context
from tests.gateway.support import World

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]

COMPILED = compiling(SCHEMA)


def world(*keys: str) -> World:
    return World({key: make_server("standard-1.2", exact_district(n)) for n, key in enumerate(keys or ("a",))}, {})


async def by_graphql_core(made: World, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    result = await SCHEMA.execute(query, variables, Context(made.reading(seconds=60)))
    shown: dict[str, Any] = {"data": result.data, "extensions": result.extensions}
    return shown | ({"errors": [error.formatted for error in result.errors]} if result.errors else {})


async def by_plan(made: World, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    answer = await respond(COMPILED, Asked(query, variables), Context(made.reading(seconds=60)))
    found: dict[str, Any] = json.loads(answer.body)
    return found


async def frames(made: World, query: str, variables: dict[str, Any] | None = None) -> int:
    """How many it takes, once each class of values has come."""
    operation = operation_of(parse(query), None)
    plan = compiled(COMPILED, operation, {})
    values = get_variable_values(COMPILED._schema, operation.node.variable_definitions or (), variables or {})
    assert isinstance(values, VariableValues)
    for _ in range(2):
        run = Run(plan, COMPILED, Context(made.reading(seconds=60)), values)
        await filling.data(run)
    return len(run.frames)


PAGES = [
    "{ users(first: 3) { nodes { id givenName } } }",
    "{ users(first: 0) { nodes { id } edges { cursor } pageInfo { startCursor hasNextPage } } }",
    "{ users(first: 3) { edges { cursor node { id enrollments { class { title } } } } pageInfo { endCursor } } }",
    "{ __typename users(first: 3) { complete asOf nodes { id } __typename } classes(first: 2) { nodes { title } } }",
    "{ a: users(first: 2) { nodes { id } } b: users(first: 2, status: null) { nodes { id enrollments { role } } } }",
]


@pytest.mark.parametrize("query", PAGES)
async def test_a_page_of_what_is_held_takes_no_frame(query: str) -> None:
    made = world()
    await by_graphql_core(made, query)  # and so it is held
    assert await by_plan(made, query) == await by_graphql_core(made, query)
    assert await frames(made, query) == 0


async def test_one_record_that_is_held_takes_no_frame_and_one_that_is_not_there_is_null() -> None:
    made = world()
    [user] = (await by_graphql_core(made, "{ users(first: 1) { nodes { id } } }"))["data"]["users"]["nodes"]
    [source] = made.sources
    for collection in (Collection.USERS, Collection.ENROLLMENTS):
        source.refresh(collection)
        while source.loading(collection):  # noqa: ASYNC110  # it ends in the background
            await asyncio.sleep(0)
    query = "query ($id: ID!) { user(id: $id) { givenName enrollments { role } } }"
    assert await by_plan(made, query, user) == await by_graphql_core(made, query, user)
    assert await frames(made, query, user) == 0
    nobody = {"id": user["id"].replace("User", "Class")}
    assert await frames(made, query, nobody) == 0
    assert (await by_plan(made, query, nobody))["data"] == {"user": None}


@pytest.mark.parametrize(
    "query",
    [
        "{ users(first: 3) { nodes { id roles { role } } } }",
        "{ users(first: 3) { totalCount nodes { id } } }",
        "{ users(first: 3) { sources(state: FRESH) { source { key } } nodes { id } } }",
        "{ users(first: 60) { nodes { id enrollments { role } } } }",
    ],
)
async def test_what_needs_more_than_that_goes_by_frames_and_is_the_same(query: str) -> None:
    made = world("a", "b")
    await by_graphql_core(made, query)
    assert await by_plan(made, query) == await by_graphql_core(made, query)


async def test_a_root_field_that_has_to_wait_is_not_asked_twice() -> None:
    query = "{ users(first: 3) { nodes { id } } courses(first: 3) { nodes { title } } }"
    made, other = world(), world()
    for each in (made, other):
        await by_graphql_core(each, "{ users(first: 3) { nodes { id } } }")
    assert await by_plan(made, query) == await by_graphql_core(other, query)
    assert made.requests("a") == other.requests("a")


async def test_a_root_field_that_fails_is_told_beside_the_others() -> None:
    query = (
        '{ users(first: 3) { nodes { id } } classes(after: "x") { nodes { id } } courses(first: 1) { nodes { id } } }'
    )
    made = world()
    expected = await by_graphql_core(made, query)
    found = await by_plan(made, query)
    assert found == expected
    assert found["data"]["classes"] is None
    assert [error["path"] for error in found["errors"]] == [["classes"]]


async def test_a_value_that_the_schema_does_not_allow_is_told_as_ever() -> None:
    query = "{ users(first: 3) { nodes { id status } } classes(first: 1) { nodes { id } } }"
    made = world()
    users = (await by_graphql_core(made, query))["data"]["users"]["nodes"]
    await by_plan(made, query)
    record = await made.reading().one(RecordType.USER, "a", users[1]["id"].rpartition(":")[2])
    assert record is not None
    msgspec.structs.force_setattr(record, "status", None)
    found, expected = await by_plan(made, query), await by_graphql_core(made, query)
    assert found["data"] == expected["data"]
    assert [e["path"] for e in found["errors"]] == [e["path"] for e in expected["errors"]]


# -------------------------------------------------------------- arguments

ARGUMENTS = """query ($first: Int, $after: String, $status: [RecordStatus!], $filter: UserFilter, $id: ID!) {
  users(first: $first, after: $after, status: $status, filter: $filter) { nodes { id status } }
  classes(first: $first, status: [ACTIVE], filter: { title: { contains: "1" } }) { nodes { title } }
  enrollments(first: 2, filter: { userId: { eq: $id } }) { nodes { role } }
  user(id: $id) { enrollments(role: STUDENT) { role } }
}"""


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"first": 2},
        {"first": None, "after": None, "status": None},
        {"first": 3, "status": ["ACTIVE", "TO_BE_DELETED"]},
        {"first": 3, "status": "ACTIVE", "filter": {"role": {"eq": "STUDENT"}}},
        {"first": 3, "filter": {"givenName": {"startsWith": "A"}, "status": {"eq": "ACTIVE"}}},
        {"first": -1},
        {"first": 2, "after": "nowhere"},
        {"first": "two"},
    ],
)
async def test_arguments_from_variables_are_what_graphql_core_makes_of_them(said: dict[str, Any]) -> None:
    made = world()
    [user] = (await by_graphql_core(made, "{ users(first: 1) { nodes { id } } }"))["data"]["users"]["nodes"]
    for _ in range(2):
        found, expected = (
            await by_plan(made, ARGUMENTS, user | said),
            await by_graphql_core(made, ARGUMENTS, user | said),
        )
        assert found.get("data") == expected["data"]
        assert found.get("errors") == expected.get("errors")


async def test_the_page_may_change_from_one_request_to_the_next() -> None:
    query = """query ($first: Int, $after: String) {
      users(first: $first, after: $after, filter: { role: { eq: STUDENT } }) {
        nodes { id } pageInfo { endCursor } } }"""
    made, seen, after = world(), list[str](), None
    for first in (2, 3, 4):
        page = (await by_plan(made, query, {"first": first, "after": after}))["data"]["users"]
        seen += [node["id"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
    whole = (await by_graphql_core(made, query, {"first": 9}))["data"]["users"]["nodes"]
    assert seen == [node["id"] for node in whole]
    assert len(seen) == 9


async def test_a_list_that_is_not_read_after_all_leaves_nothing_that_waits_to_be_awaited() -> None:
    """Python would warn of it, and so fail this test."""
    made = world()
    people = "{ users(first: 3) { nodes { id } groups(by: [SOURCE]) { count } } }"  # for which they are read whole
    lost = (await by_plan(made, people))["data"]["users"]["nodes"][0]["id"]
    await by_plan(made, f'{{ user(id: "{lost}") {{ status }} }}')
    record = await made.reading().one(RecordType.USER, "a", lost.rpartition(":")[2])
    assert record is not None
    msgspec.structs.force_setattr(record, "status", None)
    query = f'{{ a: user(id: "{lost}") {{ status }} b: classes(first: 3) {{ nodes {{ title }} }} }}'
    answer = await by_plan(made, query)
    assert answer["data"]["a"] is None
    assert len(answer["data"]["b"]["nodes"]) == 3
