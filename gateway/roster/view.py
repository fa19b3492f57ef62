"""One source as far as a scope reaches. Reading and keeping are the `Reader`'s, the same for all views of a source, and
what lies outside is left out of what it finds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain

from adapters.endpoints import Collection
from adapters.predicate import Predicate
from adapters.records import Record
from gateway.roster import portions
from gateway.roster.asking import Children, Found
from gateway.roster.limits import LimitedHeld, LimitedPin, LimitedReads, Limits
from gateway.roster.needs import ByIds, ChildrenOf, Need, Window
from gateway.roster.reader import Reader
from gateway.roster.scope import Scope
from gateway.roster.tables import Table
from gateway.roster.whole import Position, Slice, Whole, cut


class View(LimitedReads):
    """A source's `Reader` under a scope, in its place wherever records are wanted.

    Of what is held whole, the portion that lies within is kept, and read as the whole would be.
    """

    def __init__(self, source: str, reader: Reader, scope: Scope) -> None:
        super().__init__(reader, Limits(source, scope, reader))
        self._reader = reader
        self._all = frozenset(c for c in Collection if scope.shows_all(c))
        self._some = {c: (c, *scope.looks_at(c)) for c in Collection if c not in self._all and c not in scope.closed}
        self.held = LimitedHeld(reader.held, Limits(source, scope, reader.held))

    def in_hand(self, collection: Collection, since: float | None, began: float | None) -> Whole | None:
        if collection in self._all:
            return self._reader.in_hand(collection, since, began)
        wholes = self._wholes(collection, since, began)
        return portions.kept(self._limits.scope, collection, wholes) if wholes is not None else None

    def parts_in_hand(self, collection: Collection) -> Table | None:
        return self._reader.parts_in_hand(collection) if collection in self._all else None

    async def by_ids(
        self, collection: Collection, ids: Iterable[str], since: float | None = None, began: float | None = None
    ) -> Found:
        portion = await self._portion(collection, since, began)
        if portion is None:
            return await super().by_ids(collection, ids, since, began)
        wanted = tuple(dict.fromkeys(ids))
        found = portion.named(wanted)
        self._told(ByIds(collection, wanted), filter(None, found))
        return dict(zip(wanted, found, strict=True))

    async def children(
        self,
        collection: Collection,
        field: str,
        parents: Iterable[str],
        since: float | None = None,
        began: float | None = None,
    ) -> Children:
        portion = await self._portion(collection, since, began)
        if portion is None:
            return await super().children(collection, field, parents, since, began)
        wanted = tuple(dict.fromkeys(parents))
        await portion.indexed(field)
        found = {parent: portion.children(field, parent) for parent in wanted}
        self._told(ChildrenOf(collection, field, wanted), chain.from_iterable(found.values()))
        return found

    async def window(
        self,
        collection: Collection,
        where: Predicate | None,
        after: Position | None,
        limit: int,
        since: float | None = None,
    ) -> Slice:
        portion = await self._portion(collection, since)
        if portion is None:
            return await super().window(collection, where, after, limit, since)
        found = cut(await portion.searched(where), after.sourced_id if after is not None else None, limit)
        self._told(Window(collection, where, limit), found.records)
        return found

    async def matching(self, collection: Collection, where: Predicate | None, since: float | None = None) -> Slice:
        portion = await self._portion(collection, since)
        if portion is None:
            return await super().matching(collection, where, since)
        found = await portion.searched(where)
        self._told(Window(collection, where, None), found.records)
        return found

    async def pin(self, collection: Collection, since: float | None = None) -> LimitedPin | None:
        with self._limits.reading(collection):
            pinned = await self._reader.pin(collection, since)
        return LimitedPin(pinned, self._limits) if pinned is not None else None

    async def pinned(self, collection: Collection, version: float) -> LimitedPin | None:
        """What lies within is asked for where it has to be: the version is held, what tells of its records need not."""
        with self._limits.reading(collection):
            pinned = await self._reader.pinned(collection, version)
        return LimitedPin(pinned, self._limits) if pinned is not None else None

    async def _portion(self, collection: Collection, since: float | None, began: float | None = None) -> Whole | None:
        """What lies within, of a collection that is in hand and of which not all does."""
        self._limits.check(collection)
        wholes = self._wholes(collection, since, began)
        return await portions.made(self._limits.scope, collection, wholes) if wholes is not None else None

    def _wholes(
        self, collection: Collection, since: float | None, began: float | None
    ) -> Mapping[Collection, Whole] | None:
        """A collection of which some records lie within, and those that tell which; None unless all are in hand,
        complete.
        """
        wholes: dict[Collection, Whole] = {}
        for each in self._some.get(collection, ()):
            whole = self._reader.in_hand(each, since, began)
            if whole is None or not whole.complete:
                return None
            wholes[each] = whole
        return wholes or None

    def _told(self, need: Need, records: Iterable[Record]) -> None:
        self._reader.told_held(need, records)
