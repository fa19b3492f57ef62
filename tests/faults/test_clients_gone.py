"""F28: a client that goes away ends what it alone wanted of its sources, and nothing that others want."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.faults.clock import loop
from tests.faults.district import District, is_of
from tests.faults.server import Asked, FaultServer
from tests.faults.world import World, world
from tests.gateway.plain_asgi import in_parts, leaving

pytestmark = pytest.mark.anyio

PATIENT = {"connect": 0.3, "pool": 0.3, "attempt": 15.0}

PAGE = '{ users(first: 5, sources: ["a"]) { nodes { givenName } } }'
BY_ID = '{ user(source: "a", sourcedId: "u001") { givenName enrollments { class { title } } } }'
CONDITION = '{ users(first: 5, sources: ["a"], filter: { enrollments: { role: [STUDENT] } }) { nodes { givenName } } }'
ALL = '{ users(first: 5, sources: ["a"], orderBy: { field: FAMILY_NAME }) { nodes { givenName } } }'
SOONER = '{ users(first: 5, sources: ["a"], read: { deadlineMs: 2000 }) { nodes { givenName } } }'


class Slow(District):
    """Its answers of one collection come only once it `may`."""

    def __init__(self, collection: str) -> None:
        super().__init__()
        self.may = asyncio.Event()
        self._slow = is_of(collection)

    async def play(self, asked: Asked) -> AsyncIterator[bytes]:
        if self._slow(asked):
            await self.may.wait()
        async for piece in super().play(asked):
            yield piece


async def leaves(gateway: World, server: FaultServer, query: str) -> None:
    """A client that goes away once its operation waits for the source."""
    gone = asyncio.Event()
    client = asyncio.create_task(leaving(gateway.gateway, query, gone))
    await loop().quiet()  # what is not slow has been answered by then
    assert server.playing == 1, [asked.target for asked in server.log]
    gone.set()
    assert await client == []


@pytest.mark.parametrize(
    ("query", "slow"),
    [
        (PAGE, "users"),
        (SOONER, "users"),
        (BY_ID, "users"),
        (BY_ID, "enrollments"),
        (BY_ID, "classes"),
        (CONDITION, "enrollments"),
    ],
    ids=[
        "F28-page",
        "F28-with-a-deadline-of-its-own",
        "F28-by-id",
        "F28-children",
        "F28-two-levels-down",
        "F28-condition",
    ],
)
async def test_F28_a_client_that_goes_away_ends_what_it_alone_wanted(query: str, slow: str) -> None:
    server = FaultServer(Slow(slow).play)
    async with server.serving(), world(server, timeouts=PATIENT) as gateway:
        before = asyncio.all_tasks()
        await leaves(gateway, server, query)
        await loop().quiet()
        assert (server.playing, server.left) == (0, 1)
        await loop().quiet()
        assert asyncio.all_tasks() == before
        state = await gateway.ask("{ sources { nodes { key lastError } } }")
        assert [source["lastError"] for source in state.data["sources"]["nodes"]] == [None, None]


async def test_F28_what_another_client_wants_too_goes_on() -> None:
    right = Slow("users")
    server = FaultServer(right.play)
    async with server.serving(), world(server, timeouts=PATIENT) as gateway:
        stays = asyncio.create_task(in_parts(gateway.gateway, [asked(PAGE)]))
        await leaves(gateway, server, PAGE)
        right.may.set()
        answer, _ = await stays
        assert "errors" not in answer
        assert len(answer["data"]["users"]["nodes"]) == 5
        assert (server.left, server.requests) == (0, 1)


async def test_F28_who_comes_just_after_is_served() -> None:
    right = Slow("users")
    server = FaultServer(right.play)
    async with server.serving(), world(server, timeouts=PATIENT) as gateway:
        await leaves(gateway, server, PAGE)
        right.may.set()
        told = await gateway.ask(PAGE)
        assert told.errors == []
        assert len(told.data["users"]["nodes"]) == 5


async def test_F28_a_whole_collection_outlasts_who_began_to_read_it() -> None:
    right = Slow("users")
    server = FaultServer(right.play)
    async with server.serving(), world(server, timeouts=PATIENT, cache={}) as gateway:
        await leaves(gateway, server, ALL)
        await loop().quiet()
        assert (server.playing, server.left) == (1, 0)
        right.may.set()
        assert (await gateway.ask(ALL)).errors == []
        assert server.requests == 1


def asked(query: str) -> bytes:
    body: dict[str, Any] = {"query": query}
    return json.dumps(body).encode()
