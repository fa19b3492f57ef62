"""Which way to answer a need, as a function of what is known. Decides; does not ask.

OneRoster gives a data loader nothing for many ids: by the standard a filter carries two clauses. So the choice is
between single reads, filters as wide as the source takes, routes below a parent, and reading the whole collection.
The fewest requests win; among those that take nearly as few, the fastest; then the one that moves the fewest records.
"""

from __future__ import annotations

from collections.abc import Sequence

from adapters import lowering
from adapters.dialect import Dialect
from gateway.roster.costs import NEAR, Cost, Costs
from gateway.roster.needs import ByIds, ChildrenOf, Held, Known, Need, Plan, Window, named_ids

HELD = Plan(Held(), "everything needed is held", 0, 0.0, 0)


def plan(need: Need, known: Known, dialect: Dialect, url_overhead: int) -> Plan:
    """The way to take. One that exceeds the requests left today is taken only if every way does.

    url_overhead: bytes of a request's URL but for the text of its filter.

    Raises:
        Unsupported: the dialect has no such collection.
    """
    lowering.route(dialect, need.collection.value)
    if isinstance(need, Window) and (ids := named_ids(need.where)) is not None:
        need = ByIds(need.collection, tuple(sorted(ids)))
    if known.held or _keys(need) == ():
        return HELD
    found = list(Costs(known, dialect, url_overhead).ways(need))
    best = choose(found, known)
    return Plan(best.path, _why(best, found, known), best.requests, best.seconds(known), best.rows, best.assumed)


def choose(found: Sequence[Cost], known: Known) -> Cost:
    left = known.requests_left
    fitting = [c for c in found if left is None or c.requests <= left]
    if not fitting:
        return min(found, key=lambda c: (c.requests, c.seconds(known), c.rows))
    fewest = min(c.requests for c in fitting)
    near = [c for c in fitting if c.requests <= NEAR * fewest]
    return min(near, key=lambda c: (c.seconds(known), c.requests, c.rows))


def _keys(need: Need) -> tuple[str, ...] | None:
    match need:
        case ByIds(_, ids):
            return ids
        case ChildrenOf(_, _, parents):
            return parents
    return None


def _why(best: Cost, found: Sequence[Cost], known: Known) -> str:
    others = sorted((c for c in found if c is not best), key=lambda c: c.requests)
    if not others:
        reason = "the only way"
    elif best.requests < others[0].requests:
        reason = "the fewest requests"
    elif best.requests == others[0].requests:
        reason = "as few requests as any, and faster"
    else:
        reason = "hardly more requests, and faster"
    said = f"{reason}: " + ", ".join(f"{c.path.label} {c.requests}" for c in (best, *others))
    if best.assumed:
        said += "; rests on a guess"
    if known.requests_left is not None and best.requests > known.requests_left:
        said += f"; only {known.requests_left} may still be sent today"
    return said
