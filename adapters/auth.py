"""How requests prove who asks: flows that yield a request and are sent its response, read already. They do no I/O
themselves.

A token is held per source, or per service where scopes differ, renewed before it ends, and asked for once for any
number of calls that wait for it.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from dataclasses import replace

import httpx2

from adapters import oauth1
from adapters.addresses import base_url, token_url
from adapters.answers import clock_ahead
from adapters.dialect import OAuth1, OAuth2, Service, Signature, StaticBearer
from adapters.errors import Misconfigured, SourceError
from adapters.secret import Secret
from adapters.spec import SourceSpec
from adapters.tokens import Token, read_token, token_request

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]

_HOLD_OFF = 1.0
"""Seconds, at least, for which a refused token request answers for those that follow, and after which one that was not
answered is made again.
"""

AWAITS_TOKEN = "awaits_token"
"""Extension of a request that a token is being asked for."""

_SAME_CLOCK = 60.0
"""Seconds by which two clocks may differ and be called the same: no server grants a timestamp less."""

_VAIN = 60.0
"""Seconds for which a renewal that did not help keeps answers other than 401 from renewing again."""


def authenticator(
    spec: SourceSpec, *, monotonic: Clock = time.monotonic, wall: Clock = time.time, sleep: Sleep = asyncio.sleep
) -> httpx2.Auth:
    """The flow of a source's dialect with the source's credentials.

    Raises:
        Misconfigured: a credential or an address that the dialect needs is missing.
    """
    held = spec.credentials
    match spec.dialect.auth:
        case OAuth1(signature=method):
            return OAuth1Flow(
                method,
                _needed(spec, "client_id", held.client_id),
                _needed(spec, "client_secret", held.client_secret),
                wall,
            )
        case StaticBearer():
            token = _needed(spec, "token", held.token)
            if not re.fullmatch(r"[!-~]+", token.reveal()):
                raise Misconfigured(spec.key, "token holds blanks or letters that no header can carry")
            return BearerFlow(token)
        case OAuth2() as how:
            base = base_url(spec.dialect, spec.base_url, source=spec.key, allow_http=spec.allow_http)
            return OAuth2Flow(
                spec.key,
                how,
                token_url(spec.dialect, spec.token_url, base, source=spec.key, allow_http=spec.allow_http),
                _needed(spec, "client_id", held.client_id),
                _needed(spec, "client_secret", held.client_secret),
                monotonic=monotonic,
                wall=wall,
                sleep=sleep,
            )


def authenticators(
    spec: SourceSpec, *, monotonic: Clock = time.monotonic, wall: Clock = time.time, sleep: Sleep = asyncio.sleep
) -> Mapping[Service, httpx2.Auth]:
    """The flow of each service: one for all, but where a service's token has scopes of its own.

    Raises:
        Misconfigured: as for `authenticator`.
    """
    roster = authenticator(spec, monotonic=monotonic, wall=wall, sleep=sleep)
    flows = dict.fromkeys(Service, roster)
    how = spec.dialect.auth
    if isinstance(how, OAuth2):
        for service in Service:
            if how.scopes_of(service) != how.scopes:
                own = replace(spec.dialect, auth=replace(how, scopes=how.scopes_of(service)))
                own_spec = replace(spec, dialect=own)
                flows[service] = authenticator(own_spec, monotonic=monotonic, wall=wall, sleep=sleep)
    return flows


def _needed(spec: SourceSpec, name: str, secret: Secret | None) -> Secret:
    if not secret:
        raise Misconfigured(spec.key, f"{name} is needed for {spec.dialect.title}")
    return secret


class BearerFlow(httpx2.Auth):
    """A token that was handed out once."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        yield request


class OAuth1Flow(httpx2.Auth):
    """Signs the URL as it will be sent, with a nonce and a timestamp of its own for every attempt.

    Where a server refuses the signature and its clock is not ours, it is signed once more by the server's; that one is
    reckoned by from then on (RFC 5849 3.3: what counts is the server's clock).
    """

    def __init__(self, method: Signature, consumer: Secret, secret: Secret, wall: Clock = time.time) -> None:
        self._method = method
        self._consumer = consumer
        self._secret = secret
        self._wall = wall
        self._ahead = 0.0
        """Seconds by which the server's clock is ahead of ours."""

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        self._sign(request)
        answer = yield request
        if answer.status_code != 401:
            return
        ahead = clock_ahead(answer.headers.get("date"), self._wall())
        if ahead is not None and abs(ahead - self._ahead) > _SAME_CLOCK:
            self._ahead = ahead
            self._sign(request)
            yield request

    def _sign(self, request: httpx2.Request) -> None:
        request.headers["Authorization"] = oauth1.authorization(
            self._method,
            self._consumer.reveal(),
            self._secret.reveal(),
            (request.method, str(request.url)),
            nonce=oauth1.nonce(),
            timestamp=int(self._wall() + self._ahead),
        )


