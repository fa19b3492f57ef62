"""What records are said to take in memory, against what they take."""

from __future__ import annotations

import asyncio
import gc
import time
import tracemalloc
from collections.abc import Callable

import pytest

from adapters import registry
from adapters.dialect import Version
from adapters.endpoints import ENTITIES, Collection
from adapters.normalise import Normaliser
from adapters.records import Record
from bench.payloads import enrollments_page, users_page
from gateway.roster.weight import weigh
from gateway.roster.whole import Whole

V1P2 = registry.get("standard", Version.V1P2)
PAGE = 1000
USERS = 8000


def records(collection: Collection, page: Callable[[int], bytes], pages: int) -> list[Record]:
    normaliser = Normaliser("measured", V1P2)
    found: list[Record] = []
    for number in range(pages):
        found += normaliser.page(ENTITIES[collection], page(number * PAGE)).records
    return found


def held(collection: Collection) -> Whole:
    if collection is Collection.USERS:
        rows = records(collection, lambda start: users_page(start, PAGE), USERS // PAGE)
        field = "org_ids"
    else:
        rows = records(collection, lambda start: enrollments_page(start, PAGE, USERS // 4), 2 * USERS // PAGE)
        field = "user_id"

    async def indexed() -> Whole:
        whole = await Whole.made(rows, 0, time.time())
        await whole.indexed(field)
        return whole

    return asyncio.run(indexed())


def traced() -> int:
    """Bytes that are allocated, once what is let go of beside has gone."""
    before = -1
    while (now := tracemalloc.get_traced_memory()[0]) != before:
        before = now
        time.sleep(0.2)
        gc.collect()
    return now


@pytest.mark.parametrize("collection", [Collection.USERS, Collection.ENROLLMENTS])
def test_a_collection_takes_what_it_is_said_to_take(collection: Collection) -> None:
    tracemalloc.start()
    try:
        whole = held(collection)
        said, before = whole.bytes, traced()
        del whole
        taken = before - traced()  # not what was allocated: the table of all interned texts may just then have grown
    finally:
        tracemalloc.stop()
    assert said == pytest.approx(taken, rel=0.2)


def test_twice_the_records_weigh_twice_as_much() -> None:
    rows = held(Collection.USERS).rows
    assert weigh(rows) == pytest.approx(2 * weigh(rows[::2]), rel=0.1)
    assert weigh(()) == 0


def test_an_index_weighs_something() -> None:
    whole = held(Collection.ENROLLMENTS)
    before = whole.bytes
    asyncio.run(whole.indexed("class_id"))
    assert whole.bytes - before >= 4 * len(whole)
