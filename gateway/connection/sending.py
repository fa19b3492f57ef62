"""A response that is ready is sent in one piece. The server itself writes the head for itself, and reads it anew."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache
from typing import Any, TypeAlias

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

_Message: TypeAlias = MutableMapping[str, Any]
_Send: TypeAlias = Callable[[_Message], Awaitable[None]]
_App: TypeAlias = Callable[[Any, Any, _Send], Awaitable[None]]

_SERVERS_OWN = frozenset({b"connection", b"transfer-encoding", b"content-length"})
"""Headers that say how the server goes on: it writes responses that have them."""

_NO_NAME = re.compile(rb"[^!#$%&'*+.^_`|~0-9a-z-]")
_NO_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_KEPT_HEADS = 128

_SMALL = 16 * 1024
"""Bytes of a body that are copied behind its head; more are handed to the system where they are."""


class InOnePiece:
    """The application, whose response is sent in one piece where all of it is there: in two, it costs the system twice
    as much, and wakes the client for nothing. ASGI has a head wait for what comes first of its body.
    """

    __slots__ = ("_app", "_cycle", "_head")

    def __init__(self, cycle: RequestResponseCycle, app: _App) -> None:
        self._cycle = cycle
        self._app = app
        self._head: _Message | None = None

    def __call__(self, scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        return self._app(scope, receive, self._send)

    async def _send(self, message: _Message) -> None:
        cycle: Any = self._cycle
        head, self._head = self._head, None
        if head is not None:
            if self._sent_whole(head, message):
                return
            await cycle.send(head)
        elif message["type"] == "http.response.start" and not cycle.response_started:
            self._head = message
            return
        await cycle.send(message)

    def _sent_whole(self, start: _Message, message: _Message) -> bool:
        """Whether it could be done; whatever is out of the ordinary is left to the server."""
        cycle = self._cycle
        if message.get("more_body") or not cycle.keep_alive or cycle.scope["method"] == "HEAD":
            return False
        if cycle.disconnected or cycle.flow.write_paused:
            return False
        headers = start["headers"] = list(start.get("headers", ()))
        name, length = headers[-1] if headers else (b"", b"")
        body: bytes = message.get("body", b"")
        if name != b"content-length" or length != b"%d" % len(body):
            return False
        head = _head(start["status"], tuple(cycle.default_headers), tuple(headers[:-1]))
        if head is None:
            return False
        head += b"content-length: %b\r\n\r\n" % length
        if len(body) <= _SMALL:
            cycle.transport.write(head + body)
        else:
            cycle.transport.writelines((head, body))
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        cycle.message_event.set()
        cycle.on_response()
        return True


@lru_cache(_KEPT_HEADS)
def _head(status: int, *headers: tuple[tuple[bytes, bytes], ...]) -> bytes | None:
    """A response's head but for its length; None if the server has to see to it."""
    lines = [STATUS_LINE[status]]
    for name, value in (header for some in headers for header in some):
        if name in _SERVERS_OWN or _NO_NAME.search(name) or _NO_VALUE.search(value):
            return None
        lines.extend((name, b": ", value, b"\r\n"))
    return b"".join(lines)
