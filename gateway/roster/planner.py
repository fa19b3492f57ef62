"""Which way to answer a need, as a function of what is known. Decides; does not ask.

OneRoster gives a data loader nothing for many ids: by the standard a filter carries two clauses. So the choice is
between single reads, filters as wide as the source takes, routes below a parent, and reading the whole collection.
The fewest requests win; among equals the one that moves the fewest records.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from types import MappingProxyType
from typing import TypeAlias

from adapters import lowering
from adapters.dialect import Dialect
from adapters.endpoints import Collection, single

PAGE = 5000
"""Records a page, at most, whatever the source would serve."""

ASSUMED_SIZE: Mapping[Collection, int] = MappingProxyType(
    {
        Collection.ORGS: 50,
        Collection.ACADEMIC_SESSIONS: 50,
        Collection.COURSES: 1_000,
        Collection.CLASSES: 2_000,
        Collection.USERS: 10_000,
        Collection.ENROLLMENTS: 20_000,
        Collection.DEMOGRAPHICS: 5_000,
    }
)
"""How many records a collection has, until its source has told."""

NESTED: Mapping[tuple[Collection, str], str] = MappingProxyType(
    {
        (Collection.CLASSES, "school_id"): "classesForSchool",
        (Collection.CLASSES, "course_id"): "classesForCourse",
        (Collection.ENROLLMENTS, "user_id"): "enrollmentsForUser",
        (Collection.ENROLLMENTS, "class_id"): "enrollmentsForClass",
    }
)
"""Routes that answer exactly the children of one parent.

/schools/{id}/courses, /schools/{id}/enrollments, /terms/{id}/classes and the like are left out: servers differ on what
they include.
"""


@dataclass(frozen=True, slots=True)
class ByIds:
    """The records with these sourcedIds."""

    collection: Collection
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChildrenOf:
    """The records whose `field` names one of `parents`."""

    collection: Collection
    field: str
    parents: tuple[str, ...]


Need: TypeAlias = ByIds | ChildrenOf


@dataclass(frozen=True, slots=True)
class Singles:
    """One request for each id."""

    requests: int


@dataclass(frozen=True, slots=True)
class Batches:
    """One filtered request for each group of values of `field`."""

    field: str
    groups: tuple[tuple[str, ...], ...]
    requests: int


@dataclass(frozen=True, slots=True)
class Nested:
    """One request below each parent."""

    endpoint: str
    requests: int


@dataclass(frozen=True, slots=True)
class Scan:
    """The whole collection. assumed: its size is a guess; the first page may tell better."""

    requests: int
    assumed: bool


AccessPath: TypeAlias = Singles | Batches | Nested | Scan


def plan(need: Need, size: int | None, dialect: Dialect, url_overhead: int) -> AccessPath:
    """The access path with the fewest predicted requests.

    size: records in the collection as last told, None if never. url_overhead: bytes of a request's URL but for the
    text of its filter.

    Raises:
        Unsupported: the dialect has no such collection.
    """
    lowering.route(dialect, need.collection.value)
    paths: list[tuple[int, int, AccessPath]] = []
    keys = need.ids if isinstance(need, ByIds) else need.parents
    field = "sourced_id" if isinstance(need, ByIds) else need.field
    if isinstance(need, ByIds) and lowering.served(dialect, single(need.collection).name) is not None:
        paths.append((len(keys), len(keys), Singles(len(keys))))
    groups = lowering.batches(dialect, need.collection, field, keys, url_overhead)
    if groups is not None:
        paths.append((len(groups), len(keys), Batches(field, tuple(groups), len(groups))))
    name = NESTED.get((need.collection, field))
    if name is not None and lowering.served(dialect, name) is not None:
        paths.append((len(keys), len(keys), Nested(name, len(keys))))
    rows = size if size is not None else ASSUMED_SIZE[need.collection]
    scan = Scan(pages(rows, dialect), assumed=size is None)
    paths.append((scan.requests, rows, scan))
    return min(paths, key=lambda p: p[:2])[2]


def pages(rows: int, dialect: Dialect) -> int:
    """Requests that reading `rows` records takes, page by page."""
    if dialect.capabilities.all_without_limit:
        return 1
    return max(1, ceil(rows / min(dialect.capabilities.max_limit, PAGE)))
