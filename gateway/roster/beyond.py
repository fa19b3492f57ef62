"""What a list has beyond an id, asked for by that id, where this takes a request less.

A window that goes on where another ended is asked for with the record before it, which shows that the list still stands
as it did, and with the one behind it, which shows that more follow. A source that serves no more at once than a client
wants is asked twice for that. Its totals tell as much: how many records lie beyond the id, and with those before it
these must be as many as the whole list was last said to have. As none of what comes, in our order, lies before the id,
it is then all that lies beyond it, however the source itself compares ids.
"""

from __future__ import annotations

from operator import lt

from cachetools import LRUCache

from adapters import lowering, moments
from adapters.client import Page, PageRequest
from adapters.dialect import Totals
from adapters.endpoints import Collection
from adapters.errors import Refused, Unsupported
from adapters.predicate import Predicate
from gateway.roster import explain
from gateway.roster.needs import Cut, Plan, Window
from gateway.roster.pages import PAGE
from gateway.roster.planner import HELD
from gateway.roster.upstream import Upstream
from gateway.roster.whole import Position, Slice

_DOUBTS = 1000


class Beyond:
    """Windows of one source. What the source turns out to answer otherwise is not asked of it again."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._unlike: set[tuple[Collection, bool]] = set()
        self._doubted: LRUCache[tuple[Collection, Predicate | None], int | None] = LRUCache(_DOUBTS)

    async def window(
        self,
        collection: Collection,
        where: Predicate | None,
        after: Position | None,
        size: int,
        usual: Plan,
        since: float | None,
    ) -> Slice | None:
        """The `size` records after a position, and whether more follow; None where the usual way has to be taken."""
        offset, behind = (0, None) if after is None else (after.offset, after.sourced_id)
        if offset is None or (offset == 0) != (behind is None):
            return None
        chosen = self._plan(Window(collection, where, size, offset), behind, usual)
        if chosen is None:
            return None
        table = self._upstream.tables[collection]
        known = self._upstream.learned.total(collection, where, table)
        held = table.known_beyond(where, after, size, since)
        if held is not None:
            read_at = (record.observed_at for record in held.records)
            explain.held(self._upstream.client.spec.key, Window(collection, where, size), HELD, read_at)
            return held
        if behind is not None and (known is None or self._doubted.get((collection, where)) == known):
            return None
        request = PageRequest(collection.value, where=where, limit=size, after=behind)
        try:
            page = await self._upstream.share((request, "window"), lambda: self._page(request, chosen))
        except (Refused, Unsupported):
            if behind is None:
                raise
            self._unlike.add((collection, True))
            return None
        if page.total is None or not _in_order(page, size):
            self._unlike.add((collection, behind is not None))
            return None
        ended, total = len(page.records) >= page.total, None
        if behind is None:
            total = page.total
            self._told(collection, where, total)
        elif offset + page.total != known:
            self._doubted[collection, where] = known  # until the list is said to be of another size
            return None
        return table.keep_beyond(where, after, Slice(page.records, offset, ended, total, moments.now()))

    def _told(self, collection: Collection, where: Predicate | None, total: int) -> None:
        """Notes the size of a list, as its first page told it: what lies beyond an id does not tell of all of it."""
        self._upstream.learned.matched(collection, where, total)
        if where is None:
            self._upstream.tables[collection].size = total

    def _plan(self, need: Window, behind: str | None, usual: Plan) -> Plan | None:
        """The plan for one request, where that is less than `usual`, and enough."""
        dialect, size = self._upstream.client.dialect, need.limit
        if (
            not size
            or (need.collection, behind is not None) in self._unlike
            or dialect.capabilities.totals is Totals.NONE
        ):
            return None
        at_once = min(dialect.capabilities.max_limit, self._upstream.learned.page_sizes.get(need.collection, PAGE))
        if size + (1 if behind is None else 2) <= at_once or (behind is not None and usual.requests == 1):
            return None
        if not lowering.pushdown(dialect, need.collection, need.where, after=behind).exact:
            return None
        chosen = self._upstream.plan(need)
        return chosen if isinstance(chosen.path, Cut) and chosen.requests == 1 else None

    async def _page(self, request: PageRequest, chosen: Plan) -> Page:
        explain.planned(chosen)
        page = await self._upstream.client.page(request)
        explain.told(1)
        return page


def _in_order(page: Page, size: int) -> bool:
    """Whether it is what was asked for and nothing else, as many records as there can be, in our order."""
    ids = [record.sourced_id for record in page.records]
    full = page.exact and not page.rejected and page.total is not None and len(ids) == min(size, page.total)
    return full and all(map(lt, ids, ids[1:]))
