"""Whether a source may be asked at all: not while it asked to be left alone, and not while it fails.

    closed ── faults in a row, or too large a share of the latest ──▶ open
    open ── its time is over ──▶ one call is let through, to see
         that call is answered ──▶ closed
         that call fails ──▶ open, for longer than the last time

Every request passes here when it has its turn, so that what waited in line while a source went down is not sent.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from adapters.errors import Failing, Overloaded, SourceError, Throttled, TlsFailed, Truncated, Unreachable

PATIENCE = 30.0
"""Seconds that work waits, which nobody wants by a certain time."""

wanted_by: ContextVar[float | None] = ContextVar("wanted_by", default=None)
"""When what the running task asks for is wanted, on the monotonic clock: nothing waits longer than that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerLimits:
    """When a source is left alone: after `faults` in a row, or when of `calls` or more within `window` seconds the
    share `share` failed; for `open_for` seconds, and that much longer each time, up to `longest`.
    """

    faults: int = 5
    share: float = 0.5
    calls: int = 20
    window: float = 60.0
    open_for: float = 30.0
    longest: float = 300.0


def patience(now: float) -> float:
    """Seconds that the running task may wait."""
    by = wanted_by.get()
    return PATIENCE if by is None else max(0.0, by - now)


def is_fault(error: BaseException) -> bool:
    """Whether it tells that a source is down or drowning: it was asked, and there was no whole answer.

    A refused certificate is not: trying that costs the source nothing, and tells its operator what is wrong.
    """
    return isinstance(error, Unreachable | Failing | Truncated) and not isinstance(error, TlsFailed)


class Breaker:
    """One source's."""

    def __init__(
        self,
        source: str,
        limits: BreakerLimits,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._source = source
        self._limits = limits
        self._monotonic = monotonic
        self._sleep = sleep
        self._latest: deque[tuple[float, bool]] = deque()
        self._in_a_row = 0
        self._times_open = 0
        self._open_until: float | None = None
        self._trying = False
        self._left_alone_until = 0.0
        self._last = ""
        self.turned_away = 0
        """Requests that were not let through."""

    @property
    def open(self) -> bool:
        """Whether it lets nothing through but one call, at most, that tries whether the source is back."""
        return self._open_until is not None

    @property
    def passable(self) -> bool:
        """Whether a call may be made now."""
        now = self._monotonic()
        return now >= self._left_alone_until and (
            self._open_until is None or (now >= self._open_until and not self._trying)
        )

    async def passed(self) -> None:
        """Waits for the time that the source asked for, if it passes soon enough.

        Raises:
            Throttled: it does not.
            Overloaded: the source failed too often a moment ago.
        """
        while not self.passable:
            now = self._monotonic()
            if self._open_until is not None:
                self.turned_away += 1
                left = max(self._open_until - now, 1.0 if self._trying else 0.0)
                raise Overloaded(
                    self._source,
                    f"not asked: it failed too often just now ({self._last}); it is tried again in {math.ceil(left)} s",
                    retry_after=left,
                )
            left = self._left_alone_until - now
            if left > patience(now):
                self.turned_away += 1
                raise Throttled(
                    self._source, f"not asked: it wants to be left alone for {math.ceil(left)} s", retry_after=left
                )
            await self._sleep(left)

    @contextmanager
    def call(self) -> Iterator[None]:
        """One request, and what becomes of it. To be entered only while `passable`."""
        tries, self._trying = self.open, self.open or self._trying
        try:
            yield
        except SourceError as error:
            self._told(error, tries)
            raise
        else:
            self._answered(tries)
        finally:
            if tries:
                self._trying = False

    def refused(self, retry_after: float | None) -> None:
        """The source answered that it is asked too often. It is not asked again before the time it said."""
        if retry_after is not None:
            self._left_alone_until = max(self._left_alone_until, self._monotonic() + retry_after)

    def _told(self, error: SourceError, tries: bool) -> None:
        if isinstance(error, Throttled):
            self.refused(error.retry_after)
        if not is_fault(error):
            if not isinstance(error, Throttled | Overloaded):
                self._answered(tries)
            return
        self._last = error.message
        self._in_a_row += 1
        now = self._note(failed=True)
        if tries or (self._open_until is None and self._too_many()):
            self._times_open += 1
            self._open_until = now + min(self._limits.open_for * self._times_open, self._limits.longest)

    def _answered(self, tries: bool) -> None:
        self._in_a_row = 0
        self._note(failed=False)
        if tries:
            self._open_until, self._times_open = None, 0
            self._latest.clear()

    def _note(self, *, failed: bool) -> float:
        now = self._monotonic()
        self._latest.append((now, failed))
        while self._latest[0][0] <= now - self._limits.window:
            self._latest.popleft()
        return now

    def _too_many(self) -> bool:
        failed = sum(fault for _, fault in self._latest)
        return self._in_a_row >= self._limits.faults or (
            len(self._latest) >= self._limits.calls and failed >= self._limits.share * len(self._latest)
        )
