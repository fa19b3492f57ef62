"""Conditions on one field: the operands that filters are made of."""

from collections.abc import Callable
from typing import Any

import strawberry

from adapters.dialect import Op
from adapters.predicate import Compare, Folded, IsNull, Not, Predicate, among, equals
from gateway.schema.enums import (
    AcademicSessionType,
    ClassType,
    EnrollmentRole,
    Importance,
    OrgType,
    ScoreStatus,
    Sex,
    UserRole,
)
from gateway.schema.scalars import Date, DateTime
from gateway.schema.translation import Number, Subject, names, names_record, names_records, operand


def _compared(op: Op) -> Callable[[Subject, str], Predicate]:
    return lambda subject, value: Compare(subject.field, op, value)


def _measured(op: Op) -> Callable[[Subject, float], Predicate]:
    return lambda subject, value: Compare(subject.field, op, str(float(value)))


def _numbered(op: Op) -> Callable[[Number, int], Predicate]:
    return lambda number, value: number.compared(op, value)


def _eq(subject: Subject, value: str) -> Predicate:
    return equals(subject.field, str(value))


def _ne(subject: Subject, value: str) -> Predicate:
    return Compare(subject.field, Op.NE, str(value))


def _named(subject: Subject, value: str) -> Predicate:
    return names(subject, [value])


def _in(subject: Subject, values: list[str]) -> Predicate:
    return among(subject.field, map(str, values))


def _folded(subject: Subject, value: str) -> Predicate:
    return Folded(subject.field, value)


def _contains(subject: Subject, value: str) -> Predicate:
    return Compare(subject.field, Op.CONTAINS, value)


def _starts(subject: Subject, value: str) -> Predicate:
    return Folded(subject.field, value, prefix=True)


def _truth(subject: Subject, value: bool) -> Predicate:
    return equals(subject.field, "true" if value else "false")


def _null(subject: Subject, wanted: bool) -> Predicate:
    null = IsNull(subject.field)
    return null if wanted else Not(null)


def _is() -> Any:
    return operand(_eq, "Is exactly this. On a list: any of its elements.")


def _is_not() -> Any:
    return operand(_ne, "Is not this: the complement of eq, so records without a value are kept.")


def _is_in() -> Any:
    return operand(_in, "Is one of these; an empty list holds for no record.", "in")


def _is_null() -> Any:
    return operand(_null, "true: has no value, or an empty list. false: has one.")


@strawberry.input(description="A condition on text. eq, ne and in are exact; contains and startsWith ignore case.")
class StringFilter:
    eq: str | None = _is()
    ne: str | None = _is_not()
    in_: list[str] | None = _is_in()
    eq_ignore_case: str | None = operand(_folded, "Is this, whatever the case.")
    contains: str | None = operand(_contains, "Has this in it, whatever the case.")
    starts_with: str | None = operand(_starts, "Begins with this, whatever the case.")
    is_null: bool | None = _is_null()


@strawberry.input(description="A condition on a list of words.")
class StringListFilter:
    has: str | None = operand(_eq, "Has exactly this among its elements.")
    has_any: list[str] | None = operand(_in, "Has one of these; an empty list holds for no record.")
    is_empty: bool | None = operand(_null, "true: has no element. false: has some.")


@strawberry.input(description="A condition on a number.")
class IntFilter:
    eq: int | None = operand(_numbered(Op.EQ), "Is exactly this.")
    gt: int | None = operand(_numbered(Op.GT), "Is more than this.")
    gte: int | None = operand(_numbered(Op.GE), "Is this or more.")
    lt: int | None = operand(_numbered(Op.LT), "Is less than this.")
    lte: int | None = operand(_numbered(Op.LE), "Is this or less.")


@strawberry.input(description="A condition on a number, which may have decimals. Comparisons keep nulls out.")
class FloatFilter:
    eq: float | None = operand(_measured(Op.EQ), "Is exactly this.")
    gt: float | None = operand(_measured(Op.GT), "Is more than this.")
    gte: float | None = operand(_measured(Op.GE), "Is this or more.")
    lt: float | None = operand(_measured(Op.LT), "Is less than this.")
    lte: float | None = operand(_measured(Op.LE), "Is this or less.")
    is_null: bool | None = _is_null()


