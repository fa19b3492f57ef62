"""A response that is ready is sent in one piece: two cost the system twice as much, and wake the client early."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any, TypeAlias

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

_Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]

_SERVERS_OWN = frozenset({b"connection", b"transfer-encoding", b"content-length"})
"""Headers that say how the server goes on: it writes responses that have them."""

_NO_NAME = re.compile(rb"[^!#$%&'*+.^_`|~0-9a-z-]")
_NO_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_KEPT_HEADS = 128

_SMALL = 16 * 1024
"""Bytes of a body that are copied behind its head; more are handed to the system where they are."""


class Sending:
    """`send` of one response, as ASGI has it. Whoever is handed it, with nothing around it, may also send `whole`."""

    __slots__ = ("_cycle",)

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle

    def __call__(self, message: Any) -> Awaitable[None]:
        return self._cycle.send(message)

    def whole(self, status: int, headers: _Headers, body: bytes) -> bool:
        """Sends a response whose headers are all there but for its length. False if nothing was sent: whatever is out
        of the ordinary is left to the server.
        """
        cycle = self._cycle
        if not cycle.keep_alive or cycle.disconnected or cycle.flow.write_paused or cycle.response_started:
            return False
        if cycle.scope["method"] == "HEAD":
            return False
        head = _head(status, tuple(cycle.default_headers), headers)
        if head is None:
            return False
        head = b"%bcontent-length: %d\r\n\r\n" % (head, len(body))
        if len(body) <= _SMALL:
            cycle.transport.write(head + body)
        else:
            cycle.transport.writelines((head, body))
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        cycle.message_event.set()
        cycle.on_response()
        return True


def handing_on(cycle: RequestResponseCycle, app: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """The application, for this one request; it is handed `Sending`."""
    return lambda scope, receive, send: app(scope, receive, Sending(cycle))


@lru_cache(_KEPT_HEADS)
def _head(status: int, *headers: _Headers) -> bytes | None:
    """A response's head but for its length; None if the server has to see to it."""
    lines = [STATUS_LINE[status]]
    for name, value in (header for some in headers for header in some):
        if name in _SERVERS_OWN or _NO_NAME.search(name) or _NO_VALUE.search(value):
            return None
        lines.extend((name, b": ", value, b"\r\n"))
    return b"".join(lines)
