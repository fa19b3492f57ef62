"""How many requests a list takes, by how many records it has. Pure."""

from __future__ import annotations

from adapters import stepping
from adapters.dialect import Capabilities, Totals
from gateway.roster.needs import Known

PAGE = 5000
"""Records a page, at most, whatever the source would serve."""


class Pages:
    """The lists of one collection, as far as it is known how large its pages are and how lists end. size: of a page."""

    def __init__(self, known: Known, can: Capabilities) -> None:
        self._can = can
        self._tells_end = known.tells_end
        most = min(can.max_limit, PAGE)
        self.size = most if known.page_size is None else max(1, min(known.page_size, most))

    def whole(self, rows: int) -> int:
        """Requests of a list of so many records, asked for whole, from its start to its proved end."""
        return 1 if self._can.all_without_limit else self._steps(rows)

    def least(self, rows: int) -> int:
        """The same, at least: until one list has ended, links may yet tell the end."""
        blind = self._tells_end is None and self._can.totals is Totals.NONE and not self._can.all_without_limit
        return self._seen(rows) if blind else self.whole(rows)

    def named(self, ids: int) -> int:
        """Requests of a filter by so many ids: the last of them is the end, whatever the source tells."""
        return 1 if self._can.all_without_limit else self._seen(ids)

    def window(self, limit: int, ahead: int) -> int:
        """Requests of a window, where so many records are left in its list."""
        return self._seen(limit) if ahead >= limit else self._steps(ahead)

    def least_window(self, limit: int, ahead: int) -> int:
        return self.window(limit, ahead) if ahead >= limit else self.least(ahead)

    def told(self, received: int, total: int | None) -> int:
        """The requests of a list by what its first page told: all, or without a total as many as are certain."""
        if total is None:
            return self.least(received)
        return stepping.pages(total, received, self._stride(total, received)) if 0 < received < total else 1

    def _steps(self, rows: int) -> int:
        """Requests to the end of a list, which a total or a link tells, or a short page, or one with nothing new."""
        if self._tells_end or (self._tells_end is None and self._can.totals is not Totals.NONE):
            return self._seen(rows)
        if self._can.short_page_ends:
            return self._seen(rows + 1)
        return self._seen(rows) + 1 if rows else 1

    def _seen(self, rows: int) -> int:
        """Requests until so many records have come."""
        return stepping.pages(rows, self.size, self._stride(rows, self.size))

    def _stride(self, rows: int, page: int) -> int:
        if not self._can.any_offset or page < 2:
            return page
        return page - 1 if self._can.totals is Totals.NONE else stepping.stride(rows, page)
