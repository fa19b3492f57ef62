"""Cold and at once again: one question to a source of which nothing is held, token there and connections open.

Every question has a source of its own over the same district, so that a process can be cold many times. Its code has
run before, over another source: tables are empty, not the interpreter.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from bench import processes, upstream
from bench.figures import Samples
from bench.load import Connection, connected, question
from bench.processes import Running
from bench.queries import IN_FLIGHT, UPSTREAMS, Question
from bench.truth import Truth

PRACTICE = "practice"


@dataclass
class Cold:
    """The plan of the cold runs. `latencies`: milliseconds that the source takes over each request."""

    questions: Sequence[Question]
    latencies: Sequence[int]
    runs: int
    truth: Truth
    samples: Samples
    folder: Path
    _cursors: dict[tuple[str, int], str] = field(default_factory=dict)

    async def measure(self, name: str, source: Running) -> None:
        """All runs against one kind of source; its figures are named after `name`."""
        kind = UPSTREAMS[name]
        keys = [PRACTICE, *(key(q, ms) for q in self.questions for ms in self.latencies)]
        config = processes.write_config(self.folder / f"cold-{name}.toml", kind, source, keys)
        token = await upstream.token(source)
        with ExitStack() as stack:
            started = processes.gateway(config), processes.baseline(kind, source, token, cached=False)
            guide, plain = await processes.together(stack, *started)
            await self._find_cursors(guide, keys)
            for run in range(self.runs):
                with processes.gateway(config) as ours:
                    self.samples.add("start.seconds", ours.started)
                    self.samples.add("rss_mb.gateway_at_start", ours.rss_mb())
                    await self._run(name, source, ours, plain, run)

    async def _run(self, name: str, source: Running, ours: Running, plain: Running, run: int) -> None:
        await upstream.set_latency(source, 0)
        for each in self.questions:
            await _post(ours, self._asked(each, PRACTICE, run))
        for ms in self.latencies:
            for each in self.questions:
                start = self._start(each, run)
                stem = f"{each.name.lower()}.{name}"
                await upstream.set_latency(source, 0)
                await _post(ours, opening(key(each, ms)))
                await upstream.set_latency(source, ms / 1000)
                asked = self._asked(each, key(each, ms), run)
                await self._one(each, start, ours, asked, source, f"{stem}.cold", ms)
                if ms == self.latencies[-1]:
                    await self._one(each, start, ours, asked, source, f"{stem}.warm", ms)
                await upstream.set_latency(source, 0)
                await _post(plain, question(each.of_baseline, offset=0))
                await upstream.set_latency(source, ms / 1000)
                asked = question(each.of_baseline, offset=start)
                await self._one(each, start, plain, asked, source, f"{stem}.baseline", ms)

    async def _one(
        self, each: Question, start: int, server: Running, asked: bytes, source: Running, stem: str, ms: int
    ) -> None:
        async with connected(server.port) as connection:
            await upstream.reset(source)
            own, theirs, began = server.cpu(), source.cpu(), time.perf_counter()
            answer = await connection.post(asked)
            took, own, theirs = time.perf_counter() - began, server.cpu() - own, source.cpu() - theirs
        counted = await upstream.counted(source)
        self.truth.check(each, start, answer)
        self.samples.add(f"{stem}.ms.at{ms}", 1000 * took)
        self.samples.add(f"{stem}.requests", counted.data)
        self.samples.add(f"{stem}.token_requests", counted.tokens)
        self.samples.add(f"{stem}.in_flight", counted.in_flight)
        self.samples.add(f"{stem}.cpu_ms", 1000 * own)
        self.samples.add(f"{stem}.source_cpu_ms", 1000 * theirs)
        if ms == max(self.latencies) and ms and not stem.endswith(".warm"):
            self.samples.add(f"{stem}.rounds", 1000 * took / ms)

    def _start(self, each: Question, run: int) -> int:
        return each.starts(self.runs)[run]

    def _asked(self, each: Question, source: str, run: int) -> bytes:
        after = self._cursors[source, self._start(each, run)]
        return question(each.of_gateway, after=after, sources=[source])

    async def _find_cursors(self, guide: Running, keys: Sequence[str]) -> None:
        """Cursors are bound to a list, not to a process: another gateway with the same secret gives them out."""
        async with connected(guide.port) as connection:
            for source in keys:
                for start in {
                    self._start(each, run)
                    for each in self.questions
                    for run in range(self.runs)
                    if source == PRACTICE or source.startswith(key(each, ""))
                }:
                    self._cursors[source, start] = await end_cursor(connection, start, [source])


def key(each: Question, ms: int | str) -> str:
    """The key of the source that is cold for one question at one latency."""
    return f"{each.name.lower()}-at{ms}"


async def end_cursor(connection: Connection, rows: int, sources: Sequence[str] | None = None) -> str:
    """`pageInfo.endCursor` of the first `rows` users."""
    query = (
        "query ($first: Int!, $sources: [ID!]) { users(first: $first, sources: $sources) { pageInfo { endCursor } } }"
    )
    answer = msgspec.json.decode(await connection.post(question(query, first=rows, sources=sources)))
    return str(answer["data"]["users"]["pageInfo"]["endCursor"])


def opening(source: str) -> bytes:
    """Fetches the source's token and opens as many connections as it may use, by reading what no question needs."""
    lists = " ".join(f"a{n}: orgs(sources: $sources, first: {n}) {{ totalCount }}" for n in range(1, IN_FLIGHT + 1))
    return question(f"query ($sources: [ID!]) {{ {lists} }}", sources=[source])


async def _post(server: Running, asked: bytes) -> None:
    """Ask without measuring. Every question has a connection of its own: servers close those that idle."""
    async with connected(server.port) as connection:
        await connection.post(asked)
