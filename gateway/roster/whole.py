"""Lists of records: a collection held whole, the parts of it that are asked for, and where they come from.

Work on a large collection is done beside the event loop, in steps that leave it room.
"""

from __future__ import annotations

import asyncio
import copy
import heapq
import re
import sys
import weakref
from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import attrgetter
from typing import TypeVar

import msgspec
from cachetools import LRUCache

from adapters import moments, predicate
from adapters.caching import Earlier, Mark
from adapters.dialect import Op
from adapters.predicate import Compare, Predicate
from adapters.records import Record, RecordStatus
from gateway.faults import ErrorCode, SourceState
from gateway.roster.followed import Broods, Followed
from gateway.roster.needs import telling
from gateway.roster.rows import Rows
from gateway.roster.weight import Weighed

T = TypeVar("T")

_MUCH = 5000
"""Records above which work on all of them is done beside the event loop."""

_POINTER = 8
_ORDINAL = 32


@dataclass(frozen=True, slots=True)
class Standing:
    """Why what is served is not simply the source's: an older copy stands in, since the source failed (STALE) or sent
    too little to be believed (HELD); or it is not proved that nothing is missing (PARTIAL).

    code: None where nothing has gone wrong but time.
    """

    state: SourceState
    code: ErrorCode | None
    message: str


def partial(reason: str) -> Standing:
    """Of what was read and is not proved to be everything."""
    return Standing(SourceState.PARTIAL, ErrorCode.UPSTREAM_PAGING, f"records may be missing: {reason}")


class Short(tuple[Record, ...]):
    """Records that are not proved to be all that were wanted. unproved: why not."""

    unproved: str

    def __new__(cls, records: Iterable[Record], unproved: str) -> Short:
        made = super().__new__(cls, records)
        made.unproved = unproved
        return made


def alike(rows: tuple[Record, ...], records: Iterable[Record]) -> tuple[Record, ...]:
    """`records`, proved to be all that were wanted, or not, as `rows` are."""
    return Short(records, rows.unproved) if isinstance(rows, Short) else tuple(records)


class Slice(msgspec.Struct, frozen=True):
    """Consecutive records of a filtered list, by sourcedId. total: of the whole list, None if unknown.

    start: how many records of the list come before it. ended: nothing comes after it.
    rejected: records that the source sent and that could not be read; None: some, and how many is not to be told.
    unproved: why it is not proved that the list, of which this is a part, has no other records; None where it is.
    """

    records: Sequence[Record]
    start: int
    ended: bool
    total: int | None
    read_at: float
    rejected: int | None = 0
    unproved: str | None = None

    @property
    def lacks(self) -> bool:
        """Whether records are missing that the source sent."""
        return self.rejected != 0


class Position(msgspec.Struct, frozen=True, gc=False):
    """Where a list goes on: after this sourcedId. offset: records of the list up to it, if they were counted."""

    sourced_id: str
    offset: int | None


