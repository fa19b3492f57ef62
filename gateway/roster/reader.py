"""One source's needs, answered from its tables; what they lack is asked for (`gateway.roster.asking`). Knows nothing of
other sources.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

from cachetools import LRUCache

from adapters import lowering, predicate
from adapters.client import PageRequest, SourceClient
from adapters.dialect import Capabilities, Service
from adapters.endpoints import ENTITIES, Collection
from adapters.errors import SourceError, TimedOut, Unsupported
from adapters.normalise import names
from adapters.predicate import Predicate
from adapters.records import Record
from adapters.spec import Credentials
from adapters.traffic import Traffic
from gateway.config import SourceSettings
from gateway.config.settings import CacheHeaders
from gateway.roster import explain, foresight
from gateway.roster.asking import Asker, Children, Found, records_of
from gateway.roster.beyond import Beyond
from gateway.roster.budget import Budget, Usage
from gateway.roster.flights import Flights
from gateway.roster.foresight import Ahead
from gateway.roster.guard import Guard, Hold
from gateway.roster.health import Health
from gateway.roster.held import Held
from gateway.roster.keeper import Keeper
from gateway.roster.learned import Learned
from gateway.roster.needs import ByIds, Changes, ChildrenOf, Cut, Filtered, Known, Need, Scan, Window, named_ids
from gateway.roster.pins import Pinned
from gateway.roster.planner import HELD
from gateway.roster.scans import PATIENCE, Scans
from gateway.roster.sifting import Sifting
from gateway.roster.store import Store
from gateway.roster.tables import Table
from gateway.roster.upstream import Upstream
from gateway.roster.whole import Position, Slice, Whole, cut, follows, listed

_log = logging.getLogger(__name__)

_IN_VAIN = 16
"""Needs that were foreseen, and nothing was to be begun for them, that are remembered."""


class Reader:
    """Reads one source, all of it: who may see how much is the `View`'s. What it raises is a SourceError."""

    def __init__(
        self,
        client: SourceClient,
        settings: SourceSettings,
        store: Store | None = None,
        budget: Budget | None = None,
    ) -> None:
        self._client = client
        self._budget = budget or Budget()
        self._settings = settings
        self._keeper = Keeper(client.spec.key, store, self._account, self._fits, client.spec.credentials.version)
        self._foreseen: dict[Collection, asyncio.Task[None]] = {}
        self._in_vain: LRUCache[ByIds | ChildrenOf, Known] = LRUCache(_IN_VAIN)
        self._names = {collection: (client.spec.key, collection) for collection in Collection}
        self.tables = {c: self._table(c) for c in Collection}
        self._keeper.recall(self.tables)
        self.upstream = Upstream(client, self.tables, settings.max_operations)
        self._scans = Scans(self.upstream, self._came, self._fits)
        self._asker = Asker(self.upstream, self._scans)
        self._beyond = Beyond(self.upstream)
        self.held = Held(client.spec.key, self.tables, self._keeper, self._budget)

        client.lost = self._narrowed

    def _table(self, collection: Collection) -> Table:
        settings, most = self._settings, self._client.spec.max_records
        return Table(
            settings.fresh_for[collection],
            most,
            most_apart=self._budget.share(self._client.spec.key, most),
            stale_for=settings.stale_for,
            rescan_every=settings.rescan_every,
            obeys=settings.cache_headers is CacheHeaders.OBEY,
            fixed=collection in settings.fixed,
            guard=Guard(settings.guard.max_loss, settings.guard.min_records),
            absent=_absence(self._client, collection),
        )

    @property
    def inclusive(self) -> bool:
        """Whether the source's end dates are last days, not the days after."""
        return self._client.dialect.capabilities.end_date_inclusive

    def tells(self, collection: Collection, field: str) -> bool:
        """Whether records of a collection can have a field, in the source's version of the standard."""
        return names.wire_field(collection, field, self._client.dialect.version) is not None

    def declares(self, former: str) -> tuple[str, ...]:
        """How the source may declare a sourcedId that a person had before; not at all where it declares none."""
        return self._client.dialect.declares(former)

    async def asks_for(self, collection: Collection, where: Predicate) -> bool:
        """Whether the records of a condition are asked for by it: not everything is held, nor sooner read."""
        await self._taken_up(collection)
        whole = self.tables[collection].whole
        return whole is None and isinstance(self.upstream.plan(Window(collection, where, None, None)).path, Filtered)

    @property
    def capabilities(self) -> Capabilities:
        return self._client.dialect.capabilities

    @property
    def health(self) -> Health:
        return self.upstream.health

    @property
    def learned(self) -> Learned:
        return self.upstream.learned

    @property
    def usage(self) -> Usage:
        return self._budget.usage(self._client.spec.key)

    @property
    def traffic(self) -> Traffic:
        """What went to the source, and what became of it."""
        return self._client.traffic

    @property
    def flights(self) -> Flights:
        """What is asked of the source at present, and how often that was."""
        return self.upstream.flights

    async def close(self) -> None:
        await self.upstream.flights.close()
        await asyncio.gather(*self._foreseen.values(), return_exceptions=True)
        await self._keeper.close()
        await self._client.aclose()

    # -------------------------------------------------------------- by other credentials

    def renew(self, credentials: Credentials) -> bool:
        """Asks by other credentials from now on; False where they are the same. What was read by those before serves
        nobody who comes later.

        Raises:
            Misconfigured: they cannot work; those that there are stay.
        """
        if credentials == self._client.spec.credentials:
            return False
        self._client.renew(credentials)
        self._keeper.renew(credentials.version)
        for collection in Collection:
            self._begin_anew(collection)
        return True

    def _narrowed(self, services: frozenset[Service], lost: frozenset[str]) -> None:
        """Takes note of what a token lacks. What was read by one that lacked less serves nobody who comes later."""
        for collection, entity in ENTITIES.items():
            if entity.service in services:
                held = self.tables[collection].lacking
                if held is not None and not lost <= held:
                    _log.warning(
                        "security: %s: its token lost a scope: %s is read anew", self._client.spec.key, collection
                    )
                    self._begin_anew(collection)
                self.tables[collection].lacking = lost

    def _begin_anew(self, collection: Collection) -> None:
        """What is on its way fills the table that it was begun for, which nobody reads any more."""
        self.tables[collection] = self._table(collection)
        self._keeper.drop(collection, self.tables[collection])
        self.upstream.flights.part()
        self._account(collection)

    # -------------------------------------------------------------- anew

    def refresh(self, collection: Collection, full: bool = False) -> None:
        """Begins to read a collection anew, whatever is held; from now on no reader gets what was held as fresh.

        full: everything is read, even where the source could tell what changed.

        Raises:
            Unsupported: the source has no such collection.
        """
        table = self.tables[collection]
        if table.absent is not None:
            raise table.absent
        table.expire()
        table.rescan = table.rescan or full
        self.upstream.flights.start((collection, "refresh"), lambda: self._refresh(collection))

    def loading(self, collection: Collection) -> bool:
        """Whether the collection is being read whole because it was asked for anew, or since nothing fresh is held."""
        if (collection, "refresh") in self.upstream.flights:
            return True
        return self.tables[collection].whole is None and (collection, "whole") in self.upstream.flights

    async def decide(self, collection: Collection, hold: Hold, accept: bool) -> bool:
        """Takes what is held back of a collection for good, or drops it; False where it is not there any more."""
        table = self.tables[collection]
        await self._keeper.take_up(collection, table)
        held = table.hold
        if held is None or held.reading != hold.reading:
            return False
        if accept:
            came = table.held_back or await self._keeper.held_back(collection, held)
            if came is None or table.hold is not held:
                return False
            table.accept(came)
        else:
            table.refuse_held()
        self._keeper.keep(collection, table)
        self._account(collection)
        return True

    async def _refresh(self, collection: Collection) -> None:
        await self._keeper.take_up(collection, self.tables[collection])
        with self._reading(collection) as table:
            table.expire()  # what was taken up just now is as old as the rest
            try:
                while not self._scans.too_large(collection) and (
                    await self._scans.anew(collection) is None or table.rescan
                ):
                    pass  # what was on its way was given up, being too large for another, or was of changes alone
            except SourceError as error:
                table.fall_back(error)
                raise

    async def survey(self) -> None:
        """What is kept of the collections that nobody has read yet is told by their tables, their records aside."""
        await self._keeper.survey(self.tables)

    async def warm(self, collections: Iterable[Collection]) -> None:
        """Reads collections whole that nobody has asked for yet; what fails is told by how the source stands."""
        await self._client.pacer.stagger()
        for collection in sorted(collections):
            table = self.tables[collection]
            await self._keeper.take_up(collection, table)
            with suppress(SourceError):
                while (
                    table.unsupported is None
                    and not self._scans.too_large(collection)
                    and await self._scans.whole(collection) is None
                ):
                    pass  # what was on its way was given up, being too large for what somebody else wanted

    async def _renew(self, collection: Collection, table: Table) -> None:
        """Reads anew, ahead of need, what is ageing: a little later, since many sources may have aged together."""
        await self._client.pacer.stagger(at_most=table.fresh_left / 2)
        with suppress(SourceError):  # told by how the source stands, and by the older copy once that is asked for
            if table.ageing:
                await self._scans.anew(collection)

    # -------------------------------------------------------------- ahead

    def foresee(self, ahead: Sequence[Ahead], where: Predicate | None, first: int) -> None:
        """Begins to read whole what following `ahead` from the `first` records that satisfy `where` would have read
        whole anyway.
        """
        for need in foresight.needs(ahead, where, first, lambda c: self.tables[c].whole is None):
            collection, table = need.collection, self.tables[need.collection]
            coming = self._foreseen.get(collection)
            if table.unsupported is None and (coming is None or coming.done()) and not self._was_in_vain(need):
                self._foreseen[collection] = asyncio.create_task(self._read_ahead(need, table))

    def _was_in_vain(self, need: ByIds | ChildrenOf) -> bool:
        """Whether the same was foreseen before, nothing was to be begun for it, and nothing was learned since."""
        known = self._in_vain.get(need)
        return known is not None and known == self.upstream.learned.known(need, self.tables)

    async def _read_ahead(self, need: ByIds | ChildrenOf, table: Table) -> None:
        def worth() -> bool:
            return isinstance(self.upstream.plan(need).path, Scan | Changes)

        await self._keeper.take_up(need.collection, table)
        with suppress(SourceError):  # who needs it asks again, and is told
            if worth() and not self._scans.too_large(need.collection):
                await self._scans.whole(need.collection, worth)
            elif table.whole is None:
                self._in_vain[need] = self.upstream.learned.known(need, self.tables)

    async def _taken_up(self, collection: Collection) -> None:
        """What was kept of a collection, or is on its way because it was foreseen, is there."""
        await self._keeper.take_up(collection, self.tables[collection])
        coming = self._foreseen.get(collection)
        if coming is not None and not coming.done():
            await asyncio.wait({coming})

    def in_hand(self, collection: Collection, since: float | None, began: float | None) -> Whole | None:
        """The collection, if it is held whole and current: nothing has to be awaited then."""
        table = self.tables[collection]
        whole = table.current
        if whole is None and table.whole is None:
            whole = table.whole_for(began)
        if whole is None or (since is not None and not table.read_since(since)):
            return None
        self._budget.used(self._names[collection])
        return whole

    def parts_in_hand(self, collection: Collection) -> Table | None:
        """The collection's table, where it is not held whole."""
        table = self.tables[collection]
        if table.whole is not None or table.unsupported is not None:
            return None
        self._budget.used(self._names[collection])
        return table

    # -------------------------------------------------------------- by ids

    async def by_ids(
        self, collection: Collection, ids: Iterable[str], since: float | None = None, began: float | None = None
    ) -> Found:
        """The record of each id; None for one that the source does not have, an error where that is not known.

        since, began: here as below, as in `Terms`.
        """
        wanted = tuple(dict.fromkeys(ids))
        await self._taken_up(collection)
        with self._reading(collection) as table:
            await self._young_enough(collection, since)
            whole = table.whole_for(began)
            found: Found = (
                {**table.known(wanted, since)} if whole is None else dict(zip(wanted, whole.named(wanted), strict=True))
            )
            missing = tuple(sorted(i for i in wanted if i not in found))
            if missing:
                need = ByIds(collection, missing)
                try:
                    found |= await self._asker.by_ids(need)
                except SourceError as error:
                    older = table.fall_back(error)
                    found |= {i: older.get(i) for i in missing}
            else:
                self.told_held(ByIds(collection, wanted), records_of(found))
            return found

    # -------------------------------------------------------------- children

    async def children(
        self,
        collection: Collection,
        field: str,
        parents: Iterable[str],
        since: float | None = None,
        began: float | None = None,
    ) -> Children:
        """The records whose `field` names each parent, of any status, by sourcedId."""
        wanted = tuple(dict.fromkeys(parents))
        await self._taken_up(collection)
        with self._reading(collection) as table:
            await self._young_enough(collection, since)
            if (whole := table.whole_for(began)) is not None:
                await whole.indexed(field)
                found = {p: whole.children(field, p) for p in wanted}
            else:
                found = table.known_children(field, wanted, since)
            missing = tuple(sorted(p for p in wanted if p not in found))
            if missing:
                need = ChildrenOf(collection, field, missing)
                try:
                    found |= await self._asker.children(need)
                except SourceError as error:
                    older = table.fall_back(error)
                    await older.indexed(field)
                    found |= {p: older.children(field, p) for p in missing}
            else:
                self.told_held(ChildrenOf(collection, field, wanted), (r for rows in found.values() for r in rows))
        return found

    # -------------------------------------------------------------- lists

    async def window(
        self,
        collection: Collection,
        where: Predicate | None,
        after: Position | None,
        limit: int,
        since: float | None = None,
    ) -> Slice:
        """The `limit` records after a position, of those that satisfy `where`, ordered by sourcedId.

        All but the last, where the source only told that there is one more.
        """
        await self._keeper.take_up(collection, self.tables[collection])
        with self._reading(collection) as table:
            await self._young_enough(collection, since)
            whole = table.whole
            held = table.known_list(where, since) if whole is None else await whole.searched(where)
            try:
                if held is None:
                    rows = await self._cut(collection, where, table, after, limit, since)
                    if rows is not None:
                        return rows
                    held = await self._list(collection, where, since, after, limit)
                else:
                    self.told_held(Window(collection, where, limit), held.records)
            except SourceError as error:
                held = await table.fall_back(error).searched(where)
        return cut(held, after.sourced_id if after else None, limit)

    async def matching(self, collection: Collection, where: Predicate | None, since: float | None = None) -> Slice:
        """Every record that satisfies `where`, by sourcedId."""
        await self._taken_up(collection)
        with self._reading(collection) as table:
            await self._young_enough(collection, since)
            whole = table.whole
            held = table.known_list(where, since) if whole is None else await whole.searched(where)
            if held is not None:
                self.told_held(Window(collection, where, None), held.records)
                return held
            try:
                return await self._list(collection, where, since, None, None)
            except SourceError as error:
                return await table.fall_back(error).searched(where)

    async def pin(self, collection: Collection, since: float | None = None) -> Pinned | None:
        """The collection as it is, read whole, kept so for whoever walks it; None where it is too large to be held."""
        await self._taken_up(collection)
        with self._reading(collection) as table:
            await self._young_enough(collection, since)
            whole = table.whole
            while whole is None and not self._scans.too_large(collection):
                whole = await self._scans.whole(collection)
            if whole is None:
                return None
            table.pin(whole)
            return Pinned(self._client.spec.key, whole)

    async def pinned(self, collection: Collection, version: float) -> Pinned | None:
        """A version of the collection that somebody walks; None where it is not held any more."""
        return await self.held.pinned(collection, version)

    async def count(self, collection: Collection, where: Predicate | None, since: float | None = None) -> int | None:
        """How many records satisfy `where`: as the source tells, else by reading them."""
        found = await self.window(collection, where, None, 1, since)
        if found.total is not None:
            return found.total
        with self._reading(collection):
            return (await self._list(collection, where, since, None, 1)).total

    async def _cut(
        self,
        collection: Collection,
        where: Predicate | None,
        table: Table,
        after: Position | None,
        limit: int,
        since: float | None,
    ) -> Slice | None:
        """The window as the source cuts it; None where it does not, or in another order, or it moved meanwhile or since
        `after`.
        """
        offset = after.offset if after is not None else 0
        # One record of overlap shows whether the list still stands as it did when `after` was shown.
        overlap = 1 if offset else 0
        chosen = self.upstream.plan(Window(collection, where, limit + overlap, offset and offset - overlap))
        if offset is None or not isinstance(chosen.path, Cut):
            return None
        request = PageRequest(collection.value, where=where, limit=limit + overlap, offset=offset - overlap)
        found = table.known_slice(where, request.offset, limit + overlap, since)
        if found is None:
            shorter = await self._beyond.window(collection, where, after, limit - 1, chosen, since)
            if shorter is not None:
                return None if table.unsorted else shorter
            found = await self._asker.window(request, chosen)
        else:
            self.told_held(Window(collection, where, limit), found.records)
        return follows(found, after) if found is not None and not table.unsorted else None

    async def _list(
        self,
        collection: Collection,
        where: Predicate | None,
        since: float | None,
        after: Position | None,
        limit: int | None,
    ) -> Slice:
        """Every record that satisfies `where`: by the ids it names, by a filter that narrows, else from the whole.

        Of a collection that is too large to be held, a run of them, in which the `limit` records after a position are.
        limit: None for all.
        """
        ids = named_ids(where)
        if ids is not None:
            holds = predicate.compile_test(where)
            found = await self.by_ids(collection, ids, since)
            unknown = next((e.message for e in found.values() if isinstance(e, SourceError)), None)
            return listed((r for r in records_of(found) if holds(r)), unknown)
        chosen = self.upstream.plan(Window(collection, where, None, None))
        narrows = isinstance(chosen.path, Filtered)
        while not self._scans.too_large(collection):
            if narrows:
                return await self._asker.filtered(PageRequest(collection.value, where=where), chosen)
            if (whole := await self._scans.whole(collection)) is not None:
                return await whole.searched(where)
        table, begin = self.tables[collection], after.sourced_id if after is not None else None
        run = table.known_run(where, begin, limit, since)
        if run is None:
            most = max(limit, table.longest_run) if limit is not None else None
            run = await self._scans.sifted(Sifting(collection, where, where if narrows else None, begin, most))
            table.keep_run(where, begin, run)
        return run

    # -------------------------------------------------------------- helpers

    async def _young_enough(self, collection: Collection, since: float | None) -> None:
        """Has a copy that is held whole, and fresh, read anew if it was read before `since`; without a proof, dropped.

        Raises:
            SourceError: that failed, now or a moment ago; what is held is as it was.
        """
        table = self.tables[collection]
        table.drop_partial(since or 0.0)
        if since is None or table.whole is None or table.read_since(since):
            return
        if table.failure is not None:
            raise table.failure
        try:
            async with asyncio.timeout(PATIENCE):
                while not self._scans.too_large(collection) and await self._scans.anew(collection) is None:
                    pass  # what was on its way was given up, being too large for what somebody else wanted
        except TimeoutError:
            raise TimedOut(self._client.spec.key, f"had not answered after {PATIENCE:g} s") from None
        except SourceError as error:
            table.failed(error)
            raise

    def _came(self, collection: Collection, changed: bool) -> None:
        if changed:
            self._keeper.keep(collection, self.tables[collection])
        self._account(collection)

    def _account(self, collection: Collection) -> None:
        """Has what is held of a collection counted; it may be let go of at that."""
        name, (records, size) = (self._client.spec.key, collection), self.tables[collection].load
        if records:
            self._budget.took(name, records, size, lambda: self._let_go(collection))
        else:
            self._budget.gone(name)

    def _fits(self, collection: Collection, records: int) -> bool:
        """Whether so many records of a collection may be held."""
        return self._budget.allows(self._client.spec.key, records, self.tables[collection].expected_bytes(records))

    def _let_go(self, collection: Collection) -> None:
        self.tables[collection].let_go()
        self._keeper.let_go(collection)

    def told_held(self, need: Need, records: Iterable[Record]) -> None:
        explain.held(self._client.spec.key, need, HELD, (r.observed_at for r in records))

    @contextmanager
    def _reading(self, collection: Collection) -> Iterator[Table]:
        """The collection's table; that the source has no such collection is remembered."""
        table = self.tables[collection]
        if table.unsupported is not None:
            raise table.unsupported
        self._budget.used(self._names[collection])
        if table.ageing:
            self.upstream.flights.start((collection, "ahead"), lambda: self._renew(collection, table))
        try:
            yield table
        except Unsupported as error:
            table.refuse(error)
            raise
        finally:
            self._account(collection)


def _absence(client: SourceClient, collection: Collection) -> Unsupported | None:
    try:
        lowering.route(client.dialect, collection.value, source=client.spec.key)
    except Unsupported as error:
        return error
    return None
