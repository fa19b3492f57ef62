"""What the pages of a collection cover, in whatever order they come, and whether they prove that nothing is missing.

Pure: `adapters.scanning` asks for the windows that are wanted here and hands in what came.

A collection may change between two pages. It shows where the source tells a total or a revision, and where each page
begins with the last record of the one before (`adapters.stepping`): always without a total, and with one where that
costs next to nothing. Where it changed, the pages join up only if between asking for the one and having the other
nothing else was told, or if the collection is in the order of its ids and the range of ids of the one reaches into the
other's.

What cannot be seen: that as many records left as joined between two answers of a source that
tells totals and no revision, where pages do not overlap.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from operator import lt

from adapters.freeing import free
from adapters.gathering import Ids
from adapters.paging import Came, PageSeen, Window
from adapters.stepping import TORN, After, Steps, stride


class Proof(StrEnum):
    """What shows that a collection was read to its end."""

    TOTAL = "as many came as the source says there are"
    LINK = "the last page's Link header names no next one"
    SHORT_PAGE = "the last page was short, which ends a list of this source"
    EMPTY_PAGE = "nothing came after the last record"
    AT_ONCE = "the source sends everything in one answer"
    ORDER = "the collection changed, and the pages' ranges of ids leave nothing between them"
    PARTS = "each of the lists that it was put together from was read to its end"


@dataclass(frozen=True, slots=True)
class Verdict:
    """proof: None where it is not proved that nothing is missing; then `reason` says why, and `again` which windows may
    yet prove it. No windows: only another reading can, and if `final` not even that.
    """

    proof: Proof | None
    reason: str = ""
    again: tuple[Window, ...] = ()
    final: bool = False


@dataclass(frozen=True, slots=True)
class _Piece:
    """asked, at: how many answers had come when it was asked for, and when it came itself. overlap: how many of its
    records should have come before.
    """

    came: Came
    asked: int
    at: int
    overlap: int


class Coverage:
    """One reading of a collection. sorts: the source was asked for the order of the ids. overlaps: a page may begin at
    any record. reaches: pages that are asked for side by side overlap; None where it is the cost that decides.
    """

    def __init__(self, start: int, after: After, *, sorts: bool, overlaps: bool, reaches: bool | None = None) -> None:
        self.start = start
        self.ids = Ids()
        self.total: int | None = None
        self.revision: str | None = None
        self._stuck = False
        self._steps = Steps(start, after, overlaps=overlaps)
        self._pieces: list[_Piece] = []
        self._told: list[int] = []  # per answer, how often total or revision had changed
        self._changes: list[str] = []
        self._nameless = 0
        self._doubles = 0
        self._out_of_place = False
        self._in_order = sorts
        self._next: Window | None = Window(start)
        self._stride: int | None = None
        self._page = 0
        self._cuts = True
        self._extra: list[Window] = []
        self._mending = False
        self._reaches = reaches

    def __del__(self) -> None:
        free(self._pieces)

    # -------------------------------------------------------------- what to ask for

    @property
    def answers(self) -> int:
        return len(self._pieces)

    @property
    def received(self) -> int:
        return len(self.ids) + self._nameless

    def next_window(self) -> Window | None:
        """What to ask for next; None if that is unknown before another page has come, or nothing."""
        if self._extra:
            return self._extra.pop(0)
        window = self._next
        if window is None or self._stuck:
            return None
        if self._stride is None:
            self._next = None
        elif self.total is not None and window.offset + window.overlap >= self.total:
            return None
        else:
            self._next = self._wide(window.offset + self._stride)
        return window

    def _wide(self, offset: int) -> Window:
        """One of many pages that are asked for side by side."""
        assert self._stride is not None
        return Window(offset, self._page, self._page - self._stride)

    @property
    def overlaps(self) -> bool:
        """Whether a page may begin at any record, as far as is known."""
        return self._steps.overlaps

    @property
    def repeats(self) -> bool:
        """Whether a page brought nothing new, though nothing changed."""
        return self._stuck and not self._changes

    @property
    def could_be_rounded(self) -> bool:
        """Whether a page that brought nothing new may have been asked for at an offset that the source rounds down to
        where a whole page begins: then one page is the first one again, and not all.
        """
        first = self._pieces[0].came.ids
        same = sum(piece.came.ids == first for piece in self._pieces)
        return self._stride is not None and self._stride < self._page and same <= 2

    def mend(self, windows: tuple[Window, ...]) -> None:
        """Goes on with what a verdict wants to be asked again."""
        self._extra = list(windows)
        self._mending = True

    # -------------------------------------------------------------- what came

    def take(self, came: Came, window: Window, asked: int) -> set[str]:
        """Adds a page. asked: `answers` when it was asked for. Returns the ids of it that had come before.

        Raises:
            PagingBroken: it comes by steps and brings nothing new.
        """
        if self._stride is None and not self._mending and self._steps.repeats(came, window):
            self._next = self._steps.apart()
            return self.ids.known((*came.ids, *came.odd))
        before = self._pieces[-1].came if self._pieces else None
        self._note(came.seen)
        self._pieces.append(_Piece(came, asked, len(self._pieces), window.overlap))
        distinct = {*came.ids, *came.odd}
        known = self.ids.known(distinct)
        fresh = len(distinct) - len(known)
        # Whether records without an id are new cannot be seen: two pages in a row with nothing else are one repeated.
        if distinct or before is None or before.ids or before.odd:
            fresh += came.nameless
        if not self._mending and self._stride is None and before is not None:
            self._out_of_place |= not _leads_on(before.ids, came.ids, known, window.overlap)
        if came.seen.received:
            self._in_order &= bool(came.ids) and all(map(lt, came.ids, came.ids[1:]))
        self.ids.add(distinct - known)
        if self._mending:
            return known
        self._nameless += came.nameless
        self._doubles += len(came.ids) + len(came.odd) - len(distinct)
        if self._stride is None:
            self._step(came, window, fresh)
        else:
            self._fill(came, window, fresh)
        return known

    def _note(self, seen: PageSeen) -> None:
        changed = False
        if seen.total is not None:
            if self.total is not None and seen.total != self.total:
                self._changes.append(f"its total went from {self.total} to {seen.total}")
                changed = True
            self.total = seen.total
        if seen.revision is not None:
            if self.revision is not None and seen.revision != self.revision:
                self._changes.append("its revision changed")
                changed = True
            self.revision = seen.revision
        self._told.append((self._told[-1] if self._told else 0) + changed)

    def _step(self, came: Came, window: Window, fresh: int) -> None:
        """After a page that stands alone: where the next one starts, or that the rest can be asked for at once."""
        self._next = self._steps.following(came, window, fresh)
        short = came.seen.limit is not None and came.seen.received < came.seen.limit
        # The total may be that of all records, of which a filter leaves these few: another page will tell.
        doubted = came.filtered and short and self.answers == 1
        if self._next is None or self.total is None or doubted:
            return
        following = self._next.offset + self._next.overlap
        # A link that leads back into what came: the server counts other rows than it sends.
        self._cuts = following == came.end
        self._page = self._stride = following - came.seen.offset
        if self._cuts and self._steps.overlaps:
            dear = stride(self.total - came.seen.offset, self._page) == self._page
            self._stride -= self._page > 1 and (not dear if self._reaches is None else self._reaches)
        self._next = self._wide(came.seen.offset + self._stride)

    def _fill(self, came: Came, window: Window, fresh: int) -> None:
        """After one of many pages: asks for the rest of one that was cut."""
        assert self.total is not None
        wanted, received = window.limit or self._page, came.seen.received
        if received <= window.overlap and fresh == 0:
            if came.end < self.total:
                self._next = None
        elif fresh == 0:
            self._stuck = True
        elif self._cuts and received < wanted and came.end < self.total:
            overlap = self._page - (self._stride or 0)
            self._extra.append(Window(came.end - overlap, wanted - received + overlap, overlap))

    # -------------------------------------------------------------- what it proves

    def verdict(self, previous: Coverage | None = None) -> Verdict:
        """To be asked when nothing is under way and nothing more is wanted. previous: the reading before this one; what
        both have alike is no tear, but how the source serves its records.
        """
        if self._changes:
            return self._verdict_on_change(f"the collection changed while it was read: {self._changes[0]}")
        stands = previous is not None and self._contents() == previous._contents()
        if not stands:
            if self._stride is not None and not self._all_join():
                return self._verdict_on_change(TORN)
            if self._out_of_place:
                return Verdict(None, "records came twice: the collection moved while it was read")
            if self._steps.torn:
                return Verdict(None, self._steps.torn)
        claimed = None if self.total is None else max(0, self.total - self.start)
        if claimed is None:
            if self._steps.unchecked and not stands:
                return Verdict(None, "nothing shows that its pages join up")
            return Verdict(self._end())
        received = self.received - self._nameless_twice()
        rows = sum(max(0, p.came.seen.received - p.overlap) for p in self._pieces)
        if rows > claimed and any(piece.came.unchanged for piece in self._pieces):
            return Verdict(None, f"{claimed} records are claimed, and pages said to be unchanged make it {rows}")
        if received + self._doubles >= claimed or (stands and rows >= claimed):
            return Verdict(Proof.TOTAL)
        if self._pieces[0].came.filtered and self._ends_with_an_empty_page():
            return Verdict(Proof.EMPTY_PAGE)  # the total is that of all records
        if rows >= claimed:
            return Verdict(None, f"{claimed} records are claimed, {claimed - received} of them came twice")
        return Verdict(None, f"{claimed} records are claimed, {received} came", final=stands)

    def _contents(self) -> tuple[object, ...]:
        pages = sorted((p.came.seen.offset, p.came.seen.received, p.came.ids) for p in self._pieces)
        return (*pages, self.total, self.revision, bool(self._changes))

    def _ends_with_an_empty_page(self) -> bool:
        """Whether the pages follow each other up to one that is empty."""
        end = self.start
        for piece in sorted(self._pieces, key=lambda p: (p.came.seen.offset, -p.came.seen.received)):
            page = piece.came
            if page.seen.offset > end:
                return False
            if page.end <= end and page.seen.received <= piece.overlap:
                return True
            end = max(end, page.end)
        return False

    def _end(self) -> Proof:
        """Why the last page was taken for the last; by the rules of `adapters.paging`, in their order."""
        last = self._pieces[-1]
        seen = last.came.seen
        if seen.received <= last.overlap:
            return Proof.EMPTY_PAGE
        if seen.limit is None:
            return Proof.AT_ONCE
        return Proof.LINK if seen.link_seen else Proof.SHORT_PAGE

    def _borders(self) -> Iterator[tuple[Came, Came]]:
        """The pages that overlap, two by two."""
        by_end = {piece.came.end: piece.came for piece in self._pieces}
        for piece in self._pieces:
            left = by_end.get(piece.came.seen.offset + piece.overlap) if piece.overlap else None
            if left is not None:
                yield left, piece.came

    def _all_join(self) -> bool:
        """Whether the last record of every page came again, where it should have."""
        return all(left.last is None or right.has(left.last) for left, right in self._borders())

    def _nameless_twice(self) -> int:
        """How many records that have no id were counted on two pages."""
        return sum(left.last is None and right.seen.received > 0 for left, right in self._borders())

    def _verdict_on_change(self, reason: str) -> Verdict:
        if self._stride is None or self._stuck or not self._in_order:
            return Verdict(None, reason)
        borders = self._open_borders()
        again = dict.fromkeys(self._around(page) for page in borders)
        return Verdict(None, reason, tuple(again)) if again else Verdict(Proof.ORDER)

    def _open_borders(self) -> list[Came]:
        """The pages after which records may be missing."""
        pieces = [p for p in self._pieces if p.came.seen.received]
        if any(p.came.seen.received == 0 and p.came.seen.offset == self.start for p in self._pieces):
            return []  # at that time there was nothing
        pieces.sort(key=lambda p: (p.came.seen.offset > self.start, p.came.ids[0]))
        reach, reached, ended = pieces[0], pieces[0].came.ids[-1], _ends(pieces[0].came)
        found, latest = [], self._latest()
        for piece in pieces[1:]:
            first, last = piece.came.ids[0], piece.came.ids[-1]
            if first > reached and not ended and not self._adjoin(reach, piece, latest):
                found.append(reach.came)
            if last > reached:
                reach, reached = piece, last
            ended |= _ends(piece.came)
        return found if ended else [*found, reach.came]

    def _adjoin(self, left: _Piece, right: _Piece, latest: list[int]) -> bool:
        """Whether `right` starts where `left` ends, and nothing else was told by any page that the source may have
        served between the two."""
        first, last = min(left.asked, right.asked), max(left.at, right.at)
        begins = right.came.seen.offset + right.overlap == left.came.end
        joins = not right.overlap or left.came.last is None or right.came.has(left.came.last)
        return begins and joins and self._told[first] == self._told[latest[last]]

    def _latest(self) -> list[int]:
        """For each answer, the last one that had been asked for when it came."""
        came = [0] * len(self._pieces)
        for piece in self._pieces:
            came[piece.asked] = max(came[piece.asked], piece.at)
        return list(accumulate(came, max))

    def _around(self, page: Came) -> Window:
        """Where the records after `page` are now, its last one among them."""
        fallen = max(0, (page.seen.total or 0) - (self.total or 0))
        quietly = 0 if self._changes else self._page // 4
        return Window(max(self.start, page.end - fallen - quietly - 1), self._page)


def _ends(page: Came) -> bool:
    """Whether nothing came after it when it was read."""
    return page.seen.total is not None and page.end >= page.seen.total


def _leads_on(before: tuple[str, ...], ids: tuple[str, ...], known: set[str], overlap: int) -> bool:
    """Whether what a page repeats are its first records and, where it was not meant to repeat any, the last ones of the
    page before: then others joined ahead of them, and nothing is missing between the two."""
    repeated = [i for i in dict.fromkeys(ids) if i in known]
    n = len(repeated)
    return n == 0 or (ids[:n] == tuple(repeated) and (overlap > 0 or ids[:n] == before[-n:]))
