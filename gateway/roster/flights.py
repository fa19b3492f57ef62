"""One flight per identical need: whoever asks for what is already on its way waits for that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from gateway.roster import explain
from gateway.roster.explain import Account

T = TypeVar("T")


class Flights:
    """Shared work in progress at one source, by need. A waiter that is cancelled does not cancel it.

    landed: told of each flight's account.
    """

    def __init__(self, source: str = "", landed: Callable[[Account], None] = lambda account: None) -> None:
        self._source = source
        self._landed = landed
        self._aloft: dict[Hashable, asyncio.Task[Any]] = {}
        self._accounts: WeakKeyDictionary[asyncio.Task[Any], Account] = WeakKeyDictionary()

    async def share(self, need: Hashable, start: Callable[[], Coroutine[Any, Any, T]]) -> T:
        task = self.start(need, start)
        account = self._accounts[task]
        try:
            return await asyncio.shield(task)
        finally:
            explain.settled(account)

    def start(self, need: Hashable, start: Callable[[], Coroutine[Any, Any, T]]) -> asyncio.Task[T]:
        """The flight for `need`, which goes on whether or not anybody waits for it."""
        task: asyncio.Task[T] | None = self._aloft.get(need)
        if task is None:
            account = Account(self._source, explain.describe(need))
            task = self._aloft[need] = asyncio.create_task(account.run(start))
            self._accounts[task] = account
            task.add_done_callback(lambda done: self._land(need, done))
        return task

    def __contains__(self, need: Hashable) -> bool:
        return need in self._aloft

    def _land(self, need: Hashable, task: asyncio.Task[Any]) -> None:
        del self._aloft[need]
        self._landed(self._accounts[task])
        if not task.cancelled():
            task.exception()  # seen here, so that a flight nobody waits for any more does not warn

    async def close(self) -> None:
        tasks = list(self._aloft.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
