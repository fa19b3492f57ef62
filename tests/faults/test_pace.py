"""F07 to F10: a server that fails, now and then or for good, and one that asks to be left alone."""

from __future__ import annotations

import asyncio
import gc
import random
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest

from adapters.client import PageRequest
from adapters.errors import Failing, Overloaded, SourceError, Throttled
from tests.faults.clock import loop
from tests.faults.district import BODY, USERS, District
from tests.faults.server import Asked, End, FaultServer, Play
from tests.faults.wire import either, of, says
from tests.faults.world import World, world

pytestmark = pytest.mark.anyio

PAGE = PageRequest("users", limit=100)
DOWN = says(of({"sorry": BODY}, 503))


async def asked(gateway: World) -> SourceError | None:
    try:
        await gateway.client.page(PAGE)
    except SourceError as error:
        return error
    return None


# ---------------------------------------------------------------- F07


async def test_F07_a_server_that_fails_throughout_is_hardly_asked() -> None:
    server = FaultServer(DOWN)
    calls, before_open, refusals = 0, None, []
    async with server.serving(), world(server) as gateway:
        for _ in range(60 * 50):
            began = loop().time()
            error = await asked(gateway)
            calls += 1
            assert isinstance(error, Failing | Overloaded)
            if isinstance(error, Overloaded):
                refusals.append(loop().time() - began)
                assert error.retry_after
            if before_open is None and gateway.client.breaker.open:
                before_open = server.requests
                assert before_open <= 1.1 * calls + 3
            await loop().forward(0.02)
        assert before_open is not None
        # Open for 30 s, then for 60: one call found out that it still is down.
        assert server.requests == before_open + 1
        assert len(refusals) > 0.99 * calls
        assert sorted(refusals)[int(0.99 * len(refusals))] <= 0.05
        server.play = District().play
        await gateway.recovers(60.0)


async def test_F07_an_operation_that_is_refused_is_answered_at_once() -> None:
    server = FaultServer(DOWN)
    took = []
    async with server.serving(), world(server) as gateway:
        for _ in range(20):
            told = await gateway.ask('{ users(first: 10, sources: ["a"]) { nodes { sourcedId } } }')
            took.append(told.seconds)
        assert told.codes == {"UPSTREAM_OVERLOADED"}
        assert 0 < told.errors[0]["extensions"]["retryAfter"] <= 30
        assert sorted(took)[len(took) // 2] <= 0.05


# ---------------------------------------------------------------- F08


async def test_F08_one_failure_in_twenty_is_hardly_seen_and_costs_little() -> None:
    lot, right = random.Random(8), of({"users": [{"sourcedId": "u1", "status": "active"}]})
    down = of({"sorry": BODY}, 503)

    async def play(_: Asked) -> AsyncIterator[bytes | End]:
        yield down if lot.random() < 0.05 else right

    server, calls = FaultServer(play), 5_000
    async with server.serving(), world(server) as gateway:

        async def some() -> list[SourceError | None]:
            return [await asked(gateway) for _ in range(calls // 8)]

        errors = [error for found in await asyncio.gather(*(some() for _ in range(8))) for error in found if error]
        assert len(errors) <= 0.001 * calls
        assert 0 < gateway.client.retrier.retries <= 0.1 * calls
        assert server.requests == calls + gateway.client.retrier.retries
        assert not gateway.client.breaker.open


# ---------------------------------------------------------------- F09


async def test_F09_a_server_that_flaps_opens_the_breaker_once_a_period_and_takes_no_memory() -> None:
    right = of({"users": [{"sourcedId": "u1", "status": "active"}]})

    async def play(_: Asked) -> AsyncIterator[bytes | End]:
        yield right if int(loop().time() / 1.01) % 2 else of({"sorry": BODY}, 503)

    server, opened, was = FaultServer(play), [], False
    objects: list[int] = []
    async with server.serving(), world(server) as gateway:
        for _ in range(3):
            for _ in range(2_000):  # 200 s
                await asked(gateway)
                if gateway.client.breaker.open and not was:
                    opened.append(loop().time())
                was = gateway.client.breaker.open
                await loop().forward(0.1)
            gc.collect()
            objects.append(len(gc.get_objects()))
        assert len(opened) > 3
        assert all(later - earlier >= 30 for earlier, later in pairwise(opened))
        assert objects[-1] < 1.01 * objects[0]


# ---------------------------------------------------------------- F10


def in_seconds(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


def busy(retry_after: str) -> Play:
    return says(of({"sorry": BODY}, 429, ("Retry-After", retry_after)))


@pytest.mark.parametrize("seconds", [60.0, 86_400.0], ids=["a minute", "one day"])
@pytest.mark.parametrize("said", [lambda seconds: f"{seconds:g}", in_seconds], ids=["seconds", "date"])
async def test_F10_nobody_asks_before_the_time_that_was_said(said: Callable[[float], str], seconds: float) -> None:
    server = FaultServer(busy(said(seconds)))
    async with server.serving(), world(server) as gateway:
        error = await asked(gateway)
        assert isinstance(error, Throttled)
        assert error.retry_after == pytest.approx(seconds, abs=5)
        server.play = District().play
        for _ in range(5):
            told = await gateway.ask('{ users(first: 10, sources: ["a"]) { nodes { sourcedId } } }')
            assert told.codes == {"UPSTREAM_THROTTLED"}
            assert told.errors[0]["extensions"]["retryAfter"] > 0
            assert told.seconds < 1
        await loop().forward(error.retry_after - 20)
        assert (await gateway.ask('{ users(sources: ["a"]) { nodes { sourcedId } } }')).errors
        assert server.requests == 1
        assert not gateway.client.breaker.open
        await loop().forward(20)
        assert await asked(gateway) is None


async def test_F10_a_time_that_is_soon_enough_is_waited_for() -> None:
    server = FaultServer(either(lambda asked: asked.number == 0, busy("1"), District().play))
    async with server.serving(), world(server) as gateway:
        told = await gateway.ask('{ users(sources: ["a"]) { nodes { sourcedId source { key } } } }')
        assert told.errors == []
        assert len(told.rows("users", "a")) == USERS
        assert told.seconds >= 1


@pytest.mark.parametrize(
    "said", [pytest.param(in_seconds(-60), id="a minute ago"), "0", "soon", "-5", "1e9", "", "9" * 400]
)
async def test_F10_a_time_that_has_passed_or_is_none_is_no_reason_to_stay_away(said: str) -> None:
    district = District()
    server = FaultServer(busy(said))
    async with server.serving(), world(server) as gateway:
        assert isinstance(await asked(gateway), Throttled)
        assert server.requests == 3
        assert not gateway.client.breaker.open
        server.play = district.play
        assert await asked(gateway) is None
