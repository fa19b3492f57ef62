"""Which version of the data a list is read from, page after page, and reading that version.

A version of a collection is a copy that was read whole, named by when that was.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from adapters import moments
from adapters.endpoints import Collection
from adapters.predicate import Predicate
from gateway.faults import BadInput, ErrorCode, NotHeld, SourceState
from gateway.identity import SourceVersion, Versions
from gateway.roster import explain
from gateway.roster.needs import Window
from gateway.roster.planner import HELD
from gateway.roster.tables import Table
from gateway.roster.whole import Position, Slice, Standing, Whole, cut


class Lists(Protocol):
    """Who answers for lists of one source: its `Reader`, what is `Held` of it, or one version of a collection."""

    def window(
        self,
        collection: Collection,
        where: Predicate | None,
        after: Position | None,
        limit: int,
        since: float | None = None,
    ) -> Awaitable[Slice]: ...

    def matching(
        self, collection: Collection, where: Predicate | None, since: float | None = None
    ) -> Awaitable[Slice]: ...

    def count(
        self, collection: Collection, where: Predicate | None, since: float | None = None
    ) -> Awaitable[int | None]: ...


class Pinned:
    """One version of one collection. `version`: its name."""

    def __init__(self, source: str, whole: Whole) -> None:
        self._source = source
        self._whole = whole

    @property
    def version(self) -> float:
        return self._whole.read_at

    def latest(self, table: Table) -> bool:
        """Whether no later one came."""
        return self._whole in (table.whole, table.partial)

    def older(self) -> Standing:
        """What is said of a version that is not the latest."""
        age = moments.now() - self._whole.read_at
        return Standing(SourceState.STALE, None, f"the version of the walk is served, which was read {age:.0f} s ago")

    async def window(
        self,
        collection: Collection,
        where: Predicate | None,
        after: Position | None,
        limit: int,
        since: float | None = None,
    ) -> Slice:
        found = await self.matching(collection, where)
        return cut(found, after.sourced_id if after is not None else None, limit)

    async def matching(self, collection: Collection, where: Predicate | None, since: float | None = None) -> Slice:
        found = await self._whole.searched(where)
        explain.held(self._source, Window(collection, where, None), HELD, (r.observed_at for r in found.records))
        return found

    async def count(self, collection: Collection, where: Predicate | None, since: float | None = None) -> int | None:
        return (await self.matching(collection, where)).total


class Pins:
    """The versions that one list is read from: those of the walk that it goes on with, or, on a first page, those that
    are taken as its sources are read.
    """

    def __init__(self, follows: Versions | None = None) -> None:
        self._follows = follows
        self._taken: dict[str, SourceVersion] = {}
        self._whole = True

    @property
    def follows(self) -> bool:
        """Whether the versions are those of an earlier page."""
        return self._follows is not None

    @property
    def versions(self) -> Versions | None:
        """What is to be followed from now on; None where something could not be pinned."""
        if self._follows is not None:
            return self._follows
        return Versions(self._taken) if self._whole else None

    def today(self, source: str, today: str) -> str:
        """The date of the source on which the walk began."""
        if self._follows is not None:
            known = self._follows.sources.get(source)
            return known.today if known is not None else today
        return self._of(source, today).today

    def of(self, source: str, collection: Collection) -> float | None:
        """The version to read; None where none is taken yet, or the source had no such collection.

        Raises:
            NotHeld: the walk began without the source.
        """
        if self._follows is not None:
            known = self._follows.sources.get(source)
            if known is None or collection.value not in known.collections:
                raise NotHeld(source, "was missing when the walk began")
            return known.collections[collection.value]
        known = self._taken.get(source)
        return known.collections.get(collection.value) if known is not None else None

    def take(self, source: str, today: str, collection: Collection, version: float | None) -> None:
        """Has this version read from now on, unless there is one already. None: there is no such collection."""
        self._of(source, today).collections.setdefault(collection.value, version)

    def too_large(self) -> None:
        """A collection cannot be pinned, since it cannot be held."""
        self._whole = False

    def _of(self, source: str, today: str) -> SourceVersion:
        return self._taken.setdefault(source, SourceVersion(today, {}))


class Expired(BadInput):
    def __init__(self, source: str) -> None:
        super().__init__(
            f"{source}: the version that `read.snapshot` names is not held any more; begin the walk anew",
            ErrorCode.CURSOR_EXPIRED,
        )
