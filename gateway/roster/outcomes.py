"""What went wrong while one operation read: kept aside, answered next to the data.

A source that fails does not fail a field: the field is null or shorter, and one entry per field of the document, source
and code tells why, with a count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec
from graphql import FieldNode, GraphQLError

from adapters.errors import SourceError, Unsupported
from adapters.records import RecordType
from gateway.access.field_class import FieldClass
from gateway.faults import (
    ErrorCode,
    Loading,
    NotHeld,
    SourceState,
    Unproved,
    code_of,
    extensions,
    rank,
    state_of,
    worst,
)
from gateway.roster.whole import Short, partial

LONGEST_LIST = 5000
"""A relation's plain list is whole up to this many records, else null and TOO_LONG: it is never cut."""

Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A field of the answer: its path, and where the document asks for it."""

    path: Path
    nodes: tuple[FieldNode, ...]

    @property
    def document_path(self) -> tuple[str, ...]:
        return tuple(p for p in self.path if isinstance(p, str))

    @property
    def number(self) -> tuple[int, ...]:
        """Which it is of the places of its field: they are in this order in the answer."""
        return tuple(p for p in self.path if isinstance(p, int))


FindPlace: TypeAlias = Callable[[], Place]
"""Made only when something went wrong."""


_FRESH = SourceState.FRESH

_TOLD_BESIDE = (SourceState.UNSUPPORTED, SourceState.STALE, SourceState.HELD)
"""States that are no error: there is nothing to be had, or an older copy that is whole."""


class SourceOutcome(msgspec.Struct, frozen=True):
    """How one source stood in one list. rows: on this page. code, retry_after: what went wrong, if anything.

    progress: of reading it whole, from 0 to 1, while that is on its way. rejected: as of `Slice`. unknown: records of
    an unknown status that it has of the kind, as far as that is known.
    """

    source: str
    state: SourceState
    code: ErrorCode | None = None
    message: str | None = None
    as_of: float | None = None
    retry_after: float | None = None
    rows: int | None = None
    rejected: int | None = 0
    progress: float | None = None
    unknown: int | None = None

    @property
    def fault(self) -> ErrorCode | None:
        """What went wrong, where that is an error to report."""
        return self.code if self.state not in _TOLD_BESIDE else None

    @classmethod
    def failed(cls, error: SourceError) -> SourceOutcome:
        if isinstance(error, NotHeld):
            return cls(error.source, SourceState.SKIPPED, message=str(error))
        code = code_of(error)
        progress = error.progress if isinstance(error, Loading) else None
        return cls(
            error.source,
            SourceState.PARTIAL if isinstance(error, Unproved) else state_of(code),
            code=code,
            message=str(error),
            retry_after=error.retry_after,
            progress=progress,
        )


@dataclass(frozen=True, slots=True)
class Fault:
    """What nulled or shortened a field of one record. count: how many things in it, such as references.

    field_class: that for lack of which it was withheld.
    """

    source: str
    code: ErrorCode
    message: str
    retry_after: float | None = None
    count: int = 1
    field_class: FieldClass | None = None


def lacks(source: str, field_class: FieldClass, count: int = 1) -> Fault:
    """A field that a client may not read of a source."""
    message = (
        f"{source}: this client's grant lacks the field class {field_class.value}; whoever issued its key can add it"
    )
    return Fault(source, ErrorCode.FORBIDDEN_FIELD, message, count=count, field_class=field_class)


def no_room(source: str, count: int = 1) -> Fault:
    """Of a plain list with which an answer would be larger than it may be."""
    message = f"{source}: with this list the answer would have more records than it may; ask for fewer at once"
    return Fault(source, ErrorCode.TOO_LONG, message, count=count)


@dataclass
class _Entry:
    """All occurrences of a fault. place, first: of the first of them in the answer, whenever it came."""

    place: Place
    first: Fault
    count: int = 0


@dataclass
class Outcomes:
    """Collects during one operation; tells afterwards."""

    _entries: dict[tuple[tuple[str, ...], str, ErrorCode], _Entry] = field(default_factory=dict)
    _collections: dict[tuple[str, RecordType], SourceOutcome] = field(default_factory=dict)
    _answered: set[str] = field(default_factory=set)

    def fault(self, find: FindPlace, fault: Fault) -> None:
        """One more occurrence, or so many, of what nulled or shortened a field."""
        self.told(find(), fault)

    def told(self, place: Place, fault: Fault) -> None:
        key = (place.document_path, fault.source if fault.field_class is None else "", fault.code)
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = _Entry(place, fault)
        elif place.number < entry.place.number:
            entry.place, entry.first = place, fault
        entry.count += fault.count

    def aside(self) -> Aside:
        """The same, but for faults: those are kept until it is known where, and how often, they stand in the answer."""
        return Aside(_collections=self._collections, _answered=self._answered)

    def dangling(self, find: FindPlace, source: str, count: int = 1) -> None:
        message = f"{source}: a reference names a record that the source does not have"
        self.fault(find, Fault(source, ErrorCode.DANGLING_REFERENCE, message, count=count))

    def too_long(self, find: FindPlace, source: str, count: int = 1) -> None:
        message = f"{source}: more than {LONGEST_LIST} records; narrow the list or ask for it from the root"
        self.fault(find, Fault(source, ErrorCode.TOO_LONG, message, count=count))

    def short(self, find: FindPlace, kind: RecordType, source: str, rows: Short, count: int = 1) -> None:
        """Of records that are not proved to be all: shown, and told so."""
        self.failed(find, kind, Unproved(source, partial(rows.unproved).message), count)

    def failed(self, find: FindPlace, kind: RecordType, error: SourceError, count: int = 1) -> None:
        outcome = SourceOutcome.failed(error)
        self.saw(kind, outcome)
        if not isinstance(error, Unsupported):
            self.fault(find, Fault(error.source, code_of(error), str(error), error.retry_after, count))

    def withheld(self, find: FindPlace, source: str, field_class: FieldClass, count: int = 1) -> None:
        """Of a field that a client may not read of a source: told once for a field of the document."""
        self.fault(find, lacks(source, field_class, count))

    def forget_below_roots(self) -> None:
        """For an operation that is executed anew, with the root fields that were read."""
        self._entries = {key: entry for key, entry in self._entries.items() if len(key[0]) <= 1}

    def answered(self, source: str) -> None:
        self._answered.add(source)

    def saw(self, kind: RecordType, outcome: SourceOutcome) -> None:
        """How one collection of a source stood, once; of several times the worst is told."""
        self._answered.add(outcome.source)
        if outcome.state is _FRESH:
            return
        known = self._collections.setdefault((outcome.source, kind), outcome)
        if rank(outcome.state, outcome.code) < rank(known.state, known.code):
            self._collections[outcome.source, kind] = outcome

    def sources(self) -> set[str]:
        """Those that were asked, or would have been."""
        return self._answered.union([source for _, source, _ in self._entries if source])

    def errors(self) -> list[GraphQLError]:
        return [
            GraphQLError(
                e.first.message,
                nodes=list(e.place.nodes),
                path=list(e.place.path),
                extensions=extensions(
                    e.first.code,
                    source=e.first.source,
                    retry_after=e.first.retry_after,
                    count=e.count if e.count > 1 else None,
                    field_class=e.first.field_class,
                ),
            )
            for e in self._entries.values()
        ]

    def extension(self) -> dict[str, Any] | None:
        """`extensions.sources`: what is not fresh, and how many sources stand how; None if none was read."""
        if not self._answered:
            return None
        if not self._collections:
            return {"counts": {_FRESH.value: len(self._answered)}, "notFresh": []}
        states = {source: [_FRESH] for source in sorted(self._answered)}
        troubled = []
        for (source, kind), outcome in sorted(self._collections.items()):
            states[source].append(outcome.state)
            entry = {"source": source, "collection": kind.value, "state": outcome.state.value}
            troubled.append(entry | ({"code": outcome.code.value} if outcome.code else {}))
        counts = Counter(worst(several).value for several in states.values())
        return {"counts": dict(counts), "notFresh": troubled}


@dataclass
class Aside(Outcomes):
    """Faults are kept, each with what would find its place."""

    kept: list[tuple[FindPlace, Fault]] = field(default_factory=list)

    def fault(self, find: FindPlace, fault: Fault) -> None:
        self.kept.append((find, fault))
