"""Pages one after another, where nothing tells how many there are. Each begins with the last record of the one before:
if that does not come again, the collection has moved, and what is between the two is asked for from further back. Pure.

As long as the source keeps its order, this is proof: what was there all the time, up to a record that came twice, is on
the pages up to the first of the two.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import ceil
from typing import TypeAlias

from adapters.paging import Came, PageSeen, Window

After: TypeAlias = Callable[[PageSeen], int | None]
"""The offset after a page, None at the end. Raises PagingBroken for a page that brings nothing new."""

_DEAR = 50
"""One more request in so many is what it may cost that pages overlap, where a total is told as well."""


def stride(total: int, page: int) -> int:
    """From page to page, where the total is told: less by one than a page has, where that costs next to nothing."""
    if not 2 <= page < total:
        return max(1, page)
    apart, reaching = ceil(total / page), pages(total, page, page - 1)
    return page - 1 if (reaching - apart) * _DEAR <= apart else page


def pages(rows: int, page: int, stride: int) -> int:
    """How many pages it takes to see so many records."""
    return 1 if rows <= page else 1 + ceil((rows - page) / stride)


TORN = "a record that should have come twice did not: the collection moved while it was read"


class Steps:
    """overlaps: whether a page may begin at any record, as far as is known. unchecked: whether pages followed each
    other of which nothing showed that they join up. torn: why, if one showed that they do not.
    """

    def __init__(self, start: int, after: After, *, overlaps: bool) -> None:
        self.overlaps = overlaps
        self.unchecked = False
        self.torn = ""
        self._start = start
        self._after = after
        self._largest = 0
        self._edge: Came | None = None
        self._back = False

    def repeats(self, came: Came, window: Window) -> bool:
        """Whether the source rounded the offset of a page down to where a whole one begins, or pays no heed to it."""
        edge = self._edge
        return bool(window.overlap and edge is not None and came.ids == edge.ids and came.odd == edge.odd) and (
            came.seen.received > window.overlap
        )

    def apart(self) -> Window:
        """What follows the last page that joined up, without an overlap from now on."""
        assert self._edge is not None
        self.overlaps = False
        return Window(self._edge.end)

    def following(self, came: Came, window: Window, fresh: int) -> Window | None:
        """The page after this one; None at the end. fresh: how many of its records no page before had.

        Raises:
            PagingBroken: it brings nothing new.
        """
        edge, received = self._edge, came.seen.received
        if edge is None or not window.overlap:
            self.unchecked |= edge is not None and (received > 0 or edge.seen.received > 1)
            return self._on(came, fresh)
        if not edge.shares(came):
            if fresh == 0 and received:
                self._after(replace(came.seen, new=0))
            further = min(self._largest // 2, edge.end - self._start)
            if further > window.overlap and not self._back:
                self._back = True
                return Window(edge.end - further, None, further)
            self.torn = self.torn or TORN
            return self._on(came, fresh)
        beyond = edge.last is not None if came.last is None else not edge.has(came.last)
        if received <= window.overlap and not beyond and self._alone(came):
            return None
        return self._on(came, max(1, fresh))

    def _alone(self, came: Came) -> bool:
        """Whether a page of nothing but what came before is the end; a link may say that it is not."""
        return came.filtered or (came.seen.total is None and came.seen.next_link is None)

    def _on(self, came: Came, fresh: int) -> Window | None:
        self._edge = came
        self._largest = max(self._largest, came.seen.received)
        self._back = bool(self.torn)
        following, received = self._after(replace(came.seen, new=fresh)), came.seen.received
        if following is None:
            return None
        overlap = 1 if came.last is not None else received // 2
        if not self.overlaps or following < came.end or received < 2:
            return Window(following)
        return Window(following - overlap, None, overlap)
