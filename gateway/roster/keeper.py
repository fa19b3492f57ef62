"""Between one source's tables and the store: what is kept is taken up before it is first read, and kept anew after."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from adapters.endpoints import Collection
from adapters.secret import Secret
from gateway.roster.guard import Hold
from gateway.roster.store import Snapshot, Store
from gateway.roster.store.snapshot import Facts
from gateway.roster.tables import Table
from gateway.roster.whole import Whole

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _State:
    """What of a table is to be on disk. held: a reading held back that is not there yet."""

    good: Snapshot | None
    hold: Hold | None
    held: Snapshot | None


class Keeper:
    """Keeps the tables of one source; without a store it keeps nothing."""

    def __init__(
        self,
        source: str,
        store: Store | None,
        taken_up: Callable[[Collection], None],
        fits: Callable[[Collection, int], bool],
        credentials: Secret,
    ) -> None:
        """taken_up: told of each table that was given a copy. fits: whether so many records may be held. credentials:
        those by which the source is asked: what was read by others is not taken up.
        """
        self._fits = fits
        self._credentials = store.fingerprint(credentials) if store is not None else ""
        self._source = source
        self._store = store
        self._taken_up = taken_up
        self._surveying: asyncio.Task[None] | None = None
        self._taken: dict[Collection, asyncio.Task[None]] = {}
        self._saving: dict[Collection, asyncio.Task[None]] = {}
        self._next: dict[Collection, _State | None] = {}
        self._forbidden: set[Collection] = set()

    def recall(self, tables: Mapping[Collection, Table]) -> None:
        """Tells the tables what is held back of them, before they are taken up."""
        if self._store is not None:
            for collection, kept in self._store.held(self._source).items():
                if self._ours(kept):
                    tables[collection].hold = kept.held

    async def survey(self, tables: Mapping[Collection, Table]) -> None:
        """Tells the tables that were not taken up yet what is kept of them, their records aside; once."""
        if self._store is None:
            return
        if self._surveying is None:
            self._surveying = asyncio.create_task(self._survey(self._store, tables))
        await asyncio.shield(self._surveying)

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

    def renew(self, credentials: Secret) -> None:
        """From now on the source is asked by these."""
        self._credentials = self._store.fingerprint(credentials) if self._store is not None else ""

    def drop(self, collection: Collection, table: Table) -> None:
        """Has erased what is kept of a table; `table` is the one in its place."""
        if self._store is not None:
            self._write(self._store, collection, table, None)

    def keep(self, collection: Collection, table: Table) -> None:
        """Has the table's last good copy written, and what is held back; of several in short order, the last. Where the
        source does not let it be written down, what is there is erased.
        """
        if self._store is None:
            return
        self._write(self._store, collection, table, None if table.no_store else self._state(collection, table))

    def _write(self, store: Store, collection: Collection, table: Table, state: _State | None) -> None:
        self._next[collection] = state
        if collection not in self._saving:
            self._saving[collection] = asyncio.create_task(self._keep(store, collection, table))

    def _ours(self, kept: Facts) -> bool:
        return kept.credentials == self._credentials

    async def close(self) -> None:
        """Returns when what was to be kept is."""
        while self._saving:
            await asyncio.gather(*self._saving.values())
        await asyncio.gather(*self._taken.values(), *filter(None, [self._surveying]))

    async def held_back(self, collection: Collection, hold: Hold) -> Whole | None:
        """The reading of this hold, from disk."""
        kept = await self._store.load_held(self._source, collection) if self._store is not None else None
        return await _whole(kept) if kept is not None and kept.held == hold and self._ours(kept) else None

    async def _survey(self, store: Store, tables: Mapping[Collection, Table]) -> None:
        for collection, kept in (await store.summaries(self._source)).items():
            if collection not in self._taken and self._ours(kept):
                tables[collection].announce(kept.read_at, kept.scanned_at, kept.size, kept.max_age)

    async def _take_up(self, store: Store, collection: Collection, table: Table) -> None:
        summary = await store.summary(self._source, collection)
        if summary is None or not self._fits(collection, summary.size):
            return
        kept = await store.load(self._source, collection)
        if kept is None:
            return
        if not self._ours(kept) or (table.lacking is not None and not table.lacking <= {*kept.lost}):
            self.drop(collection, table)
            return
        table.restore(await _whole(kept), kept.generation, kept.held, kept.max_age, kept.lost)
        self._taken_up(collection)

    async def _keep(self, store: Store, collection: Collection, table: Table) -> None:
        try:
            while collection in self._next:
                state = self._next.pop(collection)
                if state is None:
                    await store.erase(self._source, collection)
                    if table.no_store:
                        self._told(collection)
                    continue
                if state.held is not None:
                    await store.save_held(state.held)
                    if table.hold is state.hold:
                        table.put_by()
                if state.good is not None:
                    await store.save(state.good)
                if state.hold is None:
                    await store.drop_held(self._source, collection)
        except OSError as error:
            log.warning("%s: %s could not be kept on disk: %s", self._source, collection.value, error.strerror)
        finally:
            del self._saving[collection]

    def _told(self, collection: Collection) -> None:
        if collection not in self._forbidden:
            self._forbidden.add(collection)
            log.warning(
                "%s: %s is held in memory only: the source says Cache-Control: no-store "
                '(cache.headers = "ignore" if that is nothing but its framework\'s habit)',
                self._source,
                collection.value,
            )

    def _state(self, collection: Collection, table: Table) -> _State:
        good, hold, held = table.last_good, table.hold, table.held_back
        return _State(
            self._snapshot(collection, table, good) if good is not None else None,
            hold,
            self._snapshot(collection, table, held) if held is not None else None,
        )

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
            max_age=table.max_age,
            credentials=self._credentials,
            lost=tuple(sorted(table.lacking or ())),
            records=whole.rows,
            marks=whole.marks,
        )


async def _whole(kept: Snapshot) -> Whole:
    return await Whole.made(
        kept.records,
        kept.rejected,
        kept.read_at,
        scanned_at=kept.scanned_at,
        high_water=kept.high_water,
        marks=kept.marks,
    )
