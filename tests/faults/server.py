"""A server at a raw socket that plays a script, byte for byte, and counts what reached it.

It knows no HTTP but where a request's head ends: what it sends is up to the play, and may be no HTTP at all.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

_HEAD_ENDS = b"\r\n\r\n"


class End(Enum):
    """What a play may yield in place of bytes: how the connection ends. One that is not ended serves on."""

    CLOSE = "with a FIN, after what was sent"
    RESET = "with a RST, and what was not read yet is lost"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came. number: of this server's, from 0. nth: of its connection's, from 0."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    number: int
    nth: int

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    def header(self, name: str) -> str:
        return next((value for known, value in self.headers if known.lower() == name), "")


Play: TypeAlias = Callable[[Asked], AsyncIterator[bytes | End]]
"""What is sent for a request, piece by piece. It may sleep, or wait for ever; it ends when the client leaves."""


async def for_ever() -> None:
    """Waits until the client has gone."""
    await asyncio.Event().wait()


@dataclass
class FaultServer:
    """connections: how many there were. received: bytes that came, under TLS those after the handshake.
    left: requests whose client went away before the play was over. blurts: said to whatever comes first, and no more.
    """

    play: Play
    blurts: bytes | None = None
    connections: int = 0
    received: int = 0
    left: int = 0
    port: int = 0
    log: list[Asked] = field(default_factory=list)
    _open: set[_Connection] = field(default_factory=set)
    _broken: list[Exception] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def named(self, host: str, scheme: str = "http") -> str:
        """Its address by the name of a host."""
        return f"{scheme}://{host}:{self.port}"

    @property
    def requests(self) -> int:
        return len(self.log)

    @property
    def open(self) -> int:
        """Connections that stand."""
        return len(self._open)

    @property
    def playing(self) -> int:
        return sum(connection.busy for connection in self._open)

    def paths(self, part: str = "") -> list[str]:
        """The targets that were asked for, of those with `part` in them."""
        return [asked.target for asked in self.log if part in asked.target]

    @asynccontextmanager
    async def serving(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[FaultServer]:
        """tls: a server's context, which may be one that no client should take."""
        loop = asyncio.get_running_loop()
        # A handshake that fails is this server's purpose, not something to log.
        loop.set_exception_handler(lambda loop, context: _unless_tls(loop, context))
        listening = await loop.create_server(lambda: _Connection(self), "127.0.0.1", self.port, ssl=tls)
        self.port = listening.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            listening.close()
            await self.drop()
            await asyncio.sleep(0)
        if self._broken:
            raise self._broken[0]

    async def drop(self) -> None:
        """Ends every connection that stands, as a server that is started anew does."""
        ended = [connection.leave() for connection in list(self._open)]
        await asyncio.gather(*ended, return_exceptions=True)

    def took(self, asked: Asked) -> None:
        self.log.append(asked)


class _Connection(asyncio.Protocol):
    def __init__(self, server: FaultServer) -> None:
        self._server = server
        self._buffer = b""
        self._served = 0
        self._player: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._gone = asyncio.get_running_loop().create_future()

    @property
    def busy(self) -> bool:
        return self._player is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.connections += 1
        self._server._open.add(self)
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        self._server.received += len(data)
        if self._server.blurts is not None:
            self._transport.write(self._server.blurts)
            self._transport.close()
            return
        self._buffer += data
        self._begin()

    def connection_lost(self, error: Exception | None) -> None:
        self._server._open.discard(self)
        if self._player is not None:
            self._server.left += 1
            self._player.cancel()
        if not self._gone.done():
            self._gone.set_result(None)

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    async def leave(self) -> None:
        self._transport.abort()
        await self._gone
        if self._player is not None:
            await asyncio.gather(self._player, return_exceptions=True)

    def _begin(self) -> None:
        if self._player is None and (asked := self._next()) is not None:
            self._server.took(asked)
            self._player = asyncio.create_task(self._play(asked))

    def _next(self) -> Asked | None:
        """The request that the buffer begins with, once it is there with its body."""
        head, ends, rest = self._buffer.partition(_HEAD_ENDS)
        if not ends:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        pairs = (line.partition(":") for line in lines)
        headers = tuple((name, value.strip()) for name, _, value in pairs)
        size = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
        if len(rest) < size:
            return None
        self._buffer = rest[size:]
        self._served += 1
        return Asked(method, target, headers, rest[:size], self._server.requests, self._served - 1)

    async def _play(self, asked: Asked) -> None:
        try:
            async for piece in self._server.play(asked):
                if isinstance(piece, End):
                    self._end(piece)
                    break
                self._transport.write(piece)
                await self._writable.wait()
                await asyncio.sleep(0)  # lets a play without end notice that its client has gone
        except Exception as error:
            self._server._broken.append(error)
            self._transport.abort()
        finally:
            self._player = None
        self._begin()

    def _end(self, how: End) -> None:
        if how is End.CLOSE:
            self._transport.close()
            return
        bare: socket.socket = self._transport.get_extra_info("socket")
        bare.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()


def _unless_tls(loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    if not isinstance(context.get("exception"), ssl.SSLError | ConnectionError):
        loop.default_exception_handler(context)
