"""How often a client may ask."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cachetools import LRUCache

_CLIENTS: Final = 10_000


class TooOften(Exception):
    """A client asks more often, or for more, than it may. wait: seconds after which it may again."""

    def __init__(self, wait: float, message: str = "this client asks more often than it may") -> None:
        super().__init__(message)
        self.wait = wait


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Rates:
    """So many requests a second for each client, and as many at once after a second of rest."""

    def __init__(self, per_second: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._monotonic = monotonic
        self._buckets: LRUCache[str, _Bucket] = LRUCache(_CLIENTS)

    def wait(self, client: str) -> float:
        """Counts a request. Seconds after which the next may come if this one is too many; else 0."""
        now = self._monotonic()
        bucket = self._buckets.get(client)
        if bucket is None:
            bucket = self._buckets[client] = _Bucket(self._per_second, now)
        bucket.left = min(self._per_second, bucket.left + (now - bucket.at) * self._per_second)
        bucket.at = now
        if bucket.left < 1:
            return (1 - bucket.left) / self._per_second
        bucket.left -= 1
        return 0.0
