"""Dialects that are wrong in one field. A mutant that could make no difference is not made, and says why."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Any

from adapters.dialect import (
    EVERY_DAY,
    WEEKDAYS,
    Absent,
    Dialect,
    FilterLevel,
    Hours,
    OAuth1,
    OAuth2,
    Op,
    ParameterPlace,
    Raw,
    Service,
    StaticBearer,
    Version,
)
from conformance.facts import FACTS

_SERVICES = {"auth.gradebook_scopes": Service.GRADEBOOK, "auth.resource_scopes": Service.RESOURCES}

DOCUMENTATION = frozenset({"title", "docs"})
"""Fields for people; `test_providers` holds them."""


@dataclass(frozen=True)
class Mutant:
    """field: the field that is wrong, such as `capabilities.max_limit`; how: in what way."""

    dialect: Dialect
    field: str
    how: str

    def __str__(self) -> str:
        return f"{self.dialect.name} {self.dialect.version}: {self.field} {self.how}"


def mutants(dialect: Dialect) -> Iterator[Mutant]:
    for spec in dataclasses.fields(dialect):
        name, value = spec.name, getattr(dialect, spec.name)
        if name in DOCUMENTATION:
            continue
        if name in ("auth", "capabilities", "pace"):
            for part in dataclasses.fields(value):
                field = f"{name}.{part.name}"
                for how, changed in _changed(field, getattr(value, part.name), dialect):
                    whole = dataclasses.replace(value, **{part.name: changed})
                    yield Mutant(dataclasses.replace(dialect, **{name: whole}), field, how)
        if name not in ("capabilities", "pace"):
            for how, changed in _changed(name, value, dialect):
                yield Mutant(dataclasses.replace(dialect, **{name: changed}), name, how)


def _changed(field: str, value: Any, dialect: Dialect) -> Iterator[tuple[str, Any]]:
    """(how, another legal value) for each value that could make a difference."""
    for how, changed in _others(field, value):
        if not _indifferent(field, changed, dialect):
            yield how, changed


def _indifferent(field: str, changed: Any, dialect: Dialect) -> bool:
    """Whether no source could tell the changed value from the dialect's own."""
    can = dialect.capabilities
    only_status = can.filter_level is FilterLevel.STATUS
    match field:
        case "absent" | "paths":
            # Below a parent it has no routes, whatever is said of one.
            added = set(changed) - set(getattr(dialect, field))
            return not can.nested_reads and any("For" in name for name in added)
        case "auth.scopes" | "auth.gradebook_scopes" | "auth.resource_scopes":
            asks = isinstance(dialect.auth, OAuth2) and dialect.auth.parameters is not ParameterPlace.NONE
            return not asks or _SERVICES.get(field) in dialect.without
        case "without":
            # A service of which nobody tells is not had either way.
            return any(service in FACTS[dialect.name].undescribed for service in set(changed) - set(dialect.without))
        case "and_word":
            # One clause has nothing to be joined; Ed-Fi's bridge takes either case.
            return can.filter_clauses < 2 or only_status or dialect.name == "ed-fi"
        case "capabilities.or_filters":
            return can.filter_clauses < 2 or only_status
        case "capabilities.dotted_filters" | "capabilities.in_operator":
            return only_status
        case "capabilities.filter_clauses":
            return only_status and bool(changed)
        case "capabilities.filter_operators":
            other = changed ^ can.filter_operators
            # "After" is sent as "from the next moment on", and "until" as "before it": one operator takes the other.
            alone = {op for op, sent in ((Op.GT, Op.GE), (Op.LE, Op.LT)) if sent not in changed | can.filter_operators}
            # A status is compared by these two alone.
            return other <= alone or (only_status and other <= frozenset(Op) - {Op.EQ, Op.NE})
        case "capabilities.unfilterable":
            return only_status and changed.get("users") == frozenset({"identifier"})
        case "capabilities.max_url":
            return only_status and changed > can.max_url
        case "former_id_prefix":
            return dialect.former_id_metadata is None
        case "pace.peak_concurrency":
            return not dialect.pace.peak
        case "capabilities.max_limit":
            return bool(changed >= 5_000 and can.max_limit >= 5_000)  # never is more asked for
    return False


