"""F27: what was read before stands in for a source that fails, marked; not where the source has refused it since."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from tests.faults.clock import loop
from tests.faults.district import USERS, District, over_data
from tests.faults.faults import SOON, dripping, silent
from tests.faults.server import End, FaultServer, Play
from tests.faults.wire import of, says
from tests.faults.world import DEADLINE, Told, World, world

pytestmark = pytest.mark.anyio

PEOPLE = """{
  users(first: 500, orderBy: { field: FAMILY_NAME }) {
    complete nodes { sourcedId source { key } } sources { source { key } state code }
  }
}"""
STATES = '{ source(id: "Source:a") { state lastError collections { type state } } }'
ELSEWHERE = '{ classes(first: 500, filter: { title: { eq: "nothing" } }, sources: ["a"]) { nodes { title } } }'

FAILS: list[tuple[str, Play, str]] = [
    ("503", says(of({}, 503)), "UPSTREAM_FAILING"),
    ("500", says(of({}, 500)), "UPSTREAM_FAILING"),
    ("silent", silent, "UPSTREAM_TIMEOUT"),
    ("drip", dripping, "UPSTREAM_TIMEOUT"),
    ("closed", says(End.CLOSE), "UPSTREAM_UNREACHABLE"),
    ("429", says(of({}, 429, ("Retry-After", "3600"))), "UPSTREAM_THROTTLED"),
    ("garbage", says(of("nothing")), "UPSTREAM_BAD_CONTENT"),
]
REFUSES: list[tuple[int, str]] = [
    (401, "UPSTREAM_AUTH"),
    (403, "UPSTREAM_FORBIDDEN"),
    (404, "UPSTREAM_REFUSED"),
    (410, "UPSTREAM_REFUSED"),
]


async def ages(seconds: float) -> None:
    """What is held grows older by the true time, not by the loop's."""
    await asyncio.to_thread(time.sleep, seconds)


async def read_before(gateway: World) -> None:
    told = await gateway.ask(PEOPLE)
    assert told.errors == []
    assert len(told.rows("users", "a")) == USERS
    await ages(0.02)  # it is fresh no longer


def stale(told: Told, code: str) -> None:
    assert told.errors == []
    assert len(told.rows("users", "a")) == USERS
    assert told.report("users") == {"source": {"key": "a"}, "state": "STALE", "code": code}
    [listed] = told.body["extensions"]["sources"]["notFresh"]
    assert listed == {"source": "a", "collection": "USER", "state": "STALE", "code": code}


async def state_of_users(gateway: World) -> tuple[str, str | None, str]:
    source: dict[str, Any] = (await gateway.ask(STATES)).data["source"]
    [users] = [each["state"] for each in source["collections"] if each["type"] == "USER"]
    return source["state"], source["lastError"], users


@pytest.mark.parametrize(("play", "code"), [p[1:] for p in FAILS], ids=[f"F27-{p[0]}" for p in FAILS])
async def test_F27_an_older_copy_stands_in_for_a_source_that_fails(play: Play, code: str) -> None:
    right = District()
    server = FaultServer(right.play)
    async with server.serving(), world(server, timeouts=SOON) as gateway:
        await read_before(gateway)
        server.play = over_data(play, right.play)
        stale(await gateway.ask(PEOPLE), code)
        assert await state_of_users(gateway) == ("FAILED", code, "STALE")
        server.play = right.play
        await loop().forward(3600.0)
        assert (await gateway.ask(ELSEWHERE)).errors == []
        assert await state_of_users(gateway) == ("STALE", None, "STALE"), "another collection answered since"
        await ages(0.02)  # for as long as it is fresh, a copy that stands in is not asked for again
        told = await gateway.ask(PEOPLE)
        assert told.report("users") is None
        assert await state_of_users(gateway) == ("FRESH", None, "FRESH")


async def test_F27_an_older_copy_stands_in_while_the_source_is_left_alone() -> None:
    right = District()
    server = FaultServer(right.play)
    async with server.serving(), world(server, breaker={"faults": 1}) as gateway:
        await read_before(gateway)
        server.play = over_data(says(of({}, 503)), right.play)
        assert (await gateway.ask(ELSEWHERE)).codes <= {"UPSTREAM_FAILING", "UPSTREAM_OVERLOADED"}
        asked = server.requests
        stale(await gateway.ask(PEOPLE), "UPSTREAM_OVERLOADED")
        assert server.requests == asked


async def test_F27_an_older_copy_stands_in_where_the_time_is_up() -> None:
    right = District()
    server = FaultServer(right.play)
    async with server.serving(), world(server, timeouts={"attempt": 60}) as gateway:
        await read_before(gateway)
        server.play = over_data(silent, right.play)
        asking = asyncio.create_task(gateway.ask(PEOPLE))
        await loop().quiet()
        await loop().forward(0.8 * DEADLINE)
        told = await asking
        code = told.body["extensions"]["sources"]["notFresh"][0]["code"]
        assert code in ("DEADLINE_EXCEEDED", "UPSTREAM_TIMEOUT")
        stale(told, code)


@pytest.mark.parametrize(("status", "code"), REFUSES, ids=[f"F27-{status}" for status, _ in REFUSES])
async def test_F27_no_older_copy_stands_in_once_the_source_has_refused_it(status: int, code: str) -> None:
    right = District()
    server = FaultServer(right.play)
    async with server.serving(), world(server, timeouts=SOON) as gateway:
        await read_before(gateway)
        for play in (says(of({}, status)), says(of({}, 503)), silent):
            server.play = over_data(play, right.play)
            told = await gateway.ask(PEOPLE)
            assert told.rows("users", "a") == []
            assert not told.data["users"]["complete"]
            report = told.report("users")
            assert report is not None
            assert report["state"] not in ("STALE", "FRESH", "HELD")
            assert play is silent or told.codes | {report["code"]} <= {code, "UPSTREAM_FAILING", "UPSTREAM_OVERLOADED"}
            await ages(0.02)
        server.play = right.play
        await loop().forward(60.0)
        told = await gateway.ask(PEOPLE)
        assert len(told.rows("users", "a")) == USERS, "once it answers, that is served again"


async def test_F27_a_copy_that_is_too_old_stands_in_for_nothing() -> None:
    right = District()
    server = FaultServer(right.play)
    cache = {"stale_for": "0.2s", "fresh_for": {"users": 0.01}}
    async with server.serving(), world(server, cache=cache) as gateway:
        await read_before(gateway)
        server.play = over_data(says(of({}, 503)), right.play)
        await ages(0.25)
        told = await gateway.ask(PEOPLE)
        assert told.codes == {"UPSTREAM_FAILING"}
        assert told.rows("users", "a") == []
