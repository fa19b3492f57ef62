"""The folder of trusted documents, as the tools of app developers write them: one file each, or manifests of many."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

TEXTS: Final = (".graphql", ".gql")
MANIFESTS: Final = (".json",)

APOLLO: Final = "apollo-persisted-query-manifest"

SHA256_PREFIX: Final = "sha256:"
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Trusted:
    """One trusted document. id: as its file or manifest has it, less `sha256:`. file: where it was read."""

    id: str
    text: str
    file: str
    sha256: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha256", hash_of(self.text))


@dataclass(frozen=True, slots=True)
class Mistake:
    """Why a document, or a whole file, cannot be trusted. line: of the document, from 1."""

    file: str
    problem: str
    id: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        places = [self.file, *([self.id] if self.id is not None else []), *([f"line {self.line}"] if self.line else [])]
        return f"{', '.join(places)}: {self.problem}"


@dataclass(frozen=True, slots=True)
class Folder:
    """What was read of a folder. Documents whose ids are doubtful are among the mistakes alone."""

    documents: tuple[Trusted, ...]
    mistakes: tuple[Mistake, ...]


class _Unreadable(Exception):
    """A file from which no document can be taken."""


def hash_of(text: str) -> str:
    """SHA-256 of a document's text, in lower-case hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def without_prefix(document_id: str) -> str:
    """`sha256:…` of the GraphQL-over-HTTP draft names what its digits alone name."""
    return document_id.removeprefix(SHA256_PREFIX)


def read_folder(folder: Path) -> Folder:
    """The documents in `folder` itself, not below it; files of other kinds are passed over."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix in (*TEXTS, *MANIFESTS) and path.is_file())
    except OSError as error:
        return Folder((), (Mistake(str(folder), _reason(error)),))
    found: dict[str, Trusted] = {}
    mistakes: list[Mistake] = []
    for path in paths:
        try:
            for name, text in _documents(path):
                document = Trusted(without_prefix(name), text, str(path))
                if (problem := _doubt(name, document, found)) is not None:
                    mistakes.append(Mistake(document.file, problem, id=name))
                else:
                    found[document.id] = document
        except _Unreadable as unreadable:
            mistakes.append(Mistake(str(path), str(unreadable)))
    if not paths:
        kinds = ", ".join(f"*{suffix}" for suffix in (*TEXTS, *MANIFESTS))
        mistakes.append(Mistake(str(folder), f"there are no documents in this folder ({kinds})"))
    return Folder(tuple(found.values()), tuple(mistakes))


def _doubt(name: str, document: Trusted, found: dict[str, Trusted]) -> str | None:
    """What makes it doubtful that the id `name` means this document."""
    if not document.id:
        return "this id is empty"
    is_hash = name.startswith(SHA256_PREFIX) or _SHA256.fullmatch(name)
    if is_hash and document.id != document.sha256:
        return f"this id is not the SHA-256 of the document, which is {document.sha256}"
    other = found.get(document.id)
    if other is not None and other.text != document.text:
        return f"this id names another document in {other.file}"
    return None


def _documents(path: Path) -> Iterator[tuple[str, str]]:
    """The documents of one file, each with its id."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _Unreadable(_reason(error)) from None
    if path.suffix in TEXTS:
        yield path.stem, _text(data)
    else:
        yield from _of_manifest(data)


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise _Unreadable("this is not UTF-8 text") from None


def _of_manifest(data: bytes) -> Iterator[tuple[str, str]]:
    """Apollo's manifest, or the one object of Relay and GraphQL Code Generator: id → text."""
    try:
        manifest = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _Unreadable(f"this is not JSON: {error}") from None
    if isinstance(manifest, dict) and manifest.get("format") == APOLLO:
        yield from _of_apollo(manifest)
    elif isinstance(manifest, dict) and manifest and all(isinstance(text, str) for text in manifest.values()):
        yield from manifest.items()
    else:
        raise _Unreadable(f'this is no manifest: an object of ids with their documents, or one of format "{APOLLO}"')


def _of_apollo(manifest: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if manifest.get("version") != 1:
        raise _Unreadable("of this format only version 1 is known")
    try:
        operations = msgspec.convert(manifest.get("operations"), list[_Operation])
    except msgspec.ValidationError as error:
        raise _Unreadable(f"`operations` is not as the format has it: {error}") from None
    for operation in operations:
        yield operation.id, operation.body


class _Operation(msgspec.Struct):
    """What counts of an operation in Apollo's manifest."""

    id: str
    body: str


def _reason(error: OSError) -> str:
    return os.strerror(error.errno).lower() if error.errno else "it cannot be read"
