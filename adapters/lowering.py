""" "Can it?": a route the dialect serves, one said with those it has, or Unsupported with whose word that is. Pure.

A lowered route asks a base collection for the records that satisfy a predicate, or takes two steps: the ids that
records of one collection refer to, then the records of those ids. Whatever of the predicate the source can be sent is
decided in `adapters.filtering`, handed on here; all of it is tested again on what comes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from adapters.addresses import request_path
from adapters.dialect import Dialect, Op
from adapters.endpoints import ENDPOINTS, OWN_ROUTES, Collection, Endpoint, Entity
from adapters.errors import Unsupported
from adapters.filtering import Pushed, batches, pushdown, sendable
from adapters.predicate import Compare, Predicate, equals, every

__all__ = ["Pushed", "Route", "Through", "batches", "endpoint", "pushdown", "route", "sendable", "served"]

_REMEMBERED = 128
"""Routes that are remembered as they were asked for."""


@dataclass(frozen=True, slots=True)
class Through:
    """The first of two steps: the records of `collection` that satisfy `where` have in `field` what the wanted ones
    have in `wanted`, and these satisfy `also`.
    """

    collection: Collection
    where: Predicate
    field: str
    wanted: str = "sourced_id"
    also: Predicate | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """How a route is asked.

    path: below the base URL, ids filled in. where: what each record must satisfy, the route's own kind included.
    asked: what of that the path does not say, for the filter. lowered: the path is a base collection's. through: what
    must be read first; the path's records are then those of the ids it gave. after: the id behind which they lie.
    """

    name: str
    path: str
    entity: Entity
    where: Predicate | None
    asked: Predicate | None
    lowered: bool = False
    through: Through | None = None
    after: str | None = None


def endpoint(name: str) -> Endpoint:
    """The route of that name, of the standard or of a provider."""
    return ENDPOINTS.get(name) or OWN_ROUTES[name]


def served(dialect: Dialect, name: str) -> Endpoint | None:
    """The route as the dialect serves it, at the path it has there; None if it does not."""
    asked = endpoint(name)
    capabilities = dialect.capabilities
    if (
        name in dialect.absent
        or asked.service in dialect.without
        or dialect.version < max(asked.since, asked.entity.since)
        or (asked.single and not capabilities.single_reads)
        or (asked.nested and not capabilities.nested_reads)
        or (name in OWN_ROUTES and name not in dialect.paths)
    ):
        return None
    if name in dialect.paths:
        return dataclasses.replace(asked, path=dialect.paths[name])
    if dialect.trailing_slash and "{" not in asked.path:
        return dataclasses.replace(asked, path=f"{asked.path}/")
    return asked


def route(
    dialect: Dialect,
    name: str,
    ids: Sequence[str] = (),
    where: Predicate | None = None,
    *,
    after: str | None = None,
    source: str = "",
) -> Route:
    """How records of a route are asked for, that also satisfy `where`, and come after an id.

    Raises:
        Unsupported: neither the route nor the collection that could stand in for it is served.
    """
    found = _route(dialect, name, tuple(ids), where, source)
    if after is None:
        return found
    return dataclasses.replace(found, where=every(found.where, Compare("sourced_id", Op.GT, after)), after=after)


@lru_cache(_REMEMBERED)
def _route(dialect: Dialect, name: str, ids: tuple[str, ...], where: Predicate | None, source: str) -> Route:
    asked = endpoint(name)
    native = served(dialect, name)
    # A server may resolve `%2E%2E` like `..`: below a parent that would be another collection, whole.
    if native is not None and not (native.nested and {".", ".."} & set(ids)):
        return Route(name, request_path(native, ids), native.entity, every(_kind(asked), where), where)
    base = served(dialect, asked.entity.collection)
    lowered = _LOWERED.get(name) or (_one if asked.single else None)
    if base is None or (lowered is None and asked.kind is None):
        raise _unsupported(dialect, name, source)
    step = lowered(*ids) if lowered is not None else None
    if isinstance(step, Through):
        if served(dialect, step.collection) is None:
            raise _unsupported(dialect, name, source)
        own, through = step.also, step
    else:
        own, through = step, None
    whole = every(own, _kind(asked), where)
    return Route(name, request_path(base), base.entity, whole, whole, lowered=True, through=through)


def gap(dialect: Dialect, name: str) -> str | None:
    """Whose word it is that a route, or what could stand in for it, is not served; None if nobody says so."""
    asked = endpoint(name)
    absent = dialect.absent.get(name) or dialect.absent.get(asked.entity.collection)
    said = absent or dialect.without.get(asked.service)
    if said is not None:
        return said.source
    if dialect.version < asked.entity.since:
        return f"OneRoster {dialect.version}, which has no {asked.entity.plural}"
    return None


def _unsupported(dialect: Dialect, name: str, source: str) -> Unsupported:
    because = gap(dialect, name) or f"{dialect.docs}, or this source's settings"
    return Unsupported(source, f"{dialect.title} does not serve {name}", because=because)


def _kind(asked: Endpoint) -> Predicate | None:
    return equals(*asked.kind) if asked.kind else None


def _one(sourced_id: str) -> Predicate:
    return equals("sourced_id", sourced_id)


def _by(field: str) -> Callable[[str], Predicate]:
    return lambda parent: equals(field, parent)


_PRESENT = Compare("status", Op.NE, "TOBEDELETED")


def _people(role: str) -> Callable[[str], Through]:
    """Those enrolled in a class in one role; enrollments that were deleted do not count."""
    return lambda class_id: Through(
        Collection.ENROLLMENTS, _all(equals("class_id", class_id), equals("role", role)), "user_id"
    )


def _people_in_school(role: str) -> Callable[[str, str], Through]:
    return lambda school_id, class_id: Through(
        Collection.ENROLLMENTS,
        _all(equals("class_id", class_id), equals("school_id", school_id), equals("role", role)),
        "user_id",
    )


def _classes(role: str | None) -> Callable[[str], Through]:
    return lambda user_id: Through(
        Collection.ENROLLMENTS,
        _all(equals("user_id", user_id), *([equals("role", role)] if role else [])),
        "class_id",
    )


def _of_classes(field: str) -> Callable[[str], Through]:
    """What a school's classes refer to: courses often belong to the district, and 1.1 sessions name no org at all."""
    return lambda school_id: Through(Collection.CLASSES, equals("school_id", school_id), field)


