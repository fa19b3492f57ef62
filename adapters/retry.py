"""How often one record or page is tried. The only place where anything is sent again because it failed."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import ceil
from typing import TypeVar

from adapters.breaker import is_fault, patience
from adapters.errors import Overloaded, SourceError, Throttled

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """attempts: in all. after_fault, after_throttling: seconds of the first pause, at most; each is twice as long as
    the last, up to `longest`, and a part of it that is left to chance is waited (full jitter).

    share: of the calls within `window` seconds, may be made again; `at_least` may always.
    """

    attempts: int = 3
    after_fault: float = 0.05
    after_throttling: float = 1.0
    longest: float = 5.0
    share: float = 0.1
    at_least: int = 3
    window: float = 120.0


class Retrier:
    """One source's."""

    def __init__(
        self,
        limits: Retries,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._limits = limits
        self._monotonic = monotonic
        self._sleep = sleep
        self._chance = chance
        self._calls: deque[float] = deque()
        self._retried: deque[float] = deque()
        self.retries = 0

    async def run(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """What an attempt returns; the error of the last that was made, if none succeeds.

        Raises:
            SourceError: it is not worth another attempt, would come too late, or too much is retried already.
        """
        self._calls.append(self._monotonic())
        failed: SourceError | None = None
        made = 0
        while True:
            made += 1
            try:
                return await attempt()
            except Overloaded as turned_away:
                raise failed or turned_away from None  # that it was not asked again is not what went wrong
            except SourceError as error:
                pause = self._pause(made, error)
                last = made >= self._limits.attempts or not _worth_it(error)
                if last or pause >= patience(self._monotonic()) or not self.left:
                    raise
                failed = error
            self._retried.append(self._monotonic())
            self.retries += 1
            await self._sleep(pause)

    def _pause(self, number: int, error: SourceError) -> float:
        first = self._limits.after_throttling if isinstance(error, Throttled) else self._limits.after_fault
        jittered = self._chance() * min(self._limits.longest, first * 2.0 ** (number - 1))
        return max(jittered, error.retry_after or 0.0)

    @property
    def left(self) -> int:
        """How many may be made again just now: a source that fails for many is not asked by all of them three times."""
        since = self._monotonic() - self._limits.window
        for times in (self._calls, self._retried):
            while times and times[0] <= since:
                times.popleft()
        return max(0, ceil(max(self._limits.at_least, self._limits.share * len(self._calls))) - len(self._retried))


def _worth_it(error: SourceError) -> bool:
    return is_fault(error) or isinstance(error, Throttled)
