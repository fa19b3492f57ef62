"""What one operation reads: the face that the schema sees. Lives as long as the operation."""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

from graphql import GraphQLError

from adapters.endpoints import ENTITIES, Collection
from adapters.errors import SourceError, Unsupported
from adapters.predicate import Predicate, Test, compile_test
from adapters.records import Record, RecordType, User
from gateway.access.grant import Grant
from gateway.faults import BadInput, ErrorCode, SourceState, Unproved, code_of, extensions
from gateway.identity import Cursor, CursorCodec, NotACursor
from gateway.roster import foresight, grouping, lists, meaning, operating, resolving
from gateway.roster.deadline import Deadline
from gateway.roster.explain import Explanation
from gateway.roster.followed import Broods
from gateway.roster.foresight import Ahead
from gateway.roster.grouping import ClassGroupKey, EnrollmentGroupKey, Group, GroupBy, GroupKey, UserGroupKey
from gateway.roster.lists import Page, Wanted, describe
from gateway.roster.loaders import Loaders
from gateway.roster.meaning import DateBasis, RoleGroup, display_name, role_group
from gateway.roster.open_conditions import TODAY, Alike, Dangling, Declared, Enrolled, InEffect, Named, OfClass, Within
from gateway.roster.operating import Complaint, HoldChoice, HoldName
from gateway.roster.ordering import By, Order
from gateway.roster.outcomes import FindPlace, Outcomes, Place, SourceOutcome
from gateway.roster.pins import Pins
from gateway.roster.source import HeldBack, Source
from gateway.roster.sources import Sources
from gateway.roster.terms import BY_DEFAULT, USUAL, OnSourceFailure, Reach, ReadOptions, Terms
from gateway.roster.whole import Short, Whole, alike, beside, partial

__all__ = [
    "BY_DEFAULT",
    "LONGEST_LIST",
    "TODAY",
    "Ahead",
    "Alike",
    "By",
    "ClassGroupKey",
    "Complaint",
    "Dangling",
    "DateBasis",
    "Declared",
    "Enrolled",
    "EnrollmentGroupKey",
    "Extent",
    "Group",
    "GroupBy",
    "GroupKey",
    "HeldBack",
    "HoldChoice",
    "HoldName",
    "InEffect",
    "List",
    "ListQuery",
    "Named",
    "OfClass",
    "OnSourceFailure",
    "Order",
    "Place",
    "Reach",
    "ReadOptions",
    "Reading",
    "RoleGroup",
    "Source",
    "SourceFailed",
    "SourceOutcome",
    "Sources",
    "UserGroupKey",
    "Within",
    "display_name",
    "role_group",
]