def _marked(also: Callable[[str], Predicate] | None) -> Callable[..., Through]:
    """Results of a class by its line items: in 1.1 they name no class, and in 1.2 they need not."""
    return lambda class_id, *rest: Through(
        Collection.LINE_ITEMS,
        equals("class_id", class_id),
        "sourced_id",
        wanted="line_item_id",
        also=also(*rest) if also is not None else None,
    )


def _scales_of_school(school_id: str) -> Through:
    return Through(Collection.CLASSES, equals("school_id", school_id), "sourced_id", wanted="class_id")


def _used_by(collection: Collection) -> Callable[[str], Through]:
    return lambda user: Through(collection, equals("sourced_id", user), "resource_ids")


def _all(*parts: Predicate) -> Predicate:
    whole = every(*parts, _PRESENT)
    assert whole is not None
    return whole


def _in_school(school_id: str, class_id: str) -> Predicate:
    whole = every(equals("class_id", class_id), equals("school_id", school_id))
    assert whole is not None
    return whole


_LOWERED: dict[str, Callable[..., Predicate | Through]] = {
    "coursesForSchool": _of_classes("course_id"),
    "classesForSchool": _by("school_id"),
    "enrollmentsForSchool": _by("school_id"),
    "studentsForSchool": _by("roles.org_id"),
    "teachersForSchool": _by("roles.org_id"),
    "termsForSchool": _of_classes("term_ids"),
    "enrollmentsForClassInSchool": _in_school,
    "studentsForClassInSchool": _people_in_school("STUDENT"),
    "teachersForClassInSchool": _people_in_school("TEACHER"),
    "classesForTerm": _by("term_ids"),
    "gradingPeriodsForTerm": _by("parent_id"),
    "classesForCourse": _by("course_id"),
    "studentsForClass": _people("STUDENT"),
    "teachersForClass": _people("TEACHER"),
    "classesForStudent": _classes("STUDENT"),
    "classesForTeacher": _classes("TEACHER"),
    "classesForUser": _classes(None),
    "enrollmentsForUser": _by("user_id"),
    "enrollmentsForClass": _by("class_id"),
    "agentsForUser": lambda user_id: Through(Collection.USERS, equals("sourced_id", user_id), "agent_ids"),
    "linkedUsersForUser": _by("agent_ids"),
    "lineItemsForClass": _by("class_id"),
    "resultsForClass": _marked(None),
    "resultsForLineItemInClass": _marked(_by("line_item_id")),
    "resultsForStudentInClass": _marked(_by("student_id")),
    "categoriesForClass": lambda class_id: Through(Collection.LINE_ITEMS, equals("class_id", class_id), "category_id"),
    "scoreScalesForClass": _by("class_id"),
    "scoreScalesForSchool": _scales_of_school,
    "resourcesForClass": _used_by(Collection.CLASSES),
    "resourcesForCourse": _used_by(Collection.COURSES),
}