def _others(field: str, value: Any) -> Iterator[tuple[str, Any]]:
    match field, value:
        case "auth", _:
            for other in (OAuth2(token_path="/token"), OAuth1(), StaticBearer()):
                if type(other) is not type(value):
                    yield f"is {type(other).__name__}", other
        case "version", _:
            yield "is the other", next(v for v in Version if v is not value)
        case "and_word", _:
            yield "in the other case", value.swapcase()
        case "fixups", _:
            yield "with one more", MappingProxyType({**value, "users": _without_family_name})
        case "absent", _:
            yield from _without_each(value)
            for name in ("orgs", "users", "classesForCourse", "studentsForSchool"):
                if name not in value:
                    yield f"with {name}", MappingProxyType({**value, name: Absent("nobody")})
        case "paths", _:
            yield from _without_each(value)
            for name, path in (("users", "/people"), ("enrollmentsForUser", "/users/{id}/enrollments")):
                if name not in value:
                    yield f"with {name}", MappingProxyType({**value, name: path})
        case "former_id_metadata", _:
            yield "is another key", "locker" if value else "ic.legacysourceId"
        case "former_id_prefix", _:
            yield "is none", ""
            yield "is a letter", "[a-z]"
            yield "is a plus sign", r"\+"
        case "revision_header", _:
            yield "is another header", "content-type"
            if value:
                yield "is unknown", None
        case "auth.token_path", None:
            yield "is known", "/token"
        case "without", _:
            yield from _without_each(value)
            for service in (Service.GRADEBOOK, Service.RESOURCES):
                if service not in value:
                    yield f"with {service}", MappingProxyType({**value, service: Absent("nobody")})
        case (("auth.scopes" | "auth.gradebook_scopes" | "auth.resource_scopes"), _):
            for scope in value:
                yield f"without {scope}", tuple(s for s in value if s != scope)
            yield "with one to write", (*value, "roster.createput")
        case "auth.renew_on", _:
            for status in (401, 403, 500):
                yield f"with or without {status}", value ^ {status}
        case "pace.requests_per_minute" | "pace.requests_per_minute_per_host" | "pace.requests_per_day", None:
            yield "is known", 6
        case "pace.requests_per_minute" | "pace.requests_per_minute_per_host", _:
            yield "is one less", value - 1
            yield "is one more", value + 1
            yield "is without limit", None
        case "pace.quiet", ():
            yield "is the night", (Hours(EVERY_DAY, 22 * 60, 29 * 60),)
        case "pace.peak", ():
            yield "is a school day", (Hours(WEEKDAYS, 7 * 60, 16 * 60),)
        case "pace.peak", [Hours(days, begins, ends)]:
            yield "is never", ()
            yield "begins later", (Hours(days, begins + 1, ends),)
            yield "begins earlier", (Hours(days, begins - 1, ends),)
            yield "ends later", (Hours(days, begins, ends + 1),)
            yield "ends earlier", (Hours(days, begins, ends - 1),)
            yield "holds on other days", (Hours(EVERY_DAY, begins, ends),)
            yield "holds on fewer days", (Hours(days - {4}, begins, ends),)
        case "pace.peak_concurrency", _:
            yield "is one more", value + 1
        case "capabilities.max_limit", _:
            yield "is small", 7
            yield "is larger", value + 1
        case "capabilities.max_url", _:
            yield "is tiny", 60
            yield "is huge", 100_000
        case "capabilities.max_concurrency", _:
            yield "is one more", value + 1 if value < 8 else value - 1
            yield "is one", 1
        case "capabilities.filter_clauses", _:
            yield "is one less", value - 1
            yield "is one more", value + 1
        case "capabilities.filter_operators", _:
            for op in Op:
                yield f"with or without {op}", value ^ {op}
        case "capabilities.dotted_filters", frozenset():
            for path in sorted({*value, "course.sourcedId", "class.sourcedId", "user.sourcedId"}):
                yield f"with or without {path}", value ^ {path}
            yield "is none", False
            yield "is all", True
        case "capabilities.unfilterable", _:
            for collection, fields in value.items():
                for one in fields:
                    yield f"without {collection}.{one}", _unlisted(value, collection, one)
            yield "with a field", MappingProxyType({**value, "users": frozenset({"identifier"})})
            yield "with a collection", MappingProxyType({**value, "orgs": frozenset({"*"})})
        case _, bool():
            yield f"is {not value}", not value
        case _, Enum():
            for member in type(value):
                if member is not value:
                    yield f"is {member}", member
        case _, str():
            yield "is longer", f"{value}x"
        case _:
            raise AssertionError(f"no way to change {field}")


def _without_each(value: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name in value:
        yield f"without {name}", MappingProxyType({n: v for n, v in value.items() if n != name})


def _unlisted(value: Mapping[str, frozenset[str]], collection: str, field: str) -> Mapping[str, frozenset[str]]:
    return MappingProxyType({**value, collection: value[collection] - {field}})


def _without_family_name(user: Raw) -> Raw:
    """Drops what is needed."""
    return {name: value for name, value in user.items() if name != "familyName"}
