"""What can be wrong with a server, to be switched on: so that anybody can see what the gateway makes of it."""

from __future__ import annotations

import asyncio
import gzip
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import msgspec
from starlette.types import Receive, Send

from gateway.sandbox.asgi import answer

Reply = tuple[int, bytes, dict[str, str]]
"""Status, body, headers."""

_JSON: Final = {"content-type": "application/json"}
_LOGIN = b"<!doctype html><title>Sign in</title><form><input name=user><input name=password type=password></form>"
_DRIP = 0.05
"""Seconds between two bytes."""


class WrongFault(ValueError):
    """Names no fault, or says of it what cannot be. Its text is for people."""


@dataclass(frozen=True, slots=True)
class Fault:
    """told: what is wrong, for people. change: what is sent in place of an answer. number: what the fault takes one
    for, and the one that it has unless another is given. token: it is of the token server, else of the data.
    """

    told: str
    change: Callable[[Reply, float], Reply] | None = None
    number: tuple[str, float] | None = None
    token: bool = False


def _instead(status: int, body: bytes = b"", **headers: str) -> Callable[[Reply, float], Reply]:
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda reply, number: (status, body, dict(said))


def _rows(body: bytes) -> tuple[Any, str, list[Any]]:
    """A page, the key of its records, and they; of a single record, that one."""
    page = msgspec.json.decode(body)
    key = next(iter(page))
    return page, key, page[key] if isinstance(page[key], list) else [page[key]]


def _good_only(change: Callable[[Reply, float], Reply]) -> Callable[[Reply, float], Reply]:
    return lambda reply, number: change(reply, number) if reply[0] == 200 and reply[1][:1] == b"{" else reply


def _spoilt(reply: Reply, number: float) -> Reply:
    page, _, rows = _rows(reply[1])
    for row in rows[: max(1, int(number))]:
        row["sourcedId"] = {"not": "text"}
    return reply[0], msgspec.json.encode(page), reply[2]


def _foreign(reply: Reply, number: float) -> Reply:
    page, _, rows = _rows(reply[1])
    for row in rows:
        row["sourcedId"] = f"foreign-{row['sourcedId']}"
    return reply[0], msgspec.json.encode(page), reply[2]


def _another(reply: Reply, number: float) -> Reply:
    page, key, _ = _rows(reply[1])
    return reply if isinstance(page[key], list) else _foreign(reply, number)


