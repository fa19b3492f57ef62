"""How long the event loop is held while a large district is read, kept on disk, indexed, searched and taken up again.

`python -m bench.loop [--users N]` measures in this process, which should have done nothing else, and prints JSON. A
hold is how much later than asked for the loop runs a timer, less what the machine is to blame for, where the system
tells (Linux): the longest time that a thread of this process was ready to run and did not, or what all of them waited
together, as far as the process did nothing meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from adapters.endpoints import Collection
from adapters.predicate import equals
from adapters.secret import Secret
from bench import processes
from bench.payloads import record_id
from bench.processes import SECRETS
from gateway.app import connect
from gateway.config import Settings, from_tables
from gateway.roster.deadline import Deadline
from gateway.roster.source import Source
from gateway.roster.sources import Sources
from gateway.roster.store import Store

TICK = 0.005
BOUND = 0.05
"""Seconds that decoding and indexing may hold the loop."""

PATIENCE = 900.0


class Holds:
    """Watches the loop that it is made in."""

    def __init__(self) -> None:
        self.longest: dict[str, float] = {}
        self.over = 0
        self.collecting = 0.0
        self._phase = ""
        self._began = 0.0

    @contextmanager
    def watched(self) -> Iterator[None]:
        gc.callbacks.append(self._collects)
        task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            task.cancel()
            gc.callbacks.remove(self._collects)

    def phase(self, name: str) -> None:
        self._phase = name
        self.longest.setdefault(name, 0.0)

    async def _watch(self) -> None:
        while True:
            ready, worked, began = _ready(), time.process_time(), time.perf_counter()
            await asyncio.sleep(TICK)
            late = time.perf_counter() - began - TICK
            if late > BOUND / 2:
                idle = late - (time.process_time() - worked)
                waits = [waited - ready.get(thread, 0.0) for thread, waited in _ready().items()]
                late -= max(max(waits, default=0.0), min(sum(waits), idle))
            self.longest[self._phase] = max(self.longest.get(self._phase, 0.0), late)
            self.over += late > BOUND

    def _collects(self, phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            self._began = time.perf_counter()
        else:
            self.collecting = max(self.collecting, time.perf_counter() - self._began)


def _ready() -> dict[str, float]:
    """Seconds for which each thread was ready to run and did not, so far."""
    waited = {}
    with suppress(FileNotFoundError):  # another system; or a thread that has ended meanwhile
        for thread in os.listdir("/proc/self/task"):
            waited[thread] = int(Path(f"/proc/self/task/{thread}/schedstat").read_text().split()[1]) / 1e9
    return waited


async def measured(users: int, folder: Path) -> dict[str, float]:
    with processes.pages(users) as pages:
        settings, holds = _settings(pages.port), Holds()
        secret = Secret(SECRETS["BENCH_GATEWAY_SECRET"])
        gc.collect()
        gc.freeze()  # as the server does
        sources = Sources.open(settings, connect, Store(folder, secret))
        [source] = sources
        with holds.watched():
            await asyncio.sleep(0.1)
            holds.phase("read")
            await _read(source, Collection.USERS)
            await _read(source, Collection.ENROLLMENTS)
            holds.phase("index")
            await _use(source)
            holds.phase("collect")
            gc.collect()
            await asyncio.sleep(3 * TICK)
            holds.phase("replace")
            await _read(source, Collection.USERS)
            await _read(source, Collection.ENROLLMENTS)
            holds.phase("keep")
            await sources.close()
            holds.phase("take_up")
            after = Sources.open(settings, connect, Store(folder, secret))
            await _use(*after)
            await after.close()
            holds.phase("")
    figures = {f"loop.hold_ms.{name}": 1000 * seconds for name, seconds in holds.longest.items() if name}
    return {
        **figures,
        "loop.hold_ms.max": max(figures.values()),
        "loop.holds_over_50_ms": holds.over,
        "loop.gc_ms.max": 1000 * holds.collecting,
    }


async def _read(source: Source, collection: Collection) -> None:
    source.refresh(collection, full=True)
    while source.loading(collection):  # noqa: ASYNC110  # it ends in the background, and tells nobody
        await asyncio.sleep(0.05)
    table = source.tables[collection]
    assert table.whole is not None, source.last_error


async def _use(source: Source) -> None:
    """What operations do with a collection held whole for the first time: follow relations, search."""
    people = [record_id("user", n) for n in range(50)]
    classes = [record_id("class", n) for n in range(50)]
    orgs = [record_id("org", 0)]
    await _follow(source, Collection.ENROLLMENTS, "user_id", people)
    await _follow(source, Collection.ENROLLMENTS, "class_id", classes)
    await _follow(source, Collection.USERS, "org_ids", orgs)
    await _search(source, Collection.USERS)
    await _search(source, Collection.ENROLLMENTS)


async def _follow(source: Source, collection: Collection, field: str, parents: list[str]) -> None:
    answer = await source.ask(collection, lambda r: r.children(collection, field, parents), Deadline(PATIENCE))
    assert all(answer.found.values())


async def _search(source: Source, collection: Collection) -> None:
    active = equals("status", "ACTIVE")
    answer = await source.ask(collection, lambda r: r.window(collection, active, None, 50), Deadline(PATIENCE))
    assert len(answer.found.records) == 50


def _settings(port: int) -> Settings:
    origin = f"http://127.0.0.1:{port}"
    table: dict[str, Any] = {
        "key": "large",
        "provider": "standard",
        "version": "1.2",
        "base_url": f"{origin}/ims/oneroster/rostering/v1p2",
        "token_url": f"{origin}/token",
        "client_id": "bench",
        "client_secret": "bench",
        "allow_http": True,
        "capabilities": {"max_limit": 1000},
        "cache": {"fresh_for": {"users": "1d", "enrollments": "1d"}},
    }
    settings = from_tables({"sources": [table]})
    assert not settings.mistakes, settings.mistakes
    return settings


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.loop", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--users", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(msgspec.json.encode(asyncio.run(measured(options.users, Path(folder)))).decode())


if __name__ == "__main__":
    main()
