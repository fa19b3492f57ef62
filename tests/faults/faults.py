"""The faults that can be laid over all of a source's data, each by the row that it plays and what a client is told."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.adapters.school import ROOT
from tests.faults.district import BODY, District, over_data
from tests.faults.server import Asked, End, Play, for_ever
from tests.faults.wire import answer, bomb, head, of, says, zipped

SOON = {"attempt": 1.5}
"""The time of an attempt, where a fault lasts until that is up."""

LOGIN = f"<!DOCTYPE html><html><title>Sign in</title><p>{BODY}</p></html>".encode()


@dataclass(frozen=True, slots=True)
class Fault:
    """name: its row first. play: for data, over the district as it should be. codes: what may be told of it besides
    that the source is left alone for a while; none where it costs nothing. settings: of the source.
    """

    name: str
    play: Callable[[District], Play]
    codes: frozenset[str]
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


def _data(name: str, play: Play, *codes: str, **settings: Any) -> Fault:
    told = frozenset(f"UPSTREAM_{code}" for code in codes)
    return Fault(name, lambda district: over_data(play, district.play), told, settings)


def _bodies(name: str, made: Callable[[bytes], bytes | list[bytes | End]], *codes: str) -> Fault:
    """What is made of the right answer's body, for every request of data."""

    def over(district: District) -> Play:
        async def play(asked: Asked) -> AsyncIterator[bytes | End]:
            async for piece in district.play(asked):
                found = made(piece.partition(b"\r\n\r\n")[2])
                for each in [found] if isinstance(found, bytes) else found:
                    yield each

        return over_data(play, district.play)

    return Fault(name, over, frozenset(f"UPSTREAM_{code}" for code in codes))


def _tokens(name: str, play: Play, *codes: str, **settings: Any) -> Fault:
    """Of the token's own route, for a source that has one."""

    def over(district: District) -> Play:
        return lambda asked: play(asked) if asked.path == "/token" else district.play(asked)

    return Fault(name, over, frozenset(f"UPSTREAM_{code}" for code in codes), {"auth": {"kind": "oauth2"}} | settings)


async def silent(_: Asked) -> AsyncIterator[bytes]:
    await for_ever()
    yield b""


async def dripping(_: Asked) -> AsyncIterator[bytes]:
    yield head(200, ("Content-Length", "100000"), ("Content-Type", "application/json"))
    while True:
        yield b" "
        await asyncio.sleep(0.05)


async def endless(_: Asked) -> AsyncIterator[bytes]:
    yield head(200, ("Content-Type", "application/json")) + b'{"users": ['
    while True:
        yield b"  " * 32_768


def _cut(body: bytes) -> list[bytes | End]:
    return [head(200, ("Content-Type", "application/json")), body[: len(body) // 2], End.CLOSE]


def _cut_gzip(body: bytes) -> bytes:
    packed = gzip.compress(body)
    return answer(packed[: len(packed) // 2], 200, ("Content-Encoding", "gzip"))


def _short(body: bytes) -> list[bytes | End]:
    return [answer(body)[:-7], End.CLOSE]


def _reset(body: bytes) -> list[bytes | End]:
    return [answer(body)[: -len(body) // 2], End.RESET]


def _no_last_chunk(body: bytes) -> list[bytes | End]:
    chunk = f"{len(body):x}\r\n".encode() + body + b"\r\n"
    return [head(200, ("Transfer-Encoding", "chunked"), ("Content-Type", "application/json")), chunk, End.CLOSE]


def _redirected(status: int, to: str) -> Play:
    return says(of({"elsewhere": BODY}, status, ("Location", to)))


_HTML = answer(LOGIN, content_type="text/html")
_DEEP = b'{"users": %b%b}'

FAULTS = (
    _data("F03-silent", silent, "TIMEOUT", timeouts=SOON),
    _data("F04-drip", dripping, "TIMEOUT", timeouts=SOON),
    _data("F05-closed-without-answer", says(End.CLOSE), "UNREACHABLE"),
    _bodies("F05-reset", _reset, "TRUNCATED"),
    _bodies("F05-short-length", _short, "TRUNCATED"),
    _bodies("F05-no-last-chunk", _no_last_chunk, "TRUNCATED"),
    _bodies("F06-cut-by-close", _cut, "TRUNCATED"),
    _bodies("F06-cut-gzip", _cut_gzip, "TRUNCATED"),
    _data("F07-503", says(of({"sorry": BODY}, 503)), "FAILING"),
    _data("F10-hour", says(of({"sorry": BODY}, 429, ("Retry-After", "3600"))), "THROTTLED"),
    _data("F10-bare", says(of({"sorry": BODY}, 429)), "THROTTLED"),
    _data("F11-401", says(of({"sorry": BODY}, 401)), "AUTH"),
    _tokens("F12-late", silent, "TIMEOUT", timeouts=SOON),
    _tokens("F12-500", says(of({"error": BODY}, 500)), "FAILING"),
    _tokens("F12-mac", says(of({"access_token": BODY, "token_type": "mac"})), "AUTH"),
    _tokens("F12-number", says(of({"access_token": 7})), "BAD_CONTENT"),
    _tokens("F12-page", says(answer(LOGIN, 401, content_type="text/html")), "AUTH"),
    _data("F13-403", says(of({"sorry": BODY}, 403)), "FORBIDDEN"),
    _data("F15-login", says(_HTML), "BAD_CONTENT"),
    _data("F16-empty", says(answer()), "TRUNCATED"),
    _data("F16-null", says(answer(b"null")), "BAD_CONTENT"),
    _data("F16-nothing", says(answer(b"{}")), "BAD_CONTENT"),
    _data("F16-another-key", says(of({"results": []})), "BAD_CONTENT"),
    _data("F16-text", says(of(BODY)), "BAD_CONTENT"),
    _data("F16-failure", says(of({"imsx_codeMajor": "failure", "imsx_description": BODY})), "BAD_CONTENT"),
    _data("F17-deep", says(answer(b"[" * 1_000 + b"]" * 1_000)), "BAD_CONTENT"),
    _data("F17-deepest", says(answer(b'{"a":' * 100_000 + b"1" + b"}" * 100_000)), "BAD_CONTENT"),
    *(
        _data(f"F23-{status}-{where}", _redirected(status, to), "REDIRECTED")
        for status in (301, 302, 303, 307, 308)
        for where, to in (("here", f"{ROOT}/orgs"), ("elsewhere", "http://127.0.0.1:9/"))
    ),
    _data("F24-bomb", says(bomb(b'{"users": [', 200, b"]}")), "BAD_CONTENT"),
    _data("F24-double-gzip", says(zipped(b'{"users": []}', times=2)), "BAD_CONTENT"),
    _data("F24-endless", endless, "BAD_CONTENT", "TIMEOUT", timeouts=SOON),
    _data("F24-headers", says(of({}, 200, *((f"X-{n}", "x" * 20) for n in range(10_000)))), "BAD_CONTENT"),
    _data("F24-long-header", says(of({}, 200, ("X-Long", "x" * 80_000))), "BAD_CONTENT"),
)
