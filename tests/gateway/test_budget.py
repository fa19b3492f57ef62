"""What may be held in memory: of all sources, of one, and of a collection that is larger than that."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

import pytest

from adapters.endpoints import Collection
from adapters.predicate import equals
from adapters.records import Org, Provenance, RecordStatus, RecordType
from gateway.roster.budget import Budget, Limit
from gateway.roster.reading import Source
from gateway.roster.sifting import Sieve, Sifting
from gateway.sandbox.exact import exact_district
from gateway.sandbox.server import make_server
from gateway.schema import SCHEMA
from gateway.schema.context import Context
from tests.gateway.support import MakeWorld, World, page

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]

USERS = 900
MOST = 200

SERVERS = ["xporter-generic", "standard-1.2", "ed-fi", "alpha"]
"""One that cannot cut lists at all, one that can, one that tells no totals and filters little, one of wide filters."""


class Held:
    """Collections by name, as a budget is told of them."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.names: set[tuple[str, Collection]] = set()

    def take(self, source: str, records: int, size: int = 0, collection: Collection = Collection.USERS) -> None:
        name = source, collection
        self.names.add(name)
        self.budget.took(name, records, size, lambda: self.names.remove(name))

    @property
    def sources(self) -> list[str]:
        return sorted(source for source, _ in self.names)


def test_beyond_a_limit_the_least_recently_read_go_until_it_is_kept() -> None:
    held = Held(Budget(Limit(records=100)))
    for source in "abcd":
        held.take(source, 25)
    held.budget.used(("a", Collection.USERS))
    held.take("e", 50)
    assert held.sources == ["a", "d", "e"]
    assert (held.budget.usage("b").evictions, held.budget.usage("a").evictions) == (1, 0)
    assert (held.budget.usage("b").records, held.budget.usage("a").records) == (0, 25)


def test_bytes_and_records_are_limited_each() -> None:
    held = Held(Budget(Limit(records=100, bytes=1000)))
    held.take("a", 10, 600)
    held.take("b", 10, 600)
    assert held.sources == ["b"]
    held.take("c", 95, 10)
    assert held.sources == ["c"]


def test_a_source_with_a_limit_of_its_own_evicts_its_own_collections_only() -> None:
    held = Held(Budget(Limit(records=100), [("a", Limit(records=30))]))
    held.take("b", 40)
    held.take("a", 20)
    held.take("a", 20, collection=Collection.CLASSES)
    assert held.names == {("b", Collection.USERS), ("a", Collection.CLASSES)}


def test_what_is_too_large_by_itself_pushes_nobody_out() -> None:
    held = Held(Budget(Limit(records=100), [("a", Limit(bytes=500))]))
    held.take("b", 60)
    held.take("c", 101)
    held.take("a", 1, 501)
    assert held.sources == ["b"]
    assert not held.budget.allows("c", 101, 0)
    assert not held.budget.allows("a", 1, 501)
    assert held.budget.allows("b", 1, 501)


def test_what_grows_is_counted_as_it_is() -> None:
    held = Held(Budget(Limit(records=100)))
    held.take("a", 40)
    held.take("b", 40)
    held.take("b", 50)
    assert held.sources == ["a", "b"]
    held.take("b", 70)
    assert held.sources == ["b"]
    held.budget.gone(("b", Collection.USERS))
    assert held.budget.usage("b").records == 0


# ---------------------------------------------------------------- sifting


@pytest.mark.parametrize(("after", "most"), [(None, 7), ("0040", 7), ("0099", 7), (None, None), ("0040", None)])
def test_a_sieve_finds_the_first_that_follow_in_whatever_order_they_come(after: str | None, most: int | None) -> None:
    here = Provenance("a")
    rows = [Org(here, f"{n:04}", RecordStatus.ACTIVE, name=f"N{n % 3}") for n in range(200)]
    where = equals("name", "N1")
    satisfying = [r for r in rows if r.name == "N1"]
    following = [r for r in satisfying if after is None or r.sourced_id > after]
    Random(1).shuffle(rows)
    sieve = Sieve(Sifting(Collection.ORGS, where, None, after, most))
    for start in range(0, 200, 10):
        sieve.take(rows[start : start + 10])
        assert most is None or len(sieve) <= 2 * most
    found = sieve.found()
    assert list(found.records) == following[:most]
    assert (found.start, found.total) == (len(satisfying) - len(following), len(satisfying))
    assert found.ended == (len(found.records) == len(following))
    assert sieve.passed == 200


# ---------------------------------------------------------------- larger than its budget


def large(world: MakeWorld, kind: str, cache: dict[str, Any]) -> World:
    district = exact_district(4, users=USERS, classes=40, courses=10, enrollments=2 * USERS)
    unpaced = {"pace": {"requests_per_minute_per_host": 1_000_000}}
    table = {"cache": cache, "capabilities": {"max_limit": 100}, **unpaced}
    return world({"a": table}, a=make_server(kind, district))


def source(made: World) -> Source:
    [found] = made.sources
    return found


