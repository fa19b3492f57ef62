"""Scans over a collection that changes while it is read, without HTTP."""

import asyncio
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import scanning
from adapters.dialect import Capabilities
from adapters.errors import PagingBroken
from adapters.paging import PageSeen, next_offset
from adapters.records import Org, Record, RecordStatus
from adapters.scanning import Fetched, Page, pages

pytestmark = pytest.mark.anyio


def org(sourced_id: int) -> Org:
    return Org(source="s", sourced_id=f"{sourced_id:04}", status=RecordStatus.ACTIVE)


def after(seen: PageSeen) -> int | None:
    return next_offset(seen, Capabilities(), source="s")


class Book:
    """A collection in the order of its ids, that loses some before each page but the first."""

    def __init__(self, size: int, limit: int, *, total: bool, leaving: tuple[list[int], ...] = ()) -> None:
        self.rows = list(range(size))
        self.limit, self.total, self.leaving = limit, total, list(leaving)
        self.stayed = set(self.rows)
        self.asked = 0

    async def fetch(self, offset: int) -> Fetched:
        for at in self.leaving.pop(0) if self.asked and self.leaving else ():
            if self.rows:
                self.stayed.discard(self.rows.pop(at % len(self.rows)))
        self.asked += 1
        rows = self.rows[offset : offset + self.limit]
        seen = PageSeen(
            received=len(rows),
            limit=self.limit,
            offset=offset,
            total=len(self.rows) if self.total else None,
            new=len(rows),
        )
        page = Page(tuple(map(org, rows)), (), len(rows), seen.total, True, None)
        return Fetched(page, seen, frozenset(r.sourced_id for r in page.records))


async def read(book: Book, most: int = 1000) -> list[Record]:
    return [r async for page in pages("s", "orgs", book.fetch, after, 0, most) for r in page.records]


@given(st.integers(0, 40), st.integers(1, 12), st.booleans())
def test_a_collection_that_stands_still_is_read_whole(size: int, limit: int, total: bool) -> None:
    book = Book(size, limit, total=total)
    assert asyncio.run(read(book)) == [org(n) for n in range(size)]


@given(
    st.integers(0, 40),
    st.integers(1, 12),
    st.lists(st.lists(st.integers(0, 50), min_size=1, max_size=3), max_size=4),
)
def test_what_stays_while_others_leave_is_read_once(size: int, limit: int, leaving: list[list[int]]) -> None:
    book = Book(size, limit, total=True, leaving=tuple(leaving))
    found = [r.sourced_id for r in asyncio.run(read(book))]
    assert len(found) == len(set(found))
    assert {f"{n:04}" for n in book.stayed} <= set(found)


async def test_a_source_that_never_ends_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "MAX_REQUESTS", 7)
    numbers = count()

    async def fetch(offset: int) -> Fetched:
        one = org(next(numbers))
        page = Page((one,), (), 1, None, True, None)
        return Fetched(page, PageSeen(received=1, limit=1, offset=offset, new=1), frozenset({one.sourced_id}))

    with pytest.raises(PagingBroken, match="more than 7 pages"):
        async for _ in pages("s", "orgs", fetch, after, 0, 1000):
            pass
    assert next(numbers) == 7


async def test_a_collection_larger_than_its_settings_allow_is_left() -> None:
    with pytest.raises(PagingBroken, match="25 records"):
        await read(Book(40, 10, total=True), most=25)
