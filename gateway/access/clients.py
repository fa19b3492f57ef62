"""The clients of a gateway: their keys, by hash, and what they were granted. `oneroster-gateway key` writes them.

A running gateway reads it anew within a second of a change.
"""

from __future__ import annotations

import fcntl
import logging
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from gateway.access.field_class import FieldClass
from gateway.access.grant import Access
from gateway.access.scope import READS, Scope, collections

log = logging.getLogger(__name__)

LIVE_KEYS: Final = 2
"""Keys of one client at a time: one in use, and one that takes its place."""

_LOOK_EVERY: Final = 1.0
"""Seconds between two looks at the file."""

LAST: Final = 253_402_300_799
"""The last second that a day can be told of; what ends later ends then."""

_LONGEST_NAME: Final = 200


def is_name(text: str) -> bool:
    """Whether a client can be named so: records and logs tell it, and who has no name is nobody there."""
    return bool(text.strip()) and text.isprintable() and len(text) <= _LONGEST_NAME


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept of a key. created, revoked: seconds since 1970."""

    id: str
    hash: str
    created: int
    revoked: int | None = None


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a client was granted of some sources: those of these keys, districts or labels; of every one, if it says so.

    scopes: which collections it may read there, and what it may do besides. fields: the classes of personal data that
    it is answered. orgs: sourcedIds; only what belongs to these. mask: it sees invented people. expires: seconds since
    1970.
    """

    every: bool = False
    sources: tuple[str, ...] = ()
    districts: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    scopes: tuple[Scope, ...] = ()
    fields: tuple[FieldClass, ...] = ()
    orgs: tuple[str, ...] | None = None
    mask: bool = False
    expires: int | None = None
    purpose: str = ""

    def __post_init__(self) -> None:
        if self.orgs is None:
            return
        if not self.orgs:
            raise ValueError("`orgs` names none; without it there is no such limit")
        if self.every or self.districts or self.labels or len(self.sources) != 1:
            raise ValueError("`orgs` takes one source, by its key: an id of one may be another org at the next")

    def covers(self, keys: frozenset[str], district: str | None, labels: frozenset[str], at: float) -> bool:
        """Whether it is of a source, at a time. keys: the source's own, and those that it had before."""
        if self.expires is not None and at >= self.expires:
            return False
        return (
            self.every
            or not keys.isdisjoint(self.sources)
            or district in self.districts
            or not labels.isdisjoint(self.labels)
        )

    @property
    def access(self) -> Access:
        """What it lets a client read of each of its sources."""
        orgs = None if self.orgs is None else frozenset(self.orgs)
        return Access(collections(self.scopes), frozenset(self.fields), orgs, self.mask)


