"""One client's connection: what is not sent in time ends it. The server itself waits for ever for a head or a body."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_LATE = b"the request did not come in time"
_TIMEOUT = (
    b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(_LATE), _LATE)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds. head: from the connection, or from the first byte of a further request, to the end of its headers.
    body: from there to the end of the request. idle: between two requests.
    """

    head: float = 10.0
    body: float = 30.0
    idle: float = 5.0


def protocol(patience: Patience) -> type[HttpToolsProtocol]:
    """For `uvicorn.Config(http=…)`."""

    class Timed(HttpToolsProtocol):
        """The server's, with an alarm for what the client has to send next."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._alarm: asyncio.TimerHandle | None = None
            self._reading = False
            """Within a request."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._expect(patience.head)

        def connection_lost(self, exc: Exception | None) -> None:
            self._expect(None)
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if not self._reading and self._alarm is None:
                self._reading = True
                self._expect(patience.head)
            super().data_received(data)

        def on_message_begin(self) -> None:
            self._reading = True
            super().on_message_begin()

        def on_headers_complete(self) -> None:
            self._expect(patience.body)
            super().on_headers_complete()

        def on_message_complete(self) -> None:
            self._reading = False
            self._expect(None)
            super().on_message_complete()

        def _expect(self, seconds: float | None) -> None:
            """None: it is not the client's turn; how long it may be idle is the server's own to see."""
            if self._alarm is not None:
                self._alarm.cancel()
            self._alarm = None if seconds is None else self.loop.call_later(seconds, self._late)

        def _late(self) -> None:
            self._alarm = None
            if self.transport is not None and not self.transport.is_closing():
                if self.cycle is None or self.cycle.response_complete:
                    self.transport.write(_TIMEOUT)
                self.transport.close()

    return Timed
