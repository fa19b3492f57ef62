"""Answers as bytes: what graphql-core says, to the order of the keys, however rows are made and encoded."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
import strawberry

from gateway.execution import compiling
from gateway.execution.answering import Asked, respond
from gateway.roster.explain import Explanation
from gateway.schema import SCHEMA, Schema
from gateway.schema.context import Context
from gateway.schema.fields import computed, over, plain
from tests.gateway.support import MakeWorld, World

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]

COMPILED = compiling(SCHEMA)

QUERIES = {
    "nothing but names of types": "{ __typename users(first: 2) { __typename nodes { __typename } } }",
    "a constant between columns": "{ users(first: 2) { nodes { givenName __typename familyName } a: __typename } }",
    "nothing at all": "{ users(first: 2) { nodes { id } } orgs { nodes { id @skip(if: true) } } }",
    "names that are no words of Python": "{ class: users(first: 1) { _: nodes { None: id __x: status f0: email } } }",
    "rows that stand in many places": (
        "{ users(first: 40) { nodes { orgs { name } "
        "enrollments { class { title school { name parent { name } } } } } } }"
    ),
    "references": "{ classes(first: 9) { nodes { schoolRef { id sourcedId } termRefs { id } courseRef { id } } } }",
    "places in lists": "{ users(first: 3) { edges { cursor node { id } } } orgs { edges { node { name } } } }",
    "a type among several": '{ nodes(ids: ["Source:a", "nonsense"]) { id __typename ... on Source { name } } }',
    "where records come from": "{ users(first: 9) { nodes { source { id name } role roles { orgRef { id } } } } }",
    "lists of leaves": "{ users(first: 9) { nodes { grades formerSourcedIds metadata } } }",
}


async def both(made: World, query: str) -> tuple[str, bytes]:
    """What graphql-core says, and how the plan says it."""
    theirs = await SCHEMA.execute(query, {}, Context(made.reading(seconds=60)))
    assert {(error.extensions or {}).get("code") for error in theirs.errors or ()} <= {"DANGLING_REFERENCE"}
    reading = made.reading(seconds=60)
    reading.explanation = Explanation()
    ours = await respond(COMPILED, Asked(query), Context(reading))
    assert reading.explanation.path == "compiled"
    return json.dumps(theirs.data), ours.body


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
async def test_bytes_say_what_graphql_core_says(world: MakeWorld, query: str) -> None:
    made = world(a="standard-1.2", b="wide")
    await SCHEMA.execute("{ users { nodes { enrollments { class { id } } } } }", {}, Context(made.reading(seconds=60)))
    theirs, ours = await both(made, query)
    assert json.dumps(json.loads(ours)["data"]) == theirs


class Kept(msgspec.Struct, frozen=True, gc=False):
    name: str
    others: tuple[Kept | None, ...] | None = None


@strawberry.type
class Thing:
    is_type_of = over(Kept)

    name: str = plain("Its name.")
    others: list[Thing | None] | None = plain("Those below it.")


THINGS = [
    Kept(f"ü {n}", None if n % 7 == 0 else tuple(None if m % 3 == 0 else Kept(f"{n}.{m}") for m in range(n % 5)))
    for n in range(20_000)
]


@strawberry.type
class Query:
    things: list[Thing] = computed(lambda root: THINGS, "All.")


async def test_an_answer_that_is_encoded_in_parts_says_the_same(world: MakeWorld) -> None:
    schema, context = Schema(Query), Context(world(a="standard-1.2").reading(seconds=60))
    query = "{ things { name others { name others { name } } again: name } }"
    theirs: Any = await schema.execute(query, {}, context)
    ours = await respond(compiling(schema), Asked(query), context)
    assert json.dumps(json.loads(ours.body)["data"]) == json.dumps(theirs.data)


async def test_half_a_character_in_a_clients_text_is_told_of_with_escapes(world: MakeWorld) -> None:
    context = Context(world(a="standard-1.2").reading(seconds=60))
    named = "query ($s: [ID!]) { users(sources: $s) { nodes { id } } }"
    for asked in (
        Asked("{ users { complete } }", operation_name="\ud800"),
        Asked(named, {"s": ["\ud800"]}),
    ):
        answer = await respond(COMPILED, asked, context)
        assert "\ud800" in json.loads(answer.body)["errors"][0]["message"]
