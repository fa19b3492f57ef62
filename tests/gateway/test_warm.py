"""What is read before anybody asks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
import uvicorn
from uvicorn.lifespan.on import LifespanOn

from adapters.client import SourceClient
from gateway.app import Gateway, build
from gateway.config import SourceSettings, from_tables
from gateway.sandbox.district import generate
from gateway.sandbox.server import Server, make_server

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]

ASK = {"query": "{ classes(first: 5) { complete nodes { enrollments { role } } } }"}


def app(server: Server, **gateway: Any) -> Gateway:
    table = {"key": "a", "name": "A", **server.settings("http://a.test")}
    table["warm"] = {"collections": ["classes", "enrollments", "demographics"]}
    settings = from_tables({"gateway": gateway, "sources": [table]})
    assert not settings.mistakes, settings.mistakes

    def connect(source: SourceSettings) -> SourceClient:
        monotonic = asyncio.get_running_loop().time
        return SourceClient(source.spec, httpx2.ASGITransport(server.app), monotonic=monotonic)

    return build(settings, connect)


@asynccontextmanager
async def started(gateway: Gateway) -> AsyncIterator[httpx2.AsyncClient]:
    """Over a gateway that has only just begun to read what is to be warm."""
    lifespan = LifespanOn(uvicorn.Config(gateway, lifespan="on", log_config=None))
    await lifespan.startup()
    assert not lifespan.should_exit
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(gateway), base_url="http://127.0.0.1") as client:
        yield client
    await lifespan.shutdown()


async def until_ready(client: httpx2.AsyncClient) -> list[int]:
    loop, seen = asyncio.get_running_loop(), list[int]()
    end = loop.time() + 60
    while not seen or seen[-1] != 200:
        assert loop.time() < end
        seen.append((await client.get("/readyz")).status_code)
        await asyncio.sleep(0.02)
    return seen


async def test_what_is_to_be_warm_is_held_when_it_is_first_asked_for() -> None:
    server = make_server("xporter", generate(1, students=60))
    server.latency = 0.1
    async with started(app(server, wait_for_warm=True)) as client:
        seen = await until_ready(client)
        assert seen[0] == 503
        asked = sum(server.requests.values())
        answer = (await client.post("/graphql", json=ASK)).json()
        assert answer["data"]["classes"]["complete"]
        assert sum(server.requests.values()) == asked
    assert server.requests["GET /users"] == 0


async def test_readiness_waits_for_no_source_unless_it_is_told_to() -> None:
    server = make_server("xporter", generate(1, students=60))
    server.latency = 5
    async with started(app(server)) as client:
        assert await until_ready(client) == [200]


async def test_a_source_that_is_down_does_not_keep_the_gateway_from_getting_ready() -> None:
    server = make_server("xporter", generate(1, students=60))
    server.down = True
    async with started(app(server, wait_for_warm=True)) as client:
        seen = await until_ready(client)
        assert (seen[0], seen[-1]) == (503, 200)
