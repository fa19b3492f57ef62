"""How many requests go to one host at once and in a minute, whichever of its sources they are for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]

_MINUTE = 60.0
_BLINK = 1e-6


class Minute:
    """A minute's turns: half of them at once, the others evenly; never more than so many in any sixty seconds."""

    def __init__(self, most: int | None, monotonic: Clock) -> None:
        self.most = most
        at_once = (most + 1) // 2 if most else 1
        self._apart = _MINUTE / (most - at_once + 1) if most else 0.0
        self._slack = (at_once - 1) * self._apart
        self._monotonic = monotonic
        self._next = 0.0
        """When the next would come if all came evenly."""

    async def wait(self, sleep: Sleep) -> None:
        while self._apart and (left := self._next - self._slack - self._monotonic()) > _BLINK:
            await sleep(left)

    def take(self) -> None:
        self._next = max(self._next, self._monotonic()) + self._apart


@dataclass(slots=True)
class _Host:
    places: asyncio.Semaphore
    minute: Minute
    line: asyncio.Lock = field(default_factory=asyncio.Lock)


class Hosts:
    """How many requests a process has in flight, in all and to each host; and how many a host is sent in a minute.

    One for all sources of a process.
    """

    def __init__(
        self,
        per_host: int = 20,
        in_all: int = 100,
        *,
        monotonic: Clock = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._per_host = per_host
        self._monotonic = monotonic
        self._sleep = sleep
        self._by_name: dict[str, _Host] = {}
        self._all = asyncio.Semaphore(in_all)

    def limit(self, host: str, per_minute: int | None) -> None:
        """No more than so many a minute; where sources of one host say differently, the fewest."""
        known = self._host(host)
        if per_minute is not None and (known.minute.most is None or per_minute < known.minute.most):
            known.minute = Minute(per_minute, self._monotonic)

    @asynccontextmanager
    async def place(self, host: str, token: bool = False) -> AsyncIterator[None]:
        """A place at the host, its minute's turn unless it is for a token, then a place in the process."""
        known = self._host(host)
        async with AsyncExitStack() as places:
            await places.enter_async_context(known.places)
            if token or known.minute.most is None:
                await places.enter_async_context(self._all)
            else:
                async with known.line:
                    await known.minute.wait(self._sleep)
                    await places.enter_async_context(self._all)
                    known.minute.take()
            yield

    def take(self, host: str) -> None:
        """One more of the minute, without a wait: a request that is repeated in its place."""
        self._host(host).minute.take()

    def _host(self, name: str) -> _Host:
        known = self._by_name.get(name)
        if known is None:
            known = self._by_name[name] = _Host(asyncio.Semaphore(self._per_host), Minute(None, self._monotonic))
        return known
