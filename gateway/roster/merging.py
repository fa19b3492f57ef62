"""A page of a list, put together from what each of its sources has for it. Pure.

A list is ordered by fields, if it is asked so, then by source key and sourcedId.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from operator import attrgetter
from typing import TypeAlias

import msgspec

from adapters.errors import SourceError
from adapters.predicate import Predicate
from adapters.records import Record
from gateway.faults import ErrorCode, SourceState
from gateway.identity import Cursor
from gateway.roster import ordering
from gateway.roster.ordering import Order, Spot
from gateway.roster.outcomes import SourceOutcome
from gateway.roster.source import Answer
from gateway.roster.whole import Short, Slice, Standing, listed, partial

_NAMED = 20
"""Missing sources that a cursor names: one is enough for the rest of the walk not to be complete."""

Part: TypeAlias = Answer[Slice] | SourceError
"""What one source has for a page, or why it has nothing."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a list. size: records, at most. cursor: what it comes after, or `backwards` before.

    everywhere: every source in scope is to be asked, since the list is counted, or asked how it stands.
    whole: and for its whole list, since more is done with that.
    """

    where: Predicate | None
    size: int
    order: Order = ()
    cursor: Cursor | None = None
    backwards: bool = False
    everywhere: bool = False
    whole: bool = False

    @property
    def spot(self) -> Spot | None:
        at = self.cursor
        return Spot(at.values, at.source, at.sourced_id) if at is not None else None

    @property
    def by_source(self) -> bool:
        """Whether the page goes from one source to the next, each by sourcedId, from its start or a cursor on."""
        return not (self.order or self.backwards or self.whole)


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a list. missing: sources that this page or an earlier one of the walk had to do without.

    starts: how many records of its source's list come before the first that is shown, by source, for cursors; none
    where the list is not by source. totals: of each source's list, as far as they are known.
    """

    records: Sequence[Record]
    has_next: bool
    has_previous: bool
    outcomes: tuple[SourceOutcome, ...]
    missing: tuple[str, ...]
    starts: Mapping[str, int]
    totals: Mapping[str, int | None]
    order: Order = ()

    @property
    def complete(self) -> bool:
        return not self.missing

    @property
    def as_of(self) -> float | None:
        """When the oldest of what is shown was read."""
        return min((o.as_of for o in self.outcomes if o.as_of is not None), default=None)

    def cursor(self, index: int) -> Cursor:
        record = self.records[index]
        start = self.starts.get(record.source)
        if start is not None:
            start += index + 1 - bisect_left(self.records, record.source, key=_source)
        return Cursor(
            record.source,
            record.sourced_id,
            start,
            self.missing[:_NAMED],
            ordering.values_of(record, self.order),
        )


def merged(parts: Mapping[str, Part], wanted: Wanted, unknown: Mapping[str, int | None]) -> Page:
    """parts, unknown: by source, in the order of their keys; unknown as in a `SourceOutcome`."""
    lists: list[Sequence[Record]] = []
    starts: dict[str, int] = {}
    totals: dict[str, int | None] = {}
    short: set[str] = set(wanted.cursor.missing) if wanted.cursor is not None else set()
    others = False
    for key, part in parts.items():
        if isinstance(part, SourceError):
            short.add(key)
            totals[key] = None
            continue
        found = part.found
        lists.append(found.records)
        starts[key], totals[key] = found.start, found.total
        others = others or not found.ended
        if found.lacks or found.unproved is not None:
            short.add(key)
    rows, more = _rows(lists, wanted)
    more, walked, backwards = more or others, wanted.cursor is not None, wanted.backwards
    counts: Mapping[str, int] = dict.fromkeys(parts, len(rows)) if len(parts) == 1 else Counter(map(_source, rows))
    return Page(
        records=rows,
        has_next=walked if backwards else more,
        has_previous=more if backwards else walked,
        outcomes=tuple([_outcome(key, part, counts.get(key, 0), unknown.get(key)) for key, part in parts.items()]),
        missing=tuple(sorted(short)),
        starts={} if backwards or wanted.order else starts,
        totals=totals,
        order=wanted.order,
    )


def _rows(lists: Sequence[Sequence[Record]], wanted: Wanted) -> tuple[Sequence[Record], bool]:
    """The records that are shown, and whether there are others beside them."""
    size = wanted.size
    if len(lists) == 1:
        rows = lists[0]
    else:
        every = ordering.merge(lists, wanted.order)
        rows = tuple(every if wanted.backwards else islice(every, size + 1))
    if len(rows) <= size:
        return rows, False
    return (rows[len(rows) - size :] if wanted.backwards else rows[:size]), True


def cut(whole: Slice, wanted: Wanted) -> Slice:
    """The part of a whole list, in its order, that the page may show, and one record more."""
    rows, spot, most = whole.records, wanted.spot, wanted.size + 1
    if wanted.backwards:
        end = ordering.before(rows, wanted.order, spot) if spot is not None else len(rows)
        start = max(0, end - most)
    else:
        start = ordering.after(rows, wanted.order, spot) if spot is not None else 0
        end = start + most
    return msgspec.structs.replace(
        whole, records=rows[start:end], start=start, ended=start == 0 if wanted.backwards else end >= len(rows)
    )


def page_of(source: str, rows: tuple[Record, ...], wanted: Wanted, standing: Standing | None) -> Page:
    """A page of records already read: the children of one parent, of one source."""
    kept = listed(rows, rows.unproved if isinstance(rows, Short) else None)
    kept = msgspec.structs.replace(kept, records=ordering.sort(kept.records, wanted.order))
    part = cut(kept, wanted)
    more = not part.ended
    if len(part.records) > wanted.size:
        more = True
        records = part.records[1:] if wanted.backwards else part.records[:-1]
        part = msgspec.structs.replace(part, records=records, start=part.start + wanted.backwards)
    walked = wanted.cursor is not None
    return Page(
        records=tuple(part.records),
        has_next=walked if wanted.backwards else more,
        has_previous=more if wanted.backwards else walked,
        outcomes=(_outcome(source, Answer(part, standing), len(part.records), None),),
        missing=(source,) if part.unproved is not None else (),
        starts={},
        totals={source: part.total},
        order=wanted.order,
    )


def _outcome(source: str, part: Part, rows: int, unknown: int | None) -> SourceOutcome:
    if isinstance(part, SourceError):
        return msgspec.structs.replace(SourceOutcome.failed(part), unknown=unknown)
    found, standing = part.found, part.standing
    if found.unproved is not None:
        standing = partial(found.unproved)
    elif found.lacks:  # an older copy that stands in lacks what it lacked
        several = "some" if found.rejected is None else found.rejected
        message = f"{several} of the records sent could not be read and are left out"
        if standing is not None:
            message += f"; {standing.message}"
        standing = Standing(SourceState.PARTIAL, ErrorCode.INCOMPLETE, message)
    if standing is None:
        return SourceOutcome(source, _FRESH, as_of=found.read_at, rows=rows, unknown=unknown)
    return SourceOutcome(
        source,
        standing.state,
        code=standing.code,
        message=f"{source}: {standing.message}",
        as_of=found.read_at,
        rows=rows,
        rejected=found.rejected,
        unknown=unknown,
    )


_FRESH = SourceState.FRESH
_source = attrgetter("provenance.source")
