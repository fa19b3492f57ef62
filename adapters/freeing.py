"""Lets go of what is large beside everything else: freeing a million records at once takes more than half a second,
during which no other thread runs.
"""

from __future__ import annotations

import threading
import time
from functools import cache
from queue import SimpleQueue
from typing import Any


def free(parts: list[Any]) -> None:
    """Empties a list that nobody reads any more, part by part: by a thread that lets others run in between.

    A part should take no more than a few milliseconds: thousands of records, not more.
    """
    if len(parts) > 1:
        _gone().put(parts)


def prepare() -> None:
    """Starts the thread, which had better not be started while something is freed."""
    _gone()


@cache
def _gone() -> SimpleQueue[list[Any]]:
    gone: SimpleQueue[list[Any]] = SimpleQueue()

    def empty() -> None:
        while True:
            parts = gone.get()
            while parts:
                parts.pop()
                time.sleep(0)

    threading.Thread(target=empty, name="freeing", daemon=True).start()
    return gone
