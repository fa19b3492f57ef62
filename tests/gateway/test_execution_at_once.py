"""What is held, and is not much, is made in one go and says what levels say; all else goes by levels."""

from __future__ import annotations

import json

import msgspec
import pytest
from graphql import parse

from adapters.records import RecordType
from gateway.execution import at_once, compiling, filling
from gateway.execution.answering import Asked, respond
from gateway.execution.compiling import compiled, operation_of
from gateway.execution.plan import Plan
from gateway.execution.rows import Form
from gateway.execution.run import Run
from gateway.execution.variables import NONE
from gateway.sandbox.district import generate
from gateway.sandbox.exact import exact_district
from gateway.sandbox.server import make_server
from gateway.schema import SCHEMA
from gateway.schema.context import Context
from tests.gateway.support import World

pytestmark = pytest.mark.anyio

TREE = """{ users(first: 40) { nodes { id role givenName middleName enabledUser __typename
  enrollments { role class { id title grades course { id title status } } } } } }"""
"""Leaves of every kind, children, and what several lead to."""

PLAN = compiled(SCHEMA, operation_of(parse(TREE), None), {})
COMPILED = compiling(SCHEMA)


def world() -> World:
    """Over a district in which every reference names something."""
    return World({"a": make_server("standard-1.2", exact_district(7))}, {})


async def by_graphql_core(made: World, query: str = TREE) -> dict[str, object]:
    result = await SCHEMA.execute(query, {}, Context(made.reading(seconds=60)))
    shown = {"data": result.data, "extensions": result.extensions}
    return shown | ({"errors": [error.formatted for error in result.errors]} if result.errors else {})


async def run(
    made: World, values: int = at_once.MOST, form: Form = Form.STRUCTS, plan: Plan = PLAN
) -> tuple[object, int]:
    """The data, and how many frames it took."""
    run = Run(plan, COMPILED, Context(made.reading(seconds=60)), NONE, form=form)
    run.allowance.values = values
    data = await filling.data(run)
    return json.loads(msgspec.json.encode(data)), len(run.frames)


@pytest.mark.parametrize("form", Form)
async def test_what_is_held_is_made_in_one_go(form: Form) -> None:
    made = world()
    expected = await by_graphql_core(made)
    by_levels, frames = await run(made, 0, form)
    assert by_levels == expected["data"]
    assert frames > 4
    assert await run(made, form=form) == (expected["data"], 0)


async def test_what_is_not_held_is_waited_for() -> None:
    found, frames = await run(world())
    assert frames > 4
    assert found == (await by_graphql_core(world()))["data"]


@pytest.mark.parametrize("kept", [slice(None, None, 2), slice(1), slice(0)], ids=["half", "one", "none"])
@pytest.mark.parametrize("form", Form)
async def test_who_has_no_companion_has_null_there_and_the_rest_is_made_in_one_go(form: Form, kept: slice) -> None:
    made = World({"a": make_server("standard-1.2", generate(1, students=50))}, {})
    companions = made.servers["a"].district.demographics
    companions[:] = companions[kept]
    query = "{ users(first: 20) { nodes { id demographics { id sex user { id } } } } }"
    plan = compiled(SCHEMA, operation_of(parse(query), None), {})
    expected = await by_graphql_core(made, query)
    await run(made, 0, form, plan)
    assert await run(made, form=form, plan=plan) == (expected["data"], 0)
    nulls = [each["demographics"] is None for each in expected["data"]["users"]["nodes"]]  # type: ignore[index]
    assert any(nulls)
    assert all(nulls) is (not companions)
    assert "errors" not in expected


async def test_more_than_a_moments_work_goes_by_levels() -> None:
    made = world()
    expected = await by_graphql_core(made)
    await run(made)
    found, frames = await run(made, values=500)
    assert found == expected["data"]
    assert frames > 4


async def test_what_names_nothing_is_told_as_by_levels() -> None:
    made = world()
    query = "{ users(first: 40) { nodes { id enrollments { class { id course { id } } } } } }"
    del made.servers["a"].district.courses[1:]
    expected = await by_graphql_core(made, query)
    for _ in range(2):
        answer = json.loads((await respond(COMPILED, Asked(query), Context(made.reading(seconds=60)))).body)
        assert answer == expected
    assert answer["errors"][0]["extensions"]["code"] == "DANGLING_REFERENCE"


async def test_a_value_that_the_schema_does_not_allow_is_told_as_by_levels() -> None:
    made = world()
    await by_graphql_core(made)
    await run(made)
    found = (await by_graphql_core(made))["data"]
    course = found["users"]["nodes"][0]["enrollments"][0]["class"]["course"]["id"]  # type: ignore[index]
    record = await made.reading().one(RecordType.COURSE, "a", course.rpartition(":")[2])
    assert record is not None
    msgspec.structs.force_setattr(record, "title", 7.5)
    msgspec.structs.force_setattr(record, "status", None)
    expected = await by_graphql_core(made)
    answer = json.loads((await respond(COMPILED, Asked(TREE), Context(made.reading(seconds=60)))).body)
    assert answer["data"] == expected["data"]
    assert sorted(e["path"] for e in answer["errors"]) == sorted(e["path"] for e in expected["errors"])  # type: ignore[attr-defined]
