"""AUDIT: of whom an answer tells, and how much of it stands there in the end."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.access.grant import EVERYTHING, Access, Grant
from gateway.execution import compiling
from gateway.schema import SCHEMA
from gateway.schema.context import Context
from gateway.schema.shown import Shown, Told
from tests.gateway.support import MakeWorld, World
from tests.gateway.test_holds import held, holds

pytestmark = pytest.mark.anyio

COMPILED = compiling(SCHEMA)


async def told(
    made: World, query: str, schema: Any = COMPILED, grant: Grant = EVERYTHING, **variables: Any
) -> tuple[Any, Told]:
    shown = Shown()
    result = await schema.execute(query, variables, Context(made.reading(grant), shown=shown))
    assert result.data is not None
    return result.data, shown.told(people=True)


@pytest.mark.parametrize("schema", [COMPILED, SCHEMA], ids=["plan", "graphql-core"])
async def test_AUDIT_a_hold_tells_of_the_people_among_those_that_are_missing(world: MakeWorld, schema: Any) -> None:
    made, _ = await held(world, "a")
    [hold] = (await holds(made))["a"]
    data, (records, people) = await told(made, '{ source(id: "a") { holds { sampleSourcedIds } } }', schema)
    assert data["source"]["holds"][0]["sampleSourcedIds"] == hold["sampleSourcedIds"]
    assert records == {}
    assert people == {("a", each) for each in hold["sampleSourcedIds"]}
    some = Grant({"a": Access(orgs=frozenset({made.servers["a"].district.schools[0].id}))})
    data, (_, people) = await told(made, '{ source(id: "a") { holds { sampleSourcedIds } } }', schema, some)
    assert data["source"]["holds"] == [{"sampleSourcedIds": None}]
    assert people == set(), "who is told of nobody is told of none of them"


@pytest.mark.parametrize("schema", [COMPILED, SCHEMA], ids=["plan", "graphql-core"])
async def test_AUDIT_a_record_that_stands_in_several_places_is_one(world: MakeWorld, schema: Any) -> None:
    made = world(a="standard-1.2", b="wide")
    query = """{
      users(first: 500) { nodes { sourcedId source { key } enrollments { class { sourcedId } } } }
      again: users(first: 500) { edges { node { givenName } } }
    }"""
    data, (records, people) = await told(made, query, schema)
    nodes = data["users"]["nodes"]
    assert {key: each["User"] for key, each in records.items()} == {
        key: sum(node["source"]["key"] == key for node in nodes) for key in ("a", "b")
    }
    for key in ("a", "b"):
        mine = [node for node in nodes if node["source"]["key"] == key]
        classes = {each["class"]["sourcedId"] for node in mine for each in node["enrollments"] if each["class"]}
        assert records[key]["Class"] == len(classes)
        assert records[key]["Enrollment"] == sum(len(node["enrollments"]) for node in mine)
    assert people == {(node["source"]["key"], node["sourcedId"]) for node in nodes}


@pytest.mark.parametrize("schema", [COMPILED, SCHEMA], ids=["plan", "graphql-core"])
async def test_AUDIT_people_who_are_named_and_not_shown_are_told_of_all_the_same(world: MakeWorld, schema: Any) -> None:
    made = world(a="standard-1.2")
    data, (records, people) = await told(made, "{ users(first: 500) { nodes { agentRefs { sourcedId } } } }", schema)
    named = {each["sourcedId"] for node in data["users"]["nodes"] for each in node["agentRefs"]}
    assert named
    assert {("a", each) for each in named} <= people
    assert set(records["a"]) == {"User"}
    data, (records, people) = await told(made, "{ enrollments(first: 7) { nodes { userRef { sourcedId } } } }", schema)
    assert records == {"a": {"Enrollment": 7}}
    assert people == {("a", node["userRef"]["sourcedId"]) for node in data["enrollments"]["nodes"]}
