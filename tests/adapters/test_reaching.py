"""S10: where a source's host may be: what is looked up is judged, and what was judged is connected to."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import replace

import pytest

from adapters.client import SourceClient
from adapters.dialect import StaticBearer
from adapters.errors import Misconfigured, SourceError, Unreachable
from adapters.exchange import network
from adapters.reaching import LookUp, is_public
from adapters.retry import Retries
from adapters.spec import Timeouts
from tests.adapters.school import TEN, spec

pytestmark = pytest.mark.anyio

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{"users":[]}'


@asynccontextmanager
async def server() -> AsyncIterator[tuple[int, list[str]]]:
    """A port that answers, and the Host headers it was sent."""
    hosts: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError), closing(writer):
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                hosts.append(head.partition("Host: ")[2].partition("\r")[0])
                writer.write(ANSWER)

    running = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield running.sockets[0].getsockname()[1], hosts
    finally:
        running.close()


async def ask(port: int, names: LookUp, *, anywhere: bool = True) -> None:
    asked = spec(
        StaticBearer(),
        base_url=f"http://sis.example:{port}",
        allow_http=True,
        retries=Retries(attempts=1),
        timeouts=Timeouts(connect=0.2),
    )
    made = SourceClient(asked, network(replace(asked, allow_http=anywhere), 8, names))
    try:
        await made.page(TEN)
    finally:
        await made.aclose()


def stands_for(*addresses: str) -> LookUp:
    async def look_up(host: str, port: int) -> Sequence[str]:
        assert host == "sis.example"
        return addresses

    return look_up


@pytest.mark.parametrize(
    ("address", "public"),
    [
        *((address, True) for address in ("8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8")),
        *((address, False) for address in ("10.0.0.1", "172.16.3.4", "192.168.1.1", "100.64.0.1", "127.0.0.1")),
        *((address, False) for address in ("169.254.169.254", "0.0.0.0", "224.0.0.1", "255.255.255.255")),
        *((address, False) for address in ("::1", "::", "fc00::1", "fe80::1%eth0", "ff02::1", "fd00:ec2::254")),
        *((address, False) for address in ("::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::")),
    ],
)
def test_S10_addresses_of_this_machine_and_of_private_networks_are_known_in_every_form(
    address: str, public: bool
) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::ffff:127.0.0.1"]])
async def test_S10_a_name_that_stands_for_a_private_address_is_sent_nothing(addresses: list[str]) -> None:
    async with server() as (port, hosts):
        with pytest.raises(Misconfigured, match="private network"):
            await ask(port, stands_for(*addresses), anywhere=False)
        assert hosts == []


async def test_S10_what_was_judged_is_connected_to_and_not_looked_up_again() -> None:
    """`sis.example` is no name that anybody can look up."""
    async with server() as (port, hosts):
        await ask(port, stands_for("127.0.0.1"))
        assert hosts == [f"sis.example:{port}"]


async def test_S10_a_name_that_stands_for_something_else_after_it_was_judged_leads_nowhere_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A public address when it is judged, this machine from then on."""
    looked_up, connected = 0, []

    async def rebinds(host: str, port: int) -> Sequence[str]:
        nonlocal looked_up
        looked_up += 1
        return ["8.8.8.8"] if looked_up == 1 else ["127.0.0.1"]

    async def unreachable(protocol: object, host: str, port: int) -> None:
        connected.append(host)
        raise OSError

    async with server() as (port, hosts):
        monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", unreachable)
        with pytest.raises(Unreachable):
            await ask(port, rebinds, anywhere=False)
        assert (looked_up, connected) == (1, ["8.8.8.8"])
        with pytest.raises(Misconfigured, match="private network"):
            await ask(port, rebinds, anywhere=False)
        assert (looked_up, connected) == (2, ["8.8.8.8"])
        assert hosts == []


async def test_an_address_that_takes_no_connection_makes_way_for_the_next() -> None:
    async with server() as (port, hosts):
        await ask(port, stands_for("127.0.0.2" if _loopback_is_wide() else "::1", "127.0.0.1"))
        assert len(hosts) == 1


async def fails(host: str, port: int) -> Sequence[str]:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


async def hangs(host: str, port: int) -> Sequence[str]:
    await asyncio.sleep(60)
    raise AssertionError


@pytest.mark.jumping
@pytest.mark.parametrize("names", [fails, hangs, stands_for()])
async def test_a_name_that_cannot_be_looked_up_is_an_unreachable_source(names: LookUp) -> None:
    with pytest.raises(SourceError) as caught:
        await asyncio.wait_for(ask(9, names), 2)
    assert type(caught.value) is Unreachable


async def test_S10_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with server() as (port, hosts), server() as (proxy, proxied):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy}")
        await ask(port, stands_for("127.0.0.1"))
        assert (len(hosts), proxied) == (1, [])


def _loopback_is_wide() -> bool:
    """Whether all of 127.0.0.0/8 is this machine, as on Linux; its other addresses refuse at once then."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.2", 0))
        except OSError:
            return False
    return True


async def test_a_connection_that_the_server_closed_meanwhile_is_not_written_to() -> None:
    connections = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        with closing(writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(ANSWER)
            await writer.drain()
            await reader.readuntil(b"\r\n\r\n")
            writer.write(ANSWER)

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as running:
        port = running.sockets[0].getsockname()[1]
        once = Retries(attempts=1)
        asked = spec(StaticBearer(), base_url=f"http://127.0.0.1:{port}", allow_http=True, retries=once)
        made = SourceClient(asked, network(asked, 8))
        await made.page(TEN)
        await made.page(TEN)
        assert connections == 1
        await asyncio.sleep(0.05)
        await made.page(TEN)
        await made.aclose()
        assert connections == 2


async def test_what_nobody_asked_for_is_not_taken_for_the_next_answer() -> None:
    answers = [ANSWER, ANSWER]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answers.pop())
            await writer.drain()
            await asyncio.sleep(0.02)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n?")
            await reader.readuntil(b"\r\n\r\n")

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as running:
        port = running.sockets[0].getsockname()[1]
        asked = spec(StaticBearer(), base_url=f"http://127.0.0.1:{port}", allow_http=True, retries=Retries(attempts=1))
        made = SourceClient(asked, network(asked, 8))
        for _ in range(2):
            await made.page(TEN)
            await asyncio.sleep(0.1)
        await made.aclose()
        assert answers == []
