"""Districts in which every value names itself: which source, record and attribute it is of, wherever it turns up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Final

from gateway.access.field_class import FieldClass
from gateway.sandbox.district import generate
from gateway.sandbox.truth import COLLECTIONS, District, User

DECLARED: Final = {"bus": {"key": "sis.bus", "class": "CONTACT"}}
"""What the settings of sources declare of metadata."""

WORD: Final = re.compile(r"zq[0-9a-f]{6}qz", re.IGNORECASE)
_PHONE: Final = re.compile(r"\+1777\d{9}")
_BIRTH: Final = re.compile(r"\b19[0-4]\d-\d\d-\d\d\b")
_SCORE: Final = re.compile(r"\b7\d{5}\.125\b")
_FIRST_BIRTH: Final = date(1900, 1, 1)

CLASSES: Final[Mapping[tuple[str, str], FieldClass]] = {
    ("users", "given"): FieldClass.NAME,
    ("users", "family"): FieldClass.NAME,
    ("users", "middle"): FieldClass.NAME,
    ("users", "preferred_first"): FieldClass.SENSITIVE,
    ("users", "preferred_middle"): FieldClass.SENSITIVE,
    ("users", "preferred_last"): FieldClass.SENSITIVE,
    ("users", "pronouns"): FieldClass.SENSITIVE,
    ("users", "username"): FieldClass.CONTACT,
    ("users", "email"): FieldClass.CONTACT,
    ("users", "sms"): FieldClass.CONTACT,
    ("users", "phone"): FieldClass.CONTACT,
    ("users", "identifier"): FieldClass.IDENTIFIER,
    ("users", "master_id"): FieldClass.IDENTIFIER,
    ("users", "user_ids"): FieldClass.IDENTIFIER,
    ("results", "comment"): FieldClass.SENSITIVE,
    ("assessmentResults", "comment"): FieldClass.SENSITIVE,
}
"""Of attributes that hold text; `metadata` of all records is RAW, or what its name was declared as."""

PLAIN: Final[Mapping[str, tuple[str, ...]]] = {
    "orgs": ("name", "identifier"),
    "academicSessions": ("title",),
    "courses": ("title", "code"),
    "classes": ("title", "code", "location"),
    "demographics": ("city", "residence"),
    "categories": ("title",),
    "lineItems": ("title", "description"),
    "results": ("text",),
    "scoreScales": ("title",),
    "assessmentLineItems": ("title", "description"),
    "assessmentResults": ("text",),
    "resources": ("title", "vendor_resource"),
}
"""Attributes without a class: who may read the record may read them."""


@dataclass(frozen=True, slots=True)
class Value:
    """Of what a planted value is. field_class: None where who may read the record may read it."""

    source: str
    collection: str
    record: str
    attribute: str
    field_class: FieldClass | None = None


@dataclass(slots=True)
class Book:
    """What was planted, by the text that shows it; one text may be of several records."""

    values: dict[str, list[Value]] = field(default_factory=dict)
    _births: int = 0
    _scores: int = 0

    def word(self, *of: Value) -> str:
        text = f"zq{len(self.values):06x}qz"
        self.values[text] = list(of)
        return text

    def phone(self, of: Value) -> str:
        text = f"+1777{len(self.values):09}"
        self.values[text] = [of]
        return text

    def birth(self, of: Value) -> date:
        day = _FIRST_BIRTH + timedelta(self._births)
        self._births += 1
        self.values[day.isoformat()] = [of]
        return day

    def score(self, of: Value) -> float:
        made = 700_000.125 + self._scores
        self._scores += 1
        self.values[str(made)] = [of]
        return made

    def found(self, text: str) -> Iterator[tuple[str, list[Value]]]:
        """What was planted of all that shows in `text`."""
        for pattern in (WORD, _PHONE, _BIRTH, _SCORE):
            for each in set(pattern.findall(text)):
                known = self.values.get(each.lower())
                if known is not None:
                    yield each, known


def planted(source: str, seed: int, book: Book) -> District:
    """A district of about fifty students, whose people cross its schools in ways that no school should show."""
    district = generate(seed, students=50)
    _cross(district)
    for _, collection in COLLECTIONS:
        records = district.records(collection)
        records[:] = [_marked(source, collection, record, book) for record in records]
    _alias(source, district, book)
    return district


def _marked(source: str, collection: str, record: Any, book: Book) -> Any:
    changes: dict[str, Any] = {}

    def value(attribute: str, field_class: FieldClass | None = None) -> Value:
        return Value(source, collection, record.id, attribute, field_class)

    for attribute in PLAIN.get(collection, ()):
        if getattr(record, attribute):
            changes[attribute] = book.word(value(attribute))
    for (of, attribute), field_class in CLASSES.items():
        if of == collection:
            made = book.phone if attribute in ("phone", "sms") else book.word
            changes[attribute] = _text(attribute, made(value(attribute, field_class)), record)
    if collection == "demographics":
        changes["birth"] = book.birth(value("birth"))
    if collection in ("results", "assessmentResults") and record.score is not None:
        changes["score"] = book.score(value("score"))
    raw = {"note": book.word(value("metadata", FieldClass.RAW)), "level": 7}
    if record.serial % 2:
        raw["sis.bus"] = book.word(value("metadata.bus", FieldClass.CONTACT))
    return replace(record, **changes, metadata=raw)


def _text(attribute: str, word: str, record: Any) -> Any:
    """The word as such an attribute may be; some have none."""
    if attribute.startswith("preferred") and record.serial % 3:
        return None
    if attribute in ("sms", "middle") and record.serial % 4 == 0:
        return None
    if attribute == "email":
        return f"{word}@mail.example"
    if attribute == "user_ids":
        return (("LDAP", word),)
    return word


def _cross(district: District) -> None:
    """Pupils who sit in a class of the other school, and families over two."""
    one, other = district.schools[:2]
    here, there = ([u for u in district.users_of_school(s.id) if u.has("student")] for s in (one, other))
    adults = [u for u in district.users_of_school(other.id) if u.has("parent") or u.has("guardian")]
    for pupil, guest, adult in zip(here[::5], there[::5], adults, strict=False):
        _replace(district, pupil, agents=(*pupil.agents, adult.id))
        for enrollment in district.enrollments_of(pupil.id)[:1]:
            district.update(enrollment, user=guest.id)


def _alias(source: str, district: District, book: Book) -> None:
    """Pairs of records, one in each school, that are of the same person; the values say so of both."""
    one, other = district.schools[:2]
    for number, (first, second) in enumerate(
        zip(district.users_of_school(one.id)[1::4], district.users_of_school(other.id)[2::4], strict=False)
    ):
        attribute = ("master_id", "username", "user_ids")[number % 3]
        field_class = CLASSES["users", attribute]
        both = (Value(source, "users", each.id, attribute, field_class) for each in (first, second))
        word = book.word(*both)
        shared: dict[str, Any] = {attribute: (("LDAP", word),) if attribute == "user_ids" else word}
        for each in (first, second):
            _replace(district, each, **(shared if attribute == "master_id" else shared | {"master_id": None}))


def _replace(district: District, user: User, **changes: Any) -> None:
    district.update(district.user(user.id), **changes)
