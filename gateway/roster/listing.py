"""Lists, as the schema asks for them and sees them. As `gateway.roster.reading`, of which it is made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

import msgspec
from graphql import GraphQLError

from adapters.endpoints import COLLECTIONS, Collection
from adapters.predicate import Predicate
from adapters.records import Record, RecordType
from gateway.faults import BadInput, ErrorCode, SourceState, extensions
from gateway.identity import Cursor, NotACursor
from gateway.roster import explain, grouping, lists
from gateway.roster.foresight import FEWEST_PARENTS, Ahead
from gateway.roster.grouping import Group, GroupBy
from gateway.roster.merging import Page, Wanted, page_of
from gateway.roster.ordering import Order
from gateway.roster.outcomes import LONGEST_LIST, Fault, FindPlace, SourceOutcome
from gateway.roster.pins import Pins
from gateway.roster.reading import Reading
from gateway.roster.source import Source
from gateway.roster.terms import BY_DEFAULT, OnSourceFailure, ReadOptions, Terms
from gateway.roster.walks import Walk
from gateway.roster.whole import Short, Standing, beside


class Extent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Which records of a list are wanted: so many from its start, or `backwards` from its end.

    cursor: a cursor of this list, in place of its start or its end.
    """

    size: int
    cursor: str | None = None
    backwards: bool = False


@dataclass(slots=True, kw_only=True, eq=False)
class ListQuery:
    """A list over sources, by key or global id; None: all. `where`: which records. Not to be changed.

    read: which of the sources, and how. ahead: the relations that the operation follows from the records.
    everywhere: it is counted, so every source has to be asked. whole: it is grouped, so for the whole list.
    pinned: its version is wanted, to follow it over all pages.
    """

    kind: RecordType
    sources: Sequence[str] | None
    where: Predicate | None
    order: Order = ()
    read: ReadOptions = BY_DEFAULT
    ahead: tuple[Ahead, ...] = ()
    everywhere: bool = False
    whole: bool = False
    pinned: bool = False
    _walk: tuple[Sequence[Source], Walk] | None = field(default=None, init=False)

    def walk(self, chosen: Sequence[Source]) -> Walk:
        """What its cursors are bound to, over these sources; kept for who asks the same again."""
        if self._walk is None or self._walk[0] is not chosen:
            self._walk = chosen, Walk(self.kind, ",".join([s.key for s in chosen]), self.where, self.order)
        return self._walk[1]


_FRESH = SourceState.FRESH


class List:
    """A page with its cursors, its total and its groups, each made only when asked for.

    reading: what is to be read on with, below its records. rows: the whole list, which is at hand.
    """

    __slots__ = ("_rows", "_walk", "page", "reading")

    def __init__(self, page: Page, walk: Walk, reading: Reading, rows: tuple[Record, ...] = ()) -> None:
        self.page = page
        self.reading = reading
        self._walk = walk
        self._rows = rows

    @property
    def snapshot(self) -> str | None:
        """The version that the page was read from, for the next one; None where the list does not keep to one."""
        return None

    def cursor(self, index: int) -> str:
        return self.reading.codec.encode(self.page.cursor(index), str(self._walk))

    async def total(self) -> int | None:
        """How many records the whole list has; None when not every source in scope told."""
        return next(iter(self.page.totals.values()))

    async def groups(self, by: Sequence[GroupBy]) -> list[Group] | None:
        """How many records of the whole list share which values; None when not every source in scope told.

        Raises:
            BadInput: by nothing, or there are too many.
        """
        if not by:
            raise BadInput("groups: by at least one key")
        parts = await self._every()
        if parts is None:
            return None
        keys, told = list(dict.fromkeys(by)), self.reading.grant.few
        found = await beside(sum(map(len, parts)), lambda: grouping.grouped(parts, keys, told))
        if len(found) > LONGEST_LIST:
            raise BadInput(f"groups: {len(found)} is more than {LONGEST_LIST}: narrow the list", ErrorCode.TOO_LONG)
        return found

    async def _every(self) -> Sequence[Sequence[Record]] | None:
        """The records of the whole list, in parts; None where not all of them could be read."""
        return None if isinstance(self._rows, Short) else [self._rows]


class OverSources(List):
    """One over sources, of which no more than the page was read. terms: on which; they may pin a version."""

    __slots__ = ("_kind", "_sources", "_terms", "_where")

    def __init__(
        self,
        page: Page,
        walk: Walk,
        reading: Reading,
        *,
        kind: RecordType,
        where: Predicate | None,
        sources: Sequence[Source],
        terms: Terms,
    ) -> None:
        self.page = page
        self.reading = reading
        self._walk = walk
        self._rows = ()
        self._kind = kind
        self._where = where
        self._sources = sources
        self._terms = terms

    @property
    def snapshot(self) -> str | None:
        versions = self._terms.pins.versions if self._terms.pins is not None else None
        return self.reading.codec.encode_versions(versions, str(self._walk)) if versions is not None else None

    async def total(self) -> int | None:
        return await lists.total(
            self._sources,
            COLLECTIONS[self._kind],
            self._where,
            self.page,
            self.reading.deadline,
            self._older,
            self._terms,
        )

    def _older(self, source: str, standing: Standing | None) -> None:
        if standing is not None:
            self.reading.outcomes.saw(self._kind, SourceOutcome(source, standing.state, standing.code))

    async def _every(self) -> Sequence[Sequence[Record]] | None:
        return await lists.every(
            self._sources,
            COLLECTIONS[self._kind],
            self._where,
            self.page,
            self.reading.deadline,
            self._older,
            self._terms,
        )


