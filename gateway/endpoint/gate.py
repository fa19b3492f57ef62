"""What every request passes first, whatever it asks for: the host that it names, and the way to its route.

Plain functions that hand on what is to be awaited: a coroutine around a coroutine costs each request anew.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Collection
from dataclasses import dataclass
from functools import lru_cache

from gateway.endpoint.asgi import NO_SNIFFING, App, Message, Receive, Scope, Send, headers_of
from gateway.endpoint.refusal import Refusal
from gateway.endpoint.refusals import Refusals

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\s:/@\[\]]+)(?::\d*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class HostGate:
    """Lets through what is sent to one of `hosts`, whatever the port. refusals: where the rest is told of.

    A web page elsewhere may point a name of its own at this machine: its requests then carry that name.
    """

    app: App
    hosts: Collection[str]
    refusals: Refusals

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "lifespan" or _host(headers_of(scope).get(b"host")) in self.hosts:
            return self.app(scope, receive, send)
        if scope["type"] == "websocket":
            return send({"type": "websocket.close", "code": 1008})
        names = ", ".join(sorted(self.hosts))
        refusal = Refusal(400, f"this host is not answered for; it is {names}")
        self.refusals.tell(refusal.status, (refusal.code,))
        return refusal.response().send(send)


@lru_cache(64)
def _host(header: bytes | None) -> str | None:
    """The name in a Host header, without the port; None if it is none, or a list of several."""
    found = _HOST.fullmatch((header or b"").decode("latin-1"))
    return found[1].lower() if found is not None else None


@dataclass(frozen=True, slots=True)
class Routes:
    """graphql: answers at `path`, without what a framework takes. rest: everything else."""

    path: str
    graphql: App
    rest: App

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != "http":
            return self.rest(scope, receive, send)
        if scope["path"] == self.path:
            return self.graphql(scope, receive, send)
        return self.rest(scope, receive, _taken_at_their_word(send))


def _taken_at_their_word(send: Send) -> Send:
    """Has browsers believe the media type of each response."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            if NO_SNIFFING[0] not in (name.lower() for name, _ in headers):
                message["headers"] = [*headers, NO_SNIFFING]
        await send(message)

    return sending
