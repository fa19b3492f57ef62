"""What every request carries and every answer is held to, token requests included. The one place where the HTTP
library's exceptions become ours.

Bodies are decompressed here, in bounded steps: the library would inflate a whole chunk at once, and does not notice a
compressed body that was cut.
"""

from __future__ import annotations

import logging
import re
import ssl
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, lru_cache

import httpx2

from adapters.errors import (
    Malformed,
    Misconfigured,
    Redirected,
    SourceError,
    TimedOut,
    TlsFailed,
    Truncated,
    Unreachable,
)

USER_AGENT = "oneroster-gateway/0.1"
_STEP = 1024 * 1024

_CONDITIONS = frozenset({"if-none-match", "if-modified-since"})

# The library logs whole URLs, filters and ids in them, at INFO.
for _name in ("httpx2", "httpcore2"):
    logging.getLogger(_name).setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLimits:
    """Bytes of one answer: its headers, its body as it comes over the wire and as it is unpacked; and how many times
    larger it may become by that, beyond the first megabyte.
    """

    headers: int = 64 * 1024
    wire: int = 16 * 1024 * 1024
    body: int = 64 * 1024 * 1024
    ratio: int = 100


@dataclass(frozen=True, slots=True)
class Sent:
    """One request as telemetry may see it. endpoint: a route's name, or "token"; status: None if none came."""

    source: str
    endpoint: str
    status: int | None
    seconds: float


OnRequest = Callable[[Sent], None]

listener: ContextVar[OnRequest | None] = ContextVar("listener", default=None)
"""Told, besides the client's own `on_request`, of what the running task and those that it starts send."""


@cache
def tls_context() -> ssl.SSLContext:
    """Verifies, TLS 1.2 or newer. One for all sources: each would cost 20 ms and its own copy of the certificates."""
    context = httpx2.create_ssl_context(trust_env=False)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class _Spelled(httpx2.URL):
    """An address whose query goes out as it is spelled. The library looks at each character of an address, which takes
    a millisecond for a filter of thousands of them.
    """

    def __init__(self, plain: httpx2.URL, query: str) -> None:
        self._uri_reference = plain._uri_reference._replace(query=query)


_plain = lru_cache(256)(httpx2.URL)


def address(url: str) -> httpx2.URL:
    """Raises:
    httpx2.InvalidURL: it cannot be one.
    """
    plain, _, query = url.partition("?")
    if query and len(url) < _LONGEST and _SPELLED.fullmatch(query):
        return _Spelled(_plain(plain), query)
    return httpx2.URL(url)


_LONGEST = 65_536
_SPELLED = re.compile("(?:[A-Za-z0-9._~=&-]|%[0-9A-F]{2})+")
"""Queries that the library would leave as they are."""


@contextmanager
def translated(source: str, *, answering: bool = False) -> Iterator[None]:
    """The library's exceptions as ours. answering: the head of an answer has come, its body is under way."""
    try:
        yield
    except httpx2.ConnectTimeout:
        raise Unreachable(source, "no connection within the time limit") from None
    except httpx2.TimeoutException:
        raise TimedOut(source, "no answer within the time limit") from None
    except httpx2.UnsupportedProtocol:
        raise Misconfigured(source, "the address is neither https nor http") from None
    except (httpx2.InvalidURL, httpx2.LocalProtocolError):
        raise Misconfigured(source, "address or credentials hold what cannot be sent") from None
    except httpx2.DecodingError:
        raise Malformed(source, "the body cannot be decompressed") from None
    except httpx2.TransportError as error:
        if _tls_refused(error):
            raise TlsFailed(source, "certificate or TLS version refused; nothing was sent") from None
        if _too_much(error):
            raise Malformed(source, "its headers have no end") from None
        if answering:
            raise Truncated(source, "the connection ended before the body did") from None
        raise Unreachable(source, "no connection, or it ended without an answer") from None


def _tls_refused(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError) and not isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
            return True
        error = error.__cause__ or error.__context__
    return False


def _too_much(error: BaseException | None) -> bool:
    """Whether the parser gave up on headers that would not end, for which it names the status 431."""
    while error is not None:
        if getattr(error, "error_status_hint", None) == 431:
            return True
        error = error.__cause__ or error.__context__
    return False


