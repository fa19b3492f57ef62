"""After one record in a hundred has changed: what a source is asked until the answer is right again, and how soon.

Everything was read whole before. A client asks the same question again and again meanwhile; nobody tells the gateway
that something changed.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from bench import processes, upstream
from bench.asking import EXACT, LATENCY, Watching, read_whole
from bench.cold import PRACTICE, end_cursor
from bench.figures import Samples
from bench.load import Connection, connected, question
from bench.queries import STANDARD, USERS, W2, W4, Question
from bench.truth import Truth, WrongAnswer, changed, exact
from bench.watched import CHANGE, Visit

FRESH_FOR = 5.0
"""Seconds for which the gateway may serve what it holds: an answer to a question put later has to be right."""

READ = ("USER", "ENROLLMENT", "CLASS", "COURSE")


async def measure(runs: int, samples: Samples, folder: Path, fresh_for: float = FRESH_FOR) -> None:
    keys = [PRACTICE, *(f"delta-{n}" for n in range(runs))]
    with processes.watched(STANDARD, EXACT) as source:
        path, age = folder / "delta.toml", f"{fresh_for:g}s"
        config = processes.write_config(path, STANDARD, source, keys, fresh_for=age, delta=True)
        with processes.gateway(config) as ours:
            watching = Watching(source, ours, samples, LATENCY)
            district = exact()
            async with connected(ours.port) as connection:
                await connection.post(question(W2.of_gateway, sources=[PRACTICE]))
            for turn in range(runs):
                before = Truth(district)
                changed(district, turn)
                await _once(watching, keys[turn + 1], turn, before, Truth(district), fresh_for)


async def _once(watching: Watching, key: str, turn: int, before: Truth, after: Truth, fresh_for: float) -> None:
    await upstream.set_latency(watching.source, LATENCY)
    await read_whole(watching.gateway, key, READ)
    async with connected(watching.gateway.port) as connection:
        before.check(W2, 0, await _ask(connection, W2, key))
        await watching.forget()
        async with connected(watching.source.port) as control:
            await control.ask("POST", f"{CHANGE}{turn}")
        began = time.perf_counter()
        while True:
            late = time.perf_counter() - began >= fresh_for
            try:
                after.check(W2, 0, await _ask(connection, W2, key))
                break
            except WrongAnswer:
                if late:
                    raise
            await asyncio.sleep(0.05)
        watching.samples.add("delta.seconds", time.perf_counter() - began)
        asked = by_collection(await watching.visits("delta"), str(watching.source.settings["base_url"]))
        watching.samples.add("delta.requests", max(asked.values()))
        for name, count in asked.items():
            watching.samples.add(f"delta.{name}.requests", count)
        for start in range(0, USERS, W4.first):
            cursor = await end_cursor(connection, start, [key]) if start else None
            after.check(W4, start, await _ask(connection, W4, key, cursor))


async def _ask(connection: Connection, each: Question, key: str, after: str | None = None) -> bytes:
    return await connection.post(question(each.of_gateway, sources=[key], after=after))


def by_collection(visits: Sequence[Visit], base_url: str) -> Counter[str]:
    """Requests by the collection that the path begins with, below the address of the source."""
    root = urlsplit(base_url).path.rstrip("/") + "/"
    return Counter(visit.path.removeprefix(root).partition("/")[0] for visit in visits)
