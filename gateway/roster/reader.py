"""One source's needs, answered from its tables or by asking it. Knows nothing of other sources."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Callable, Coroutine, Hashable, Iterable, Iterator, Sequence
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from adapters import lowering, predicate
from adapters.client import Page, PageRequest, SourceClient
from adapters.endpoints import Collection
from adapters.errors import Refused, SourceError, TimedOut, Unsupported
from adapters.predicate import AnyOf, Predicate
from adapters.records import Record
from gateway.config import SourceSettings
from gateway.roster import delta, explain, foresight
from gateway.roster.budget import Budget
from gateway.roster.flights import Flights
from gateway.roster.foresight import Ahead
from gateway.roster.guard import Guard
from gateway.roster.health import Health
from gateway.roster.keeper import Keeper
from gateway.roster.learned import Learned
from gateway.roster.needs import (
    Batches,
    ByIds,
    ChildrenOf,
    Cut,
    Everything,
    Filtered,
    Need,
    Nested,
    ParentScoped,
    Plan,
    Scan,
    Singles,
    Window,
    named_ids,
)
from gateway.roster.planner import HELD, plan
from gateway.roster.scope import Scope
from gateway.roster.store import Store
from gateway.roster.tables import Coming, Table
from gateway.roster.whole import Slice, Whole, cut, group, listed

PATIENCE = 5.0
"""Seconds for which a refresh is waited for while an older copy is held; it goes on meanwhile."""

T = TypeVar("T")

Found: TypeAlias = dict[str, Record | None]
Children: TypeAlias = dict[str, tuple[Record, ...]]


@dataclass(frozen=True, slots=True)
class Position:
    """Where a list goes on: after this sourcedId. offset: records of the list up to it, if they were counted."""

    sourced_id: str
    offset: int | None


class Reader:
    """Reads one source. What it returns satisfies the source's scope; what it raises is a SourceError."""

    def __init__(
        self,
        client: SourceClient,
        settings: SourceSettings,
        store: Store | None = None,
        budget: Budget | None = None,
    ) -> None:
        self._client = client
        self._budget = budget or Budget()
        self._keeper = Keeper(client.spec.key, store, self._holds)
        self._foreseen: dict[Collection, asyncio.Task[None]] = {}
        self._scope = Scope(frozenset(settings.schools))
        self.learned = Learned(client.dialect, client.pacer)
        self._flights = Flights(client.spec.key, self.learned.flown)
        self.health = Health()
        guard = Guard(settings.guard.max_loss, settings.guard.min_records)
        self.tables = {
            c: Table(
                settings.fresh_for[c],
                client.spec.max_records,
                stale_for=settings.stale_for,
                rescan_every=settings.rescan_every,
                guard=guard,
                absent=_absence(client, c),
            )
            for c in Collection
        }

    async def close(self) -> None:
        await self._flights.close()
        await asyncio.gather(*self._foreseen.values(), return_exceptions=True)
        await self._keeper.close()
        await self._client.aclose()

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
        self._flights.start((collection, "refresh"), lambda: self._refresh(collection))

    def loading(self, collection: Collection) -> bool:
        """Whether the collection is being read whole because it was asked for anew, or since nothing fresh is held."""
        if (collection, "refresh") in self._flights:
            return True
        return self.tables[collection].whole is None and (collection, "whole") in self._flights

    def decide(self, collection: Collection, accept: bool) -> bool:
        """Takes what is held back of a collection for good, or drops it; False where it is not there to be taken."""
        table = self.tables[collection]
        done = table.decide(accept)
        if done:
            self._keeper.keep(collection, table)
        return done

    async def _refresh(self, collection: Collection) -> None:
        await self._keeper.take_up(collection, self.tables[collection])
        with self._reading(collection) as table:
            try:
                while (
                    await self._share((collection, "whole"), lambda: self._scan(collection, table, None)) is None
                    or table.rescan
                ):
                    pass  # what was on its way was given up, being too large for another, or was of changes alone
            except SourceError as error:
                table.fall_back(error)
                raise

    async def warm(self, collections: Iterable[Collection]) -> None:
        """Reads collections whole that nobody has asked for yet; what fails is told by how the source stands."""
        await self._client.pacer.begin(background=True)
        for collection in sorted(collections):
            table = self.tables[collection]
            await self._keeper.take_up(collection, table)
            with suppress(SourceError):
                while table.unsupported is None and await self._whole(collection, table) is None:
                    pass  # what was on its way was given up, being too large for what somebody else wanted

    # -------------------------------------------------------------- ahead

    def foresee(self, ahead: Sequence[Ahead], parents: int) -> None:
        """Begins to read whole what following `ahead` from so many records would have read whole anyway."""
        for need in foresight.needs(ahead, parents):
            collection, table = need.collection, self.tables[need.collection]
            coming = self._foreseen.get(collection)
            if table.unsupported is None and table.whole is None and (coming is None or coming.done()):
                self._foreseen[collection] = asyncio.create_task(self._read_ahead(need, table))

    async def _read_ahead(self, need: ByIds | ChildrenOf, table: Table) -> None:
        def worth() -> bool:
            return isinstance(self._plan(need).path, Scan)

        await self._keeper.take_up(need.collection, table)
        with suppress(SourceError):  # who needs it asks again, and is told
            if worth():
                await self._whole(need.collection, table, worth)

    async def _taken_up(self, collection: Collection) -> None:
        """What was kept of a collection, or is on its way because it was foreseen, is there."""
        await self._keeper.take_up(collection, self.tables[collection])
        coming = self._foreseen.get(collection)
        if coming is not None and not coming.done():
            await asyncio.wait({coming})

    # -------------------------------------------------------------- by ids

    async def by_ids(self, collection: Collection, ids: Iterable[str]) -> Found:
        """The record of each id; None for one that the source does not have."""
        wanted = tuple(dict.fromkeys(ids))
        await self._taken_up(collection)
        with self._reading(collection) as table:
            found = table.known(wanted)
            missing = tuple(sorted(i for i in wanted if i not in found))
            if missing:
                need = ByIds(collection, missing)
                try:
                    found |= await self._share(need, lambda: self._fetch_ids(need, table))
                except SourceError as error:
                    older = self._older(table, error)
                    found |= {i: older.get(i) for i in missing}
            else:
                self._held(ByIds(collection, wanted), (r for r in found.values() if r is not None))
            return await self._admitted(collection, found)

    async def _fetch_ids(self, need: ByIds, table: Table) -> Found:
        match await self._choose(need, table):
            case Whole() as whole:
                return {i: whole.get(i) for i in need.ids}
            case Singles():
                read = self._client.read
                answers = await _all(read(need.collection, i) for i in need.ids)
                records = [r for r in answers if r is not None]
            case Batches() as path:
                records = await self._batched(need.collection, path)
            case path:
                raise AssertionError(path)
        by_id = {r.sourced_id: r for r in records}
        table.keep(records, missing=(i for i in need.ids if i not in by_id))
        return {i: by_id.get(i) for i in need.ids}

    # -------------------------------------------------------------- children

    async def children(self, collection: Collection, field: str, parents: Iterable[str]) -> Children:
        """The records whose `field` names each parent, of any status, by sourcedId."""
        wanted = tuple(dict.fromkeys(parents))
        await self._taken_up(collection)
        with self._reading(collection) as table:
            if (whole := table.whole) is not None:
                await whole.indexed(field)
            found = table.known_children(field, wanted)
            missing = tuple(sorted(p for p in wanted if p not in found))
            if missing:
                need = ChildrenOf(collection, field, missing)
                try:
                    found |= await self._share(need, lambda: self._fetch_children(need, table))
                except SourceError as error:
                    older = self._older(table, error)
                    await older.indexed(field)
                    found |= {p: older.children(field, p) for p in missing}
            else:
                self._held(ChildrenOf(collection, field, wanted), (r for rows in found.values() for r in rows))
        if self._scope.everything:
            return found
        holds = self._scope.test(collection)
        return {p: tuple(r for r in rows if holds(r)) for p, rows in found.items()}

    async def _fetch_children(self, need: ChildrenOf, table: Table) -> Children:
        match await self._choose(need, table):
            case Whole() as whole:
                await whole.indexed(need.field)
                return {p: whole.children(need.field, p) for p in need.parents}
            case Nested(endpoint):
                lists = await _all(self._pages(PageRequest(endpoint, ids=(p,))) for p in need.parents)
                records = [r for pages in lists for r in _records(pages)]
            case ParentScoped() as path:
                rows = await self._scoped(path)
                if rows is None:
                    return await self._fetch_children(need, table)
                records = rows
            case Batches() as path:
                records = await self._batched(need.collection, path)
            case path:
                raise AssertionError(path)
        unique = {r.sourced_id: r for r in sorted(records, key=lambda r: r.sourced_id)}
        table.keep_children(need.field, need.parents, unique.values())
        grouped = group(unique.values(), need.field)
        return {p: grouped.get(p, ()) for p in need.parents}

    # -------------------------------------------------------------- lists

    async def window(
        self, collection: Collection, where: Predicate | None, after: Position | None, limit: int
    ) -> Slice:
        """The `limit` records after a position, of those that satisfy `where`, ordered by sourcedId."""
        where = predicate.every(where, self._scope.predicate(collection))
        await self._keeper.take_up(collection, self.tables[collection])
        with self._reading(collection) as table:
            whole = table.whole
            held = table.known_list(where) if whole is None else await whole.searched(where)
            try:
                if held is None and (chosen := self._windows(collection, where, after, limit)) is not None:
                    rows = await self._upstream_window(collection, where, table, after, limit, chosen)
                    if rows is not None:
                        return rows
                if held is None:
                    held = await self._list(collection, where, table)
                else:
                    self._held(Window(collection, where, limit), held.records)
            except SourceError as error:
                held = await self._older(table, error).searched(where)
        part = cut(held, after.sourced_id if after else None, limit)
        return dataclasses.replace(part, standing=table.standing)

    async def count(self, collection: Collection, where: Predicate | None) -> int | None:
        """How many records satisfy `where`: as the source tells, else by reading them."""
        found = await self.window(collection, where, None, 1)
        if found.total is not None:
            return found.total
        where = predicate.every(where, self._scope.predicate(collection))
        with self._reading(collection) as table:
            return (await self._list(collection, where, table)).total

    def _windows(
        self, collection: Collection, where: Predicate | None, after: Position | None, limit: int
    ) -> Plan | None:
        """The plan, if it is that the source itself cuts the list."""
        offset = after.offset if after is not None else 0
        overlap = 1 if offset else 0
        chosen = self._plan(Window(collection, where, limit + overlap, offset and offset - overlap))
        return chosen if isinstance(chosen.path, Cut) else None

    async def _upstream_window(
        self,
        collection: Collection,
        where: Predicate | None,
        table: Table,
        after: Position | None,
        limit: int,
        chosen: Plan,
    ) -> Slice | None:
        """The window as the source cuts it; None when its order is not by sourcedId, or moved since `after`."""
        start = after.offset if after is not None and after.offset is not None else 0
        # One record of overlap shows whether the list still stands as it did when `after` was shown.
        overlap = 1 if start else 0
        request = PageRequest(collection.value, where=where, limit=limit + overlap, offset=start - overlap)
        found = table.known_slice(where, request.offset, limit + overlap)
        if found is None:
            found = await self._share((request, "window"), lambda: self._fetch_window(request, table, chosen))
        else:
            self._held(Window(collection, where, limit), found.records)
        ids = [r.sourced_id for r in found.records]
        if table.unsorted or (after is not None and ids[:overlap] != [after.sourced_id]):
            return None
        return dataclasses.replace(found, records=found.records[overlap:], start=start)

    async def _fetch_window(self, request: PageRequest, table: Table, chosen: Plan) -> Slice:
        explain.planned(chosen)
        rows: list[Record] = []
        assert request.limit is not None
        offset, rejected = request.offset, 0
        ended, total = False, None
        while len(rows) < request.limit and not ended:
            page = await self._client.page(dataclasses.replace(request, limit=request.limit - len(rows), offset=offset))
            rows += page.records
            offset += page.received
            ended = page.next_offset is None
            if page.exact and page.total is not None:
                total = page.total
                self.learned.matched(Collection(request.endpoint), request.where, page.total)
            if request.where is None and page.total is not None:
                table.size = page.total
            rejected += len(page.rejected)
        ids = [r.sourced_id for r in rows]
        table.unsorted = table.unsorted or ids != sorted(set(ids))
        found = Slice(tuple(rows), request.offset, ended, total, time.time(), rejected)
        table.keep_slice(request.where, found)
        return found

    async def _list(self, collection: Collection, where: Predicate | None, table: Table) -> Slice:
        """Every record that satisfies `where`: by the ids it names, by a filter that narrows, else from the whole."""
        ids = named_ids(where)
        if ids is not None:
            holds = predicate.compile_test(where)
            found = await self.by_ids(collection, ids)
            return listed(r for r in found.values() if r is not None and holds(r))
        chosen = self._plan(Window(collection, where, None, None))
        if isinstance(chosen.path, Filtered):
            request = PageRequest(collection.value, where=where)
            return await self._share((request, "list"), lambda: self._fetch_list(request, table, chosen))
        while (whole := await self._whole(collection, table)) is None:
            pass  # what was on its way was given up, being too large for what somebody else wanted
        return await whole.searched(where)

    async def _fetch_list(self, request: PageRequest, table: Table, chosen: Plan) -> Slice:
        explain.planned(chosen)
        pages = await self._pages(request)
        self.learned.matched(Collection(request.endpoint), request.where, sum(len(p.records) for p in pages))
        return table.keep_list(request.where, _records(pages), sum(len(p.rejected) for p in pages))

    # -------------------------------------------------------------- asking

    def _plan(self, need: Need) -> Plan:
        known = self.learned.known(need, self.tables)
        return plan(need, known, self._client.dialect, self._client.url_overhead(need.collection))

    async def _choose(self, need: Need, table: Table) -> Whole | Singles | Batches | Nested | ParentScoped:
        """The path to take. A scan is taken here, unless its first page shows that another way is shorter."""
        chosen, spent = self._plan(need), 0

        def worth() -> bool:
            nonlocal chosen, spent
            revised, spent = self._plan(need), 1
            scan = isinstance(revised.path, Scan)
            why = revised.why if scan else chosen.why
            chosen = dataclasses.replace(self._plan(Everything(need.collection)), why=why)
            return scan

        while isinstance(chosen.path, Scan):
            whole = await self._whole(need.collection, table, worth)
            if whole is not None:
                explain.planned(chosen)
                return whole
            chosen = self._plan(need)
        explain.planned(dataclasses.replace(chosen, requests=chosen.requests + spent))
        assert isinstance(chosen.path, Singles | Batches | Nested | ParentScoped)
        return chosen.path

    async def _whole(
        self, collection: Collection, table: Table, worth: Callable[[], bool] | None = None
    ) -> Whole | None:
        if (whole := table.whole) is not None:
            return whole
        reading = self._share((collection, "whole"), lambda: self._scan(collection, table, worth))
        older = table.last_good
        if older is None:
            return await reading
        try:
            async with asyncio.timeout(PATIENCE):
                return await reading
        except TimeoutError:
            return self._older(table, TimedOut(self._client.spec.key, f"had not answered after {PATIENCE:g} s"))
        except SourceError as error:
            return self._older(table, error)

    def _older(self, table: Table, error: SourceError) -> Whole:
        """The copy that may stand in for what failed.

        Raises:
            SourceError: `error`, where there is none or it may not.
        """
        older = table.fall_back(error)
        if older is None:
            raise error
        return older

    async def _scan(self, collection: Collection, table: Table, worth: Callable[[], bool] | None) -> Whole | None:
        """The whole collection; None when its first page told what shows that it is not worth it."""
        if (changed := await self._changed(collection, table)) is not None:
            return changed
        explain.planned(self._plan(Everything(collection)))
        coming = table.coming = Coming()
        try:
            return await self._scanned(collection, table, worth, coming)
        finally:
            table.coming = None

    async def _changed(self, collection: Collection, table: Table) -> Whole | None:
        """The copy that is held, with what changed since; None where everything has to be read."""
        held = table.base
        if held is None:
            return None
        whole = await delta.brought_up_to_date(self._client, collection, held)
        if whole is None or table.base is not held:
            return None
        serving = table.keep_changed(whole)
        if serving.rows is not held.rows:
            self._keeper.keep(collection, table)
        self._holds(collection)
        return serving

    async def _scanned(
        self, collection: Collection, table: Table, worth: Callable[[], bool] | None, coming: Coming
    ) -> Whole | None:
        read: list[Page] = []
        began = time.time()
        async with aclosing(self._client.scan(PageRequest(collection.value))) as pages:
            async for page in pages:
                coming.total = page.total if page.total is not None else coming.total
                coming.received += page.received
                if not read:
                    self.learned.first(collection, page)
                    if page.total is not None:
                        table.size = page.total
                    if worth is not None and not worth() and page.received != page.total:
                        table.keep(page.records)
                        return None
                    explain.planned(self._plan(Everything(collection)))
                read.append(page)
        self.learned.list(collection, read)
        rejected = sum(len(p.rejected) for p in read)
        explain.moved(sum(p.received for p in read))
        records, now = list(_records(read)), time.time()
        mark = await asyncio.to_thread(delta.high_water, records, began, now)
        serving = table.keep_whole(await Whole.made(records, rejected, now, high_water=mark))
        self._keeper.keep(collection, table)
        self._holds(collection)
        return serving

    def _holds(self, collection: Collection) -> None:
        good = self.tables[collection].last_good
        if good is not None:
            self._budget.took((self._client.spec.key, collection), len(good), lambda: self._let_go(collection))

    def _let_go(self, collection: Collection) -> None:
        self.tables[collection].let_go()
        self._keeper.let_go(collection)

    async def _batched(self, collection: Collection, path: Batches) -> list[Record]:
        async def ask(group: tuple[str, ...]) -> list[Record]:
            found: list[Record] = []
            request = PageRequest(collection.value, where=AnyOf(path.field, frozenset(group)))
            async with aclosing(self._client.scan(request)) as pages:
                async for page in pages:
                    found += page.records
                    if path.field == "sourced_id" and len(found) == len(group):
                        break  # that was the last of them, though the source may not say so
            return found

        lists = await _all(map(ask, path.groups))
        return [record for found in lists for record in found]

    async def _scoped(self, path: ParentScoped) -> list[Record] | None:
        """All records below the schools; None where the source turns out not to serve that."""
        try:
            lists = await _all(self._pages(PageRequest(path.endpoint, ids=(s,))) for s in path.schools)
        except (Refused, Unsupported):
            self.learned.refused.add(path.endpoint)
            return None
        records = [record for pages in lists for record in _records(pages)]
        explain.moved(len(records))
        return records

    async def _pages(self, request: PageRequest) -> list[Page]:
        return [page async for page in self._client.scan(request)]

    # -------------------------------------------------------------- helpers

    async def _share(self, need: Hashable, ask: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return await self._flights.share(need, lambda: self.health.watch(ask()))

    def _held(self, need: Need, records: Iterable[Record]) -> None:
        explain.held(self._client.spec.key, need, HELD, (r.observed_at for r in records))

    async def _admitted(self, collection: Collection, found: Found) -> Found:
        """`found` without what lies outside the scope, which is as if it did not exist."""
        if self._scope.everything:
            return found
        if collection is Collection.DEMOGRAPHICS:
            people = await self.by_ids(Collection.USERS, found)
            return {i: r if people[i] is not None else None for i, r in found.items()}
        holds = self._scope.test(collection)
        return {i: r if r is not None and holds(r) else None for i, r in found.items()}

    @contextmanager
    def _reading(self, collection: Collection) -> Iterator[Table]:
        """The collection's table; that the source has no such collection is remembered."""
        table = self.tables[collection]
        if table.unsupported is not None:
            raise table.unsupported
        self._budget.used((self._client.spec.key, collection))
        if table.ageing:
            self._flights.start((collection, "whole"), lambda: self.health.watch(self._scan(collection, table, None)))
        try:
            yield table
        except Unsupported as error:
            table.refuse(error)
            raise


def _absence(client: SourceClient, collection: Collection) -> Unsupported | None:
    try:
        lowering.route(client.dialect, collection.value, source=client.spec.key)
    except Unsupported as error:
        return error
    return None


async def _all(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """All results in order; the first failure ends the rest."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


def _records(pages: Iterable[Page]) -> Iterator[Record]:
    for page in pages:
        yield from page.records