class OAuth2Flow(httpx2.Auth):
    """Bearer tokens by client credentials. Async only: those who need a token wait for the one that asks for it."""

    def __init__(
        self,
        source: str,
        how: OAuth2,
        url: str,
        client_id: Secret,
        client_secret: Secret,
        *,
        monotonic: Clock = time.monotonic,
        wall: Clock = time.time,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._source = source
        self._how = how
        self._url = url
        self._host = httpx2.URL(url).host
        self._credentials = (client_id, client_secret)
        self._monotonic = monotonic
        self._wall = wall
        self._sleep = sleep
        self._lock = asyncio.Lock()
        self._token: Token | None = None
        self._refused: tuple[float, type[SourceError], str] | None = None
        self._vain_until = float("-inf")
        self.told: Callable[[frozenset[str]], None] = lambda lost: None
        """To be told of each token that comes, by the scopes that were asked for and that it lacks."""
        self._unanswered: float | None = None
        """When the last token was asked for, until there is an answer."""

    @property
    def lost_scopes(self) -> tuple[str, ...]:
        """Scopes that were asked for and that the held token lacks."""
        return self._token.lost if self._token else ()

    async def async_auth_flow(self, request: httpx2.Request) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        refused: Token | None = None
        for renewed in (False, True):
            async with self._lock:
                token = self._good(unlike=refused)
                if token is None:
                    await self._apart()
                    asking = self.ask()
                    request.extensions[AWAITS_TOKEN] = True
                    answer = yield asking
                    del request.extensions[AWAITS_TOKEN]
                    token = self.take(answer)
            self._present(token, request)
            response = yield request
            if renewed or not self._may_be_stale(response.status_code):
                break
            refused = token
        if refused is not None and response.status_code in self._how.renew_on:
            self._vain_until = self._monotonic() + _VAIN

    def ask(self) -> httpx2.Request:
        """The request for a new token.

        Raises:
            SourceError: the last one was refused a moment ago, for the same reason; or its time to wait has not passed.
        """
        if self._refused is not None:
            until, kind, message = self._refused
            if (left := until - self._monotonic()) > 0:
                raise kind(self._source, message, retry_after=left)
        self._unanswered = self._monotonic()
        return token_request(self._url, self._how, *self._credentials)

    def take(self, answer: httpx2.Response) -> Token:
        """Holds the token of the token server's answer from now on.

        Raises:
            SourceError: the answer holds none.
        """
        self._token = self._unanswered = None
        now = self._monotonic()
        try:
            self._token = read_token(self._source, self._how, answer, monotonic=now, wall=self._wall())
        except SourceError as error:
            self._refused = (now + max(_HOLD_OFF, error.retry_after or 0), type(error), error.message)
            raise
        self._refused = None
        self.told(frozenset(self._token.lost))
        return self._token

    def missed(self, error: SourceError) -> None:
        """To be told why no answer came to the request for a token. What another try would not cure is not tried again
        by all who wait for it.
        """
        if not error.transient:
            self._unanswered = None
            self._refused = (self._monotonic() + _HOLD_OFF, type(error), error.message)

    async def _apart(self) -> None:
        """Waits where a token was asked for a moment ago and nothing came of it."""
        if self._unanswered is not None and (left := self._unanswered + _HOLD_OFF - self._monotonic()) > 0:
            await self._sleep(left)

    def _may_be_stale(self, status: int) -> bool:
        """Whether an answer may be about the token. 403 and 500 have other reasons too: after a renewal that did not
        help they are taken at their word for a while, or every call that is forbidden would cost a token.
        """
        return status in self._how.renew_on and (status == 401 or self._monotonic() >= self._vain_until)

    def _good(self, *, unlike: Token | None) -> Token | None:
        """The held token, unless it is about to end or is the one that was refused."""
        held = self._token
        return held if held and held is not unlike and self._monotonic() < held.renew_at else None

    def _present(self, token: Token, request: httpx2.Request) -> None:
        request.headers["Authorization"] = f"Bearer {token.secret.reveal()}"
        if token.cookie and request.url.host == self._host:
            request.headers["Cookie"] = token.cookie.reveal()
