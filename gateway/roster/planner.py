"""Which way to answer a need, as a function of what is known. Decides; does not ask.

OneRoster gives a data loader nothing for many ids: by the standard a filter carries two clauses. So the choice is
between single reads, filters as wide as the source takes, routes below a parent, and reading the whole collection.
The fewest requests win; among those that take nearly as few, the fastest; then the one that moves the fewest records.

A scan of a collection whose size nobody has told is tried only where that is worth the risk: not beside a few requests
that are certain to be enough and go out side by side, so that their answers are there after one latency.
"""

from __future__ import annotations

from collections.abc import Sequence

from adapters import lowering
from adapters.dialect import Dialect
from gateway.roster.costs import NEAR, Cost, Costs
from gateway.roster.needs import ByIds, ChildrenOf, Held, Known, Need, Plan, Scan, Window, named_ids

HELD = Plan(Held(), "everything needed is held", 0, 0.0, 0, 0)

HANDFUL = 8
"""Requests for a few records of a collection of unknown size, all in all, before reading it whole is tried."""


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
    foreseen = isinstance(need, ByIds | ChildrenOf) and need.foreseen
    best = choose(found, known, foreseen=foreseen)
    why = _why(best, found, known)
    return Plan(best.path, why, best.requests, best.seconds(known), best.rows, best.certain, best.assumed)


def choose(found: Sequence[Cost], known: Known, *, foreseen: bool = False) -> Cost:
    """foreseen: what is needed is not known yet, so that reading whole alone can begin."""
    left = known.requests_left
    fitting = [c for c in found if left is None or c.requests <= left]
    if not fitting:
        return min(found, key=lambda c: (c.requests, c.seconds(known), c.rows))
    if not foreseen:
        fitting = [c for c in fitting if not _risky(c, fitting, known)]
    fewest = min(c.requests for c in fitting)
    near = [c for c in fitting if c.requests <= NEAR * fewest]
    return min(near, key=lambda c: (c.seconds(known), c.requests, c.rows))


def _risky(scan: Cost, others: Sequence[Cost], known: Known) -> bool:
    """Whether it reads a collection of unknown size where a handful is certain to be enough and takes no longer.

    That is no more requests than the scan would take, were the guess far too low: its first page would then have been
    asked for in vain, and waited for. As handfuls add up, the scan is tried after all, and tells the size.
    """
    if not isinstance(scan.path, Scan) or known.size is not None or scan.at_worst == scan.requests:
        return False
    most = min(scan.at_worst, HANDFUL - known.spent)
    return any(not c.assumed and c.rounds == 1 and c.requests <= most for c in others if c is not scan)


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
    elif best.requests > NEAR * others[0].requests:
        reason = "certain, and answered at once"
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
