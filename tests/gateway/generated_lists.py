"""Generated lists: filters over every input, orders, filter text and search, of values that the sources have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from adapters.records import AcademicSessionType, ClassType, EnrollmentRole, OrgType, UserRole
from gateway.roster.meaning import RoleGroup
from tests.gateway.plain_lists import SEARCHED, Filter, Query, Word
from tests.gateway.published_facts import Facts, Row

TYPES = {
    "orgs": "Org",
    "academicSessions": "AcademicSession",
    "courses": "Course",
    "classes": "Class",
    "users": "User",
    "enrollments": "Enrollment",
}
_BASE = {"sourcedId": "text", "dateLastModified": "instant", "metadata": "metadata"}
FIELDS: Mapping[str, Mapping[str, Any]] = {
    "orgs": _BASE | {"name": "text", "type": OrgType, "identifier": "text", "parent": "orgs"},
    "academicSessions": _BASE
    | {
        "title": "text",
        "type": AcademicSessionType,
        "schoolYear": "text",
        "startDate": "date",
        "endDate": "date",
        "parent": "academicSessions",
    },
    "courses": _BASE
    | {
        "title": "text",
        "courseCode": "text",
        "grades": "list",
        "subjects": "list",
        "subjectCodes": "list",
        "org": "orgs",
    },
    "classes": _BASE
    | {
        "title": "text",
        "classCode": "text",
        "classType": ClassType,
        "grades": "list",
        "subjects": "list",
        "subjectCodes": "list",
        "periods": "list",
        "course": "courses",
        "school": "orgs",
        "terms": "academicSessions",
        "enrollments": "enrollments of",
    },
    "users": _BASE
    | {
        "formerSourcedId": "text",
        "givenName": "text",
        "familyName": "text",
        "email": "text",
        "username": "text",
        "identifier": "text",
        "userMasterIdentifier": "text",
        "grades": "list",
        "role": UserRole,
        "roles": "roles",
        "orgs": "orgs",
        "orgCount": "number",
        "enabledUser": "flag",
        "enrollments": "enrollments of",
    },
    "enrollments": _BASE
    | {
        "role": EnrollmentRole,
        "primary": "flag",
        "beginDate": "date",
        "endDate": "date",
        "user": "users",
        "class": "classes",
        "school": "orgs",
        "dangling": "dangling",
    },
}
ORDERS: Mapping[str, tuple[str, ...]] = {
    "orgs": ("NAME", "TYPE", "IDENTIFIER"),
    "academicSessions": ("TITLE", "START_DATE", "END_DATE", "SCHOOL_YEAR"),
    "courses": ("TITLE", "COURSE_CODE"),
    "classes": ("TITLE", "CLASS_CODE"),
    "users": ("FAMILY_NAME", "GIVEN_NAME", "USERNAME", "EMAIL"),
    "enrollments": ("BEGIN_DATE", "END_DATE"),
}
_TEXT_FIELDS: Mapping[str, tuple[str, ...]] = {
    "orgs": ("name", "type", "identifier", "parent.sourcedId"),
    "academicSessions": ("title", "type", "startDate", "endDate", "schoolYear", "parent.sourcedId"),
    "courses": ("title", "courseCode", "grades", "subjects", "subjectCodes", "org.sourcedId"),
    "classes": (
        "title",
        "classCode",
        "classType",
        "periods",
        "school.sourcedId",
        "course.sourcedId",
        "terms.sourcedId",
    ),
    "users": (
        *("givenName", "familyName", "username", "email", "identifier", "enabledUser", "grades"),
        *("role", "roles.role", "orgs.sourcedId", "roles.org.sourcedId", "userMasterIdentifier"),
    ),
    "enrollments": ("role", "primary", "beginDate", "endDate", "user.sourcedId", "class.sourcedId", "school.sourcedId"),
}
DATED = frozenset({"academicSessions", "classes", "enrollments"})
STATUSES = ("ACTIVE", "TOBEDELETED", "UNKNOWN")
NAMES = ("counselor", "tags", "seats", "house")

Draw = Callable[[st.SearchStrategy[Any]], Any]


@st.composite
def queries(draw: Draw, facts: Mapping[str, Facts], collection: str, keys: Sequence[str]) -> Query:
    """A list over the sources `keys`."""
    making = _Making(draw, [facts[key] for key in keys], collection)
    asks = draw(st.sampled_from((*["filter"] * 6, "text", "search", "day", "nothing")))
    names = ("SOURCED_ID", "DATE_LAST_MODIFIED", *ORDERS[collection], *ORDERS[collection])
    return Query(
        collection=collection,
        sources=tuple(keys),
        filter=making.filter() if asks == "filter" or making.seldom() else None,
        effective_on=making.day() if collection in DATED and (asks == "day" or making.seldom()) else None,
        status=draw(st.sampled_from((("ACTIVE",), ("ACTIVE",), None, ("TOBEDELETED", "UNKNOWN"), STATUSES, ()))),
        text=making.filter_text() if asks == "text" else None,
        search=making.search() if collection in SEARCHED and (asks == "search" or making.seldom()) else None,
        order=tuple(
            draw(st.lists(st.tuples(st.sampled_from(names), st.booleans()), max_size=3, unique_by=lambda key: key[0]))
        ),
    )


class _Making:
    """Draws conditions, most of them such as one and the same record satisfies."""

    def __init__(self, draw: Draw, facts: Sequence[Facts], collection: str) -> None:
        self._draw = draw
        self._facts = facts
        self._collection = collection
        self._home = self._one(facts)
        self._row: Row = self._one(self._home.rows[collection])

    def _one(self, values: Sequence[Any]) -> Any:
        return values[self._draw(st.integers(0, len(values) - 1))]

    def _some(self, values: Sequence[Any], most: int = 3) -> list[Any]:
        return [self._one(values) for _ in range(self._draw(st.integers(0, most)))]

    def _flag(self) -> bool:
        return bool(self._draw(st.booleans()))

    def seldom(self) -> bool:
        return self._draw(st.integers(0, 7)) == 7

    def _now_and_then(self) -> bool:
        return self._draw(st.integers(0, 3)) == 3

    # -------------------------------------------------------------- filters

    def filter(self, depth: int = 2) -> Filter:
        found: Filter = {}
        for name in self._names(depth == 2, 1 + (depth == 2)):
            found[name] = self._condition(name, FIELDS[self._collection][name])
        if depth and self._flag():
            match self._draw(st.sampled_from(("and", "or", "or", "not"))):
                case "not":
                    found["not"] = self.filter(depth - 1)
                case word:
                    found[word] = [self.filter(depth - 1) for _ in range(self._draw(st.integers(0, 2)))]
        return found

    def _names(self, least: int, most: int) -> list[str]:
        names = sorted(FIELDS[self._collection])
        return list(dict.fromkeys(self._one(names) for _ in range(self._draw(st.integers(least, most)))))

    def _condition(self, name: str, kind: Any) -> Any:
        match kind:
            case "text":
                return self._operands(self._text_operand, lambda: self._value(name))
            case "list":
                return self._operands(self._list_operand, lambda: self._value(name))
            case "flag":
                return self._operands(self._flag_operand, lambda: self._flag())
            case "date":
                return self._operands(self._compared, lambda: self._value(name) or self.date())
            case "instant":
                return self._operands(self._compared, lambda: self._value(name) or "2026-01-01T00:00:00.000Z", eq=False)
            case "number":
                return self._number()
            case "dangling":
                return self._flag()
            case "metadata":
                return self._metadata()
            case "roles":
                return self._roles()
            case "enrollments of":
                return self._enrollments()
            case str():
                return self._reference(kind, _several(self._row[name]))
        words = [Word(member) for member in kind]
        mine = [Word(v) for v in self._values(name)]
        return self._operands(self._word_operand, lambda: self._one(mine if mine and self._flag() else words))

    def _operands(self, one: Callable[..., tuple[str, Any]], value: Callable[[], Any], **said: Any) -> Filter:
        return dict(one(value, **said) for _ in range(2 if self._now_and_then() else 1))

    def _text_operand(self, value: Callable[[], str]) -> tuple[str, Any]:
        match name := self._one(
            ("eq", "eq", "eq", "ne", "in", "in", "eqIgnoreCase", "contains", "contains", "startsWith", "isNull")
        ):
            case "in":
                return name, [value() or "" for _ in range(self._draw(st.integers(0, 4)))]
            case "isNull":
                return name, self._flag()
            case "eqIgnoreCase":
                return name, (value() or "").swapcase()
            case "contains":
                return name, self._part(value() or "")
            case "startsWith":
                return name, (value() or "")[: self._draw(st.integers(0, 4))].upper()
        return name, value() or ""

    def _part(self, text: str) -> str:
        start = self._draw(st.integers(0, max(0, len(text) - 1)))
        part = text[start : start + self._draw(st.integers(0, 4))]
        return part.upper() if self._flag() else part

    def _list_operand(self, value: Callable[[], str]) -> tuple[str, Any]:
        match name := self._one(("has", "has", "hasAny", "isEmpty")):
            case "has":
                return name, value() or "x"
            case "hasAny":
                return name, [value() or "x" for _ in range(self._draw(st.integers(0, 3)))]
        return name, self._flag()

    def _flag_operand(self, value: Callable[[], bool]) -> tuple[str, Any]:
        return self._one(("eq", "eq", "isNull")), value()

    def _word_operand(self, value: Callable[[], Word]) -> tuple[str, Any]:
        match name := self._one(("eq", "eq", "ne", "in", "isNull")):
            case "in":
                return name, [value() for _ in range(self._draw(st.integers(0, 3)))]
            case "isNull":
                return name, self._flag()
        return name, value()

    def _compared(self, value: Callable[[], str], eq: bool = True) -> tuple[str, Any]:
        name = self._one((*(["eq"] if eq else []), "gt", "gte", "lt", "lte", "isNull"))
        return name, self._flag() if name == "isNull" else value()

    def _number(self, most: int = 3) -> Filter:
        return self._operands(self._counted, lambda: self._draw(st.integers(0, most)))

    def _counted(self, value: Callable[[], int]) -> tuple[str, Any]:
        return self._one(("eq", "gt", "gte", "lt", "lte")), value()

    def _value(self, name: str) -> Any:
        """A value of the record that conditions are about, or of another one."""
        mine = self._values(name)
        if mine and not self._now_and_then():
            return self._one(mine)
        other = _several(self._one(self._one(self._facts).rows[self._collection])[name])
        return self._one(other) if other else self._one(mine) if mine else None

    def _values(self, name: str) -> list[Any]:
        if name == "role" and self._collection == "users":
            return [held["role"] for held in self._row["roles"]]
        return _several(self._row[name])

    def _reference(self, to: str, mine: Sequence[str]) -> Filter:
        return self._operands(self._named, lambda: self._one(mine) if mine and self._flag() else self._id(to), to=to)

    def _id(self, to: str) -> str:
        rows = self._home.rows[to]
        return str(self._one(rows)["sourcedId"]) if rows else "nobody"

    def _named(self, value: Callable[[], str], to: str) -> tuple[str, Any]:
        match name := self._one(("eq", "eq", "in", "sourcedId", "sourcedId", "sourcedIdIn", "isNull")):
            case "eq":
                return name, self._global(to, value())
            case "in":
                return name, [self._global(to, value()) for _ in range(self._draw(st.integers(0, 3)))]
            case "sourcedId":
                return name, value()
            case "sourcedIdIn":
                return name, [value() for _ in range(self._draw(st.integers(0, 3)))]
        return name, self._flag()

    def _global(self, to: str, sourced_id: str) -> str:
        home = self._one(self._facts) if self._now_and_then() else self._home
        return f"{TYPES[to]}:{self._one(sorted(home.keys))}:{quote(sourced_id, safe='')}"

    def _metadata(self) -> Filter:
        name = self._one(NAMES)
        value = self._row["metadata"].get(self._home.names.get(name))
        texts = [str(one) for one in (value if isinstance(value, list) else [value]) if one is not None]
        said = self._operands(self._text_operand, lambda: self._one(texts) if texts else "30")
        return {"name": name, "value": said}

    def _roles(self) -> Filter:
        found: Filter = {}
        if self._flag():
            found["role"] = [Word(self._one([*UserRole])) for _ in range(2)] + [
                Word(h["role"]) for h in self._row["roles"]
            ]
        if self._now_and_then():
            found["roleGroup"] = [Word(group) for group in self._some([*RoleGroup])]
        if self._flag():
            found["org"] = self._reference("orgs", self._row["orgs"])
        if self._now_and_then():
            found["effectiveOn"] = self.day()
        if self._flag():
            found["count"] = self._number(2)
        return found

    def _enrollments(self) -> Filter:
        found: Filter = {}
        if self._flag():
            found["role"] = [Word(role) for role in self._some(["TEACHER", "STUDENT", "PROCTOR"])]
        if self._now_and_then():
            found["primary"] = self._flag()
        if self._now_and_then():
            found["effectiveOn"] = self.day()
        if self._flag():
            found["count"] = self._number(6)
        return found

    # -------------------------------------------------------------- days, filter text, search

    def day(self) -> str:
        return "today" if self._now_and_then() else self.date()

    def date(self) -> str:
        """Also the days on which sessions and enrollments begin and end."""
        rows = self._home.rows[self._one(("academicSessions", "enrollments"))]
        found: str | None = self._one(rows).get(self._one(("startDate", "beginDate", "endDate", "endDate")))
        return found or "2026-01-15"

    def filter_text(self) -> tuple[tuple[tuple[str, str, str], ...], ...]:
        return tuple(
            tuple(self._clause() for _ in range(self._draw(st.integers(1, 2))))
            for _ in range(self._draw(st.integers(1, 2)))
        )

    def _clause(self) -> tuple[str, str, str]:
        name = self._one(("sourcedId", "status", "dateLastModified", *_TEXT_FIELDS[self._collection]))
        op = self._one(("=", "=", "!=", "~", ">", "<=") if name not in _COMPARED else ("=", ">", ">=", "<", "<="))
        field = {"role": "roles", "orgs.sourcedId": "orgs", "roles.org.sourcedId": "orgs", "roles.role": "roles"}
        own = field.get(name, name.partition(".")[0]) if self._collection == "users" else name.partition(".")[0]
        values = _several(self._row[own])
        value = self._one(values) if values else name == "primary" or "01"
        if own == "roles":
            value = value["role"]
        if isinstance(value, bool):
            return name, self._one(("=", "!=")), "true" if value else "false"
        if name in _CODED:
            coded = value not in ("OTHER", "UNKNOWN") and values
            return name, self._one(("=", "!=")), _camel(value) if coded else _WORDS[self._collection, name]
        if name in _COMPARED and not values:
            value = "2026-01-15"
        return name, op, str(value).replace("'", "")

    def search(self) -> str:
        names = [name for name in SEARCHED[self._collection] if self._row[name]]
        text = self._part(self._row[self._one(names)]).strip() if names else ""
        return text or "a"


_COMPARED = frozenset({"dateLastModified", "startDate", "endDate", "beginDate"})
_CODED = frozenset({"status", "role", "roles.role", "type", "classType"})
_WORDS = {(collection, "status"): "active" for collection in TYPES} | {
    ("users", "role"): "student",
    ("users", "roles.role"): "student",
    ("enrollments", "role"): "student",
    ("orgs", "type"): "school",
    ("academicSessions", "type"): "term",
    ("classes", "classType"): "homeroom",
}


def _several(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [] if value is None else [value]


def _camel(word: str) -> str:
    first, *rest = word.lower().split("_")
    return first + "".join(map(str.capitalize, rest))
