"""One source as it is asked: one flight per identical need, what it showed of itself, how it stands."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Hashable, Mapping
from typing import Any, TypeVar

from adapters.client import SourceClient
from adapters.endpoints import Collection
from gateway.faults import Unproved
from gateway.roster.flights import Flights
from gateway.roster.health import Health
from gateway.roster.learned import Learned
from gateway.roster.line import Line
from gateway.roster.needs import Need, Plan
from gateway.roster.planner import plan
from gateway.roster.tables import Table

T = TypeVar("T")


class Upstream:
    """A source's client, and what is known of the source from asking it."""

    def __init__(self, client: SourceClient, tables: Mapping[Collection, Table], max_operations: int) -> None:
        self.client = client
        self.tables = tables
        self.learned = Learned(client.dialect, client.pacer)
        self.flights = Flights(client.spec.key, self.learned.flown, Line(client.spec.key, max_operations))
        self.health = Health()
        self._overheads: dict[Collection, int] = {}

    def plan(self, need: Need) -> Plan:
        known = self.learned.known(need, self.tables)
        overhead = self._overheads.get(need.collection)
        if overhead is None:
            overhead = self._overheads[need.collection] = self.client.url_overhead(need.collection)
        return plan(need, known, self.client.dialect, overhead)

    async def share(self, need: Hashable, ask: Callable[[], Coroutine[Any, Any, T]], *, outlasts: bool = False) -> T:
        """outlasts: it goes on even when nobody wants it any more."""
        return await self.flights.share(need, lambda: self.health.watch(ask()), outlasts=outlasts)

    def unknown(self, reason: str) -> Unproved:
        """What did not come may be there all the same."""
        return Unproved(self.client.spec.key, reason)