class Whole:
    """A collection read to its end: records by sourcedId, in that order, with indexes made on first use.

    Large ones take seconds to sort, index and search. `made`, `indexed` and `searched` do that beside the event loop,
    in steps that leave it room; what they have made is then there at once.

    read_at: epoch seconds. scanned_at: when everything was last read; changes alone may have been since.
    high_water: up to when, by the source's dates, every change is in; None if that is not known. marks: of the pages
    that it came in, where the source said by what to ask whether they changed. unproved: why it is not proved that no
    record is missing; None where it is. weighed: what its records take, if those of an earlier copy were weighed.
    """

    def __init__(
        self,
        records: Iterable[Record],
        rejected: int,
        read_at: float,
        *,
        scanned_at: float | None = None,
        high_water: str | None = None,
        marks: tuple[Mark, ...] = (),
        unproved: str | None = None,
        weighed: Weighed | None = None,
    ) -> None:
        self._rows = Rows.of(records)
        self.rejected = rejected
        self.read_at = read_at
        self.scanned_at = read_at if scanned_at is None else scanned_at
        self.high_water = high_water
        self.marks = marks
        self.unproved = unproved
        self._indexes: dict[str, Index] = {}
        self._lists = _no_lists(len(self._rows))
        self._latest: tuple[Predicate | None, Slice] | None = None
        self._followed = Followed()
        self.portions: LRUCache[Hashable, Portion] = _no_portions(len(self._rows))
        self.weighed = weighed or Weighed.of(self._rows)
        self.unknown = sum(record.status is RecordStatus.UNKNOWN for record in self._rows)
        """How many records have a status that is neither active nor deleted."""

    @classmethod
    async def made(
        cls,
        records: Collection[Record],
        rejected: int,
        read_at: float,
        *,
        scanned_at: float | None = None,
        high_water: str | None = None,
        marks: tuple[Mark, ...] = (),
        unproved: str | None = None,
        weighed: Weighed | None = None,
    ) -> Whole:
        def make() -> Whole:
            return cls(
                records,
                rejected,
                read_at,
                scanned_at=scanned_at,
                high_water=high_water,
                marks=marks,
                unproved=unproved,
                weighed=weighed,
            )

        return await beside(len(records), make)

    async def overlaid(self, changed: Sequence[Record], *, read_at: float, high_water: str | None) -> Whole:
        """This copy with `changed` in place of, or beside, its own records; what could not be read counts on."""
        if changed:
            return await beside(len(self), lambda: self._overlaid(changed, read_at, high_water))
        same = copy.copy(self)
        same.read_at, same.high_water, same._lists, same._latest = read_at, high_water, _no_lists(len(self)), None
        same.portions = _no_portions(len(self))
        return same

    def _overlaid(self, changed: Sequence[Record], read_at: float, high_water: str | None) -> Whole:
        ids = {r.sourced_id for r in changed}
        others = (r for r in self._rows if r.sourced_id not in ids)
        rows = heapq.merge(others, sorted(changed, key=_sourced_id), key=_sourced_id)
        return Whole(rows, self.rejected, read_at, scanned_at=self.scanned_at, high_water=high_water)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def complete(self) -> bool:
        """Whether no record is missing, as far as is known."""
        return self.unproved is None and not self.rejected

    @property
    def bytes(self) -> int:
        """What it takes in memory with its indexes, estimated."""
        portions = sum(portion.whole.bytes_aside for portion in self.portions.values())
        return round(self.weighed.each * len(self._rows)) + self.bytes_aside + portions

    @property
    def bytes_aside(self) -> int:
        """The same without its records, which are another's."""
        lists = _POINTER * int(self._lists.currsize)
        indexes = sum(i.bytes for i in self._indexes.values())
        return _POINTER * len(self._rows) + indexes + lists + self._followed.bytes

    @property
    def ids(self) -> list[str]:
        return [r.sourced_id for r in self._rows]

    @property
    def rows(self) -> Sequence[Record]:
        return self._rows

    def earlier(self) -> Earlier:
        """Its pages, to ask whether they changed."""
        return Earlier(self.marks, self.of)

    def of(self, ids: Sequence[str]) -> tuple[Record, ...]:
        """The records of ids that are held. Fast where they are a run of them, as a page of a sorted list is."""
        start = self.place(ids[0]) if ids else 0
        run = self._rows[start : start + len(ids)]
        if all(r.sourced_id == i for r, i in zip(run, ids, strict=False)) and len(run) == len(ids):
            return run
        return self._rows.at(map(self.place, ids))

    def place(self, sourced_id: str) -> int:
        """Where in `rows` the record of an id stands, or would."""
        return self._rows.place(sourced_id)

    def get(self, sourced_id: str) -> Record | None:
        place = self.place(sourced_id)
        found = self._rows[place] if place < len(self._rows) else None
        return found if found is not None and found.sourced_id == sourced_id else None

    async def indexed(self, field: str) -> None:
        if field not in self._indexes:
            self._indexes[field] = await beside(len(self), lambda: Index(self._rows, field))

    async def searched(self, where: Predicate | None) -> Slice:
        """The records that satisfy `where`."""
        if where not in self._lists:
            told = telling(where)
            if told is None:
                self._lists[where] = await beside(len(self), lambda: self._search(where, self._rows))
            else:
                field, wanted = told
                if field != "sourced_id":
                    await self.indexed(field)
                self._lists[where] = await beside(len(wanted), lambda: self._search(where, self._having(field, wanted)))
        return self._lists[where]

    def window_known(self, where: Predicate | None, after: Position | None, limit: int) -> Slice | None:
        """The `limit` records after a position of those that satisfy `where`, if they were looked for before."""
        found = self._latest[1] if self._latest is not None and self._latest[0] is where else self._lists.get(where)
        if found is None:
            return None
        self._latest = where, found
        return cut(found, after.sourced_id if after is not None else None, limit)

    def _having(self, field: str, wanted: Iterable[str]) -> Sequence[Record]:
        """The records whose `field` has one of the values."""
        if field == "sourced_id":
            return [record for i in sorted(wanted) if (record := self.get(i)) is not None]
        return self._rows.at(sorted({place for value in wanted for place in self._indexes[field].places(value)}))

    def children(self, field: str, parent: str) -> tuple[Record, ...]:
        """The records whose `field` names `parent`; the index must have been made."""
        found = self._rows.at(self._indexes[field].places(parent))
        return found if self.unproved is None else Short(found, self.unproved)

    def named(self, ids: Sequence[str | None]) -> list[Record | None]:
        """The record of each id; None of one that is not there, and of none."""
        return self._followed.named(ids, self.get)

    def broods(self, field: str, where: Predicate | None) -> Broods:
        """The children by `field` that satisfy a condition about the record alone; the index must have been made."""
        return self._followed.broods(
            field, where, lambda: Broods(self._rows, self._indexes[field], where, 2 * len(self._rows) + 1000)
        )

    def has_index(self, field: str) -> bool:
        return field in self._indexes

    def _search(self, where: Predicate | None, among: Iterable[Record]) -> Slice:
        holds = predicate.compile_test(where)
        rows = Rows(r for r in among if holds(r))
        if len(rows) == len(self):
            rows = self._rows
        total = len(rows) if self.unproved is None else None
        return Slice(rows, 0, True, total, self.read_at, self.rejected, self.unproved)