class SourceFailed(GraphQLError):
    """A source is missing from a list that was wanted whole or not at all."""

    def __init__(self, outcome: SourceOutcome) -> None:
        code = outcome.code or ErrorCode.INCOMPLETE
        super().__init__(
            outcome.message or outcome.source,
            extensions=extensions(code, source=outcome.source, retry_after=outcome.retry_after),
        )


Coming: TypeAlias = Callable[[], Awaitable[List]]
"""Reads a list. Nothing of it has begun, nor waits to be awaited, until it is called."""


def listed(reading: Reading, find: FindPlace, query: ListQuery, extent: Extent) -> List | Coming:
    """A page of a list over the sources that the query chooses; there at once where all that it needs is held.

    Raises:
        BadInput: an unknown source, label, district or provider, or a cursor of another list.
        SourceFailed: a source could not answer, and the query wants all or nothing.
    """
    chosen = reading.sources.chosen(query.sources, query.read, reading.grant)
    walk = query.walk(chosen)
    cursor = None if extent.cursor is None else _cursor(reading, extent, walk)
    pins = _pins(reading, query, walk) if query.pinned or query.read.snapshot is not None else None
    wanted = Wanted(
        where=query.where,
        size=extent.size,
        order=query.order,
        cursor=cursor,
        backwards=extent.backwards,
        everywhere=query.everywhere,
        whole=query.whole or pins is not None,
    )
    below = reading.on(query.read, chosen)
    terms = below.terms if pins is None else msgspec.structs.replace(below.terms, pins=pins)
    collection = COLLECTIONS[query.kind]
    if query.ahead and terms.asks and wanted.size >= FEWEST_PARENTS:
        for source in lists.in_line(chosen, collection, wanted):
            source.foresee(collection, query.ahead, query.where, wanted.size)
    asked = _Asked(find, query, chosen, walk, below, terms)
    held = None if explain.heard() else lists.page_in_hand(chosen, collection, wanted, terms)
    return partial(asked.read, collection, wanted) if held is None else asked.told(held)


async def come(found: List | Coming) -> List:
    """The list, read if it has to be."""
    return found if isinstance(found, List) else await found()


class _Asked(msgspec.Struct, frozen=True):
    """A list that is asked for at `find`, with all that is known before it is read. below: as `List.reading`."""

    find: FindPlace
    query: ListQuery
    sources: Sequence[Source]
    walk: Walk
    below: Reading
    terms: Terms

    async def read(self, collection: Collection, wanted: Wanted) -> List:
        return self.told(await lists.read_page(self.sources, collection, wanted, self.below.deadline, self.terms))

    def told(self, page: Page) -> List:
        """The page as a list; how its sources stood is told."""
        outcomes, query = self.below.outcomes, self.query
        for outcome in page.outcomes:
            outcomes.saw(query.kind, outcome)
            if outcome.state is _FRESH:
                continue
            mode, fault = query.read.on_source_failure, outcome.fault
            if mode is OnSourceFailure.FAIL and (fault is not None or outcome.state is SourceState.SKIPPED):
                raise SourceFailed(outcome)
            if mode is OnSourceFailure.REPORT and fault is not None:
                message = outcome.message or outcome.source
                outcomes.fault(self.find, Fault(outcome.source, fault, message, outcome.retry_after))
        return OverSources(
            page,
            self.walk,
            self.below,
            kind=query.kind,
            where=query.where,
            sources=self.sources,
            terms=self.terms,
        )


async def children_page(
    reading: Reading,
    find: FindPlace,
    kind: RecordType,
    field: str,
    parent: Record,
    where: Predicate | None,
    extent: Extent,
    order: Order = (),
) -> List | None:
    """A page of the records whose `field` names `parent`; None when the source could not answer."""
    walk = Walk.below(parent, kind, field, where, order)
    wanted = Wanted(
        where=where,
        size=extent.size,
        order=order,
        cursor=_cursor(reading, extent, walk),
        backwards=extent.backwards,
    )
    rows = await reading.brood(find, kind, field, parent, where, order)
    if rows is None:
        return None
    page = page_of(parent.source, rows, wanted, reading.standing(parent.source, kind))
    return List(page, walk, reading, rows)


def _cursor(reading: Reading, extent: Extent, walk: Walk) -> Cursor | None:
    if extent.cursor is None:
        return None
    try:
        return reading.codec.decode(extent.cursor, str(walk))
    except NotACursor:
        name, of = ("before", "startCursor") if extent.backwards else ("after", "endCursor")
        message = f"`{name}` is not a cursor of this list: pass its {of}, of the same field with the same arguments"
        raise BadInput(message, ErrorCode.BAD_CURSOR) from None


def _pins(reading: Reading, query: ListQuery, walk: Walk) -> Pins | None:
    """What keeps a list to one version: that of an earlier page, or, where it is wanted, the one of now."""
    text = query.read.snapshot
    if text is None:
        return Pins() if query.pinned else None
    try:
        follows = reading.codec.decode_versions(text, str(walk))
    except NotACursor:
        message = "`read.snapshot` is not of this list: pass the one of its first page, with the same arguments"
        raise BadInput(message, ErrorCode.BAD_CURSOR) from None
    for key, version in follows.sources.items():
        if (source := reading.sources.get(key, reading.grant)) is not None:
            source.keep_pinned(version.collections)
    return Pins(follows)
