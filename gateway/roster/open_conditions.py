"""Conditions that a record alone cannot answer: they look at other records of its source, or at its source's date.

Values only, for `adapters.predicate.Open`; `gateway.roster.resolving` replaces them, source by source.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from adapters.dialect import Op
from adapters.predicate import And, Not, Open, Or, Predicate, Some
from adapters.records import RecordType

TODAY = "today"
"""The source's own date."""

Day: TypeAlias = str
"""An ISO date, or TODAY."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """How many enrollments that satisfy `where` name the record by their `field`: `op` that number.

    on: only those that hold on that day.
    """

    field: str
    where: Predicate | None
    on: Day | None = None
    op: Op = Op.GE
    number: int = 1


@dataclass(frozen=True, slots=True)
class InEffect:
    """The record of this kind, session, class or enrollment, holds on a day: see `gateway.roster.meaning`."""

    kind: RecordType
    on: Day


@dataclass(frozen=True, slots=True)
class Within:
    """A day lies between two dates of the record or element itself; one that is absent is open."""

    begin: str
    end: str
    on: Day


@dataclass(frozen=True, slots=True)
class Dangling:
    """One of the records that an enrollment names is not there."""


@dataclass(frozen=True, slots=True)
class Declared:
    """`where`, whose field is `metadata`, holds of the key for which a source's settings declare `name`."""

    name: str
    where: Predicate


@dataclass(frozen=True, slots=True)
class Named:
    """`field` names one of these people, by the sourcedId that each has now or had before."""

    field: str
    ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Alike:
    """A person's `field` has this value, whatever its case; where everybody would have to be read for that, only as it
    is spelled here or in lower case.
    """

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class OfClass:
    """`where`, whose field is `class_id`, holds of the class that a result names; where results name none, of that of
    its line item.
    """

    where: Predicate


def conditions(where: Predicate | None) -> Iterator[Any]:
    """Those in a predicate."""
    match where:
        case Open(condition):
            yield condition
        case Not(part):
            yield from conditions(part)
        case And(parts) | Or(parts):
            for part in parts:
                yield from conditions(part)
        case Some(_, part) if part is not None:
            yield from conditions(part)
