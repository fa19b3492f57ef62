"""Time for tests: it stands until it is set, or slept through."""

import asyncio
from datetime import datetime
from zoneinfo import ZoneInfo


class Clock:
    """Seconds since the epoch, as a function; `sleep` in place of asyncio's."""

    def __init__(self, at: str = "2030-01-15 12:00", zone: str = "UTC", *, fold: int = 0) -> None:
        self.set(at, zone, fold=fold)

    def set(self, at: str, zone: str = "UTC", *, fold: int = 0) -> None:
        """at: what a clock on the wall in `zone` shows; fold=1: for the second time."""
        self.now = datetime.fromisoformat(at).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)
