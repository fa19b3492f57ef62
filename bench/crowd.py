"""Clients of all kinds at once: those that ask and wait, those that leave, those that send byte by byte."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from bench.answers import SilentlyShort, Truth, decoded

_PATIENCE = 60
"""Seconds after which an answer is taken for one that never comes."""
_SAID = 5
"""Examples that are kept of what went wrong."""


class Question(Protocol):
    @property
    def body(self) -> bytes: ...

    def judge(self, answer: Mapping[str, object], truths: Mapping[str, Truth]) -> bool: ...


@dataclass(frozen=True, slots=True)
class Wait:
    """An answer that was waited for. began: by `time.perf_counter`."""

    began: float
    seconds: float


@dataclass(slots=True)
class Seen:
    """What clients saw. counts: complete, incomplete, left and what is wrong. closed: of slow ones, until that."""

    counts: Counter[str] = field(default_factory=Counter)
    waits: list[Wait] = field(default_factory=list)
    closed: list[Wait] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)

    def wrong(self, what: str, example: str) -> None:
        self.counts[what] += 1
        if len(self.examples) < _SAID:
            self.examples.append(f"{what}: {example}")


@dataclass(frozen=True, slots=True)
class Crowd:
    """Clients of one gateway. head_within: seconds in which it wants a request's headers."""

    port: int
    questions: Sequence[Question]
    truths: Mapping[str, Truth]
    head_within: float
    seen: Seen
    chance: random.Random

    async def run(self, seconds: float, asking: int, leaving: int, slow: int) -> None:
        """So many of each kind, until the time is over and the last is answered."""
        until = time.perf_counter() + seconds
        async with asyncio.TaskGroup() as group:
            for kind, count in ((self._asks, asking), (self._leaves, leaving), (self._dawdles, slow)):
                for _ in range(count):
                    group.create_task(kind(until))

    async def ask(self, question: Question) -> None:
        """One answer, judged."""
        async with _opened(self.port) as (reader, writer):
            await self._ask(reader, writer, question)

    async def _asks(self, until: float) -> None:
        """On one connection for as long as that stays open."""
        while time.perf_counter() < until:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                async with _opened(self.port) as (reader, writer):
                    while time.perf_counter() < until:
                        await self._ask(reader, writer, self.chance.choice(self.questions))
                        await asyncio.sleep(self.chance.uniform(0, 0.1))

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, question: Question) -> None:
        began = time.perf_counter()
        writer.write(request(question.body))
        try:
            async with asyncio.timeout(_PATIENCE):
                status, body = await _answer(reader)
        except TimeoutError:
            self.seen.wrong("never", question.body.decode())
            raise ConnectionError from None
        except (ConnectionError, asyncio.IncompleteReadError):
            self.seen.wrong("unanswered", question.body.decode())
            raise
        self.seen.waits.append(Wait(began, time.perf_counter() - began))
        if status != 200:
            self.seen.wrong("http_500" if status >= 500 else "http_other", f"{status} {body[:300]!r}")
            return
        try:
            whole = question.judge(decoded(body), self.truths)
        except msgspec.DecodeError:
            self.seen.wrong("not_json", repr(body[:300]))
        except SilentlyShort as short:
            self.seen.wrong("silently_short", f"{short}: {question.body.decode()} {body[-600:].decode()}")
        else:
            self.seen.counts["complete" if whole else "incomplete"] += 1

    async def _leaves(self, until: float) -> None:
        """Goes away before the answer, or in the middle of it."""
        while time.perf_counter() < until:
            async with _opened(self.port) as (reader, writer):
                writer.write(request(self.chance.choice(self.questions).body))
                with contextlib.suppress(TimeoutError, ConnectionError):
                    async with asyncio.timeout(self.chance.uniform(0, 0.5)):
                        await reader.read(100)
                writer.transport.abort()
                self.seen.counts["left"] += 1

    async def _dawdles(self, until: float) -> None:
        """Sends its headers byte by byte until that is ended."""
        sent = request(b"{}")
        while time.perf_counter() < until:
            began = time.perf_counter()
            async with _opened(self.port) as (reader, writer):
                with contextlib.suppress(ConnectionError, TimeoutError):
                    async with asyncio.timeout(self.head_within + 5):
                        for byte in sent:
                            if reader.at_eof():
                                break
                            writer.write(bytes((byte,)))
                            with contextlib.suppress(TimeoutError):
                                await asyncio.wait_for(reader.read(1000), 0.1)
            self.seen.closed.append(Wait(began, time.perf_counter() - began))


@asynccontextmanager
async def _opened(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**26)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def request(body: bytes) -> bytes:
    head = (
        "POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: application/json\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Its status and body. The gateway says how long that is."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = int(head.partition("content-length:")[2].partition("\r\n")[0])
    return int(head.split(" ", 2)[1]), await reader.readexactly(length)
