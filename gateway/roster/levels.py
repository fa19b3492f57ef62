"""What a whole level of an operation follows, read at once: for each of many rows what `Reading` has for one.

What went wrong is told as often as it occurs, so that nobody can tell from an answer how it was read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from adapters.errors import SourceError
from adapters.predicate import Predicate
from adapters.records import Record, RecordType
from gateway.roster.outcomes import FindPlace
from gateway.roster.reading import LONGEST_LIST, Reading
from gateway.roster.whole import Short

Key: TypeAlias = tuple[str, str]
"""Source and sourcedId."""

_STRETCH = 500
"""Rows after which others may have the event loop."""


class Rows(Protocol):
    """The rows of a level, by number."""

    def place(self, row: int) -> FindPlace: ...

    def weight(self, row: int) -> int:
        """How often the row occurs in the answer."""
        ...


@dataclass(frozen=True, slots=True)
class LevelReader:
    """Reads for one field of the document. breathe: gives the event loop away if it was held for long."""

    reading: Reading
    rows: Rows
    breathe: Callable[[], Awaitable[None]]

    async def follow(self, kind: RecordType, keys: Sequence[Key | None]) -> list[Record | None]:
        """What references name; each that names nothing is told."""
        return await self._one(kind, keys, dangling=True)

    async def lookup(self, kind: RecordType, keys: Sequence[Key | None]) -> list[Record | None]:
        """Records that need not be there; not of people, who may be found by ids that they had."""
        return await self._one(kind, keys, dangling=False)

    async def follow_all(
        self, kind: RecordType, sources: Sequence[str], ids: Sequence[Sequence[str]]
    ) -> list[list[Record] | None]:
        """What several references name, in their order; None where the source could not answer."""
        wanted = dict.fromkeys((s, i) for s, several in zip(sources, ids, strict=True) for i in several)
        found = await self._records(kind, wanted)
        cells: list[list[Record] | None] = []
        for row, (source, several) in enumerate(zip(sources, ids, strict=True)):
            values = [found[source, i] for i in several]
            error = next((v for v in values if isinstance(v, SourceError)), None)
            if error is not None:
                self.reading.failed(self.rows.place(row), kind, error, self.rows.weight(row))
                cells.append(None)
                continue
            if lost := values.count(None):
                self.reading.dangling(self.rows.place(row), source, lost * self.rows.weight(row))
            cells.append([v for v in values if isinstance(v, Record)])
        return cells

    async def children(
        self, kind: RecordType, field: str, parents: Sequence[Record], where: Predicate | None
    ) -> list[list[Record] | None]:
        """The records whose `field` names each parent, whole; None where the source failed or there are too many."""
        cells: list[list[Record] | None] = []
        lacking: dict[str, dict[str, list[int]]] = {}
        for row, parent in enumerate(parents):
            held = self.reading.held_children(kind, field, parent, where)
            cells.append(held)
            if held is None:
                lacking.setdefault(parent.source, {}).setdefault(parent.sourced_id, []).append(row)
            if row % _STRETCH == 0:
                await self.breathe()
        coming = (self.reading.children_of(kind, field, s, list(ids), where) for s, ids in lacking.items())
        for (source, ids), answer in zip(lacking.items(), await asyncio.gather(*coming), strict=True):
            for number, (parent_id, rows) in enumerate(ids.items()):
                for row in rows:
                    cells[row] = self._told(row, kind, source, answer[parent_id])
                if number % _STRETCH == 0:
                    await self.breathe()
        return cells

    def _told(
        self, row: int, kind: RecordType, source: str, found: tuple[Record, ...] | SourceError
    ) -> list[Record] | None:
        place, weight = self.rows.place(row), self.rows.weight(row)
        if isinstance(found, SourceError):
            self.reading.failed(place, kind, found, weight)
            return None
        if isinstance(found, Short):
            self.reading.short(place, kind, source, found, weight)
        if len(found) > LONGEST_LIST:
            self.reading.too_long(place, source, weight)
            return None
        return list(found)

    async def _one(self, kind: RecordType, keys: Sequence[Key | None], *, dangling: bool) -> list[Record | None]:
        wanted = dict.fromkeys(key for key in keys if key is not None)
        found = await self._records(kind, wanted)
        await self.breathe()
        trouble = {key: value for key, value in found.items() if not isinstance(value, Record)}
        if not trouble:
            return [found[key] if key is not None else None for key in keys]  # type: ignore[misc]
        cells: list[Record | None] = []
        for row, key in enumerate(keys):
            value = found[key] if key is not None else None
            if isinstance(value, SourceError):
                self.reading.failed(self.rows.place(row), kind, value, self.rows.weight(row))
            elif value is None and key is not None and dangling:
                self.reading.dangling(self.rows.place(row), key[0], self.rows.weight(row))
            cells.append(value if isinstance(value, Record) else None)
        return cells

    async def _records(self, kind: RecordType, wanted: Iterable[Key]) -> dict[Key, Record | SourceError | None]:
        found: dict[Key, Record | SourceError | None] = {}
        lacking: dict[str, list[str]] = {}
        for number, (source, sourced_id) in enumerate(wanted):
            held = self.reading.held_record(kind, source, sourced_id)
            found[source, sourced_id] = held
            if held is None:
                lacking.setdefault(source, []).append(sourced_id)
            if number % _STRETCH == 0:
                await self.breathe()
        coming = (self.reading.named(kind, source, ids) for source, ids in lacking.items())
        for source, answer in zip(lacking, await asyncio.gather(*coming), strict=True):
            found.update(((source, sourced_id), value) for sourced_id, value in answer.items())
        return found
