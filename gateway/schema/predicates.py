"""Predicates as the graph builds them: what cannot hold stays recognisable, and so do the sources it leaves."""

from collections.abc import Iterable

from adapters.dialect import Op
from adapters.predicate import And, AnyOf, Compare, Or, Predicate, equals, every

NOTHING: Predicate = AnyOf("sourced_id", frozenset())
"""Holds for no record."""


def among(field: str, values: Iterable[str]) -> Predicate:
    """`field` is one of `values`."""
    words = frozenset(values)
    if not words:
        return NOTHING
    return equals(field, *words) if len(words) == 1 else AnyOf(field, words)


def conjunction(*parts: Predicate | None) -> Predicate | None:
    """All hold; None where nothing is asked."""
    return NOTHING if NOTHING in parts else every(*parts)


def alternatives(parts: Iterable[Predicate | None]) -> Predicate | None:
    """At least one holds; None where one of them asks for nothing."""
    found = list(parts)
    known = tuple(p for p in found if p is not None and p != NOTHING)
    if None in found:
        return None
    if not known:
        return NOTHING
    return known[0] if len(known) == 1 else Or(known)


def sources_of(where: Predicate | None) -> frozenset[str] | None:
    """The sources that can have records for which `where` holds; None for any. The others need not be asked."""
    match where:
        case AnyOf(_, values) if not values:
            return frozenset()
        case Compare("source", Op.EQ, value):
            return frozenset({value})
        case And(parts):
            known = [s for s in map(sources_of, parts) if s is not None]
            return frozenset.intersection(*known) if known else None
        case Or(parts):
            known = [s for s in map(sources_of, parts) if s is not None]
            return frozenset.union(*known) if len(known) == len(parts) else None
    return None


def within_one_source(where: Predicate | None) -> Predicate | None:
    """`where` for a list of one source's records only: without its own conditions on the source."""
    parts = where.parts if isinstance(where, And) else (where,)
    return every(*(p for p in parts if not (isinstance(p, Compare) and p.field == "source")))
