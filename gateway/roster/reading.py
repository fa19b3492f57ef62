"""What one operation reads: the face that the schema sees. Lives as long as the operation."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Mapping, Sequence
from typing import TypeVar

from adapters import moments
from adapters.endpoints import COLLECTIONS, Collection
from adapters.errors import SourceError
from adapters.predicate import Columns, Predicate, compile_columns
from adapters.records import Record, RecordType, User
from gateway.access.grant import Grant
from gateway.access.scope import Scope
from gateway.faults import Unproved, code_of
from gateway.identity import CursorCodec
from gateway.roster import meaning, operating, resolving
from gateway.roster.deadline import Deadline
from gateway.roster.explain import Explanation
from gateway.roster.followed import Broods, fitting
from gateway.roster.foresight import Ahead
from gateway.roster.grouping import ClassGroupKey, EnrollmentGroupKey, Group, GroupBy, GroupKey, UserGroupKey
from gateway.roster.line import operation
from gateway.roster.loaders import Loaders
from gateway.roster.meaning import DateBasis, RoleGroup, display_name, role_group
from gateway.roster.open_conditions import TODAY, Alike, Dangling, Declared, Enrolled, InEffect, Named, OfClass, Within
from gateway.roster.operating import Complaint, HoldChoice, HoldName
from gateway.roster.ordering import By, Order
from gateway.roster.outcomes import LONGEST_LIST, Aside, Fault, FindPlace, Outcomes, Place, SourceOutcome, no_room
from gateway.roster.source import HeldBack, Source
from gateway.roster.sources import Sources
from gateway.roster.tables import Apart, Table
from gateway.roster.terms import BY_DEFAULT, MOST_ASKED, OnSourceFailure, Reach, ReadOptions, Terms
from gateway.roster.together import together
from gateway.roster.whole import Short, Standing, Whole, alike, partial

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
    "Group",
    "GroupBy",
    "GroupKey",
    "HeldBack",
    "HoldChoice",
    "HoldName",
    "InEffect",
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
    "SourceOutcome",
    "Sources",
    "UserGroupKey",
    "Within",
    "display_name",
    "no_room",
    "role_group",
]


T = TypeVar("T")

AT_ONCE = 5000
"""Rows, or records behind them, that are read without giving the event loop away."""


class UnderWay:
    """The time in which an operation reads. A class, since an operation over what is held feels a generator's cost."""

    __slots__ = ("_before", "_reading", "_telling")

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._telling = reading.explanation.collecting() if reading.explanation is not None else None

    def __enter__(self) -> None:
        self._before = operation.set(object())
        if self._telling is not None:
            self._telling.__enter__()

    def __exit__(self, *_: object) -> None:
        if self._telling is not None:
            self._telling.__exit__(None, None, None)
        try:
            self._reading.end()
        finally:
            operation.reset(self._before)


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
        self._began = moments.now()
        self.terms = Terms(began=self._began)
        self.deadline = Deadline(seconds)
        self.outcomes = Outcomes()
        self.explanation = Explanation(self._explained) if explain else None
        self._loaders = Loaders(self.deadline, self.terms)
        self._in_hand: dict[tuple[RecordType, str], Whole] = {}
        self._tests: dict[tuple[str, Predicate], asyncio.Future[Columns | None]] = {}
        self._others: dict[tuple[Terms, float | None], Reading] = {}

    def under_way(self) -> UnderWay:
        """The time of the operation: what is read within belongs to it, and what is not awaited by then is given up."""
        return UnderWay(self)

    def end(self) -> None:
        """The operation is over: what it still waits for is given up."""
        for each in (self, *self._others.values()):
            for coming in each._tests.values():
                coming.cancel()
            each._tests.clear()
            each.deadline.end()

    def told_aside(self) -> tuple[Reading, Aside]:
        """This reading, and what keeps the faults that are told of it."""
        other = copy.copy(self)
        other.outcomes = aside = self.outcomes.aside()
        return other, aside

    def executed(self, path: str) -> None:
        """The operation was executed so."""
        if self.explanation is not None:
            self.explanation.path = path

    def _explained(self, source: str) -> bool:
        """Whether it is shown what was asked of a source: that counts its records, whoever they are of."""
        return self.grant.allows(Scope.EXPLAIN, source) and self.grant.at(source).orgs is None

    # -------------------------------------------------------------- one record

    async def lookup(self, find: FindPlace, kind: RecordType, source: str, sourced_id: str) -> Record | None:
        """A record by source key and sourcedId, present or former; None when there is none, or no such source for this
        client.
        """
        try:
            found = await self.one(kind, source, sourced_id)
            return found if found is not None else await self._renamed(kind, source, sourced_id)
        except SourceError as error:
            self.outcomes.failed(find, kind, error)
            return None

    async def follow(self, find: FindPlace, kind: RecordType, source: str, sourced_id: str | None) -> Record | None:
        """What a reference names. One that names nothing is data: null, and told once per field of the document."""
        if sourced_id is None:
            return None
        try:
            found = await self.one(kind, source, sourced_id)
        except SourceError as error:
            self.outcomes.failed(find, kind, error)
            return None
        if found is None:
            self.outcomes.dangling(find, source)
        return found

    async def follow_all(
        self, find: FindPlace, kind: RecordType, source: str, sourced_ids: Sequence[str]
    ) -> list[Record] | None:
        """What several references name, in their order; None when the source could not answer."""
        try:
            found = await together(*(self.one(kind, source, i) for i in sourced_ids))
        except SourceError as error:
            self.outcomes.failed(find, kind, error)
            return None
        for record in found:
            if record is None:
                self.outcomes.dangling(find, source)
        return [record for record in found if record is not None]

    async def one(self, kind: RecordType, source: str, sourced_id: str) -> Record | None:
        known = self.sources.get(source, self.grant)
        if known is None:
            return None
        record = await self._loaders.by_id(known, COLLECTIONS[kind], sourced_id)
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
        found = await self._loaders.records(known, COLLECTIONS[kind], ids)
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
        if (withheld := known.refused(COLLECTIONS[kind], where)) is not None:
            return dict.fromkeys(parents, withheld)
        holds, found = await asyncio.gather(
            self._holds(known, kind, where),
            self._loaders.broods(known, COLLECTIONS[kind], field, parents),
            return_exceptions=True,
        )
        if isinstance(found, BaseException):
            raise found
        if isinstance(holds, SourceError):
            return dict.fromkeys(parents, holds)
        if isinstance(holds, BaseException):
            raise holds
        if any(not isinstance(rows, SourceError | Short) for rows in found.values()):
            self._answered(known, kind)
        broods = {parent: rows for parent, rows in found.items() if not isinstance(rows, SourceError)}
        few = fitting(list(broods.values()), holds)
        kept = {parent: alike(rows, own) for (parent, rows), own in zip(broods.items(), few, strict=True)}
        return {**found, **kept}

    async def _renamed(self, kind: RecordType, source: str, former: str) -> Record | None:
        """Who had a sourcedId before, where the source declares that: of all people, for it can hardly be asked."""
        known = self.sources.get(source, self.grant)
        forms = known.declares(former) if known is not None and kind is RecordType.USER else ()
        if known is None or not forms:
            return None
        field = "former_sourced_ids"
        found = await together(*(self._loaders.children(known, Collection.USERS, field, f) for f in forms))
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
        found = known.in_hand(COLLECTIONS[kind], self.terms)
        if found is not None:
            self._in_hand[kind, source] = found
            self.outcomes.answered(source)
        return found

    def held_named(self, kind: RecordType, source: str, ids: Sequence[str | None]) -> list[Record | None] | None:
        """The record of each id, None of one that there is not, and of none; None unless all of that is held."""
        whole = self.held(kind, source)
        if whole is not None:
            return whole.named(ids)
        parts = self._parts(kind, source)
        return self._told(source, parts.named(ids)) if parts is not None else None

    def held_children_of(
        self, kind: RecordType, field: str, source: str, parents: Sequence[str], where: Predicate | None
    ) -> list[tuple[Record, ...]] | None:
        """The children of each parent, under the same condition, as they were read by themselves; None unless all were,
        or where they are too many for a moment.
        """
        parts = self._parts(kind, source)
        if parts is None or not resolving.settled(where) or self._refused(kind, source, where):
            return None
        found = parts.broods(field, parents)
        if found is None or sum(map(len, found)) > AT_ONCE:
            return None
        return self._told(source, list(fitting(found, None if where is None else compile_columns(where))))

    def _parts(self, kind: RecordType, source: str) -> Table | None:
        known = self.sources.get(source, self.grant)
        if known is None or self.explanation is not None:
            return None
        return known.parts_in_hand(COLLECTIONS[kind], self.terms)

    def holding(self, kind: RecordType, source: str) -> Whole | Apart | None:
        """What goes when the records of a kind that are held of a source go, if they may be shown without waiting."""
        whole = self.held(kind, source)
        if whole is not None:
            return whole
        parts = self._parts(kind, source)
        return parts.apart if parts is not None else None

    def _told(self, source: str, found: T | None) -> T | None:
        if found is not None:
            self.outcomes.answered(source)
        return found

    def held_broods(self, kind: RecordType, source: str, field: str, where: Predicate | None) -> Broods | None:
        """The children by `field` of all records of a source, under the same condition."""
        whole = self.held(kind, source)
        if whole is None or not whole.has_index(field) or whole.unproved is not None or not resolving.settled(where):
            return None
        if self._refused(kind, source, where):
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
            rows = await self._loaders.children(known, COLLECTIONS[kind], field, value)
        except SourceError as error:
            self.outcomes.failed(find, kind, error)
            return None
        if isinstance(rows, Short):
            self.outcomes.short(find, kind, known.key, rows)
        else:
            self._answered(known, kind)
        return rows

    async def brood(
        self,
        find: FindPlace,
        kind: RecordType,
        field: str,
        parent: Record,
        where: Predicate | None,
        order: Order = (),
    ) -> tuple[Record, ...] | None:
        """The records whose `field` names `parent`, however many; None when the source could not answer."""
        source = self.sources.get(parent.source, self.grant)
        if source is None:
            return ()
        if (withheld := source.refused(COLLECTIONS[kind], where, order)) is not None:
            self.outcomes.failed(find, kind, withheld)
            return None
        try:
            holds, rows = await together(
                self._holds(source, kind, where), self.having(find, kind, source.key, field, parent.sourced_id)
            )
        except SourceError as error:
            self.outcomes.failed(find, kind, error)
            return None
        return alike(rows, fitting([rows], holds)[0]) if rows is not None else None

    async def children(
        self, find: FindPlace, kind: RecordType, field: str, parent: Record, where: Predicate | None
    ) -> list[Record] | None:
        """The records whose `field` names `parent`, whole; None if the source failed or there are too many."""
        rows = await self.brood(find, kind, field, parent, where)
        if rows is None:
            return None
        kept = list(rows)
        if len(kept) > LONGEST_LIST:
            self.outcomes.too_long(find, parent.source)
            return None
        return kept

    async def matching(
        self, find: FindPlace, kind: RecordType, source: Source, where: Predicate | None
    ) -> Sequence[Record] | None:
        """Every record of one source that satisfies a predicate about the record alone; None if it could not answer."""
        collection, terms = COLLECTIONS[kind], self.terms
        try:
            answer = await source.ask(
                collection, lambda r: r.matching(collection, where, terms.since), self.deadline, terms
            )
            if answer.found.unproved is not None:
                raise Unproved(source.key, partial(answer.found.unproved).message)
        except SourceError as error:
            self.outcomes.failed(find, kind, error)
            return None
        standing = answer.standing
        if standing is None:
            self.outcomes.answered(source.key)
        else:
            self.outcomes.saw(kind, SourceOutcome(source.key, standing.state, standing.code))
        return answer.found.records

    # -------------------------------------------------------------- holds and refreshes

    async def survey(self, find: FindPlace, source: Source) -> None:
        """What a source's tables tell is told of what is kept on disk too."""
        try:
            await self.deadline.within(source.key, source.survey())
        except SourceError as error:
            self.outcomes.fault(find, Fault(source.key, code_of(error), str(error)))

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
        chosen = None if kinds is None else [COLLECTIONS[kind] for kind in kinds]
        return await operating.refresh(self.sources, self.grant, self.deadline, source, chosen, full)

    async def decide_holds(self, choice: HoldChoice, accept: bool) -> tuple[list[HeldBack], list[Complaint]]:
        """The holds that were chosen and are now decided, and why others are not; none where the choice is wrong."""
        return await operating.decide(self.sources, self.grant, self.deadline, choice, accept)

    # -------------------------------------------------------------- helpers

    def on(self, read: ReadOptions, chosen: Sequence[Source]) -> Reading:
        """This reading on the terms of a list; one for all lists of the same, so that they share what they load."""
        if read is BY_DEFAULT and len(chosen) <= MOST_ASKED and self.terms.asks and self.terms.since is None:
            return self
        asks = read.reach.asks(sum(source.refusal is None for source in chosen))
        since = None if read.max_age is None else self._began - read.max_age
        terms = Terms(asks, since, began=self._began)
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

    def _refused(self, kind: RecordType, source: str, where: Predicate | None) -> bool:
        known = self.sources.get(source, self.grant) if where is not None else None
        return known is not None and known.refused(COLLECTIONS[kind], where) is not None

    async def _holds(self, source: Source, kind: RecordType, where: Predicate | None) -> Columns | None:
        """`where` as a test of one source's records; worked out once, whatever it looks at. None: all satisfy it."""
        if where is None or resolving.settled(where):
            return None if where is None else compile_columns(where)
        coming = self._tests.get((source.key, where))
        if coming is None:
            coming = self._tests[source.key, where] = asyncio.ensure_future(self._resolved(source, kind, where))
        return await asyncio.shield(coming)

    async def _resolved(self, source: Source, kind: RecordType, where: Predicate) -> Columns | None:
        found = (await source.resolved(COLLECTIONS[kind], where, self.deadline, self.terms)).found
        return None if found is None else compile_columns(found)

    def standing(self, source: str, kind: RecordType) -> Standing | None:
        """Why an older copy stood in when records of a kind were last loaded from a source, if one did."""
        return self._loaders.standing(source, COLLECTIONS[kind])

    def _answered(self, source: Source, kind: RecordType) -> None:
        standing = self.standing(source.key, kind)
        if standing is None:
            self.outcomes.answered(source.key)
        else:
            self.outcomes.saw(kind, SourceOutcome(source.key, standing.state, standing.code))
