"""Between one source's tables and the store: what is kept is taken up before it is first read, and kept anew after."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from adapters.endpoints import Collection
from gateway.roster.store import Snapshot, Store
from gateway.roster.tables import Table
from gateway.roster.whole import Whole

log = logging.getLogger(__name__)


class Keeper:
    """Keeps the tables of one source; without a store it keeps nothing."""

    def __init__(self, source: str, store: Store | None, taken_up: Callable[[Collection], None]) -> None:
        """taken_up: told of each table that was given a copy."""
        self._source = source
        self._store = store
        self._taken_up = taken_up
        self._taken: dict[Collection, asyncio.Task[None]] = {}
        self._saving: dict[Collection, asyncio.Task[None]] = {}
        self._next: dict[Collection, Whole] = {}

    async def take_up(self, collection: Collection, table: Table) -> None:
        """Gives the table what is kept of it, once; a copy that cannot be read is as none."""
        if self._store is None:
            return
        task = self._taken.get(collection)
        if task is None:
            task = self._taken[collection] = asyncio.create_task(self._take_up(self._store, collection, table))
        if not task.done():
            await asyncio.shield(task)

    def let_go(self, collection: Collection) -> None:
        """The table no longer holds its copy: it is to be taken up again before it is next read."""
        self._taken.pop(collection, None)

    def keep(self, collection: Collection, table: Table) -> None:
        """Has the table's last good copy written; of several in short order, the last."""
        whole = table.last_good
        if self._store is None or whole is None:
            return
        self._next[collection] = whole
        if collection not in self._saving:
            self._saving[collection] = asyncio.create_task(self._keep(self._store, collection, table))

    async def close(self) -> None:
        """Returns when what was to be kept is."""
        while self._saving:
            await asyncio.gather(*self._saving.values())
        await asyncio.gather(*self._taken.values())

    async def _take_up(self, store: Store, collection: Collection, table: Table) -> None:
        kept = await store.load(self._source, collection)
        if kept is None:
            return
        whole = await Whole.made(
            kept.records, kept.rejected, kept.read_at, scanned_at=kept.scanned_at, high_water=kept.high_water
        )
        table.restore(whole, kept.generation, kept.held)
        self._taken_up(collection)

    async def _keep(self, store: Store, collection: Collection, table: Table) -> None:
        try:
            while (whole := self._next.pop(collection, None)) is not None:
                await store.save(self._snapshot(collection, table, whole))
        except OSError as error:
            log.warning("%s: %s could not be kept on disk: %s", self._source, collection.value, error.strerror)
        finally:
            del self._saving[collection]

    def _snapshot(self, collection: Collection, table: Table, whole: Whole) -> Snapshot:
        return Snapshot(
            source=self._source,
            collection=collection,
            generation=table.generation,
            read_at=whole.read_at,
            scanned_at=whole.scanned_at,
            proof="read to its end",
            rejected=whole.rejected,
            high_water=whole.high_water,
            held=table.hold,
            records=whole.rows,
        )
