"""How much a client may ask for: cost points, one for each node that its answers may have."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from cachetools import LRUCache

_CLIENTS: Final = 10_000
_MINUTE: Final = 60.0


class Account:
    """A client's points: so many a minute, which come back bit by bit, and as many at once after a minute of rest."""

    __slots__ = ("_at", "_left", "_monotonic", "_per_minute")

    def __init__(self, per_minute: int, monotonic: Callable[[], float]) -> None:
        self._per_minute = per_minute
        self._monotonic = monotonic
        self._left: float = per_minute
        self._at = monotonic()

    @property
    def left(self) -> int:
        self._refill()
        return max(0, int(self._left))

    @property
    def full_in(self) -> float:
        """Seconds until all of them are back, if nothing is asked."""
        self._refill()
        return (self._per_minute - self._left) * _MINUTE / self._per_minute

    def take(self, points: int) -> float:
        """Seconds after which there are enough if these are too many; else 0, and they are taken.

        An operation that takes more than all is not kept out for good: it is let in when none are taken.
        """
        self._refill()
        wanted = min(points, self._per_minute)
        if self._left < wanted:
            return (wanted - self._left) * _MINUTE / self._per_minute
        self._left -= points
        return 0.0

    def give_back(self, points: int) -> None:
        """What was taken and not used."""
        self._left = min(self._per_minute, self._left + points)

    def _refill(self) -> None:
        now = self._monotonic()
        self._left = min(self._per_minute, self._left + (now - self._at) * self._per_minute / _MINUTE)
        self._at = now


class Points:
    """The accounts of the clients that asked last."""

    def __init__(self, per_minute: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._monotonic = monotonic
        self._accounts: LRUCache[str, Account] = LRUCache(_CLIENTS)

    def account(self, client: str) -> Account:
        found = self._accounts.get(client)
        if found is None:
            found = self._accounts[client] = Account(self._per_minute, self._monotonic)
        return found
