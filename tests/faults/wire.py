"""Bytes of HTTP answers, right ones and wrong ones."""

from __future__ import annotations

import gzip
import json
import struct
import zlib
from collections.abc import AsyncIterator, Callable
from typing import Any

from tests.faults.server import Asked, End, Play

JSON = "application/json"


def head(status: int = 200, *headers: tuple[str, str]) -> bytes:
    """A status line and headers, up to the blank line, with nothing added."""
    lines = [f"HTTP/1.1 {status} -", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def answer(body: bytes = b"", status: int = 200, *headers: tuple[str, str], content_type: str | None = JSON) -> bytes:
    """A whole answer with its length."""
    about = [("Content-Length", str(len(body))), *([("Content-Type", content_type)] if content_type else [])]
    return head(status, *about, *headers) + body


def of(value: Any, status: int = 200, *headers: tuple[str, str]) -> bytes:
    return answer(json.dumps(value).encode(), status, *headers)


def zipped(body: bytes, *headers: tuple[str, str], times: int = 1) -> bytes:
    for _ in range(times):
        body = gzip.compress(body, mtime=0)
    return answer(body, 200, ("Content-Encoding", "gzip"), *headers)


def bomb(before: bytes, megabytes: int, after: bytes) -> bytes:
    """Zipped, with so many blanks in the middle. One million is packed, and told over and over: that takes no time."""
    packer, blanks = zlib.compressobj(wbits=-zlib.MAX_WBITS), b" " * 1_000_000
    begins = packer.compress(before) + packer.flush(zlib.Z_FULL_FLUSH)  # what follows refers to nothing before it
    middle = packer.compress(blanks) + packer.flush(zlib.Z_FULL_FLUSH)
    ends = packer.compress(after) + packer.flush()
    check = zlib.crc32(before)
    for _ in range(megabytes):
        check = zlib.crc32(blanks, check)
    size = len(before) + megabytes * len(blanks) + len(after)
    trailer = struct.pack("<LL", zlib.crc32(after, check), size)
    packed = gzip.compress(b"", mtime=0)[:10] + begins + megabytes * middle + ends + trailer
    return answer(packed, 200, ("Content-Encoding", "gzip"))


def says(*pieces: bytes | End) -> Play:
    """The same to every request."""

    async def play(_: Asked) -> AsyncIterator[bytes | End]:
        for piece in pieces:
            yield piece

    return play


def either(first: Callable[[Asked], bool], this: Play, other: Play) -> Play:
    """`this` to the requests that `first` holds for, `other` to the rest."""
    return lambda asked: this(asked) if first(asked) else other(asked)
