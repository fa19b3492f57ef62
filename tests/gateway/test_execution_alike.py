"""Both executors answer the same, and tell the same of the sources, over generated operations."""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any

import pytest

from gateway.execution import compiling
from gateway.schema import SCHEMA, Schema
from gateway.schema.context import Context
from tests.gateway.alike import EACH, Tally, compare
from tests.gateway.fragile import FRAGILE
from tests.gateway.generated_cases import NOW, values
from tests.gateway.made_operations import Made, Maker
from tests.gateway.same_answers import told
from tests.gateway.support import MakeWorld, World

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]

KINDS = {"a": "standard-1.2", "b": "wide"}
CASES = 10


async def answer(schema: Schema, made: World, operation: Made) -> Any:
    result = await schema.execute(operation.text, operation.variables, Context(made.reading(seconds=60)))
    return told(result)


def break_down(made: World, fault: str) -> None:
    match fault:
        case "a source is down":
            made.servers["b"].down = True
        case "references name nothing":
            for server in made.servers.values():
                server.district.courses[:] = server.district.courses[:1]
                server.district.sessions[:] = server.district.sessions[:1]


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, CASES, 10))
def test_generated_operations_are_answered_alike(start: int) -> None:
    """By graphql-core, by plans, and by plans to bytes; no task is left behind. More: `.ci/run`, `make test-long`."""
    tally = Tally()
    for number in range(start, start + 10):
        compare(number, tally)
    assert not tally.differences, "\n\n".join(map(str, tally.differences))
    assert tally.share("compiled") > 0.5
    assert tally.share("careful") > 0.15  # of 10,000 it is 24 %
    assert tally.with_sources > 0.02 * tally.operations


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["a source is down", "references name nothing"])
async def test_what_breaks_an_answer_costs_no_request_and_changes_nothing_else(world: MakeWorld, fault: str) -> None:
    one, other, compiled = world(**KINDS), world(**KINDS), compiling(FRAGILE)
    for made in (one, other):
        break_down(made, fault)
    maker = Maker(SCHEMA._schema, values(one.servers), Random(fault), deepest=4, without=NOW)
    for _ in range(EACH):
        made = maker.operation()
        broken = re.sub(r"^query Made(\(.*?\))? \{", r"\g<0> fragile { sure }", made.text)
        operation = Made(broken, made.variables)
        expected = await answer(FRAGILE, one, operation)
        assert '"fragile": null' in expected[0] or expected[0] == "null"  # refused
        assert await answer(compiled, other, operation) == expected, operation
    for key in KINDS:
        assert other.requests(key) <= 1.1 * one.requests(key) + 1


async def test_how_sources_stand_is_told_alike(world: MakeWorld) -> None:
    made, compiled = world(**KINDS), compiling(SCHEMA)
    made.servers["b"].down = True
    await answer(SCHEMA, made, Made("{ users { nodes { id enrollments { id } } } }", {}))
    text = """{ sources {
      countByState { count keys { name value } }
      nodes { state lastError lastSuccessAt collections { type state supported rows rejected asOf nextRefreshAt } }
    } }"""
    assert await answer(compiled, made, Made(text, {})) == await answer(SCHEMA, made, Made(text, {}))


CHOSEN = {
    "records that stand in several places": """{
      users(first: 20) { nodes { enrollments { class { title course { title } terms { title } school { name } } } } }
    }""",
    "what is not to be asked beside what is": """{
      held: users(first: 9, read: { reach: HELD }) { nodes { ...all } }
      usual: users(first: 9) { nodes { ...all } }
      fragment: user(source: "a", sourcedId: "nobody") { ...all }
    }
    fragment all on User { orgs { name } enrollments { class { id } } roles { org { id } } demographics { sex } }""",
    "children of several kinds": """{
      orgs { nodes { children { name } users(first: 2) { nodes { id } totalCount } classes(first: 1) { complete } } }
      classes(first: 9) { nodes { enrollments(role: [STUDENT]) { user { displayName role } } students { id } } }
    }""",
}


@pytest.mark.parametrize("fragile", [False, True])
@pytest.mark.parametrize("fault", ["nothing is wrong", "a source is down", "references name nothing"])
@pytest.mark.parametrize("text", CHOSEN.values(), ids=CHOSEN)
async def test_chosen_operations_are_answered_alike(world: MakeWorld, text: str, fault: str, fragile: bool) -> None:
    """fragile: the answer breaks, so that it is executed with care."""
    one, other = world(**KINDS), world(**KINDS)
    reference = FRAGILE if fragile else SCHEMA
    operation = Made(text.replace("{", "{ fragile { sure }", 1) if fragile else text, {})
    given = []
    for made, schema in ((one, reference), (other, compiling(reference))):
        break_down(made, fault)
        for server in made.servers.values():
            server.latency = 0.02  # is learned: else the machine's own speed would choose between the ways to ask
        await answer(SCHEMA, made, Made("{ users(first: 9) { nodes { id } } }", {}))
        given.append(await answer(schema, made, operation))
    assert given[0] == given[1]
    assert {key: one.requests(key) for key in KINDS} == {key: other.requests(key) for key in KINDS}
    if fault == "references name nothing" and text is CHOSEN["records that stand in several places"]:
        counts = [json.loads(entry)[1].get("count", 1) for entry in given[1][1]]
        assert max(counts) > 3
