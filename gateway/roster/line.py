"""The operations that one source works for: so many, and no more."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextvars import ContextVar
from typing import Any

from adapters.errors import Overloaded
from gateway.config.settings import MAX_OPERATIONS

operation: ContextVar[object | None] = ContextVar("operation", default=None)
"""On whose behalf the running task reads; None: on nobody's, but the gateway's own."""

_SOON = 1.0
"""Seconds after which it is worth trying again."""


class Line:
    """Bounds how much may pile up at a source that is slow: an operation that comes when it is full is refused at once,
    and has the time that it would have waited in vain.

    most: operations, each however much it asks for, from when it begins the first of that to when the last is over.
    """

    def __init__(self, source: str = "", most: int = MAX_OPERATIONS) -> None:
        self._source = source
        self._most = most
        self._begun: Counter[object] = Counter()
        self.turned_away = 0
        """Operations that were refused what they came for."""

    def __len__(self) -> int:
        return len(self._begun)

    def check(self) -> None:
        """To be called before the running operation begins something.

        Raises:
            Overloaded: enough others have.
        """
        own = operation.get()
        if own is not None and own not in self._begun and len(self._begun) >= self._most:
            self.turned_away += 1
            message = f"not asked: {self._most} operations wait for it already"
            raise Overloaded(self._source, message, retry_after=_SOON)

    def joins(self, task: asyncio.Task[Any]) -> None:
        """The running operation began that."""
        own = operation.get()
        if own is not None:
            self._begun[own] += 1
            task.add_done_callback(lambda _: self._leaves(own))

    def _leaves(self, own: object) -> None:
        self._begun[own] -= 1
        if not self._begun[own]:
            del self._begun[own]
