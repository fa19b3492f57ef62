"""What a predicate leaves: of which sources, and whether only of records, or of a time, that it names."""

from collections.abc import Collection

from adapters.dialect import Op
from adapters.predicate import (
    And,
    AnyOf,
    Compare,
    IsNull,
    Not,
    Open,
    Or,
    Predicate,
    alternatives,
    conjunction,
    negation,
)
from gateway.roster.reading import Named, OfClass


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


_SINCE = (Op.GT, Op.GE)


def names_some(where: Predicate | None, references: Collection[str]) -> bool:
    """Whether `where` keeps no more than what belongs to records that it names, or what changed since some time.

    references: the fields by which records may be named, beside their own id.
    """
    match where:
        case Compare("date_last_modified", op, _):
            return op in _SINCE
        case Compare(field, Op.EQ, _) | AnyOf(field, _) | Open(Named(field, _)):
            return field == "sourced_id" or field in references
        case Open(OfClass(part)):
            return names_some(part, references)
        case And(parts):
            return any(names_some(part, references) for part in parts)
        case Or(parts):
            return all(names_some(part, references) for part in parts)
    return False


def by_line_item(where: Predicate | None) -> Predicate | None:
    """`where` about results, whose class is their line item's where they name none."""
    match where:
        case Compare("class_id", _, _) | AnyOf("class_id", _) | IsNull("class_id"):
            return Open(OfClass(where))
        case Not(part):
            return negation(by_line_item(part))
        case And(parts):
            return conjunction(*map(by_line_item, parts))
        case Or(parts):
            return alternatives(map(by_line_item, parts))
    return where
