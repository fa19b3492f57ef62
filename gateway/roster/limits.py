"""What a scope leaves of what is found of a source: neither records that lie outside, nor how many they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import msgspec

from adapters.endpoints import Collection
from adapters.errors import PagingBroken, SourceError
from adapters.predicate import Predicate, compile_test, conjunction
from adapters.records import Record
from gateway.faults import NotHeld
from gateway.roster.asking import Children, Found
from gateway.roster.held import Held
from gateway.roster.pins import Lists, Pinned
from gateway.roster.reads import Reads
from gateway.roster.scope import Scope, Through
from gateway.roster.tables import Table
from gateway.roster.whole import Position, Short, Slice, Standing, alike, cut

_UNPROVED = "it is not proved that all that lies within came"
"""In place of words that count records of which some may lie outside."""


class Limits:
    """What a scope leaves of a source's records. looking: where it is looked up whether others lie within."""

    def __init__(self, source: str, scope: Scope, looking: Reads) -> None:
        self.scope = scope
        self._source = source
        self._looking = looking

    def check(self, collection: Collection) -> None:
        """Raises:
        SourceError: nothing of the collection may be read.
        """
        refusal = self.scope.refusal(self._source, collection)
        if refusal is not None:
            raise refusal

    @contextmanager
    def reading(self, collection: Collection) -> Iterator[None]:
        """Raises:
        SourceError: nothing of the collection may be read; or what is raised within, without its numbers.
        """
        self.check(collection)
        try:
            yield
        except PagingBroken as error:
            raise self.told(collection, error) from None

    def listed(self, collection: Collection, found: Slice) -> Slice:
        """A list without numbers of what may lie outside it."""
        if self.scope.shows_all(collection) or not (found.lacks or found.unproved):
            return found
        unproved = found.unproved and _UNPROVED
        return msgspec.structs.replace(found, rejected=None if found.lacks else 0, unproved=unproved)

    def alike(self, collection: Collection, rows: tuple[Record, ...], kept: Iterable[Record]) -> tuple[Record, ...]:
        """`kept`, proved to be all that were wanted, or not, as `rows` are."""
        if isinstance(rows, Short) and not self.scope.shows_all(collection):
            return Short(kept, _UNPROVED)
        return alike(rows, kept)

    def told(self, collection: Collection, error: SourceError) -> SourceError:
        """An error without numbers of what may lie outside."""
        if not isinstance(error, PagingBroken) or self.scope.shows_all(collection):
            return error
        return type(error)(error.source, _UNPROVED, retry_after=error.retry_after)

    async def inside(
        self, collection: Collection, records: Sequence[Record], since: float | None, began: float | None = None
    ) -> list[bool | SourceError]:
        """Whether each record lies within; an error where that is not known.

        Raises:
            SourceError: what has to be looked at could not be read.
        """
        told: list[bool | SourceError] = list(map(compile_test(self.scope.predicate(collection)), records))
        for through in self.scope.through(collection):
            await self._look(through, records, told, since, began)
        return told

    async def _look(
        self,
        through: Through,
        records: Sequence[Record],
        told: list[bool | SourceError],
        since: float | None,
        began: float | None,
    ) -> None:
        wanted: dict[Collection, dict[str, list[int]]] = {}
        for place, record in enumerate(records):
            if told[place] is not True:
                continue
            named = through.named(record)
            if named is None:
                told[place] = not through.needed
            else:
                wanted.setdefault(named[0], {}).setdefault(named[1], []).append(place)
        for collection, places in wanted.items():
            found = await self._looking.by_ids(collection, places, since, began)
            there = {i: record for i, record in found.items() if isinstance(record, Record)}
            within = await self.inside(collection, list(there.values()), since, began)
            known = {**dict.fromkeys(found, False), **dict(zip(there, within, strict=True))}
            known |= {i: error for i, error in found.items() if isinstance(error, SourceError)}
            for i, several in places.items():
                for place in several:
                    told[place] = known.get(i, NotHeld(self._source))

    async def kept(
        self, collection: Collection, records: Sequence[Record], since: float | None, began: float | None = None
    ) -> tuple[Record, ...]:
        """The records that lie within.

        Raises:
            SourceError: of one that is not known.
        """
        told = await self.inside(collection, records, since, began)
        for each in told:
            if isinstance(each, SourceError):
                raise each
        return tuple(record for record, within in zip(records, told, strict=True) if within)


