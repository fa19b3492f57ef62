"""One configured source: how it stands, and the way to its reader."""

from __future__ import annotations

import copy
import time
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from cachetools import LRUCache

from adapters import hours
from adapters.dialect import Capabilities
from adapters.endpoints import ENTITIES, Collection
from adapters.errors import Misconfigured, SourceError, Unsupported
from adapters.pacing import Pacer
from adapters.predicate import Predicate
from adapters.records import Record, RecordType
from adapters.spec import Credentials
from adapters.traffic import Traffic
from gateway.access.grant import ALL, Access
from gateway.config import MetadataName, MisconfiguredSource, SourceSettings
from gateway.faults import (
    DeadlineExceeded,
    Disabled,
    ErrorCode,
    Loading,
    NotHeld,
    SourceState,
    Unproved,
    Withheld,
    code_of,
    worst,
)
from gateway.roster.budget import Usage
from gateway.roster.compared import refused
from gateway.roster.deadline import Deadline
from gateway.roster.flights import Flights
from gateway.roster.foresight import Ahead, followed_anyway
from gateway.roster.guard import Hold
from gateway.roster.health import Health
from gateway.roster.masking.masked import Masked
from gateway.roster.masking.view import MaskedView
from gateway.roster.ordering import Order, sort
from gateway.roster.pins import Expired, Lists
from gateway.roster.reader import Reader
from gateway.roster.reads import Reads
from gateway.roster.resolving import Local, resolve
from gateway.roster.scope import Scope
from gateway.roster.tables import Table, bridgeable
from gateway.roster.terms import USUAL, Terms
from gateway.roster.view import View
from gateway.roster.whole import Position, Slice, Standing, Whole, beside, partial

T = TypeVar("T")

_ORDERS = 16
"""Lists that a source has sorted and keeps."""

_VIEWS = 100
"""Accesses to a source of which what they have sorted is kept."""


class Answer(msgspec.Struct, Generic[T], frozen=True):
    """What was found in a collection. standing: why an older copy stands in, if one does.

    lacks: why there is nothing in `found` for some of what was wanted.
    """

    found: T
    standing: Standing | None = None
    lacks: SourceError | None = None


