"""A collection that is too large to be held is read page by page; all but what is wanted of it is let pass. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter

from adapters import moments, predicate
from adapters.endpoints import Collection
from adapters.predicate import Predicate
from adapters.records import Record
from gateway.roster.whole import Slice


@dataclass(frozen=True, slots=True)
class Sifting:
    """The records that satisfy `where` and come after a sourcedId, the first `most` of them; of None, all.

    asked: what the source is asked to leave out; every record is tested again.
    """

    collection: Collection
    where: Predicate | None
    asked: Predicate | None = None
    after: str | None = None
    most: int | None = None


class Sieve:
    """Takes pages in any order; never holds more than twice what is wanted."""

    def __init__(self, wanted: Sifting) -> None:
        self._holds = predicate.compile_test(wanted.where)
        self._after = wanted.after
        self._most = wanted.most
        self._kept: list[Record] = []
        self._satisfying = 0
        self._before = 0
        self.passed = 0

    def __len__(self) -> int:
        """Records that are held just now."""
        return len(self._kept)

    def take(self, records: Iterable[Record]) -> None:
        for record in records:
            self.passed += 1
            if not self._holds(record):
                continue
            self._satisfying += 1
            if self._after is not None and record.sourced_id <= self._after:
                self._before += 1
            else:
                self._kept.append(record)
        if self._most is not None and len(self._kept) > 2 * self._most:
            self._kept = self._first()

    def found(self, rejected: int = 0, unproved: str | None = None) -> Slice:
        """unproved: why it is not known that nothing is missing."""
        rows = self._first()
        ended = self._before + len(rows) == self._satisfying
        total = self._satisfying if unproved is None else None
        return Slice(tuple(rows), self._before, ended, total, moments.now(), rejected, unproved)

    def _first(self) -> list[Record]:
        if self._most is None:
            return sorted(self._kept, key=_sourced_id)
        return heapq.nsmallest(self._most, self._kept, key=_sourced_id)


_sourced_id = attrgetter("sourced_id")
