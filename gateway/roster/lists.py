"""Lists over many sources: a part from each under one deadline, answers and failures side by side.

Where a list is by source alone, sources are asked in their order and no further than the page needs; where it is by
fields, or is counted, all are. What is held whole is read without waiting, if nothing else is needed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import TypeAlias, TypeVar

import msgspec

from adapters.endpoints import Collection
from adapters.errors import SourceError
from adapters.predicate import Predicate
from adapters.records import Record
from gateway.roster import merging
from gateway.roster.deadline import Deadline
from gateway.roster.merging import Page, Part, Wanted
from gateway.roster.source import Answer, Source
from gateway.roster.terms import USUAL, Terms
from gateway.roster.together import together
from gateway.roster.whole import Position, Slice, Standing

T = TypeVar("T")

Older: TypeAlias = Callable[[str, Standing | None], None]

_PATIENCE = 0.25
"""Share of the time left for which sources are waited for before those behind them are asked too."""


def in_line(sources: Sequence[Source], collection: Collection, wanted: Wanted) -> Iterator[Source]:
    """The sources whose records the page is likely to show: up to the first that may fill it."""
    left = wanted.size
    for source in _ahead(sources, wanted):
        yield source
        size = source.tables[collection].size if collection in source.tables else 0
        if size is None or size > left or not source.counts(collection):  # which are asked is not to tell its size
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


def _first(sources: Sequence[Source], collection: Collection, wanted: Wanted, waiting: int) -> int:
    """How many of the sources that are to be asked are asked at first."""
    if waiting < 2 or wanted.order or wanted.everywhere or wanted.whole or wanted.size == 0:
        return waiting
    return sum(1 for _ in in_line(sources, collection, wanted))


def page_in_hand(sources: Sequence[Source], collection: Collection, wanted: Wanted, terms: Terms) -> Page | None:
    """As `read_page`, if all that the page needs is held, current, and was looked for before; else None."""
    if not wanted.by_source or terms.pins is not None:
        return None
    waiting = _ahead(sources, wanted)
    wave, where, size, rows = _first(sources, collection, wanted, len(waiting)), wanted.where, wanted.size, 0
    parts: dict[Source, Part] = {}
    while waiting and rows <= size:
        for source in waiting[:wave]:
            found = source.window_in_hand(collection, where, _position(source, wanted), size + 1, terms)
            if found is None:
                return None
            parts[source] = Answer(found)
            rows += len(found.records) + (not found.ended)
        waiting, wave = waiting[wave:], 2 * len(parts)
    return _page(parts, collection, wanted)


async def read_page(
    sources: Sequence[Source], collection: Collection, wanted: Wanted, deadline: Deadline, terms: Terms = USUAL
) -> Page:
    """A page over `sources`, which come in the order of their keys."""

    async def part(source: Source) -> Part:
        try:
            own = await source.resolved(collection, wanted.where, deadline, terms, wanted.order)
            answer = await _part(source, collection, msgspec.structs.replace(wanted, where=own.found), deadline, terms)
        except SourceError as error:
            return error
        return answer if own.standing is None else Answer(answer.found, answer.standing or own.standing)

    waiting = _ahead(sources, wanted)
    wave = _first(sources, collection, wanted, len(waiting))
    asked: dict[Source, asyncio.Task[Part]] = {}
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
    return _page(found, collection, wanted)


def _page(found: dict[Source, Part], collection: Collection, wanted: Wanted) -> Page:
    in_order = sorted(found, key=_key) if len(found) > 1 else found
    unknown = {source.key: source.unknown_status(collection) for source in in_order}
    return merging.merged({source.key: found[source] for source in in_order}, wanted, unknown)


def _rows(parts: Iterable[asyncio.Task[Part]]) -> int:
    """How many records have come, or are told of."""
    came = (part.result() for part in parts if part.done())
    return sum(len(part.found.records) + (not part.found.ended) for part in came if isinstance(part, Answer))


def _position(source: Source, wanted: Wanted) -> Position | None:
    """Where the page goes on in the list of a source."""
    at = wanted.cursor
    return Position(at.sourced_id, at.offset) if at is not None and at.source == source.key else None


async def _part(
    source: Source, collection: Collection, wanted: Wanted, deadline: Deadline, terms: Terms
) -> Answer[Slice]:
    """What one source has for the page, and one record more where it has more."""
    where, since = wanted.where, terms.since
    if wanted.by_source:
        position, size = _position(source, wanted), wanted.size + 1
        return await source.ask_lists(
            collection, lambda r: r.window(collection, where, position, size, since), deadline, terms
        )
    answer = await source.ask_lists(collection, lambda r: r.matching(collection, where, since), deadline, terms)
    rows = await source.in_order(collection, where, answer.found.records, wanted.order)
    return Answer(merging.cut(msgspec.structs.replace(answer.found, records=rows), wanted), answer.standing)


async def total(
    sources: Sequence[Source],
    collection: Collection,
    where: Predicate | None,
    page: Page,
    deadline: Deadline,
    older: Older,
    terms: Terms = USUAL,
) -> int | None:
    """How many records the whole list has; None when a source in scope did not tell.

    older: told of a source for which an older copy stood in for this.
    """

    async def count(source: Source) -> int | None:
        known = page.totals.get(source.key)
        if known is not None:
            return known
        own = await source.resolved(collection, where, deadline, terms)
        asked = source.ask_lists(collection, lambda r: r.count(collection, own.found, terms.since), deadline, terms)
        answer = await asked
        older(source.key, answer.standing or own.standing)
        return answer.found

    counts = await _of_each(sources, page, count)
    return sum(counts) if counts is not None else None


async def every(
    sources: Sequence[Source],
    collection: Collection,
    where: Predicate | None,
    page: Page,
    deadline: Deadline,
    older: Older,
    terms: Terms = USUAL,
) -> list[Sequence[Record]] | None:
    """The records of the whole list, by source; None when a source in scope did not tell all of them.

    older: as above.
    """

    async def rows(source: Source) -> Sequence[Record] | None:
        own = await source.resolved(collection, where, deadline, terms)
        asked = source.ask_lists(collection, lambda r: r.matching(collection, own.found, terms.since), deadline, terms)
        answer = await asked
        older(source.key, answer.standing or own.standing)
        found = answer.found
        return found.records if found.unproved is None and not found.lacks else None

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
    found = await together(*map(told, sources))
    known = [each for each in found if each is not None]
    return known if len(known) == len(found) else None


_key = attrgetter("key")
