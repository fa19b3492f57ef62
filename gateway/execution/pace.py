"""How long an operation holds the event loop at a stretch."""

from __future__ import annotations

import asyncio
import time

import msgspec

_PATIENCE = 0.01
"""Seconds that the event loop is held, as nearly as work of unknown length can tell."""


class Pace(msgspec.Struct):
    _since: float = msgspec.field(default_factory=time.perf_counter)

    @property
    def late(self) -> bool:
        """Whether others have waited long enough."""
        return time.perf_counter() - self._since > _PATIENCE

    async def breathe(self) -> None:
        """Gives the event loop away if it was held for long."""
        if self.late:
            await asyncio.sleep(0)
            self._since = time.perf_counter()
