"""What the pace of a source means for who asks the graph."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from gateway.app import build
from gateway.config import from_tables
from gateway.sandbox.district import generate
from gateway.sandbox.server import make_server
from gateway.schema import SCHEMA
from gateway.schema.context import Context
from tests.gateway.support import MakeWorld, World
from tests.serving import served

pytestmark = pytest.mark.anyio

LEFT = "{ sources { nodes { key requestsLeftToday } } }"


async def ask(made: World, query: str) -> tuple[Any, list[Any]]:
    result = await SCHEMA.execute(query, {}, Context(made.reading()))
    return result.data, [e.formatted for e in result.errors or ()]


async def test_the_graph_tells_how_many_requests_are_left(world: MakeWorld) -> None:
    made = world({"a": {"pace": {"requests_per_day": 40}}, "c": {"enabled": False}}, a="alpha", b="alpha", c="alpha")
    data, errors = await ask(made, '{ orgs(sources: ["a"]) { nodes { name } } }')
    assert (errors, len(data["orgs"]["nodes"]) > 0) == ([], True)
    data, errors = await ask(made, LEFT)
    assert errors == []
    assert data["sources"]["nodes"] == [
        {"key": "a", "requestsLeftToday": 40 - made.requests("a")},
        {"key": "b", "requestsLeftToday": None},
        {"key": "c", "requestsLeftToday": None},
    ]
    assert made.requests("a") > 0


async def test_a_spent_day_says_so_beside_what_is_held_and_what_others_have(world: MakeWorld) -> None:
    made = world({"a": {"pace": {"requests_per_day": 1}}}, a="standard-1.2", b="standard-1.2")
    orgs = "{ orgs(first: 5) { complete nodes { source { key } } } }"
    data, errors = await ask(made, orgs)
    assert (data["orgs"]["complete"], errors) == (True, [])
    data, [error] = await ask(made, "{ courses(first: 5) { complete nodes { source { key } } } }")
    assert data["courses"]["complete"] is False
    assert {row["source"]["key"] for row in data["courses"]["nodes"]} == {"b"}
    assert error["message"].startswith("a: its 1 requests of the day are spent; nothing was sent")
    assert error["extensions"]["code"] == "UPSTREAM_THROTTLED"
    assert error["extensions"]["retryable"] is True
    assert 0 < error["extensions"]["retryAfter"] <= 25 * 3600
    assert made.requests("a") == 1
    data, errors = await ask(made, orgs)
    assert (data["orgs"]["complete"], errors) == (True, [])


async def test_a_source_in_its_quiet_hours_is_not_asked(world: MakeWorld) -> None:
    hour = datetime.fromtimestamp(time.time(), UTC).hour
    quiet = [f"{hour}:00-{(hour + 2) % 24}:00"]
    made = world({"a": {"pace": {"quiet": quiet}}}, a="standard-1.2")
    data, [error] = await ask(made, "{ orgs { complete nodes { name } } }")
    assert data["orgs"] == {"complete": False, "nodes": []}
    assert error["extensions"]["code"] == "UPSTREAM_THROTTLED"
    assert not made.servers["a"].requests


@pytest.mark.parametrize("limit", ["max_concurrency", "max_concurrency_per_host"])
async def test_sources_of_one_host_share_its_places(limit: str) -> None:
    server = make_server("classlink", generate(1, students=60), latency=0.02)
    with served(server.app) as address:
        sources = [{**server.settings(address), "key": f"k{n}", "name": f"K{n}"} for n in range(6)]
        app = build(from_tables({"gateway": {limit: 2}, "sources": sources}))
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
            queries = ["{ orgs { complete } }", "{ users(first: 3) { complete } }", "{ courses { complete } }"]
            answers = await asyncio.gather(*(client.post("/graphql", json={"query": query}) for query in queries))
        await app.state.sources.close()
    assert all(next(iter(a.json()["data"].values())) == {"complete": True} for a in answers)
    assert server.in_flight_peak == 2
    assert sum(server.requests.values()) >= 18
