"""Asks one source for what its tables lack, the shortest way, and puts what came into them. Where that is to read the
whole collection, `gateway.roster.scans` does.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Coroutine, Iterable, Iterator
from itertools import chain
from operator import attrgetter
from typing import Any, TypeAlias, TypeVar

from adapters import moments
from adapters.client import OnPage, Page, PageRequest, Progress
from adapters.endpoints import Collection
from adapters.errors import Mismatched, Refused, SourceError, Unsupported
from adapters.pacing import MAX_CONCURRENCY
from adapters.predicate import AnyOf
from adapters.records import Record
from adapters.stepping import pages, stride
from gateway.roster import explain
from gateway.roster.costs import Costs
from gateway.roster.needs import (
    AccessPath,
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
from gateway.roster.planner import choose
from gateway.roster.scans import Scans
from gateway.roster.tables import Table
from gateway.roster.upstream import Upstream
from gateway.roster.whole import Short, Slice, Whole, group

_log = logging.getLogger(__name__)

T = TypeVar("T")

ASKED_ON = 20
"""Requests, at most, for what a reading lacks that is not proved to be whole."""

Found: TypeAlias = dict[str, Record | SourceError | None]
"""By id. None: there is no such record. An error: whether there is one is not known."""

Children: TypeAlias = dict[str, tuple[Record, ...]]
"""By parent; `Short` where some may be missing."""


class Asker:
    """What it raises is a SourceError."""

    def __init__(self, upstream: Upstream, scans: Scans) -> None:
        self._upstream = upstream
        self._client = upstream.client
        self._scans = scans

    # -------------------------------------------------------------- a few records

    async def by_ids(self, need: ByIds) -> Found:
        return await self._upstream.share(need, lambda: self._by_ids(need, self._upstream.tables[need.collection]))

    async def children(self, need: ChildrenOf) -> Children:
        return await self._upstream.share(need, lambda: self._children(need, self._upstream.tables[need.collection]))

    async def _by_ids(self, need: ByIds, table: Table) -> Found:
        match await self._choose(need, table):
            case Whole() as whole:
                found: Found = {i: whole.get(i) for i in need.ids}
                if whole.unproved is None:
                    return found
                lacking = tuple(i for i, record in found.items() if record is None)
                return found | await self._lacking(ByIds(need.collection, lacking), table, whole.unproved)
            case path:
                return await self._by_path(need, table, path)

    async def _by_path(self, need: ByIds, table: Table, path: AccessPath) -> Found:
        match path:
            case Singles():
                read = self._client.read
                answers = dict(zip(need.ids, await _all(read(need.collection, i) for i in need.ids), strict=True))
                table.keep(filter(None, answers.values()), (i for i, record in answers.items() if record is None))
                return {**answers}  # by the id that was asked for: a source may itself resolve an earlier one
            case Batches():
                rows = await self._batched(need.collection, path)
            case Scan():
                rows = await self._scans.passing(need.collection, AnyOf("sourced_id", frozenset(need.ids)))
            case _:
                raise AssertionError(path)
        by_id = {r.sourced_id: r for r in rows}
        missing = [i for i in need.ids if i not in by_id]
        if isinstance(rows, Short):
            table.keep(rows)
            return by_id | dict.fromkeys(missing, self._upstream.unknown(rows.unproved))
        table.keep(rows, missing)
        return by_id | dict.fromkeys(missing)

    async def _lacking(self, need: ByIds, table: Table, unproved: str) -> Found:
        """What a reading lacks that is not proved to be whole: asked for by id, where that takes few requests."""
        known = self._upstream.learned.known(need, self._upstream.tables)
        costs = Costs(known, self._client.dialect, self._client.url_overhead(need.collection))
        ways = [w for w in costs.ways(need) if isinstance(w.path, Singles | Batches) and w.requests <= ASKED_ON]
        if not need.ids or not ways:
            return dict.fromkeys(need.ids, self._upstream.unknown(unproved))
        return await self._by_path(need, table, choose(ways, known).path)

    async def _children(self, need: ChildrenOf, table: Table) -> Children:
        match await self._choose(need, table):
            case Whole() as whole:
                await whole.indexed(need.field)
                return {p: whole.children(need.field, p) for p in need.parents}
            case Nested(endpoint) | ParentScoped(endpoint) as path:
                parents = path.scopes if isinstance(path, ParentScoped) else need.parents
                field = need.field if isinstance(path, Nested) else None
                below = await self._below(need.collection, endpoint, parents, field)
                if below is None:
                    return await self._children(need, table)
                if isinstance(path, ParentScoped):
                    explain.moved(len(below))
                rows = below
            case Batches() as path:
                rows = await self._batched(need.collection, path)
            case Scan():
                rows = await self._scans.passing(need.collection, AnyOf(need.field, frozenset(need.parents)))
            case path:
                raise AssertionError(path)
        in_order = sorted(rows, key=attrgetter("sourced_id"))
        unique = {r.sourced_id: r for r in in_order}.values()
        if isinstance(rows, Short):
            grouped = group(unique, need.field)
            table.keep(rows)
            return {p: Short(grouped.get(p, ()), rows.unproved) for p in need.parents}
        return {**table.keep_children(need.field, need.parents, unique)}

    async def _choose(self, need: Need, table: Table) -> Whole | Singles | Batches | Nested | ParentScoped | Scan:
        """The path to take. What is to be read whole is read here, unless its first page shows a shorter way."""
        chosen, spent = self._upstream.plan(need), 0

        def worth() -> bool:
            nonlocal chosen, spent
            revised, spent = self._upstream.plan(need), 1
            scan = isinstance(revised.path, Scan)
            why = revised.why if scan else chosen.why
            chosen = dataclasses.replace(self._upstream.plan(Everything(need.collection)), why=why)
            return scan

        while isinstance(chosen.path, Scan | Changes) and not self._scans.too_large(need.collection):
            whole = await self._scans.whole(need.collection, worth)
            if whole is not None:
                explain.planned(chosen)
                return whole
            chosen = self._upstream.plan(need)
        requests, certain = chosen.requests + spent, chosen.certain + spent
        explain.planned(dataclasses.replace(chosen, requests=requests, certain=certain))
        if table.size is None:
            self._upstream.learned.spent[need.collection] += chosen.requests
        assert isinstance(chosen.path, Singles | Batches | Nested | ParentScoped | Scan)
        return chosen.path

    async def _batched(self, collection: Collection, path: Batches) -> tuple[Record, ...]:
        async def ask(group: tuple[str, ...]) -> tuple[Record, ...]:
            request = PageRequest(collection.value, where=AnyOf(path.field, frozenset(group)))
            return await self._list(collection, request, len(group) if path.field == "sourced_id" else None)

        return _together(await _all(map(ask, path.groups)))

    async def _below(
        self, collection: Collection, endpoint: str, ids: tuple[str, ...], field: str | None
    ) -> tuple[Record, ...] | None:
        """All records below these; None where the source turns out not to serve that. field: by which they name what
        they are below, unless it is something else that this was asked by.

        Raises:
            Mismatched: a record came that names another.
        """

        async def below(parent: str) -> tuple[Record, ...]:
            rows = await self._list(collection, PageRequest(endpoint, ids=(parent,)))
            named = {getattr(r, field) for r in rows} if field is not None else set()
            if any(isinstance(name, str) and name != parent for name in named):
                raise self._another(endpoint, "records came of another parent than the one asked for")
            return rows

        try:
            return _together(await _all(map(below, ids)))
        except (Refused, Unsupported):
            self._upstream.learned.refused.add(endpoint)
            return None

    async def _list(self, collection: Collection, request: PageRequest, most: int | None = None) -> tuple[Record, ...]:
        """Of a part of the collection, all records, or `most`: there are no more, though the source may not say so."""
        came: list[Record] = []
        others = False

        def look(_: Progress, page: Page) -> bool:
            nonlocal others
            came.extend(page.records)
            others |= not page.exact
            return len(came) != most

        found = await self._client.scan(request, on_page=self._first_tells(collection, look))
        if len(came) == most:
            return tuple(came)
        if most is not None and others:
            raise self._another(request.endpoint, "records came that were not asked for, and not all that were")
        return tuple(found.records) if found.reason is None else Short(found.records, found.reason)

    def _another(self, endpoint: str, what: str) -> Mismatched:
        _log.warning("security: %s answers %s with other records than those asked for", self._client.spec.key, endpoint)
        return Mismatched(self._client.spec.key, f"{endpoint}: {what}")

    def _first_tells(self, collection: Collection, look: OnPage = lambda progress, page: True) -> OnPage:
        """The first page of a part of the collection tells how many there are, or how many at least."""
        first = True

        def told(progress: Progress, page: Page) -> bool | None:
            nonlocal first
            if first:
                known = self._upstream.learned.known(Everything(collection), self._upstream.tables)
                total = page.total if page.exact else None
                explain.told(Pages(known, self._client.capabilities).told(page.received, total))
                first = False
            return look(progress, page)

        return told

    # -------------------------------------------------------------- lists

    async def window(self, request: PageRequest, chosen: Plan) -> Slice | None:
        """`request.limit` records from an offset on, as the source sorts, filters and cuts; None if it takes several
        pages and these do not join up, or fewer come than the source claims.
        """
        table = self._upstream.tables[Collection(request.endpoint)]
        return await self._upstream.share((request, "window"), lambda: self._window(request, table, chosen))

    async def filtered(self, request: PageRequest, chosen: Plan) -> Slice:
        """Every record that satisfies `request.where`, by a filter that narrows the list."""
        table = self._upstream.tables[Collection(request.endpoint)]
        return await self._upstream.share((request, "list"), lambda: self._filtered(request, table, chosen))

    async def _window(self, request: PageRequest, table: Table, chosen: Plan) -> Slice | None:
        explain.planned(chosen)
        rows: list[Record] = []
        known: set[str] = set()
        told: int | None = None
        assert request.limit is not None
        offset, overlap, rejected = request.offset, 0, 0
        ended, total = False, None
        while len(rows) < request.limit and not ended:
            rest = request
            if offset != request.offset:
                rest = dataclasses.replace(request, limit=request.limit - len(rows) + overlap, offset=offset - overlap)
            page = await self._client.page(rest)
            came = page.records
            if overlap and (not came or came[0].sourced_id != rows[-1].sourced_id):
                return None
            came = came[overlap:]
            ids = {r.sourced_id for r in came}
            moved = page.total != told or not known.isdisjoint(ids) or (page.received > overlap and not ids)
            if moved and offset != request.offset:
                return None
            if offset == request.offset:
                overlap = self._overlap(page, request)
                explain.told(_pages_told(page, request, overlap))
            elif not overlap and page.total is None and (page.received or len(rows) > 1):
                return None  # nothing shows that it joins up with the one before
            told = page.total
            known |= ids
            rows += came
            offset = rest.offset + page.received
            ended = page.next_offset is None or (page.received <= overlap and rest is not request)
            if page.exact and page.total is not None:
                total = page.total
                self._upstream.learned.matched(Collection(request.endpoint), request.where, page.total)
            if request.where is None and page.total is not None:
                table.size = page.total
            rejected += len(page.rejected)
        if ended and told is not None and offset < told:
            return None  # more are claimed than came: the whole list tells whether any are missing
        order = [r.sourced_id for r in rows]
        table.unsorted = table.unsorted or order != sorted(set(order))
        found = Slice(tuple(rows), request.offset, ended, total, moments.now(), rejected)
        table.keep_slice(request.where, found)
        return found

    def _overlap(self, first: Page, request: PageRequest) -> int:
        """How many records of each page of a window come on the next one again, to show that the two join up."""
        assert request.limit is not None
        received = len(first.records)
        if not self._client.any_offset or received < 2 or first.received != received:
            return 0
        return 1 if first.total is None else received - stride(request.limit, received)

    async def _filtered(self, request: PageRequest, table: Table, chosen: Plan) -> Slice:
        explain.planned(chosen)
        collection = Collection(request.endpoint)
        found = await self._client.scan(request, on_page=self._first_tells(collection))
        if found.complete:
            self._upstream.learned.matched(collection, request.where, len(found.records))
        return table.keep_list(request.where, found.records, len(found.rejected), found.reason)


def records_of(found: Found) -> Iterator[Record]:
    return (r for r in found.values() if r is not None and not isinstance(r, SourceError))


async def _all(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """All results in order; the first failure ends the rest.

    `work` is begun as the source can take it, not all at once: to begin thousands of requests takes a while.
    """
    steps, found = enumerate(work), dict[int, T]()

    async def some() -> None:
        for place, each in steps:
            found[place] = await each

    tasks = [asyncio.ensure_future(some()) for _ in range(MAX_CONCURRENCY)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return [found[place] for place in range(len(found))]


def _pages_told(first: Page, request: PageRequest, overlap: int) -> int:
    """How many requests a window takes by what its first page tells, or how many at least."""
    assert request.limit is not None
    if first.exact and first.total is not None:
        rows, received = min(request.limit, first.total - request.offset), max(1, first.received)
        return pages(rows, received, received - overlap)
    return 1 if first.next_offset is None or first.received >= request.limit else 2


def _together(lists: Iterable[tuple[Record, ...]]) -> tuple[Record, ...]:
    parts = tuple(lists)
    unproved = next((part.unproved for part in parts if isinstance(part, Short)), None)
    rows = chain.from_iterable(parts)
    return tuple(rows) if unproved is None else Short(rows, unproved)
