"""What stands in the files: one JSON object a line, a record of an operation or an event of the file itself.

No value of a record, a variable or a filter is ever in one; of people, at most keyed hashes of their ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import msgspec


class Outcome(StrEnum):
    """What the client was answered. PARTIAL: some of it, with errors. REFUSED: nothing, since it may not read it.

    FAILED: nothing, for another reason. LEFT: nothing, the client went away before.
    """

    OK = "ok"
    PARTIAL = "partial"
    REFUSED = "refused"
    FAILED = "failed"
    LEFT = "left"


class Event(StrEnum):
    """OPENED: the first line of a file. CLOSED: the last of one that was ended in good order."""

    OPENED = "opened"
    CLOSED = "closed"


class Operation(msgspec.Struct, frozen=True):
    """type: query or mutation. name: as the document has it. hash: SHA-256 of the document's text."""

    type: str
    name: str | None
    hash: str


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """client: None where clients are not told apart. key: what names the key that it came with, or `token`.

    purpose: as the client said with its request. purposes: those that the rows of its grant name, for these sources.
    types, classes: what the document asks for, whether or not there was any of it. records: how many different ones
    the answer holds, by source and type. subjects: keyed hashes of whom these are about; None: not wanted.
    masked: every source that was read is shown to this client as invented people.
    """

    time: datetime
    request: str
    operation: Operation
    outcome: Outcome
    seconds: float
    client: str | None = None
    key: str | None = None
    purpose: str | None = None
    purposes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    masked: bool = False
    records: Mapping[str, Mapping[str, int]] = {}
    codes: tuple[str, ...] = ()
    subjects: tuple[str, ...] | None = None


class FileEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """pid: the process whose file it is. follows: the file that it had before. secret: what tells under which secret
    subjects are hashed in it; None: they are not. records: how many it holds.
    """

    time: datetime
    event: Event
    pid: int
    follows: str | None = None
    secret: str | None = None
    records: int | None = None


_ENCODER = msgspec.json.Encoder(order=None)


def line(of: Entry | FileEvent) -> bytes:
    return _ENCODER.encode(of) + b"\n"
