"""What no source shows a client is null in rows made in one go, and in rows that are kept, and is told once for each
field; what some sources show goes by levels.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
import pytest
from graphql import parse

from adapters.endpoints import Collection
from gateway.access.field_class import FieldClass
from gateway.access.grant import EVERYTHING, Access, Grant, Withheld
from gateway.execution import filling
from gateway.execution.answering import Asked, respond
from gateway.execution.at_once import MOST
from gateway.execution.compiling import compiled, operation_of
from gateway.execution.executor import Executor
from gateway.execution.kept import KeptRows
from gateway.execution.plan import Plan
from gateway.execution.rows import Form
from gateway.execution.run import Run
from gateway.execution.variables import NONE
from gateway.sandbox.district import generate
from gateway.sandbox.exact import exact_district
from gateway.sandbox.server import make_server
from gateway.schema import SCHEMA
from gateway.schema.context import Context
from tests.gateway.same_answers import same, told, told_on_wire
from tests.gateway.support import World

pytestmark = pytest.mark.anyio

EVERY = frozenset(FieldClass)
PEOPLE = frozenset({FieldClass.CONTACT, FieldClass.FAMILY, FieldClass.SENSITIVE, FieldClass.IDENTIFIER})
"""What is not granted to a client that shows who is in which class."""

TREE = """query Tree($never: Boolean = false) { users(first: 40) { nodes { id role email mail: email ...Called
  enrollments { role user { id email ...Called agents { id } } class { title } } } } }
