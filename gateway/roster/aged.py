"""What was read for a while: each value as old as its reading, and no more than so much of it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Aged(Generic[K, V]):
    """Values by key, for so many seconds each. What was read first is the first to go, by age or for want of room.

    most: how much they may weigh together; what is heavier by itself is not kept.
    """

    def __init__(
        self, most: float, seconds: float, clock: Callable[[], float], weigh: Callable[[V], int] | None = None
    ) -> None:
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._weigh = weigh
        self._values: OrderedDict[K, V] = OrderedDict()
        self._until: dict[K, float] = {}
        self._weight = 0
        self._last = 0.0

    @property
    def weight(self) -> int:
        self._drop_old()
        return self._weight

    def now(self) -> Mapping[K, V]:
        """All that is young enough, to be looked into at once."""
        self._drop_old()
        return self._values

    def get(self, key: K) -> V | None:
        return self._values.get(key) if self._until.get(key, 0.0) > self._clock() else None

    def put(self, key: K, value: V) -> None:
        self.update(((key, value),))

    def update(self, items: Iterable[tuple[K, V]]) -> None:
        self._drop_old()
        came, values, until = dict(items), self._values, self._clock() + self._seconds
        if values:
            for key in values.keys() & came.keys():  # what is read again is the last to go
                self._drop(key)
        weight = self._weight_of(came)
        if weight > self._most:
            came = self._light(came)
            weight = self._weight_of(came)
        values.update(came)
        self._until.update(dict.fromkeys(came, until))
        self._weight += weight
        self._last = until
        while self._weight > self._most:
            self._drop(next(iter(values)))

    def _light(self, items: dict[K, V]) -> dict[K, V]:
        """Without what is too heavy by itself."""
        weigh = self._weigh
        return items if weigh is None else {key: value for key, value in items.items() if weigh(value) <= self._most}

    def _weight_of(self, items: dict[K, V]) -> int:
        return len(items) if self._weigh is None else sum(map(self._weigh, items.values()))

    def clear(self) -> None:
        self._values = OrderedDict()
        self._until = {}
        self._weight = 0

    def _drop(self, key: K) -> None:
        value = self._values.pop(key)
        del self._until[key]
        self._weight -= 1 if self._weigh is None else self._weigh(value)

    def _drop_old(self) -> None:
        now, until = self._clock(), self._until
        if self._last <= now:
            if self._values:
                self.clear()
            return
        while self._values:
            first = next(iter(self._values))
            if until[first] > now:
                return
            self._drop(first)