def _short(reply: Reply, number: float) -> Reply:
    page, key, rows = _rows(reply[1])
    if isinstance(page[key], list):
        page[key] = rows[: len(rows) // 2]
    return reply[0], msgspec.json.encode(page), reply[2]


def _wrong_key(reply: Reply, number: float) -> Reply:
    page, key, _ = _rows(reply[1])
    return reply[0], msgspec.json.encode({f"{key}List": page[key]}), reply[2]


def _bomb(reply: Reply, number: float) -> Reply:
    packed = gzip.compress(b'{"users":[' + b" " * int(number) * 1_000_000, 9)
    return 200, packed, {**_JSON, "content-encoding": "gzip"}


def _linked(reply: Reply, number: float) -> Reply:
    kept = {name: value for name, value in reply[2].items() if name.lower() != "x-total-count"}
    return reply[0], reply[1], {**kept, "link": '<http://127.0.0.9:9/elsewhere?offset=1>; rel="next"'}


FAULTS: Final[Mapping[str, Fault]] = MappingProxyType(
    {
        "status": Fault(
            "answers with this status and nothing else", lambda _, n: (int(n), b"", {}), ("HTTP status", 503)
        ),
        "throttle": Fault(
            "answers 429 and wants to be left alone for so long",
            lambda _, n: (429, b"", {"retry-after": str(int(n))}),
            ("seconds", 5),
        ),
        "slow": Fault("takes so much longer", number=("seconds", 5)),
        "silence": Fault("takes the request and never answers"),
        "drip": Fault("sends a byte every 50 ms"),
        "cut": Fault("ends the connection in the middle of the body"),
        "flap": Fault("is up and down by turns (503)", number=("seconds of each", 1)),
        "login": Fault("answers 200 with a page to sign in", _instead(200, _LOGIN, content_type="text/html")),
        "empty": Fault("answers 200 without a body", _instead(200, b"", **_JSON)),
        "null": Fault("answers 200 with null", _instead(200, b"null", content_type="application/json")),
        "wrong-key": Fault("has its records under another key", _good_only(_wrong_key)),
        "bad-records": Fault(
            "sends records that cannot be read on each page", _good_only(_spoilt), ("records", 1)
        ),
        "foreign": Fault("sends other records than were asked for", _good_only(_foreign)),
        "another": Fault("sends another record where one is asked for by its id", _good_only(_another)),
        "short": Fault("leaves out half of each page and says nothing", _good_only(_short)),
        "link-elsewhere": Fault("says that the next page is on another host", _good_only(_linked)),
        "redirect": Fault("sends whoever asks to another host", _instead(302, location="http://127.0.0.9:9/")),
        "bomb": Fault("sends a small body that unpacks to so much", _bomb, ("megabytes", 200)),
        "token-status": Fault(
            "the token server answers so", lambda _, n: (int(n), b"", {}), ("HTTP status", 500), token=True
        ),
        "token-slow": Fault("the token server takes so much longer", number=("seconds", 5), token=True),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Switched:
    """A fault that is on. share: of the requests, that it befalls."""

    name: str
    number: float
    share: float = 1.0

    @property
    def fault(self) -> Fault:
        return FAULTS[self.name]

    def __str__(self) -> str:
        number = f"={self.number:g}" if self.fault.number else ""
        share = f"@{self.share:g}" if self.share < 1 else ""
        return f"{self.name}{number}{share}"


def switched(text: str) -> Switched:
    """A fault from `NAME`, `NAME=NUMBER`, each with `@SHARE` behind it: `status=503@0.05`.

    Raises:
        WrongFault: it is none.
    """
    said, at, share = text.partition("@")
    name, equals, number = said.partition("=")
    fault = FAULTS.get(name)
    if fault is None:
        raise WrongFault(f"there is no fault {name!r}; there are {', '.join(FAULTS)}")
    if equals and fault.number is None:
        raise WrongFault(f"{name} takes no number")
    try:
        value = float(number) if equals else (fault.number or ("", 0.0))[1]
        part = float(share) if at else 1.0
    except ValueError:
        raise WrongFault(f"{text!r}: write NAME=NUMBER@SHARE, such as status=503@0.05") from None
    if not (0 <= value < 1e6 and 0 < part <= 1):
        raise WrongFault(f"{text!r}: the number must not be negative, and the share be more than 0 and at most 1")
    return Switched(name, value, part)


@dataclass(slots=True)
class Faults:
    """Those of one server that are on. chance: by which a share is drawn."""

    on: list[Switched] = field(default_factory=list)
    chance: Callable[[], float] = random.random
    _began: float = field(default_factory=lambda: time.monotonic())

    def befalling(self, *, token: bool) -> list[Switched]:
        """Those that befall the next request."""
        return [each for each in self.on if each.fault.token is token and self.chance() < each.share]

    async def delay(self, befalling: list[Switched], receive: Receive) -> None:
        """Takes the time that these take."""
        for each in befalling:
            if each.name in ("slow", "token-slow"):
                await _gone(receive, each.number)
            elif each.name == "silence":
                await _gone(receive, None)

    async def reply(self, befalling: list[Switched], receive: Receive, send: Send, right: Reply) -> int:
        """Sends what becomes of the right answer; its status."""
        reply, names = right, {each.name for each in befalling}
        for each in befalling:
            if each.name == "flap":
                down = int((time.monotonic() - self._began) / max(each.number, 0.01)) % 2
                reply = (503, b"", {}) if down else reply
            elif each.fault.change is not None:
                reply = each.fault.change(reply, each.number)
        status, body, headers = reply
        if names.isdisjoint({"drip", "cut"}):
            await answer(send, status, body, headers)
            return status
        head = [(k.encode(), v.encode()) for k, v in {**headers, "content-length": str(len(body) or 1)}.items()]
        await send({"type": "http.response.start", "status": status, "headers": head})
        if "cut" in names:  # a server ends the connection of an application that does not finish its answer
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            return status
        for byte in body:
            await send({"type": "http.response.body", "body": bytes((byte,)), "more_body": True})
            if await _gone(receive, _DRIP):
                break
        await send({"type": "http.response.body", "body": b""})
        return status


async def _gone(receive: Receive, seconds: float | None) -> bool:
    """Whether the client left within so many seconds; waits for ever if None."""
    try:
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return False
    return True
