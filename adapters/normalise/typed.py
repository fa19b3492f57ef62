"""What a collection's bodies are decoded into, and what converts them: one `Shape` per collection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import Raw

from adapters.endpoints import ENTITIES, Collection
from adapters.normalise import wire
from adapters.normalise.convert import Converter
from adapters.records import Record


class Page(msgspec.Struct, rename="camel", gc=False, kw_only=True):
    """The members that may stand next to the records; a page type adds `records` under its wrapper key."""

    total: Raw = wire.NOTHING
    total_count: Raw = wire.NOTHING
    status_info_set: Raw = wire.NOTHING
    error: Raw = wire.NOTHING
    errors: Raw = wire.NOTHING
    code_major: Raw = wire.NOTHING
    major: Raw = msgspec.field(default=wire.NOTHING, name="CodeMajor")
    imsx_major: Raw = msgspec.field(default=wire.NOTHING, name="imsx_codeMajor")
    imsx_info: Raw = msgspec.field(default=wire.NOTHING, name="imsx_StatusInfo")

    def tells(self) -> bool:
        """Whether status information came with the records: it may be a warning, or a failure."""
        return any(
            (
                *(self.status_info_set, self.error, self.errors, self.code_major),
                *(self.major, self.imsx_major, self.imsx_info),
            )
        )


@dataclass(frozen=True, slots=True)
class Shape:
    """wires: decodes a whole page; its `records` are wire structs. wire: decodes one of them."""

    collection: Collection
    kind: type[wire.Base]
    wire: msgspec.json.Decoder[wire.Base]
    page: msgspec.json.Decoder[Any]
    convert: Callable[[Converter, Iterable[Any]], Sequence[Record]]


def _shape(
    collection: Collection, kind: type[wire.Base], convert: Callable[[Converter, Iterable[Any]], Sequence[Record]]
) -> Shape:
    records = ("records", list[kind], msgspec.field(name=ENTITIES[collection].plural))  # type: ignore[valid-type]
    page = msgspec.defstruct(f"{kind.__name__}Page", [records], bases=(Page,), kw_only=True, gc=False)
    return Shape(collection, kind, msgspec.json.Decoder(kind), msgspec.json.Decoder(page), convert)


SHAPES: Mapping[Collection, Shape] = MappingProxyType(
    {
        shape.collection: shape
        for shape in (
            _shape(Collection.ORGS, wire.Org, Converter.orgs),
            _shape(Collection.ACADEMIC_SESSIONS, wire.AcademicSession, Converter.academic_sessions),
            _shape(Collection.COURSES, wire.Course, Converter.courses),
            _shape(Collection.CLASSES, wire.Class, Converter.classes),
            _shape(Collection.USERS, wire.User, Converter.users),
            _shape(Collection.ENROLLMENTS, wire.Enrollment, Converter.enrollments),
            _shape(Collection.DEMOGRAPHICS, wire.Demographics, Converter.demographics),
        )
    }
)
