"""Lists over many sources: a part from each under one deadline, answers and failures side by side.

A list is ordered by fields, if it is asked so, then by source key and sourcedId. Where it is by source alone, sources
are asked in their order and no further than the page needs; where it is by fields, or is counted, all are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import islice
from typing import Any, TypeVar, cast

from adapters.endpoints import Collection
from adapters.errors import SourceError
from adapters.predicate import And, AnyOf, Not, Open, Or, Predicate, Some
from adapters.records import Record
from gateway.faults import ErrorCode, SourceState
from gateway.identity import Cursor
from gateway.roster import ordering
from gateway.roster.deadline import Deadline
from gateway.roster.ordering import Order, Spot
from gateway.roster.outcomes import SourceOutcome
from gateway.roster.source import Answer, Source
from gateway.roster.terms import USUAL, Terms
from gateway.roster.whole import Position, Short, Slice, Standing, listed, partial

T = TypeVar("T")

_NAMED = 20
"""Missing sources that a cursor names: one is enough for the rest of the walk not to be complete."""

_PATIENCE = 0.25
"""Share of the time left for which sources are waited for before those behind them are asked too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
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


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list. missing: sources that this page or an earlier one of the walk had to do without.

    starts: how many records of its source's list come before each record, where the list is by source; for cursors.
    """

    records: tuple[Record, ...]
    starts: tuple[int | None, ...]
    has_next: bool
    has_previous: bool
    outcomes: tuple[SourceOutcome, ...]
    missing: tuple[str, ...]
    totals: dict[str, int | None] = field(default_factory=dict)
    order: Order = ()

    @property
    def complete(self) -> bool:
        return not self.missing

    @property
    def as_of(self) -> float | None:
        """When the oldest of what is shown was read."""
        return min((o.as_of for o in self.outcomes if o.as_of is not None), default=None)

    def cursor(self, index: int) -> Cursor:
        record, start = self.records[index], self.starts[index]
        return Cursor(
            record.source,
            record.sourced_id,
            None if start is None else start + 1,
            self.missing[:_NAMED],
            ordering.values_of(record, self.order),
        )


def in_line(sources: Sequence[Source], collection: Collection, wanted: Wanted) -> Iterator[Source]:
    """The sources whose records the page is likely to show: up to the first that may fill it."""
    left = wanted.size
    for source in _ahead(sources, wanted):
        yield source
        size = source.tables[collection].size if collection in source.tables else 0
        if size is None or size > left:
            return
        left -= size


def _ahead(sources: Sequence[Source], wanted: Wanted) -> list[Source]:
    """The sources that can have records of the page, in the order in which the walk comes to them."""
    at = wanted.cursor
    if wanted.order or at is None:
        found = list(sources)
    elif wanted.backwards:
        found = [s for s in sources if s.key <= at.source]
    else:
        found = [s for s in sources if s.key >= at.source]
    return found[::-1] if wanted.backwards else found


async def read_page(
    sources: Sequence[Source], collection: Collection, wanted: Wanted, deadline: Deadline, terms: Terms = USUAL
) -> Page:
    """A page over `sources`, which come in the order of their keys."""

    async def part(source: Source) -> Answer[Slice] | SourceError:
        try:
            own = await source.resolved(wanted.where, deadline, terms)
            answer = await _part(source, collection, replace(wanted, where=own.found), deadline, terms)
        except SourceError as error:
            return error
        return answer if own.standing is None else Answer(answer.found, answer.standing or own.standing)

    waiting = _ahead(sources, wanted)
    wave = len(waiting)
    if not (wanted.order or wanted.everywhere or wanted.whole or wanted.size == 0):
        wave = len(list(in_line(sources, collection, wanted)))
    asked: dict[Source, asyncio.Task[Answer[Slice] | SourceError]] = {}
    try:
        while waiting and _rows(asked.values()) <= wanted.size:
            asked |= {source: asyncio.create_task(part(source)) for source in waiting[:wave]}
            waiting = waiting[wave:]
            await asyncio.wait(asked.values(), timeout=_PATIENCE * deadline.left if waiting else None)
            wave = 2 * len(asked)
        found = {source: await task for source, task in asked.items()}
    finally:
        for task in asked.values():
            task.cancel()
    return _page(
        found, wanted, {s.key: unknown for s in found if (unknown := s.unknown_status(collection)) is not None}
    )


def _rows(parts: Iterable[asyncio.Task[Answer[Slice] | SourceError]]) -> int:
    """How many records have come."""
    came = (part.result() for part in parts if part.done())
    return sum(len(part.found.records) for part in came if isinstance(part, Answer))


async def _part(
    source: Source, collection: Collection, wanted: Wanted, deadline: Deadline, terms: Terms
) -> Answer[Slice]:
    """What one source has for the page, and one record more where it has more."""
    where, size, since = wanted.where, wanted.size + 1, terms.since
    if not (wanted.order or wanted.backwards or wanted.whole):
        at = wanted.cursor
        here = at is not None and at.source == source.key
        position = Position(at.sourced_id, at.offset) if at is not None and here else None
        return await source.ask_lists(
            collection, lambda r: r.window(collection, where, position, size, since), deadline, terms
        )
    answer = await source.ask_lists(collection, lambda r: r.matching(collection, where, since), deadline, terms)
    rows = await source.in_order(collection, where, answer.found.records, wanted.order)
    return Answer(_cut(replace(answer.found, records=rows), wanted), answer.standing)


def _cut(whole: Slice, wanted: Wanted) -> Slice:
    """The part of a whole list, in its order, that the page may show, and one record more."""
    rows, spot, most = whole.records, wanted.spot, wanted.size + 1
    if wanted.backwards:
        end = ordering.before(rows, wanted.order, spot) if spot is not None else len(rows)
        start = max(0, end - most)
    else:
        start = ordering.after(rows, wanted.order, spot) if spot is not None else 0
        end = start + most
    return replace(
        whole, records=rows[start:end], start=start, ended=start == 0 if wanted.backwards else end >= len(rows)
    )


def _page(found: dict[Source, Answer[Slice] | SourceError], wanted: Wanted, unknown: Mapping[str, int]) -> Page:
    parts = {s.key: p for s, p in sorted(found.items(), key=lambda item: item[0].key)}
    slices = {key: p.found for key, p in parts.items() if isinstance(p, Answer)}
    merged = ordering.merge((s.records for s in slices.values()), wanted.order)
    more = any(not s.ended for s in slices.values())
    if wanted.backwards:
        rows = list(merged)
        shown = rows[-wanted.size :] if wanted.size else []
        more = more or len(rows) > wanted.size
    else:
        rows = list(islice(merged, wanted.size + 1))
        shown = rows[: wanted.size]
        more = more or len(rows) > wanted.size
    walked = wanted.cursor is not None
    short = {key for key, p in parts.items() if isinstance(p, SourceError)}
    short |= {key for key, s in slices.items() if s.rejected or s.unproved is not None}
    return Page(
        records=tuple(shown),
        starts=tuple(_starts(shown, slices, wanted)),
        has_next=walked if wanted.backwards else more,
        has_previous=more if wanted.backwards else walked,
        outcomes=tuple(replace(_outcome(key, part, shown), unknown=unknown.get(key)) for key, part in parts.items()),
        missing=tuple(sorted(short.union(wanted.cursor.missing if wanted.cursor is not None else ()))),
        totals={key: slices[key].total if key in slices else None for key in parts},
        order=wanted.order,
    )


def _starts(shown: Sequence[Record], slices: dict[str, Slice], wanted: Wanted) -> Iterator[int | None]:
    seen: dict[str, int] = {}
    for record in shown:
        part = slices[record.source]
        if wanted.order or wanted.backwards:
            yield None
            continue
        yield part.start + seen.setdefault(record.source, 0)
        seen[record.source] += 1


def page_of(source: str, rows: tuple[Record, ...], wanted: Wanted, standing: Standing | None) -> Page:
    """A page of records already read: the children of one parent, of one source."""
    kept = listed(rows, rows.unproved if isinstance(rows, Short) else None)
    kept = replace(kept, records=ordering.sort(kept.records, wanted.order))
    part = _cut(kept, wanted)
    more = not part.ended
    if len(part.records) > wanted.size:
        more = True
        records = part.records[1:] if wanted.backwards else part.records[:-1]
        part = replace(part, records=records, start=part.start + wanted.backwards)
    walked = wanted.cursor is not None
    return Page(
        records=tuple(part.records),
        starts=(None,) * len(part.records),
        has_next=walked if wanted.backwards else more,
        has_previous=more if wanted.backwards else walked,
        outcomes=(_outcome(source, Answer(part, standing), part.records),),
        missing=(source,) if part.unproved is not None else (),
        totals={source: part.total},
        order=wanted.order,
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
        own = await source.resolved(where, deadline, terms)
        asked = source.ask_lists(collection, lambda r: r.count(collection, own.found, terms.since), deadline, terms)
        return (await asked).found

    counts = await _of_each(sources, page, count)
    return sum(counts) if counts is not None else None


async def every(
    sources: Sequence[Source],
    collection: Collection,
    where: Predicate | None,
    page: Page,
    deadline: Deadline,
    terms: Terms = USUAL,
) -> list[Sequence[Record]] | None:
    """The records of the whole list, by source; None when a source in scope did not tell all of them."""

    async def rows(source: Source) -> Sequence[Record] | None:
        own = await source.resolved(where, deadline, terms)
        asked = source.ask_lists(collection, lambda r: r.matching(collection, own.found, terms.since), deadline, terms)
        found = (await asked).found
        return found.records if found.unproved is None and not found.rejected else None

    return await _of_each(sources, page, rows)


async def _of_each(
    sources: Sequence[Source], page: Page, tell: Callable[[Source], Awaitable[T | None]]
) -> list[T] | None:
    """What each source tells of the whole list; None where one does not, or is missing from the walk."""

    async def told(source: Source) -> T | None:
        try:
            return await tell(source)
        except SourceError:
            return None

    if page.missing:
        return None
    found = await asyncio.gather(*map(told, sources))
    known = [each for each in found if each is not None]
    return known if len(known) == len(found) else None


def _outcome(source: str, part: Answer[Slice] | SourceError, shown: Sequence[Record]) -> SourceOutcome:
    if isinstance(part, SourceError):
        return SourceOutcome.failed(part)
    found, standing = part.found, part.standing
    rows = sum(1 for record in shown if record.source == source)
    if found.unproved is not None:
        standing = partial(found.unproved)
    if standing is not None:
        return SourceOutcome(
            source,
            standing.state,
            code=standing.code,
            message=f"{source}: {standing.message}",
            as_of=found.read_at,
            rows=rows,
            rejected=found.rejected,
        )
    if found.rejected:
        return SourceOutcome(
            source,
            SourceState.PARTIAL,
            code=ErrorCode.INCOMPLETE,
            message=f"{source}: {found.rejected} of the records sent could not be read and are left out",
            as_of=found.read_at,
            rows=rows,
            rejected=found.rejected,
        )
    return SourceOutcome(source, SourceState.FRESH, as_of=found.read_at, rows=rows)


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
