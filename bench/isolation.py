"""What a source that hangs costs those who ask the others: `python -m bench.isolation`, two minutes.

A gateway over twenty sources in this process, each as far away as a source is. A hundred clients ask nineteen of them,
a person each time, with a pause for thought. Stretches come in rounds of three, in any order: two with nothing beside
them, of which the second is compared with the first as the control, and one in which a hundred operations wait for the
twentieth source, which does not answer. Time is that of `bench.clock`: a machine that is busy with others is not seen.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from enum import Enum
from statistics import median
from typing import Final

import httpx2
import msgspec

from adapters.client import SourceClient
from bench.clock import OwnTimeLoop
from bench.figures import percentile
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
THOUGHT: Final = 2.0
"""Seconds between two operations of a client, on average: the processor is to have time left."""
MOST: Final = 1.2
NOISE: Final = 0.05
"""By how much the control may differ from 1 for the figure to be worth anything."""
HUNG: Final = "s19"
PERSON: Final = "query ($source: ID!, $id: String!) { user(source: $source, sourcedId: $id) { givenName } }"


class Beside(Enum):
    """What goes on beside the hundred clients."""

    NOTHING = "nothing"
    CONTROL = "nothing, once more"
    HANGING = "operations that wait for a source that hangs"


class Figures(msgspec.Struct):
    """Milliseconds of an operation, of all stretches. A ratio is of 95th percentiles, the median of the rounds."""

    operations: int
    waiting: int
    median_without: float
    median_with: float
    p95_without: float
    p95_with: float
    ratio: float
    control: float


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
            clock = asyncio.get_running_loop().time
            return SourceClient(source.spec, transports[source.key], monotonic=clock)

        self.sources = Sources.open(made, connect)
        self._schema = compiling(SCHEMA)
        self._codec = CursorCodec(b"only-for-measuring")

    async def ask(self, source: str, person: str) -> bytes:
        reading = Reading(self.sources, EVERYTHING, self._codec, 30.0)
        answer = await respond(self._schema, Asked(PERSON, {"source": source, "id": person}), Context(reading))
        return answer.body


async def stretch(gateway: Gateway, seconds: float, chance: random.Random) -> list[float]:
    """The milliseconds that a hundred clients of the nineteen wait, for so long."""
    loop, took = asyncio.get_running_loop(), list[float]()
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
    return took


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
        await asyncio.sleep(1.0)  # what was asked for them ends


async def measure(rounds: int, seconds: float) -> Figures:
    gateway, chance = Gateway(), random.Random(SEED)
    took = defaultdict[Beside, list[list[float]]](list)
    waited = CLIENTS
    await stretch(gateway, 1.0, chance)
    for _ in range(rounds):
        for beside in chance.sample(list(Beside), len(Beside)):
            if beside is Beside.HANGING:
                async with hanging(gateway) as waiting:
                    took[beside].append(await stretch(gateway, seconds, chance))
                    waited = min(waited, sum(not task.done() for task in waiting))
            else:
                took[beside].append(await stretch(gateway, seconds, chance))
    await gateway.sources.close()
    p95 = {beside: [percentile(waits, 0.95) for waits in runs] for beside, runs in took.items()}
    every = {beside: [wait for waits in runs for wait in waits] for beside, runs in took.items()}

    def compared(beside: Beside) -> float:
        return median(one / other for one, other in zip(p95[beside], p95[Beside.NOTHING], strict=True))

    return Figures(
        operations=sum(map(len, every.values())),
        waiting=waited,
        median_without=median(every[Beside.NOTHING]),
        median_with=median(every[Beside.HANGING]),
        p95_without=percentile(every[Beside.NOTHING], 0.95),
        p95_with=percentile(every[Beside.HANGING], 0.95),
        ratio=compared(Beside.HANGING),
        control=compared(Beside.CONTROL),
    )


def main(argv: Sequence[str] | None = None) -> int:
    made = argparse.ArgumentParser(prog="python -m bench.isolation", description=__doc__.partition("\n")[0])
    made.add_argument("--json", action="store_true", help="print the figures as JSON")
    made.add_argument("--rounds", type=int, default=30, help="of three stretches")
    made.add_argument("--seconds", type=float, default=2.0, help="of a stretch")
    options = made.parse_args(argv)
    with asyncio.Runner(loop_factory=OwnTimeLoop) as runner:
        found = runner.run(measure(options.rounds, options.seconds))
    if options.json:
        print(msgspec.json.format(msgspec.json.encode(found)).decode())
    else:
        print(
            f"{found.operations} operations; 95th percentile {found.p95_without:.1f} ms without, "
            f"{found.p95_with:.1f} ms beside {found.waiting} that wait for one that hangs: {found.ratio:.3f} times; "
            f"the same against itself {found.control:.3f}; "
            f"median {found.median_without:.1f} and {found.median_with:.1f} ms"
        )
    if abs(found.control - 1) > NOISE:
        print("the same differs from itself by more than a twentieth: no figure", file=sys.stderr)
        return 1
    if found.ratio > MOST:
        print(f"more than {MOST} times: the source that hangs is felt", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
