"""The order of a list: by fields of its records, then by source key and sourcedId. Pure.

Records without a value come last, in either direction. Names and titles are compared whatever their case.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import total_ordering
from heapq import merge as merge_sorted
from typing import TypeAlias

from adapters.records import Record

Value: TypeAlias = str | None


@dataclass(frozen=True, slots=True)
class By:
    """One key of an order. folded: whatever the case."""

    field: str
    descending: bool = False
    folded: bool = False

    def value(self, record: Record) -> Value:
        """What the record is compared by."""
        found = getattr(record, self.field)
        if found is None or not self.folded:
            return found if found is None else str(found)
        return str(found).casefold()


Order: TypeAlias = tuple[By, ...]
"""Empty: by source key and sourcedId alone."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in an ordered list: that of the record of these values, source and sourcedId."""

    values: tuple[Value, ...]
    source: str
    sourced_id: str


@total_ordering
@dataclass(frozen=True, slots=True)
class _Down:
    """Text that is ordered the other way round."""

    text: str

    def __lt__(self, other: _Down) -> bool:
        return other.text < self.text


Rank: TypeAlias = tuple[tuple[bool, object], ...]


def values_of(record: Record, order: Order) -> tuple[Value, ...]:
    return tuple(by.value(record) for by in order)


def sort(records: Iterable[Record], order: Order) -> list[Record]:
    """Records of one source, which come by sourcedId, in their order."""
    found = list(records)
    for by in reversed(order):
        said = [(value, record) for record in found if (value := by.value(record)) is not None]
        silent = [record for record in found if by.value(record) is None]
        said.sort(key=_first, reverse=by.descending)
        found = [record for _, record in said] + silent
    return found


def after(records: Sequence[Record], order: Order, spot: Spot) -> int:
    """How many of the records of one source, in their order, do not come after `spot`."""
    key = _key(order)
    return bisect_right(records, (_rank(spot.values, order), spot.source, spot.sourced_id), key=key)


def before(records: Sequence[Record], order: Order, spot: Spot) -> int:
    """How many of the records of one source, in their order, come before `spot`."""
    key = _key(order)
    return bisect_left(records, (_rank(spot.values, order), spot.source, spot.sourced_id), key=key)


def merge(lists: Iterable[Iterable[Record]], order: Order) -> Iterator[Record]:
    """Records of several sources, each in their order, as one list."""
    found = list(lists)
    return iter(found[0]) if len(found) == 1 else merge_sorted(*found, key=_key(order))


def _first(pair: tuple[str, Record]) -> str:
    return pair[0]


def _key(order: Order) -> Callable[[Record], tuple[Rank, str, str]]:
    return lambda record: (_rank(values_of(record, order), order), record.source, record.sourced_id)


def _rank(values: Sequence[Value], order: Order) -> Rank:
    return tuple(_ranked(value, by.descending) for value, by in zip(values, order, strict=True))


def _ranked(value: Value, descending: bool) -> tuple[bool, object]:
    if value is None:
        return (True, "")
    return (False, _Down(value) if descending else value)
