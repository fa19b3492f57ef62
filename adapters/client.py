"""SourceClient: asks one source for one record, one page, or a whole scan.

Puts together what the pure modules decide; `adapters.exchange` sends. One record or one page is what is tried again
(`adapters.retry`).
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
import weakref
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

import httpx2

from adapters import endpoints, lowering
from adapters.addresses import base_urls, request_path
from adapters.answers import Answer, refusal, says_no_such_record
from adapters.auth import OAuth1Flow, OAuth2Flow, authenticators
from adapters.breaker import Breaker
from adapters.caching import Earlier
from adapters.dialect import Capabilities, Dialect, Service
from adapters.endpoints import Collection, Endpoint
from adapters.errors import Mismatched, PagingBroken, SourceError, Unsupported
from adapters.exchange import Exchange
from adapters.fetching import MAX_LIMIT, Fetcher, start
from adapters.lowering import Route
from adapters.normalise import Normaliser
from adapters.pacing import Pacer
from adapters.paging import PageSeen, next_offset
from adapters.predicate import AnyOf, Predicate, equals, every, texts
from adapters.records import Record
from adapters.retry import Retrier
from adapters.scanning import NOTHING, Fetched, Page, PageRequest, Progress, Scan, Scanned, joined
from adapters.spec import Credentials, SourceSpec
from adapters.traffic import Traffic
from adapters.transport import OnRequest

__all__ = ["OnLost", "OnPage", "Page", "PageRequest", "Progress", "Scanned", "SourceClient"]

_log = logging.getLogger(__name__)

_LOOKUP_LIMIT = 100

OnLost: TypeAlias = Callable[[frozenset[Service], frozenset[str]], None]
OnPage: TypeAlias = Callable[[Progress, Page], bool | None]
"""Told after every page of a scan, of what that page brought for the first time; False leaves the scan there."""


class SourceClient:
    """One source. Safe to share between any number of tasks of one event loop.

    transport: in place of the network, for tests. on_request: told of every request, token requests included.
    pacer: how often it is asked; by default as its spec says, with no regard to other sources of the same host.

    Raises:
        Misconfigured: an address or a credential that cannot work.
    """

    def __init__(
        self,
        spec: SourceSpec,
        transport: httpx2.AsyncBaseTransport | None = None,
        *,
        on_request: OnRequest | None = None,
        pacer: Pacer | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._spec = spec
        self._bases = base_urls(
            spec.dialect, spec.base_url, spec.service_urls, source=spec.key, allow_http=spec.allow_http
        )
        self._flows = partial(authenticators, monotonic=monotonic, wall=wall, sleep=sleep)
        self._auth = self._proving(spec)
        self.lost: OnLost = lambda services, scopes: None
        """Told, of each token that comes, which scopes it lacks, and of which services it is."""
        self._wall = wall
        self.pacer = pacer or Pacer(spec, wall=wall, monotonic=monotonic)
        self.breaker = Breaker(spec.key, spec.breaker, monotonic=monotonic, sleep=sleep)
        self.retrier = Retrier(spec.retries, monotonic=monotonic, sleep=sleep, chance=chance)
        self._exchange = Exchange(spec, self._auth, self.pacer, self.breaker, wall, transport, on_request)
        self._normaliser = Normaliser(spec.key, spec.dialect)
        self._scanned = self._pages = 0
        self._any_offset = spec.dialect.capabilities.any_offset
        self._fetcher = Fetcher(spec, self._bases, self._exchange, self._normaliser, self._refusal, wall)

    @property
    def spec(self) -> SourceSpec:
        return self._spec

    @property
    def dialect(self) -> Dialect:
        return self._spec.dialect

    @property
    def capabilities(self) -> Capabilities:
        return self._spec.dialect.capabilities

    @property
    def requests(self) -> int:
        """How many were sent, token requests included."""
        return self._exchange.requests

    @property
    def traffic(self) -> Traffic:
        """What went to the source, and what became of it, until now."""
        tally, mislabelled = self._exchange.tally, self._fetcher.mislabelled
        return Traffic(
            self.requests,
            self.retrier.retries,
            tally.in_flight,
            self.breaker.open,
            mislabelled,
            tally.outcomes,
            self.retrier.left,
            self.breaker.turned_away,
            self._scanned,
            self._pages,
            tally.seconds,
            tally.within,
        )

    @property
    def any_offset(self) -> bool:
        """Whether its pages may begin at any record, as far as is known."""
        return self._any_offset

    def url_overhead(self, collection: Collection) -> int:
        """Bytes of a page request's URL before the filter's text, as `lowering.batches` takes it."""
        request = PageRequest(collection.value)
        return len(self._fetcher.url(self._route(request), MAX_LIMIT, self._spec.max_records)) + len("&filter=")

    def renew(self, credentials: Credentials) -> None:
        """From now on it is asked with these; what is on its way is not.

        Raises:
            Misconfigured: they cannot work; those that there are stay.
        """
        spec = replace(self._spec, credentials=credentials)
        self._auth = self._exchange.auth = self._proving(spec)
        self._spec = spec

    def _proving(self, spec: SourceSpec) -> Mapping[Service, httpx2.Auth]:
        """The flow of each service; those with tokens tell what these lack."""
        auth = self._flows(spec)
        for flow in set(auth.values()):
            if isinstance(flow, OAuth2Flow):
                services = frozenset(service for service, own in auth.items() if own is flow)
                flow.told = lambda scopes, services=services: self.lost(services, scopes)  # type: ignore[misc]
        return auth

    async def aclose(self) -> None:
        await self._exchange.aclose()

    async def check_token(self) -> tuple[str, ...]:
        """Asks for a new token, whether one is held or not; () for sources without tokens.

        Returns:
            The scopes that were asked for and not granted.

        Raises:
            SourceError: no token is to be had.
        """
        flow = self._auth[Service.ROSTERING]
        if not isinstance(flow, OAuth2Flow):
            return ()
        return flow.take(await self._exchange.post_token(flow.ask())).lost

    async def read(self, collection: Collection, sourced_id: str) -> Record | None:
        """One record; None if the source says that it has none of that id.

        Raises:
            Unsupported: neither a route for one record nor a filter by id; a scan would tell.
            Mismatched: another record came.
            SourceError: it is not known whether there is one.
        """
        if not sourced_id:
            return None
        name = endpoints.single(collection).name
        native = lowering.served(self.dialect, name)
        if native is None:
            return await self._look_up(collection, name, sourced_id)
        url = self._bases[native.service] + request_path(native, (sourced_id,))
        return await self.retrier.run(lambda: self._read(native, name, url, sourced_id))

    async def _read(self, native: Endpoint, name: str, url: str, sourced_id: str) -> Record | None:
        answer = await self._exchange.get(name, url, service=native.service)
        if answer.status_code == 204 or says_no_such_record(start(answer)):
            return None
        if not answer.is_success:
            raise self._refusal(name, start(answer), False)
        record = self._normaliser.one(native.entity, answer.content)
        if record.sourced_id != sourced_id and sourced_id not in getattr(record, "former_sourced_ids", ()):
            _log.warning("security: %s answers %s with another record than the one asked for", self._spec.key, name)
            raise Mismatched(self._spec.key, f"{name}: another record came than the one asked for")
        return record

    async def page(self, request: PageRequest) -> Page:
        """The records of one page, by one request.

        Raises:
            Unsupported: the source has neither the route nor a collection that could stand in for it; or the route
                takes two steps, which only a scan does.
            SourceError: no page was had.
        """
        if "" in request.ids:
            return NOTHING
        route = self._route(request)
        if route.through is not None:
            raise Unsupported(self._spec.key, f"{route.name} takes two steps here; scan it")
        fetched = await self.retrier.run(
            partial(self._fetcher.page, route, request.limit, request.offset, marked=False)
        )
        following = self._next(route.entity.service, fetched.came.seen)
        return fetched.page if following is None else replace(fetched.page, next_offset=following)

    async def scan(
        self, request: PageRequest, *, on_page: OnPage | None = None, earlier: Earlier | None = None
    ) -> Scanned:
        """Every record, and whether it is proved that none is missing.

        Pages are asked for side by side, as many as the source takes, once the first has told the total. What may have
        moved while it was read is read again, see `adapters.coverage`. Pages that are as they were `earlier` are not
        sent again, as long as all of it adds up.

        Raises:
            PagingBroken: there is no end to it.
            SourceError: as for `page`.
        """
        parts: list[Scanned] = []
        for scan in await self._scans(request, earlier):
            left = False
            async with aclosing(scan.pages()) as pages:
                async for page in pages:
                    left = on_page is not None and on_page(scan.progress, page) is False
                    if left:
                        break
            parts.append(scan.result())
            self._scanned += not left
            self._pages += parts[-1].requests
            if parts[-1].complete:
                self._any_offset &= scan.overlaps
            if left:
                break
        return joined(parts)

    async def _scans(self, request: PageRequest, earlier: Earlier | None) -> list[Scan]:
        """The scans that together find what is asked for: one, or any number where a route takes two steps."""
        if "" in request.ids:
            return []
        route = self._route(request)
        if route.through is None:
            return [self._scan(route, request, earlier)]
        steps = await self._second_step(route)
        return [self._scan(replace(route, where=where, asked=where, through=None), request) for where in steps]

    def _scan(self, route: Route, request: PageRequest, earlier: Earlier | None = None) -> Scan:
        def fetch(offset: int, limit: int | None) -> Coroutine[Any, Any, Fetched]:
            limit = request.limit if limit is None else limit
            asking = made()
            first = asking is not None and asking.attempts == 1
            page = partial(self._fetcher.page, route, limit, offset, earlier=earlier if first else None)
            return self.retrier.run(page)

        scan = Scan(
            self._spec.key,
            route.name,
            fetch,
            partial(self._next, route.entity.service),
            start=request.offset,
            most=self._spec.max_records,
            at_once=self.pacer.at_once,
            sorts=self._fetcher.order(route) is not None,
            overlaps=self._any_offset,
            reaches=earlier.reaches if earlier is not None else None,
            keeps=not request.passing,
        )
        made = weakref.ref(scan)  # else it held itself, and all that it read, until the collector came by
        return scan

    async def _second_step(self, route: Route) -> list[Predicate]:
        """What the wanted records satisfy, one predicate per pass: batches of ids, or all in one pass over all."""
        assert route.through is not None
        first = PageRequest(route.through.collection.value, where=route.through.where)
        found = await self.scan(first)
        if not found.complete:
            raise PagingBroken(self._spec.key, f"{first.endpoint}: {found.reason}")
        wanted = {text for record in found.records for text in texts(record, route.through.field)}
        collection = route.entity.collection
        overhead = self.url_overhead(collection)
        field = route.through.wanted
        split = lowering.batches(self.dialect, collection, field, sorted(wanted), overhead)
        if split is None or (len(split) > 1 and self.capabilities.all_without_limit):
            split = [tuple(wanted)]
        passes = map(frozenset, split)
        steps = [every(AnyOf(field, ids), route.where) for ids in passes]
        return [where for where in steps if where is not None]

    async def _look_up(self, collection: Collection, name: str, sourced_id: str) -> Record | None:
        """One record by a filter on its id."""
        request = PageRequest(collection.value, where=equals("sourced_id", sourced_id), limit=_LOOKUP_LIMIT)
        route = self._route(request)
        fetched = await self.retrier.run(partial(self._fetcher.page, route, request.limit, 0, needs_filter=True))
        if fetched.page.records:
            return fetched.page.records[0]
        if fetched.page.received:
            raise Unsupported(self._spec.key, f"{name}: a filter by sourcedId is ignored")
        return None

    def _route(self, request: PageRequest) -> Route:
        return lowering.route(
            self.dialect, request.endpoint, request.ids, request.where, after=request.after, source=self._spec.key
        )

    def _next(self, service: Service, seen: PageSeen) -> int | None:
        return next_offset(seen, self.capabilities, base=self._bases[service], source=self._spec.key)

    def _refusal(self, name: str, answer: Answer, optional: bool) -> SourceError:
        flow = self._auth[lowering.endpoint(name).service]
        return refusal(
            self._spec.key,
            name,
            answer,
            now=self._wall(),
            optional=optional,
            signed=isinstance(flow, OAuth1Flow),
            lost_scopes=flow.lost_scopes if isinstance(flow, OAuth2Flow) else (),
        )