class Source:
    """One configured source, as the settings or, `seen` so, a client's access leave it.

    `refusal`: why it cannot be asked at all; None if it can. masked: what makes its records nobody's, if that is to be
    had.
    """

    def __init__(
        self,
        key: str,
        settings: SourceSettings | MisconfiguredSource,
        reader: Reader | None,
        refusal: SourceError | None = None,
        pacer: Pacer | None = None,
        masked: Masked | None = None,
    ) -> None:
        self.key = key
        self.settings = settings
        self._reader = reader
        self.refusal = refusal
        self._pacer = pacer
        self._health = reader.health if reader is not None else Health(refusal)
        self._access = ALL
        self._narrowed = False
        self._masked = masked
        self._show(Scope.of_schools(settings.schools if isinstance(settings, SourceSettings) else ()), None)

    def _show(self, scope: Scope, masked: Masked | None) -> None:
        self._scope = scope
        self._views: LRUCache[Access, Source] = LRUCache(_VIEWS)
        self._mask = masked.mask if masked is not None else None
        self._records = _under(scope, self.key, self._reader, masked)
        self._sorted: LRUCache[Hashable, tuple[Sequence[Record], Sequence[Record]]] = LRUCache(_ORDERS)

    def seen(self, access: Access) -> Source:
        """This source, as far as somebody may read it: the same state, tables and requests, and fewer records."""
        if access is ALL:
            return self
        found = self._views.get(access)
        if found is None:
            scope = self._scope.under(access)
            found = self if access == ALL else copy.copy(self)
            if found is not self:
                found._access = access
            if scope != self._scope or access.masked:
                found._narrowed = scope != self._scope
                if access.masked and self._masked is None and self._reader is not None:
                    found._reader = None
                    found.refusal = Misconfigured(
                        self.key, "this client sees masks, which take a `secret` in [gateway]"
                    )
                found._show(scope, self._masked if access.masked else None)
            self._views[access] = found
        return found

    @property
    def orgs(self) -> frozenset[str] | None:
        """sourcedIds of those to which all that is shown of it belongs, by the settings and the grant; None: to any."""
        return self._scope.orgs

    def masked(self, sourced_ids: Iterable[str]) -> list[str]:
        """Ids as a client that sees masks is shown them; none where there is nothing to mask them with."""
        return [] if self._mask is None else [self._mask.id(sourced_id) for sourced_id in sourced_ids]

    @property
    def disabled(self) -> bool:
        return isinstance(self.refusal, Disabled)

    @property
    def keys(self) -> frozenset[str]:
        """Its key and those that it had before: all that may stand for it in what clients kept."""
        return frozenset({self.key, *self.settings.former_keys})

    def traits(self, name: str) -> frozenset[str]:
        """What it may be chosen by: its `labels`, or its one of `districts` or `providers`."""
        match name:
            case "labels":
                return frozenset(self.settings.labels)
            case "districts":
                return frozenset(filter(None, [self.settings.district]))
            case "providers":
                return frozenset(filter(None, [self.settings.provider]))
        raise AssertionError(name)

    @property
    def local(self) -> Local:
        """What its dates and its metadata mean, on its own date of now."""
        return Local(self.keys, self.today, self.inclusive, self.metadata_keys, self.declares, tells=self.tells)

    @property
    def today(self) -> str:
        """Its own date, by its time zone."""
        return hours.today(ZoneInfo(self.settings.timezone), time.time()).isoformat()

    @property
    def inclusive(self) -> bool:
        """Whether its end dates are last days, not the days after."""
        return self._reader is not None and self._reader.inclusive

    def tells(self, collection: Collection, field: str) -> bool:
        """Whether its records of a collection can have a field, in its version of the standard."""
        return self._reader is None or self._reader.tells(collection, field)

    def declares(self, former: str) -> tuple[str, ...]:
        """How it may declare a sourcedId that a person had before; not at all where it declares none."""
        if self._reader is None:
            return ()
        if self._mask is None:
            return self._reader.declares(former)
        real = self._mask.real_id(former)
        return tuple(map(self._mask.id, self._reader.declares(real))) if real is not None else ()

    @property
    def capabilities(self) -> Capabilities | None:
        """What it can do, as its provider documents it and its settings say; None where it is never asked."""
        return self._reader.capabilities if self._reader is not None else None

    @property
    def metadata_keys(self) -> Mapping[str, str]:
        """The keys of its metadata for which its settings declare names, by these."""
        return {name: each.key for name, each in self.declared.items()}

    @property
    def declared(self) -> Mapping[str, MetadataName]:
        """The names that its settings declare for keys of its metadata, each with its class."""
        return self.settings.metadata if isinstance(self.settings, SourceSettings) else {}

    @property
    def state(self) -> SourceState:
        """How it stood when it was last asked; of one that answered, how the worst of its collections stands."""
        if self._health.state is not SourceState.FRESH:
            return self._health.state
        return worst(table.state for table in self.tables.values())

    def counts(self, collection: Collection) -> bool:
        """Whether it may be told how many records there are of a collection, whoever they are of."""
        return not self._narrowed or self._scope.shows_all(collection)

    def collection_state(self, collection: Collection) -> SourceState:
        if collection in self._scope.closed:
            return SourceState.FORBIDDEN
        table = self.tables.get(collection)
        if table is not None and table.unsupported is not None:
            return SourceState.UNSUPPORTED
        if self.loading(collection):
            return SourceState.LOADING
        own = table.state if table is not None else SourceState.FRESH
        return own if own is not SourceState.FRESH else self._health.state

    @property
    def last_success_at(self) -> float | None:
        return self._health.last_success_at

    @property
    def last_error(self) -> ErrorCode | None:
        return self._health.last_error

    @property
    def requests_left_today(self) -> int | None:
        """On its own date; None where they are not limited, or it is never asked."""
        return self._pacer.left_today() if self._pacer is not None else None

    @property
    def stood_in(self) -> int:
        """Reads that an older copy answered, since it failed or its time was up."""
        return self._health.stood_in

    @property
    def usage(self) -> Usage:
        """What is held of it, and how often something of it was let go of."""
        return self._reader.usage if self._reader is not None else Usage()

    @property
    def traffic(self) -> Traffic:
        """What went to it since the gateway started, and what became of it."""
        return self._reader.traffic if self._reader is not None else Traffic()

    @property
    def flights(self) -> Flights | None:
        """What is asked of it at present, and how often that was; None of one that cannot be asked."""
        return self._reader.flights if self._reader is not None else None

    @property
    def tables(self) -> Mapping[Collection, Table]:
        return self._reader.tables if self._reader is not None else {}

    @property
    def holds(self) -> list[HeldBack]:
        """What the shrink guard holds back of this source, by collection."""
        held = ((c, table.hold) for c, table in self.tables.items() if c not in self._scope.closed)
        return [HeldBack(self, c, self._shown_of(hold)) for c, hold in held if hold is not None]

    def _shown_of(self, hold: Hold) -> Hold:
        return hold if self._mask is None else replace(hold, sample=tuple(map(self._mask.id, hold.sample)))

    def unknown_status(self, collection: Collection) -> int | None:
        """How many records have a status that is neither active nor deleted; None unless all are held, and shown."""
        table = self.tables.get(collection) if self.counts(collection) else None
        good = table.last_good if table is not None else None
        return good.unknown if good is not None else None

    def loading(self, collection: Collection) -> bool:
        return self._reader is not None and self._reader.loading(collection)

    def refresh(self, collection: Collection, full: bool = False) -> None:
        """Begins to read a collection anew; how that goes is told by its table and by how the source stands.

        full: everything is read, even where the source could tell what changed.

        Raises:
            SourceError: the source cannot be asked, or has no such collection.
        """
        self._askable().refresh(collection, full)

    def renew(self, credentials: Credentials) -> bool:
        """Asks by other credentials from now on, as `Reader.renew`; False where they are the same.

        Raises:
            Misconfigured: they cannot work; those that there are stay.
        """
        return self._askable().renew(credentials)

    async def survey(self) -> None:
        """`tables` tells of what is kept on disk too, though nobody has read it yet."""
        if self._reader is not None:
            await self._reader.survey()

    async def warm(self) -> None:
        """Reads what the settings want to be held from the start."""
        if self._reader is not None and isinstance(self.settings, SourceSettings) and self.settings.warm:
            await self._reader.warm(self.settings.warm)

    def in_hand(self, collection: Collection, terms: Terms) -> Whole | None:
        """The collection, if it is there to be read without waiting and nothing has to be told of it."""
        if self._records is None or not terms.asks:
            return None
        return self._records.in_hand(collection, terms.since, terms.began)

    def parts_in_hand(self, collection: Collection, terms: Terms) -> Table | None:
        """What was read of a collection that is not held whole, if that is to be had without waiting."""
        if self._records is None or not terms.asks or terms.since is not None:
            return None
        return self._records.parts_in_hand(collection)

    def window_in_hand(
        self, collection: Collection, where: Predicate | None, after: Position | None, limit: int, terms: Terms
    ) -> Slice | None:
        """The `limit` records after a position of those that satisfy `where`, if nothing has to be awaited or told."""
        if self.refused(collection, where) is not None:
            return None
        if (whole := self.in_hand(collection, terms)) is not None:
            return whole.window_known(where, after, limit)
        parts = self.parts_in_hand(collection, terms)
        return parts.known_window(where, after, limit) if parts is not None else None

    def refused(self, collection: Collection, where: Predicate | None, order: Order = ()) -> Withheld | None:
        """Why a client that sees this may not go by a condition or an order; None if it may."""
        if self._access is ALL:
            return None
        return refused(self.key, self._access, self.declared, collection, where, order)

    def foresee(self, collection: Collection, ahead: tuple[Ahead, ...], where: Predicate | None, first: int) -> None:
        """Begins what following `ahead` from the `first` records that satisfy `where` will need anyway."""
        if self._reader is None or self._mask is not None or self.refused(collection, where) is not None:
            return
        if not self._access.compares_all:
            ahead = followed_anyway(ahead)
        self._reader.foresee(self._scope.ahead(collection, ahead), where, first)

    async def decide(self, collection: Collection, hold: Hold, accept: bool) -> bool:
        """Takes what is held back of a collection for good, or drops it; False where it is not there any more."""
        return await self._askable().decide(collection, hold, accept)

    async def ask(
        self, collection: Collection, read: Callable[[Reads], Awaitable[T]], deadline: Deadline, terms: Terms = USUAL
    ) -> Answer[T]:
        """What `read` finds in a collection before the deadline.

        Raises:
            Loading: the collection is still being read whole.
            NotHeld: it was not to be asked, and nothing of what is wanted is held.
            SourceError: the source could not answer in time, or cannot be asked; or nobody may who reads it so.
        """
        reader, records = self._askable(), self._shown()
        fair = not deadline.lowered and not deadline.half_over
        if not terms.asks:
            found = await deadline.within(self.key, read(records.held))
            return self._told(Answer(found, records.held.standing(collection, found, terms.since), NotHeld(self.key)))
        try:
            found = await deadline.within(self.key, read(records))
        except SourceError as error:
            late = isinstance(error, DeadlineExceeded)
            failed = self._late(error, reader, collection, fair) if late else error
        else:
            table = reader.tables[collection]
            return self._told(Answer(found, table.standing if table.whole is not None else None))
        stands_in = reader.tables[collection].last_good is not None if late else terms.since is not None
        if not stands_in or not bridgeable(failed):
            raise failed
        try:
            found = await deadline.within(self.key, read(records.held))
        except SourceError:
            raise failed from None
        # It is held, and only older than was wanted.
        return self._told(Answer(found, Standing(SourceState.STALE, code_of(failed), failed.message), failed))

    async def ask_lists(
        self, collection: Collection, read: Callable[[Lists], Awaitable[T]], deadline: Deadline, terms: Terms = USUAL
    ) -> Answer[T]:
        """As `ask`, of the version of the collection that the terms pin, if they do.

        Raises:
            Expired: that version is not held any more.
        """
        pins = terms.pins
        if pins is None:
            return await self.ask(collection, read, deadline, terms)
        plain = msgspec.structs.replace(terms, pins=None)
        if not pins.follows and pins.of(self.key, collection) is None:
            try:
                taken = (await self.ask(collection, lambda r: r.pin(collection, terms.since), deadline, plain)).found
            except Unsupported:
                pins.take(self.key, self.today, collection, None)
                raise
            if taken is None:
                pins.too_large()
            else:
                pins.take(self.key, self.today, collection, taken.version)
        version = pins.of(self.key, collection)
        if version is None:
            return await self.ask(collection, read, deadline, plain)
        reader, records = self._askable(), self._shown()
        walked = records if terms.asks else records.held
        pinned = await deadline.within(self.key, walked.pinned(collection, version))
        if pinned is None and pins.follows:
            raise Expired(self.key)
        if pinned is None:  # let go of at once, for others
            pins.too_large()
            return await self.ask(collection, read, deadline, plain)
        table = reader.tables[collection]
        found = await deadline.within(self.key, read(pinned))
        answer = Answer(found, table.standing if pinned.latest(table) else pinned.older())
        return answer if self._scope.orgs is None else _uncounted(answer)

    def keep_pinned(self, collections: Mapping[str, float | None]) -> None:
        """Has versions kept that a walk will come to, as far as they are in memory."""
        for collection, version in collections.items():
            if version is not None and collection in self.tables:
                self.tables[Collection(collection)].pinned(version)

    async def in_order(
        self, collection: Collection, where: Predicate | None, records: Sequence[Record], order: Order
    ) -> Sequence[Record]:
        """`records`, the whole list for `where`, in an order; sorted once for as long as they are the same."""
        if not order:
            return records
        name = (collection, where, order)
        held = self._sorted.get(name)
        if held is None or held[0] is not records:
            held = self._sorted[name] = records, await beside(len(records), lambda: sort(records, order))
        return held[1]

    async def resolved(
        self,
        collection: Collection,
        where: Predicate | None,
        deadline: Deadline,
        terms: Terms = USUAL,
        order: Order = (),
    ) -> Answer[Predicate | None]:
        """`where` for its records of a collection alone: see `gateway.roster.resolving`.

        Raises:
            Withheld: the client may not go by it, or by the order.
            SourceError: what a condition looks at could not be read.
        """
        if (withheld := self.refused(collection, where, order)) is not None:
            raise withheld
        older: list[Standing] = []

        async def read(collection: Collection, part: Predicate | None) -> Sequence[Record]:
            answer = await self.ask_lists(
                collection, lambda r: r.matching(collection, part, terms.since), deadline, terms
            )
            older.extend(filter(None, [answer.standing]))
            if answer.found.unproved is not None:  # "no teacher" could be said of classes that have one
                raise Unproved(self.key, partial(answer.found.unproved).message)
            return answer.found.records

        async def asks_for(part: Predicate) -> bool:
            if not terms.asks or terms.pins is not None:
                return False
            return await deadline.within(self.key, self._askable().asks_for(Collection.USERS, part))

        local = replace(self.local, asks_for=asks_for)
        if terms.pins is not None:
            local = replace(local, today=terms.pins.today(self.key, local.today))
        return Answer(await resolve(where, local, read), older[0] if older else None)

    async def close(self) -> None:
        if self._reader is not None:
            await self._reader.close()

    def _told(self, answer: Answer[T]) -> Answer[T]:
        if answer.standing is not None and answer.standing.state is SourceState.STALE:
            self._health.stood_in += 1
        return answer if self._scope.orgs is None else _uncounted(answer)

    def _late(self, error: SourceError, reader: Reader, collection: Collection, fair: bool) -> SourceError:
        """What to tell of a source that had not answered in time. fair: in time enough for it to have failed."""
        coming = reader.tables[collection].coming
        if coming is not None and coming.received:
            return Loading(self.key, coming.share, coming.seconds_left)
        if fair:
            self._health.failed(error)
        return error

    def _askable(self) -> Reader:
        if self._reader is None:
            raise self.refusal or Disabled(self.key, "switched off in the settings")
        return self._reader

    def _shown(self) -> Reader | View | MaskedView:
        """What reads its records: they are to be had from nobody else."""
        assert self._records is not None, "whoever can be asked has some"
        return self._records


def _uncounted(answer: Answer[T]) -> Answer[T]:
    """Without the words for what stood in the way: they may count records of all organisations."""
    if answer.standing is None:
        return answer
    return msgspec.structs.replace(answer, standing=replace(answer.standing, message="an older copy is served"))


def _under(
    scope: Scope, source: str, reader: Reader | None, masked: Masked | None
) -> Reader | View | MaskedView | None:
    if reader is None:
        return None
    shown = reader if scope.everything else View(source, reader, scope)
    return shown if masked is None else MaskedView(shown, shown.held, masked)


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A hold, and what it is a hold of."""

    source: Source
    collection: Collection
    hold: Hold

    @property
    def kind(self) -> RecordType:
        return ENTITIES[self.collection].type

    @property
    def told(self) -> Hold | None:
        """What it says of records; None where that is not to be told of all of them."""
        return self.hold if self.source.counts(self.collection) else None