class GuardedTransport(httpx2.AsyncBaseTransport):
    """A transport whose answers are bounded, whole and from the address that was asked, or a SourceError."""

    def __init__(
        self,
        inner: httpx2.AsyncBaseTransport,
        source: str,
        on_request: OnRequest | None = None,
        limits: AnswerLimits = AnswerLimits(),
    ) -> None:
        self._inner = inner
        self._source = source
        self._limits = limits
        self._on_request = on_request
        self.requests = 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.requests += 1
        request.headers["User-Agent"] = USER_AGENT
        request.headers["Accept-Encoding"] = "gzip"
        started, status = time.monotonic(), None
        try:
            with translated(self._source):
                response = await self._inner.handle_async_request(request)
            status = response.status_code
        finally:
            endpoint = str(request.extensions.get("endpoint", "token"))
            for told in (self._on_request, listener.get()):
                if told is not None:
                    told(Sent(self._source, endpoint, status, time.monotonic() - started))
        if status == 304 and not _CONDITIONS.isdisjoint(request.headers):
            pass
        elif status == 304:
            await response.aclose()
            raise Malformed(self._source, "answers 304, which is about an earlier answer that it was not asked about")
        elif 300 <= status < 400:
            await response.aclose()
            raise Redirected(
                self._source, f"answers {status}: told to go elsewhere, which is not done with credentials"
            )
        try:
            if sum(len(name) + len(value) + 4 for name, value in response.headers.raw) > self._limits.headers:
                raise Malformed(self._source, f"the headers are larger than {self._limits.headers >> 10} KiB")
            stream = _Body(response, self._source, self._limits)
        except SourceError:
            await response.aclose()
            raise
        headers = [
            (name, value)
            for name, value in response.headers.raw
            if name.lower() not in (b"content-encoding", b"content-length")
        ]
        return httpx2.Response(status, headers=headers, stream=stream, extensions=response.extensions)

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Body(httpx2.AsyncByteStream):
    def __init__(self, response: httpx2.Response, source: str, limits: AnswerLimits) -> None:
        coding = response.headers.get("content-encoding", "identity").strip().lower()
        if coding not in ("identity", "", "gzip", "x-gzip"):
            raise Malformed(source, f"the body is compressed by {coding[:20]!r}; only gzip was offered")
        self._gzip = coding in ("gzip", "x-gzip")
        self._response = response
        self._source = source
        self._limits = limits

    async def __aiter__(self) -> AsyncIterator[bytes]:
        came = size = 0
        inflate = _Inflate() if self._gzip else None
        assert isinstance(self._response.stream, httpx2.AsyncByteStream)
        with translated(self._source, answering=True):
            async for raw in self._response.stream:
                came += len(raw)
                if came > self._limits.wire:
                    raise Malformed(self._source, f"more than {self._limits.wire >> 20} MiB came as one answer")
                for chunk in inflate.steps(raw, self._source) if inflate else (raw,):
                    size += len(chunk)
                    if size > self._limits.body:
                        raise Malformed(self._source, f"the body is larger than {self._limits.body >> 20} MiB")
                    if size > max(_STEP, self._limits.ratio * came):
                        raise Malformed(
                            self._source, f"the body is more than {self._limits.ratio} times as large as what came"
                        )
                    yield chunk
        if inflate and not inflate.whole:
            raise Truncated(self._source, "the compressed body ended before its end")

    async def aclose(self) -> None:
        await self._response.aclose()


class _Inflate:
    """gzip, a megabyte at most a step; members one after another, as the format allows."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=31)
        self._started = False

    @property
    def whole(self) -> bool:
        return self._member.eof or not self._started

    def steps(self, raw: bytes, source: str) -> Iterator[bytes]:
        while raw:
            if self._member.eof:
                self._member = zlib.decompressobj(wbits=31)
            self._started = True
            try:
                chunk = self._member.decompress(raw, _STEP)
            except zlib.error:
                raise Malformed(source, "the body cannot be decompressed") from None
            raw = self._member.unconsumed_tail or self._member.unused_data
            if chunk:
                yield chunk