class Client(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """rows: together they give what `gateway.access.granting` makes of them."""

    name: str
    keys: tuple[Kept, ...]
    rows: tuple[Row, ...]

    @property
    def live(self) -> list[Kept]:
        return [key for key in self.keys if key.revoked is None]


class _Book(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    clients: tuple[Client, ...]


class _OldRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of version 1: it gave everything of its sources to be read. scopes: what it allowed besides."""

    every: bool = False
    sources: tuple[str, ...] = ()
    districts: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    scopes: tuple[Literal["explain", "refresh", "holds"], ...] = ()
    expires: int | None = None
    purpose: str = ""

    @property
    def now(self) -> Row:
        """The row that gives the same today."""
        scopes = (*READS, *map(Scope, self.scopes))
        chosen = (self.every, self.sources, self.districts, self.labels)
        return Row(*chosen, scopes, tuple(FieldClass), expires=self.expires, purpose=self.purpose)


class _OldClient(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    keys: tuple[Kept, ...]
    rows: tuple[_OldRow, ...]

    @property
    def now(self) -> Client:
        return Client(self.name, self.keys, tuple(row.now for row in self.rows))


class _OldBook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    clients: tuple[_OldClient, ...]


class _Version(msgspec.Struct, frozen=True):
    version: int


_VERSION: Final = 2


class BadFile(Exception):
    """The file of clients cannot be read. The message names it, what is wrong and where; no value that stands there."""


def read(path: Path) -> Mapping[str, Client]:
    """The clients by name; none if there is no file yet.

    Raises:
        BadFile: it is not as this program writes it.
    """
    try:
        text = path.read_bytes()
        version = msgspec.json.decode(text, type=_Version).version
        clients = _decoded(version, text)
    except FileNotFoundError:
        return MappingProxyType({})
    except OSError as error:
        raise BadFile(f"{path}: {error.strerror}") from None
    except msgspec.ValidationError as error:
        raise BadFile(f"{path}: {error}") from None  # it quotes words of enumerations, and no other values
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BadFile(f"{path}: this is not JSON") from None
    if clients is None:
        raise BadFile(f"{path}: of this format only versions 1 and {_VERSION} are known")
    found = {client.name: client for client in clients}
    if len(found) < len(clients):
        raise BadFile(f"{path}: two clients have one name")
    if not all(name.strip() for name in found):
        raise BadFile(f"{path}: a client has no name")
    ids = [key.id for client in clients for key in client.keys]
    if len(set(ids)) < len(ids):
        raise BadFile(f"{path}: two keys have one id")
    if version == 1:
        log.warning(
            "%s: of version 1, whose rows give all of their sources, personal data included; "
            "`oneroster-gateway key grant --replace` narrows them",
            path,
        )
    return MappingProxyType(found)


def _decoded(version: int, text: bytes) -> tuple[Client, ...] | None:
    """None: of a version that is not known."""
    if version == 1:
        return tuple(client.now for client in msgspec.json.decode(text, type=_OldBook).clients)
    return msgspec.json.decode(text, type=_Book).clients if version == _VERSION else None


@contextmanager
def changing(path: Path) -> Iterator[dict[str, Client]]:
    """The clients, to be changed in place: written whole, or not at all if the block fails. One process at a time.

    Raises:
        BadFile: as `read`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.with_name(path.name + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        clients = dict(read(path))
        yield clients
        text = msgspec.json.format(msgspec.json.encode(_Book(_VERSION, tuple(clients.values()))), indent=2)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # for its owner alone
        try:
            with open(descriptor, "wb") as file:
                _readable_as(path, descriptor)
                file.write(text + b"\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def _readable_as(before: Path, descriptor: int) -> None:
    """For whom the file was that this one takes the place of: a running gateway has to read it, whoever changes it."""
    try:
        there = before.stat()
    except FileNotFoundError:
        return
    for owner in (there.st_uid, -1):  # giving it to another takes root; -1: to nobody else
        with suppress(PermissionError):
            os.fchown(descriptor, owner, there.st_gid)
            os.fchmod(descriptor, 0o600 | there.st_mode & 0o040)
            return


class ClientFile:
    """The clients of the file at `path` as it is, or was when it could last be read."""

    def __init__(self, path: Path) -> None:
        """Raises:
        BadFile: as `read`.
        """
        self._path = path
        self._stamp = self._stamped()
        self._looked = time.monotonic()
        self._keys = _by_key(read(path))
        self._told = ""

    def of_key(self, key_id: str) -> tuple[Client, Kept] | None:
        """Whose key that is, while it is live."""
        now = time.monotonic()
        if now - self._looked >= _LOOK_EVERY:
            self._looked = now
            self._look()
        return self._keys.get(key_id)

    def _look(self) -> None:
        stamp = self._stamped()
        if stamp == self._stamp:
            return
        try:
            self._keys = _by_key(read(self._path))
            self._stamp, self._told = stamp, ""
        except BadFile as error:  # looked at anew each time: what kept it from being read may have left no mark on it
            if str(error) != self._told:
                log.error("clients stay as they were: %s", error)
            self._told = str(error)

    def _stamped(self) -> tuple[int, int, int]:
        try:
            found = self._path.stat()
        except OSError:
            return 0, 0, 0
        return found.st_mtime_ns, found.st_size, found.st_ino


def _by_key(clients: Mapping[str, Client]) -> Mapping[str, tuple[Client, Kept]]:
    return {key.id: (client, key) for client in clients.values() for key in client.live}
