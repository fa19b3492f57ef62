"""Lists worked out in plain Python from what is published: the rules of filters, orders and windows said once more.

Shares nothing with the gateway. Filters are the graph's inputs as Python values, enum members as `Word`.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeAlias
from urllib.parse import unquote

from tests.gateway.published_facts import Facts, Row

Filter: TypeAlias = dict[str, Any]
Span: TypeAlias = tuple[str | None, str | None]


class Word(str):
    """An enum value; printed without quotes."""

    __slots__ = ()


COMPARISONS = {"eq": operator.eq, "gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}
SYMBOLS = {"=": operator.eq, ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
REFERENCES = {"parent", "org", "course", "school", "terms", "orgs", "user", "class"}
FAMILY = {"GUARDIAN", "PARENT", "RELATIVE"}
SEARCHED = {
    "orgs": ("name", "identifier"),
    "courses": ("title", "courseCode"),
    "classes": ("title", "classCode"),
    "users": ("givenName", "middleName", "familyName"),
}
FOLDED = {"NAME", "TITLE", "COURSE_CODE", "CLASS_CODE", "FAMILY_NAME", "GIVEN_NAME", "USERNAME", "EMAIL"}
ENUMS = {"status", "role", "roles.role", "type", "classType"}


@dataclass(frozen=True)
class Query:
    """A list: the arguments that say which records, in which order. text: clauses by AND, these by OR."""

    collection: str
    sources: tuple[str, ...]
    filter: Filter | None = None
    effective_on: str | None = None
    status: tuple[str, ...] | None = ("ACTIVE",)
    text: tuple[tuple[tuple[str, str, str], ...], ...] | None = None
    search: str | None = None
    order: tuple[tuple[str, bool], ...] = ()


def listed(query: Query, all_facts: Mapping[str, Facts]) -> list[tuple[str, str]]:
    """Every record of the list, as source and sourcedId, in order."""
    found: list[tuple[str, Row]] = []
    for key in sorted(set(query.sources)):
        plain = Plain(all_facts[key])
        rows = [row for row in plain.facts.rows[query.collection] if plain.asked(query, row)]
        found += [(key, row) for row in sorted(rows, key=lambda row: row["sourcedId"])]
    for field, descending in reversed(query.order):
        said = [(value, pair) for pair in found if (value := _order_value(field, pair[1])) is not None]
        silent = [pair for pair in found if _order_value(field, pair[1]) is None]
        said.sort(key=lambda item: item[0], reverse=descending)
        found = [pair for _, pair in said] + silent
    return [(key, row["sourcedId"]) for key, row in found]


def _order_value(field: str, row: Row) -> str | None:
    first, *rest = field.lower().split("_")
    value: str | None = row[first + "".join(word.capitalize() for word in rest)]
    return value.casefold() if value is not None and field in FOLDED else value


class Plain:
    """The rules, for the records of one source."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self._spans: dict[str, Span] = {}

    def asked(self, query: Query, row: Row) -> bool:
        return (
            (query.filter is None or self.satisfies(query.collection, query.filter, row))
            and (query.effective_on is None or self._holds(query.collection, row, query.effective_on))
            and (query.status is None or row["status"] in query.status)
            and (query.text is None or any(all(self._clause(c, row) for c in term) for term in query.text))
            and (query.search is None or self._found(query, row))
        )

    def satisfies(self, collection: str, filter_: Filter, row: Row) -> bool:
        return all(self._field(collection, name, value, row) for name, value in filter_.items())

    def _field(self, collection: str, name: str, value: Any, row: Row) -> bool:
        match name:
            case "and":
                return all(self.satisfies(collection, part, row) for part in value)
            case "or":
                return any(self.satisfies(collection, part, row) for part in value)
            case "not":
                return not self.satisfies(collection, value, row)
            case "metadata":
                return _text(value["value"], self._declared(value["name"], row))
            case "enrollments":
                mine = self._enrolled("class" if collection == "classes" else "user", value, row["sourcedId"])
                return _number(value.get("count", {"gte": 1}), mine)
            case "roles":
                return _number(value.get("count", {"gte": 1}), sum(self._role(value, held) for held in row["roles"]))
            case "orgCount":
                return _number(value, len(row["orgs"]))
            case "dangling":
                return self._dangling(row) is value
            case "role" if collection == "users":
                return _text(value, [held["role"] for held in row["roles"]])
        if name in REFERENCES:
            return self._reference(value, _several(row[name]))
        return _text(value, _several(row[name]))

    def _reference(self, asked: Filter, ids: Sequence[str]) -> bool:
        return all(self._named(name, value, ids) for name, value in asked.items())

    def _named(self, operand: str, value: Any, ids: Sequence[str]) -> bool:
        match operand:
            case "eq":
                return any(self._is(value, i) for i in ids)
            case "in":
                return any(self._is(one, i) for one in value for i in ids)
            case "sourcedId":
                return value in ids
            case "sourcedIdIn":
                return any(i in value for i in ids)
        return (not ids) is value

    def _is(self, global_id: str, sourced_id: str) -> bool:
        _, source, own = global_id.split(":")
        return source in self.facts.keys and unquote(own) == sourced_id

    def _role(self, asked: Filter, held: Row) -> bool:
        on = asked.get("effectiveOn")
        return (
            ("role" not in asked or held["role"] in asked["role"])
            and ("roleGroup" not in asked or _group(held["role"]) in asked["roleGroup"])
            and ("org" not in asked or self._reference(asked["org"], _several(held["org"])))
            and (on is None or _within((held["beginDate"], self._last(held["endDate"])), self._day(on)))
        )

    def _enrolled(self, by: str, asked: Filter, sourced_id: str) -> int:
        on = asked.get("effectiveOn")
        return sum(
            row[by] == sourced_id
            and row["status"] == "ACTIVE"
            and ("role" not in asked or row["role"] in asked["role"])
            and ("primary" not in asked or row["primary"] is asked["primary"])
            and (on is None or self._holds("enrollments", row, on))
            for row in self.facts.rows["enrollments"]
        )

    def _dangling(self, row: Row) -> bool:
        named = (("user", "users"), ("class", "classes"), ("school", "orgs"))
        return any(row[name] is not None and row[name] not in self.facts.known[of] for name, of in named)

    def _declared(self, name: str, row: Row) -> list[str]:
        value = row["metadata"].get(self.facts.names.get(name))
        return [_as_text(one) for one in (value if isinstance(value, list) else [value]) if one is not None]

    # -------------------------------------------------------------- days

    def _day(self, on: str) -> str:
        return self.facts.today if on == "today" else on

    def _last(self, end: str | None) -> str | None:
        if end is None or self.facts.inclusive:
            return end
        return (date.fromisoformat(end) - timedelta(days=1)).isoformat()

    def _holds(self, collection: str, row: Row, on: str) -> bool:
        match collection:
            case "academicSessions":
                span = (row["startDate"], self._last(row["endDate"]))
            case "classes":
                span = self._taught(row)
            case _:
                taught = self.facts.known["classes"].get(row["class"])
                first, last = self._taught(taught) if taught is not None else (None, None)
                span = (row["beginDate"] or first, self._last(row["endDate"]) or last)
        return _within(span, self._day(on))

    def _taught(self, row: Row) -> Span:
        """From the first of its terms to the last; without any that has dates, the school year of its course."""
        if row["sourcedId"] not in self._spans:
            sessions = self.facts.known["academicSessions"]
            terms = [sessions[i] for i in row["terms"] if i in sessions]
            if not terms:
                course = self.facts.known["courses"].get(row["course"], {})
                terms = [sessions[i] for i in [course.get("schoolYear")] if i in sessions]
            firsts, lasts = [t["startDate"] for t in terms], [self._last(t["endDate"]) or "" for t in terms]
            self._spans[row["sourcedId"]] = (min(firsts), max(lasts)) if terms else (None, None)
        return self._spans[row["sourcedId"]]

    # -------------------------------------------------------------- filter text, search

    def _clause(self, clause: tuple[str, str, str], row: Row) -> bool:
        """The standard's comparison: of several values any; `!=` is the complement of `=`; `~` ignores case."""
        field, op, value = clause
        values = [_as_text(v) for v in self._at(field, row)]
        if field in ENUMS:
            value = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", value).upper()
        match op:
            case "!=":
                return value not in values
            case "~":
                return any(value.casefold() in v.casefold() for v in values)
        return any(SYMBOLS[op](v, value) for v in values)

    def _at(self, field: str, row: Row) -> list[Any]:
        first = field.partition(".")[0]
        match field:
            case "roles.role" | "role" if "roles" in row:
                return [held["role"] for held in row["roles"]]
            case "roles.org.sourcedId" | "orgs.sourcedId":
                return list(row["orgs"])
        return _several(row[first])

    def _found(self, query: Query, row: Row) -> bool:
        texts = [row[name].casefold() for name in SEARCHED[query.collection] if row[name] is not None]
        return all(any(word.casefold() in text for text in texts) for word in (query.search or "").split())


