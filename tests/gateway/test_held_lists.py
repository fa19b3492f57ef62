"""What is held whole is read without waiting, and says just what a reading that waits would."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import product

import pytest

from adapters.endpoints import Collection
from adapters.predicate import And, Not, Predicate, equals
from adapters.records import Record, RecordStatus, RecordType
from gateway.roster import explain
from gateway.roster.explain import Explanation
from gateway.roster.followed import MOST_KNOWN
from gateway.roster.foresight import Ahead
from gateway.roster.levels import AT_ONCE, LevelReader, come
from gateway.roster.listing import Extent, List, ListQuery, listed
from gateway.roster.listing import come as come_list
from gateway.roster.outcomes import FindPlace
from gateway.roster.reading import Reading
from gateway.sandbox.exact import exact_district
from gateway.sandbox.server import make_server
from tests.gateway.support import ACTIVE, MakeWorld, World, here

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]

KEYS = ("a", "b", "c")
STUDENTS = equals("role", "STUDENT")
TEACHERS = equals("role", "TEACHER")
HELD = (Collection.USERS, Collection.ENROLLMENTS, Collection.CLASSES)


@pytest.fixture
async def held(world: MakeWorld) -> World:
    """Three sources whose people, enrollments and classes are held whole."""
    districts = [exact_district(n, users=30, classes=6, courses=3, enrollments=120) for n in range(len(KEYS))]
    made = world(**{key: make_server("standard-1.2", each) for key, each in zip(KEYS, districts, strict=True)})
    for source, collection in product(made.sources, HELD):
        source.refresh(collection)
        while source.loading(collection):  # noqa: ASYNC110  # it ends in the background
            await asyncio.sleep(0)
    return made


class Rows:
    """Rows of a level of which nothing is told."""

    def place(self, row: int) -> FindPlace:
        return here

    def weight(self, row: int) -> int:
        return 1


def level(reading: Reading) -> LevelReader:
    return LevelReader(reading, Rows(), lambda: asyncio.sleep(0))


Asked = tuple[ListQuery, Extent]


def people(size: int, where: Predicate | None = ACTIVE, cursor: str | None = None, **more: object) -> Asked:
    query = ListQuery(kind=RecordType.USER, sources=None, where=where, **more)  # type: ignore[arg-type]
    return query, Extent(size=size, cursor=cursor)


async def waited(reading: Reading, query: Asked) -> List:
    """The list as it is read where somebody wants to know what that took."""
    with Explanation().collecting():
        coming = listed(reading, here, *query)
        assert not isinstance(coming, List)
        return await coming()


async def at_once(reading: Reading, query: Asked) -> List:
    await waited(reading, query)  # what was looked for once is known
    found = listed(reading, here, *query)
    assert isinstance(found, List)
    return found


@pytest.mark.parametrize("where", [ACTIVE, None, STUDENTS, Not(ACTIVE)], ids=["active", "any", "students", "deleted"])
@pytest.mark.parametrize("everywhere", [False, True])
@pytest.mark.parametrize("size", [0, 7, 30, 31, 65, 1000])
async def test_a_walk_over_what_is_held_is_the_same_page_by_page(
    held: World, size: int, everywhere: bool, where: Predicate | None
) -> None:
    cursor = None
    while True:
        query = people(size, where, cursor, everywhere=everywhere)
        one, other = held.reading(), held.reading()
        found, slow = await at_once(one, query), await waited(other, query)
        assert found.page == slow.page
        assert await found.total() == await slow.total()
        assert one.outcomes.extension() == other.outcomes.extension()
        cursors = [found.cursor(n) for n in range(len(found.page.records))]
        assert cursors == [slow.cursor(n) for n in range(len(slow.page.records))]
        if not found.page.has_next or not cursors:
            return
        cursor = cursors[-1]


async def test_a_list_whose_sources_are_not_all_held_is_awaited(held: World) -> None:
    await at_once(held.reading(), people(100))
    next(iter(held.sources)).tables[Collection.USERS].expire()
    found = listed(held.reading(), here, *people(100))
    assert not isinstance(found, List)
    assert len((await found()).page.records) == 90


async def test_a_source_that_the_page_does_not_come_to_need_not_be_held(held: World) -> None:
    await at_once(held.reading(), people(20))
    list(held.sources)[-1].tables[Collection.USERS].expire()
    assert isinstance(listed(held.reading(), here, *people(20)), List)


async def test_somebody_who_asks_what_reading_took_is_told_of_what_is_held(held: World) -> None:
    explanation = Explanation()
    with explanation.collecting():
        assert explain.heard()
        await waited(held.reading(), people(5))
    assert not explain.heard()


# -------------------------------------------------------------- levels


def every(made: World, collection: Collection) -> list[Record]:
    wholes = (source.tables[collection].whole for source in made.sources)
    return [record for whole in wholes if whole is not None for record in whole.rows]


@pytest.mark.parametrize("where", [None, ACTIVE, And((STUDENTS, ACTIVE)), And((TEACHERS, ACTIVE)), Not(STUDENTS)])
async def test_children_of_many_are_those_of_each(held: World, where: Predicate | None) -> None:
    parents = every(held, Collection.USERS)
    first = await come(level(held.reading()).children(RecordType.ENROLLMENT, "user_id", parents, where))
    again = level(held.reading()).children(RecordType.ENROLLMENT, "user_id", parents, where)
    assert isinstance(again, list)
    alone = [await held.reading().children(here, RecordType.ENROLLMENT, "user_id", parent, where) for parent in parents]
    assert alone == list(map(list, again)) == [list(each or ()) for each in first]


async def test_records_of_many_ids_are_those_of_each_and_what_is_not_there_is_told(held: World) -> None:
    reading, rows = held.reading(), every(held, Collection.ENROLLMENTS)
    sources, ids = [r.source for r in rows], [getattr(r, "class_id") for r in rows]  # noqa: B009
    found = level(reading).follow(RecordType.CLASS, sources, ids)
    assert isinstance(found, list)
    assert found == [await held.reading().one(RecordType.CLASS, s, i) for s, i in zip(sources, ids, strict=True)]
    assert None not in found
    assert not reading.outcomes.errors()
    some = level(reading).follow(RecordType.CLASS, ["a", "b", "a"], ["nobody", ids[-1], None])
    assert some == [None, None, None]
    assert [e.extensions and e.extensions["source"] for e in reading.outcomes.errors()] == ["a", "b"]


async def test_many_rows_are_awaited_and_others_run_meanwhile(held: World) -> None:
    rows = every(held, Collection.ENROLLMENTS)
    many = [rows[n % len(rows)] for n in range(AT_ONCE + 1)]
    turns = 0

    async def breathe() -> None:
        nonlocal turns
        turns += 1

    reader = LevelReader(held.reading(), Rows(), breathe)
    sources, ids = [r.source for r in many], [getattr(r, "class_id") for r in many]  # noqa: B009
    coming = reader.follow(RecordType.CLASS, sources, ids)
    assert not isinstance(coming, list)
    whole = await coming
    assert turns > AT_ONCE // 1000
    short = [
        level(held.reading()).follow(RecordType.CLASS, sources[n:][:999], ids[n:][:999]) for n in range(0, 5001, 999)
    ]
    assert whole == [record for part in short for record in await come(part)]


async def test_what_is_kept_of_what_was_followed_is_bounded(held: World) -> None:
    [source] = [s for s in held.sources if s.key == "a"]
    whole = source.tables[Collection.USERS].whole
    assert whole is not None
    before = whole.bytes
    ids: Sequence[str] = [f"nobody-{n}" for n in range(MOST_KNOWN + 1)]
    assert whole.named(ids) == [None] * len(ids)
    assert whole.bytes == before  # what is not there is not kept
    assert whole.named([r.sourced_id for r in whole.rows]) == list(whole.rows)
    assert whole.bytes > before
    assert all(r.status is RecordStatus.ACTIVE for r in whole.rows)


# -------------------------------------------------------------- what was read in parts


WIDE = {"capabilities": {"filter_clauses": 100, "max_url": 8000}}


@pytest.fixture
def parted(world: MakeWorld) -> World:
    """A source of which windows, and children of a few, are asked for rather than all that there is."""
    district = exact_district(5, users=200, classes=20, courses=10, enrollments=1000)
    return world({"a": WIDE}, a=make_server("wide", district))


async def test_a_window_that_was_read_is_there_at_once_and_is_the_same(parted: World) -> None:
    first = await come_list(listed(parted.reading(), here, *people(50)))
    query = people(50, cursor=first.cursor(49))
    read = await come_list(listed(parted.reading(), here, *query))
    requests = parted.requests("a")
    one, other = parted.reading(), parted.reading()
    again, slow = listed(one, here, *query), await waited(other, query)
    assert isinstance(again, List)
    assert again.page == slow.page == read.page
    assert one.outcomes.extension() == other.outcomes.extension()
    assert [again.cursor(n) for n in range(50)] == [slow.cursor(n) for n in range(50)]
    assert parted.requests("a") == requests
    assert all(source.tables[Collection.USERS].whole is None for source in parted.sources)


async def test_a_window_that_is_too_old_is_read_again(parted: World) -> None:
    await come_list(listed(parted.reading(), here, *people(50)))
    for source in parted.sources:
        source.tables[Collection.USERS].expire()
    assert not isinstance(found := listed(parted.reading(), here, *people(50)), List)
    assert len((await found()).page.records) == 50


@pytest.mark.parametrize("where", [None, ACTIVE, And((STUDENTS, ACTIVE)), And((TEACHERS, ACTIVE))])
async def test_children_that_were_read_are_there_at_once(parted: World, where: Predicate | None) -> None:
    page = await come_list(listed(parted.reading(), here, *people(50)))
    asked = RecordType.ENROLLMENT, "user_id"
    first = await come(level(parted.reading()).children(*asked, page.page.records, where))
    reading = parted.reading()
    again = level(reading).children(*asked, page.page.records[::-1], where)
    assert isinstance(again, list)
    assert again[::-1] == first
    assert reading.outcomes.extension() == {"counts": {"FRESH": 1}, "notFresh": []}
    assert all(source.tables[Collection.ENROLLMENTS].whole is None for source in parted.sources)
    others = await come_list(listed(parted.reading(), here, *people(51)))
    assert not isinstance(coming := level(parted.reading()).children(*asked, others.page.records, where), list)
    assert (await coming)[:50] == first


async def test_records_that_were_read_by_themselves_are_there_at_once(parted: World) -> None:
    page = await come_list(listed(parted.reading(), here, *people(50)))
    ids = [record.sourced_id for record in page.page.records]
    for source in parted.sources:  # as for the records of enrollments
        assert source.tables[Collection.USERS].named(ids) == list(page.page.records)
    found = level(parted.reading()).follow(RecordType.USER, ["a"] * 51, [*ids, None])
    assert found == [*page.page.records, None]
    coming = level(parted.reading()).follow(RecordType.USER, ["a"], ["nobody"])
    assert not isinstance(coming, list)
    assert await coming == [None]
    reading = parted.reading()
    assert level(reading).follow(RecordType.USER, ["a"], ["nobody"]) == [None]  # known to be absent now
    assert len(reading.outcomes.errors()) == 1


async def test_what_was_foreseen_in_vain_is_not_weighed_again_until_something_is_learned(parted: World) -> None:
    [source] = parted.sources
    ahead = (Ahead(RecordType.ENROLLMENT, "user_id", children=True),)
    query = people(50, ahead=ahead)

    async def begun() -> int:
        """Tasks that a list begins beside itself."""
        before = asyncio.all_tasks()
        found = listed(parted.reading(), here, *query)
        tasks = asyncio.all_tasks() - before
        await come_list(found)
        await asyncio.gather(*tasks)
        return len(tasks)

    assert await begun() == 1
    await begun()  # the people's page may have shown something
    assert await begun() == 0
    source.tables[Collection.ENROLLMENTS].size = 60
    assert await begun() == 1