fragment Called on User { givenName displayName preferredFirstName phone @skip(if: true) username @include(if: $never) }
"""
"""Withheld at two levels, under two names, in a fragment, of what is not asked for after all, and as a relation."""

FLAT = "{ users(first: 40) { nodes { id givenName familyName email displayName preferredFirstName } } }"


def lacking(classes: frozenset[FieldClass], *keys: str) -> Grant:
    return Grant(dict.fromkeys(keys or ("a",), Access(classes=EVERY - classes)))


LACKING = lacking(PEOPLE)


def one() -> World:
    return World(
        {"a": make_server("standard-1.2", exact_district(7, users=60, classes=10, courses=5, enrollments=300))}, {}
    )


class Ran:
    """What came of a plan. frames: how many levels it took; none, where it was made in one go."""

    def __init__(self, run: Run, data: Any) -> None:
        self.data = json.loads(msgspec.json.encode(data))
        self.frames = len(run.frames)
        self.errors = [each.formatted for each in run.context.reading.outcomes.errors()]


def plan_of(query: str, grant: Grant) -> Plan:
    return compiled(SCHEMA, operation_of(parse(query), None), {"never": False}, grant.withheld)


async def ran(made: World, plan: Plan, grant: Grant = LACKING, values: int = MOST, form: Form = Form.STRUCTS) -> Ran:
    """values: how many may be made in one go."""
    run = Run(plan, SCHEMA, Context(made.reading(grant, 60)), NONE, form=form)
    run.allowance.values = values
    return Ran(run, await filling.data(run))


async def by_graphql_core(made: World, query: str, grant: Grant) -> Any:
    return told(await SCHEMA.execute(query, {}, Context(made.reading(grant, 60))))


@pytest.mark.parametrize("form", Form)
async def test_S06_what_no_source_shows_is_null_in_rows_that_are_made_in_one_go(form: Form) -> None:
    made = one()
    expected = await by_graphql_core(made, TREE, LACKING)
    plan = plan_of(TREE, LACKING)
    by_levels, at_once = await ran(made, plan, values=0, form=form), await ran(made, plan, form=form)
    assert (by_levels.frames > 4, at_once.frames) == (True, 0)
    assert at_once.data == by_levels.data == json.loads(expected.data)
    assert at_once.errors == by_levels.errors
    assert sorted(each["path"][-1] for each in at_once.errors) == sorted(
        ["email", "mail", "preferredFirstName", "email", "preferredFirstName", "agents"]
    )
    assert all(each["extensions"]["count"] >= 40 for each in at_once.errors)
    told_of_it = told_on_wire({"data": at_once.data, "errors": at_once.errors})
    assert told_of_it.sources == expected.sources


async def test_S06_the_first_that_is_reached_is_told_where_the_first_of_all_leads_to_none() -> None:
    made, query = one(), "{ users(first: 40) { nodes { id enrollments { user { email } } } } }"
    district = made.servers["a"].district
    ids = json.loads((await by_graphql_core(made, "{ users(first: 2) { nodes { id } } }", LACKING)).data)
    without = {each["id"].rpartition(":")[2] for each in ids["users"]["nodes"]}
    district.enrollments[:] = [each for each in district.enrollments if each.user not in without]
    expected = await by_graphql_core(made, query, LACKING)
    plan = plan_of(query, LACKING)
    await ran(made, plan, values=0)
    found = await ran(made, plan)
    assert found.frames == 0
    [error] = found.errors
    assert error["path"] == ["users", "nodes", 2, "enrollments", 0, "user", "email"]
    assert told_on_wire({"data": found.data, "errors": found.errors}).sources == expected.sources


async def test_S06_nothing_is_told_of_what_nothing_leads_to() -> None:
    made, query = one(), "{ users(first: 40) { nodes { id enrollments { user { email } } } } }"
    made.servers["a"].district.enrollments.clear()
    plan = plan_of(query, LACKING)
    await ran(made, plan, values=0)
    found = await ran(made, plan)
    assert found.errors == []
    assert all(each["enrollments"] == [] for each in found.data["users"]["nodes"])


async def test_S06_what_some_sources_show_goes_by_levels() -> None:
    servers = {key: make_server("standard-1.2", generate(seed, students=50)) for seed, key in enumerate("ab")}
    made = World(servers, {})
    query = "{ users(first: 200) { nodes { id email } } }"
    mixed = Grant({"a": Access(classes=EVERY - {FieldClass.CONTACT}), "b": Access()})
    assert mixed.withheld == Withheld(frozenset({FieldClass.CONTACT}), frozenset())
    expected = await by_graphql_core(made, query, mixed)
    by_levels = plan_of(query, mixed)
    await ran(made, by_levels, mixed)
    found = await ran(made, by_levels, mixed)
    assert found.frames > 0
    assert found.data == json.loads(expected.data)
    shown = {each["id"].split(":")[1]: each["email"] is not None for each in found.data["users"]["nodes"]}
    assert shown == {"a": False, "b": True}
    both = lacking(frozenset({FieldClass.CONTACT}), "a", "b")
    at_once = plan_of(query, both)
    await ran(made, at_once, both)
    alike = await ran(made, at_once, both)
    assert alike.frames == 0
    assert {each["email"] for each in alike.data["users"]["nodes"]} == {None}
    [error] = alike.errors
    assert error["extensions"]["count"] == len(alike.data["users"]["nodes"])


async def test_S06_rows_are_kept_for_those_alone_from_whom_the_same_is_withheld() -> None:
    made, rows = one(), KeptRows()
    [source] = made.sources
    source.refresh(Collection.USERS, full=True)
    while source.loading(Collection.USERS):  # noqa: ASYNC110  # it ends in the background
        await asyncio.sleep(0)
    schema = SCHEMA.led_by(Executor(SCHEMA, rows))

    async def asked(grant: Grant) -> bytes:
        expected = await by_graphql_core(made, FLAT, grant)
        body = (await respond(schema, Asked(FLAT, {}), Context(made.reading(grant, 60)))).body
        assert same(expected, told_on_wire(json.loads(body)))
        return body

    kept, bodies = 0, set()
    for grant in (LACKING, EVERYTHING, lacking(frozenset({FieldClass.CONTACT}))):
        body = await asked(grant)
        assert await asked(grant) == body
        assert rows.bytes > kept, "rows of its own"
        kept = rows.bytes
        assert await asked(grant) == body
        assert rows.bytes == kept, "which serve it from then on"
        bodies.add(body)
    assert len(bodies) == 3
