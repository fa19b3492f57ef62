"""Pages one after another up to a proven end. Sends nothing itself: it is given the function that fetches a page."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from adapters.errors import PagingBroken
from adapters.paging import PageSeen
from adapters.predicate import Predicate
from adapters.records import Record, Rejected

MAX_REQUESTS = 10_000
"""Of one scan."""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """One page of a route's records that satisfy `where`. limit: None asks for as many as the source serves at once."""

    endpoint: str
    ids: tuple[str, ...] = ()
    where: Predicate | None = None
    limit: int | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """records: those of this page that satisfy what was asked. rejected: those that could not be read. received: how
    many records the source sent. total: how many it says there are; of what was asked, if `exact`, else of more.
    next_offset: where the next page starts; None at the end.
    """

    records: tuple[Record, ...]
    rejected: tuple[Rejected, ...]
    received: int
    total: int | None
    exact: bool
    next_offset: int | None


NOTHING = Page((), (), 0, 0, exact=True, next_offset=None)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page as it came. ids: of all its records, those that do not satisfy what was asked among them. nameless: how
    many had none that could be read. filtered: it was asked for with a filter.
    """

    page: Page
    seen: PageSeen
    ids: frozenset[str] = frozenset()
    nameless: int = 0
    filtered: bool = False


Fetch: TypeAlias = Callable[[int], Awaitable[Fetched]]
After: TypeAlias = Callable[[PageSeen], int | None]


async def pages(
    source: str, name: str, fetch: Fetch, after: After, start: int, most: int
) -> AsyncGenerator[Page, None]:
    """Every page from offset `start` on, each sourcedId once.

    Where the total fell since the page before, records have moved up, and as many of them as it fell by may have
    slipped over the border: those are read again.

    fetch: the page at an offset. after: the offset after a page, None at the end. most: records, above which the
    reading is given up.

    Raises:
        PagingBroken: pages repeat, end before the total they claim, or do not end.
    """
    known: set[str] = set()
    offset, total, repeating_until = start, None, -1
    for _ in range(MAX_REQUESTS):
        fetched = await fetch(offset)
        seen = fetched.seen
        if seen.received == 0 and seen.total is not None and seen.total > offset and not fetched.filtered:
            raise PagingBroken(source, f"{name}: {seen.total} records are claimed, none came after {offset}")
        fresh = tuple(r for r in fetched.page.records if r.sourced_id not in known)
        new = len(fetched.ids - known) + fetched.nameless
        following = after(replace(seen, new=max(new, 1) if offset < repeating_until else new))
        known |= fetched.ids
        if len(known) > most:
            break
        if total is not None and seen.total is not None and seen.total < total and offset > start:
            repeating_until = offset + seen.received
            following = max(start, offset - (total - seen.total))
        total = seen.total
        yield replace(fetched.page, records=fresh, next_offset=following)
        if following is None:
            return
        offset = following
    raise PagingBroken(source, f"{name}: more than {MAX_REQUESTS} pages or {most} records")
