"""What a source that hangs costs those who ask the others: `python -m bench.isolation`, two minutes.

A gateway over twenty sources in this process, each as far away as a source is. A hundred clients ask nineteen of them,
a person each time, with a pause for thought; in every other stretch as many operations as the twentieth may gather wait
for that one, which does not answer.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from statistics import median, quantiles
from typing import Final

import httpx2
import msgspec

from adapters.client import SourceClient
from bench.truth import SEED, WrongAnswer
from gateway.access.grant import EVERYTHING
from gateway.config import SourceSettings, from_tables
from gateway.execution import compiling
from gateway.execution.answering import Asked, respond
from gateway.identity import CursorCodec
from gateway.roster.reading import Reading
from gateway.roster.sources import Sources
from gateway.sandbox.district import generate
from gateway.sandbox.server import make_server
from gateway.schema import SCHEMA
from gateway.schema.context import Context

SOURCES: Final = 20
CLIENTS: Final = 100
LATENCY: Final = 0.02
THOUGHT: Final = 1.5
"""Seconds between two operations of a client, on average: the processor is to have time left."""
MOST: Final = 1.2
HUNG: Final = "s19"
PERSON: Final = "query ($source: ID!, $id: String!) { user(source: $source, sourcedId: $id) { givenName } }"


class Figures(msgspec.Struct):
    """Milliseconds of an operation, of the median stretch; the ratio is that of the 95th percentiles of neighbours."""

    operations: int
    waiting: int
    median_without: float
    median_with: float
    p95_without: float
    p95_with: float
    ratio: float


class _Answers(httpx2.AsyncBaseTransport):
    """A source that may stop to answer."""

    def __init__(self, over: httpx2.AsyncBaseTransport) -> None:
        self._over = over
        self.hangs = False

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self.hangs:
            await asyncio.Event().wait()
        return await self._over.handle_async_request(request)


class Gateway:
    """Twenty sources. people: of each, by id. way: to the one that may hang."""

    def __init__(self) -> None:
        server = make_server("standard-1.2", generate(SEED, students=400), latency=LATENCY)
        self.people = [row["sourcedId"] for row in server.published("users")]
        transports = {f"s{n:02}": _Answers(httpx2.ASGITransport(server.app)) for n in range(SOURCES)}
        self.way = transports[HUNG]
        cache = {"fresh_for": {"users": 0.001}}
        tables = [{"key": key, "cache": cache} | server.settings("http://s.test") for key in transports]
        made = from_tables({"sources": tables})
        assert not made.mistakes, made.mistakes

        def connect(source: SourceSettings) -> SourceClient:
            return SourceClient(source.spec, transports[source.key])

        self.sources = Sources.open(made, connect)
        self._schema = compiling(SCHEMA)
        self._codec = CursorCodec(b"only-for-measuring")

    async def ask(self, source: str, person: str) -> bytes:
        reading = Reading(self.sources, EVERYTHING, self._codec, 30.0)
        answer = await respond(self._schema, Asked(PERSON, {"source": source, "id": person}), Context(reading))
        return answer.body


async def stretch(gateway: Gateway, seconds: float, took: list[float]) -> None:
    """A hundred clients of the nineteen, for so long."""
    loop, chance = asyncio.get_running_loop(), random.Random(SEED)
    until = loop.time() + seconds

    async def client() -> None:
        while loop.time() < until:
            await asyncio.sleep(chance.uniform(0, 2 * THOUGHT))
            source, person = f"s{chance.randrange(SOURCES - 1):02}", chance.choice(gateway.people)
            began = loop.time()
            body = await gateway.ask(source, person)
            took.append(1000 * (loop.time() - began))
            if b"errors" in body:
                raise WrongAnswer(body.decode())

    async with asyncio.TaskGroup() as group:
        for _ in range(CLIENTS):
            group.create_task(client())


@asynccontextmanager
async def hanging(gateway: Gateway) -> AsyncIterator[list[asyncio.Task[bytes]]]:
    """As many operations as may be wait for the source that hangs."""
    gateway.way.hangs = True
    waiting = [asyncio.create_task(gateway.ask(HUNG, person)) for person in gateway.people[:CLIENTS]]
    await asyncio.sleep(1.0)  # to begin a hundred at once takes a moment, whatever becomes of them
    try:
        yield waiting
    finally:
        gateway.way.hangs = False
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def measure(stretches: int, seconds: float) -> Figures:
    gateway = Gateway()
    without: list[list[float]] = []
    beside: list[list[float]] = []
    await stretch(gateway, 1.0, [])
    for _ in range(stretches):
        without.append([])
        await stretch(gateway, seconds, without[-1])
        async with hanging(gateway) as waiting:
            beside.append([])
            await stretch(gateway, seconds, beside[-1])
            waited = sum(not task.done() for task in waiting)
    await gateway.sources.close()
    before, after = ([quantiles(took, n=20)[18] for took in runs] for runs in (without, beside))
    return Figures(
        operations=sum(map(len, without + beside)),
        waiting=waited,
        median_without=median(map(median, without)),
        median_with=median(map(median, beside)),
        p95_without=median(before),
        p95_with=median(after),
        ratio=median(one / other for one, other in zip(after, before, strict=True)),
    )


def main(argv: Sequence[str] | None = None) -> int:
    made = argparse.ArgumentParser(prog="python -m bench.isolation", description=__doc__.partition("\n")[0])
    made.add_argument("--json", action="store_true", help="print the figures as JSON")
    made.add_argument("--stretches", type=int, default=15, help="of each kind, in turn")
    made.add_argument("--seconds", type=float, default=1.5, help="of a stretch")
    options = made.parse_args(argv)
    found = asyncio.run(measure(options.stretches, options.seconds))
    if options.json:
        print(msgspec.json.format(msgspec.json.encode(found)).decode())
    else:
        print(
            f"{found.operations} operations; 95th percentile {found.p95_without:.1f} ms without, "
            f"{found.p95_with:.1f} ms beside {found.waiting} that wait for one that hangs: {found.ratio:.2f} times; "
            f"median {found.median_without:.1f} and {found.median_with:.1f} ms"
        )
    if found.ratio > MOST:
        print(f"more than {MOST} times: the source that hangs is felt, or the machine is busy", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
