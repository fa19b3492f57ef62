"""Many records, so kept that they hold nobody up: neither while the cyclic collector runs nor when they are let go.

The collector walks a list each time that it comes by, 60 ms for a million records, and forgets a tuple of records the
first time. Freeing a million takes more than half a second, during which no other thread runs.
"""

from __future__ import annotations

import gc
import threading
import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import chain, islice
from operator import attrgetter
from queue import SimpleQueue
from typing import overload

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
            self._parts.append(part)
            if len(part) == PART:
                _freed()
                gc.collect(0)  # sees this part, and what else is new; left alone they would be seen all at once
        self._firsts = [part[0].sourced_id for part in self._parts]
        self._size = sum(map(len, self._parts))

    def __del__(self) -> None:
        if len(self._parts) > 1:
            _freed().put(self._parts)

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
            return self.at(range(*place.indices(self._size)))
        if place < 0:
            place += self._size
        if not 0 <= place < self._size:
            raise IndexError(place)
        return self._parts[place // PART][place % PART]

    def at(self, places: Iterable[int]) -> tuple[Record, ...]:
        """The records at these places, which must be there."""
        parts = self._parts
        return tuple([parts[place // PART][place % PART] for place in places])

    def place(self, sourced_id: str) -> int:
        """Where the record of an id stands, or would."""
        number = max(0, bisect_right(self._firsts, sourced_id) - 1)
        part = self._parts[number] if self._parts else ()
        return number * PART + bisect_left(part, sourced_id, key=_sourced_id)


@cache
def _freed() -> SimpleQueue[list[tuple[Record, ...]]]:
    """Where parts go that nobody reads any more; a thread frees them one by one, and lets others run in between."""
    gone: SimpleQueue[list[tuple[Record, ...]]] = SimpleQueue()

    def free() -> None:
        while True:
            parts = gone.get()
            while parts:
                parts.pop()
                time.sleep(0)

    threading.Thread(target=free, name="rows-freed", daemon=True).start()
    return gone


_sourced_id = attrgetter("sourced_id")
