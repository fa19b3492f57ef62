"""What the rows of a client come to at each source.

They add up as far as no record is shown with more than one of them alone would show. Of rows with the same orgs, or
with no limit to any, the collections are added, and a class of fields where each collection with such fields has it
from a row of its own. Of rows with different orgs the orgs are added, and what all of them give is left. Where one row
masks, all is masked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from adapters.endpoints import Collection
from gateway.access.clients import Row
from gateway.access.field_class import FieldClass
from gateway.access.grant import ALL, Access, Grant, Line
from gateway.access.personal import FIELDS_IN
from gateway.access.scope import READS, Scope


@dataclass(frozen=True, slots=True)
class Granted:
    """A source as rows of grants choose it. former: keys that it had before."""

    key: str
    district: str | None
    labels: frozenset[str]
    former: frozenset[str] = frozenset()

    @property
    def keys(self) -> frozenset[str]:
        return self.former | {self.key}


def grant_of(name: str, rows: Sequence[Row], sources: Sequence[Granted], at: float) -> Grant:
    """What a client of these rows may do at a time."""
    lines, reads = [], {}
    known: dict[tuple[Row, ...], Access] = {}
    for source in sources:
        found = tuple(row for row in rows if row.covers(source.keys, source.district, source.labels, at))
        if not found:
            continue
        if (access := known.get(found)) is None:
            access = known[found] = joined([row.access for row in found])
        reads[source.key] = access
        lines.append(_line(source.key, found, access))
    besides = frozenset((scope, line.source) for line in lines for scope in line.scopes if scope not in READS)
    return Grant(reads, may=besides, name=name, lines=tuple(lines))


def joined(given: Sequence[Access]) -> Access:
    """What rows of one source give together; of one row, what it gives."""
    of_orgs: dict[frozenset[str] | None, list[Access]] = {}
    for access in [each for each in given if each.collections] or given:
        of_orgs.setdefault(access.orgs, []).append(access)
    parts = [_added(those) for those in of_orgs.values()]
    parts = [part for part in parts if not any(part is not other and _within(part, other) for other in parts)]
    made = Access(
        frozenset.intersection(*(part.collections for part in parts)),
        frozenset.intersection(*(part.classes for part in parts)),
        _orgs(parts),
        any(access.masked for access in given),
    )
    return ALL if made == ALL else made


def _added(given: Sequence[Access]) -> Access:
    """Of rows with the same orgs."""
    if len(given) == 1:
        return given[0]
    read = frozenset().union(*(access.collections for access in given))
    classes = frozenset().union(*(access.classes for access in given))
    return replace(
        given[0],
        collections=read,
        classes=frozenset(
            each for each in classes if all(_given(collection, each, given) for collection in FIELDS_IN[each] & read)
        ),
    )


def _given(collection: Collection, field_class: FieldClass, given: Sequence[Access]) -> bool:
    return any(collection in access.collections and field_class in access.classes for access in given)


def _within(part: Access, other: Access) -> bool:
    """Whether another gives all that this one does."""
    return (
        part.collections <= other.collections
        and part.classes <= other.classes
        and (other.orgs is None or (part.orgs is not None and part.orgs <= other.orgs))
    )


def _orgs(parts: Sequence[Access]) -> frozenset[str] | None:
    orgs: set[str] = set()
    for part in parts:
        if part.orgs is None:
            return None
        orgs |= part.orgs
    return frozenset(orgs)


def _line(source: str, rows: Sequence[Row], access: Access) -> Line:
    """As the client is shown it: the scopes that hold, until when all of it does, and what for."""
    scopes = {scope for row in rows for scope in row.scopes if READS.get(scope, frozenset()) <= access.collections}
    ends = [row.expires for row in rows if row.expires is not None]
    purposes = dict.fromkeys(row.purpose for row in rows if row.purpose)
    return Line(
        source,
        tuple(scope for scope in Scope if scope in scopes),
        min(ends, default=None),
        "; ".join(purposes),
    )
