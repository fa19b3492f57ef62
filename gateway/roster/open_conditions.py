"""Conditions that a record alone cannot answer: they look at other records of its source, or at its source's date.

Values only, for `adapters.predicate.Open`; `gateway.roster.resolving` replaces them, source by source.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from adapters.dialect import Op
from adapters.predicate import Predicate
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
