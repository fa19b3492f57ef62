"""How much all sources together, and each by itself, hold in memory; beyond that the least recently read is let go."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from adapters.endpoints import Collection

_RECORD = 1500
"""Bytes of one record in caches, reckoned high."""

Name: TypeAlias = tuple[str, Collection]
"""A source's key, and one of its collections."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What may be held. None: as much as there is."""

    records: int | None = None
    bytes: int | None = None

    def allows(self, records: int, size: int) -> bool:
        return (self.records is None or records <= self.records) and (self.bytes is None or size <= self.bytes)


@dataclass(frozen=True, slots=True)
class _Entry:
    records: int
    bytes: int
    let_go: Callable[[], None]


@dataclass(slots=True)
class Usage:
    """What a source holds, and how often something of it was let go of."""

    records: int = 0
    bytes: int = 0
    evictions: int = 0


@dataclass(slots=True)
class _Share:
    limit: Limit = field(default_factory=Limit)
    usage: Usage = field(default_factory=Usage)


class Budget:
    """Shared by all sources. What is let go of is on disk, where there is a store, else it is read again when needed.

    sources: the limits of those that have their own.
    """

    def __init__(self, limit: Limit | None = None, sources: Iterable[tuple[str, Limit]] = ()) -> None:
        self._all = _Share(limit or Limit())
        self._by_source = {source: _Share(own) for source, own in sources}
        self._entries: OrderedDict[Name, _Entry] = OrderedDict()

    def allows(self, source: str, records: int, size: int) -> bool:
        """Whether a collection of so many records and bytes may be held at all."""
        return all(share.limit.allows(records, size) for share in (self._share(source), self._all))

    def share(self, source: str, most: int) -> int:
        """How many records of one collection may be held besides the whole of it: an eighth of the source's limit."""
        limits = self._share(source).limit, self._all.limit
        records = (limit.records // 8 for limit in limits if limit.records is not None)
        sizes = (limit.bytes // (8 * _RECORD) for limit in limits if limit.bytes is not None)
        return max(1, min([most, *records, *sizes]))

    def usage(self, source: str) -> Usage:
        return self._share(source).usage

    def took(self, name: Name, records: int, size: int, let_go: Callable[[], None]) -> None:
        """So much is held of a collection from now on. What is too large by itself is let go of at once."""
        self._drop(name)
        self._add(name, _Entry(records, size, let_go))
        source = name[0]
        if not self.allows(source, records, size):
            self._evict(name)
        while self._exceeded(self._share(source)):
            self._evict(next(other for other in self._entries if other[0] == source))
        while self._exceeded(self._all):
            self._evict(next(iter(self._entries)))

    def used(self, name: Name) -> None:
        """It was read just now."""
        if name in self._entries:
            self._entries.move_to_end(name)

    def gone(self, name: Name) -> None:
        """Nothing is held of it any more."""
        self._drop(name)

    def _exceeded(self, share: _Share) -> bool:
        return not share.limit.allows(share.usage.records, share.usage.bytes)

    def _evict(self, name: Name) -> None:
        entry = self._drop(name)
        if entry is not None:
            for share in (self._share(name[0]), self._all):
                share.usage.evictions += 1
            entry.let_go()

    def _add(self, name: Name, entry: _Entry) -> None:
        self._entries[name] = entry
        for share in (self._share(name[0]), self._all):
            share.usage.records += entry.records
            share.usage.bytes += entry.bytes

    def _drop(self, name: Name) -> _Entry | None:
        entry = self._entries.pop(name, None)
        if entry is not None:
            for share in (self._share(name[0]), self._all):
                share.usage.records -= entry.records
                share.usage.bytes -= entry.bytes
        return entry

    def _share(self, source: str) -> _Share:
        return self._by_source.setdefault(source, _Share())
