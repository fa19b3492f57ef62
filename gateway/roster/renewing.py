"""Secrets that change while the gateway runs: files are looked at again every few seconds, commands once a source
refuses what they said last.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from adapters.errors import SourceError
from adapters.spec import Credentials
from gateway.config import SourceSettings
from gateway.faults import ErrorCode
from gateway.roster.source import Source

_log = logging.getLogger(__name__)

Follow: TypeAlias = Callable[[bool], Credentials | None]

EVERY: Final = 5.0
COMMANDS_EVERY: Final = 60.0
"""Seconds, at least, between two runs of a source's commands."""


class Renewing:
    """The sources whose credentials are kept where they may change. clock: as `time.monotonic`."""

    def __init__(self, sources: Iterable[Source], clock: Callable[[], float] = time.monotonic) -> None:
        self._sources: dict[str, tuple[Source, Follow]] = {}
        for source in sources:
            if source.refusal is None and isinstance(source.settings, SourceSettings) and source.settings.anew:
                self._sources[source.key] = source, source.settings.anew
        self._clock = clock
        self._ran: dict[str, float] = {}
        self._told: set[str] = set()

    async def watch(self) -> None:
        """For as long as the gateway runs."""
        while self._sources:
            await asyncio.sleep(EVERY)
            await self.look()

    async def look(self) -> None:
        """Has each source asked by what its references lead to now."""
        refused = {key for key, (source, _) in self._sources.items() if self._refused(key, source)}
        for key, found in (await asyncio.to_thread(self._read, refused)).items():
            self._take(self._sources[key][0], found)

    def _refused(self, key: str, source: Source) -> bool:
        """Whether its commands are to be run: it takes what they said for no credentials, and that is some time ago."""
        now = self._clock()
        if source.last_error is not ErrorCode.UPSTREAM_AUTH or now < self._ran.get(key, float("-inf")) + COMMANDS_EVERY:
            return False
        self._ran[key] = now
        return True

    def _read(self, refused: set[str]) -> dict[str, Credentials | None]:
        return {key: follow(key in refused) for key, (_, follow) in self._sources.items()}

    def _take(self, source: Source, found: Credentials | None) -> None:
        if found is None:
            if source.key not in self._told:
                self._told.add(source.key)
                _log.warning("%s: its credentials cannot be read any more; it is asked by those of before", source.key)
            return
        self._told.discard(source.key)
        try:
            if source.renew(found):
                _log.info("%s: its credentials changed; what was read by those of before is read anew", source.key)
        except SourceError as error:
            _log.warning("%s: its credentials changed, and are of no use: %s", source.key, error.message)