def _several(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [] if value is None else [value]


def _text(asked: Filter, values: Sequence[Any]) -> bool:
    return all(_operand(name, value, values) for name, value in asked.items())


def _operand(name: str, wanted: Any, values: Sequence[Any]) -> bool:
    match name:
        case "eq" | "has":
            return wanted in values
        case "ne":
            return wanted not in values
        case "in" | "hasAny":
            return any(value in wanted for value in values)
        case "eqIgnoreCase":
            return any(value.casefold() == wanted.casefold() for value in values)
        case "contains":
            return any(wanted.casefold() in value.casefold() for value in values)
        case "startsWith":
            return any(value.casefold().startswith(wanted.casefold()) for value in values)
        case "isNull" | "isEmpty":
            return (not values) is wanted
    return any(COMPARISONS[name](value, wanted) for value in values)


def _number(asked: Filter, number: int) -> bool:
    return all(COMPARISONS[name](number, wanted) for name, wanted in asked.items())


def _within(span: Span, day: str) -> bool:
    first, last = span
    return (first is None or first <= day) and (last is None or day <= last)


def _group(role: str) -> str:
    return "FAMILY" if role in FAMILY else role if role in ("STUDENT", "OTHER") else "STAFF"


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def printed(value: Any) -> str:
    """A value as GraphQL writes it."""
    match value:
        case Word():
            return str(value)
        case dict():
            return "{" + ", ".join(f"{name}: {printed(one)}" for name, one in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(printed, value)) + "]"
    return json.dumps(value)
