"""Time for tests: it stands until it is set, or slept through."""

import asyncio
import selectors
import time
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo


class Clock:
    """Seconds since the epoch, as a function; `sleep` in place of asyncio's."""

    def __init__(self, at: str = "2030-01-15 12:00", zone: str = "UTC", *, fold: int = 0) -> None:
        self.set(at, zone, fold=fold)

    def set(self, at: str, zone: str = "UTC", *, fold: int = 0) -> None:
        """at: what a clock on the wall in `zone` shows; fold=1: for the second time."""
        self.now = datetime.fromisoformat(at).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


class Standing:
    """Seconds, as `time.monotonic` has them, that pass where a `JumpingLoop` sleeps through them, and else a millionth
    with each look: what came later is told from what came before.
    """

    def __init__(self) -> None:
        self.now = time.monotonic()
        self._wall = time.time() - self.now

    def __call__(self) -> float:
        self.now += 1e-6
        return self.now

    def wall(self) -> float:
        return self._wall + self()


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop that sleeps through nothing: while it has nothing to do, nor any thread for it, its clock goes to
    what is due next. Else the clock stands: computing takes no time, on a machine of any speed.
    """

    def __init__(self, clock: Standing | None = None) -> None:
        self._standing = clock or Standing()
        self.in_threads = 0
        super().__init__(_Impatient(self))

    def time(self) -> float:
        return self._standing.now

    def jump(self, seconds: float) -> None:
        self._standing.now += seconds

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:
        coming = super().run_in_executor(executor, func, *args)
        self.in_threads += 1
        coming.add_done_callback(self._back)
        return coming

    def _back(self, done: Any) -> None:
        self.in_threads -= 1


class _Impatient(selectors.DefaultSelector):
    def __init__(self, loop: JumpingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None or timeout <= 0 or self._loop.in_threads:
            return super().select(timeout)
        found = super().select(0)
        if not found:
            self._loop.jump(timeout)
        return found
