"""A scan: every page of a collection, several at once, up to a proven end. Sends nothing itself: it is given the
function that fetches a page. What the pages prove is decided in `adapters.coverage`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial, reduce
from operator import attrgetter, or_
from typing import Any, TypeAlias

from adapters import freeing
from adapters.caching import UNSAID, CacheControl, Mark
from adapters.coverage import Coverage, Proof, Verdict
from adapters.errors import PagingBroken
from adapters.gathering import Gathered, Ids
from adapters.paging import Came, Window
from adapters.predicate import Predicate
from adapters.records import Record, Rejected
from adapters.stepping import After

MAX_REQUESTS = 10_000
"""Of one scan."""

REPEATS = 3
"""How often a torn scan is mended or begun anew."""

_ID = attrgetter("sourced_id")

_REPEATS = Verdict(None, "a page without any new sourcedId: the server repeats itself", final=True)


@dataclass(frozen=True, slots=True)
class PageRequest:
    """One page of a route's records that satisfy `where`. limit: None asks for as many as the source serves at once.

    passing: of a scan, the records are left to who looks at its pages; its result has none. after: only those behind
    this sourcedId, by the source's own order; what comes is tested by ours.
    """

    endpoint: str
    ids: tuple[str, ...] = ()
    where: Predicate | None = None
    limit: int | None = None
    offset: int = 0
    passing: bool = False
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """records: those of this page that satisfy what was asked. rejected: those that could not be read. received: how
    many records the source sent. total: how many it says there are; of what was asked, if `exact`, else of more.
    next_offset: where the next page starts; None at the end, and of a page that belongs to a scan.
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
    """A page, and what of it counts for a scan. mark: by which to ask later whether it changed."""

    page: Page
    came: Came
    mark: Mark | None = None
    said: CacheControl = UNSAID


@dataclass(frozen=True, slots=True)
class Progress:
    """received: different records so far. total: how many the source says there are, of more than what was asked where
    it filters otherwise. requests: sent so far.
    """

    received: int
    total: int | None
    requests: int


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scan found, in no order. Each sourcedId is there once; every record was there at some time during the
    scan, and if it is complete, all are that were there throughout.

    proof: what shows that it is complete, None if nothing does; then `reason` says why not. total: as last told, of
    more than what was asked where the source filters otherwise. revision: as last told. attempts: 1, and one for each
    time that it was mended or begun anew. marks: of its pages, to ask later whether they changed. sent: records that
    came over the wire; unchanged: those that did not, being as they were. said: what the source says of holding them.
    """

    records: Collection[Record]
    rejected: tuple[Rejected, ...]
    proof: Proof | None
    reason: str | None
    total: int | None
    revision: str | None
    requests: int
    attempts: int
    marks: tuple[Mark, ...] = ()
    sent: int = 0
    unchanged: int = 0
    said: CacheControl = UNSAID

    @property
    def complete(self) -> bool:
        return self.proof is not None


def joined(parts: Sequence[Scanned]) -> Scanned:
    """Scans that stand for one list together; none at all is a list that is known to be empty."""
    if len(parts) == 1:
        return parts[0]
    reason = next((p.reason for p in parts if p.proof is None), None)
    records = {r.sourced_id: r for p in parts for r in p.records}
    return Scanned(
        tuple(records.values()),
        tuple(r for p in parts for r in p.rejected),
        Proof.PARTS if reason is None else None,
        reason,
        total=None,
        revision=parts[-1].revision if parts else None,
        requests=sum(p.requests for p in parts),
        attempts=max((p.attempts for p in parts), default=1),
        sent=sum(p.sent for p in parts),
        said=reduce(or_, (p.said for p in parts), UNSAID),
    )


Fetch: TypeAlias = Callable[[int, int | None], Coroutine[Any, Any, Fetched]]
"""The page at an offset, of a limit; of the scan's own limit if that is None."""


