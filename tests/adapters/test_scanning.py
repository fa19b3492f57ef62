"""Scans over a collection that changes while it is read, without HTTP."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import aclosing
from itertools import count

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from adapters import scanning
from adapters.coverage import Proof
from adapters.dialect import Capabilities
from adapters.errors import PagingBroken
from adapters.paging import Came, PageSeen, next_offset
from adapters.scanning import Fetched, Page, Scan, Scanned
from adapters.stepping import pages, stride
from tests.adapters.book import Book, Change, after, org

pytestmark = pytest.mark.anyio

sizes = st.integers(0, 60)
limits = st.integers(1, 12)
delays = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=8)
changes: st.SearchStrategy[Change] = st.tuples(st.sampled_from(["join", "leave"]), st.integers(0, 700))
quiet: st.SearchStrategy[list[Change]] = st.just([])
one_at_a_time = st.lists(st.one_of(quiet, quiet, changes.map(lambda c: [c])), max_size=12)
several = st.lists(st.one_of(quiet, quiet, st.lists(changes, max_size=4)), max_size=12)


async def finish(scan: Scan) -> tuple[list[Page], Scanned]:
    return [page async for page in scan.pages()], scan.result()


def ids(scanned: Scanned) -> list[str]:
    return [r.sourced_id for r in scanned.records]


def read(book: Book, at_once: int) -> Scanned:
    """The scan, with all that holds of every scan."""
    try:
        pages, scanned = asyncio.run(finish(book.scan(at_once=at_once)))
    except PagingBroken as error:
        event(f"broken: {error.message}")
        return Scanned((), (), None, error.message, None, None, 0, 0)
    found = ids(scanned)
    assert len(found) == len(set(found))
    assert set(found) <= book.ever
    yielded = Counter(r.sourced_id for page in pages for r in page.records)
    assert set(found) <= set(yielded) <= book.ever
    assert max(yielded.values(), default=1) == 1
    assert book.peak <= at_once
    assert scanned.requests == len(book.asked)
    assert scanned.attempts <= 1 + scanning.REPEATS
    assert scanned.complete is (scanned.reason is None)
    event(f"{scanned.proof and scanned.proof.name}, {scanned.attempts} attempts")
    return scanned


# ---------------------------------------------------------------- collections that stand still


@given(sizes, limits, st.integers(1, 8), delays, st.booleans())
def test_a_known_total_takes_no_more_requests_than_it_has_pages(
    size: int, limit: int, at_once: int, delays: list[tuple[int, int]], ordered: bool
) -> None:
    book = Book(size, limit, delays=delays, ordered=ordered)
    scanned = read(book, at_once)
    assert (set(ids(scanned)), scanned.proof, scanned.total) == (book.throughout, Proof.TOTAL, size)
    assert (scanned.requests, scanned.attempts) == (max(1, -(-size // limit)), 1)


@given(sizes, st.integers(2, 12), delays)
def test_without_a_total_the_pages_come_one_by_one_each_with_the_last_record_of_the_one_before(
    size: int, limit: int, delays: list[tuple[int, int]]
) -> None:
    book = Book(size, limit, total=False, delays=delays)
    scanned = read(book, 8)
    assert (set(ids(scanned)), scanned.proof, book.peak) == (book.throughout, Proof.EMPTY_PAGE, 1)
    assert (scanned.requests, scanned.attempts) == (1 + (size > 0) + -(-max(0, size - limit) // (limit - 1)), 1)
    assert book.asked[2:] == [min(book.asked[1] * n, size - 1) for n in range(2, scanned.requests)]


async def test_pages_of_one_record_overlap_nowhere_and_are_read_twice() -> None:
    book = Book(5, 10, total=False, clamp=1)
    _, scanned = await finish(book.scan())
    assert (set(ids(scanned)), scanned.complete, scanned.attempts) == (book.throughout, True, 2)
    one = Book(1, 10, total=False)
    _, scanned = await finish(one.scan())
    assert (scanned.complete, one.asked) == (True, [0, 1])


@given(st.integers(1, 60), st.integers(2, 12), st.integers(1, 12), delays)
def test_a_server_that_clamps_loses_nothing_and_is_asked_once_for_each_page_it_serves(
    size: int, limit: int, clamp: int, delays: list[tuple[int, int]]
) -> None:
    book = Book(size, limit, clamp=clamp, delays=delays)
    scanned = read(book, 4)
    assert (set(ids(scanned)), scanned.proof) == (book.throughout, Proof.TOTAL)
    assert scanned.requests == -(-size // min(limit, clamp))


async def test_the_rest_of_a_page_that_was_cut_in_the_middle_is_asked_for() -> None:
    book = Book(40, 10)

    async def fetch(offset: int, limit: int | None) -> Fetched:
        book.clamp = 3 if offset == 20 and limit == 10 else None
        return await book.fetch(offset, limit)

    book_scan = Scan("s", "orgs", fetch, after, start=0, most=100, at_once=lambda: 4, sorts=True)
    _, scanned = await finish(book_scan)
    assert (len(scanned.records), scanned.proof, scanned.requests) == (40, Proof.TOTAL, 5)


async def test_as_many_pages_are_under_way_as_may_be_and_the_first_alone() -> None:
    book = Book(100, 10, delays=[(3, 0)])
    _, scanned = await finish(book.scan(at_once=4))
    assert (book.peak, scanned.requests) == (4, 10)


async def test_no_page_is_asked_for_before_the_first_was_taken() -> None:
    book = Book(100, 10)
    async with aclosing(book.scan().pages()) as pages:
        first = await anext(pages)
        await asyncio.sleep(0.01)
        assert (book.asked, first.total, len(first.records)) == ([0], 100, 10)
    assert book.asked == [0]


async def test_a_scan_that_is_left_leaves_no_request_under_way() -> None:
    before = asyncio.all_tasks()
    book = Book(100, 10, delays=[(0, 0), (0, 0), (50, 0)])
    scan = book.scan()
    async with aclosing(scan.pages()) as pages:
        await anext(pages)
        await anext(pages)
    assert asyncio.all_tasks() == before
    assert not scan.result().complete


async def test_one_page_that_fails_ends_the_others() -> None:
    before = asyncio.all_tasks()
    book = Book(100, 10, delays=[(0, 0), (20, 0)])

    async def fetch(offset: int, limit: int | None) -> Fetched:
        if offset == 30:
            raise PagingBroken("s", "no")
        return await book.fetch(offset, limit)

    scan = Scan("s", "orgs", fetch, after, start=0, most=1000, at_once=lambda: 4, sorts=True)
    with pytest.raises(PagingBroken, match="no"):
        await finish(scan)
    assert asyncio.all_tasks() == before


async def test_progress_tells_how_far_it_is() -> None:
    scan = Book(25, 10).scan()
    told = [(scan.progress.received, scan.progress.total, scan.progress.requests) async for _ in scan.pages()]
    assert (told[0], told[-1]) == ((10, 25, 1), (25, 25, 3))


# ---------------------------------------------------------------- collections that change


@settings(max_examples=400)
@given(sizes, limits, st.integers(1, 8), one_at_a_time, delays, st.booleans())
def test_a_scan_called_complete_holds_all_that_stayed_when_the_total_tells_of_changes(
    size: int, limit: int, at_once: int, changes: list[list[Change]], delays: list[tuple[int, int]], ordered: bool
) -> None:
    book = Book(size, limit, changes=changes, delays=delays, ordered=ordered)
    scanned = read(book, at_once)
    if scanned.complete:
        assert book.throughout <= set(ids(scanned))


@settings(max_examples=400)
@given(sizes, limits, st.integers(1, 8), several, delays, st.booleans(), st.booleans())
def test_a_scan_called_complete_holds_all_that_stayed_when_a_revision_tells_of_changes(
    size: int,
    limit: int,
    at_once: int,
    changes: list[list[Change]],
    delays: list[tuple[int, int]],
    ordered: bool,
    total: bool,
) -> None:
    """Also of those where as many leave as join."""
    book = Book(size, limit, total=total, revision=True, changes=changes, delays=delays, ordered=ordered)
    scanned = read(book, at_once)
    if scanned.complete:
        assert book.throughout <= set(ids(scanned))


@settings(max_examples=200, deadline=None)
@given(sizes, limits, several, st.booleans())
def test_a_scan_called_complete_holds_all_that_stayed_whoever_joins_and_leaves_a_source_without_totals(
    size: int, limit: int, changes: list[list[Change]], ordered: bool
) -> None:
    book = Book(size, limit, total=False, changes=changes, ordered=ordered)
    scanned = read(book, 4)
    if scanned.complete:
        assert book.throughout <= set(ids(scanned))


@settings(max_examples=200, deadline=None)
@given(st.integers(5, 12), st.integers(1, 8), st.data(), delays, st.booleans())
def test_a_scan_called_complete_holds_all_that_stayed_though_as_many_leave_as_join_where_pages_overlap(
    limit: int, at_once: int, data: st.DataObject, delays: list[tuple[int, int]], ordered: bool
) -> None:
    size = data.draw(st.sampled_from([n for n in range(limit + 1, 60) if stride(n, limit) < limit]))
    places = st.integers(0, 700)
    swaps = st.tuples(places, places).map(lambda at: [("join", at[0]), ("leave", at[1])])
    book = Book(size, limit, changes=data.draw(st.lists(quiet | swaps, max_size=12)), delays=delays, ordered=ordered)
    scanned = read(book, at_once)
    if scanned.complete:
        assert book.throughout <= set(ids(scanned))


@settings(deadline=None)
@given(st.integers(4, 60), st.integers(4, 12), st.integers(0, 6), st.integers(0, 700), st.booleans())
def test_one_record_that_leaves_a_source_without_totals_costs_a_page_or_two(
    size: int, limit: int, when: int, where: int, ordered: bool
) -> None:
    quiet = Book(size, limit, total=False, ordered=ordered)
    undisturbed = read(quiet, 1).requests
    book = Book(size, limit, total=False, changes=[*([[]] * when), [("leave", where)]], ordered=ordered)
    scanned = read(book, 1)
    assert (scanned.complete, scanned.attempts) == (True, 1)
    assert book.throughout <= set(ids(scanned))
    assert scanned.requests <= undisturbed + 2


@pytest.mark.parametrize(("page", "strides"), [(100, 99), (10, 9)])
def test_pages_overlap_beside_a_total_where_that_costs_next_to_nothing(page: int, strides: int) -> None:
    for total in range(1, 40 * page):
        asked = stride(total, page)
        assert asked in (page, strides)
        more = pages(total, page, asked) - -(-total // page)
        assert 0 <= more * 50 <= -(-total // page)
        assert (
            asked == strides or total <= page or (pages(total, page, strides) - -(-total // page)) * 50 > total / page
        )


@given(st.integers(20, 60), st.integers(3, 12), st.integers(1, 8), delays, changes, st.integers(0, 8), st.booleans())
def test_one_change_is_mended(
    size: int, limit: int, at_once: int, delays: list[tuple[int, int]], change: Change, when: int, revision: bool
) -> None:
    """A collection in the order of its ids is mended where it was torn; the rest is not read again."""
    moments: list[list[Change]] = [[] for _ in range(when)]
    book = Book(size, limit, changes=[*moments, [change]], delays=delays, revision=revision)
    scanned = read(book, at_once)
    assert scanned.complete
    assert book.throughout <= set(ids(scanned))
    if at_once == 1:
        assert scanned.requests <= -(-(size + 1) // limit) + 2


async def test_an_order_that_is_not_that_of_the_ids_is_read_anew_after_a_change() -> None:
    book = Book(35, 10, ordered=False, changes=[[("leave", 3)]])
    _, scanned = await finish(book.scan())
    assert (scanned.proof, scanned.attempts, scanned.requests) == (Proof.TOTAL, 2, 8)
    assert set(ids(scanned)) == book.throughout


@pytest.mark.parametrize("ordered", [True, False])
async def test_a_collection_that_never_stands_still_is_not_called_complete(ordered: bool) -> None:
    book = Book(95, 10, ordered=ordered, changes=[[("leave", 3)] if n % 2 else [("join", 4)] for n in range(500)])
    _, scanned = await finish(book.scan())
    assert (scanned.complete, scanned.attempts) == (False, 4)
    assert scanned.reason is not None
    assert scanned.reason.startswith("the collection changed while it was read: its total went from 95 to")
    assert len(scanned.records) > 80


async def test_a_total_larger_than_what_is_served_is_told_after_a_second_look() -> None:
    book = Book(25, 10, claims=3)
    _, scanned = await finish(book.scan())
    assert (scanned.complete, scanned.reason) == (False, "28 records are claimed, 25 came")
    assert (len(scanned.records), scanned.attempts) == (25, 2)


# ---------------------------------------------------------------- servers with ways of their own

Serve = Callable[[int, int], list[str]]


def scan_of(
    serve: Serve,
    total: int | None,
    limit: int = 10,
    *,
    filtered: bool = False,
    sorts: bool = False,
    short: bool = False,
    overlaps: bool = True,
) -> Scan:
    """short: a short page is the last."""
    can = Capabilities(short_page_ends=short)

    async def fetch(offset: int, asked: int | None) -> Fetched:
        rows = serve(offset, asked or limit)
        seen = PageSeen(received=len(rows), limit=asked or limit, offset=offset, total=total, new=len(rows))
        came = Came(seen, tuple(rows), rows[-1] if rows else None, filtered=filtered)
        return Fetched(Page(tuple(map(org, rows)), (), len(rows), total, True, None), came)

    def after(seen: PageSeen) -> int | None:
        return next_offset(seen, can, source="s")

    return Scan("s", "orgs", fetch, after, start=0, most=1000, at_once=lambda: 4, sorts=sorts, overlaps=overlaps)


@pytest.mark.parametrize("total", [True, False])
@pytest.mark.parametrize("size", [55, 60])
async def test_a_server_that_rounds_offsets_down_to_whole_pages_is_found_out_and_read_whole(
    size: int, total: bool
) -> None:
    rows = SIXTY[:size]
    scan = scan_of(lambda o, n: rows[o // n * n : o // n * n + n], size if total else None, short=True)
    _, scanned = await finish(scan)
    assert (scanned.complete, ids(scanned), scan.overlaps) == (True, rows, total and stride(size, 10) == 10)
    assert scanned.requests <= 16
    again = scan_of(
        lambda o, n: rows[o // n * n : o // n * n + n], size if total else None, short=True, overlaps=scan.overlaps
    )
    _, scanned = await finish(again)
    assert (scanned.complete, ids(scanned)) == (True, rows)
    assert scanned.requests == (6 if total else 12 if size == 55 else 14)


def cut(rows: list[str]) -> Serve:
    return lambda offset, limit: rows[offset : offset + limit]


SIXTY = [f"{n:03}" for n in range(60)]


async def test_an_order_that_differs_from_page_to_page_is_not_called_complete() -> None:
    calls = count(1)

    def shaken(offset: int, limit: int) -> list[str]:
        shift = next(calls) * 7
        return [*SIXTY[shift % 60 :], *SIXTY[: shift % 60]][offset : offset + limit]

    _, scanned = await finish(scan_of(shaken, 60))
    assert not scanned.complete
    assert scanned.reason is not None
    assert "came twice" in scanned.reason
    assert scanned.attempts == 4


@pytest.mark.parametrize("total", [61, None])
async def test_a_record_that_the_source_has_twice_is_there_once_and_no_tear(total: int | None) -> None:
    _, scanned = await finish(scan_of(cut([*SIXTY[:20], "003", *SIXTY[20:]]), total))
    assert (scanned.complete, ids(scanned), scanned.attempts) == (True, SIXTY, 2)


async def test_a_record_that_is_twice_on_one_page_needs_no_second_look() -> None:
    _, scanned = await finish(scan_of(cut([*SIXTY[:5], "003", *SIXTY[5:]]), 61))
    assert (scanned.proof, ids(scanned), scanned.attempts) == (Proof.TOTAL, SIXTY, 1)


@pytest.mark.parametrize("total", [60, None])
async def test_a_server_that_ignores_the_offset_is_left_at_once(total: int | None) -> None:
    scan = scan_of(lambda offset, limit: SIXTY[:limit], total)
    _, scanned = await finish(scan)
    assert (scanned.proof, scanned.reason) == (None, "a page without any new sourcedId: the server repeats itself")
    assert 0 < len(scanned.records) < len(SIXTY)
    assert scan.progress.requests <= 5


async def test_a_total_of_all_records_does_not_hold_for_those_that_a_filter_leaves() -> None:
    few = scan_of(cut(SIXTY[:7]), 6000, filtered=True)
    _, scanned = await finish(few)
    assert (scanned.proof, len(scanned.records), scanned.requests) == (Proof.EMPTY_PAGE, 7, 2)
    _, scanned = await finish(scan_of(cut(SIXTY[:37]), 60, filtered=True))
    assert (scanned.proof, len(scanned.records)) == (Proof.EMPTY_PAGE, 37)


async def test_a_filtered_page_that_the_server_cut_is_followed_by_the_others() -> None:
    _, scanned = await finish(scan_of(lambda o, n: SIXTY[o : o + min(n, 7)], 60, filtered=True))
    assert (scanned.proof, len(scanned.records), scanned.requests) == (Proof.TOTAL, 60, 9)


async def test_a_source_that_never_ends_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "MAX_REQUESTS", 7)
    numbers = count()
    scan = scan_of(lambda offset, limit: [f"{next(numbers)}"], None)
    with pytest.raises(PagingBroken, match="more than 7 pages"):
        await finish(scan)
    assert scan.progress.requests == 7


async def test_a_collection_larger_than_its_settings_allow_is_left_after_its_first_page() -> None:
    book = Book(40, 10)
    with pytest.raises(PagingBroken, match="25 records"):
        await finish(book.scan(most=25))
    assert book.asked == [0]
    untold = Book(40, 10, total=False)
    with pytest.raises(PagingBroken, match="25 records"):
        await finish(untold.scan(most=25))
    assert untold.asked == [0, 9, 18]
