"""An event loop for a machine that others use too: its time is what this process works, and what it sleeps.

A moment in which the processor is another's does not count, and nothing is slept through: where there is nothing to do,
the clock goes on to what is due next. So what is measured is what a machine of one's own would show, in less time.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from typing import Any, ClassVar


class OwnTimeLoop(asyncio.SelectorEventLoop):
    """Its own work in other threads counts too, and nothing is skipped while one is busy for it.

    glance: seconds for which a socket may have something to say before time is skipped.
    """

    glance: ClassVar = 0.0

    def __init__(self) -> None:
        self.ahead = 0.0
        self.in_threads = 0
        super().__init__(_Skipping(self))

    def time(self) -> float:
        return self.ahead + time.process_time()

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:
        coming = super().run_in_executor(executor, func, *args)
        self.in_threads += 1
        coming.add_done_callback(self._back)
        return coming

    def _back(self, _: object) -> None:
        self.in_threads -= 1


class _Skipping(selectors.DefaultSelector):
    def __init__(self, loop: OwnTimeLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None or timeout <= 0 or self._loop.in_threads:
            return super().select(timeout)
        found = super().select(min(timeout, self._loop.glance))
        if not found:
            self._loop.ahead += timeout
        return found
