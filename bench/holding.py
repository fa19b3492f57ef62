"""What a large district's tables take: memory of 100,000 users and 800,000 enrollments, and the time to read a user.

`python -m bench.holding [--users N]` measures in this process, which should have done nothing else, and prints JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from adapters.dialect import Dialect
from adapters.endpoints import ENTITIES, Collection
from adapters.normalise import Normaliser
from adapters.providers.standard import V1P2
from adapters.records import Record
from bench.payloads import ENROLLED, enrollments_page, users_page
from gateway.roster.whole import Whole

PAGE = 1_000
INDEXES: Mapping[Collection, tuple[str, ...]] = MappingProxyType(
    {Collection.USERS: ("org_ids",), Collection.ENROLLMENTS: ("user_id", "class_id")}
)


def measured(users: int, repeats: int) -> dict[str, float]:
    figures = _decode(repeats)
    before = rss_mb()
    began = time.perf_counter()
    held = asyncio.run(_read(users))
    seconds = time.perf_counter() - began
    gc.collect()
    after = rss_mb()
    assert sum(map(len, held)) == users * (1 + ENROLLED)
    return {
        **figures,
        "tables_mb": after - before,
        "rss_mb": after,
        "rss_peak_mb": peak_mb(),
        "tables.seconds": seconds,
    }


async def _read(users: int) -> list[Whole]:
    """Both collections as the gateway holds them after a scan, with the indexes that its relations need."""
    normaliser = Normaliser("measured", V1P2)
    held = []
    for collection, total in ((Collection.USERS, users), (Collection.ENROLLMENTS, users * ENROLLED)):
        records: list[Record] = []
        for start in range(0, total, PAGE):
            count = min(PAGE, total - start)
            body = users_page(start, count)
            if collection is Collection.ENROLLMENTS:
                body = enrollments_page(start, count, users)
            records += normaliser.page(ENTITIES[collection], body).records
        whole = await Whole.made(records, 0, time.time())
        del records
        for field in INDEXES[collection]:
            await whole.indexed(field)
        held.append(whole)
    return held


def _decode(repeats: int) -> dict[str, float]:
    """Microseconds of CPU a user, from the bytes of a page to records: the best of all repeats.

    `json_loads`, the standard library on the same bytes, tells how fast this machine is. All take turns, since that
    changes while they run.
    """
    entity, body = ENTITIES[Collection.USERS], users_page(0, PAGE)
    typed, lenient = Normaliser("measured", V1P2), Normaliser("measured", _lenient())
    works: dict[str, Callable[[], object]] = {
        "typed": lambda: typed.page(entity, body),
        "lenient": lambda: lenient.page(entity, body),
        "json_loads": lambda: json.loads(body),
    }
    assert len(typed.page(entity, body).records) == len(lenient.page(entity, body).records) == PAGE
    best = dict.fromkeys(works, float("inf"))
    for _ in range(repeats):
        for name, work in works.items():
            began = time.process_time()
            work()
            best[name] = min(best[name], time.process_time() - began)
    return {f"decode.{name}.us_per_user": 1e6 * seconds / PAGE for name, seconds in best.items()}


def _lenient() -> Dialect:
    """The standard with a fix-up that changes nothing: every user goes record by record."""

    def unchanged(raw: dict[str, Any]) -> dict[str, Any]:
        return raw

    return replace(V1P2, fixups=MappingProxyType({Collection.USERS: unchanged}))


def rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def peak_mb() -> float:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.holding", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=61)
    options = parser.parse_args()
    print(msgspec.json.encode(measured(options.users, options.repeats)).decode())


if __name__ == "__main__":
    main()