class LimitedLists:
    """Lists without what lies outside, in any condition and count."""

    def __init__(self, lists: Lists, limits: Limits) -> None:
        self._lists = lists
        self._limits = limits

    async def window(
        self,
        collection: Collection,
        where: Predicate | None,
        after: Position | None,
        limit: int,
        since: float | None = None,
    ) -> Slice:
        limits = self._limits
        if limits.scope.through(collection):
            found = await self.matching(collection, where, since)
            return cut(found, after.sourced_id if after is not None else None, limit)
        with limits.reading(collection):
            where = conjunction(where, limits.scope.predicate(collection))
            return limits.listed(collection, await self._lists.window(collection, where, after, limit, since))

    async def matching(self, collection: Collection, where: Predicate | None, since: float | None = None) -> Slice:
        limits = self._limits
        with limits.reading(collection):
            where = conjunction(where, limits.scope.predicate(collection))
            found = limits.listed(collection, await self._lists.matching(collection, where, since))
            if not limits.scope.through(collection):
                return found
            records = await limits.kept(collection, found.records, since)
        return msgspec.structs.replace(found, records=records, total=None if found.total is None else len(records))

    async def count(self, collection: Collection, where: Predicate | None, since: float | None = None) -> int | None:
        limits = self._limits
        if limits.scope.through(collection):
            return (await self.matching(collection, where, since)).total
        with limits.reading(collection):
            where = conjunction(where, limits.scope.predicate(collection))
            return await self._lists.count(collection, where, since)


class LimitedReads(LimitedLists):
    """All needs, likewise: what lies outside is as if it did not exist."""

    def __init__(self, reads: Reads, limits: Limits) -> None:
        super().__init__(reads, limits)
        self._reads = reads

    async def by_ids(
        self, collection: Collection, ids: Iterable[str], since: float | None = None, began: float | None = None
    ) -> Found:
        limits = self._limits
        with limits.reading(collection):
            found = await self._reads.by_ids(collection, ids, since, began)
            there = {i: record for i, record in found.items() if isinstance(record, Record)}
            within = await limits.inside(collection, list(there.values()), since, began)
        told = dict(zip(there, within, strict=True))
        told |= {i: error for i, error in found.items() if isinstance(error, SourceError)}
        kept: Found = {}
        for i, record in found.items():
            each = told.get(i, False)
            kept[i] = limits.told(collection, each) if isinstance(each, SourceError) else record if each else None
        return kept

    async def children(
        self,
        collection: Collection,
        field: str,
        parents: Iterable[str],
        since: float | None = None,
        began: float | None = None,
    ) -> Children:
        limits = self._limits
        with limits.reading(collection):
            found = await self._reads.children(collection, field, parents, since, began)
            every = {record.sourced_id: record for rows in found.values() for record in rows}
            kept = {r.sourced_id for r in await limits.kept(collection, list(every.values()), since, began)}
        return {
            p: limits.alike(collection, rows, (r for r in rows if r.sourced_id in kept)) for p, rows in found.items()
        }


class LimitedPin(LimitedLists):
    """One version of a collection: as it was then, but for what the scope of now leaves out."""

    def __init__(self, pinned: Pinned, limits: Limits) -> None:
        super().__init__(pinned, limits)
        self._pinned = pinned

    @property
    def version(self) -> float:
        return self._pinned.version

    def latest(self, table: Table) -> bool:
        return self._pinned.latest(table)

    def older(self) -> Standing:
        return self._pinned.older()


class LimitedHeld(LimitedReads):
    """What is held, likewise."""

    def __init__(self, held: Held, limits: Limits) -> None:
        super().__init__(held, limits)
        self._held = held

    def standing(self, collection: Collection, found: object, since: float | None = None) -> Standing | None:
        return self._held.standing(collection, found, since)

    async def pin(self, collection: Collection, since: float | None = None) -> LimitedPin | None:
        with self._limits.reading(collection):
            return self._limited(await self._held.pin(collection, since))

    async def pinned(self, collection: Collection, version: float) -> LimitedPin | None:
        with self._limits.reading(collection):
            return self._limited(await self._held.pinned(collection, version))

    def _limited(self, pinned: Pinned | None) -> LimitedPin | None:
        return LimitedPin(pinned, self._limits) if pinned is not None else None