@dataclass(frozen=True, slots=True)
class Portion:
    """Some of a collection held whole, kept with it. by: what else was looked at to tell them, as it was then."""

    whole: Whole
    by: tuple[weakref.ref[Whole], ...] = ()


class Index:
    """Where, in a list of records, those stand whose `field` names a value.

    Two arrays and one dict however many records and values there are: nothing for the cyclic collector to walk.
    """

    def __init__(self, rows: Sequence[Record], field: str) -> None:
        self._ordinals: dict[str, int] = {}
        ordinals, places = array("I"), array("I")
        for place, each in enumerate(values_of(rows, field)):
            for value in each:
                ordinals.append(self._ordinals.setdefault(value, len(self._ordinals)))
                places.append(place)
        counts = array("I", bytes(4 * len(self._ordinals)))
        for ordinal in ordinals:
            counts[ordinal] += 1
        self._ends = array("I", accumulate(counts))
        self._places = array("I", bytes(4 * len(places)))
        following = array("I", (end - count for end, count in zip(self._ends, counts, strict=True)))
        for ordinal, place in zip(ordinals, places, strict=True):
            self._places[following[ordinal]] = place
            following[ordinal] += 1
        self._made = sum(map(sys.getsizeof, self._ordinals)) if predicate.unfolded(field) != field else 0

    @property
    def bytes(self) -> int:
        """Without the values that are those of the records."""
        arrays = sum(map(sys.getsizeof, (self._ends, self._places)))
        return arrays + sys.getsizeof(self._ordinals) + _ORDINAL * len(self._ordinals) + self._made

    def places(self, value: str) -> Sequence[int]:
        ordinal = self._ordinals.get(value)
        if ordinal is None:
            return ()
        return self._places[self._ends[ordinal - 1] if ordinal else 0 : self._ends[ordinal]]


