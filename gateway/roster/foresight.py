"""What an operation needs after its root is known before the first byte is asked, and partly read beside it.

A relation whose records would be read by reading their whole collection anyway need not wait for the ids of its
parents. That is predicted by the planner, for as many parents as the root is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from adapters import predicate
from adapters.endpoints import COLLECTIONS, Collection
from adapters.predicate import Predicate
from adapters.records import RecordType
from gateway.roster.needs import ByIds, ChildrenOf
from gateway.roster.open_conditions import Alike, Named, conditions

FEWEST_PARENTS = 10
"""Below that, an operation asks for so little that what it needs next is better asked for by id."""

_EACH = 6
"""Children of one parent, as enrollments of a person or a class go."""

_MOST = 1000
"""Parents that a prediction reckons with: beyond that, every way but reading all is out of the question."""

_BROAD = frozenset(
    {"source", "status", "type", "class_type", "role", "roles.role", "org_ids", "school_id", "enabled_user"}
)
"""Fields that leave a list long; by any other, it may name one person."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """A relation that an operation follows, and those that it follows from there.

    key: the attribute by which records of `kind` name their parents, if they are `children`; else the attribute by
    which the parents name them. gone_by: the client says by which of their fields they are chosen or ordered.
    """

    kind: RecordType
    key: str
    children: bool
    then: tuple[Ahead, ...] = ()
    gone_by: bool = False


def followed_anyway(relations: Iterable[Ahead]) -> tuple[Ahead, ...]:
    """The relations without those, and what is behind them, that a client may be refused for its arguments."""
    return tuple(replace(each, then=followed_anyway(each.then)) for each in relations if not each.gone_by)


def needs(
    ahead: Sequence[Ahead], where: Predicate | None, first: int, lacking: Callable[[Collection], bool]
) -> Iterable[ByIds | ChildrenOf]:
    """What following `ahead` from the `first` records that satisfy `where` will need of collections that are `lacking`,
    with ids that are not yet known standing in.
    """
    if first < FEWEST_PARENTS or not _any(ahead, lacking):
        return ()
    return _needs(ahead, _parents(where, first), lacking)


def _any(ahead: Sequence[Ahead], lacking: Callable[[Collection], bool]) -> bool:
    return any(lacking(COLLECTIONS[relation.kind]) or _any(relation.then, lacking) for relation in ahead)


def _parents(where: Predicate | None, first: int) -> int:
    """How many records a root list is predicted to have; 0 where that is too uncertain."""
    named = {c.field for c in conditions(where) if isinstance(c, Named | Alike)}
    return min(first, _MOST) if named | predicate.fields(where) <= _BROAD else 0


def _needs(ahead: Sequence[Ahead], count: int, lacking: Callable[[Collection], bool]) -> Iterator[ByIds | ChildrenOf]:
    if count < FEWEST_PARENTS:
        return
    for relation in ahead:
        collection = COLLECTIONS[relation.kind]
        if lacking(collection):
            unknown = _UNKNOWN[:count]
            if relation.children:
                yield ChildrenOf(collection, relation.key, unknown, foreseen=True)
            else:
                yield ByIds(collection, unknown, foreseen=True)
        yield from _needs(relation.then, min(_MOST, count * _EACH) if relation.children else count, lacking)


_UNKNOWN = tuple(f"{number:036d}" for number in range(_MOST))
