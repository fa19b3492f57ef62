"""Asks one source for what its tables lack, the shortest way, and puts what came into them."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Hashable, Iterable, Iterator, Mapping
from contextlib import aclosing
from math import ceil
from typing import Any, TypeAlias, TypeVar

from adapters.client import Page, PageRequest, SourceClient
from adapters.endpoints import Collection
from adapters.errors import Refused, SourceError, TimedOut, Unsupported
from adapters.predicate import AnyOf
from adapters.records import Record
from gateway.roster import delta, explain
from gateway.roster.flights import Flights
from gateway.roster.health import Health
from gateway.roster.learned import Learned
from gateway.roster.needs import (
    Batches,
    ByIds,
    Changes,
    ChildrenOf,
    Everything,
    Need,
    Nested,
    ParentScoped,
    Plan,
    Scan,
    Singles,
)
from gateway.roster.pages import Pages
from gateway.roster.planner import plan
from gateway.roster.tables import Coming, Table
from gateway.roster.whole import Slice, Whole, group

PATIENCE = 5.0
"""Seconds for which a refresh is waited for while an older copy is held; it goes on meanwhile."""

T = TypeVar("T")

Found: TypeAlias = dict[str, Record | None]
Children: TypeAlias = dict[str, tuple[Record, ...]]
Worth: TypeAlias = Callable[[], bool]
"""Asked after the first page of a scan: whether it is worth going on."""


class Asker:
    """Asks one source; one flight per identical need. What it raises is a SourceError.

    came: told of each collection that was read whole, and whether with records that were not held before.
    """

    def __init__(
        self, client: SourceClient, tables: Mapping[Collection, Table], came: Callable[[Collection, bool], None]
    ) -> None:
        self._client = client
        self._tables = tables
        self._came = came
        self.learned = Learned(client.dialect, client.pacer)
        self.flights = Flights(client.spec.key, self.learned.flown)
        self.health = Health()

    def plan(self, need: Need) -> Plan:
        known = self.learned.known(need, self._tables)
        return plan(need, known, self._client.dialect, self._client.url_overhead(need.collection))

    # -------------------------------------------------------------- a few records

    async def by_ids(self, need: ByIds) -> Found:
        return await self._share(need, lambda: self._by_ids(need, self._tables[need.collection]))

    async def children(self, need: ChildrenOf) -> Children:
        return await self._share(need, lambda: self._children(need, self._tables[need.collection]))

    async def _by_ids(self, need: ByIds, table: Table) -> Found:
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

    async def _children(self, need: ChildrenOf, table: Table) -> Children:
        match await self._choose(need, table):
            case Whole() as whole:
                await whole.indexed(need.field)
                return {p: whole.children(need.field, p) for p in need.parents}
            case Nested(endpoint):
                lists = await _all(self._pages(need.collection, PageRequest(endpoint, ids=(p,))) for p in need.parents)
                records = [r for pages in lists for r in _records(pages)]
            case ParentScoped() as path:
                rows = await self._scoped(need.collection, path)
                if rows is None:
                    return await self._children(need, table)
                records = rows
            case Batches() as path:
                records = await self._batched(need.collection, path)
            case path:
                raise AssertionError(path)
        unique = {r.sourced_id: r for r in sorted(records, key=lambda r: r.sourced_id)}
        table.keep_children(need.field, need.parents, unique.values())
        grouped = group(unique.values(), need.field)
        return {p: grouped.get(p, ()) for p in need.parents}

    async def _choose(self, need: Need, table: Table) -> Whole | Singles | Batches | Nested | ParentScoped:
        """The path to take. What is to be read whole is read here, unless its first page shows a shorter way."""
        chosen, spent = self.plan(need), 0

        def worth() -> bool:
            nonlocal chosen, spent
            revised, spent = self.plan(need), 1
            scan = isinstance(revised.path, Scan)
            why = revised.why if scan else chosen.why
            chosen = dataclasses.replace(self.plan(Everything(need.collection)), why=why)
            return scan

        while isinstance(chosen.path, Scan | Changes):
            whole = await self.whole(need.collection, worth)
            if whole is not None:
                explain.planned(chosen)
                return whole
            chosen = self.plan(need)
        requests, certain = chosen.requests + spent, chosen.certain + spent
        explain.planned(dataclasses.replace(chosen, requests=requests, certain=certain))
        if table.size is None:
            self.learned.spent[need.collection] += chosen.requests
        assert isinstance(chosen.path, Singles | Batches | Nested | ParentScoped)
        return chosen.path

    async def _batched(self, collection: Collection, path: Batches) -> list[Record]:
        async def ask(group: tuple[str, ...]) -> list[Record]:
            found: list[Record] = []
            request = PageRequest(collection.value, where=AnyOf(path.field, frozenset(group)))
            async with aclosing(self._list(collection, request)) as pages:
                async for page in pages:
                    found += page.records
                    if path.field == "sourced_id" and len(found) == len(group):
                        break  # that was the last of them, though the source may not say so
            return found

        lists = await _all(map(ask, path.groups))
        return [record for found in lists for record in found]

    async def _scoped(self, collection: Collection, path: ParentScoped) -> list[Record] | None:
        """All records below the schools; None where the source turns out not to serve that."""
        try:
            lists = await _all(self._pages(collection, PageRequest(path.endpoint, ids=(s,))) for s in path.schools)
        except (Refused, Unsupported):
            self.learned.refused.add(path.endpoint)
            return None
        records = [record for pages in lists for record in _records(pages)]
        explain.moved(len(records))
        return records

    # -------------------------------------------------------------- lists

    async def window(self, request: PageRequest, chosen: Plan) -> Slice:
        """`request.limit` records from an offset on, as the source sorts, filters and cuts."""
        table = self._tables[Collection(request.endpoint)]
        return await self._share((request, "window"), lambda: self._window(request, table, chosen))

    async def filtered(self, request: PageRequest, chosen: Plan) -> Slice:
        """Every record that satisfies `request.where`, by a filter that narrows the list."""
        table = self._tables[Collection(request.endpoint)]
        return await self._share((request, "list"), lambda: self._filtered(request, table, chosen))

    async def _window(self, request: PageRequest, table: Table, chosen: Plan) -> Slice:
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
            if offset == request.offset + page.received:
                explain.told(_pages_told(page, request))
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

    async def _filtered(self, request: PageRequest, table: Table, chosen: Plan) -> Slice:
        explain.planned(chosen)
        pages = await self._pages(Collection(request.endpoint), request)
        self.learned.matched(Collection(request.endpoint), request.where, sum(len(p.records) for p in pages))
        return table.keep_list(request.where, _records(pages), sum(len(p.rejected) for p in pages))

    # -------------------------------------------------------------- everything

    async def whole(self, collection: Collection, worth: Worth | None = None) -> Whole | None:
        """The whole collection, held or read; None when it turned out not to be worth it, be it to somebody else."""
        table = self._tables[collection]
        if (whole := table.whole) is not None:
            return whole
        reading = self.anew(collection, worth)
        if table.last_good is None:
            return await reading
        try:
            async with asyncio.timeout(PATIENCE):
                return await reading
        except TimeoutError:
            return table.fall_back(TimedOut(self._client.spec.key, f"had not answered after {PATIENCE:g} s"))
        except SourceError as error:
            return table.fall_back(error)

    async def anew(self, collection: Collection, worth: Worth | None = None) -> Whole | None:
        """As `whole`, whatever is held."""
        return await self._share((collection, "whole"), lambda: self._read(collection, worth))

    async def _read(self, collection: Collection, worth: Worth | None) -> Whole | None:
        table = self._tables[collection]
        if self.learned.changes(collection, table):
            changed = await self._changed(collection, table)
            if changed is not None or worth is not None:
                return changed  # where changes are not to be had, the need is planned anew
        explain.planned(self.plan(Everything(collection)))
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
        whole = await delta.brought_up_to_date(self._client, collection, held)
        if whole is None:
            self.learned.in_full.add(collection)
        if whole is None or table.base is not held:
            return None
        serving = table.keep_changed(whole)
        self._came(collection, serving.rows is not held.rows)
        return serving

    async def _scan(self, collection: Collection, table: Table, worth: Worth | None, coming: Coming) -> Whole | None:
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
                    explain.planned(self.plan(Everything(collection)))
                read.append(page)
        self.learned.list(collection, read)
        self.learned.in_full.discard(collection)
        rejected = sum(len(p.rejected) for p in read)
        explain.moved(sum(p.received for p in read))
        records, now = list(_records(read)), time.time()
        mark = await asyncio.to_thread(delta.high_water, records, began, now)
        serving = table.keep_whole(await Whole.made(records, rejected, now, high_water=mark))
        self._came(collection, True)
        return serving

    async def _pages(self, collection: Collection, request: PageRequest) -> list[Page]:
        return [page async for page in self._list(collection, request)]

    async def _list(self, collection: Collection, request: PageRequest) -> AsyncGenerator[Page, None]:
        """The pages of a part of the collection; the first one tells how many there are, or how many at least."""
        first = True
        async with aclosing(self._client.scan(request)) as pages:
            async for page in pages:
                if first:
                    known = self.learned.known(Everything(collection), self._tables)
                    total = page.total if page.exact else None
                    explain.told(Pages(known, self._client.capabilities).told(page.received, total))
                    first = False
                yield page

    async def _share(self, need: Hashable, ask: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return await self.flights.share(need, lambda: self.health.watch(ask()))


async def _all(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """All results in order; the first failure ends the rest."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


def _pages_told(first: Page, request: PageRequest) -> int:
    """How many requests a window takes by what its first page tells, or how many at least."""
    assert request.limit is not None
    if first.exact and first.total is not None:
        return max(1, ceil(min(request.limit, first.total - request.offset) / max(1, first.received)))
    return 1 if first.next_offset is None or first.received >= request.limit else 2


def _records(pages: Iterable[Page]) -> Iterator[Record]:
    for page in pages:
        yield from page.records
