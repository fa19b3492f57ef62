"""Work that takes long and asks nobody, done beside the event loop: by one thread, one piece after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Beside:
    """One at a time: Python runs no two at once, and the threads that look up names are not kept from others."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, name)

    async def do(self, work: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
        """What the work returns; raises what it raises."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, partial(work, *given, **named))
