"""What can be needed of one collection of one source, and the ways to get it. Values only.

The choice between the ways is `gateway.roster.planner`'s; taking one is the reader's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from adapters import predicate
from adapters.dialect import Op
from adapters.endpoints import Collection
from adapters.predicate import And, AnyOf, Compare, Predicate, folded

# -------------------------------------------------------------- needs


@dataclass(frozen=True, slots=True)
class ByIds:
    """The records with these sourcedIds. foreseen: the ids are not known yet, others stand in for them."""

    collection: Collection
    ids: tuple[str, ...]
    foreseen: bool = False


@dataclass(frozen=True, slots=True)
class ChildrenOf:
    """The records whose `field` names one of `parents`. foreseen: as for ByIds."""

    collection: Collection
    field: str
    parents: tuple[str, ...]
    foreseen: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """`limit` records of those that satisfy `where`, by sourcedId, from `offset` on.

    limit: None for all. offset: None where it is not known how many come before.
    """

    collection: Collection
    where: Predicate | None
    limit: int | None
    offset: int | None = 0


@dataclass(frozen=True, slots=True)
class Everything:
    """The whole collection."""

    collection: Collection


Need: TypeAlias = ByIds | ChildrenOf | Window | Everything


# -------------------------------------------------------------- access paths


@dataclass(frozen=True, slots=True)
class Held:
    """Nothing has to be asked."""

    label = "held"


@dataclass(frozen=True, slots=True)
class Singles:
    """One request for each id, side by side."""

    label = "single reads"


@dataclass(frozen=True, slots=True)
class Batches:
    """One filtered request for each group of values of `field`. in_operator: a group is one clause."""

    field: str
    groups: tuple[tuple[str, ...], ...]
    in_operator: bool = False

    @property
    def label(self) -> str:
        return "in-operator batches" if self.in_operator else "filter batches"


@dataclass(frozen=True, slots=True)
class Nested:
    """One request below each parent."""

    endpoint: str

    label = "below each parent"


@dataclass(frozen=True, slots=True)
class ParentScoped:
    """All that lies below what the parents lie in, such as their schools: `scopes`, which are `of` that kind."""

    endpoint: str
    scopes: tuple[str, ...]
    of: str = "schools"

    @property
    def label(self) -> str:
        return f"below the parents' {self.of}"


@dataclass(frozen=True, slots=True)
class Cut:
    """The source sorts, filters and cuts the list itself."""

    label = "window"


@dataclass(frozen=True, slots=True)
class Filtered:
    """The list by a filter that narrows it, whole."""

    label = "filtered list"


@dataclass(frozen=True, slots=True)
class Scan:
    """The whole collection."""

    label = "scan"


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since the whole collection was last read."""

    label = "changes"


AccessPath: TypeAlias = Held | Singles | Batches | Nested | ParentScoped | Cut | Filtered | Scan | Changes


@dataclass(frozen=True, slots=True)
class Plan:
    """The way chosen, and what it is predicted to take.

    requests: as many as are likely, by which it was chosen. certain: those of them that rest on no guess: the
    prediction. assumed: some rest on one. seconds: from the first request to the last answer. rows: records moved.
    why: in words, for people.
    """

    path: AccessPath
    why: str
    requests: int
    seconds: float
    rows: int
    certain: int
    assumed: bool = False


# -------------------------------------------------------------- what is known


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a collection and its source when a need is planned. None: never told, never measured.

    held: all that is needed is held. changes: an older copy of the whole collection is held, and the source tells what
    changed since. size: records in the collection. parents: how many records there are of those
    that the need's field refers to. matching: how many satisfy a window's condition. page_size: what the source
    serves at most, if less than it is asked for. tells_end: a last page is known for the last when it comes.
    sorted: the source's order by sourcedId is ours. scope_of: what a parent lies in, a class in a school, a line item
    in a class; scopes: how many such there are. refused: routes that the source turned out not to serve. spent:
    requests by which few records were asked for while the size was not told. latency: seconds of a request without
    its records. requests_left: how many may still be sent today. in_flight: how many at once.
    """

    held: bool = False
    changes: bool = False
    size: int | None = None
    parents: int | None = None
    matching: int | None = None
    page_size: int | None = None
    tells_end: bool | None = None
    sorted: bool = True
    scope_of: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    scopes: int | None = None
    refused: frozenset[str] = frozenset()
    spent: int = 0
    latency: float | None = None
    seconds_per_row: float | None = None
    requests_left: int | None = None
    in_flight: int = 8


# -------------------------------------------------------------- conditions


def named_ids(where: Predicate | None) -> frozenset[str] | None:
    """The sourcedIds to which `where` restricts the list, if it names them."""
    for part in _conjuncts(where):
        match part:
            case Compare("sourced_id", Op.EQ, value):
                return frozenset({value})
            case AnyOf("sourced_id", values):
                return values
    return None


def but_status(where: Predicate | None) -> Predicate | None:
    """`where` without what it says of the status: that alone hardly narrows a list."""
    return predicate.every(*(p for p in _conjuncts(where) if "status" not in predicate.fields(p)))


def telling(where: Predicate | None) -> tuple[str, frozenset[str]] | None:
    """The field and its values by which `where` names a few records, if it does: they are told apart by it."""
    for part in _conjuncts(where):
        match part:
            case Compare(field, Op.EQ, value) if field in TELLING:
                return field, frozenset({value})
            case AnyOf(field, values) if field in TELLING:
                return field, values
    return None


TELLING = frozenset(
    {
        *("sourced_id", "former_sourced_ids", "user_master_identifier", "user_ids.identifier"),
        *("username", "email", "identifier"),
        *map(folded, ("username", "email", "identifier", "user_master_identifier", "user_ids.identifier")),
    }
)
"""Fields by whose value people are told apart: hardly any two records share one."""


def _conjuncts(where: Predicate | None) -> tuple[Predicate, ...]:
    return where.parts if isinstance(where, And) else () if where is None else (where,)
