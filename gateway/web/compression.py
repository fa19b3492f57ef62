"""Answers made smaller, at the level that costs the least CPU for what it saves: docs/decisions has the figures."""

from __future__ import annotations

import asyncio
import sys
import threading
import zlib
from collections.abc import Callable
from typing import TypeVar

from gateway.web.negotiation import Coding

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LEAST = 1_200
"""Bytes from which on it pays: less fits into one packet together with its headers."""

LARGE = 256 * 1024
"""Bytes from which on the work is done beside the event loop; gzip takes about 2 ms for them."""

_GZIP_LEVEL = 1
_GZIP_WINDOW = 31
_ZSTD_LEVEL = 1

T = TypeVar("T")


class _Compressor(threading.local):
    """One for each thread: making it anew costs more than a small answer does."""

    def __init__(self) -> None:
        self.zstd = zstd.ZstdCompressor(level=_ZSTD_LEVEL)


_COMPRESSOR = _Compressor()


def compressed(body: bytes, coding: Coding) -> bytes:
    """The same body always gives the same bytes."""
    if coding is Coding.GZIP:
        return zlib.compress(body, _GZIP_LEVEL, _GZIP_WINDOW)
    return _COMPRESSOR.zstd.compress(body, zstd.ZstdCompressor.FLUSH_FRAME)


async def beside_the_loop(work: Callable[[bytes], T], body: bytes) -> T:
    """What `work` makes of `body`, in a thread if that takes long."""
    return work(body) if len(body) < LARGE else await asyncio.to_thread(work, body)
