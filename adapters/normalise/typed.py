"""What a collection's bodies are decoded into, and what converts them: one `Shape` per collection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import Raw, field

from adapters.endpoints import ENTITIES, Collection
from adapters.normalise import gradebook, wire
from adapters.normalise.convert import Converter
from adapters.records import Record


class Page(msgspec.Struct, rename="camel", gc=False, kw_only=True):
    """The members that may stand next to the records; a page type adds `records` under its wrapper key."""

    total: Raw = wire.NOTHING
    total_count: Raw = wire.NOTHING
    status_info_set: Raw = wire.NOTHING
    status_info: Raw = wire.NOTHING
    error: Raw = wire.NOTHING
    errors: Raw = wire.NOTHING
    code_major: Raw = wire.NOTHING
    severity: Raw = wire.NOTHING
    imsx_info: Raw = field(default=wire.NOTHING, name="imsx_StatusInfo")
    imsx_major: Raw = field(default=wire.NOTHING, name="imsx_codeMajor")
    imsx_severity: Raw = field(default=wire.NOTHING, name="imsx_severity")
    major: Raw = field(default=wire.NOTHING, name="CodeMajor")
    upper_severity: Raw = field(default=wire.NOTHING, name="Severity")

    def tells(self) -> bool:
        """Whether status information came with the records: it may be a warning, or a failure."""
        return any(getattr(self, name) for name in _STATUS)


_STATUS = set(Page.__struct_fields__) - {"total", "total_count"}


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
    records = ("records", list[kind], field(name=ENTITIES[collection].plural))  # type: ignore[valid-type]
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
            _shape(Collection.CATEGORIES, gradebook.Category, gradebook.categories),
            _shape(Collection.LINE_ITEMS, gradebook.LineItem, gradebook.line_items),
            _shape(Collection.RESULTS, gradebook.Result, gradebook.results),
            _shape(Collection.SCORE_SCALES, gradebook.ScoreScale, gradebook.score_scales),
            _shape(Collection.ASSESSMENT_LINE_ITEMS, gradebook.AssessmentLineItem, gradebook.assessment_line_items),
            _shape(Collection.ASSESSMENT_RESULTS, gradebook.AssessmentResult, gradebook.assessment_results),
            _shape(Collection.RESOURCES, gradebook.Resource, gradebook.resources),
        )
    }
)
