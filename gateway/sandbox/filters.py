"""Reads and evaluates filter text for one collection. What a server accepts is its `Grammar`.

The standard's grammar: OneRoster 1.1 and 1.2, "Filtering": `field op 'value'`, at most one AND or OR.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

CLAUSE: Final = re.compile(r"\s*([A-Za-z_][\w.]*)\s*(!=|>=|<=|=|>|<|~|@)\s*(?:'([^']*)'|\"([^\"]*)\")")
_LISTS: Final = frozenset({"grades", "subjects", "subjectCodes", "periods", "roles"})
JOINT: Final = re.compile(r"\s+(AND|OR)\s+", re.IGNORECASE)
STANDARD_OPERATORS: Final = frozenset({"=", "!=", ">", ">=", "<", "<=", "~"})

# OneRoster data model, fields of each entity; a reference is named with `.sourcedId`.
_BASE = ("sourcedId", "status", "dateLastModified")
_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "orgs": ("name", "type", "identifier", "parent.sourcedId", "children.sourcedId"),
    "academicSessions": (
        "title", "startDate", "endDate", "type", "schoolYear", "parent.sourcedId", "children.sourcedId",
    ),
    "courses": (
        "title", "courseCode", "grades", "subjects", "subjectCodes", "schoolYear.sourcedId", "org.sourcedId",
        "resources.sourcedId",
    ),
    "classes": (
        "title", "classCode", "classType", "location", "grades", "subjects", "subjectCodes", "periods",
        "course.sourcedId", "school.sourcedId", "terms.sourcedId", "resources.sourcedId",
    ),
    "users": (
        "username", "enabledUser", "givenName", "familyName", "middleName", "identifier", "email", "sms", "phone",
        "grades", "agents.sourcedId", "userIds.type", "userIds.identifier",
    ),
    "enrollments": ("role", "primary", "beginDate", "endDate", "user.sourcedId", "class.sourcedId", "school.sourcedId"),
    "demographics": (
        "birthDate", "sex", "americanIndianOrAlaskaNative", "asian", "blackOrAfricanAmerican",
        "nativeHawaiianOrOtherPacificIslander", "white", "demographicRaceTwoOrMoreRaces", "hispanicOrLatinoEthnicity",
        "countryOfBirthCode", "stateOfBirthAbbreviation", "cityOfBirth", "publicSchoolResidenceStatus",
    ),
    "categories": ("title",),
    "lineItems": (
        "title", "description", "assignDate", "dueDate", "resultValueMin", "resultValueMax", "class.sourcedId",
        "category.sourcedId", "gradingPeriod.sourcedId",
    ),
    "results": ("scoreStatus", "score", "scoreDate", "comment", "lineItem.sourcedId", "student.sourcedId"),
    "scoreScales": ("title", "type", "class.sourcedId", "course.sourcedId"),
    "assessmentLineItems": (
        "title", "description", "resultValueMin", "resultValueMax", "class.sourcedId",
        "parentAssessmentLineItem.sourcedId", "scoreScale.sourcedId",
    ),
    "assessmentResults": (
        "score", "textScore", "scoreDate", "scoreStatus", "scorePercentile", "comment", "inProgress", "incomplete",
        "late", "missing", "assessmentLineItem.sourcedId", "student.sourcedId", "scoreScale.sourcedId",
    ),
    "resources": ("title", "importance", "roles", "vendorResourceId", "vendorId", "applicationId"),
}  # fmt: skip
_ONLY_1_1: Final[Mapping[str, tuple[str, ...]]] = {"users": ("role", "orgs.sourcedId")}
_ONLY_1_2: Final[Mapping[str, tuple[str, ...]]] = {
    "users": (
        "userMasterIdentifier", "preferredFirstName", "preferredMiddleName", "preferredLastName", "pronouns",
        "roles.role", "roles.roleType", "roles.org.sourcedId", "primaryOrg.sourcedId", "resources.sourcedId",
    ),
    "categories": ("weight",),
    "lineItems": ("school.sourcedId", "academicSession.sourcedId", "scoreScale.sourcedId"),
    "results": (
        "textScore", "inProgress", "incomplete", "late", "missing", "class.sourcedId", "scoreScale.sourcedId",
    ),
}  # fmt: skip


def fields_of(collection: str, version: str) -> frozenset[str]:
    extra = (_ONLY_1_1 if version == "1.1" else _ONLY_1_2).get(collection, ())
    return frozenset(_BASE + _FIELDS[collection] + extra)


@dataclass(frozen=True, slots=True)
class Grammar:
    """What a server accepts. Defaults are the standard's, as implementations enforce it.

    `dotted`: the dotted fields it knows, per collection; None: all of the data model. `refused`: fields it knows but
    does not filter on. `status_only`: see `ignores`. `freely`: reads what the standard leaves open otherwise: lists of
    words equal all of their words joined by commas, `!=` leaves out what has no value, words are ordered without case.
    """

    operators: frozenset[str] = STANDARD_OPERATORS
    clauses: int = 2
    joints: frozenset[str] = frozenset({"AND", "OR"})
    any_case: bool = False
    double_quotes: bool = False
    folded_contains: bool = False
    dotted: Mapping[str, frozenset[str]] | None = None
    refused: frozenset[tuple[str, str]] = frozenset()
    value_length: int | None = None
    status_only: bool = False
    blind: frozenset[str] = frozenset()
    freely: bool = False

    def ignores(self, collection: str, text: str) -> bool:
        """Whether the server answers 200 without having applied `text` at all."""
        if collection in self.blind:
            return True
        return self.status_only and not re.fullmatch(r"status='[^']*'", text)

    def compares_whole(self, clause: Clause) -> bool:
        return self.freely and clause.field in _LISTS

    def knows(self, collection: str, field: str, version: str) -> bool:
        if (collection, field) in self.refused:
            return False
        if "." in field and self.dotted is not None:
            return field in self.dotted.get(collection, frozenset())
        return field in fields_of(collection, version)


STANDARD_GRAMMAR: Final = Grammar()


@dataclass(frozen=True, slots=True)
class Clause:
    field: str
    operator: str
    value: str


class BadFilter(Exception):
    """The text cannot be read, or names what the server does not filter on (`unknown_field`)."""

    def __init__(self, why: str, *, unknown_field: bool = False) -> None:
        super().__init__(why)
        self.unknown_field = unknown_field


def parse(text: str, grammar: Grammar) -> list[list[Clause]]:
    """Alternatives (OR) of conjunctions (AND); AND binds tighter where a server takes both."""
    alternatives: list[list[Clause]] = [[]]
    at = count = 0
    while True:
        found = CLAUSE.match(text, at)
        if not found:
            raise BadFilter(f"cannot read the filter at position {at}")
        field, operator, single, double = found.groups()
        if operator not in grammar.operators:
            raise BadFilter(f"operator {operator} is not supported")
        if single is None and not grammar.double_quotes:
            raise BadFilter("a value stands in single quotes")
        value = single if single is not None else double
        if grammar.value_length and len(value) > grammar.value_length:
            raise BadFilter(f"a value has at most {grammar.value_length} characters")
        alternatives[-1].append(Clause(field, operator, value))
        count += 1
        if count > grammar.clauses:
            raise BadFilter(f"at most {grammar.clauses} clauses")
        at = found.end()
        if not text[at:].strip():
            return alternatives
        joint = JOINT.match(text, at)
        if not joint:
            raise BadFilter(f"AND or OR expected at position {at}")
        word = joint[1] if not grammar.any_case else joint[1].upper()
        if word not in grammar.joints:
            raise BadFilter(f"{joint[1]} is not supported")
        if word == "OR":
            alternatives.append([])
        at = joint.end()


def values_at(record: Mapping[str, Any], path: Sequence[str]) -> tuple[str, ...]:
    """The texts at a dotted path; several below an array, none when absent."""
    found: list[Any] = [record]
    for name in path:
        below: list[Any] = []
        for item in found:
            value = item.get(name) if isinstance(item, Mapping) else None
            below.extend(value) if isinstance(value, list | tuple) else below.append(value)
        found = below
    return tuple(_text(value) for value in found if value is not None)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def test_of(clause: Clause, grammar: Grammar) -> Callable[[tuple[str, ...]], bool]:
    """A test of the values at the clause's field. Of several, any may match; `!=` holds when none equals.

    How several values compare is not written in the standard that we know; comparison is exact.
    """
    wanted = clause.value
    match clause.operator:
        case "=" if grammar.compares_whole(clause):
            return lambda values: wanted == ",".join(values)
        case "=":
            return lambda values: wanted in values
        case "!=" if grammar.freely:
            return lambda values: bool(values) and wanted not in values
        case "!=":
            return lambda values: wanted not in values
        case "~" if grammar.folded_contains:
            folded = wanted.casefold()
            return lambda values: any(folded in value.casefold() for value in values)
        case "~":
            return lambda values: any(wanted in value for value in values)
        case "@":
            several = frozenset(wanted.split(","))
            return lambda values: not several.isdisjoint(values)
    compare, key = _ORDER[clause.operator], _folded if grammar.freely else _comparable
    bound = key(wanted)
    return lambda values: any(compare(key(value), bound) for value in values)


_ORDER: Final[Mapping[str, Callable[[str, str], bool]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def _comparable(text: str) -> str:
    """An instant with all its decimals: however many are written, it is compared as a time."""
    return f"{text[:19]}.{text[20:-1]:0<6}" if text[10:11] == "T" and text.endswith("Z") else text


def _folded(text: str) -> str:
    return _comparable(text).casefold()
