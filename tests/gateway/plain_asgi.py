"""Requests by hand, for what no HTTP client lets one say."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from gateway.app import Gateway


def scope(method: str = "POST", path: str = "/graphql", query_string: bytes = b"", hosts: Any = (b"localhost",)) -> Any:
    headers = [(b"content-type", b"application/json"), *((b"host", host) for host in hosts)]
    return {
        "type": "http",
        "method": method,
        "path": path,
        "root_path": "",
        "query_string": query_string,
        "headers": headers,
    }


async def in_parts(app: Gateway, parts: list[bytes], **asked: Any) -> tuple[Any, Any]:
    """The answer to a request whose body comes in parts, and the head of the response."""
    left = list(parts)
    sent: list[Any] = []

    async def receive() -> Any:
        if not left:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope(**asked), receive, send)
    return json.loads(sent[1]["body"]), sent[0]


async def leaving(app: Gateway, query: str, until: asyncio.Event) -> list[Any]:
    """What is sent to a client that goes away at a moment."""
    asked = False
    sent: list[Any] = []

    async def receive() -> Any:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": json.dumps({"query": query}).encode(), "more_body": False}
        await until.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope(), receive, send)
    return sent
