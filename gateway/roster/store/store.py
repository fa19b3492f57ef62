"""Saves and loads tables. What is wrong with a file is found out before anything in it is believed."""

from __future__ import annotations

import asyncio
import hmac
import logging
import os
import threading
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import BinaryIO, TypeVar

import msgspec

from adapters.endpoints import ENTITIES, Collection
from adapters.secret import Secret
from gateway.config import GatewaySettings
from gateway.roster.rows import Rows
from gateway.roster.store.days import KeptDays
from gateway.roster.store.files import Files
from gateway.roster.store.packing import Packing
from gateway.roster.store.runs import Run, marks_of, runs_of
from gateway.roster.store.sealing import Unreadable, seal, unseal
from gateway.roster.store.snapshot import Facts, Snapshot, Summary

T = TypeVar("T")

log = logging.getLogger(__name__)


class NoStore(Exception):
    """Tables cannot be kept on disk; the text says why and what to do."""


class _Head(Summary, frozen=True, kw_only=True):
    """The first frame of a file. fingerprint: of the record type as it was when the file was written. runs: the pages
    that can be asked for if they changed.
    """

    fingerprint: str
    runs: tuple[Run, ...] = ()


_PACKINGS = {collection: Packing(entity.record) for collection, entity in ENTITIES.items()}
_FACTS = tuple(f.name for f in msgspec.structs.fields(Facts))
_HEAD = msgspec.msgpack.Decoder(_Head)


def open_store(settings: GatewaySettings) -> Store | None:
    """The store that the settings ask for; None if they ask for none.

    Raises:
        NoStore: they ask for one that cannot be had.
    """
    if settings.state_dir is None:
        return None
    if not settings.secret:
        raise NoStore(
            "gateway.state_dir is set and gateway.secret is not: tables are kept encrypted, so without a secret they "
            "are held in memory only; set gateway.secret"
        )
    try:
        return Store(settings.state_dir, settings.secret)
    except OSError as error:
        raise NoStore(f"gateway.state_dir: {error.filename or settings.state_dir}: {error.strerror}") from None


