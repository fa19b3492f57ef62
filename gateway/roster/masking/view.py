"""One source under a mask: as `gateway.roster.view`, with ids taken in, and records handed out, masked.

Lists are in the order of the masked ids, since that of the real ones would tell of them. So a list is read whole,
whichever part of it is wanted: as one that is ordered by a field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Protocol

import msgspec

from adapters.endpoints import ENTITIES, Collection
from adapters.errors import SourceError
from adapters.predicate import Predicate
from adapters.records import Record
from gateway.roster.asking import Children, Found
from gateway.roster.masking.attributes import How
from gateway.roster.masking.conditions import how_of, real
from gateway.roster.masking.masked import Masked
from gateway.roster.masking.rows import WEIGHT, MaskedRows, Orders
from gateway.roster.pins import Lists
from gateway.roster.reads import Reads, Version
from gateway.roster.tables import Table
from gateway.roster.whole import Position, Slice, Standing, Whole, alike, beside, cut


class Pin(Lists, Version, Protocol):
    """One version of a collection, to read lists from."""

    def latest(self, table: Table) -> bool: ...

    def older(self) -> Standing: ...


class Walked(Reads, Protocol):
    """All needs, and the versions of collections that somebody walks."""

    async def pinned(self, collection: Collection, version: float) -> Pin | None: ...


class HeldReads(Walked, Protocol):
    """All needs, answered from what is held."""

    def standing(self, collection: Collection, found: object, since: float | None = None) -> Standing | None: ...


class MaskedLists:
    """Lists of masked records, by conditions on them."""

    def __init__(self, lists: Lists, orders: Orders) -> None:
        self._lists = lists
        self._orders = orders
        self._masked = orders.masked

    async def window(
        self,
        collection: Collection,
        where: Predicate | None,
        after: Position | None,
        limit: int,
        since: float | None = None,
    ) -> Slice:
        found, _ = await self._found(collection, where, since)
        begin = after.sourced_id if after is not None else None
        return await beside(WEIGHT * limit, lambda: cut(found, begin, limit))

    async def matching(self, collection: Collection, where: Predicate | None, since: float | None = None) -> Slice:
        found, rows = await self._found(collection, where, since)
        await rows.copied()
        return found

    async def count(self, collection: Collection, where: Predicate | None, since: float | None = None) -> int | None:
        put = real(where, ENTITIES[collection].record, self._masked.mask)
        if put.exact:
            return await self._lists.count(collection, put.where, since)
        return (await self._found(collection, where, since))[0].total

    async def _found(
        self, collection: Collection, where: Predicate | None, since: float | None
    ) -> tuple[Slice, MaskedRows]:
        """The whole list, and its rows, which need not be masked yet."""
        put = real(where, ENTITIES[collection].record, self._masked.mask)
        found = await self._lists.matching(collection, put.where, since)
        rows = await self._orders.rows(collection, where, found.records, put.exact)
        total = len(rows) if found.total is not None else None
        return msgspec.structs.replace(found, records=rows, total=total), rows


class MaskedReads(MaskedLists):
    """All needs, likewise: an id that the mask never made is nobody's."""

    def __init__(self, reads: Walked, orders: Orders) -> None:
        super().__init__(reads, orders)
        self._reads = reads

    async def by_ids(
        self, collection: Collection, ids: Iterable[str], since: float | None = None, began: float | None = None
    ) -> Found:
        known, unknown = self._known(How.ID, ids)
        found = await self._reads.by_ids(collection, known.values(), since, began) if known else {}

        def mask() -> Found:
            return {i: self._shown(found[r]) for i, r in known.items() if r in found}

        return {**await beside(WEIGHT * len(found), mask), **dict.fromkeys(unknown)}

    async def children(
        self,
        collection: Collection,
        field: str,
        parents: Iterable[str],
        since: float | None = None,
        began: float | None = None,
    ) -> Children:
        known, unknown = self._known(how_of(ENTITIES[collection].record, field), parents)
        found = await self._reads.children(collection, field, known.values(), since, began) if known else {}

        def mask() -> Children:
            return {p: self._brood(found[r]) for p, r in known.items() if r in found}

        rows = sum(map(len, found.values()))
        return {**await beside(WEIGHT * rows, mask), **dict.fromkeys(unknown, ())}

    async def pin(self, collection: Collection, since: float | None = None) -> Version | None:
        return await self._reads.pin(collection, since)

    async def pinned(self, collection: Collection, version: float) -> MaskedPin | None:
        pin = await self._reads.pinned(collection, version)
        return MaskedPin(pin, self._orders) if pin is not None else None

    def _known(self, how: How, values: Iterable[str]) -> tuple[Mapping[str, str], list[str]]:
        """What masked values of a field stand for, and those that stand for nothing."""
        mask, known, unknown = self._masked.mask, dict[str, str](), list[str]()
        for value in values:
            if how is How.KEPT:
                found: str | None = value
            elif how is How.ID:
                found = mask.real_id(value)
            else:
                found = mask.real_code(value) if how in (How.CODE, How.USERNAME) else None
            if found is None:
                unknown.append(value)
            else:
                known[value] = found
        return known, unknown

    def _shown(self, found: Record | SourceError | None) -> Record | SourceError | None:
        return self._masked.record(found) if isinstance(found, Record) else found

    def _brood(self, rows: tuple[Record, ...]) -> tuple[Record, ...]:
        return alike(rows, sorted(map(self._masked.record, rows), key=_sourced_id))


class MaskedPin(MaskedLists):
    """One version of a collection, likewise."""

    def __init__(self, pin: Pin, orders: Orders) -> None:
        super().__init__(pin, orders)
        self._pin = pin

    @property
    def version(self) -> float:
        return self._pin.version

    def latest(self, table: Table) -> bool:
        return self._pin.latest(table)

    def older(self) -> Standing:
        return self._pin.older()


class MaskedHeld(MaskedReads):
    """What is held, likewise."""

    def __init__(self, held: HeldReads, orders: Orders) -> None:
        super().__init__(held, orders)
        self._held = held

    def standing(self, collection: Collection, found: object, since: float | None = None) -> Standing | None:
        return self._held.standing(collection, found, since)


class MaskedView(MaskedReads):
    """A source's reader, or a view of it, under a mask, in its place wherever records are wanted."""

    def __init__(self, reads: Walked, held: HeldReads, masked: Masked) -> None:
        super().__init__(reads, Orders(masked))
        self.held = MaskedHeld(held, self._orders)

    def in_hand(self, collection: Collection, since: float | None, began: float | None) -> Whole | None:
        return None  # what is held is not masked

    def parts_in_hand(self, collection: Collection) -> Table | None:
        return None


_sourced_id = attrgetter("sourced_id")
