"""What a whole level of an operation follows, read at once: for each of many rows what `Reading` has for one.

Where all of it is held, it is there at once; else, and where there is much of it, it has to be awaited. What went wrong
is told as often as it occurs, so that nobody can tell from an answer how it was read.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, islice
from operator import attrgetter
from typing import Protocol, TypeAlias, TypeVar

import msgspec

from adapters.errors import SourceError
from adapters.predicate import Predicate
from adapters.records import Record, RecordType
from gateway.roster.followed import Broods
from gateway.roster.outcomes import LONGEST_LIST, FindPlace
from gateway.roster.reading import AT_ONCE, Reading
from gateway.roster.together import together
from gateway.roster.whole import Short, beside

T = TypeVar("T")

Column: TypeAlias = list[T] | Awaitable[list[T]]
"""One value for each row, now or later."""

Value: TypeAlias = Record | SourceError | None

_STRETCH = 500
"""Rows after which others may have it."""


class Rows(Protocol):
    """The rows of a level, by number."""

    def place(self, row: int) -> FindPlace: ...

    def weight(self, row: int) -> int:
        """How often the row occurs in the answer."""
        ...


async def come(column: Column[T]) -> list[T]:
    """The column, awaited if it has to be."""
    return column if isinstance(column, list) else await column


def held_children(
    reading: Reading, kind: RecordType, field: str, source: str, parents: Sequence[str], where: Predicate | None
) -> Sequence[Sequence[Record]] | None:
    """The children of parents of one source, if all are held and not many; None where that has to be awaited."""
    broods = reading.held_broods(kind, source, field, where)
    if broods is None:
        return reading.held_children_of(kind, field, source, parents, where)
    found = broods.known(parents)
    if found is None and sum(map(broods.size, parents)) <= AT_ONCE:
        found = broods.of(parents)
    return found


class LevelReader(msgspec.Struct, frozen=True):
    """Reads for one field of the document. breathe: gives the event loop away if it was held for long."""

    reading: Reading
    rows: Rows
    breathe: Callable[[], Awaitable[None]]

    def follow(self, kind: RecordType, sources: Sequence[str], ids: Sequence[str | None]) -> Column[Record | None]:
        """What references name; each that names nothing is told."""
        return self._one(kind, sources, ids, dangling=True)

    def lookup(self, kind: RecordType, sources: Sequence[str], ids: Sequence[str | None]) -> Column[Record | None]:
        """Records that need not be there; not of people, who may be found by ids that they had."""
        return self._one(kind, sources, ids, dangling=False)

    def follow_all(
        self, kind: RecordType, sources: Sequence[str], ids: Sequence[Sequence[str]]
    ) -> Column[Sequence[Record] | None]:
        """What several references name, in their order; None where the source could not answer."""
        names = list(chain.from_iterable(ids))
        owners = [source for source, several in zip(sources, ids, strict=True) for _ in several]
        found = self._named(kind, owners, names)
        if found is not None:
            return self._lists(kind, sources, ids, found)

        async def waiting() -> list[Sequence[Record] | None]:
            return self._lists(kind, sources, ids, await self._waited(kind, owners, names))

        return waiting()

    def children(
        self, kind: RecordType, field: str, parents: Sequence[Record], where: Predicate | None
    ) -> Column[Sequence[Record] | None]:
        """The records whose `field` names each parent, whole; None where the source failed or there are too many."""
        sources, ids = list(map(_source, parents)), list(map(_sourced_id, parents))
        if len(parents) <= AT_ONCE:
            held = self._held_children(kind, field, sources, ids, where)
            if held is not None:
                return self._short_enough(sources, held)
        return self._children(kind, field, sources, ids, where)

    # -------------------------------------------------------------- what is held

    def _named(
        self, kind: RecordType, sources: Sequence[str], ids: Sequence[str | None]
    ) -> Sequence[Record | None] | None:
        """The records of ids, if all of their sources' are held; None where that has to be awaited."""
        if len(ids) > AT_ONCE:
            return None
        if not any(ids) and ids.count(None) == len(ids):
            return [None] * len(ids)
        if len(set(sources)) == 1:
            return self.reading.held_named(kind, sources[0], ids)
        column: list[Record | None] = [None] * len(ids)
        for source, rows in _by_source(sources).items():
            found = self.reading.held_named(kind, source, [ids[row] for row in rows])
            if found is None:
                return None
            _fill(column, rows, found)
        return column

    def _held_children(
        self, kind: RecordType, field: str, sources: Sequence[str], ids: Sequence[str], where: Predicate | None
    ) -> Sequence[Sequence[Record]] | None:
        """The children of parents, if all are held and not many; None where that has to be awaited."""
        if len(set(sources)) == 1:
            return held_children(self.reading, kind, field, sources[0], ids, where)
        column: list[Sequence[Record]] = [()] * len(ids)
        for source, rows in _by_source(sources).items():
            found = held_children(self.reading, kind, field, source, [ids[row] for row in rows], where)
            if found is None:
                return None
            _fill(column, rows, found)
        return column

    # -------------------------------------------------------------- what has to be awaited

    async def _waited(self, kind: RecordType, sources: Sequence[str], ids: Sequence[str | None]) -> list[Value]:
        """The records of ids; what failed is a value."""
        column: list[Value] = [None] * len(ids)
        lacking: dict[str, Sequence[int]] = {}
        for source, rows in _by_source(sources).items():
            whole = self.reading.held(kind, source)
            if whole is None:
                if wanted := [row for row in rows if ids[row] is not None]:
                    lacking[source] = wanted
                continue
            for part in _stretches(rows):
                _fill(column, part, whole.named([ids[row] for row in part]))
                await self.breathe()
        coming = (
            self.reading.named(kind, source, list(dict.fromkeys(i for row in rows if (i := ids[row]) is not None)))
            for source, rows in lacking.items()
        )
        for rows, answer in zip(lacking.values(), await together(*coming), strict=True):
            for part in _stretches(rows):
                _fill(column, part, [answer[i] for row in part if (i := ids[row]) is not None])
                await self.breathe()
        return column

    async def _children(
        self, kind: RecordType, field: str, sources: Sequence[str], ids: Sequence[str], where: Predicate | None
    ) -> list[Sequence[Record] | None]:
        column: list[Sequence[Record] | None] = [None] * len(ids)
        lacking: dict[str, dict[str, list[int]]] = {}
        for source, rows in _by_source(sources).items():
            broods = self.reading.held_broods(kind, source, field, where)
            if broods is None:
                for row in rows:
                    lacking.setdefault(source, {}).setdefault(ids[row], []).append(row)
                await self.breathe()
                continue
            for size, part in _portions(broods, ids, rows):
                wanted = [ids[row] for row in part]
                found = await beside(size, partial(broods.of, wanted))
                for row, brood in zip(part, found, strict=True):
                    column[row] = self._whole(row, source, brood)
                await self.breathe()
        coming = (self.reading.children_of(kind, field, s, list(parents), where) for s, parents in lacking.items())
        for (source, parents), answer in zip(lacking.items(), await together(*coming), strict=True):
            for number, (parent, rows) in enumerate(parents.items()):
                for row in rows:
                    column[row] = self._told(row, kind, source, answer[parent])
                if number % _STRETCH == 0:
                    await self.breathe()
        return column

    # -------------------------------------------------------------- what is told

    def _one(
        self, kind: RecordType, sources: Sequence[str], ids: Sequence[str | None], *, dangling: bool
    ) -> Column[Record | None]:
        found = self._named(kind, sources, ids)
        if found is not None:
            return self._singles(kind, sources, ids, found, dangling)

        async def waiting() -> list[Record | None]:
            return self._singles(kind, sources, ids, await self._waited(kind, sources, ids), dangling)

        return waiting()

    def _singles(
        self,
        kind: RecordType,
        sources: Sequence[str],
        ids: Sequence[str | None],
        found: Sequence[Value],
        dangling: bool,
    ) -> list[Record | None]:
        if all(found) and not any(map(_failed, set(map(type, found)))):
            return list(found)  # type: ignore[arg-type]
        column: list[Record | None] = []
        for row, value in enumerate(found):
            if isinstance(value, SourceError):
                self.reading.outcomes.failed(self.rows.place(row), kind, value, self.rows.weight(row))
            elif value is None and dangling and ids[row] is not None:
                self.reading.outcomes.dangling(self.rows.place(row), sources[row], self.rows.weight(row))
            column.append(None if isinstance(value, SourceError) else value)
        return column

    def _lists(
        self, kind: RecordType, sources: Sequence[str], ids: Sequence[Sequence[str]], found: Iterable[Value]
    ) -> list[Sequence[Record] | None]:
        """What was found for all, as lists for each."""
        values = iter(found)
        column: list[Sequence[Record] | None] = []
        for row, several in enumerate(ids):
            own = list(islice(values, len(several)))
            error = next((v for v in own if isinstance(v, SourceError)), None)
            if error is not None:
                self.reading.outcomes.failed(self.rows.place(row), kind, error, self.rows.weight(row))
                column.append(None)
                continue
            if lost := own.count(None):
                self.reading.outcomes.dangling(self.rows.place(row), sources[row], lost * self.rows.weight(row))
            column.append([v for v in own if isinstance(v, Record)])
        return column

    def _told(
        self, row: int, kind: RecordType, source: str, found: tuple[Record, ...] | SourceError
    ) -> Sequence[Record] | None:
        if isinstance(found, SourceError):
            self.reading.outcomes.failed(self.rows.place(row), kind, found, self.rows.weight(row))
            return None
        if isinstance(found, Short):
            self.reading.outcomes.short(self.rows.place(row), kind, source, found, self.rows.weight(row))
        return self._whole(row, source, found)

    def _short_enough(self, sources: Sequence[str], found: Sequence[Sequence[Record]]) -> list[Sequence[Record] | None]:
        if max(map(len, found), default=0) <= LONGEST_LIST:
            return list(found)
        return [self._whole(row, sources[row], brood) for row, brood in enumerate(found)]

    def _whole(self, row: int, source: str, brood: Sequence[Record]) -> Sequence[Record] | None:
        if len(brood) > LONGEST_LIST:
            self.reading.outcomes.too_long(self.rows.place(row), source, self.rows.weight(row))
            return None
        return brood


def _portions(broods: Broods, ids: Sequence[str], rows: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
    """Rows in portions that hold nobody up, each with the records that have to be looked at for it."""
    size, part = 0, list[int]()
    for row in rows:
        more = broods.size(ids[row])
        if part and (size + more > AT_ONCE or len(part) == _STRETCH):
            yield size, part
            size, part = 0, []
        size += more
        part.append(row)
    if part:
        yield size, part


def _by_source(sources: Sequence[str]) -> Mapping[str, Sequence[int]]:
    if len(set(sources)) == 1:
        return {sources[0]: range(len(sources))}
    found: dict[str, list[int]] = {}
    for row, source in enumerate(sources):
        found.setdefault(source, []).append(row)
    return found


def _stretches(rows: Sequence[int]) -> Iterator[Sequence[int]]:
    return (rows[start : start + _STRETCH] for start in range(0, len(rows), _STRETCH))


def _fill(column: list[T], rows: Iterable[int], values: Iterable[T]) -> None:
    for row, value in zip(rows, values, strict=True):
        column[row] = value


def _failed(kind: type) -> bool:
    return issubclass(kind, SourceError)


_source, _sourced_id = attrgetter("provenance.source"), attrgetter("sourced_id")
