"""What the gateway holds of one collection of one source. Answers from memory only; asking is the reader's.

Everything here ages: after `fresh_for` seconds it is as if it had never been read.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from cachetools import LRUCache, TTLCache

from adapters import predicate
from adapters.errors import SourceError
from adapters.predicate import Predicate
from adapters.records import Record


@dataclass(frozen=True, slots=True)
class Slice:
    """Consecutive records of a filtered list, by sourcedId. total: of the whole list, None if unknown.

    start: how many records of the list come before it. ended: nothing comes after it.
    rejected: records that the source sent and that could not be read.
    """

    records: tuple[Record, ...]
    start: int
    ended: bool
    total: int | None
    read_at: float
    rejected: int = 0


class Whole:
    """A collection read to its proved end: records by sourcedId, in that order, with indexes made on first use."""

    def __init__(self, records: Iterable[Record], rejected: int, read_at: float) -> None:
        self.records = {r.sourced_id: r for r in sorted(records, key=_sourced_id)}
        self.rejected = rejected
        self.read_at = read_at
        self._indexes: dict[str, dict[str, tuple[Record, ...]]] = {}
        self._lists: LRUCache[Predicate | None, Slice] = LRUCache(100)

    def children(self, field: str, parent: str) -> tuple[Record, ...]:
        """The records whose `field` names `parent`."""
        index = self._indexes.get(field)
        if index is None:
            index = self._indexes[field] = group(self.records.values(), field)
        return index.get(parent, ())

    def matching(self, where: Predicate | None) -> Slice:
        """The records that satisfy `where`."""
        found = self._lists.get(where)
        if found is None:
            holds = predicate.compile_test(where)
            rows = tuple(r for r in self.records.values() if holds(r))
            found = self._lists[where] = Slice(rows, 0, True, len(rows), self.read_at, self.rejected)
        return found


def group(records: Iterable[Record], field: str) -> dict[str, tuple[Record, ...]]:
    """Records by each value of `field`; one that has several stands under each."""
    grouped: dict[str, list[Record]] = {}
    for record in records:
        for value in dict.fromkeys(predicate.texts(record, field)):
            grouped.setdefault(value, []).append(record)
    return {value: tuple(found) for value, found in grouped.items()}


def listed(records: Iterable[Record]) -> Slice:
    """A whole list of records that were read before, as old as the oldest of them."""
    rows = tuple(sorted(records, key=_sourced_id))
    return Slice(rows, 0, True, len(rows), min((r.observed_at for r in rows), default=time.time()))


def window(held: Slice, after: str | None, limit: int) -> Slice:
    """The `limit` records that follow sourcedId `after` in a whole list."""
    start = bisect_right(held.records, after, key=_sourced_id) if after is not None else 0
    rows = held.records[start : start + limit]
    return replace(held, records=rows, start=start, ended=start + len(rows) >= len(held.records))


@dataclass
class Table:
    """One collection of one source. `size`: records in it as last told, None if never.

    absent: the dialect says that the source has no such collection.
    """

    fresh_for: float
    max_records: int
    absent: SourceError | None = None
    clock: Callable[[], float] = time.monotonic
    size: int | None = None
    read_at: float | None = None
    unsorted: bool = False
    _whole: TTLCache[str, Whole] = field(init=False)
    _records: TTLCache[str, Record | None] = field(init=False)
    _children: TTLCache[tuple[str, str], tuple[Record, ...]] = field(init=False)
    _slices: TTLCache[tuple[Predicate | None, int], Slice] = field(init=False)
    _lists: TTLCache[Predicate | None, Slice] = field(init=False)
    _refusals: TTLCache[str, SourceError] = field(init=False)

    def __post_init__(self) -> None:
        ttl, timer = self.fresh_for, self.clock
        self._whole = TTLCache(1, ttl, timer)
        self._records = TTLCache(self.max_records, ttl, timer)
        self._children = TTLCache(self.max_records, ttl, timer)
        self._slices = TTLCache(1000, ttl, timer)
        self._lists = TTLCache(100, ttl, timer)
        self._refusals = TTLCache(1, ttl, timer)

    # -------------------------------------------------------------- what is held

    @property
    def whole(self) -> Whole | None:
        return self._whole.get("")

    @property
    def unsupported(self) -> SourceError | None:
        """Why the source does not have this collection; one that told so itself is believed for a while."""
        return self.absent or self._refusals.get("")

    def known(self, ids: Iterable[str]) -> dict[str, Record | None]:
        """Of `ids`, those whose record is held, or known to be absent (None)."""
        whole = self.whole
        if whole is not None:
            return {i: whole.records.get(i) for i in ids}
        return {i: self._records[i] for i in ids if i in self._records}

    def known_children(self, field: str, parents: Iterable[str]) -> dict[str, tuple[Record, ...]]:
        whole = self.whole
        if whole is not None:
            return {p: whole.children(field, p) for p in parents}
        return {p: self._children[field, p] for p in parents if (field, p) in self._children}

    def known_list(self, where: Predicate | None) -> Slice | None:
        """Every record that satisfies `where`, if that is known."""
        whole = self.whole
        return self._lists.get(where) if whole is None else whole.matching(where)

    def known_slice(self, where: Predicate | None, start: int, limit: int) -> Slice | None:
        held = self._slices.get((where, start))
        if held is None or not (held.ended or len(held.records) >= limit):
            return None
        rows = held.records[:limit]
        return replace(held, records=rows, ended=held.ended and len(rows) == len(held.records))

    # -------------------------------------------------------------- what was read

    def keep(self, records: Iterable[Record], missing: Iterable[str] = ()) -> None:
        self._records.update((r.sourced_id, r) for r in records)
        self._records.update((i, None) for i in missing)
        self.read_at = time.time()

    def keep_children(self, field: str, parents: Iterable[str], records: Iterable[Record]) -> None:
        rows = tuple(records)
        self.keep(rows)
        grouped = group(rows, field)
        self._children.update(((field, p), grouped.get(p, ())) for p in parents)

    def keep_list(self, where: Predicate | None, records: Iterable[Record], rejected: int = 0) -> Slice:
        rows = tuple(sorted(records, key=_sourced_id))
        self.keep(rows)
        held = self._lists[where] = Slice(rows, 0, True, len(rows), time.time(), rejected)
        return held

    def keep_slice(self, where: Predicate | None, found: Slice) -> None:
        self.keep(found.records)
        self._slices[where, found.start] = found

    def keep_whole(self, records: Iterable[Record], rejected: int) -> Whole:
        self.read_at = time.time()
        whole = self._whole[""] = Whole(records, rejected, self.read_at)
        self.size = len(whole.records)
        for part in (self._records, self._children, self._slices, self._lists):
            part.clear()
        return whole

    def refuse(self, error: SourceError) -> None:
        self._refusals[""] = error


def _sourced_id(record: Record) -> str:
    return record.sourced_id
