"""What the pages of a collection cover, in whatever order they come, and whether they prove that nothing is missing.

Pure: `adapters.scanning` asks for the windows that are wanted here and hands in what came.

A collection may change between two pages. Where the source tells a total or a revision, the change shows; then the
pages join up only if between asking for the one and having the other nothing else was told, or if the collection is in
the order of its ids and the range of ids of the one reaches into the other's. What cannot be seen: that as many records
left as joined between two answers of a source without a revision; and where neither is told, that records left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import accumulate
from operator import lt
from typing import TypeAlias

from adapters.freeing import free
from adapters.gathering import Ids
from adapters.paging import PageSeen

After: TypeAlias = Callable[[PageSeen], int | None]
"""The offset after a page, None at the end. Raises PagingBroken for a page that brings nothing new."""


class Proof(StrEnum):
    """What shows that a collection was read to its end."""

    TOTAL = "as many came as the source says there are"
    LINK = "the last page's Link header names no next one"
    SHORT_PAGE = "the last page was short, which ends a list of this source"
    EMPTY_PAGE = "an empty page came after the last"
    AT_ONCE = "the source sends everything in one answer"
    ORDER = "the collection changed, and the pages' ranges of ids leave nothing between them"
    PARTS = "each of the lists that it was put together from was read to its end"


@dataclass(frozen=True, slots=True)
class Window:
    """Records to ask for. limit: None for the limit of the first page."""

    offset: int
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Came:
    """A page as it came. ids: of its readable records, in their order. odd: ids of those that could not be read;
    nameless: how many of these had none. filtered: it was asked for with a filter. unchanged: it was not sent, being
    as it was when the list was last read.
    """

    seen: PageSeen
    ids: tuple[str, ...]
    odd: tuple[str, ...] = ()
    nameless: int = 0
    filtered: bool = False
    unchanged: bool = False

    @property
    def end(self) -> int:
        return self.seen.offset + self.seen.received


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
    """asked, at: how many answers had come when it was asked for, and when it came itself."""

    came: Came
    asked: int
    at: int


class Coverage:
    """One reading of a collection. sorts: the source was asked for the order of the ids."""

    def __init__(self, start: int, after: After, *, sorts: bool) -> None:
        self.start = start
        self.ids = Ids()
        self.total: int | None = None
        self.revision: str | None = None
        self._stuck = False
        self._after = after
        self._pieces: list[_Piece] = []
        self._told: list[int] = []  # per answer, how often total or revision had changed
        self._changes: list[str] = []
        self._nameless = 0
        self._doubles = 0
        self._out_of_place = False
        self._in_order = sorts
        self._next: int | None = start
        self._stride: int | None = None
        self._cuts = True
        self._extra: list[Window] = []
        self._mending = False

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
        offset = self._next
        if offset is None or self._stuck:
            return None
        if self._stride is None:
            self._next = None
            return Window(offset)
        if self.total is not None and offset >= self.total:
            return None
        self._next = offset + self._stride
        return Window(offset, self._stride)

    @property
    def repeats(self) -> bool:
        """Whether a page brought nothing new, though nothing changed."""
        return self._stuck and not self._changes

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
        before = self._pieces[-1].came if self._pieces else None
        self._note(came.seen)
        self._pieces.append(_Piece(came, asked, len(self._pieces)))
        distinct = {*came.ids, *came.odd}
        known = self.ids.known(distinct)
        fresh = len(distinct) - len(known)
        # Whether records without an id are new cannot be seen: two pages in a row with nothing else are one repeated.
        if distinct or before is None or before.ids or before.odd:
            fresh += came.nameless
        if not self._mending and self._stride is None and before is not None:
            self._out_of_place |= not _leads_on(before.ids, came.ids, known)
        if came.seen.received:
            self._in_order &= bool(came.ids) and all(map(lt, came.ids, came.ids[1:]))
        self.ids.add(distinct - known)
        if self._mending:
            return known
        self._nameless += came.nameless
        self._doubles += len(came.ids) + len(came.odd) - len(distinct)
        if self._stride is None:
            self._step(replace(came.seen, new=fresh), came)
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

    def _step(self, seen: PageSeen, came: Came) -> None:
        """After a page that stands alone: where the next one starts, or that the rest can be asked for at once."""
        following = self._next = self._after(seen)
        short = seen.limit is not None and seen.received < seen.limit
        # The total may be that of all records, of which a filter leaves these few: another page will tell.
        doubted = came.filtered and short and self.answers == 1
        if following is not None and self.total is not None and not doubted:
            self._stride = following - seen.offset
            # A link that leads back into what came: the server counts other rows than it sends.
            self._cuts = self._stride >= seen.received

    def _fill(self, came: Came, window: Window, fresh: int) -> None:
        """After one of many pages: asks for the rest of one that was cut."""
        assert self._stride is not None
        assert self.total is not None
        wanted = window.limit or self._stride
        if came.seen.received == 0:
            if came.seen.offset < self.total:
                self._next = None
        elif fresh == 0:
            self._stuck = True
        elif self._cuts and came.seen.received < wanted and came.end < self.total:
            self._extra.append(Window(came.end, wanted - came.seen.received))

    # -------------------------------------------------------------- what it proves

    def verdict(self, previous: Coverage | None = None) -> Verdict:
        """To be asked when nothing is under way and nothing more is wanted. previous: the reading before this one; what
        both have alike is no tear, but how the source serves its records.
        """
        if self._changes:
            return self._verdict_on_change()
        stands = previous is not None and self._contents() == previous._contents()
        if self._out_of_place and not stands:
            return Verdict(None, "records came twice: the collection moved while it was read")
        claimed = None if self.total is None else max(0, self.total - self.start)
        rows = sum(piece.came.seen.received for piece in self._pieces)
        if claimed is None:
            return Verdict(_end(self._pieces[-1].came.seen))
        if rows > claimed and any(piece.came.unchanged for piece in self._pieces):
            return Verdict(None, f"{claimed} records are claimed, and pages said to be unchanged make it {rows}")
        if self.received + self._doubles >= claimed or (stands and rows >= claimed):
            return Verdict(Proof.TOTAL)
        if self._pieces[0].came.filtered and self._ends_with_an_empty_page():
            return Verdict(Proof.EMPTY_PAGE)  # the total is that of all records
        if rows >= claimed:
            return Verdict(None, f"{claimed} records are claimed, {claimed - self.received} of them came twice")
        return Verdict(None, f"{claimed} records are claimed, {self.received} came", final=stands)

    def _contents(self) -> tuple[object, ...]:
        pages = sorted((p.came.seen.offset, p.came.seen.received, p.came.ids) for p in self._pieces)
        return (*pages, self.total, self.revision, bool(self._changes))

    def _ends_with_an_empty_page(self) -> bool:
        """Whether the pages follow each other up to one that is empty."""
        end = self.start
        for page in sorted((p.came for p in self._pieces), key=lambda c: (c.seen.offset, -c.seen.received)):
            if page.seen.offset > end:
                return False
            if page.seen.received == 0:
                return True
            end = max(end, page.end)
        return False

    def _verdict_on_change(self) -> Verdict:
        reason = f"the collection changed while it was read: {self._changes[0]}"
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
        return right.came.seen.offset == left.came.end and self._told[first] == self._told[latest[last]]

    def _latest(self) -> list[int]:
        """For each answer, the last one that had been asked for when it came."""
        came = [0] * len(self._pieces)
        for piece in self._pieces:
            came[piece.asked] = max(came[piece.asked], piece.at)
        return list(accumulate(came, max))

    def _around(self, page: Came) -> Window:
        """Where the records after `page` are now, its last one among them."""
        fallen = max(0, (page.seen.total or 0) - (self.total or 0))
        return Window(max(self.start, page.end - fallen - 1), self._stride)


def _ends(page: Came) -> bool:
    """Whether nothing came after it when it was read."""
    return page.seen.total is not None and page.end >= page.seen.total


def _end(seen: PageSeen) -> Proof:
    """Why `adapters.paging` took this page for the last; its rules, in their order."""
    if seen.received == 0:
        return Proof.EMPTY_PAGE
    if seen.limit is None:
        return Proof.AT_ONCE
    return Proof.LINK if seen.link_seen else Proof.SHORT_PAGE


def _leads_on(before: tuple[str, ...], ids: tuple[str, ...], known: set[str]) -> bool:
    """Whether what a page repeats are the last records of the one before: then others joined ahead of them, and nothing
    is missing between the two."""
    repeated = [i for i in dict.fromkeys(ids) if i in known]
    n = len(repeated)
    return n == 0 or (ids[:n] == before[-n:] and ids[:n] == tuple(repeated))