LONGEST_LIST = 5000
"""A relation's plain list is whole up to this many records, else null and TOO_LONG: it is never cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """Which records of a list are wanted: so many from its start, or `backwards` from its end.

    cursor: a cursor of this list, in place of its start or its end.
    """

    size: int
    cursor: str | None = None
    backwards: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """A list over sources, by key or global id; None: all. `where`: which records.

    read: which of the sources, and how. ahead: the relations that the operation follows from the records.
    everywhere: it is counted, so every source has to be asked. whole: it is grouped, so for the whole list.
    pinned: its version is wanted, to follow it over all pages.
    """

    kind: RecordType
    sources: Sequence[str] | None
    where: Predicate | None
    extent: Extent
    order: Order = ()
    read: ReadOptions = BY_DEFAULT
    ahead: tuple[Ahead, ...] = ()
    everywhere: bool = False
    whole: bool = False
    pinned: bool = False


class List:
    """A page with its cursors, its total and its groups, each made only when asked for.

    reading: what is to be read on with, below its records. every: the records of the whole list, in parts; None where
    not all of them could be read. pins: the version that it was read from, where it keeps to one.
    """

    def __init__(
        self,
        page: Page,
        walk: str,
        reading: Reading,
        every: Callable[[], Awaitable[Sequence[Sequence[Record]] | None]],
        count: Callable[[], Awaitable[int | None]] | None = None,
        pins: Pins | None = None,
    ) -> None:
        self.page = page
        self.reading = reading
        self._walk = walk
        self._every = every
        self._count = count
        self._pins = pins

    @property
    def snapshot(self) -> str | None:
        """The version that the page was read from, for the next one; None where the list does not keep to one."""
        versions = self._pins.versions if self._pins is not None else None
        return self.reading.codec.encode_versions(versions, self._walk) if versions is not None else None

    def cursor(self, index: int) -> str:
        return self.reading.codec.encode(self.page.cursor(index), self._walk)

    async def total(self) -> int | None:
        """How many records the whole list has; None when not every source in scope told."""
        if self._count is not None:
            return await self._count()
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


class SourceFailed(GraphQLError):
    """A source is missing from a list that was wanted whole or not at all."""

    def __init__(self, outcome: SourceOutcome) -> None:
        code = outcome.code or ErrorCode.INCOMPLETE
        super().__init__(
            outcome.message or outcome.source,
            extensions=extensions(code, source=outcome.source, retry_after=outcome.retry_after),
        )


class Reading:
    """Reads for one operation under one grant and one deadline, and collects what went wrong.

    explain: collects what each need took as well.
    """

    def __init__(
        self, sources: Sources, grant: Grant, codec: CursorCodec, seconds: float, *, explain: bool = False
    ) -> None:
        self.sources = sources
        self.grant = grant
        self.codec = codec
        self.terms = USUAL
        self.deadline = Deadline(seconds)
        self._began = time.time()
        self.outcomes = Outcomes()
        self.explanation = Explanation() if explain else None
        self._loaders = Loaders(self.deadline)
        self._in_hand: dict[tuple[RecordType, str], Whole] = {}
        self._tests: dict[tuple[str, Predicate | None], asyncio.Future[Test]] = {}
        self._others: dict[tuple[Terms, float | None], Reading] = {}

    def under_way(self) -> AbstractContextManager[None]:
        """The time of the operation: what is read within belongs to it."""
        return self.explanation.collecting() if self.explanation is not None else nullcontext()

    def executed(self, path: str) -> None:
        """The operation was executed so."""
        if self.explanation is not None:
            self.explanation.path = path

    # -------------------------------------------------------------- one record

    async def lookup(self, find: FindPlace, kind: RecordType, source: str, sourced_id: str) -> Record | None:
        """A record by source key and sourcedId, present or former; None when there is none, or no such source for this
        client.
        """
        try:
            found = await self.one(kind, source, sourced_id)
            return found if found is not None else await self._renamed(kind, source, sourced_id)
        except SourceError as error:
            self.failed(find, kind, error)
            return None

    async def follow(self, find: FindPlace, kind: RecordType, source: str, sourced_id: str | None) -> Record | None:
        """What a reference names. One that names nothing is data: null, and told once per field of the document."""
        if sourced_id is None:
            return None
        try:
            found = await self.one(kind, source, sourced_id)
        except SourceError as error:
            self.failed(find, kind, error)
            return None
        if found is None:
            self.dangling(find, source)
        return found

    async def follow_all(
        self, find: FindPlace, kind: RecordType, source: str, sourced_ids: Sequence[str]
    ) -> list[Record] | None:
        """What several references name, in their order; None when the source could not answer."""
        try:
            found = await asyncio.gather(*(self.one(kind, source, i) for i in sourced_ids))
        except SourceError as error:
            self.failed(find, kind, error)
            return None
        for record in found:
            if record is None:
                self.dangling(find, source)
        return [record for record in found if record is not None]

    async def one(self, kind: RecordType, source: str, sourced_id: str) -> Record | None:
        known = self.sources.get(source, self.grant)
        if known is None:
            return None
        record = await self._loaders.by_id(known, _COLLECTIONS[kind], sourced_id)
        self._answered(known, kind)
        return record

    # -------------------------------------------------------------- a level at once

    async def named(
        self, kind: RecordType, source: str, ids: Sequence[str]
    ) -> Mapping[str, Record | SourceError | None]:
        """The records of these ids; what failed is a value. Nothing is told of what there is not."""
        known = self.sources.get(source, self.grant)
        if known is None:
            return dict.fromkeys(ids)
        found = await self._loaders.records(known, _COLLECTIONS[kind], ids)
        if not all(isinstance(each, SourceError) for each in found.values()):
            self._answered(known, kind)
        return found

    async def children_of(
        self, kind: RecordType, field: str, source: str, parents: Sequence[str], where: Predicate | None
    ) -> Mapping[str, tuple[Record, ...] | SourceError]:
        """The records whose `field` names each of these; what failed, and what is short, is left to be told."""
        known = self.sources.get(source, self.grant)
        if known is None:
            return dict.fromkeys(parents, ())
        test, found = await asyncio.gather(
            self._test(known, where),
            self._loaders.broods(known, _COLLECTIONS[kind], field, parents),
            return_exceptions=True,
        )
        if isinstance(found, BaseException):
            raise found
        if isinstance(test, SourceError):
            return dict.fromkeys(parents, test)
        if isinstance(test, BaseException):
            raise test
        if any(not isinstance(rows, SourceError | Short) for rows in found.values()):
            self._answered(known, kind)
        return {
            parent: rows if isinstance(rows, SourceError) else alike(rows, filter(test, rows))
            for parent, rows in found.items()
        }

    async def _renamed(self, kind: RecordType, source: str, former: str) -> Record | None:
        """Who had a sourcedId before, where the source declares that: of all people, for it can hardly be asked."""
        known = self.sources.get(source, self.grant)
        forms = known.declares(former) if known is not None and kind is RecordType.USER else ()
        if known is None or not forms:
            return None
        field = "former_sourced_ids"
        found = await asyncio.gather(*(self._loaders.children(known, Collection.USERS, field, f) for f in forms))
        for rows in found:
            if isinstance(rows, Short):
                raise Unproved(known.key, partial(rows.unproved).message)
        return meaning.renamed([row for rows in found for row in rows if isinstance(row, User)], forms)

    # -------------------------------------------------------------- in hand

    def held(self, kind: RecordType, source: str) -> Whole | None:
        """All records of a kind of a source, if they are held and nothing has to be awaited, or told, of them."""
        found = self._in_hand.get((kind, source))
        if found is not None:
            return found
        known = self.sources.get(source, self.grant)
        if known is None or self.explanation is not None:
            return None
        found = known.in_hand(_COLLECTIONS[kind], self.terms)
        if found is not None:
            self._in_hand[kind, source] = found
            self.outcomes.answered(source)
        return found

    def held_broods(self, kind: RecordType, source: str, field: str, where: Predicate | None) -> Broods | None:
        """The children by `field` of all records of a source, under the same condition."""
        whole = self.held(kind, source)
        if whole is None or not whole.has_index(field) or whole.unproved is not None or not resolving.settled(where):
            return None
        return whole.broods(field, where)

    def held_record(self, kind: RecordType, source: str, sourced_id: str) -> Record | None:
        """A record, if it is held and nothing has to be awaited, or told, for it; None says nothing."""
        whole = self.held(kind, source)
        return whole.get(sourced_id) if whole is not None else None

    def held_children(
        self, kind: RecordType, field: str, parent: Record, where: Predicate | None
    ) -> list[Record] | None:
        """The records whose `field` names `parent`, under the same condition; None says nothing."""
        broods = self.held_broods(kind, parent.source, field, where)
        if broods is None or broods.size(parent.sourced_id) > LONGEST_LIST:
            return None
        [brood] = broods.of([parent.sourced_id])
        return list(brood)

    # -------------------------------------------------------------- lists

    async def having(
        self, find: FindPlace, kind: RecordType, source: str, field: str, value: str
    ) -> tuple[Record, ...] | None:
        """The records of a source whose `field` has a value, of any status; None when the source could not answer."""
        known = self.sources.get(source, self.grant)
        if known is None:
            return ()
        try:
            rows = await self._loaders.children(known, _COLLECTIONS[kind], field, value)
        except SourceError as error:
            self.failed(find, kind, error)
            return None
        if isinstance(rows, Short):
            self.short(find, kind, known.key, rows)
        else:
            self._answered(known, kind)
        return rows

    async def children(
        self, find: FindPlace, kind: RecordType, field: str, parent: Record, where: Predicate | None
    ) -> list[Record] | None:
        """The records whose `field` names `parent`, whole; None if the source failed or there are too many."""
        rows = await self._children(find, kind, field, parent, where)
        if rows is None:
            return None
        kept = list(rows)
        if len(kept) > LONGEST_LIST:
            self.too_long(find, parent.source)
            return None
        return kept

    async def children_page(
        self,
        find: FindPlace,
        kind: RecordType,
        field: str,
        parent: Record,
        where: Predicate | None,
        extent: Extent,
        order: Order = (),
    ) -> List | None:
        """A page of the records whose `field` names `parent`; None when the source could not answer."""
        walk = f"{kind} {field}={parent.source}:{parent.sourced_id} {describe(where)} {order}"
        wanted = self._wanted(where, extent, order, walk)
        rows = await self._children(find, kind, field, parent, where)
        if rows is None:
            return None
        source = self.sources.get(parent.source, self.grant)
        standing = self._loaders.standing(source, _COLLECTIONS[kind]) if source is not None else None

        async def every() -> Sequence[Sequence[Record]] | None:
            return None if isinstance(rows, Short) else [rows]

        return List(lists.page_of(parent.source, rows, wanted, standing), walk, self, every)

    async def page(self, find: FindPlace, query: ListQuery) -> List:
        """A page of a list over the sources that the query chooses.

        Raises:
            BadInput: an unknown source, label, district or provider, or a cursor of another list.
            SourceFailed: a source could not answer, and the query wants all or nothing.
        """
        chosen = self.sources.chosen(query.sources, query.read, self.grant)
        keys = ",".join(s.key for s in chosen)
        walk = f"{query.kind} {keys} {describe(query.where)} {query.order}"
        wanted = self._wanted(query.where, query.extent, query.order, walk)
        pins = self._pins(query, walk)
        wanted = replace(wanted, everywhere=query.everywhere, whole=query.whole or pins is not None)
        collection = _COLLECTIONS[query.kind]
        reading = self._by(query.read, chosen)
        if reading.terms.asks:
            for source in lists.in_line(chosen, collection, wanted):
                source.foresee(query.ahead, foresight.parents(query.where, wanted.size))
        terms = replace(reading.terms, pins=pins)
        page = await lists.read_page(chosen, collection, wanted, reading.deadline, terms)
        for outcome in page.outcomes:
            self.outcomes.saw(query.kind, outcome)
            mode, fault = query.read.on_source_failure, outcome.fault
            if mode is OnSourceFailure.FAIL and (fault is not None or outcome.state is SourceState.SKIPPED):
                raise SourceFailed(outcome)
            if mode is OnSourceFailure.REPORT and fault is not None:
                self.outcomes.fault(find, outcome.source, fault, outcome.message or outcome.source, outcome.retry_after)

        async def count() -> int | None:
            return await lists.total(chosen, collection, query.where, page, reading.deadline, terms)

        async def every() -> Sequence[Sequence[Record]] | None:
            return await lists.every(chosen, collection, query.where, page, reading.deadline, terms)

        return List(page, walk, reading, every, count, pins)

    async def matching(
        self, find: FindPlace, kind: RecordType, source: Source, where: Predicate | None
    ) -> Sequence[Record] | None:
        """Every record of one source that satisfies a predicate about the record alone; None if it could not answer."""
        collection, terms = _COLLECTIONS[kind], self.terms
        try:
            answer = await source.ask(
                collection, lambda r: r.matching(collection, where, terms.since), self.deadline, terms
            )
            if answer.found.unproved is not None:
                raise Unproved(source.key, partial(answer.found.unproved).message)
        except SourceError as error:
            self.failed(find, kind, error)
            return None
        standing = answer.standing
        if standing is None:
            self.outcomes.answered(source.key)
        else:
            self.outcomes.saw(kind, SourceOutcome(source.key, standing.state, standing.code))
        return answer.found.records

    # -------------------------------------------------------------- holds and refreshes

    def hold(self, name: HoldName) -> HeldBack | None:
        """The hold of this name; None when it is no more, or there is no such source for this client."""
        known = self.sources.get(name.source, self.grant)
        return next((h for h in known.holds if name.names(h)), None) if known is not None else None

    async def refresh(
        self, source: str, kinds: Sequence[RecordType] | None, full: bool = False
    ) -> tuple[Source | None, list[Complaint]]:
        """Begins to read collections of a source anew; None: all that were read before. full: not changes alone.

        What could be begun goes on in the background, whatever the complaints.
        """
        chosen = None if kinds is None else [_COLLECTIONS[kind] for kind in kinds]
        return await operating.refresh(self.sources, self.grant, source, chosen, full)

    async def decide_holds(self, choice: HoldChoice, accept: bool) -> tuple[list[HeldBack], list[Complaint]]:
        """The holds that were chosen and are now decided, and why others are not; none where the choice is wrong."""
        return await operating.decide(self.sources, self.grant, choice, accept)

    # -------------------------------------------------------------- helpers

    def _by(self, read: ReadOptions, chosen: Sequence[Source]) -> Reading:
        """This reading on the terms of a list; one for all lists of the same, so that they share what they load."""
        asks = read.reach.asks(sum(source.refusal is None for source in chosen))
        terms = Terms(asks, since=None if read.max_age is None else self._began - read.max_age)
        if terms == self.terms and read.seconds is None:
            return self
        other = self._others.get((terms, read.seconds))
        if other is None:
            other = self._others[terms, read.seconds] = copy.copy(self)
            other.terms = terms
            if read.seconds is not None:
                other.deadline = Deadline(read.seconds, self.deadline)
            other._loaders = Loaders(other.deadline, terms)
            other._tests, other._in_hand = {}, {}
        return other

    async def _children(
        self, find: FindPlace, kind: RecordType, field: str, parent: Record, where: Predicate | None
    ) -> tuple[Record, ...] | None:
        source = self.sources.get(parent.source, self.grant)
        if source is None:
            return ()
        try:
            holds, rows = await asyncio.gather(
                self._test(source, where), self.having(find, kind, source.key, field, parent.sourced_id)
            )
        except SourceError as error:
            self.failed(find, kind, error)
            return None
        return alike(rows, filter(holds, rows)) if rows is not None else None

    async def _test(self, source: Source, where: Predicate | None) -> Test:
        """`where` as a test of one source's records; worked out once, whatever it looks at."""
        if resolving.settled(where):
            return compile_test(where)
        coming = self._tests.get((source.key, where))
        if coming is None:
            coming = self._tests[source.key, where] = asyncio.ensure_future(self._made(source, where))
        return await asyncio.shield(coming)

    async def _made(self, source: Source, where: Predicate | None) -> Test:
        return compile_test((await source.resolved(where, self.deadline, self.terms)).found)

    def _answered(self, source: Source, kind: RecordType) -> None:
        standing = self._loaders.standing(source, _COLLECTIONS[kind])
        if standing is None:
            self.outcomes.answered(source.key)
        else:
            self.outcomes.saw(kind, SourceOutcome(source.key, standing.state, standing.code))

    def dangling(self, find: FindPlace, source: str, count: int = 1) -> None:
        message = f"{source}: a reference names a record that the source does not have"
        self.outcomes.fault(find, source, ErrorCode.DANGLING_REFERENCE, message, count=count)

    def too_long(self, find: FindPlace, source: str, count: int = 1) -> None:
        message = f"{source}: more than {LONGEST_LIST} records; narrow the list or ask for it from the root"
        self.outcomes.fault(find, source, ErrorCode.TOO_LONG, message, count=count)

    def short(self, find: FindPlace, kind: RecordType, source: str, rows: Short, count: int = 1) -> None:
        """Of records that are not proved to be all: shown, and told so."""
        self.failed(find, kind, Unproved(source, partial(rows.unproved).message), count)

    def failed(self, find: FindPlace, kind: RecordType, error: SourceError, count: int = 1) -> None:
        outcome = SourceOutcome.failed(error)
        self.outcomes.saw(kind, outcome)
        if not isinstance(error, Unsupported):
            self.outcomes.fault(find, error.source, code_of(error), str(error), error.retry_after, count)

    def _wanted(self, where: Predicate | None, extent: Extent, order: Order, walk: str) -> Wanted:
        return Wanted(
            where=where, size=extent.size, order=order, cursor=self._cursor(extent, walk), backwards=extent.backwards
        )

    def _pins(self, query: ListQuery, walk: str) -> Pins | None:
        """What keeps a list to one version: that of an earlier page, or, where it is wanted, the one of now."""
        text = query.read.snapshot
        if text is None:
            return Pins() if query.pinned else None
        try:
            follows = self.codec.decode_versions(text, walk)
        except NotACursor:
            message = "`read.snapshot` is not of this list: pass the one of its first page, with the same arguments"
            raise BadInput(message, ErrorCode.BAD_CURSOR) from None
        for key, version in follows.sources.items():
            if (source := self.sources.get(key, self.grant)) is not None:
                source.keep_pinned(version.collections)
        return Pins(follows)

    def _cursor(self, extent: Extent, walk: str) -> Cursor | None:
        if extent.cursor is None:
            return None
        try:
            return self.codec.decode(extent.cursor, walk)
        except NotACursor:
            name, of = ("before", "startCursor") if extent.backwards else ("after", "endCursor")
            message = f"`{name}` is not a cursor of this list: pass its {of}, of the same field with the same arguments"
            raise BadInput(message, ErrorCode.BAD_CURSOR) from None


_COLLECTIONS = {entity.type: collection for collection, entity in ENTITIES.items()}
