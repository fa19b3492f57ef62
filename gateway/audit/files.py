"""The files themselves: each written by one process, from its first line to its last, and by nobody after that.

No file is ever opened a second time, so that none is overwritten and no line joined to one that was cut short: after a
failure, as after a restart, what follows stands in a file of its own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from gateway.audit.entries import Event, FileEvent, line

_NAME: Final = re.compile(r"audit-\d{4}-\d{2}-\d{2}-(\d{4,})\.jsonl")
_APPENDING: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)


def now() -> datetime:
    return datetime.now(UTC)


def files_in(folder: Path) -> list[Path]:
    """The files of a folder, the oldest first."""
    found = [
        (each.name[:16], int(known[1]), each) for each in folder.iterdir() if (known := _NAME.fullmatch(each.name))
    ]
    return [path for _, _, path in sorted(found)]


class AuditFiles:
    """A file at a time, for its owner alone; a new one each day (UTC), and before one has more than `most` bytes.

    secret: what tells under which secret subjects are hashed; None: they are not.
    """

    def __init__(self, folder: Path, most: int, secret: str | None = None, clock: Callable[[], datetime] = now) -> None:
        self.folder = folder
        self._most = most
        self._secret = secret
        self._clock = clock
        self._descriptor: int | None = None
        self._name: str | None = None
        self._day = ""
        self._size = 0
        self._records = 0

    @property
    def opened(self) -> bool:
        return self._descriptor is not None

    def open(self) -> None:
        """Begins a file.

        Raises:
            OSError: it cannot be written; nothing is left of it.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        today = self._clock()
        day = f"{today:%Y-%m-%d}"
        for name in self._names(day):
            path = self.folder / name
            try:
                self._descriptor = os.open(path, _APPENDING, 0o600)
                break
            except FileExistsError:  # another process's: it may be ending while this one starts
                continue
        follows, self._name, self._day, self._size, self._records = self._name, name, day, 0, 0
        try:
            self._write(line(FileEvent(today, Event.OPENED, os.getpid(), follows, self._secret)))
            self.sync()
            self._sync_folder()
        except OSError:
            self.abandon()
            self._name = follows
            with suppress(OSError):
                path.unlink()
            raise

    def append(self, text: bytes, records: int) -> None:
        """Whole lines, in one piece.

        Raises:
            OSError: not all of them stand there now.
        """
        if self._descriptor is None:
            self.open()
        elif f"{self._clock():%Y-%m-%d}" != self._day or (self._records and self._size + len(text) > self._most):
            self.close()
            self.open()
        self._write(text)
        self._records += records

    def sync(self) -> None:
        """Has the disk keep what was written."""
        if self._descriptor is not None:
            os.fsync(self._descriptor)

    def close(self) -> None:
        """Ends the file in good order.

        Raises:
            OSError: its last line could not be written.
        """
        if self._descriptor is None:
            return
        try:
            self._write(line(FileEvent(self._clock(), Event.CLOSED, os.getpid(), records=self._records)))
            self.sync()
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Ends the file as it is."""
        if self._descriptor is not None:
            with suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None

    def _names(self, day: str) -> Iterator[str]:
        known = [int(found[1]) for each in self.folder.iterdir() if (found := _NAME.fullmatch(each.name))]
        number = max((each for each in known), default=0)
        while True:
            number += 1
            yield f"audit-{day}-{number:04}.jsonl"

    def _write(self, text: bytes) -> None:
        assert self._descriptor is not None
        left = memoryview(text)
        while left:
            left = left[os.write(self._descriptor, left) :]
        self._size += len(text)

    def _sync_folder(self) -> None:
        """Has the disk keep the name of the file, too."""
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
