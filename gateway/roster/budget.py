"""How many records the process holds in whole collections: beyond that, the least recently read are let go of."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass


@dataclass
class _Entry:
    records: int
    let_go: Callable[[], None]


class Budget:
    """Shared by all sources. What is let go of is on disk, where there is a store, else it is read again when needed.

    records: None for no limit.
    """

    def __init__(self, records: int | None = None) -> None:
        self._limit = records
        self._held = 0
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()

    def took(self, name: Hashable, records: int, let_go: Callable[[], None]) -> None:
        """A collection is held whole from now on. The newest stays, however large it is."""
        self._drop(name)
        self._entries[name] = _Entry(records, let_go)
        self._held += records
        while self._limit is not None and self._held > self._limit and len(self._entries) > 1:
            self._drop(next(iter(self._entries))).let_go()

    def used(self, name: Hashable) -> None:
        """It was read just now."""
        if name in self._entries:
            self._entries.move_to_end(name)

    def _drop(self, name: Hashable) -> _Entry:
        entry = self._entries.pop(name, None) or _Entry(0, lambda: None)
        self._held -= entry.records
        return entry
