"""What depends on the day: when records hold, and who is in a class then."""

from typing import Any

import strawberry

from adapters.records import EnrollmentRole, RecordType
from gateway.roster import deriving
from gateway.roster.reading import TODAY
from gateway.schema.arguments import On, Roles, given
from gateway.schema.context import Info, place, reading_at
from gateway.schema.fields import computed, optional
from gateway.schema.relations import several, type_of

_TODAY: Any = TODAY

_RULE = (
    "An enrollment holds by its own dates; what they leave open is its class's. A class holds from the first of its "
    "terms to the last, or, where none of them has dates, for the school year of its course. Where nothing says when, "
    "it holds always, and `dateBasis` is ASSUMED."
)


async def _from(root: Any, info: Info) -> Any:
    span = await deriving.span(reading_at(info), place(info), root)
    return span and span.first


async def last_day(root: Any, info: Info) -> Any:
    span = await deriving.span(reading_at(info), place(info), root)
    return span and span.last


async def _basis(root: Any, info: Info) -> Any:
    span = await deriving.span(reading_at(info), place(info), root)
    return span and span.basis


async def _holds(root: Any, info: Info, on: On = _TODAY) -> Any:
    return await deriving.in_effect(reading_at(info), place(info), root, on)


def effective_from() -> Any:
    return computed(_from, f"Its first day; null: no day is known before which it did not hold. {_RULE}")


def effective_to() -> Any:
    return computed(last_day, "Its last day, included, however the source writes end dates; null: no end is known.")


def date_basis() -> Any:
    return computed(_basis, "What effectiveFrom and effectiveTo were taken from; null if that could not be read.")


def holds(text: str) -> Any:
    return computed(_holds, text)


def members(role: EnrollmentRole, text: str) -> Any:
    """The people who are in a class in this role, on a day."""

    async def people(root: Any, info: Info, on: On = _TODAY) -> Any:
        return await deriving.members(reading_at(info), place(info), root, [role], on)

    return strawberry.field(resolver=people, graphql_type=several(RecordType.USER), description=text)


async def _primary(root: Any, info: Info, on: On = _TODAY) -> Any:
    return await deriving.primary_teacher(reading_at(info), place(info), root, on)


def primary_teacher(text: str) -> Any:
    return strawberry.field(resolver=_primary, graphql_type=optional(type_of(RecordType.USER)), description=text)


async def student_count(root: Any, info: Info, on: On = _TODAY) -> int | None:
    return await deriving.student_count(reading_at(info), place(info), root, on)


async def _classes(root: Any, info: Info, role: Roles = strawberry.UNSET, on: On = _TODAY) -> Any:
    return await deriving.classes_of(reading_at(info), place(info), root, given(role), on)


def classes(text: str) -> Any:
    return strawberry.field(resolver=_classes, graphql_type=several(RecordType.CLASS), description=text)
