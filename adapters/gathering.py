"""What a scan gathers, in small parts: one large dict or set of it would hold everybody up where it grows and when it
is let go of, and one large tuple whenever the cyclic collector comes by.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import chain

from adapters.freeing import free
from adapters.records import Record

_FEW = 20_000
_SETS = 61  # prime: a hash's rest says nothing of the bits by which a set orders what is in it


class Ids(Collection[str]):
    """sourcedIds, each once."""

    __slots__ = ("_sets",)

    def __init__(self) -> None:
        self._sets: list[set[str]] = [set()]

    def __del__(self) -> None:
        free(self._sets)

    def __len__(self) -> int:
        return sum(map(len, self._sets))

    def __iter__(self) -> Iterator[str]:
        return chain.from_iterable(self._sets)

    def __contains__(self, sourced_id: object) -> bool:
        return sourced_id in self._sets[hash(sourced_id) % len(self._sets)]

    def add(self, ids: Iterable[str]) -> None:
        sets, n = self._sets, len(self._sets)
        if n > 1:
            for each in ids:
                sets[hash(each) % n].add(each)
            return
        sets[0].update(ids)
        if len(sets[0]) > _FEW:
            self._sets = [set() for _ in range(_SETS)]
            self.add(sets[0])

    def known(self, ids: Iterable[str]) -> set[str]:
        """Those of `ids` that are here."""
        sets, n = self._sets, len(self._sets)
        if n == 1:
            return sets[0].intersection(ids)
        return {each for each in ids if each in sets[hash(each) % n]}


class Gathered(Collection[Record]):
    """Records in the order in which they came first, each sourcedId once."""

    __slots__ = ("_again", "_parts", "_size")

    def __init__(self) -> None:
        self._parts: list[tuple[Record, ...]] = []
        self._again: dict[str, Record] = {}
        self._size = 0

    def __del__(self) -> None:
        free(self._parts)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Record]:
        every = chain.from_iterable(self._parts)
        if not self._again:
            return every
        return (self._again.get(record.sourced_id, record) for record in every)

    def __contains__(self, record: object) -> bool:
        return any(each == record for each in self)

    def add(self, records: tuple[Record, ...]) -> None:
        """Takes records of ids that are not here yet."""
        self._parts.append(records)
        self._size += len(records)

    def replace(self, record: Record) -> None:
        """Takes what came again of an id that is here."""
        self._again[record.sourced_id] = record
