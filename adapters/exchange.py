"""The only module that sends: one request of a source, one attempt, one answer or a SourceError."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing
from contextvars import Context
from http.cookiejar import CookieJar, DefaultCookiePolicy
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
from adapters.transport import GuardedTransport, OnRequest, address, tls_context, translated

_ERROR_BODY = 64 * 1024
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
        self._auth = auth
        self._pacer = pacer
        self._breaker = breaker
        self._wall = wall
        self.tally = Tally()
        self._transport = GuardedTransport(transport or network(spec, pacer.most), spec.key, on_request, spec.answers)
        # An attempt's limit is ours, see `_send`: the library would set an alarm for each part that is read.
        timeout = httpx2.Timeout(None, connect=limits.connect, pool=limits.pool)
        self._timeout = timeout.as_dict()
        self._http = httpx2.AsyncClient(
            transport=self._transport,
            headers=_HEADERS,
            timeout=timeout,
            follow_redirects=False,
            trust_env=False,
            event_hooks={"request": [self._leaves]},
            # No cookies but those that a dialect keeps, see `adapters.auth`.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        )

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
        with translated(self._source):
            # Not by the client, which merges addresses, headers, parameters and cookies that are none, each time.
            request = httpx2.Request(
                "GET", address(url), headers=headers, extensions={"endpoint": endpoint, "timeout": self._timeout}
            )
        return await self._in_turn(request, self._auth[service])

    async def post_token(self, request: httpx2.Request) -> httpx2.Response:
        """A token request by itself."""
        return await self._in_turn(request, None)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _leaves(self, request: httpx2.Request) -> None:
        """Told of every request that is about to be sent, the tokens' and repetitions too; those have no turn."""
        turn = request.extensions.get("turn")
        if turn is not None:
            self._pacer.sends(turn)

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
                answer = await self._http.send(request, auth=auth, stream=True)
                try:
                    if answer.is_success:
                        await answer.aread()
                        return answer
                    return await _beginning(answer)
                finally:
                    await answer.aclose()
        except TimeoutError:
            raise TimedOut(self._source, f"no whole answer within {self._attempt:g} s") from None


class _Failed(Failing):
    """A 5xx, whose meaning is for others to say."""

    def __init__(self, source: str, answer: httpx2.Response) -> None:
        super().__init__(source, f"{answer.status_code}, the server failed")
        self.answer = answer


async def _beginning(answer: httpx2.Response) -> httpx2.Response:
    body = b""
    async with aclosing(answer.aiter_raw()) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) >= _ERROR_BODY:
                break
    return httpx2.Response(answer.status_code, headers=answer.headers, content=body[:_ERROR_BODY])


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