def values_of(records: Iterable[Record], field: str) -> Iterator[Iterable[str]]:
    """What `field` of each record names, each once: of a list, every element."""
    plain = predicate.unfolded(field)
    if plain == field and "." not in field:
        for value in map(attrgetter(field), records):
            if value is None:
                yield ()
            else:
                yield dict.fromkeys(value) if isinstance(value, tuple) else (value,)
        return
    for record in records:
        value = getattr(record, plain) if "." not in plain else None
        yield (value.casefold(),) if isinstance(value, str) else dict.fromkeys(predicate.texts(record, field))


def group(records: Collection[Record], field: str) -> dict[str, tuple[Record, ...]]:
    """Records by each value of `field`; one that has several stands under each."""
    grouped: defaultdict[str, list[Record]] = defaultdict(list)
    texts: list[str] = list(map(attrgetter(field), records)) if _PLAIN.fullmatch(field) else []
    if set(map(type, texts)) == {str}:
        for record, text in zip(records, texts, strict=True):
            grouped[text].append(record)
    else:
        for record, each in zip(records, values_of(records, field), strict=True):
            for value in each:
                grouped[value].append(record)
    return {value: tuple(found) for value, found in grouped.items()}


_PLAIN = re.compile(r"\w+")
"""Fields of the record itself, as they are written."""


def listed(records: Iterable[Record], unproved: str | None = None) -> Slice:
    """A whole list of records that were read before, as old as the oldest of them."""
    rows = tuple(sorted(records, key=_sourced_id))
    read_at = min((r.observed_at for r in rows), default=moments.now())
    return Slice(rows, 0, True, len(rows) if unproved is None else None, read_at, unproved=unproved)


def cut(held: Slice, after: str | None, limit: int) -> Slice:
    """The `limit` records that follow sourcedId `after` in a list, or in a run of it."""
    start = _passed(held.records, after) if after is not None else 0
    rows = held.records[start : start + limit]
    ended = held.ended and (len(rows) < limit or start + limit >= len(held.records))
    return msgspec.structs.replace(held, records=rows, start=held.start + start, ended=ended)


def _passed(records: Sequence[Record], sourced_id: str) -> int:
    """How many records do not come after an id."""
    if not isinstance(records, Rows):
        return bisect_right(records, sourced_id, key=_sourced_id)
    place = records.place(sourced_id)
    return place + (place < len(records) and records[place].sourced_id == sourced_id)


def follows(found: Slice, after: Position | None) -> Slice | None:
    """What comes after a position of a part that begins with the record there, if any was counted up to it.

    None where it begins with another: the list has moved since.
    """
    overlap = 1 if after is not None and after.offset else 0
    if after is not None and [r.sourced_id for r in found.records[:overlap]] != [after.sourced_id]:
        return None
    return msgspec.structs.replace(found, records=found.records[overlap:], start=found.start + overlap)


def beyond(where: Predicate | None, after: Position | None) -> Predicate | None:
    """The condition that holds for what comes after a position in the list for `where`."""
    return where if after is None else predicate.every(where, Compare("sourced_id", Op.GT, after.sourced_id))


async def beside(records: int, work: Callable[[], T]) -> T:
    """The result of `work`, done in a thread where there is much of it."""
    return await asyncio.to_thread(work) if records > _MUCH else work()


def _no_portions(records: int) -> LRUCache[Hashable, Portion]:
    return LRUCache(2 * records + 1000, getsizeof=lambda portion: len(portion.whole) + 1)


def _no_lists(records: int) -> LRUCache[Predicate | None, Slice]:
    return LRUCache(2 * records + 1000, getsizeof=_size)


def _size(found: Slice) -> int:
    return len(found.records) + 1


_sourced_id = attrgetter("sourced_id")
