"""The HTTP request as it arrived, and the answer as it leaves: raw, so that no escaped character is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.types import Receive, Scope, Send


@dataclass(frozen=True, slots=True)
class Asked:
    """One HTTP request as it arrived."""

    method: str
    scheme: str
    raw_path: str
    raw_query: str
    headers: Mapping[str, str]

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.headers.get('host', '')}"


def asked_by(scope: Scope) -> Asked:
    raw = scope.get("raw_path") or scope["path"].encode()
    return Asked(
        method=scope["method"],
        scheme=scope["scheme"],
        raw_path=raw.decode("latin-1"),
        raw_query=scope["query_string"].decode("latin-1"),
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
    )


async def read_body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def answer(send: Send, status: int, body: bytes, headers: Mapping[str, str]) -> None:
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    if status != 304:  # whose length would be that of the answer that is not sent
        raw.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