async def ask(made: World, query: str, **variables: Any) -> Any:
    result = await SCHEMA.execute(query, variables, Context(made.reading()))
    assert not result.errors, result.errors
    return result.data


def within(made: World) -> None:
    """What is held is within the limit, and the large collections are not held whole."""
    for collection, table in source(made).tables.items():
        records, _ = table.load
        assert records <= MOST, collection
        if collection in (Collection.USERS, Collection.ENROLLMENTS):
            assert table.last_good is None


@pytest.mark.parametrize("kind", SERVERS)
async def test_a_list_larger_than_its_budget_is_walked_whole_and_in_order(world: MakeWorld, kind: str) -> None:
    made = large(world, kind, {"max_held_records": MOST})
    seen: list[str] = []
    after = None
    while True:
        found = await page(made.reading(), RecordType.USER, where=None, first=90, after=after)
        assert found.page.complete
        seen += [r.sourced_id for r in found.page.records]
        within(made)
        if not found.page.has_next:
            break
        after = found.cursor(len(found.page.records) - 1)
    assert seen == sorted({str(r["sourcedId"]) for r in made.servers["a"].published("users")})


@pytest.mark.parametrize("kind", SERVERS)
async def test_counts_lookups_and_relations_of_what_is_too_large_are_right(world: MakeWorld, kind: str) -> None:
    made = large(world, kind, {"max_held_records": MOST})
    everyone = world(a=made.servers["a"])
    query = """{
      users(status: null, first: 40) { totalCount nodes { id enrollments { sourcedId class { sourcedId } } } }
      enrollments(status: null, first: 30) { totalCount nodes { sourcedId user { sourcedId } } }
    }"""
    found = await ask(made, query)
    assert found == await ask(everyone, query)
    assert found["users"]["totalCount"] == len(made.servers["a"].published("users"))
    assert any(user["enrollments"] for user in found["users"]["nodes"])
    lookup = "query ($id: ID!) { node(id: $id) { id } }"
    known = found["users"]["nodes"][-1]["id"]
    assert await ask(made, lookup, id=known) == {"node": {"id": known}}
    assert await ask(made, lookup, id="User:a:nobody") == {"node": None}
    within(made)


async def test_a_walk_of_a_source_that_cannot_cut_lists_is_not_a_scan_a_page(world: MakeWorld) -> None:
    made = large(world, "xporter-generic", {"max_held_records": 800})
    first = await page(made.reading(), RecordType.USER, where=None, first=40)
    before = made.requests("a")
    again = await page(made.reading(), RecordType.USER, where=None, first=40)
    second = await page(made.reading(), RecordType.USER, where=None, first=40, after=first.cursor(39))
    assert again.page.records == first.page.records
    assert second.page.records[0].sourced_id > first.page.records[-1].sourced_id
    assert made.requests("a") == before


async def test_a_limit_of_bytes_holds_as_well(world: MakeWorld) -> None:
    made = large(world, "xporter-generic", {"max_held_bytes": "200KB"})
    found = await page(made.reading(), RecordType.USER, where=None, first=90)
    assert len(found.page.records) == 90
    assert await found.total() == len(made.servers["a"].published("users"))
    users = source(made).tables[Collection.USERS]
    assert users.last_good is None
    assert users.load[1] <= 200_000


async def test_what_is_too_large_is_neither_warmed_nor_read_anew_for_nothing(world: MakeWorld) -> None:
    made = large(world, "xporter-generic", {"max_held_records": MOST})
    await page(made.reading(), RecordType.USER, where=None, first=10)
    before = made.requests("a")
    source(made).refresh(Collection.USERS)
    await asyncio.sleep(0.1)
    assert not source(made).loading(Collection.USERS)
    assert made.requests("a") == before
    within(made)


async def test_a_collection_that_shrank_is_held_again(world: MakeWorld) -> None:
    made = large(world, "xporter-generic", {"max_held_records": MOST, "fresh_for": {"users": 0.05}})
    await page(made.reading(), RecordType.USER, where=None, first=10)
    within(made)
    district = made.servers["a"].district
    for user in list(district.users)[: USERS - 50]:
        district.remove(user)
    await asyncio.sleep(0.1)
    await page(made.reading(), RecordType.USER, where=None, first=10)
    await asyncio.sleep(0.1)
    await page(made.reading(), RecordType.USER, where=None, first=10)
    assert source(made).tables[Collection.USERS].last_good is not None


async def test_a_walk_takes_few_scans_each_of_half_of_what_may_be_held(world: MakeWorld) -> None:
    made = large(world, "xporter-generic", {"max_held_records": 400})
    size = len(made.servers["a"].published("users"))
    await page(made.reading(), RecordType.USER, where=None, first=10)
    before = made.requests("a")
    after, pages = None, 0
    while True:
        found = await page(made.reading(), RecordType.USER, where=None, first=30, after=after)
        pages += 1
        if not found.page.has_next:
            break
        after = found.cursor(len(found.page.records) - 1)
    assert pages == -(-size // 30)
    scan = -(-size // 100)
    assert made.requests("a") - before <= scan * (size // 150 + 1)
