"""How a gateway asks: requests, and how many of them wait for one another, counted by the source that is asked.

Every measurement has a source of its own in the settings, over one district, so that each is cold in one process.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bench import processes, upstream
from bench.cold import PRACTICE, opening
from bench.figures import Samples
from bench.load import PATIENCE, connect, connected, question
from bench.processes import Running
from bench.queries import CLASSES, COURSES, ENROLLMENTS, USERS, W2, Question, Upstream
from bench.rounds import rounds
from bench.truth import Truth, WrongAnswer
from bench.watched import SEEN, Visit

LATENCY = 0.1
"""Seconds at which milliseconds are taken."""

EXACT = {"users": USERS, "classes": CLASSES, "courses": COURSES, "enrollments": ENROLLMENTS}
SMALL = ("ORG", "ACADEMIC_SESSION", "COURSE", "CLASS")
REFRESH = """mutation ($source: ID!, $kinds: [RecordType!]) {
  refreshSource(input: { source: $source, collections: $kinds }) { userErrors { message } }
}"""
STATES = "query ($source: ID!) { source(id: $source) { collections { type state lastFullScanAt } } }"
BASELINE = "baseline"


@dataclass(frozen=True, slots=True)
class Watching:
    """A gateway over a source that is watched. `long`: seconds of latency while rounds are counted."""

    source: Running
    gateway: Running
    samples: Samples
    long: float

    async def cold(
        self, key: str, stem: str, asked: bytes, check: Callable[[bytes], None], latency: float
    ) -> list[Visit]:
        """Ask once: token there, connections open, tables empty but for what was read before."""
        await upstream.set_latency(self.source, LATENCY)
        async with connected(self.gateway.port) as connection:
            await connection.post(opening(key))
        return await self.asked(self.gateway, stem, asked, check, latency)

    async def asked(
        self, server: Running, stem: str, asked: bytes, check: Callable[[bytes], None], latency: float, clients: int = 1
    ) -> list[Visit]:
        """What the source saw while so many clients put the same question at once. Every answer is checked."""
        await upstream.set_latency(self.source, latency)
        connections = [await connect(server.port) for _ in range(clients)]
        try:
            await self.forget()
            began = time.perf_counter()
            answers = await asyncio.gather(*(connection.post(asked) for connection in connections))
            took = time.perf_counter() - began
        finally:
            for connection in connections:
                connection.close()
        visits = await self.visits(stem, "" if server is self.gateway else f"{BASELINE}.")
        for answer in answers:
            check(answer)
        self.samples.add(f"{stem}.requests", len(visits))
        if latency == self.long or server is not self.gateway:
            self.samples.add(f"{stem}.rounds", rounds(visits))
        if latency == LATENCY:
            self.samples.add(f"{stem}.ms.at{1000 * LATENCY:.0f}", 1000 * took)
        return visits

    async def forget(self) -> None:
        await upstream.reset(self.source)
        async with connected(self.source.port) as connection:
            await connection.ask("POST", SEEN)

    async def visits(self, stem: str, whose: str = "") -> list[Visit]:
        """What the source saw since it was told to forget. whose: begins the name of what was most in flight."""
        async with connected(self.source.port) as connection:
            seen = msgspec.json.decode(await connection.ask("GET", SEEN), type=list[Visit])
        counted = await upstream.counted(self.source)
        if len(seen) != counted.data:
            raise WrongAnswer(f"{stem}: the source counted {counted.data} requests and {len(seen)} were seen")
        self.samples.add(f"{whose}in_flight", counted.in_flight)
        return seen


async def read_whole(gateway: Running, key: str, kinds: Sequence[str] = SMALL) -> None:
    """Has collections of a source read whole, and waits for it."""
    async with connected(gateway.port) as connection:
        told = msgspec.json.decode(await connection.post(question(REFRESH, source=key, kinds=kinds)))
        if told.get("errors") or told["data"]["refreshSource"]["userErrors"]:
            raise WrongAnswer(f"{', '.join(kinds)} could not be read: {told}")
        async with asyncio.timeout(PATIENCE):
            while True:
                told = msgspec.json.decode(await connection.post(question(STATES, source=key)))
                collections = [c for c in told["data"]["source"]["collections"] if c["type"] in kinds]
                if all(c["lastFullScanAt"] and c["state"] == "FRESH" for c in collections):
                    return
                await asyncio.sleep(0.05)


@dataclass(frozen=True, slots=True)
class Plan:
    """How often, and with what. stampedes: clients at once. long: as for Watching."""

    questions: Sequence[Question]
    stampedes: Sequence[int]
    runs: int
    long: float
    truth: Truth
    samples: Samples
    folder: Path

    async def measure(self, name: str, kind: Upstream) -> None:
        """The questions cold, with small collections held, warm, and many clients at once, over one kind of source."""
        keys = [PRACTICE, *(f"{what}-{n}" for what in self._all() for n in range(self.runs + 1))]
        with processes.watched(kind, EXACT) as source, ExitStack() as stack:
            config = processes.write_config(self.folder / f"reading-{name}.toml", kind, source, keys)
            token = await upstream.token(source)
            started = [processes.gateway(config)]
            if self.runs:
                started.append(processes.baseline(kind, source, token, cached=False))
            ours, *plain = await processes.together(stack, *started)
            watching = Watching(source, ours, self.samples, self.long)
            await self._practise(ours, *plain)
            for run in range(self.runs + 1):
                latency = self.long if run == self.runs else LATENCY
                for each in self.questions:
                    await self._one(watching, each, name, run, latency)
                    if run == 0 and plain:
                        await self._baseline(watching, plain[0], each, name)
                if name == "wide":
                    await self._stampedes(watching, run, latency)

    def _all(self) -> list[str]:
        stampedes = [f"stampede{clients}" for clients in self.stampedes]
        return [*(f"{each.name.lower()}-{state}" for each in self.questions for state in ("cold", "held")), *stampedes]

    async def _practise(self, ours: Running, *plain: Running) -> None:
        """The code has run before; nothing that is measured was read by it."""
        for each in self.questions:
            async with connected(ours.port) as connection:
                await connection.post(question(each.of_gateway, sources=[PRACTICE]))
            for server in plain:
                async with connected(server.port) as connection:
                    await connection.post(question(each.of_baseline, offset=0))

    async def _one(self, watching: Watching, each: Question, name: str, run: int, latency: float) -> None:
        stem = f"{each.name.lower()}.{name}"
        for state in ("cold", "held"):
            key = f"{each.name.lower()}-{state}-{run}"
            asked, check = question(each.of_gateway, sources=[key]), self._check(each)
            if state == "held":
                await read_whole(watching.gateway, key)
            await watching.cold(key, f"{stem}.{state}", asked, check, latency)
            if state == "cold":
                await watching.asked(watching.gateway, f"{stem}.warm", asked, check, latency)

    async def _baseline(self, watching: Watching, plain: Running, each: Question, name: str) -> None:
        asked = question(each.of_baseline, offset=0)
        await watching.asked(plain, f"{each.name.lower()}.{name}.{BASELINE}", asked, self._check(each), LATENCY)

    async def _stampedes(self, watching: Watching, run: int, latency: float) -> None:
        for clients in self.stampedes:
            key = f"stampede{clients}-{run}"
            await upstream.set_latency(watching.source, LATENCY)
            async with connected(watching.gateway.port) as connection:
                await connection.post(opening(key))
            asked = question(W2.of_gateway, sources=[key])
            stem = f"stampede{clients}"
            await watching.asked(watching.gateway, stem, asked, self._check(W2), latency, clients)

    def _check(self, each: Question) -> Callable[[bytes], None]:
        return lambda answer: self.truth.check(each, 0, answer)
