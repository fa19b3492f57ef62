"""The only module that sends: one request of a source, one attempt, one answer or a SourceError."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing
from contextvars import Context
from typing import Any

import httpcore2
import httpx2

from adapters import answers
from adapters.auth import AWAITS_TOKEN, OAuth2Flow
from adapters.breaker import Breaker
from adapters.dialect import Service
from adapters.errors import Failing, SourceError, TimedOut
from adapters.pacing import Pacer, Turn
from adapters.reaching import LookUp, Network, look_up
from adapters.spec import SourceSpec
from adapters.traffic import Tally
from adapters.transport import GuardedTransport, OnRequest, address, ours, tls_context

_HEADERS = {"Accept": "application/json"}

_IDLE = 4.0
"""Many servers close an idle connection after 5 s; one that closes just as we write to it loses the request."""


class Exchange:
    """Sends a source's requests, each when its breaker and its pacer let it, with its authentication, within its time
    limit.
    """

    def __init__(
        self,
        spec: SourceSpec,
        auth: Mapping[Service, httpx2.Auth],
        pacer: Pacer,
        breaker: Breaker,
        wall: Callable[[], float],
        transport: httpx2.AsyncBaseTransport | None = None,
        on_request: OnRequest | None = None,
    ) -> None:
        limits = spec.timeouts
        self._source = spec.key
        self._attempt = limits.attempt
        self.auth = auth
        self._pacer = pacer
        self._breaker = breaker
        self._wall = wall
        self.tally = Tally()
        self._transport = GuardedTransport(transport or network(spec, pacer.most), spec.key, on_request, spec.answers)
        # An attempt's limit is ours, see `_send`: the library would set an alarm for each part that is read.
        self._timeout = httpx2.Timeout(None, connect=limits.connect, pool=limits.pool).as_dict()

    @property
    def requests(self) -> int:
        return self._transport.requests

    async def get(
        self, endpoint: str, url: str, condition: Mapping[str, str] | None = None, service: Service = Service.ROSTERING
    ) -> httpx2.Response:
        """The answer with its body; of one that is not a success, the start of it. endpoint: a name for telemetry.

        condition: headers that ask for it only if it changed; without them no answer is a 304.
        """
        headers = {**_HEADERS, **condition} if condition else _HEADERS
        try:
            where = address(url)
        except httpx2.InvalidURL as error:
            raise ours(error, self._source) from None
        request = httpx2.Request(
            "GET", where, headers=headers, extensions={"endpoint": endpoint, "timeout": self._timeout}
        )
        return await self._in_turn(request, self.auth[service])

    async def post_token(self, request: httpx2.Request) -> httpx2.Response:
        """A token request by itself."""
        return await self._in_turn(request, None)

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def _in_turn(self, request: httpx2.Request, auth: httpx2.Auth | None) -> httpx2.Response:
        while True:
            await self._breaker.passed()
            async with self._pacer.turn(token=auth is None) as turn:
                if self._breaker.passable:  # much may have happened while this waited in line
                    if auth is not None:
                        request.extensions["turn"] = turn
                    return await self._judged(request, auth, turn)

    async def _judged(self, request: httpx2.Request, auth: httpx2.Auth | None, turn: Turn) -> httpx2.Response:
        """The answer, after what it shows of how the source stands was taken down."""
        try:
            with self._breaker.call():
                answer = await self.tally.attempt(self._send(request, auth))
                if answer.status_code >= 500 and not self._asked_too_often(answer):
                    raise _Failed(self._source, answer)
        except _Failed as failed:
            answer = failed.answer
        except TimedOut:
            self._pacer.too_many(turn)
            raise
        except SourceError as error:
            if isinstance(auth, OAuth2Flow) and request.extensions.get(AWAITS_TOKEN):
                auth.missed(error)
            raise
        if self._asked_too_often(answer):
            self._breaker.refused(self._wait(answer))
            self._pacer.too_many(turn)
        else:
            self._pacer.borne()
        return answer

    def _wait(self, answer: httpx2.Response) -> float | None:
        return answers.retry_after(answer.headers.get("retry-after"), self._wall())

    def _asked_too_often(self, answer: httpx2.Response) -> bool:
        return answer.status_code == 429 or (answer.status_code == 503 and self._wait(answer) is not None)

    async def _send(self, request: httpx2.Request, auth: httpx2.Auth | None) -> httpx2.Response:
        """One limit holds for everything between asking and the last byte, a token on the way included."""
        try:
            async with asyncio.timeout(self._attempt):
                if auth is None:
                    return await self._sent(request)
                return await self._proved(request, auth)
        except TimeoutError:
            raise TimedOut(self._source, f"no whole answer within {self._attempt:g} s") from None

    async def _proved(self, request: httpx2.Request, auth: httpx2.Auth) -> httpx2.Response:
        """The answer to the last request of a flow. Not by the library's client: without redirects, cookies, defaults
        and hooks there is nothing left for it to do, and that takes it longer than all of this.
        """
        async with aclosing(auth.async_auth_flow(request)) as flow:
            answer = await self._sent(await anext(flow))
            while True:
                try:
                    following = await flow.asend(answer)
                except StopAsyncIteration:
                    return answer
                answer = await self._sent(following)

    async def _sent(self, request: httpx2.Request) -> httpx2.Response:
        turn = request.extensions.get("turn")
        if turn is not None:  # requests for tokens have none
            self._pacer.sends(turn)
        return await self._transport.handle_async_request(request)


class _Failed(Failing):
    """A 5xx, whose meaning is for others to say."""

    def __init__(self, source: str, answer: httpx2.Response) -> None:
        super().__init__(source, f"{answer.status_code}, the server failed")
        self.answer = answer


def network(
    spec: SourceSpec, at_once: int, look_up: LookUp = look_up, idle: float = _IDLE
) -> httpx2.AsyncHTTPTransport:
    """Connections to a source's hosts, so many at once. idle: seconds after which one without use is closed."""
    limits = httpx2.Limits(max_connections=at_once, max_keepalive_connections=at_once, keepalive_expiry=idle)
    transport = _Connections(idle, verify=tls_context(), limits=limits, trust_env=False)
    # The library takes a pool's network, but offers no way to say which.
    transport._pool._network_backend = Network(spec.key, anywhere=spec.allow_http, look_up=look_up)
    return transport


class _Connections(httpx2.AsyncHTTPTransport):
    """Closes what idles. The library does so only when it is asked for a connection again: a source that nobody asks
    any more would keep its sockets for ever, and there are many sources.
    """

    def __init__(self, idle: float, **options: Any) -> None:
        super().__init__(**options)
        self._idle = idle
        self._next_look: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self._next_look is None:
            self._look_in(self._idle)
        return await super().handle_async_request(request)

    async def aclose(self) -> None:
        if self._next_look is not None:
            self._next_look.cancel()
        await asyncio.gather(*self._closing, return_exceptions=True)
        await super().aclose()

    def _look_in(self, seconds: float) -> None:
        self._next_look = asyncio.get_running_loop().call_later(seconds, self._look, context=Context())

    def _look(self) -> None:
        """Again and again, until there is no connection left."""
        self._next_look = None
        pool = self._pool
        assert isinstance(pool, httpcore2.AsyncConnectionPool)
        if idle := pool._assign_requests_to_connections():
            task = asyncio.create_task(pool._close_connections(idle))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        if pool.connections:
            self._look_in(self._idle / 4)
