"""One flight per identical need: whoever asks for what is already on its way waits for that."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from adapters.breaker import patience
from gateway.roster import explain
from gateway.roster.explain import Account
from gateway.roster.line import Line, operation

T = TypeVar("T")

_RESOLUTION = 0.001
"""Seconds by which a timer of the event loop may be early."""


class Flights:
    """Shared work in progress at one source, by need. It ends with the last operation that wanted it; one whose time
    was up before leaves it to those who come later.

    landed: told of each flight's account. line: the operations that began them.
    """

    def __init__(
        self, source: str = "", landed: Callable[[Account], None] = lambda account: None, line: Line | None = None
    ) -> None:
        self._source = source
        self.line = Line(source) if line is None else line
        self.begun = self.joined = 0
        """Needs for which the source was asked, and times that somebody joined in one that was under way."""
        self._landed = landed
        self._aloft: dict[Hashable, asyncio.Task[Any]] = {}
        self._accounts: WeakKeyDictionary[asyncio.Task[Any], Account] = WeakKeyDictionary()
        self._waiting: Counter[asyncio.Task[Any]] = Counter()
        self._ending: set[asyncio.Task[Any]] = set()

    async def share(self, need: Hashable, start: Callable[[], Coroutine[Any, Any, T]], *, outlasts: bool = False) -> T:
        """outlasts: it goes on even when nobody wants it any more.

        Raises:
            Overloaded: it would have to be begun, and too many operations have begun something.
        """
        task = self._aloft.get(need)
        if task is None:
            self.line.check()
            task = self.start(need, start)
            self.line.joins(task)
        else:
            self.joined += 1
        account = self._accounts[task]
        self._waiting[task] += 1
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if self._waiting[task] == 1 and not (outlasts or task.done() or _time_was_up()):
                self._drop(need, task)
            raise
        finally:
            self._waiting[task] -= 1
            if not self._waiting[task]:
                del self._waiting[task]
            explain.settled(account)

    def start(self, need: Hashable, start: Callable[[], Coroutine[Any, Any, T]]) -> asyncio.Task[T]:
        """The flight for `need`, which goes on whether or not anybody waits for it."""
        task: asyncio.Task[T] | None = self._aloft.get(need)
        if task is None:
            self.begun += 1
            account = Account(self._source, explain.describe(need))
            task = self._aloft[need] = asyncio.create_task(_for_all(account, start))
            self._accounts[task] = account
            task.add_done_callback(lambda done: self._land(need, done))
        return task

    def part(self) -> None:
        """Nobody joins in what is under way any more; who waits for it has it."""
        self._ending.update(self._aloft.values())
        self._aloft.clear()

    def __contains__(self, need: Hashable) -> bool:
        return need in self._aloft

    def _drop(self, need: Hashable, task: asyncio.Task[Any]) -> None:
        """Ends a flight. Who wants the same from now on begins another."""
        if self._aloft.get(need) is task:
            del self._aloft[need]
        self._ending.add(task)
        task.cancel()

    def _land(self, need: Hashable, task: asyncio.Task[Any]) -> None:
        self._ending.discard(task)
        if self._aloft.get(need) is task:
            del self._aloft[need]
        self._landed(self._accounts[task])
        if not task.cancelled():
            task.exception()  # seen here, so that a flight nobody waits for any more does not warn

    async def close(self) -> None:
        tasks = [*self._aloft.values(), *self._ending]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _time_was_up() -> bool:
    """Whether the running task was cancelled by its operation's deadline: the operation is not gone then."""
    return patience(asyncio.get_running_loop().time()) <= _RESOLUTION


async def _for_all(account: Account, start: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """What a flight begins is on nobody's behalf: whoever began the flight is counted, and others may want it."""
    operation.set(None)
    return await account.run(start)
