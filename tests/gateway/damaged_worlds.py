"""Worlds in which something is wrong: the same for all that read them, record by record, key by key.

Records are damaged as they are decoded; keys fail, or are short, where the loaders ask for them; sources fail on the
wire.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import httpx2

from adapters.client import SourceClient
from adapters.endpoints import Collection
from adapters.fetching import Fetcher
from adapters.lowering import Route
from adapters.normalise import NormalisedPage
from adapters.records import Record
from adapters.scanning import Fetched
from adapters.spec import SourceSpec
from gateway.config import SourceSettings
from gateway.roster.source import Answer, Source
from gateway.sandbox.server import Server
from tests.gateway.damage import Damage
from tests.gateway.support import World


class DamagingFetcher(Fetcher):
    """Reads records that no decoder makes. They are tested, and counted, as they are read: what the source itself says
    of how many there are in a list with a condition is not heard, for it counts what it sent.
    """

    damage = Damage("")

    async def page(self, route: Route, *rest: Any, **named: Any) -> Fetched:
        found = await super().page(route, *rest, **named)
        if route.asked is None or not self.damage.records:
            return found
        seen = replace(found.came.seen, total=None)
        return replace(found, page=replace(found.page, total=None), came=replace(found.came, seen=seen))

    async def _normalised(self, route: Route, body: bytes) -> NormalisedPage:
        found = await super()._normalised(route, body)
        return replace(found, records=self.damage.done_to(found.records))


class DamagingClient(SourceClient):
    """A client that hands out records which are not as the decoder makes them."""

    def __init__(self, spec: SourceSpec, transport: httpx2.AsyncBaseTransport, damage: Damage) -> None:
        super().__init__(spec, transport)
        self._damage = damage
        self._fetcher = DamagingFetcher(spec, self._bases, self._exchange, self._normaliser, self._refusal, self._wall)
        self._fetcher.damage = damage

    async def _read(self, *what: Any) -> Record | None:
        found = await super()._read(*what)
        return None if found is None else self._damage.record(found)


TOO_LATE = 100.0
"""Seconds until a request is given up that nobody answers; operations have less."""


class FailingTransport(httpx2.AsyncBaseTransport):
    """faults: for collections, by the last word of the path but ids, what becomes of requests; "" for all."""

    def __init__(self, app: Any, faults: Mapping[str, str]) -> None:
        self._to_app = httpx2.ASGITransport(app)
        self._faults = faults

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":  # for a token
            return await self._to_app.handle_async_request(request)
        words = request.url.path.split("/")
        fault = self._faults.get("") or next((f for word, f in self._faults.items() if word in words[-3:]), None)
        match fault:
            case None:
                return await self._to_app.handle_async_request(request)
            case "unreachable":
                raise httpx2.ConnectError("of ours", request=request)
            case "late":
                raise httpx2.ReadTimeout("of ours", request=request)
            case "too late":
                await asyncio.sleep(TOO_LATE)
                raise httpx2.ReadTimeout("of ours", request=request)
        return httpx2.Response(int(fault or 0), request=request, stream=httpx2.ByteStream(b""))


def fail_keys(source: Source, damage: Damage) -> None:
    """Of what is asked of `source`, some keys fail; so nothing of it can be had without asking."""
    ask = source.ask

    async def asked(collection: Collection, *rest: Any, **named: Any) -> Answer[Any]:
        answer = await ask(collection, *rest, **named)
        if not isinstance(answer.found, dict):
            return answer
        told = {key: damage.answer(source.key, collection, key, each) for key, each in answer.found.items()}
        return Answer(told, answer.standing, answer.lacks)

    source.ask = asked  # type: ignore[method-assign]
    source.in_hand = lambda collection, terms: None  # type: ignore[method-assign]
    source.parts_in_hand = lambda collection, terms: None  # type: ignore[method-assign]


@dataclass
class DamagedWorld(World):
    """faults: by source, as `FailingTransport` takes them."""

    damage: Damage = field(default_factory=lambda: Damage(""))
    faults: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.damage.keys:
            for source in self.sources:
                fail_keys(source, self.damage)

    def connect(self, settings: SourceSettings) -> SourceClient:
        app = self.servers[settings.key].app
        return DamagingClient(settings.spec, FailingTransport(app, self.faults.get(settings.key, {})), self.damage)

    def requests(self, key: str) -> int:
        """Requests that this world has sent, whoever else asks the same servers."""
        return next(source.traffic.requests for source in self.sources if source.key == key)


def lose_targets(server: Server, random: Random) -> None:
    """Of courses and sessions some are gone: references to them name nothing."""
    for rows in (server.district.courses, server.district.sessions):
        rows[:] = [row for row in rows if random.random() < 0.6] or rows[:1]