class Store:
    """The tables on disk of all sources: one process writes, its work is done by two threads of its own.

    days: the requests that were sent to each source, over restarts.

    Raises:
        OSError: the directory cannot be made or written.
    """

    def __init__(self, directory: Path, secret: Secret) -> None:
        self._files = Files(directory)
        self._secret = secret
        self._replacing = threading.Lock()
        self._writer = ThreadPoolExecutor(1, "store-writer")  # one: what was saved last is what stays
        self._reader = ThreadPoolExecutor(1, "store-reader")
        self._files.prepare()
        self.days = KeptDays(self._files)

    def fingerprint(self, text: Secret) -> str:
        """Tells texts apart; says nothing of them to whoever has not the gateway's secret."""
        return hmac.new(self._secret.reveal().encode(), text.reveal().encode(), "sha256").hexdigest()

    async def save(self, snapshot: Snapshot) -> None:
        """Keeps `snapshot` in place of what was kept of its table.

        Raises:
            OSError: it could not be written; what was there before stands.
        """
        await _on(self._writer, lambda: self.write(snapshot))

    async def load(self, source: str, collection: Collection) -> Snapshot | None:
        """What is kept of a table; None if that is nothing, or nothing that can be used."""
        return await _on(self._reader, lambda: self.read(source, collection))

    async def save_held(self, snapshot: Snapshot) -> None:
        """Keeps a reading that is held back, beside the table; its `held` says which it is.

        Raises:
            OSError: it could not be written.
        """
        await _on(self._writer, lambda: self.write(snapshot, held=True))

    async def load_held(self, source: str, collection: Collection) -> Snapshot | None:
        """The reading that is held back; None if there is none that can be used."""
        return await _on(self._reader, lambda: self.read(source, collection, held=True))

    async def drop_held(self, source: str, collection: Collection) -> None:
        """Nothing is held back any more.

        Raises:
            OSError: it could not be removed.
        """
        await _on(self._writer, lambda: self._files.remove(self._files.path(source, collection, held=True)))

    def held(self, source: str) -> dict[Collection, Summary]:
        """What is held back of a source, in this thread: a millisecond for each."""
        found = {c: self.read_summary(source, c, held=True) for c in self._files.held(source)}
        return {c: summary for c, summary in found.items() if summary is not None}

    async def summary(self, source: str, collection: Collection) -> Summary | None:
        """As `load`, without the records: milliseconds, whatever the size."""
        return await _on(self._reader, lambda: self.read_summary(source, collection))

    async def summaries(self, source: str) -> dict[Collection, Summary]:
        """What is kept of a source, without the records."""

        def read() -> dict[Collection, Summary]:
            found = {c: self.read_summary(source, c) for c in Collection}
            return {c: summary for c, summary in found.items() if summary is not None}

        return await _on(self._reader, read)

    async def erase(self, source: str, collection: Collection) -> None:
        """Erases all that is kept of a table.

        Raises:
            OSError: it could not be erased.
        """
        await _on(self._writer, lambda: self._files.erase(source, collection))

    async def forget(self, source: str) -> list[Path]:
        """Erases every file of a source, also what is still waiting to be saved; tells which there were."""
        return await _on(self._writer, lambda: self._files.erase(source))

    async def close(self) -> None:
        """Returns when what was to be saved is."""
        await self.days.close()
        for threads in (self._writer, self._reader):
            await asyncio.to_thread(threads.shutdown)

    def sources(self) -> dict[str, tuple[Collection, ...]]:
        """The collections of each source that are kept."""
        return self._files.sources()

    def write(self, snapshot: Snapshot, held: bool = False) -> None:
        """`save`, or `save_held`, in this thread."""
        packing = _PACKINGS[snapshot.collection]
        facts = {name: getattr(snapshot, name) for name in _FACTS}
        runs = runs_of(snapshot.marks, snapshot.records)
        head = _Head(**facts, size=len(snapshot.records), fingerprint=packing.fingerprint, runs=runs)

        def frames() -> Iterator[bytes]:
            yield msgspec.msgpack.encode(head)
            yield from packing.pack(snapshot.records)

        def write(file: BinaryIO) -> None:
            seal(file, frames(), self._secret, _subject(snapshot.source, snapshot.collection, held))

        with self._replacing:
            self._files.replace(self._files.path(snapshot.source, snapshot.collection, held), write)

    def read(self, source: str, collection: Collection, held: bool = False) -> Snapshot | None:
        """`load`, or `load_held`, in this thread."""

        def whole(head: _Head, frames: Iterator[bytes]) -> Snapshot:
            records = Rows(chain.from_iterable(_PACKINGS[collection].unpack(frames)))
            if len(records) != head.size:
                raise ValueError("records are missing")
            facts = {name: getattr(head, name) for name in _FACTS}
            return Snapshot(**facts, records=records, marks=marks_of(head.runs, records))

        return self._read(source, collection, held, whole)

    def read_summary(self, source: str, collection: Collection, held: bool = False) -> Summary | None:
        """`summary`, in this thread."""

        def summary(head: _Head, _: Iterator[bytes]) -> Summary:
            return Summary(**{name: getattr(head, name) for name in _FACTS}, size=head.size)

        return self._read(source, collection, held, summary)

    def _read(
        self, source: str, collection: Collection, held: bool, understand: Callable[[_Head, Iterator[bytes]], T]
    ) -> T | None:
        path = self._files.path(source, collection, held)
        try:
            file = path.open("rb")
        except FileNotFoundError:
            return None
        except OSError as error:
            log.warning("%s: the kept table cannot be opened: %s", path, error.strerror)
            return None
        with file:
            try:
                return understand(*self._opened(file, collection, _subject(source, collection, held)))
            except Unreadable as unreadable:
                problem = str(unreadable)
            except (LookupError, ValueError, msgspec.DecodeError, zlib.error):  # whose text may quote a record
                problem = "what it holds cannot be understood"
            except OSError as error:
                log.warning("%s: the kept table cannot be read: %s", path, error.strerror)
                return None
            self._set_aside(path, file, problem)
            return None

    def _opened(self, file: BinaryIO, collection: Collection, subject: bytes) -> tuple[_Head, Iterator[bytes]]:
        frames = unseal(file, self._secret, subject)
        head = _HEAD.decode(next(frames))
        if head.fingerprint != _PACKINGS[collection].fingerprint:
            raise Unreadable("its records are those of another version of the gateway")
        return head, frames

    def _set_aside(self, path: Path, file: BinaryIO, problem: str) -> None:
        with self._replacing:
            try:
                if not os.path.samestat(os.fstat(file.fileno()), path.stat()):
                    return  # a good one has taken its place meanwhile
                aside = self._files.set_aside(path)
            except OSError as error:
                log.warning("%s: the kept table cannot be used (%s) nor put aside: %s", path, problem, error.strerror)
                return
        log.warning("%s: the kept table was put aside as %s, to be read anew: %s", path, aside.name, problem)


def _subject(source: str, collection: Collection, held: bool) -> bytes:
    return "\0".join([source, collection.value, *(["held"] if held else [])]).encode()


async def _on(threads: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(threads, work)
