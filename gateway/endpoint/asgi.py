"""The words of ASGI, and a response that is sent whole: in one piece where the server has a `send` that can."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any, TypeAlias

import msgspec

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Header: TypeAlias = tuple[bytes, bytes]
Headers: TypeAlias = Mapping[bytes, bytes]
"""By their names in lower case."""

NO_SNIFFING: Header = (b"x-content-type-options", b"nosniff")
NOT_STORED: Header = (b"cache-control", b"no-store")
_HEADERS = "gateway.headers"


class Response(msgspec.Struct, frozen=True):
    """headers: without the length."""

    status: int
    headers: tuple[Header, ...]
    body: bytes

    async def send(self, send: Send, *also: Header, with_body: bool = True) -> None:
        """also: further headers. with_body: not for HEAD, whose headers tell of the body all the same."""
        body, told = self.body, self.status != 304
        headers: Sequence[Header] = (*self.headers, *also)
        whole = getattr(send, "whole", None)
        if whole is not None and with_body and told and whole(self.status, headers, body):
            return
        headers = [*headers, (b"content-length", b"%d" % len(body))] if told else [*headers]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": body if with_body else b""})


def headers_of(scope: Scope) -> Headers:
    """The headers of a request; one that comes several times as one list (RFC 9110, 5.3). Put together once."""
    found: Headers | None = scope.get(_HEADERS)
    if found is not None:
        return found
    pairs = scope["headers"]
    headers: dict[bytes, bytes] = dict(pairs)
    if len(headers) < len(pairs):
        named: dict[bytes, list[bytes]] = {}
        for name, value in pairs:
            named.setdefault(name, []).append(value)
        headers = {name: b", ".join(values) for name, values in named.items()}
    scope[_HEADERS] = headers
    return headers


def text_of(headers: Headers, name: bytes) -> str | None:
    value = headers.get(name)
    return None if value is None else value.decode("latin-1")
