"""One source under a mask: as `gateway.roster.view`, with ids taken in, and records handed out, masked.

Lists are in the order of the masked ids, since that of the real ones would tell of them. So a list is read whole,
whichever part of it is wanted: as one that is ordered by a field.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Protocol, TypeVar, overload

import msgspec
from cachetools import LRUCache

from adapters.endpoints import ENTITIES, Collection
from adapters.errors import SourceError
from adapters.predicate import Predicate, compile_test
from adapters.records import Record
from gateway.roster.asking import Children, Found
from gateway.roster.masking.attributes import How
from gateway.roster.masking.conditions import how_of, real
from gateway.roster.masking.masked import Masked
from gateway.roster.pins import Lists
from gateway.roster.reads import Reads, Version
from gateway.roster.tables import Table
from gateway.roster.whole import Position, Slice, Standing, Whole, alike, beside, cut

T = TypeVar("T")

_LISTS = 16
"""Lists that are kept in the order of their masked ids."""

_WEIGHT = 20
"""Masking a record takes as long as looking at so many."""


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


class MaskedRows(Sequence[Record]):
    """Records in the order of their masked ids, each masked when it is looked at."""

    __slots__ = ("_masked", "_real")

    def __init__(self, records: Iterable[Record], masked: Masked) -> None:
        masked_id = masked.mask.id
        self._masked = masked.record
        self._real = tuple(sorted(records, key=lambda record: masked_id(record.sourced_id)))

    def __len__(self) -> int:
        return len(self._real)

    def __iter__(self) -> Iterator[Record]:
        return map(self._masked, self._real)

    @overload
    def __getitem__(self, place: int) -> Record: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Record, ...]: ...
    def __getitem__(self, place: int | slice) -> Record | tuple[Record, ...]:
        if isinstance(place, slice):
            return tuple(map(self._masked, self._real[place]))
        return self._masked(self._real[place])


class MaskedLists:
    """Lists of masked records, by conditions on them."""

    def __init__(self, lists: Lists, masked: Masked) -> None:
        self._lists = lists
        self._masked = masked
        self._kept: LRUCache[tuple[Collection, Predicate | None], tuple[Sequence[Record], Sequence[Record]]]
        self._kept = LRUCache(_LISTS)

    async def window(
        self,
        collection: Collection,
        where: Predicate | None,
        after: Position | None,
        limit: int,
        since: float | None = None,
    ) -> Slice:
        found = await self.matching(collection, where, since)
        return cut(found, after.sourced_id if after is not None else None, limit)

    async def matching(self, collection: Collection, where: Predicate | None, since: float | None = None) -> Slice:
        put = real(where, ENTITIES[collection].record, self._masked.mask)
        found = await self._lists.matching(collection, put.where, since)
        rows = await self._rows(collection, where, found.records, put.exact)
        total = len(rows) if found.total is not None else None
        return msgspec.structs.replace(found, records=rows, total=total)

    async def count(self, collection: Collection, where: Predicate | None, since: float | None = None) -> int | None:
        put = real(where, ENTITIES[collection].record, self._masked.mask)
        if put.exact:
            return await self._lists.count(collection, put.where, since)
        return (await self.matching(collection, where, since)).total

    async def _rows(
        self, collection: Collection, where: Predicate | None, records: Sequence[Record], exact: bool
    ) -> Sequence[Record]:
        """The masked copies of those records that satisfy the condition; exact: all do. The same for the same."""
        kept = self._kept.get((collection, where))
        if kept is None or kept[0] is not records:
            weight = len(records) if exact else _WEIGHT * len(records)
            kept = records, await beside(weight, lambda: self._ordered(where, records, exact))
            self._kept[collection, where] = kept
        return kept[1]

    def _ordered(self, where: Predicate | None, records: Sequence[Record], exact: bool) -> Sequence[Record]:
        rows = MaskedRows(records, self._masked)
        return rows if exact else tuple(filter(compile_test(where), rows))


class MaskedReads(MaskedLists):
    """All needs, likewise: an id that the mask never made is nobody's."""

    def __init__(self, reads: Walked, masked: Masked) -> None:
        super().__init__(reads, masked)
        self._reads = reads

    async def by_ids(
        self, collection: Collection, ids: Iterable[str], since: float | None = None, began: float | None = None
    ) -> Found:
        known, unknown = self._known(How.ID, ids)
        found = await self._reads.by_ids(collection, known.values(), since, began) if known else {}

        def mask() -> Found:
            return {i: self._shown(found[r]) for i, r in known.items() if r in found}

        return {**await beside(_WEIGHT * len(found), mask), **dict.fromkeys(unknown)}

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
        return {**await beside(_WEIGHT * rows, mask), **dict.fromkeys(unknown, ())}

    async def pin(self, collection: Collection, since: float | None = None) -> Version | None:
        return await self._reads.pin(collection, since)

    async def pinned(self, collection: Collection, version: float) -> MaskedPin | None:
        pin = await self._reads.pinned(collection, version)
        return MaskedPin(pin, self._masked) if pin is not None else None

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

    def __init__(self, pin: Pin, masked: Masked) -> None:
        super().__init__(pin, masked)
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

    def __init__(self, held: HeldReads, masked: Masked) -> None:
        super().__init__(held, masked)
        self._held = held

    def standing(self, collection: Collection, found: object, since: float | None = None) -> Standing | None:
        return self._held.standing(collection, found, since)


class MaskedView(MaskedReads):
    """A source's reader, or a view of it, under a mask, in its place wherever records are wanted."""

    def __init__(self, reads: Walked, held: HeldReads, masked: Masked) -> None:
        super().__init__(reads, masked)
        self.held = MaskedHeld(held, masked)

    def in_hand(self, collection: Collection, since: float | None, began: float | None) -> Whole | None:
        return None  # what is held is not masked

    def parts_in_hand(self, collection: Collection) -> Table | None:
        return None


_sourced_id = attrgetter("sourced_id")
