"""What the pace of a source means for who asks the graph."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from adapters.endpoints import Collection
from adapters.secret import Secret
from gateway.app import build
from gateway.config import from_tables
from gateway.roster.store import Store
from gateway.roster.store.days import WRITTEN_AFTER
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
    assert error["extensions"]["code"] == "UPSTREAM_OVERLOADED"
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
    assert error["extensions"]["code"] == "UPSTREAM_OVERLOADED"
    assert not made.servers["a"].requests


@pytest.mark.parametrize("limit", ["max_concurrency", "max_concurrency_per_host"])
async def test_sources_of_one_host_share_its_places(limit: str) -> None:
    server = make_server("classlink", generate(1, students=60), latency=0.02)
    with served(server.app) as address:
        sources = [{**server.settings(address), "key": f"k{n}", "name": f"K{n}"} for n in range(6)]
        app = build(from_tables({"gateway": {limit: 2}, "sources": sources}))
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
            queries = ["{ orgs { totalCount } }", "{ users { totalCount } }", "{ courses { totalCount } }"]
            answers = await asyncio.gather(*(client.post("/graphql", json={"query": query}) for query in queries))
        await app.state.sources.close()
    assert all(next(iter(a.json()["data"].values()))["totalCount"] for a in answers)
    assert server.in_flight_peak == 2
    assert sum(server.requests.values()) >= 18


async def test_what_was_sent_today_is_counted_on_after_a_restart(tmp_path: Path) -> None:
    server = make_server("classlink", generate(1, students=60))

    async def life(query: str) -> tuple[Any, Any]:
        """What one life of a gateway answers, and how many requests it then has left."""
        table = {**server.settings(address), "key": "a", "pace": {"requests_per_day": 3}}
        kept = {"state_dir": str(tmp_path), "secret": "a secret of the thirty-two characters that it takes"}
        app = build(from_tables({"gateway": kept, "sources": [table]}))
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
            answer = (await client.post("/graphql", json={"query": query})).json()
            left = (await client.post("/graphql", json={"query": LEFT})).json()["data"]["sources"]["nodes"]
        await app.state.sources.close()
        return answer, left[0]["requestsLeftToday"]

    with served(server.app) as address:
        answer, left = await life("{ orgs { complete } courses { complete } }")
        assert ("errors" in answer, left) == (False, 1)
        answer, left = await life("{ classes { complete } }")
        assert ("errors" in answer, left) == (False, 0)
        answer, left = await life("{ academicSessions { complete } }")
        assert (answer["errors"][0]["extensions"]["code"], left) == ("UPSTREAM_OVERLOADED", 0)
        (tmp_path / "pace" / "requests.json").write_text('{"a": ["2020-01-01", 3]}')
        assert (await life("{ academicSessions { complete } }"))[1] == 2
        (tmp_path / "pace" / "requests.json").write_text("{")
        assert (await life(LEFT))[1] == 3


@pytest.mark.jumping
async def test_a_request_is_written_down_a_moment_after_it_was_sent(tmp_path: Path) -> None:
    days = Store(tmp_path, Secret("a secret of the thirty-two characters that it takes")).days
    today = datetime.now(UTC).date()
    for _ in range(5):
        days.add("a", today)
    await asyncio.sleep(WRITTEN_AFTER + 0.3)  # no close: the gateway is killed
    again = Store(tmp_path, Secret("a secret of the thirty-two characters that it takes")).days
    assert (again.sent("a", today), again.sent("b", today)) == (5, 0)


@pytest.mark.jumping
async def test_sources_that_aged_together_are_not_read_anew_together(world: MakeWorld) -> None:
    cache = {"cache": {"fresh_for": {"users": 8}}}
    keys = [f"k{n}" for n in range(12)]
    made = world(dict.fromkeys(keys, cache), **dict.fromkeys(keys, "xporter-generic"))
    query = "{ users(status: null, first: 1) { totalCount } }"
    await ask(made, query)
    began = {key: made.requests(key) for key in keys}
    for source in made.sources:
        table = source.tables[Collection.USERS]
        moment = time.monotonic() + 8 * 0.8
        table.clock = lambda moment=moment: moment
    await ask(made, query)
    anew: dict[str, float] = {}
    until = time.monotonic() + 1.5
    while len(anew) < len(keys) and time.monotonic() < until:
        await asyncio.sleep(0.005)
        anew |= {key: time.monotonic() for key in keys if key not in anew and made.requests(key) > began[key]}
    assert set(anew) == set(keys)
    assert max(anew.values()) - min(anew.values()) > 0.1
