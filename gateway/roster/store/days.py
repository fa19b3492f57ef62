"""The day's requests of every source, kept so that a restart does not begin them again."""

from __future__ import annotations

import asyncio
import logging
from datetime import date, timedelta

import msgspec

from adapters.pacing import Days
from gateway.roster.store.files import Files

WRITTEN_AFTER = 1.0
"""Seconds after a request in which it and those that follow are written down together: what a crash may forget."""

_KEPT = timedelta(days=2)

log = logging.getLogger(__name__)


class KeptDays(Days):
    """Counts in one small file. There is nothing in it but keys of sources, dates and numbers: it is not encrypted."""

    def __init__(self, files: Files) -> None:
        super().__init__()
        self._files = files
        self._due: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None
        self._sent = self._read()

    def add(self, source: str, today: date) -> None:
        super().add(source, today)
        if self._due is None:
            self._due = asyncio.get_running_loop().call_later(WRITTEN_AFTER, self._write_beside)

    async def close(self) -> None:
        """Returns when all counts are written down."""
        if self._due is not None:
            self._due.cancel()
            self._write_beside()
        if self._writing is not None:
            await self._writing

    def _write_beside(self) -> None:
        self._due = None
        self._writing = asyncio.create_task(self._write(self._writing))

    async def _write(self, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await before
        written = msgspec.json.encode(self._sent)
        try:
            await asyncio.to_thread(self._files.replace, self._files.days, lambda file: file.write(written))
        except OSError as error:
            log.warning("%s: the day's requests could not be written down: %s", self._files.days, error.strerror)

    def _read(self) -> dict[str, tuple[date, int]]:
        try:
            read = msgspec.json.decode(self._files.days.read_bytes(), type=dict[str, tuple[date, int]])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.DecodeError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not understood"
            log.warning("%s: the day's requests are counted from nothing: %s", self._files.days, reason)
            return {}
        return {source: (day, sent) for source, (day, sent) in read.items() if day > date.today() - _KEPT}
