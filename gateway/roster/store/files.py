"""The files of the store: where they are, how one is replaced whole, put out of the way, or erased.

`tables/<source>/<collection>.table`, `….held.table` of what is held back, and `pace/requests.json` below the state
directory; nobody but the gateway's own user may look inside.
"""

from __future__ import annotations

import os
import re
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from adapters.endpoints import Collection
from gateway import identity

KEPT_ASIDE = 2
"""Files put aside for one table: enough to look into what happened, too few to fill a disk."""

_TABLE = ".table"
_HELD = ".held"
_TEMPORARY = ".writing"
_ASIDE = re.compile(r"\.table\.set-aside-(\d+)$")


class Files:
    """The files of all tables below one state directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._tables = directory / "tables"
        self.days = directory / "pace" / "requests.json"

    def path(self, source: str, collection: Collection, held: bool = False) -> Path:
        """held: of the reading that is held back, beside the table that serves."""
        return self._folder(source) / f"{collection.value}{_HELD if held else ''}{_TABLE}"

    def held(self, source: str) -> list[Collection]:
        """The collections of which a reading is held back."""
        return [c for c in Collection if self.path(source, c, held=True).is_file()]

    def remove(self, path: Path) -> None:
        """The file is gone, if there was one."""
        if path.is_file():
            path.unlink(missing_ok=True)
            _sync(path.parent)

    def sources(self) -> dict[str, tuple[Collection, ...]]:
        """The collections of each source that have a table; a source may have files put aside only."""
        return {
            folder.name: tuple(c for c in Collection if self.path(folder.name, c).is_file())
            for folder in self._folders()
        }

    def prepare(self) -> None:
        """Makes the directory, and removes what a write that was cut off has left."""
        if not self._directory.exists():
            _private(self._directory)
        _private(self._tables)
        for folder in [*self._folders(), self.days.parent]:
            for left in folder.glob(f"*{_TEMPORARY}"):
                left.unlink(missing_ok=True)

    def replace(self, path: Path, write: Callable[[BinaryIO], object]) -> None:
        """Makes `path` hold what `write` writes: all of it, or what it held before, whatever happens meanwhile."""
        _private(path.parent)
        temporary = path.with_name(f"{path.name}.{secrets.token_hex(8)}{_TEMPORARY}")
        try:
            with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync(path.parent)

    def set_aside(self, path: Path) -> Path:
        """Renames a file that cannot be used; of those put aside before, the newest stay."""
        found = sorted((int(match[1]), p) for p in path.parent.iterdir() if (match := _aside(path, p)))
        for _, old in found[: max(0, len(found) + 1 - KEPT_ASIDE)]:
            old.unlink(missing_ok=True)
        number = found[-1][0] + 1 if found else 1
        return path.rename(path.with_name(f"{path.name}.set-aside-{number}"))

    def erase(self, source: str, collection: Collection | None = None) -> list[Path]:
        """Removes every file of a source, or of one of its tables, those put aside too, and tells which they were."""
        folder = self._folder(source)
        if not folder.is_dir():
            return []
        erased = sorted(folder.glob("*" if collection is None else f"{collection.value}.*"))
        for path in erased:
            path.unlink(missing_ok=True)
        _sync(folder)
        with suppress(OSError):  # others are there, or a gateway that still runs has written there again
            folder.rmdir()
        _sync(self._tables)
        return erased

    def _folder(self, source: str) -> Path:
        """Raises:
        ValueError: this cannot be the key of a source, and so not the name of its folder.
        """
        if not identity.SOURCE_KEY.fullmatch(source):
            raise ValueError("not the key of a source")
        return self._tables / source

    def _folders(self) -> Iterator[Path]:
        if self._tables.is_dir():
            yield from sorted(p for p in self._tables.iterdir() if identity.SOURCE_KEY.fullmatch(p.name))


def _aside(path: Path, other: Path) -> re.Match[str] | None:
    return _ASIDE.search(other.name) if other.name.startswith(path.name) else None


def _private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_mode & 0o077:
        folder.chmod(0o700)


def _sync(folder: Path) -> None:
    """Makes what was renamed or removed in a folder outlast a power cut."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
