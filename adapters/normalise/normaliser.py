"""The two lanes from a body to records, and which of them a body takes."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from operator import attrgetter
from typing import cast

import msgspec

from adapters import moments
from adapters.dialect import AbsentStatus, Dialect
from adapters.endpoints import Entity
from adapters.errors import Malformed
from adapters.normalise import envelope, lenient, wire
from adapters.normalise.convert import Converter
from adapters.normalise.typed import SHAPES, Shape
from adapters.records import Record, RecordStatus, Rejected

STEP = 500
"""Records of one step."""


class _Metadata(msgspec.Struct, gc=False):
    metadata: msgspec.Raw = wire.NOTHING


_ID = attrgetter("sourced_id")
_METADATA = msgspec.json.Decoder(_Metadata)


@dataclass(frozen=True, slots=True)
class NormalisedPage:
    """What a body held. received: how many records it had, with those rejected; last: the id of the last of them, None
    if that has none; total: how many the whole collection has, where the body says it.
    """

    records: tuple[Record, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    received: int = 0
    last: str | None = None
    total: int | None = None


class Normaliser:
    """Reads the bodies of one source. clock: epoch seconds, for `observed_at`."""

    def __init__(self, source: str, dialect: Dialect, clock: Callable[[], float] = moments.now) -> None:
        active = dialect.capabilities.absent_status is AbsentStatus.ACTIVE
        self._absent = RecordStatus.ACTIVE if active else RecordStatus.UNKNOWN
        self._source = source
        self._dialect = dialect
        self._clock = clock

    def page(self, entity: Entity, body: bytes) -> NormalisedPage:
        """The records of one page of a collection, in their order.

        Raises:
            Truncated: the body ends early, or is empty, which a 204 alone may be: that is the caller's to know.
            Malformed: HTML, `null`, `{}`, another collection, a reported failure: nothing that can be called a page.
        """
        steps = self.page_by_steps(entity, body)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return cast(NormalisedPage, end.value)

    def page_by_steps(self, entity: Entity, body: bytes) -> Generator[None, None, NormalisedPage]:
        """The same, in steps that are short beside a large page, between which others can have their turn."""
        shape = SHAPES[entity.collection]
        return (yield from self._as_a_whole(shape, body)) or (yield from self._one_by_one(shape, entity, body))

    def one(self, entity: Entity, body: bytes) -> Record:
        """The record of a single read: wrapped, bare, or alone in a list.

        Raises:
            Malformed, Truncated: as for `page`; also when none or several came, or the one is unreadable.
        """
        shape = SHAPES[entity.collection]
        read = self._read(shape, bytes(envelope.one(entity, self._source, body)))
        if isinstance(read, Rejected):
            raise Malformed(self._source, f"{entity.singular}: {read.rule}")
        return shape.convert(self._converter(), [read])[0]

    def _as_a_whole(self, shape: Shape, body: bytes) -> Generator[None, None, NormalisedPage | None]:
        """The page decoded at once; None where it is not, or may not be, of the standard's types."""
        if shape.collection in self._dialect.fixups or not _is_utf8(body):
            return None
        try:
            page = shape.page.decode(envelope.without_bom(body))
        except (msgspec.DecodeError, RecursionError):
            return None
        if page.tells() or any(map(str.isspace, map(_ID, page.records))):
            return None
        total = envelope.total(page.total_count or page.total)
        converter = self._converter()
        records: list[Record] = []
        for start in range(0, len(page.records), STEP):
            yield
            records += shape.convert(converter, page.records[start : start + STEP])
        last = records[-1].sourced_id if records else None
        return NormalisedPage(tuple(records), (), len(records), last, total)

    def _one_by_one(self, shape: Shape, entity: Entity, body: bytes) -> Generator[None, None, NormalisedPage]:
        contents = envelope.page(entity, self._source, body)
        converter = self._converter()
        records: list[Record] = []
        rejected: list[Rejected] = []
        last: str | None = None
        for start in range(0, len(contents.items), STEP):
            yield
            read = [self._read(shape, bytes(item)) for item in contents.items[start : start + STEP]]
            last = read[-1].sourced_id
            rejected += (r for r in read if isinstance(r, Rejected))
            records += shape.convert(converter, [r for r in read if not isinstance(r, Rejected)])
        return NormalisedPage(tuple(records), tuple(rejected), len(contents.items), last, contents.total)

    def _read(self, shape: Shape, text: bytes) -> wire.Base | Rejected:
        """One record as its wire struct: by the standard's types, else leniently."""
        if shape.collection not in self._dialect.fixups and _is_utf8(text):
            try:
                typed = shape.wire.decode(text)
            except (msgspec.DecodeError, RecursionError):
                return self._read_leniently(shape, text)
            if not typed.sourced_id.isspace():
                return typed
        return self._read_leniently(shape, text)

    def _read_leniently(self, shape: Shape, text: bytes) -> wire.Base | Rejected:
        try:
            raw = msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raw = None
        if not isinstance(raw, dict):
            return self._rejected(shape, None, "", "a record is a JSON object of readable text and numbers")
        metadata = raw.get("metadata")
        kept = _METADATA.decode(text).metadata if metadata else wire.NOTHING
        fixup = self._dialect.fixups.get(shape.collection)
        if fixup is not None:
            try:
                raw = fixup(raw)
            except (TypeError, ValueError, LookupError, AttributeError):
                return self._rejected(shape, lenient.sourced_id(raw), "", "the dialect's fix-up could not read it")
        sourced_id = lenient.sourced_id(raw)
        if sourced_id is None:
            return self._rejected(shape, None, "sourcedId", "a record has a sourcedId that is a text or a number")
        kept = kept if raw.get("metadata") is metadata else _encoded(raw.get("metadata"))
        return lenient.read(shape.kind, raw, sourced_id, kept)

    def _rejected(self, shape: Shape, sourced_id: str | None, path: str, rule: str) -> Rejected:
        return Rejected(self._source, shape.collection.value, sourced_id, path, rule)

    def _converter(self) -> Converter:
        return Converter(self._source, self._absent, self._dialect.former_id_metadata, self._clock())


def _encoded(metadata: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(metadata))


def _is_utf8(text: bytes) -> bool:
    """Decoded values are checked by msgspec; what it skips, and metadata, is not."""
    if text.isascii():
        return True
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
