"""A connection's bytes: whole, in order, held back where nobody reads them, and none from before TLS."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import httpcore2
import pytest

from adapters.transport import tls_context
from adapters.wire import Wire
from tests.faults.certificates import Authority

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Both loops that the gateway runs on."""
    if request.param:
        pytest.importorskip("uvloop")
    return "asyncio", {"use_uvloop": request.param}


Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def connected(play: Play) -> AsyncIterator[Wire]:
    """A connection to a server that plays once and closes."""

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer):
            await play(reader, writer)

    async with await asyncio.start_server(once, "127.0.0.1", 0) as server:
        wire = await Wire.to("127.0.0.1", server.sockets[0].getsockname()[1])
        try:
            yield wire
        finally:
            await wire.aclose()


async def readable(wire: Wire) -> None:
    async with asyncio.timeout(60):
        while not wire.get_extra_info("is_readable"):  # noqa: ASYNC110 - the system says, and tells nobody
            await asyncio.sleep(0.001)
    await asyncio.sleep(0.01)


async def test_what_is_written_arrives_and_what_comes_is_read_to_its_end() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(5))

    async with connected(echo) as wire:
        await wire.write(b"hello")
        assert await wire.read(1) == b"hello"
        assert await wire.read(1) == b""
        with pytest.raises(httpcore2.WriteError):
            await wire.write(b"more")


async def test_who_does_not_read_is_not_sent_all_of_it_and_loses_none_of_it() -> None:
    body = bytes(range(256)) * 64 * 1024
    left = 0

    async def much(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal left
        writer.transport.set_write_buffer_limits(high=1)
        for start in range(0, len(body), 65_536):
            writer.write(body[start : start + 65_536])
            await writer.drain()
            left += 65_536

    async with connected(much) as wire:
        await asyncio.sleep(0.2)
        assert left < len(body)
        came = b""
        while part := await wire.read(65_536):
            came += part
        assert came == body


async def test_a_read_ends_with_its_time() -> None:
    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with connected(silence) as wire:
        with pytest.raises(httpcore2.ReadTimeout):
            await wire.read(1, timeout=0.01)


async def test_a_connection_that_breaks_is_no_end() -> None:
    async def breaks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"half")
        await writer.drain()
        await reader.readexactly(1)
        at_once = struct.pack("ii", 1, 0)  # with a reset
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        writer.transport.abort()

    async with connected(breaks) as wire:
        assert await wire.read(10) == b"half"
        await wire.write(b"x")
        with pytest.raises(httpcore2.ReadError):
            await wire.read(10)


async def test_what_comes_before_tls_is_not_taken_for_an_answer() -> None:
    """Whoever stands between could speak first, and leave the rest to the true server."""

    async def speaks_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        await reader.read()

    async with connected(speaks_first) as wire:
        await readable(wire)
        with pytest.raises(httpcore2.ConnectError) as caught:
            await wire.start_tls(ssl.create_default_context(), "h.example", 1)
        assert caught.value.__cause__ is None, "no byte of TLS is spoken"


async def test_a_handshake_that_nobody_answers_ends_with_its_time() -> None:
    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with connected(silence) as wire:
        with pytest.raises(httpcore2.ConnectTimeout):
            await wire.start_tls(ssl.create_default_context(), "h.example", 0.05)


async def test_an_address_that_takes_no_connection_is_an_error_of_the_library() -> None:
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
    with pytest.raises(httpcore2.ConnectError):
        await Wire.to("127.0.0.1", port)


async def test_bytes_pass_both_ways_through_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    sent = bytes(range(256)) * 4000

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer):
            said = await reader.readexactly(len(sent))
            writer.write(said[::-1])
            await writer.drain()

    server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=authority.server("h.example"))
    with authority.trusted():
        async with server:
            plain = await Wire.to("127.0.0.1", server.sockets[0].getsockname()[1])
            wire = await plain.start_tls(tls_context(), "h.example", 5)
            assert wire.get_extra_info("ssl_object").version() in ("TLSv1.2", "TLSv1.3")
            await wire.write(sent, 5)
            came = b""
            while part := await wire.read(65_536, 5):
                came += part
            assert came == sent[::-1]
            await wire.aclose()
