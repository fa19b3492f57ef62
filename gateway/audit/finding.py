"""Reads the files again: which operations told of a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from gateway.audit.entries import Event
from gateway.audit.files import files_in
from gateway.audit.subjects import Subjects


class _Line(msgspec.Struct):
    event: Event | None = None
    secret: str | None = None
    subjects: tuple[str, ...] | None = None


_HASHES: Final = "subjects"
_DECODER = msgspec.json.Decoder(_Line)


@dataclass(slots=True)
class Finding:
    """people: by source and sourcedId. unhashed, of_another_secret: files in which nobody can be found so.

    cut_short: lines that a process did not write to their end.
    """

    subjects: Subjects
    people: Iterable[tuple[str, str]]
    files: int = 0
    read: int = 0
    found: int = 0
    cut_short: int = 0
    unhashed: list[str] = field(default_factory=list)
    of_another_secret: list[str] = field(default_factory=list)

    def in_folder(self, folder: Path) -> Iterator[bytes]:
        """The records as they stand there, but for the hashes: those of others are nothing to this one.

        Raises:
            OSError: a file cannot be read.
        """
        wanted = frozenset(self.subjects.hashes(self.people))
        for path in files_in(folder):
            self.files += 1
            yield from self._in_file(path, wanted)

    def _in_file(self, path: Path, wanted: frozenset[str]) -> Iterator[bytes]:
        with path.open("rb") as file:
            for text in file:
                try:
                    line = _DECODER.decode(text)
                except msgspec.DecodeError:
                    self.cut_short += 1
                    continue
                if line.event is Event.OPENED:
                    self._opened(path, line.secret)
                elif line.event is None:
                    self.read += 1
                    if line.subjects is not None and not wanted.isdisjoint(line.subjects):
                        self.found += 1
                        yield msgspec.json.encode({k: v for k, v in msgspec.json.decode(text).items() if k != _HASHES})

    def _opened(self, path: Path, secret: str | None) -> None:
        if secret is None:
            self.unhashed.append(path.name)
        elif secret != self.subjects.check:
            self.of_another_secret.append(path.name)
