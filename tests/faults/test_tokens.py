"""F11 to F14: tokens that end, do not come, or do not reach far enough; clocks that differ."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import pairwise
from typing import Any

import pytest

from adapters import oauth1
from adapters.client import PageRequest
from adapters.endpoints import Collection
from adapters.errors import ClockSkewed, Denied, SourceError, TimedOut
from adapters.tokens import DEFAULT_LIFETIME
from tests.faults.clock import loop
from tests.faults.district import BODY, USERS, District, is_data, is_of, over_data
from tests.faults.faults import silent
from tests.faults.server import Asked, End, FaultServer, Play
from tests.faults.wire import either, of, says
from tests.faults.world import world

pytestmark = pytest.mark.anyio

OAUTH2: dict[str, Any] = {"auth": {"kind": "oauth2"}}
PAGE = PageRequest("users", limit=100)


def tokens(server: FaultServer) -> int:
    return len(server.paths("/token"))


# ---------------------------------------------------------------- F11


async def test_F11_a_token_that_ends_mid_scan_is_renewed_once_and_the_scan_goes_on_at_its_page() -> None:
    district, ended = District(2_000), []

    async def play(asked: Asked) -> AsyncIterator[bytes | End]:
        if len(server.paths("/users?")) == 40 and not ended:
            district.school.valid.clear()
            ended.append(asked.target)
        async for piece in district.play(asked):
            yield piece

    server = FaultServer(play)
    async with server.serving(), world(server, **OAUTH2) as gateway:
        scan = gateway.client.scan(PageRequest("users", limit=20))
        singles = (gateway.client.read(Collection.USERS, f"u{n:03}") for n in range(100))
        scanned, *found = await asyncio.gather(scan, *singles)
        assert ended
        assert tokens(server) == 2  # the first, and exactly one anew
        assert scanned.complete
        assert len(scanned.records) == 2_000
        assert len({record.sourced_id for record in scanned.records}) == 2_000
        assert all(record is not None for record in found)
        asked = server.paths("/users?")
        assert len(asked) - len(set(asked)) <= 8  # those that were under way, each at its own page again
        assert scanned.attempts == 1


async def test_F11_a_second_refusal_is_told_and_no_loop() -> None:
    district = District()
    server = FaultServer(over_data(says(of({"sorry": BODY}, 401)), district.play))
    async with server.serving(), world(server, **OAUTH2) as gateway:
        with pytest.raises(Denied):
            await gateway.client.page(PAGE)
        assert (tokens(server), server.requests) == (2, 4)
        assert (await gateway.whole()).codes == {"UPSTREAM_AUTH"}


# ---------------------------------------------------------------- F12


@pytest.mark.parametrize(
    "how",
    [silent, says(End.RESET), says(of({"error": BODY}, 500)), says(of({"error": "invalid_client"}, 401))],
    ids=["late", "reset", "500", "refused"],
)
async def test_F12_a_token_that_does_not_come_is_asked_for_once_a_second_at_most(how: Play) -> None:
    times: list[float] = []

    async def play(asked: Asked) -> AsyncIterator[bytes | End]:
        times.append(loop().time())
        async for piece in how(asked):
            yield piece

    server = FaultServer(play)
    loose = {"breaker": {"faults": 1_000, "calls": 1_000}, "timeouts": {"attempt": 1.2}}
    async with server.serving(), world(server, **OAUTH2, **loose) as gateway:
        until = loop().time() + 1.5

        async def ask() -> None:
            while loop().time() < until:
                with pytest.raises(SourceError):
                    await gateway.client.page(PAGE)
                await asyncio.sleep(0.05)

        await asyncio.gather(*(ask() for _ in range(4)))
        assert len(times) >= 2
        assert all(later - earlier > 0.95 for earlier, later in pairwise(times))
        assert server.paths("users") == []


async def test_F12_a_token_that_is_late_is_a_timeout() -> None:
    server = FaultServer(silent)
    async with server.serving(), world(server, retries={"attempts": 1}, timeouts={"attempt": 0.6}, **OAUTH2) as gateway:
        with pytest.raises(TimedOut):
            await gateway.client.page(PAGE)


@pytest.mark.parametrize(
    ("said", "lifetime"),
    [
        ({"expires_in": 3600}, 3600),
        ({"expires_in": "900"}, 900),
        ({}, DEFAULT_LIFETIME),
        *(({"expires_in": odd}, DEFAULT_LIFETIME) for odd in ("soon", -5, 0, True, None, [60], "NaN", 10**400)),
    ],
)
async def test_F12_a_token_is_renewed_a_minute_before_its_end(said: dict[str, Any], lifetime: float) -> None:
    right = of({"users": []})
    server = FaultServer(either(is_data, says(right), says(of({"access_token": "t", **said}))))
    async with server.serving(), world(server, **OAUTH2) as gateway:
        await gateway.client.page(PAGE)
        await loop().forward(lifetime - 62)
        await gateway.client.page(PAGE)
        assert tokens(server) == 1
        await loop().forward(2.5)
        await gateway.client.page(PAGE)
        assert tokens(server) == 2


SCOPES = ("https://purl.test/core", "https://purl.test/demographics")


async def test_F12_a_scope_that_was_not_granted_is_named_where_it_is_missed() -> None:
    granted = of({"access_token": "t", "expires_in": 3600, "scope": SCOPES[0]})
    server = FaultServer(either(is_data, says(of({"sorry": BODY}, 403)), says(granted)))
    auth = {"kind": "oauth2", "scopes": list(SCOPES)}
    async with server.serving(), world(server, auth=auth) as gateway:
        told = await gateway.whole()
        assert told.codes == {"UPSTREAM_FORBIDDEN"}
        assert all(SCOPES[1] in error["message"] for error in told.errors)
        assert all(SCOPES[0] not in error["message"] for error in told.errors)


# ---------------------------------------------------------------- F13


async def test_F13_demographics_that_are_forbidden_cost_that_field_alone_and_are_not_asked_for_again() -> None:
    district = District()
    server = FaultServer(either(is_of("demographics"), says(of({"sorry": BODY}, 403)), district.play))
    query = '{ users(first: 100, sources: ["a"]) { complete nodes { sourcedId orgs { name } demographics { sex } } } }'
    async with server.serving(), world(server) as gateway:
        told = await gateway.ask(query)
        users = told.data["users"]
        assert users["complete"]
        assert len(users["nodes"]) == USERS
        assert all(user["demographics"] is None and user["orgs"] == [{"name": "Elm School"}] for user in users["nodes"])
        [error] = told.errors
        assert error["extensions"] == {
            "code": "UPSTREAM_FORBIDDEN", "retryable": False, "source": "a", "count": USERS
        }  # fmt: skip
        assert error["path"] == ["users", "nodes", 0, "demographics"]
        assert len(server.paths("demographics")) == 1
        assert gateway.client.retrier.retries == 0


# ---------------------------------------------------------------- F14

OAUTH1: dict[str, Any] = {"auth": {"kind": "oauth1"}}


def signed_by(ahead: float, *, tells: bool) -> Play:
    """A server whose clock is ahead of ours, and that grants a timestamp five minutes."""
    district = District()

    async def play(asked: Asked) -> AsyncIterator[bytes | End]:
        now = time.time() + ahead
        found = re.search(r'oauth_timestamp="(\d+)"', asked.header("authorization"))
        assert found is not None
        date = [("Date", format_datetime(datetime.fromtimestamp(now, UTC), usegmt=True))] if tells else []
        if abs(int(found[1]) - now) > 300:
            yield of({"sorry": BODY}, 401, *date)
            return
        yield of(district.page("users"), 200, *date)

    return play


@pytest.mark.parametrize("ahead", [600.0, -600.0])
async def test_F14_a_clock_that_is_off_is_corrected_by_what_the_server_says(ahead: float) -> None:
    server = FaultServer(signed_by(ahead, tells=True))
    async with server.serving(), world(server, **OAUTH1) as gateway:
        for _ in range(3):
            assert len((await gateway.client.page(PAGE)).records) == USERS
        assert server.requests == 4  # one was refused


async def test_F14_a_clock_that_cannot_be_corrected_is_named() -> None:
    ahead = format_datetime(datetime.fromtimestamp(time.time() + 600, UTC), usegmt=True)
    server = FaultServer(says(of({"sorry": BODY}, 401, ("Date", ahead))))
    async with server.serving(), world(server, **OAUTH1) as gateway:
        with pytest.raises(ClockSkewed):
            await gateway.client.page(PAGE)
        assert server.requests == 2
        assert (await gateway.whole()).codes == {"UPSTREAM_CLOCK"}


def test_F14_nonces_are_used_once() -> None:
    assert len({oauth1.nonce() for _ in range(100_000)}) == 100_000
