"""The sandbox's own controls: latency, counts, tokens."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec

from bench.load import connected
from bench.processes import Running

TOKEN = "POST token"


@dataclass(frozen=True, slots=True)
class Counted:
    """Requests that a sandbox answered; those for tokens apart."""

    data: int
    tokens: int
    in_flight: int


async def set_latency(source: Running, seconds: float) -> None:
    await _control(source, "latency", {"seconds": seconds})


async def reset(source: Running) -> None:
    await _control(source, "reset", {})


async def counted(source: Running) -> Counted:
    async with connected(source.port) as connection:
        told = msgspec.json.decode(await connection.ask("GET", "/_sandbox/"))
    tokens = told["requests"].get(TOKEN, 0)
    return Counted(sum(told["requests"].values()) - tokens, tokens, told["in_flight_peak"])


async def unanswered(source: Running) -> int:
    """Requests whose answer has not left in full."""
    async with connected(source.port) as connection:
        return int(msgspec.json.decode(await connection.ask("GET", "/_sandbox/"))["unanswered"])


async def switch(source: Running, faults: Sequence[str]) -> None:
    """These faults on, all others off."""
    await _control(source, "faults", list(faults))


async def token(source: Running) -> str:
    """A bearer token, for the baseline, which cannot fetch one."""
    settings = source.settings
    basic = base64.b64encode(f"{settings['client_id']}:{settings['client_secret']}".encode()).decode()
    headers = f"authorization: Basic {basic}\r\n"
    body = b"grant_type=client_credentials"
    async with connected(source.port) as connection:
        path = urlsplit(settings["token_url"]).path
        answer = await connection.ask("POST", path, body, headers, "application/x-www-form-urlencoded")
    return str(msgspec.json.decode(answer)["access_token"])


async def _control(source: Running, word: str, said: dict[str, Any] | list[str]) -> None:
    async with connected(source.port) as connection:
        await connection.ask("POST", f"/_sandbox/{word}", msgspec.json.encode(said))
