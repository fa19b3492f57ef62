"""Conditions made of several: on one and the same role, on enrollments, on what a source adds to the standard."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any

import strawberry

from adapters.dialect import Op
from adapters.predicate import Count, Not, Open, Predicate, Some, among, conjunction, equals
from adapters.records import RecordStatus, RecordType
from gateway.roster.reading import Dangling, Declared, Enrolled, Within, role_group
from gateway.schema.conditions import IntFilter, RefFilter, StringFilter
from gateway.schema.enums import EnrollmentRole, RoleGroup, UserRole
from gateway.schema.scalars import Day
from gateway.schema.translation import Number, Subject, condition, counting, meaning, part, parts


@strawberry.input(
    description="How many active enrollments of this kind there are; without count: at least one. "
    "`{ role: [TEACHER], count: { eq: 0 } }` finds classes without a teacher."
)
class EnrollmentCountFilter:
    role: list[EnrollmentRole] | None = part("Only in one of these roles.")
    primary: bool | None = part("Only those flagged as the main teacher's, or only others.")
    effective_on: Day | None = part("Only those in effect on this day.")
    count: IntFilter | None = part("So many; absent: at least one.")


@strawberry.input(
    description="Conditions on one and the same role assignment of a person; without count: at least one such. "
    "`{ role: [TEACHER], org: { eq: $school } }` finds the teachers at a school, not parents there who teach elsewhere."
)
class RoleMatch:
    role: list[UserRole] | None = part("It is one of these roles.")
    role_group: list[RoleGroup] | None = part("It is a role of one of these groups.")
    org: RefFilter | None = part("It is at this organisation.")
    effective_on: Day | None = part("Its own dates, where it has any, hold this day.")
    count: IntFilter | None = part("So many; absent: at least one.")


@strawberry.input(
    description="A condition on metadata, by a name that sources declare (`Source.metadataNames`). For a source that "
    "does not declare it, and a record that has no such member, there is no value."
)
class MetadataFilter:
    name: str = strawberry.field(description="The declared name.")
    value: StringFilter = strawberry.field(description="What its value is; of a list, any of its elements.")


def enrolled(field: str, text: str) -> Any:
    """The condition on the enrollments that name the record by their `field`."""

    def means(value: EnrollmentCountFilter) -> Predicate | None:
        given = parts(value, "enrollments")
        where = conjunction(
            equals("status", RecordStatus.ACTIVE.value),
            _among("role", given.get("role")),
            equals("primary", "true" if given["primary"] else "false") if "primary" in given else None,
        )
        on = given.get("effective_on")
        return _counted(lambda op, number: Open(Enrolled(field, where, on, op, number)), given, "enrollments")

    return meaning(means, text, "/enrollments")


def role_match(text: str, *wire: str) -> Any:
    def means(value: RoleMatch) -> Predicate | None:
        given = parts(value, "roles")
        groups = given.get("role_group")
        where = conjunction(
            _among("role", given.get("role")),
            None if groups is None else _among("role", [role for role in UserRole if role_group(role) in groups]),
            condition(Subject("org_id", RecordType.ORG), given["org"], "roles.org") if "org" in given else None,
            Open(Within("begin_date", "end_date", given["effective_on"])) if "effective_on" in given else None,
        )
        return _counted(lambda op, number: Some("roles", where, op, number), given, "roles")

    return meaning(means, text, *wire)


def declared(text: str, *wire: str) -> Any:
    def means(value: MetadataFilter) -> Predicate | None:
        where = condition(Subject("metadata"), value.value, "metadata.value")
        return Open(Declared(value.name, where)) if where is not None else None

    return meaning(means, text, *wire)


def dangling(text: str) -> Any:
    def means(wanted: bool) -> Predicate:
        return Open(Dangling()) if wanted else Not(Open(Dangling()))

    return meaning(means, text)


def size_of(field: str, text: str, *wire: str) -> Any:
    """The condition on how many values `field` has."""
    return counting(lambda op, number: Count(field, op, number), text, *wire)


def _among(field: str, values: Iterable[StrEnum] | None) -> Predicate | None:
    return None if values is None else among(field, (value.value for value in values))


def _counted(compared: Callable[[Op, int], Predicate], given: dict[str, Any], name: str) -> Predicate | None:
    if "count" not in given:
        return compared(Op.GE, 1)
    return condition(Number(compared), given["count"], f"{name}.count")
