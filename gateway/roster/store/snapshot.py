"""What is kept of a table: its records, and how far they may be trusted."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from adapters.caching import Mark
from adapters.endpoints import Collection
from adapters.records import Record
from gateway.roster.guard import Hold


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a table is, its records aside.

    generation: counts the states of this table. read_at: epoch seconds. proof: why it is known to be complete.
    scanned_at: when everything was last read, None if that is `read_at`. rejected: records that the source sent and
    that could not be read. high_water: up to when, by the source's dates, every change is in.
    revision: the source's own mark of this state. held: a later reading that is held back. max_age: seconds for which
    the source says that it is fresh. credentials: by which it was read, as `Store.fingerprint` has them. lost: scopes
    that were asked for then and not granted.
    """

    source: str
    collection: Collection
    generation: int
    read_at: float
    proof: str
    scanned_at: float | None = None
    rejected: int = 0
    high_water: str | None = None
    revision: str | None = None
    held: Hold | None = None
    max_age: float | None = None
    credentials: str = ""
    lost: tuple[str, ...] = ()


class Summary(Facts, frozen=True, kw_only=True):
    """A table without its records. size: how many there are."""

    size: int


class Snapshot(Facts, frozen=True, kw_only=True):
    """A table as it stood at one moment: its records, in the order of their sourcedIds. marks: of the pages that they
    came in.

    It is written while others read it, and so never changes.
    """

    records: Sequence[Record]
    marks: tuple[Mark, ...] = ()
