"""Lists of masked records, in the order of their masked ids, made once for as long as the real ones are the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from cachetools import LRUCache

from adapters.endpoints import Collection
from adapters.predicate import Predicate, Test, compile_test
from adapters.records import Record
from gateway.roster.masking.masked import Masked
from gateway.roster.whole import beside

_KEPT = 200_000
"""Records of lists that are kept in this order, for one client's view of a source."""

WEIGHT = 100
"""Masking a record takes as long as looking at so many."""


class MaskedRows(Sequence[Record]):
    """Masked copies, each made when it is looked at, or all at once."""

    __slots__ = ("_copies", "_masked", "_real")

    def __init__(self, records: Iterable[Record], masked: Masked) -> None:
        masked_id = masked.mask.id
        self._masked = masked.record
        self._real = tuple(sorted(records, key=lambda record: masked_id(record.sourced_id)))
        self._copies: tuple[Record, ...] | None = None

    def __len__(self) -> int:
        return len(self._real)

    def __iter__(self) -> Iterator[Record]:
        return map(self._masked, self._real) if self._copies is None else iter(self._copies)

    @overload
    def __getitem__(self, place: int) -> Record: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Record, ...]: ...
    def __getitem__(self, place: int | slice) -> Record | tuple[Record, ...]:
        if self._copies is not None:
            return self._copies[place]
        if isinstance(place, slice):
            return tuple(map(self._masked, self._real[place]))
        return self._masked(self._real[place])

    async def copied(self) -> None:
        """All copies are there."""
        if self._copies is None:
            self._copies = await beside(WEIGHT * len(self), lambda: tuple(self))

    def satisfying(self, test: Test) -> None:
        """Leaves those whose copies satisfy a test."""
        both = [(record, copy) for record, copy in zip(self._real, self, strict=True) if test(copy)]
        self._real = tuple([record for record, _ in both])
        self._copies = tuple([copy for _, copy in both])


class Orders:
    """The lists of one view that are in order."""

    def __init__(self, masked: Masked) -> None:
        self.masked = masked
        self._kept: LRUCache[tuple[Collection, Predicate | None], tuple[Sequence[Record], MaskedRows]]
        self._kept = LRUCache(_KEPT, getsizeof=lambda kept: len(kept[1]) + 1)

    async def rows(
        self, collection: Collection, where: Predicate | None, records: Sequence[Record], exact: bool
    ) -> MaskedRows:
        """The masked copies of those records that satisfy a condition; exact: all do. The same for the same records."""
        kept = self._kept.get((collection, where))
        if kept is not None and kept[0] is records:
            return kept[1]
        weight = len(records) if exact else WEIGHT * len(records)
        rows = await beside(weight, lambda: self._made(where, records, exact))
        if len(rows) < _KEPT:
            self._kept[collection, where] = records, rows
        return rows

    def _made(self, where: Predicate | None, records: Sequence[Record], exact: bool) -> MaskedRows:
        rows = MaskedRows(records, self.masked)
        if not exact:
            rows.satisfying(compile_test(where))
        return rows
