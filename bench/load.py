"""A client that costs little beside the servers it measures: asyncio, httptools, connections kept open."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httptools
import msgspec

from bench.processes import Running

PATIENCE = 60
"""Seconds that any answer may take."""


class Failed(Exception):
    """A request was not answered, or not with 200."""


class Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self._transport: Any = None
        self._answer: asyncio.Future[bytes] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._body = bytearray()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Failed(f"the connection was closed: {exc}"))

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        assert self._answer is not None
        status = self._parser.get_status_code()
        body = bytes(self._body)
        # The parser counts on being fed one message; a new one is cheaper than the doubt.
        self._parser = httptools.HttpResponseParser(self)
        if status == 200:
            self._answer.set_result(body)
        else:
            self._answer.set_exception(Failed(f"answered {status}: {body[:300]!r}"))

    async def ask(
        self, method: str, path: str, body: bytes = b"", headers: str = "", content_type: str = "application/json"
    ) -> bytes:
        if self._transport.is_closing():
            raise Failed("the server closed the connection while it was idle: ask on a new one")
        self._answer = asyncio.get_running_loop().create_future()
        self._body.clear()
        head = (
            f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: {content_type}\r\n"
            f"accept: application/json\r\n{headers}content-length: {len(body)}\r\n\r\n"
        )
        self._transport.write(head.encode() + body)
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._answer
        except TimeoutError:
            raise Failed(f"no answer in {PATIENCE} s to {method} {path} {body[:200]!r}") from None

    async def post(self, asked: bytes) -> bytes:
        """The answer to a GraphQL question."""
        return await self.ask("POST", "/graphql", asked)

    def close(self) -> None:
        self._transport.close()


async def connect(port: int) -> Connection:
    _, connection = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port)
    return connection


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Connection]:
    connection = await connect(port)
    try:
        yield connection
    finally:
        connection.close()


def question(query: str, **variables: object) -> bytes:
    return msgspec.json.encode({"query": query, "variables": variables})


@dataclass(frozen=True, slots=True)
class Load:
    """What one stretch of load came to. cpu: seconds of the server, all of its work in that time."""

    seconds: float
    waits: tuple[float, ...]
    cpu: float

    @property
    def rate(self) -> float:
        return len(self.waits) / self.seconds

    @property
    def cpu_ms(self) -> float:
        return 1000 * self.cpu / len(self.waits)


async def load(
    server: Running, bodies: Sequence[bytes], clients: int, seconds: float, least: int,
    check: Callable[[int, bytes], None],
) -> Load:  # fmt: skip
    """Ask the bodies in turn for so long, and `least` times however long it takes. `check` sees every answer."""
    connections = [await connect(server.port) for _ in range(clients)]
    waits: list[float] = []
    asked = 0
    cpu, began = server.cpu(), time.perf_counter()

    async def client(connection: Connection) -> None:
        nonlocal asked
        while asked < least or time.perf_counter() - began < seconds:
            turn = asked % len(bodies)
            asked += 1
            sent = time.perf_counter()
            answer = await connection.post(bodies[turn])
            waits.append(time.perf_counter() - sent)
            check(turn, answer)

    try:
        async with asyncio.TaskGroup() as group:
            for connection in connections:
                group.create_task(client(connection))
        return Load(time.perf_counter() - began, tuple(waits), server.cpu() - cpu)
    finally:
        for connection in connections:
            connection.close()
