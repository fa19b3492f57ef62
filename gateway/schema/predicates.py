"""The sources that a predicate leaves: those of the records it names by global id."""

from adapters.dialect import Op
from adapters.predicate import And, AnyOf, Compare, Or, Predicate


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
