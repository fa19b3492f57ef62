"""Reads whole collections of one source: by what changed or from start to end, to be held or to be sifted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from adapters import moments
from adapters.client import Page, PageRequest, Progress, Scanned
from adapters.endpoints import Collection
from adapters.errors import SourceError, TimedOut
from adapters.predicate import Predicate
from adapters.records import Record
from gateway.roster import delta, explain
from gateway.roster.needs import Everything
from gateway.roster.sifting import Sieve, Sifting
from gateway.roster.tables import Coming, Table
from gateway.roster.upstream import Upstream
from gateway.roster.whole import Short, Slice, Whole

PATIENCE = 5.0
"""Seconds for which a refresh is waited for while an older copy is held; it goes on meanwhile."""

Worth: TypeAlias = Callable[[], bool]
"""Asked after the first page of a scan: whether it is worth going on."""


class Scans:
    """What it raises is a SourceError.

    came: told of each collection that was read whole, and whether with records that were not held before. fits: whether
    so many records of a collection may be held.
    """

    def __init__(
        self,
        upstream: Upstream,
        came: Callable[[Collection, bool], None],
        fits: Callable[[Collection, int], bool] = lambda collection, records: True,
    ) -> None:
        self._upstream = upstream
        self._came = came
        self._fits = fits

    async def whole(self, collection: Collection, worth: Worth | None = None) -> Whole | None:
        """The whole collection, held or read, though it may not be proved that nothing of it is missing.

        None when it turned out not to be worth it, be it to somebody else.
        """
        table = self._upstream.tables[collection]
        if (held := table.partial if table.whole is None else table.whole) is not None:
            return held
        reading = self.anew(collection, worth)
        if table.last_good is None:
            return await reading
        try:
            async with asyncio.timeout(PATIENCE):
                return await reading
        except TimeoutError:
            return table.fall_back(TimedOut(self._upstream.client.spec.key, f"had not answered after {PATIENCE:g} s"))
        except SourceError as error:
            return table.fall_back(error)

    async def anew(self, collection: Collection, worth: Worth | None = None) -> Whole | None:
        """As `whole`, whatever is held. Whoever comes later has it too, so it outlasts who began it."""
        return await self._upstream.share((collection, "whole"), lambda: self._read(collection, worth), outlasts=True)

    async def _read(self, collection: Collection, worth: Worth | None) -> Whole | None:
        table = self._upstream.tables[collection]
        if self._upstream.learned.changes(collection, table):
            changed = await self._changed(collection, table)
            if changed is not None or worth is not None:
                return changed  # where changes are not to be had, the need is planned anew
        explain.planned(self._upstream.plan(Everything(collection)))
        coming = table.coming = Coming()
        try:
            return await self._scan(collection, table, worth, coming)
        finally:
            table.coming = None

    async def _changed(self, collection: Collection, table: Table) -> Whole | None:
        """The copy that is held, with what changed since; None where everything has to be read."""
        held = table.base
        if held is None:
            return None
        whole = await delta.brought_up_to_date(self._upstream.client, collection, held)
        if whole is None:
            self._upstream.learned.in_full.add(collection)
        if whole is None or table.base is not held:
            return None
        serving = table.keep_changed(whole)
        self._came(collection, serving.rows is not held.rows)
        return serving

    async def _scan(self, collection: Collection, table: Table, worth: Worth | None, coming: Coming) -> Whole | None:
        pages: list[Page] = []
        goes_on = True

        def look(progress: Progress, page: Page) -> bool:
            nonlocal goes_on
            coming.total, coming.received = progress.total, progress.received
            table.weigh(page.records)
            if not self._fits(collection, max(progress.received, progress.total or 0)):
                table.size = max(progress.received, progress.total or 0)
                goes_on = False
            elif not pages:
                self._upstream.learned.first(collection, page)
                if page.total is not None:
                    table.size = page.total
                goes_on = worth is None or worth() or page.received == page.total
                if goes_on:
                    explain.planned(self._upstream.plan(Everything(collection)))
            pages.append(page)
            return goes_on

        began, held = moments.now(), table.base if table.obeys else None
        earlier = held.earlier() if held is not None else None
        found = await self._upstream.client.scan(PageRequest(collection.value), on_page=look, earlier=earlier)
        if not goes_on:
            table.keep(found.records)
            return None
        explain.moved(found.sent)
        if found.reason is not None:
            return await self._unproved(collection, table, found, found.reason)
        self._upstream.learned.list(collection, pages, found.proof)
        self._upstream.learned.in_full.discard(collection)
        table.hear(found.said)
        whole = await delta.as_read(found, held, began, table.weighed)
        serving = table.keep_whole(whole, await table.judged(whole))
        self._came(collection, held is None or whole.rows is not held.rows or table.no_store)
        return serving

    def too_large(self, collection: Collection) -> bool:
        """Whether the collection, as large as it was when that was last told, may not be held whole."""
        size = self._upstream.tables[collection].size
        return size is not None and not self._fits(collection, size)

    async def sifted(self, wanted: Sifting) -> Slice:
        """What is wanted of a collection that is too large to be held."""
        return await self._upstream.share(wanted, lambda: self._sifted(wanted))

    async def passing(self, collection: Collection, where: Predicate) -> tuple[Record, ...]:
        found = await self._sifted(Sifting(collection, where))
        rows = tuple(found.records)
        return rows if found.unproved is None else Short(rows, found.unproved)

    async def _sifted(self, wanted: Sifting) -> Slice:
        table, sieve = self._upstream.tables[wanted.collection], Sieve(wanted)

        def look(progress: Progress, page: Page) -> None:
            sieve.take(page.records)
            explain.moved(page.received)

        explain.planned(self._upstream.plan(Everything(wanted.collection)))
        request = PageRequest(wanted.collection.value, where=wanted.asked, passing=True)
        found = await self._upstream.client.scan(request, on_page=look)
        if wanted.asked is None and found.complete:
            table.size = sieve.passed
        return sieve.found(len(found.rejected), found.reason)

    async def _unproved(self, collection: Collection, table: Table, found: Scanned, reason: str) -> Whole:
        """What came of a collection that would not stand still: it serves where no older copy can stand in.

        Raises:
            Unproved: one can.
        """
        if table.last_good is not None:
            raise self._upstream.unknown(reason)
        came = await Whole.made(found.records, len(found.rejected), moments.now(), unproved=reason)
        table.keep_partial(came)
        self._came(collection, False)
        return came
