"""When an operation must be answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from adapters.breaker import wanted_by
from gateway.faults import DeadlineExceeded

T = TypeVar("T")


class Deadline:
    """When the operation must be answered, on the event loop's clock."""

    def __init__(self, seconds: float, no_later_than: Deadline | None = None) -> None:
        """no_later_than: one that this one may lower, and not raise."""
        self.at = asyncio.get_running_loop().time() + seconds
        self.lowered = no_later_than is not None and self.at < no_later_than.at
        """Whether the client wanted it sooner: a source that is late then has not failed."""
        if no_later_than is not None:
            self.at = min(self.at, no_later_than.at)

    @property
    def left(self) -> float:
        """Seconds."""
        return max(0.0, self.at - asyncio.get_running_loop().time())

    async def within(self, source: str, work: Awaitable[T]) -> T:
        """What is begun for it waits for nothing that comes later than that.

        Raises:
            DeadlineExceeded: the time was up first. What was asked for goes on for those who come later.
        """
        before = wanted_by.set(self.at)
        try:
            async with asyncio.timeout_at(self.at):
                return await work
        except TimeoutError:
            raise DeadlineExceeded(source, "had not answered when the operation's time was up") from None
        finally:
            wanted_by.reset(before)
