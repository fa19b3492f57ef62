"""What a client does not send in time, or too much of, ends its connection. The server itself waits for ever for a head
or a body, and gathers heads of any size and requests of any number.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from gateway.connection.sending import handing_on

MOST_HEAD: Final = 128 * 1024
"""Bytes of a request before its body: of its address, of which the server takes 64 KiB, and its headers."""

_MOST_SENT: Final = 2 * 1024 * 1024
"""Bytes after the head, with all that is around the parts of a body. The application takes far less, if it looks."""

_MOST_WAITING: Final = 100
"""Requests of one connection that wait for the one before them."""


def _refusal(status: bytes, why: bytes) -> bytes:
    return (
        b"HTTP/1.1 %s\r\nconnection: close\r\ncontent-type: text/plain; charset=utf-8\r\n"
        b"content-length: %d\r\n\r\n%s" % (status, len(why), why)
    )


_LATE: Final = _refusal(b"408 Request Timeout", b"the request did not come in time")
_LARGE: Final = _refusal(b"431 Request Header Fields Too Large", b"the head of the request is too large")
_TICK = 0.001
"""Seconds that an alarm may ring too early, by the clock of the event loop."""


class _Part(Enum):
    """Of a request. A connection begins within the first one's head."""

    NOTHING = auto()
    HEAD = auto()
    BODY = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds. head: from the connection, or from the first byte of a further request, to the end of its headers.
    body: from there to the end of the request. idle: between two requests.
    """

    head: float = 10.0
    body: float = 30.0
    idle: float = 5.0


class _Nowhere(list[tuple[bytes, bytes]]):
    """Where trailers go: they come after a request was taken for what it is, and there may be any number of them."""

    def append(self, _: tuple[bytes, bytes]) -> None:
        """Not kept."""


_TRAILERS: Final = _Nowhere()


def protocol(patience: Patience) -> type[HttpToolsProtocol]:
    """For `uvicorn.Config(http=…)`, whose `timeout_keep_alive` is ours here: an alarm set and taken back for each
    request costs more than all else that the server does with its response.
    """

    class Timed(HttpToolsProtocol):
        """The server's, with one alarm for whatever the client has to send next, and a measure of what it sends."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._alarm: asyncio.TimerHandle | None = None
            self._rings = 0.0
            self._due: float | None = None
            """When what is awaited has to be there; None while it is the server's turn. It may be later than the alarm
            rings, which is then set anew.
            """
            self._within = _Part.HEAD
            """What the client is sending."""
            self._came = 0
            """Bytes of that, by the pieces in which they came."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._expect(patience.head)

        def connection_lost(self, exc: Exception | None) -> None:
            self._due = None
            if self._alarm is not None:
                self._alarm.cancel()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            before = self.cycle
            super().data_received(data)
            cycle = self.cycle
            if cycle is before and self._within is not _Part.BODY:
                if self._within is _Part.NOTHING:
                    self._within, self._came = _Part.HEAD, 0
                    if self._due is not None:
                        self._expect(patience.head)
                self._came += len(data)
                if self._came > MOST_HEAD:
                    self._end(_LARGE)
            elif not cycle.more_body:
                self._within, self._due = _Part.NOTHING, None
                if cycle.response_complete:
                    self._expect(patience.idle)
            elif cycle is not before:
                self._within, self._came = _Part.BODY, 0
                self._expect(patience.body)
            else:
                self._came += len(data)
                if self._came > _MOST_SENT:
                    self._end()

        def on_headers_complete(self) -> None:
            super().on_headers_complete()
            self.headers = _TRAILERS
            if len(self.pipeline) > _MOST_WAITING:
                self._end()
                raise OverflowError("more requests at once than are taken")  # nothing more of this piece is read

        def _unsupported_upgrade_warning(self) -> None:
            """What follows a request for another protocol may be its body, or anything: never a request of its own."""
            self.cycle.keep_alive = False

        def on_response_complete(self) -> None:
            """The server's, but for the alarm."""
            self.server_state.total_requests += 1
            if self.transport.is_closing():
                return
            if len(self.pipeline) < 2:  # else there is enough to do
                self.flow.resume_reading()
            if self.pipeline:
                self._start_asgi_task(*self.pipeline.pop())
            elif self._due is None:
                self._expect(patience.idle if self._within is _Part.NOTHING else patience.head)

        def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
            super()._start_asgi_task(cycle, handing_on(cycle, app))

        def _expect(self, seconds: float) -> None:
            self._due = self.loop.time() + seconds
            if self._alarm is None or self._due < self._rings:
                self._set_alarm(seconds)

        def _set_alarm(self, seconds: float) -> None:
            if self._alarm is not None:
                self._alarm.cancel()
            self._rings = self.loop.time() + seconds
            self._alarm = self.loop.call_later(seconds, self._ring)

        def _ring(self) -> None:
            self._alarm = None
            if self._due is None or self.transport is None or self.transport.is_closing():
                return
            left = self._due - self.loop.time()
            if left > _TICK:
                self._set_alarm(left)
                return
            self._end(_LATE if self._within is _Part.HEAD else b"")

        def _end(self, why: bytes = b"") -> None:
            if self.transport.is_closing():
                return
            if why and (self.cycle is None or self.cycle.response_complete):
                self.transport.write(why)
            self.transport.close()

    return Timed
