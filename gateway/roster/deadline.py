"""When an operation must be answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

from adapters.breaker import wanted_by
from gateway.faults import DeadlineExceeded

T = TypeVar("T")

_FOR_THE_REST = 0.1
"""Share of the time that is left which one reading leaves to those that need what it finds: a source that hangs must
not cost the others what is asked for below.
"""

_AT_MOST = 2.0
"""Seconds of that."""


class Deadline:
    """When the operation must be answered, on the event loop's clock."""

    def __init__(self, seconds: float, no_later_than: Deadline | None = None) -> None:
        """no_later_than: one that this one may lower, and not raise."""
        self._seconds = seconds
        self.at = asyncio.get_running_loop().time() + seconds
        self.lowered = no_later_than is not None and self.at < no_later_than.at
        """Whether the client wanted it sooner: a source that is late then has not failed."""
        if no_later_than is not None:
            self.at = min(self.at, no_later_than.at)
        self._within: set[asyncio.Task[Any]] = set()
        self.over = False

    @property
    def left(self) -> float:
        """Seconds."""
        return max(0.0, self.at - asyncio.get_running_loop().time())

    @property
    def half_over(self) -> bool:
        return self.left < self._seconds / 2

    async def within(self, source: str, work: Awaitable[T]) -> T:
        """Waits almost to the deadline; what is begun for it waits for nothing that comes later.

        Raises:
            DeadlineExceeded: the time was up first. What was asked for goes on for those who come later.
        """
        if self.over:
            asyncio.ensure_future(work).cancel()
            raise asyncio.CancelledError
        task = asyncio.current_task()
        assert task is not None
        until = self.at - min(_FOR_THE_REST * self.left, _AT_MOST)
        before = wanted_by.set(until)
        self._within.add(task)
        try:
            async with asyncio.timeout_at(until):
                return await work
        except TimeoutError:
            raise DeadlineExceeded(source, "had not answered when the operation's time was up") from None
        finally:
            self._within.discard(task)
            wanted_by.reset(before)

    def end(self) -> None:
        """The operation is over: cancels whatever still waits for a source on its behalf, in whatever task that is."""
        self.over = True
        for task in self._within:
            task.cancel()
