"""Rows that stay encoded: of records that are held, and of which a row needs nothing but the record.

Such a row is the same for as long as the record is: no argument, clock or source has a say in it. It is known by the
record itself, not by its id, and goes with what the record was held in, or with its plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

import msgspec

from adapters import freeing
from adapters.records import Record, RecordType
from gateway.execution.plan import Selection
from gateway.execution.rows import encoded
from gateway.roster.reading import Reading
from gateway.roster.tables import Apart
from gateway.roster.whole import Whole
from gateway.schema.fields import sources_of
from gateway.schema.node import KINDS

MOST = 16 * 1024 * 1024
"""Bytes of all rows that are kept, with what keeping them takes."""

_EACH = 250
"""Bytes that a row takes besides what is written in it."""

_PART = 4000
"""Rows that are let go of at a stretch."""

_BEGINNINGS = 1000
"""Lists that are remembered to have been asked for once."""


@dataclass(slots=True, eq=False)
class Shelf:
    """Rows of one selection, of records that are held together. rows: by the `id` of the record, which is not given
    twice for as long as the record is among `records`.

    begun: `id` of the first record of each list that was asked for once: who walks a list to its end does not come back
    for it. used: when it last served. full: there was no room for more.
    """

    rows: dict[int, msgspec.Raw] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    begun: set[int] = field(default_factory=set)
    bytes: int = 0
    used: int = 0
    full: bool = False

    def found(self, records: Sequence[Record]) -> list[msgspec.Raw]:
        """Raises:
        KeyError: the row of one is not kept.
        """
        return list(map(self.rows.__getitem__, map(id, records)))

    def again(self, first: Record) -> bool:
        """Whether a list that begins so was asked for before."""
        if id(first) in self.begun:
            return True
        if len(self.begun) >= _BEGINNINGS:
            self.begun.clear()
        self.begun.add(id(first))
        return False

    def keep(self, records: Sequence[Record], rows: Sequence[msgspec.Raw], size: int) -> None:
        self.rows.update(zip(map(id, records), rows, strict=True))
        self.records += records
        self.bytes += size

    def clear(self) -> None:
        parts: list[Any] = []
        for each in ([*self.rows.values()], self.records):
            parts += [each[start : start + _PART] for start in range(0, len(each), _PART)]
        self.rows, self.records, self.bytes, self.full = {}, [], 0, False
        del each  # the last name of what is in parts
        freeing.free(parts)

    def __del__(self) -> None:
        self.clear()


Shelves: TypeAlias = WeakKeyDictionary[Selection, Shelf]


@dataclass(slots=True, eq=False)
class KeptRows:
    """Of all plans of one schema. most: bytes; beyond it those of the selection that was asked longest ago go.

    rows_from, columns_from: below these, rows are made as fast as they are found.
    """

    most: int = MOST
    rows_from: int = 16
    columns_from: int = 3
    _shelves: WeakKeyDictionary[Whole | Apart, WeakKeyDictionary[Selection, Shelf]] = field(
        default_factory=WeakKeyDictionary
    )
    _turns: Iterator[int] = field(default_factory=count)

    @property
    def bytes(self) -> int:
        return sum(shelf.bytes for shelf in self._all())

    def rows(
        self, reading: Reading, selection: Selection, records: Sequence[Any], source: str = ""
    ) -> list[msgspec.Raw] | None:
        """The rows of records, encoded; None where they are to be made as any others. source: of all of them; empty if
        that is not known.

        Raises what comes of records that are not as the schema has them.
        """
        kind = KINDS.get(selection.type.name)
        if kind is None or selection.others or len(selection.columns) < self.columns_from:
            return None
        shelf = self._shelf(reading, kind, source or records[0].source, selection)
        if shelf is None:
            return None
        try:
            return shelf.found(records)
        except KeyError:  # or of another source
            sources = [(source, records)] if source else _by_source(records)
            parts = [self._part(reading, kind, each, selection, own) for each, own in sources]
        whole = [part for part in parts if part is not None]
        return list(chain.from_iterable(whole)) if whole and len(whole) == len(parts) else None

    def _part(
        self, reading: Reading, kind: RecordType, source: str, selection: Selection, records: Sequence[Record]
    ) -> list[msgspec.Raw] | None:
        """The rows of records of one source."""
        shelf = self._shelf(reading, kind, source, selection)
        if shelf is None:
            return None
        try:
            return shelf.found(records)
        except KeyError:
            if shelf.full or not shelf.again(records[0]):
                return None
        new = list({id(each): each for each in records if id(each) not in shelf.rows}.values())
        rows = _encoded(selection, new)
        size = sum(map(len, rows)) + _EACH * len(new)
        shelf.full = not self._room(size, shelf)
        if shelf.full:
            return None
        shelf.keep(new, list(map(msgspec.Raw, rows)), size)
        return shelf.found(records)

    def _shelf(self, reading: Reading, kind: RecordType, source: str, selection: Selection) -> Shelf | None:
        """For what is held of a source."""
        holding = reading.holding(kind, source)
        if holding is None:
            return None
        shelves = self._shelves.get(holding)
        if shelves is None:
            shelves = self._shelves[holding] = WeakKeyDictionary()
        shelf = shelves.get(selection)
        if shelf is None:
            shelf = shelves[selection] = Shelf()
        shelf.used = next(self._turns)
        return shelf

    def _room(self, size: int, own: Shelf) -> bool:
        """Has other shelves cleared until there is so much room."""
        taken = self.bytes + size
        for shelf in sorted(self._all(), key=lambda each: each.used):
            if taken <= self.most:
                break
            if shelf is not own:
                taken -= shelf.bytes
                shelf.clear()
        return taken <= self.most

    def _all(self) -> list[Shelf]:
        return [shelf for shelves in self._shelves.values() for shelf in shelves.values()]


def _encoded(selection: Selection, records: Sequence[Record]) -> list[bytes]:
    """Rows as JSON. What others begin with is written as the value of its first field, which goes on with the rest."""
    rows = encoded(selection.structs(len(records), selection.all_leaves(records)))
    if not selection.begins:
        return rows
    start = len(f'{{"{selection.fields[0].key}":')
    return [row[start:-1] for row in rows]


def _by_source(records: Sequence[Record]) -> list[tuple[str, Sequence[Record]]]:
    """Records that follow each other, by their sources; none where their order mixes these."""
    sources, parts, start = sources_of(records), list[tuple[str, Sequence[Record]]](), 0
    if sources != sorted(sources):
        return []
    for source in dict.fromkeys(sources):
        end = start + sources.count(source)
        parts.append((source, records[start:end]))
        start = end
    return parts
