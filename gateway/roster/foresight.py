"""What an operation needs after its root is known before the first byte is asked, and partly read beside it.

A relation whose records would be read by reading their whole collection anyway need not wait for the ids of its
parents. That is predicted by the planner, for as many parents as the root is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from adapters import predicate
from adapters.endpoints import ENTITIES, Collection
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

_COLLECTIONS = {entity.type: collection for collection, entity in ENTITIES.items()}


@dataclass(frozen=True, slots=True)
class Ahead:
    """A relation that an operation follows, and those that it follows from there.

    key: the attribute by which records of `kind` name their parents, if they are `children`; else the attribute by
    which the parents name them.
    """

    kind: RecordType
    key: str
    children: bool
    then: tuple[Ahead, ...] = ()


def parents(where: Predicate | None, first: int) -> int:
    """How many records a root list is predicted to have; 0 where that is too uncertain."""
    named = {c.field for c in conditions(where) if isinstance(c, Named | Alike)}
    return min(first, _MOST) if named | predicate.fields(where) <= _BROAD else 0


def needs(ahead: Sequence[Ahead], count: int) -> Iterator[ByIds | ChildrenOf]:
    """What following `ahead` from `count` parents will need, with ids that are not yet known standing in."""
    if count < FEWEST_PARENTS:
        return
    unknown = tuple(f"{number:036d}" for number in range(count))
    for relation in ahead:
        collection: Collection = _COLLECTIONS[relation.kind]
        if relation.children:
            yield ChildrenOf(collection, relation.key, unknown, foreseen=True)
        else:
            yield ByIds(collection, unknown, foreseen=True)
        yield from needs(relation.then, min(_MOST, count * _EACH) if relation.children else count)
