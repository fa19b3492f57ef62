"""One source's needs, answered from what is held of it alone, however old that is. The source is not asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from adapters import moments, predicate
from adapters.endpoints import Collection
from adapters.predicate import Predicate
from adapters.records import Record
from gateway.faults import NotHeld, SourceState
from gateway.roster import explain
from gateway.roster.asking import Children, Found, records_of
from gateway.roster.budget import Budget
from gateway.roster.keeper import Keeper
from gateway.roster.needs import ByIds, ChildrenOf, Need, Window, named_ids
from gateway.roster.pins import Pinned
from gateway.roster.planner import HELD
from gateway.roster.tables import Table
from gateway.roster.whole import Position, Slice, Standing, cut, listed


class Held:
    """Answers as the source's `Reader` does, but has nothing refreshed. What is on disk is held too."""

    def __init__(self, source: str, tables: Mapping[Collection, Table], keeper: Keeper, budget: Budget) -> None:
        self._source = source
        self._tables = tables
        self._keeper = keeper
        self._budget = budget

    def standing(self, collection: Collection, found: object, since: float | None = None) -> Standing | None:
        """Why `found` is not what a reading would bring, as far as is known; None if it is fresh and read `since`."""
        table = self._tables[collection]
        whole = table.last_good
        read_at = whole.read_at if whole is not None else _oldest(found)
        fresh = table.whole is not None or whole is None
        if table.standing is not None or (fresh and (since is None or since <= read_at <= moments.now())):
            return table.standing
        age = moments.now() - read_at
        return Standing(SourceState.STALE, None, f"what was read {age:.0f} s ago is served, since it was not asked")

    async def by_ids(
        self, collection: Collection, ids: Iterable[str], since: float | None = None, began: float | None = None
    ) -> Found:
        """The record of each id, None for one that the source does not have, without those of which nothing is held."""
        wanted = tuple(dict.fromkeys(ids))
        table = await self._table(collection)
        found: Found = {**table.known(wanted)}
        if (older := table.last_good) is not None:
            found |= {i: older.get(i) for i in wanted if i not in found}
        self._told(ByIds(collection, wanted), records_of(found))
        return found

    async def children(
        self,
        collection: Collection,
        field: str,
        parents: Iterable[str],
        since: float | None = None,
        began: float | None = None,
    ) -> Children:
        """The records whose `field` names each parent, without the parents of which that is not held."""
        wanted = tuple(dict.fromkeys(parents))
        table = await self._table(collection)
        found = table.known_children(field, wanted)
        if (older := table.partial if table.last_good is None else table.last_good) is not None:
            await older.indexed(field)
            found |= {p: older.children(field, p) for p in wanted if p not in found}
        self._told(ChildrenOf(collection, field, wanted), (r for rows in found.values() for r in rows))
        return found

    async def window(
        self,
        collection: Collection,
        where: Predicate | None,
        after: Position | None,
        limit: int,
        since: float | None = None,
    ) -> Slice:
        """The `limit` records after a position, of those that satisfy `where`, ordered by sourcedId.

        Raises:
            NotHeld: neither the whole list is held nor this part of it.
        """
        table = await self._table(collection)
        held = await self._list(collection, where, table)
        if held is not None:
            found = cut(held, after.sourced_id if after is not None else None, limit)
        elif (part := table.known_window(where, after, limit)) is not None:
            found = part
        else:
            raise NotHeld(self._source)
        self._told(Window(collection, where, limit), found.records)
        return found

    async def matching(self, collection: Collection, where: Predicate | None, since: float | None = None) -> Slice:
        """Every record that satisfies `where`, by sourcedId.

        Raises:
            NotHeld: not all of them are known.
        """
        found = await self._list(collection, where, await self._table(collection))
        if found is None:
            raise NotHeld(self._source)
        self._told(Window(collection, where, None), found.records)
        return found

    async def count(self, collection: Collection, where: Predicate | None, since: float | None = None) -> int | None:
        """How many records satisfy `where`; None where that is not held."""
        return (await self.window(collection, where, None, 1)).total

    async def pin(self, collection: Collection, since: float | None = None) -> Pinned:
        """The collection as it is held, kept so for whoever walks it.

        Raises:
            NotHeld: it is not held whole.
        """
        table = await self._table(collection)
        whole = table.partial if table.last_good is None else table.last_good
        if whole is None:
            raise NotHeld(self._source)
        table.pin(whole)
        return Pinned(self._source, whole)

    async def pinned(self, collection: Collection, version: float) -> Pinned | None:
        """A version of the collection; None where it is not held any more."""
        table = self._tables[collection]
        whole = table.pinned(version)
        if whole is None:
            await self._keeper.take_up(collection, table)
            whole = table.pinned(version)
        self._budget.used((self._source, collection))
        return Pinned(self._source, whole) if whole is not None else None

    async def _list(self, collection: Collection, where: Predicate | None, table: Table) -> Slice | None:
        whole = table.partial if table.last_good is None else table.last_good
        if whole is not None:
            return await whole.searched(where)
        if (known := table.known_list(where)) is not None or (ids := named_ids(where)) is None:
            return known
        records = table.known(ids)
        holds = predicate.compile_test(where)
        return listed(r for r in records.values() if r is not None and holds(r)) if len(records) == len(ids) else None

    async def _table(self, collection: Collection) -> Table:
        """The collection's table with what is kept of it; that the source does not let us have it is remembered."""
        table = self._tables[collection]
        refused = table.unsupported or table.barred
        if refused is not None:
            raise refused
        await self._keeper.take_up(collection, table)
        self._budget.used((self._source, collection))
        return table

    def _told(self, need: Need, records: Iterable[Record]) -> None:
        explain.held(self._source, need, HELD, (r.observed_at for r in records))


def _oldest(found: object) -> float:
    """When the oldest of what was found was read, epoch seconds."""
    match found:
        case Slice(read_at=read_at):
            return read_at
        case dict():
            rows = (row for value in found.values() for row in (value if isinstance(value, tuple) else (value,)))
            return min((row.observed_at for row in rows if row is not None), default=moments.now())
    return moments.now()
