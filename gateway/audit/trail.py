"""The way into the files: many operations at once, one thread that writes, in the order in which they came.

Whoever waits for a record is told that it stands there, or that it does not. All that came while the thread was busy is
written in one piece and put to disk once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import StrEnum
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Final, TypeAlias

from gateway.audit.files import AuditFiles

log = logging.getLogger(__name__)

AGAIN: Final = 1.0
"""Seconds after which a file that could not be written is tried again; and between two puttings to disk, where these
are not waited for.
"""

PATIENCE: Final = 5.0
"""Seconds after which a record that is not there yet is taken for one that cannot be written."""


class Fsync(StrEnum):
    """When the disk is made to keep what was written: before each answer leaves; every second; as the system likes."""

    ALWAYS = "always"
    INTERVAL = "interval"
    NEVER = "never"


class CannotRecord(Exception):
    """There is no trail to be had. The message says where, and why."""


class NotRecorded(Exception):
    """The record of an operation cannot be written. The message says why, and nothing of the operation."""


_Text: TypeAlias = Callable[[], bytes]

_END: Final = None


class _Batch:
    """Records that came in one turn of an event loop, and who waits for them."""

    __slots__ = ("alarm", "loop", "texts", "waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.texts: list[_Text] = []
        self.waiting: list[asyncio.Future[None]] = []
        self.alarm: asyncio.TimerHandle | None = None

    def add(self, text: _Text) -> asyncio.Future[None]:
        done: asyncio.Future[None] = self.loop.create_future()
        self.texts.append(text)
        self.waiting.append(done)
        return done

    def settle(self, error: NotRecorded | None) -> None:
        """Tells all who wait, from another thread."""
        with suppress(RuntimeError):  # the loop has ended, and nobody waits
            self.loop.call_soon_threadsafe(self.tell, error)

    def tell(self, error: NotRecorded | None) -> None:
        if self.alarm is not None:
            self.alarm.cancel()
        for done in self.waiting:
            if not done.done():
                if error is None:
                    done.set_result(None)
                else:
                    done.set_exception(error)


class Trail:
    """Fails closed: while nothing can be written, nothing is recorded, and everybody is told so at once."""

    def __init__(self, files: AuditFiles, fsync: Fsync = Fsync.ALWAYS, patience: float = PATIENCE) -> None:
        """Raises:
        CannotRecord: nothing can be written there.
        """
        self.problem: str | None = None
        """Why nothing can be written just now."""
        self.written = 0
        self.lost = 0
        self._files = files
        self._fsync = fsync
        self._patience = patience
        self._gathering: _Batch | None = None
        self._coming: SimpleQueue[_Batch | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._unsynced = False
        self._ended = False
        try:
            files.open()
        except OSError as error:
            raise CannotRecord(f"{files.folder}: operations cannot be recorded there: {error.strerror}") from None

    async def record(self, text: _Text) -> None:
        """Has a line written, which is made by the thread that writes it; in the order of these calls.

        Raises:
            NotRecorded: it does not stand there, or nobody knows.
        """
        self.check()
        batch = self._gathering
        if batch is None:  # a thread that is woken for each costs more than all else
            loop = asyncio.get_running_loop()
            batch = self._gathering = _Batch(loop)
            batch.alarm = loop.call_later(self._patience, self._late, batch)
            loop.call_soon(self._hand_over, batch)
        try:
            await batch.add(text)
        except NotRecorded:
            self.lost += 1
            raise

    def check(self) -> None:
        """Raises:
        NotRecorded: nothing can be written just now.
        """
        if self.problem is not None:
            self.lost += 1
            raise NotRecorded(self.problem)

    async def close(self) -> None:
        """Writes what is to be written, and ends the file. Nothing can be recorded afterwards."""
        if self._ended:
            return
        self._ended, self.problem = True, "the gateway is stopping"
        if self._thread is None and self._gathering is None:
            self._end()
            return
        if self._gathering is not None:
            self._hand_over(self._gathering)
        self._coming.put(_END)
        if self._thread is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._thread.join, self._patience)

    def _hand_over(self, batch: _Batch) -> None:
        if self._gathering is not batch:
            return
        self._gathering = None
        if self._thread is None:
            self._thread = Thread(target=self._run, name="audit", daemon=True)
            self._thread.start()
        self._coming.put(batch)

    def _late(self, batch: _Batch) -> None:
        self._broken(f"it takes longer than {self._patience:g} s")
        batch.tell(NotRecorded(self.problem or ""))

    def _broken(self, why: str) -> None:
        if self.problem is None:
            log.error("operations cannot be recorded, and are not answered: %s", why)
            self.problem = why

    # -------------------------------------------------------------- in the thread

    def _run(self) -> None:
        due = time.monotonic() + AGAIN
        while True:
            batches, ends = self._come(due)
            if batches:
                self._write(batches)
            if ends:
                self._end()
                return
            if time.monotonic() >= due:
                self._see_to()
                due = time.monotonic() + AGAIN

    def _come(self, due: float) -> tuple[list[_Batch], bool]:
        """All that has come, once something has, and whether that was the last. Nothing, if nothing came until then."""
        found: list[_Batch] = []
        try:
            each = self._coming.get(timeout=max(0.0, due - time.monotonic()))
            while each is not _END:
                found.append(each)
                each = self._coming.get_nowait()
        except Empty:
            return found, False
        return found, True

    def _write(self, batches: Sequence[_Batch]) -> None:
        if not self._files.opened:  # tried again by and by, and not for each
            return _settle(batches, NotRecorded(self.problem or "no file could be begun"))
        try:
            lines = [text() for batch in batches for text in batch.texts]
            self._files.append(b"".join(lines), len(lines))
            if self._fsync is Fsync.ALWAYS:
                self._files.sync()
        except Exception as error:
            return self._failed(error, batches)
        self._unsynced = self._fsync is Fsync.INTERVAL
        self.written += len(lines)
        self._works()
        return _settle(batches, None)

    def _see_to(self) -> None:
        """What is done every second: putting to disk, or beginning a new file after a failure."""
        try:
            if not self._files.opened:
                self._files.open()
            elif self._unsynced:
                self._files.sync()
                self._unsynced = False
            self._works()
        except OSError as error:
            self._failed(error, ())

    def _works(self) -> None:
        if self.problem is not None and not self._ended:
            log.warning("operations can be recorded again, and are answered")
            self.problem = None

    def _failed(self, error: Exception, batches: Sequence[_Batch]) -> None:
        """The file is given up: where a line of it may be cut short, no other is to follow."""
        self._files.abandon()
        self._unsynced = False
        why = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
        self._broken(why)
        _settle(batches, NotRecorded(why))

    def _end(self) -> None:
        try:
            self._files.close()
        except OSError as error:
            log.error("the file of the audit could not be ended: %s", error.strerror)


def _settle(batches: Sequence[_Batch], error: NotRecorded | None) -> None:
    for batch in batches:
        batch.settle(error)
