"""Lists over many sources: one window per source under one deadline, answers and failures side by side.

A list is ordered by source key, then sourcedId. Its first page asks every source in scope, so that one that is missing
is known from the start; later pages ask only the sources that the walk has not passed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, cast

from adapters.endpoints import Collection
from adapters.errors import SourceError
from adapters.predicate import And, AnyOf, Not, Open, Or, Predicate, Some
from adapters.records import Record
from gateway.faults import ErrorCode, SourceState
from gateway.identity import Cursor
from gateway.roster.deadline import Deadline
from gateway.roster.outcomes import SourceOutcome
from gateway.roster.sources import Answer, Source
from gateway.roster.terms import USUAL, Terms
from gateway.roster.whole import Position, Short, Slice, Standing, cut, listed, partial

_NAMED = 20
"""Missing sources that a cursor names: one is enough for the rest of the walk not to be complete."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list. missing: sources that this page or an earlier one of the walk had to do without.

    starts: how many records of its source's list come before each record; it goes into cursors.
    """

    records: tuple[Record, ...]
    starts: tuple[int, ...]
    has_next: bool
    has_previous: bool
    outcomes: tuple[SourceOutcome, ...]
    missing: tuple[str, ...]
    totals: dict[str, int | None] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        return not self.missing

    @property
    def as_of(self) -> float | None:
        """When the oldest of what is shown was read."""
        return min((o.as_of for o in self.outcomes if o.as_of is not None), default=None)

    def cursor(self, index: int) -> Cursor:
        record = self.records[index]
        return Cursor(record.source, record.sourced_id, self.starts[index] + 1, self.missing[:_NAMED])


def in_line(sources: Sequence[Source], collection: Collection, after: Cursor | None, first: int) -> Iterator[Source]:
    """The sources whose records the page is likely to show: up to the first that may fill it."""
    for source in sources:
        if after is not None and source.key < after.source:
            continue
        yield source
        size = source.tables[collection].size if collection in source.tables else 0
        if size is None or size >= first:
            return
        first -= size


async def read_page(
    sources: Sequence[Source],
    collection: Collection,
    where: Predicate | None,
    after: Cursor | None,
    first: int,
    deadline: Deadline,
    terms: Terms = USUAL,
) -> Page:
    """The `first` records after a cursor, over `sources` in the order of their keys."""
    ahead = [s for s in sources if after is None or s.key >= after.source]

    async def window(source: Source) -> Answer[Slice] | SourceError:
        here = after is not None and after.source == source.key
        position = Position(after.sourced_id, after.offset) if after is not None and here else None
        try:
            own = await source.resolved(where, deadline, terms)
            answer = await source.ask(
                collection, lambda r: r.window(collection, own.found, position, first + 1, terms.since), deadline, terms
            )
        except SourceError as error:
            return error
        return answer if own.standing is None else Answer(answer.found, answer.standing or own.standing)

    found = await asyncio.gather(*map(window, ahead))
    slices = [f.found for f in found if isinstance(f, Answer)]
    short = {f.source for f in found if isinstance(f, SourceError)}
    rows = [(record, part.start + i) for part in slices for i, record in enumerate(part.records)]
    shown = rows[:first]
    outcomes = []
    for source, part in zip(ahead, found, strict=True):
        if isinstance(part, SourceError):
            outcomes.append(SourceOutcome.failed(part))
            continue
        count = sum(1 for record, _ in shown if record.source == source.key)
        outcomes.append(_outcome(source.key, part.found, part.standing, count))
        if part.found.rejected or part.found.unproved is not None:
            short.add(source.key)
    return Page(
        records=tuple(record for record, _ in shown),
        starts=tuple(start for _, start in shown),
        has_next=len(rows) > first or any(not part.ended for part in slices),
        has_previous=after is not None,
        outcomes=tuple(outcomes),
        missing=tuple(sorted(short.union(after.missing if after is not None else ()))),
        totals={s.key: p.found.total if isinstance(p, Answer) else None for s, p in zip(ahead, found, strict=True)},
    )


def page_of(source: str, rows: tuple[Record, ...], after: Cursor | None, first: int, standing: Standing | None) -> Page:
    """A page of records already read: the children of one parent."""
    kept = listed(rows, rows.unproved if isinstance(rows, Short) else None)
    part = cut(kept, after.sourced_id if after else None, first)
    return Page(
        records=tuple(part.records),
        starts=tuple(range(part.start, part.start + len(part.records))),
        has_next=not part.ended,
        has_previous=after is not None,
        outcomes=(_outcome(source, part, standing, len(part.records)),),
        missing=(source,) if part.unproved is not None else (),
        totals={source: part.total},
    )


async def total(
    sources: Sequence[Source],
    collection: Collection,
    where: Predicate | None,
    page: Page,
    deadline: Deadline,
    terms: Terms = USUAL,
) -> int | None:
    """How many records the whole list has; None when a source in scope did not tell."""

    async def count(source: Source) -> int | None:
        known = page.totals.get(source.key)
        if known is not None:
            return known
        try:
            own = await source.resolved(where, deadline, terms)
            answer = await source.ask(
                collection, lambda r: r.count(collection, own.found, terms.since), deadline, terms
            )
        except SourceError:
            return None
        return answer.found

    if page.missing:
        return None
    counts = await asyncio.gather(*map(count, sources))
    known = [c for c in counts if c is not None]
    return sum(known) if len(known) == len(counts) else None


def _outcome(source: str, part: Slice, standing: Standing | None, rows: int) -> SourceOutcome:
    if part.unproved is not None:
        standing = partial(part.unproved)
    if standing is not None:
        return SourceOutcome(
            source,
            standing.state,
            code=standing.code,
            message=f"{source}: {standing.message}",
            as_of=part.read_at,
            rows=rows,
            rejected=part.rejected,
        )
    if part.rejected:
        return SourceOutcome(
            source,
            SourceState.PARTIAL,
            code=ErrorCode.INCOMPLETE,
            message=f"{source}: {part.rejected} of the records sent could not be read and are left out",
            as_of=part.read_at,
            rows=rows,
            rejected=part.rejected,
        )
    return SourceOutcome(source, SourceState.FRESH, as_of=part.read_at, rows=rows)


def describe(where: Predicate | None) -> str:
    """A predicate as text that is the same in every process: what a cursor is bound to."""
    match where:
        case None:
            return ""
        case And(parts) | Or(parts):
            word = " and " if isinstance(where, And) else " or "
            return "(" + word.join(describe(p) for p in parts) + ")"
        case Not(part):
            return f"not {describe(part)}"
        case AnyOf(name, values):
            return f"{name} in {sorted(values)!r}"
        case Some(name, part, op, number):
            return f"{name} where {describe(part)} {op.value} {number}"
        case Open(condition):
            said = (getattr(condition, f.name) for f in fields(cast("Any", condition)))
            return f"{type(condition).__name__} " + ",".join(
                describe(s) if isinstance(s, Predicate) else repr(s) for s in said
            )
        case _:
            return repr(where)