class Scan:
    """One scan, to be iterated once: `pages`, then `result`.

    after: the offset after a page, None at the end. most: records, above which the reading is given up. at_once: how
    many pages may be under way just now. sorts: the source is asked for the order of the ids. overlaps: its pages may
    begin at any record. reaches: those that are asked for side by side do overlap, or do not; None where cost decides.
    keeps: the records are wanted in the result too.
    """

    def __init__(
        self,
        source: str,
        name: str,
        fetch: Fetch,
        after: After,
        *,
        start: int,
        most: int,
        at_once: Callable[[], int],
        sorts: bool,
        overlaps: bool = True,
        reaches: bool | None = None,
        keeps: bool = True,
    ) -> None:
        freeing.prepare()
        self._source = source
        self._name = name
        self._fetch = fetch
        self._most = most
        self._at_once = at_once
        self._anew = partial(Coverage, start, after, sorts=sorts)
        self._coverage = self._anew(overlaps=overlaps, reaches=reaches)
        self._keeps = keeps
        self._records = Gathered()
        self._rejected: dict[object, Rejected] = {}
        self._unread: set[str] = set()
        self._earlier: list[Ids] = []
        self._marks: dict[str, Mark] = {}
        self._sent = 0
        self._unchanged = 0
        self._said = UNSAID
        self._requests = 0
        self.attempts = 1
        self.overlaps = overlaps
        self._stopped: Verdict | None = None
        self._proof: Proof | None = None
        self._reason: str | None = "it was not read to its end"

    @property
    def progress(self) -> Progress:
        return Progress(self._coverage.received, self._coverage.total, self._requests)

    async def pages(self) -> AsyncGenerator[Page, None]:
        """The pages as they come, in any order but the first one first; each sourcedId once, whatever is read again.

        No second page is asked for before the first was taken. Close it (`aclosing`) if you leave early.

        Raises:
            PagingBroken: there is no end to it, or more than `most`.
            SourceError: as `fetch` raises.
        """
        previous: Coverage | None = None
        while True:
            async with aclosing(self._read()) as pages:
                async for page in pages:
                    yield page
            verdict = self._stopped or self._verdict(previous)
            self._proof, self._reason = verdict.proof, verdict.reason or None
            if verdict.proof or verdict.final or self.attempts > REPEATS:
                return
            self.attempts += 1
            if verdict.again:
                self._coverage.mend(verdict.again)
            else:
                self._earlier.append(self._coverage.ids)
                previous, self._coverage = self._coverage, self._anew(overlaps=self.overlaps)
                self._records = Gathered()
                for found in (self._rejected, self._unread, self._marks):
                    found.clear()
                self._unchanged = 0

    def _verdict(self, previous: Coverage | None) -> Verdict:
        if not self._coverage.repeats:
            return self._coverage.verdict(previous)
        if not self._coverage.could_be_rounded:
            return _REPEATS
        self.overlaps = False  # it may round an offset down to where a whole page begins
        return Verdict(None, _REPEATS.reason)

    def result(self) -> Scanned:
        """What was found; where a scan was begun anew, by its last reading."""
        return Scanned(
            self._records,
            tuple(self._rejected.values()),
            self._proof,
            self._reason,
            self._coverage.total,
            self._coverage.revision,
            self._requests,
            self.attempts,
            tuple(self._marks.values()),
            self._sent,
            self._unchanged,
            self._said,
        )

    async def _read(self) -> AsyncGenerator[Page, None]:
        """The pages that the coverage wants, until it wants no more."""
        coverage = self._coverage
        under_way: dict[asyncio.Task[Fetched], tuple[Window, int]] = {}
        try:
            while True:
                while len(under_way) < self._at_once() and (window := coverage.next_window()) is not None:
                    if self._requests == MAX_REQUESTS:
                        self._too_long()
                    self._requests += 1
                    task = asyncio.create_task(self._fetch(window.offset, window.limit))
                    under_way[task] = window, coverage.answers
                if not under_way:
                    return
                await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                for task in [task for task in under_way if task.done()]:
                    fetched = task.result()
                    try:
                        window, asked = under_way.pop(task)
                        known = coverage.take(fetched.came, window, asked)
                        self.overlaps &= coverage.overlaps
                    except PagingBroken as broken:
                        self._stopped = Verdict(None, broken.message, final=True)
                        return
                    page = self._fresh(fetched, known, window)
                    self._note(fetched)
                    if coverage.received > self._most:
                        self._too_long()
                    yield page
                if (coverage.total or 0) > self._most and not fetched.came.filtered:
                    self._too_long()
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    def _note(self, fetched: Fetched) -> None:
        if fetched.mark is not None:
            self._marks[fetched.mark.url] = fetched.mark
        if fetched.came.unchanged:
            self._unchanged += fetched.page.received
        else:
            self._sent += fetched.page.received
        self._said |= fetched.said

    def _fresh(self, fetched: Fetched, known: set[str], window: Window) -> Page:
        """The page without what was yielded before. What is read again counts as it came last.

        known: ids of it that had come before, in this reading.
        """
        page = fetched.page
        fresh = [r for r in page.records if r.sourced_id not in known] if known else page.records
        first = dict(zip(map(_ID, fresh), fresh, strict=True))
        records = page.records if len(first) == len(page.records) else tuple(first.values())
        if self._keeps:
            self._gather(page, records, known, anew=len(known) > window.overlap)
        places = ((fetched.came.seen.offset, n) for n in range(len(page.rejected)))
        self._rejected.update((r.sourced_id or at, r) for r, at in zip(page.rejected, places, strict=True))
        odd = {r.sourced_id for r in page.rejected if r.sourced_id is not None}
        self._unread |= odd - known - first.keys()
        before = known.union(*(ids.known({*first, *odd}) for ids in self._earlier))
        if len(before) > len(known):
            records = tuple(r for r in records if r.sourced_id not in before)
        rejected = tuple(
            r for r in page.rejected if (self.attempts == 1 if r.sourced_id is None else r.sourced_id not in before)
        )
        return replace(page, records=records, rejected=rejected, next_offset=None)

    def _gather(self, page: Page, first: tuple[Record, ...], known: set[str], anew: bool) -> None:
        """anew: what came before counts as it is on this page; else that came again only to show that pages join up."""
        self._records.add(first)
        for record in page.records if known else ():
            if record.sourced_id in self._unread:
                self._unread.remove(record.sourced_id)
                self._records.add((record,))
            elif anew and record.sourced_id in known:
                self._records.replace(record)

    def _too_long(self) -> None:
        self._broken(f"more than {MAX_REQUESTS} pages or {self._most} records")

    def _broken(self, what: str) -> None:
        raise PagingBroken(self._source, f"{self._name}: {what}")
