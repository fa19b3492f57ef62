"""How often a source is asked, when, and how many at once; the same for a host that many sources share.

A request takes its places in this order, and gives them back when it has its answer or is given up:

    1. the source's door        one request at a time goes through the following
    2. a place at the source    as many as it bears at this hour
    3. the minute's turn
    4. a place at the host
    5. the host's minute's turn
    6. a place in the process

Every line is first come, first served. Who waits holds places of earlier lines only, and who holds a place waits for
none of an earlier line: there is no circle to wait in. Since a source waits at its host with one request at a time, one
with five hundred to ask is not ahead of one with a single one.

What will not pass soon is not waited for: in quiet hours, and when the day's requests are spent, a request is refused
with the time to come back. Token requests are no requests of the day or the minute: most of them go to another server,
and without them none of the others could be sent. In quiet hours they are refused as well.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from adapters import hours
from adapters.errors import Overloaded
from adapters.hosts import Clock, Hosts, Minute, Sleep
from adapters.spec import SourceSpec

MAX_CONCURRENCY = 8
"""Requests at once to any source."""

STAGGER = 5.0
"""Seconds, at most, by which background work begins later, so that a thousand sources do not begin together."""


class Days:
    """How many requests were sent to each source on its own date. One for all sources of a process."""

    def __init__(self) -> None:
        self._sent: dict[str, tuple[date, int]] = {}

    def sent(self, source: str, today: date) -> int:
        day, sent = self._sent.get(source, (today, 0))
        return sent if day == today else 0

    def add(self, source: str, today: date) -> None:
        self._sent[source] = today, self.sent(source, today) + 1


@dataclass(slots=True, eq=False)
class Turn:
    """One request that may be sent. begun: when it might first be. sent: how often it was."""

    token: bool
    begun: float
    sent: int = 0


@dataclass(slots=True)
class Bound:
    """How many requests at once a source bears: half as many where it shows that these were too many, one more for
    every so many that it answered (additive increase, multiplicative decrease).
    """

    most: int
    allowed: int
    _answered: int = 0
    _cut: float = float("-inf")

    def borne(self) -> None:
        self._answered += 1
        if self._answered >= self.allowed:
            self._answered = 0
            self.allowed = min(self.most, self.allowed + 1)

    def too_many(self, begun: float, now: float) -> None:
        """begun: when the request that shows it was; those that were on their way at the last cut show nothing new."""
        if begun > self._cut:
            self.allowed, self._answered, self._cut = max(1, self.allowed // 2), 0, now


class Pacer:
    """One source's places, hours and counts. hosts, days: shared with the other sources of the process."""

    def __init__(
        self,
        spec: SourceSpec,
        hosts: Hosts | None = None,
        days: Days | None = None,
        *,
        wall: Clock = time.time,
        monotonic: Clock = time.monotonic,
        sleep: Sleep = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._source = spec.key
        self._pace = spec.dialect.pace
        self._zone = ZoneInfo(spec.timezone)
        self._most = max(1, min(MAX_CONCURRENCY, spec.dialect.capabilities.max_concurrency, spec.max_concurrency))
        self._bound = Bound(self._most, self._most)
        self._monotonic = monotonic
        self._host = urlsplit(spec.base_url).netloc.lower()
        self._hosts = hosts or Hosts(sleep=sleep, monotonic=monotonic)
        self._hosts.limit(self._host, self._pace.requests_per_minute_per_host)
        self._days = days or Days()
        self._wall = wall
        self._sleep = sleep
        self._chance = chance
        self._minute = Minute(self._pace.requests_per_minute, monotonic)
        self._door = asyncio.Lock()
        self._freed = asyncio.Event()
        self._in_flight = 0
        self._about_to_be_sent = 0

    @property
    def most(self) -> int:
        """Requests at once, whatever the hour."""
        return self._most

    def at_once(self) -> int:
        """Requests at once at this hour, as far as it bears them."""
        if hours.holds(self._pace.peak, self._zone, self._wall()):
            return min(self._bound.allowed, self._pace.peak_concurrency)
        return self._bound.allowed

    def left_today(self) -> int | None:
        """Requests that may still be sent on this date of the source's; None where they are not limited."""
        if self._pace.requests_per_day is None:
            return None
        sent = self._days.sent(self._source, hours.today(self._zone, self._wall()))
        return max(0, self._pace.requests_per_day - sent - self._about_to_be_sent)

    async def stagger(self, at_most: float = STAGGER) -> None:
        """To be called before work that nobody waits for: it begins later, by a time left to chance."""
        await self._sleep(self._chance() * min(STAGGER, at_most))

    @asynccontextmanager
    async def turn(self, *, token: bool = False) -> AsyncIterator[Turn]:
        """Waits until a request may be sent, and holds its places while the block runs. token: one for a token.

        Raises:
            Overloaded: quiet hours, or none is left today; `retry_after` is when that is over.
        """
        self._refuse_now(another=not token)
        async with AsyncExitStack() as places:
            async with self._door:
                # What is in flight ends by itself, so a change of the hour is noticed without an alarm.
                while self._in_flight >= self.at_once():
                    self._freed.clear()
                    await self._freed.wait()
                if not token:
                    await self._minute.wait(self._sleep)
                await places.enter_async_context(self._hosts.place(self._host, token))
                self._refuse_now(another=not token)
                turn = Turn(token, self._monotonic())
                self._take(turn)
                places.callback(self._give_back, turn)
            yield turn

    def sends(self, turn: Turn) -> None:
        """To be called when the request of a turn leaves: once, and again if it is repeated with a new token.

        Raises:
            Overloaded: it must not leave any more.
        """
        self._refuse_now(another=turn.sent > 0)  # the first time it was counted when it took its turn
        if turn.sent:
            self._minute.take()
            self._hosts.take(self._host)
        else:
            self._about_to_be_sent -= 1
        turn.sent += 1
        if self._pace.requests_per_day is not None:
            self._days.add(self._source, hours.today(self._zone, self._wall()))

    def borne(self) -> None:
        """A request was answered."""
        self._bound.borne()
        self._freed.set()

    def too_many(self, turn: Turn) -> None:
        """The answer to this request, or that there was none in time, shows that it was one too many."""
        self._bound.too_many(turn.begun, self._monotonic())

    def _take(self, turn: Turn) -> None:
        self._in_flight += 1
        if not turn.token:
            self._minute.take()
            self._about_to_be_sent += 1

    def _give_back(self, turn: Turn) -> None:
        self._in_flight -= 1
        if not turn.token and not turn.sent:
            self._about_to_be_sent -= 1
        self._freed.set()

    def _refuse_now(self, *, another: bool) -> None:
        """another: it would be one more of the day's."""
        now = self._wall()
        opens = hours.over(self._pace.quiet, self._zone, now)
        if opens > now:
            raise self._not_now("it is not asked in its quiet hours", now, opens)
        if another and self.left_today() == 0:
            opens = hours.over(self._pace.quiet, self._zone, hours.next_day(self._zone, now))
            raise self._not_now(f"its {self._pace.requests_per_day} requests of the day are spent", now, opens)

    def _not_now(self, why: str, now: float, opens: float) -> Overloaded:
        then = datetime.fromtimestamp(opens, self._zone)
        return Overloaded(
            self._source,
            f"{why}; nothing was sent, and it can be asked again from {then:%Y-%m-%d %H:%M} ({self._zone.key})",
            retry_after=math.ceil(opens - now),
        )
