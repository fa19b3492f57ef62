"""Many records, so kept that they hold nobody up: neither while the cyclic collector runs nor when they are let go.

The collector walks a list each time that it comes by, 60 ms for a million records, and forgets a tuple of records the
first time. How many are let go of: `adapters.freeing`.
"""

from __future__ import annotations

import gc
import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby, islice, pairwise
from operator import attrgetter
from typing import overload

from adapters import freeing
from adapters.records import Record

PART = 4_000
"""Records of one tuple: what is done with a whole one takes a few milliseconds."""


class Rows(Sequence[Record]):
    """Records in the order of their sourcedIds, each id once; not to be changed."""

    __slots__ = ("_firsts", "_parts", "_size")

    def __init__(self, in_order: Iterable[Record]) -> None:
        self._parts: list[tuple[Record, ...]] = []
        rest = iter(in_order)
        while part := tuple(islice(rest, PART)):
            self._parts.append(_seen(part))
        self._firsts = [part[0].sourced_id for part in self._parts]
        self._size = sum(map(len, self._parts))

    @classmethod
    def of(cls, records: Iterable[Record]) -> Rows:
        """Records in any order; of an id that comes again, the first."""
        rest = iter(records)
        # Runs, not a dict: a sixth of the memory beside the records, and no pause where a large dict grows.
        runs = [_seen(run) for run in iter(lambda: tuple(sorted(islice(rest, PART), key=_sourced_id)), ())]
        in_order = all(a[-1].sourced_id <= b[0].sourced_id for a, b in pairwise(runs))
        merged = chain.from_iterable(runs) if in_order else heapq.merge(*runs, key=_sourced_id)
        rows = cls(next(same) for _, same in groupby(merged, _sourced_id))
        freeing.free(runs)
        return rows

    def __del__(self) -> None:
        freeing.free(self._parts)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Record]:
        return chain.from_iterable(self._parts)

    @overload
    def __getitem__(self, place: int) -> Record: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Record, ...]: ...
    def __getitem__(self, place: int | slice) -> Record | tuple[Record, ...]:
        if isinstance(place, slice):
            start, stop, step = place.indices(self._size)
            return self._run(start, stop) if step == 1 else self.at(range(start, stop, step))
        if place < 0:
            place += self._size
        if not 0 <= place < self._size:
            raise IndexError(place)
        return self._parts[place // PART][place % PART]

    def _run(self, start: int, stop: int) -> tuple[Record, ...]:
        first = start // PART
        if stop <= (first + 1) * PART:
            return self._parts[first][start - first * PART : stop - first * PART] if start < stop else ()
        rest = islice(chain.from_iterable(self._parts[first:]), start - first * PART, stop - first * PART)
        return tuple(rest)

    def at(self, places: Iterable[int]) -> tuple[Record, ...]:
        """The records at these places, which must be there."""
        parts = self._parts
        return tuple([parts[place // PART][place % PART] for place in places])

    def place(self, sourced_id: str) -> int:
        """Where the record of an id stands, or would."""
        number = max(0, bisect_right(self._firsts, sourced_id) - 1)
        part = self._parts[number] if self._parts else ()
        return number * PART + bisect_left(part, sourced_id, key=_sourced_id)


def _seen(part: tuple[Record, ...]) -> tuple[Record, ...]:
    """Has the collector see a part by itself, with what else is new; left alone they would be seen all at once."""
    if len(part) == PART:
        freeing.prepare()
        gc.collect(0)
    return part


_sourced_id = attrgetter("sourced_id")
