"""F01 to F06: no connection, no trust, no answer, half an answer."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from adapters.client import PageRequest
from adapters.errors import TimedOut, TlsFailed, Truncated, Unreachable
from adapters.reaching import look_up
from tests.faults.certificates import PROTOCOL_REFUSED, TLS_1_1, Authority
from tests.faults.district import USERS, District, is_data, over_data
from tests.faults.faults import FAULTS, SOON, Fault, dripping, silent
from tests.faults.server import Asked, End, FaultServer, Play
from tests.faults.wire import either, says
from tests.faults.world import DEADLINE, World, world

pytestmark = pytest.mark.anyio

PAGE = PageRequest("users", limit=100)
ATTEMPT = SOON["attempt"]
ONE_TRY = {"retries": {"attempts": 1}, "timeouts": SOON}


def once(fault: Play, right: Play) -> Play:
    """The fault for the first request of data alone."""
    hit: list[int] = []

    def first(asked: Asked) -> bool:
        if is_data(asked):
            hit.append(asked.number)
        return hit[:1] == [asked.number]

    return either(first, fault, right)


# ---------------------------------------------------------------- F01


async def test_F01_a_refused_connection_is_unreachable_after_three_attempts() -> None:
    district = District()
    server = FaultServer(district.play)
    async with server.serving():
        pass
    async with world(server) as gateway:
        with pytest.raises(Unreachable):
            await gateway.client.page(PAGE)
        assert gateway.client.traffic.requests == 3
        assert "UPSTREAM_UNREACHABLE" in (await gateway.whole()).codes
        async with server.serving():
            await gateway.recovers()


async def test_F01_a_name_that_is_not_known_is_unreachable_and_not_remembered() -> None:
    district, asked = District(), []

    async def unknown(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        if len(asked) <= 3:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return ["127.0.0.1"]

    server = FaultServer(district.play)
    async with server.serving(), world(server, look_up=unknown, base_url=server.named("elm.test")) as gateway:
        with pytest.raises(Unreachable):
            await gateway.client.page(PAGE)
        assert asked == ["elm.test"] * 3
        assert len((await gateway.client.page(PAGE)).records) == USERS


async def test_F01_a_name_server_that_is_silent_costs_the_time_to_connect() -> None:
    async def never(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        raise AssertionError

    server = FaultServer(District().play)
    soon, address = {"connect": 0.3, "attempt": ATTEMPT}, server.named("elm.test")
    async with server.serving(), world(server, look_up=never, base_url=address, timeouts=soon) as gateway:
        told = await gateway.whole()
        assert told.codes <= {"UPSTREAM_UNREACHABLE", "UPSTREAM_OVERLOADED"}
        assert server.connections == 0


async def test_F01_a_name_server_that_is_silent_leaves_other_work_its_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    let_go = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: let_go.wait(10) and [])
    names = [asyncio.ensure_future(look_up("elm.test", 443)) for _ in range(40)]
    try:
        async with asyncio.timeout(2):
            await asyncio.gather(*(asyncio.to_thread(int) for _ in range(4)))
    finally:
        let_go.set()
        await asyncio.gather(*names)


# ---------------------------------------------------------------- F02

NOT_TAKEN: dict[str, dict[str, Any]] = {
    "expired": {"days": -2},
    "wrong name": {"host": "other.test"},
    "self-signed": {"itself": True},
}


@pytest.mark.parametrize("how", NOT_TAKEN)
async def test_F02_a_certificate_that_is_no_good_gets_no_byte(how: str, tmp_path: Path) -> None:
    authority, district = Authority(tmp_path), District()
    server = FaultServer(district.play)
    with authority.trusted():
        async with (
            server.serving(authority.server(**NOT_TAKEN[how])),
            world(server, base_url=server.named("localhost", "https")) as gateway,
        ):
            await refused_once(gateway)
            assert server.received == 0


@pytest.mark.parametrize("says", [PROTOCOL_REFUSED, TLS_1_1], ids=["refused", "1.1"])
async def test_F02_a_server_that_speaks_no_TLS_of_today_gets_no_request(says: bytes) -> None:
    server = FaultServer(District().play, blurts=says)
    async with server.serving(), world(server, base_url=server.named("localhost", "https")) as gateway:
        await refused_once(gateway)


async def refused_once(gateway: World) -> None:
    assert (await gateway.whole()).codes == {"UPSTREAM_TLS"}
    asked = gateway.client.traffic.requests
    with pytest.raises(TlsFailed, match="nothing was sent"):
        await gateway.client.page(PAGE)
    assert gateway.client.traffic.requests == asked + 1
    assert gateway.server.requests == 0


async def test_F02_a_good_certificate_is_taken(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    server = FaultServer(District().play)
    with authority.trusted():
        async with (
            server.serving(authority.server()),
            world(server, base_url=server.named("localhost", "https")) as gateway,
        ):
            assert (await gateway.whole()).errors == []
            assert server.received > 0


# ---------------------------------------------------------------- F03, F04


async def test_F03_a_silent_server_costs_each_attempt_its_limit_and_no_more() -> None:
    server = FaultServer(silent)
    async with server.serving(), world(server, **ONE_TRY) as gateway:
        began = asyncio.get_running_loop().time()
        with pytest.raises(TimedOut):
            await gateway.client.page(PAGE)
        assert ATTEMPT <= asyncio.get_running_loop().time() - began < ATTEMPT + 0.5
        assert server.requests == 1


@pytest.mark.parametrize("how", [silent, says(End.RESET), says(End.CLOSE)], ids=["silent", "reset", "closed"])
async def test_F03_a_dead_pooled_connection_costs_one_retry_and_no_error(how: Play) -> None:
    district = District()
    stale = either(lambda asked: asked.nth > 0 and asked.number == 1, how, district.play)
    server = FaultServer(stale)
    async with server.serving(), world(server, timeouts=SOON) as gateway:
        await gateway.client.page(PAGE)
        assert len((await gateway.client.page(PAGE)).records) == USERS
        assert gateway.client.retrier.retries == 1
        assert (server.requests, server.connections) == (3, 2)


async def test_F03_a_connection_that_was_closed_while_it_was_idle_costs_nothing() -> None:
    server = FaultServer(District().play)
    async with server.serving(), world(server) as gateway:
        await gateway.client.page(PAGE)
        await server.drop()
        assert len((await gateway.client.page(PAGE)).records) == USERS
        assert gateway.client.retrier.retries == 0


@pytest.mark.parametrize("where", ["data", "token"])
async def test_F04_what_drips_ends_at_the_limit_of_one_attempt(where: str) -> None:
    district = District()
    drips = over_data(dripping, district.play) if where == "data" else over_data(district.play, dripping)
    server = FaultServer(drips)
    async with server.serving(), world(server, auth={"kind": "oauth2"}, **ONE_TRY) as gateway:
        began = asyncio.get_running_loop().time()
        with pytest.raises(TimedOut, match=f"{ATTEMPT:g} s"):
            await gateway.client.page(PAGE)
        assert asyncio.get_running_loop().time() - began < ATTEMPT + 0.5


async def test_F04_all_that_drips_together_ends_with_the_operation() -> None:
    server = FaultServer(dripping)
    async with server.serving(), world(server, timeouts={"attempt": 60}) as gateway:
        told = await gateway.whole()
        assert told.codes == {"DEADLINE_EXCEEDED"}
        assert not told.data["users"]["complete"]
        assert 0.8 * DEADLINE <= told.seconds <= DEADLINE


# ---------------------------------------------------------------- F05, F06

BROKEN_OFF = [fault for fault in FAULTS if fault.name[:3] in ("F05", "F06") and "UPSTREAM_TRUNCATED" in fault.codes]


@pytest.mark.parametrize("fault", BROKEN_OFF, ids=str)
async def test_F05_F06_what_breaks_off_is_asked_for_again_and_never_a_part_of_a_list(fault: Fault) -> None:
    district = District()
    server = FaultServer(fault.play(district))
    async with server.serving(), world(server) as gateway:
        with pytest.raises(Truncated):
            await gateway.client.page(PAGE)
        assert server.requests == 3
        told = await gateway.whole()
        assert all(told.rows(name, "a") == [] for name in ("users", "orgs", "classes"))


@pytest.mark.parametrize("fault", BROKEN_OFF, ids=str)
async def test_F05_F06_what_breaks_off_once_costs_a_retry(fault: Fault) -> None:
    district = District()
    server = FaultServer(once(fault.play(district), district.play))
    async with server.serving(), world(server) as gateway:
        assert (await gateway.whole()).errors == []
        assert gateway.client.retrier.retries == 1
