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
from collections.abc import Callable, Iterator
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
_START = 64 * 1024
"""Bytes of an answer that is not a success."""

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


def ours(error: Exception, source: str, *, answering: bool = False) -> SourceError:
    """What an exception of the library means. answering: the head of an answer has come, its body is under way."""
    match error:
        case httpx2.ConnectTimeout():
            return Unreachable(source, "no connection within the time limit")
        case httpx2.TimeoutException():
            return TimedOut(source, "no answer within the time limit")
        case httpx2.UnsupportedProtocol():
            return Misconfigured(source, "the address is neither https nor http")
        case httpx2.InvalidURL() | httpx2.LocalProtocolError():
            return Misconfigured(source, "address or credentials hold what cannot be sent")
        case httpx2.DecodingError():
            return Malformed(source, "the body cannot be decompressed")
    if _tls_refused(error):
        return TlsFailed(source, "certificate or TLS version refused; nothing was sent")
    if _too_much(error):
        return Malformed(source, "its headers have no end")
    if answering:
        return Truncated(source, "the connection ended before the body did")
    return Unreachable(source, "no connection, or it ended without an answer")


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
    """A transport whose answers are bounded, whole and from the address that was asked, or a SourceError.

    An answer is read before it is handed on; of one that is not a success, the start.
    """

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
            response = await self._inner.handle_async_request(request)
            status = response.status_code
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            raise ours(error, self._source) from None
        finally:
            self._tell(request, status, time.monotonic() - started)
        try:
            self._judge(request, response)
            body = _Body(response.headers.get("content-encoding", ""), self._source, self._limits)
            content = await self._read(response, body)
        finally:
            await response.aclose()
        if body.packed:
            del response.headers["content-encoding"]
        return httpx2.Response(
            status, headers=response.headers, content=content, request=request, extensions=response.extensions
        )

    async def aclose(self) -> None:
        await self._inner.aclose()

    def _tell(self, request: httpx2.Request, status: int | None, seconds: float) -> None:
        also = listener.get()
        if also is not None or self._on_request is not None:
            sent = Sent(self._source, str(request.extensions.get("endpoint", "token")), status, seconds)
            for told in (self._on_request, also):
                if told is not None:
                    told(sent)

    def _judge(self, request: httpx2.Request, response: httpx2.Response) -> None:
        status = response.status_code
        if status == 304:
            if _CONDITIONS.isdisjoint(request.headers):
                raise Malformed(
                    self._source, "answers 304, which is about an earlier answer that it was not asked about"
                )
        elif 300 <= status < 400:
            raise Redirected(
                self._source, f"answers {status}: told to go elsewhere, which is not done with credentials"
            )
        if sum(len(name) + len(value) + 4 for name, value in response.headers.raw) > self._limits.headers:
            raise Malformed(self._source, f"the headers are larger than {self._limits.headers >> 10} KiB")

    async def _read(self, response: httpx2.Response, body: _Body) -> bytes:
        most = None if response.is_success else _START
        stream = response.stream
        assert isinstance(stream, httpx2.AsyncByteStream)
        parts: list[bytes] = []
        size = 0
        try:
            async for raw in stream:
                for part in body.steps(raw):
                    parts.append(part)
                    size += len(part)
                    if most is not None and size >= most:
                        return b"".join(parts)[:most]
        except httpx2.TransportError as error:
            raise ours(error, self._source, answering=True) from None
        body.ended()
        return parts[0] if len(parts) == 1 else b"".join(parts)


class _Body:
    """What comes of an answer's body, unpacked and held to the limits. coding: as its Content-Encoding says."""

    def __init__(self, coding: str, source: str, limits: AnswerLimits) -> None:
        coding = coding.strip().lower()
        if coding not in ("identity", "", "gzip", "x-gzip"):
            raise Malformed(source, f"the body is compressed by {coding[:20]!r}; only gzip was offered")
        self._inflate = _Inflate() if coding in ("gzip", "x-gzip") else None
        self._source = source
        self._limits = limits
        self._came = self._size = 0
        self.packed = bool(coding)

    def steps(self, raw: bytes) -> Iterator[bytes]:
        """The parts that came in one."""
        self._came += len(raw)
        if self._came > self._limits.wire:
            raise Malformed(self._source, f"more than {self._limits.wire >> 20} MiB came as one answer")
        for part in self._inflate.steps(raw, self._source) if self._inflate else (raw,):
            self._size += len(part)
            if self._size > self._limits.body:
                raise Malformed(self._source, f"the body is larger than {self._limits.body >> 20} MiB")
            if self._size > max(_STEP, self._limits.ratio * self._came):
                raise Malformed(self._source, f"the body is more than {self._limits.ratio} times as large as what came")
            yield part

    def ended(self) -> None:
        if self._inflate and not self._inflate.whole:
            raise Truncated(self._source, "the compressed body ended before its end")


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
