"""One flight per identical need: whoever asks for what is already on its way waits for that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class Flights:
    """Shared work in progress, by need. A waiter that is cancelled does not cancel it."""

    def __init__(self) -> None:
        self._aloft: dict[Hashable, asyncio.Task[Any]] = {}

    async def share(self, need: Hashable, start: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return await asyncio.shield(self.start(need, start))

    def start(self, need: Hashable, start: Callable[[], Coroutine[Any, Any, T]]) -> asyncio.Task[T]:
        """The flight for `need`, which goes on whether or not anybody waits for it."""
        task: asyncio.Task[T] | None = self._aloft.get(need)
        if task is None:
            task = self._aloft[need] = asyncio.create_task(start())
            task.add_done_callback(lambda done: self._land(need, done))
        return task

    def _land(self, need: Hashable, task: asyncio.Task[Any]) -> None:
        del self._aloft[need]
        if not task.cancelled():
            task.exception()  # seen here, so that a flight nobody waits for any more does not warn

    async def close(self) -> None:
        tasks = list(self._aloft.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
