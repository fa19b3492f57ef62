"""500 sources in one process, all but a few idle in the store: start, memory, and what a query over 20 of them costs.

The same query is put to a gateway that has those 20 in its settings and nothing else, in turn with the large one: the
other 480 are not to be felt.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from bench import processes
from bench.districts import COUNTS, SIZES, district, key
from bench.figures import Samples
from bench.load import connected, load, question
from bench.processes import Running
from bench.queries import STANDARD, TREE
from bench.truth import WrongAnswer, plain, rows_of

SOURCES = 500
ASKED = 20
PEOPLE = 20
"""People by whose user names each of the sources is asked."""

PATIENCE = 300
"""Seconds for all of them to be read and kept."""

_WHERE = "filter: { username: { in: $people } }, sources: $sources"
_OF = "$people: [String!], $sources: [ID!]"
QUERIES: Mapping[str, str] = {
    "query": f"query ({_OF}) {{ users(first: 1000, {_WHERE}) {{ nodes {{ givenName familyName {TREE} }} }} }}",
    "list": f"query ({_OF}) {{ users(first: 1000, {_WHERE}) {{ totalCount nodes {{ givenName familyName }} }} }}",
}


@dataclass(frozen=True, slots=True)
class Many:
    """So many sources, of which every so-manieth is asked."""

    sources: int = SOURCES
    asked: int = ASKED

    @property
    def numbers(self) -> list[int]:
        return list(range(0, self.sources, self.sources // self.asked))[: self.asked]

    @property
    def keys(self) -> list[str]:
        return [key(n) for n in self.numbers]

    def body(self, query: str) -> bytes:
        return question(query, sources=self.keys, people=[f"user{n + 1}" for n in range(PEOPLE)])

    def truth(self) -> list[dict[str, Any]]:
        return [
            row
            for number in self.numbers
            for row in rows_of(district(number))
            if int(row["username"].removeprefix("user")) <= PEOPLE
        ]


async def measure(many: Many, runs: int, samples: Samples, folder: Path, seconds: float = 1.5) -> None:
    """seconds: of each stretch of load."""
    stem = f"sources{many.sources}"
    with processes.districts(many.sources) as upstream, ExitStack() as stack:
        large = _config(folder / "large", upstream.settings, sorted(upstream.settings))
        await asyncio.to_thread(_fill, large, many.sources * len(SIZES))
        before = await _counts(upstream)
        small = _config(folder / "small", upstream.settings, many.keys)
        for each in many.keys:
            shutil.copytree(folder / "large/state/tables" / each, folder / "small/state/tables" / each)
        truth = many.truth()
        for _ in range(max(0, runs - 1)):
            await _start(stem, large, samples, ExitStack())
        ours = await _start(stem, large, samples, stack)
        alone = stack.enter_context(processes.gateway(small))
        for name, query in QUERIES.items():
            for server in (ours, alone):
                await load(server, [many.body(query)], 1, 0, 2, partial(check, truth, query))
            for _ in range(3 * runs):
                took = [await _cpu(many, server, truth, query, seconds) for server in (ours, alone)]
                samples.add(f"{stem}.{name}_cpu_ms", took[0])
                samples.add(f"{stem}.{name}_cpu_ratio", took[0] / took[1])
        samples.add(f"{stem}.rss_mb", ours.rss_mb())
        samples.add(f"{stem}.asked{many.asked}.rss_mb", alone.rss_mb())
        samples.add(f"{stem}.requests", (await _counts(upstream) - before).total())


async def _start(stem: str, config: Path, samples: Samples, stack: ExitStack) -> Running:
    """A gateway that has all its tables in the store. It ends with the stack: at once, if that is nobody's."""
    began = time.perf_counter()
    server = stack.enter_context(processes.gateway(config))
    async with connected(server.port) as connection:
        await connection.ask("GET", "/readyz")
    samples.add(f"{stem}.start_s", time.perf_counter() - began)
    samples.add(f"{stem}.rss_mb.at_start", server.rss_mb())
    return server


async def _cpu(many: Many, server: Running, truth: Sequence[Mapping[str, Any]], query: str, seconds: float) -> float:
    """Milliseconds for each answer, of so many that the kernel's steps of 10 ms do not matter."""
    done = await load(server, [many.body(query)], 1, seconds, 3, partial(check, truth, query))
    return done.cpu_ms


def _fill(config: Path, tables: int) -> None:
    """A first gateway reads everything, and writes it down."""
    warm = config.with_name("filling.toml")
    collections = ", ".join(f'"{name}"' for name in SIZES)
    told = f"[sources.warm]\ncollections = [{collections}]\n[sources.cache]"
    warm.write_text(config.read_text("utf-8").replace("[sources.cache]", told), "utf-8")
    until = time.monotonic() + PATIENCE
    with processes.gateway(warm):
        while len(list((config.parent / "state").rglob("*.table"))) < tables:
            if time.monotonic() > until:
                raise WrongAnswer(f"after {PATIENCE} s not every table was read and kept")
            time.sleep(0.5)


async def _counts(upstream: Running) -> Counter[str]:
    async with connected(upstream.port) as connection:
        return Counter(msgspec.json.decode(await connection.ask("GET", COUNTS), type=dict[str, int]))


def _config(folder: Path, settings: Mapping[str, Any], keys: Sequence[str]) -> Path:
    folder.mkdir()
    gateway = f"{processes.GATEWAY}state_dir = '{folder / 'state'}'\n"
    path = folder / "gateway.toml"
    path.write_text("\n".join([gateway, *(processes.table_of(k, STANDARD, settings[k]) for k in keys)]), "utf-8")
    return path


def check(truth: Sequence[Mapping[str, Any]], query: str, turn: int, body: bytes) -> None:
    answer = msgspec.json.decode(body)
    nodes = ((answer.get("data") or {}).get("users") or {}).get("nodes") or []
    names = ("givenName", "familyName", *(["enrollments"] if TREE in query else []))
    if answer.get("errors") or [plain(n) for n in nodes] != [{name: row[name] for name in names} for row in truth]:
        raise WrongAnswer(f"{len(nodes)} rows of {len(truth)}: {str(answer.get('errors'))[:300]}")