@strawberry.input(description="A condition on a date, as the source gave it. Comparisons keep nulls out.")
class DateFilter:
    eq: Date | None = operand(_compared(Op.EQ), "Is this day.")
    gt: Date | None = operand(_compared(Op.GT), "Is later than this day.")
    gte: Date | None = operand(_compared(Op.GE), "Is this day or later.")
    lt: Date | None = operand(_compared(Op.LT), "Is earlier than this day.")
    lte: Date | None = operand(_compared(Op.LE), "Is this day or earlier.")
    is_null: bool | None = operand(_null, "true: there is none. false: there is one.")


@strawberry.input(description="A condition on an instant, to the millisecond. Comparisons keep nulls out.")
class DateTimeFilter:
    gt: DateTime | None = operand(_compared(Op.GT), "Is later than this.")
    gte: DateTime | None = operand(_compared(Op.GE), "Is this or later.")
    lt: DateTime | None = operand(_compared(Op.LT), "Is earlier than this.")
    lte: DateTime | None = operand(_compared(Op.LE), "Is this or earlier.")
    is_null: bool | None = operand(_null, "true: there is none. false: there is one.")


@strawberry.input(description="A condition on a yes or no.")
class BooleanFilter:
    eq: bool | None = operand(_truth, "Is exactly this.")
    is_null: bool | None = _is_null()


@strawberry.input(
    description="A condition on a reference, by global ids or by the source's own; for people also by ids that they "
    "had before, as far as the source declares them. On a list: any of its references."
)
class RefFilter:
    eq: strawberry.ID | None = operand(names_record, "Names the record of this global id, of that one source.")
    in_: list[strawberry.ID] | None = operand(
        names_records, "Names one of the records of these global ids; an empty list holds for no record.", "in"
    )
    sourced_id: str | None = operand(_named, "Names this sourcedId, in whichever source.")
    sourced_id_in: list[str] | None = operand(names, "Names one of these sourcedIds, in whichever source.")
    is_null: bool | None = _is_null()


@strawberry.input(description="A condition on the kind of an organisation.")
class OrgTypeFilter:
    eq: OrgType | None = _is()
    ne: OrgType | None = _is_not()
    in_: list[OrgType] | None = _is_in()
    is_null: bool | None = _is_null()


@strawberry.input(description="A condition on the kind of an academic session.")
class AcademicSessionTypeFilter:
    eq: AcademicSessionType | None = _is()
    ne: AcademicSessionType | None = _is_not()
    in_: list[AcademicSessionType] | None = _is_in()
    is_null: bool | None = _is_null()


@strawberry.input(description="A condition on the kind of a class.")
class ClassTypeFilter:
    eq: ClassType | None = _is()
    ne: ClassType | None = _is_not()
    in_: list[ClassType] | None = _is_in()
    is_null: bool | None = _is_null()


@strawberry.input(description="A condition on roles of people: any of them.")
class UserRoleFilter:
    eq: UserRole | None = _is()
    ne: UserRole | None = _is_not()
    in_: list[UserRole] | None = _is_in()
    is_null: bool | None = _is_null()


@strawberry.input(description="A condition on the role in a class.")
class EnrollmentRoleFilter:
    eq: EnrollmentRole | None = _is()
    ne: EnrollmentRole | None = _is_not()
    in_: list[EnrollmentRole] | None = _is_in()
    is_null: bool | None = _is_null()


@strawberry.input(description="A condition on the sex as recorded.")
class SexFilter:
    eq: Sex | None = _is()
    ne: Sex | None = _is_not()
    in_: list[Sex] | None = _is_in()
    is_null: bool | None = _is_null()


@strawberry.input(description="A condition on how far the marking of a result is.")
class ScoreStatusFilter:
    eq: ScoreStatus | None = _is()
    ne: ScoreStatus | None = _is_not()
    in_: list[ScoreStatus] | None = _is_in()
    is_null: bool | None = _is_null()


@strawberry.input(description="A condition on the importance of a resource.")
class ImportanceFilter:
    eq: Importance | None = _is()
    ne: Importance | None = _is_not()
    in_: list[Importance] | None = _is_in()
    is_null: bool | None = _is_null()
