"""An end to what hangs: for commands that nobody watches, over work that should never take so long."""

from __future__ import annotations

import asyncio
import faulthandler
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def watched(loop: asyncio.AbstractEventLoop, what: str, seconds: float) -> Iterator[None]:
    """Ends the process, as failed, if this is not left within so many seconds: `what` is told, with the tasks of the
    loop and where all threads are.
    """
    timer = threading.Timer(seconds, _give_up, (loop, what, seconds))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _give_up(loop: asyncio.AbstractEventLoop, what: str, seconds: float) -> None:
    print(f"{what} is not over after {seconds:g} s; its tasks:", file=sys.stderr)
    for task in asyncio.all_tasks(loop):
        print(f"  {task.get_name()}: {' > '.join(_waits(task.get_coro()))}", file=sys.stderr)
    sys.stderr.flush()
    faulthandler.dump_traceback()
    os._exit(1)


def _waits(coroutine: Any) -> Iterator[str]:
    """From a coroutine to what it waits for: functions, each with the line at which it is."""
    while frame := getattr(coroutine, "cr_frame", None):
        yield f"{coroutine.__qualname__}:{frame.f_lineno}"
        coroutine = coroutine.cr_await
