"""`read`: which sources a list is over, and how they and all below it are read."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.access.grant import EVERYTHING, Grant
from gateway.schema import SCHEMA
from gateway.schema.context import Context
from tests.gateway.support import MakeWorld, World

pytestmark = pytest.mark.anyio


async def ask(
    made: World, query: str, grant: Grant = EVERYTHING, seconds: float = 10, **variables: Any
) -> tuple[Any, list[Any], Any]:
    """data, errors, extensions."""
    result = await SCHEMA.execute(query, variables, Context(made.reading(grant, seconds)))
    return result.data, [e.formatted for e in result.errors or ()], result.extensions


def three(world: MakeWorld) -> World:
    return world(
        a="standard-1.2",
        b="classlink",
        c="standard-1.2",
        tables={
            "a": {"labels": ["pilot", "north"], "district": "Ashford"},
            "b": {"labels": ["pilot"], "district": "Bexley"},
            "c": {"district": "Ashford"},
        },
    )


# ------------------------------------------------------------------ which sources


async def keys(made: World, arguments: str) -> set[str]:
    query = f"{{ orgs(first: 1000, status: null, {arguments}) {{ nodes {{ source {{ key }} }} }} }}"
    data, errors, _ = await ask(made, query)
    assert errors == []
    return {row["source"]["key"] for row in data["orgs"]["nodes"]}


@pytest.mark.parametrize(
    ("arguments", "chosen"),
    [
        ("read: {}", {"a", "b", "c"}),
        ('read: { labels: ["pilot"] }', {"a", "b"}),
        ('read: { labels: ["north", "pilot"] }', {"a", "b"}),
        ('read: { districts: ["Ashford"] }', {"a", "c"}),
        ('read: { providers: ["classlink"] }', {"b"}),
        ('read: { labels: ["pilot"], districts: ["Ashford"] }', {"a"}),
        ('read: { labels: ["north"], providers: ["classlink"] }', set()),
        ('sources: ["b", "c"], read: { labels: ["pilot"] }', {"b"}),
    ],
)
async def test_a_list_is_over_the_sources_that_satisfy_every_condition(
    world: MakeWorld, arguments: str, chosen: set[str]
) -> None:
    made = three(world)
    assert await keys(made, arguments) == chosen
    assert {key for key in "abc" if made.requests(key)} == chosen


@pytest.mark.parametrize(
    ("read", "code", "message"),
    [
        ('labels: ["south"]', "NOT_FOUND", "read.labels: no source has south; there are: north, pilot"),
        (
            'districts: ["York"]',
            "NOT_FOUND",
            "read.districts: no source has York; there are: Ashford, Bexley",
        ),
        ('providers: ["aeries"]', "NOT_FOUND", "read.providers: no source has aeries; there are: classlink, standard"),
        ("labels: null", "BAD_USER_INPUT", "read.labels: null chooses nothing; leave it out for any"),
        ("districts: []", "BAD_USER_INPUT", "read.districts: an empty list chooses nothing; leave it out for any"),
        ("deadlineMs: 0", "BAD_USER_INPUT", "read.deadlineMs: 0 is out of bounds; from 1"),
    ],
)
async def test_what_chooses_nothing_is_refused_with_what_there_is(
    world: MakeWorld, read: str, code: str, message: str
) -> None:
    made = three(world)
    data, [error], _ = await ask(made, f"{{ users(read: {{ {read} }}) {{ complete }} }}")
    assert data == {"users": None}
    assert error["extensions"]["code"] == code
    assert error["message"] == message
    assert not any(made.requests(key) for key in "abc")


async def test_nothing_is_told_of_sources_outside_the_grant(world: MakeWorld) -> None:
    made = three(world)
    grant = Grant(sources=frozenset("bc"))
    data, [error], _ = await ask(made, '{ users(read: { labels: ["north"] }) { complete } }', grant)
    assert data == {"users": None}
    assert error["message"] == "read.labels: no source has north; there are: pilot"


async def test_a_cursor_belongs_to_the_sources_that_were_chosen(world: MakeWorld) -> None:
    made = three(world)
    query = """query ($read: ReadOptions, $after: String) {
      users(first: 3, read: $read, after: $after) { pageInfo { endCursor } nodes { id } }
    }"""
    data, _, _ = await ask(made, query, read={"labels": ["pilot"]})
    after = data["users"]["pageInfo"]["endCursor"]
    same, errors, _ = await ask(made, query, read={"labels": ["pilot"], "onSourceFailure": "ACCEPT"}, after=after)
    assert errors == []
    assert same["users"]["nodes"][0] not in data["users"]["nodes"]
    _, [error], _ = await ask(made, query, read={"districts": ["Ashford"]}, after=after)
    assert error["extensions"]["code"] == "BAD_CURSOR"


# ------------------------------------------------------------------ until when


async def test_a_list_may_want_to_be_answered_sooner_than_the_operation(world: MakeWorld) -> None:
    made = three(world)
    made.servers["b"].latency = 0.5
    query = """{
      soon: users(first: 1000, read: { deadlineMs: 150 }) { complete nodes { source { key } } }
      patient: users(first: 1000) { complete }
    }"""
    data, [error], _ = await ask(made, query)
    assert data["soon"]["complete"] is False
    assert {row["source"]["key"] for row in data["soon"]["nodes"]} == {"a", "c"}
    assert data["patient"]["complete"] is True
    assert error["path"] == ["soon"]
    assert error["extensions"] == {"code": "DEADLINE_EXCEEDED", "retryable": True, "source": "b"}


async def test_that_a_source_was_not_there_so_soon_does_not_count_against_it(world: MakeWorld) -> None:
    made = three(world)
    made.servers["b"].latency = 0.3
    await ask(made, "{ users(read: { deadlineMs: 50 }) { complete } }")
    data, _, _ = await ask(made, '{ source(id: "b") { state lastError } }')
    assert data["source"] == {"state": "FRESH", "lastError": None}


async def test_a_deadline_is_never_later_than_that_of_the_operation(world: MakeWorld) -> None:
    made = three(world)
    made.servers["b"].latency = 5.0
    began = asyncio.get_running_loop().time()
    data, [error], _ = await ask(made, "{ users(read: { deadlineMs: 60000 }) { complete } }", seconds=0.2)
    assert asyncio.get_running_loop().time() - began < 2
    assert data["users"]["complete"] is False
    assert error["extensions"]["code"] == "DEADLINE_EXCEEDED"


async def test_the_deadline_of_a_list_is_that_of_what_follows_from_its_records(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    await ask(made, "{ users { nodes { id } } }")
    made.servers["a"].latency = 0.5
    data, [error], _ = await ask(made, "{ users(read: { deadlineMs: 100 }) { nodes { enrollments { id } } } }")
    assert {row["enrollments"] and len(row["enrollments"]) for row in data["users"]["nodes"]} == {None}
    assert error["path"][:2] == ["users", "nodes"]
    assert error["extensions"]["code"] == "DEADLINE_EXCEEDED"
