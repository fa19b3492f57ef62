"""Conditions on one field: the operands that filters are made of."""

from typing import Any

import strawberry

from adapters.dialect import Op
from adapters.predicate import Compare, Folded, IsNull, Not, Predicate, among, equals
from gateway.schema.enums import AcademicSessionType, ClassType, EnrollmentRole, OrgType, UserRole
from gateway.schema.translation import Subject, names_record, names_records, operand


def _eq(subject: Subject, value: str) -> Predicate:
    return equals(subject.field, str(value))


def _ne(subject: Subject, value: str) -> Predicate:
    return Compare(subject.field, Op.NE, str(value))


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


@strawberry.input(description="A condition on a yes or no.")
class BooleanFilter:
    eq: bool | None = operand(_truth, "Is exactly this.")
    is_null: bool | None = _is_null()


@strawberry.input(
    description="A condition on a reference, by global ids or by the source's own. On a list: any of its references."
)
class RefFilter:
    eq: strawberry.ID | None = operand(names_record, "Names the record of this global id, of that one source.")
    in_: list[strawberry.ID] | None = operand(
        names_records, "Names one of the records of these global ids; an empty list holds for no record.", "in"
    )
    sourced_id: str | None = operand(_eq, "Names this sourcedId, in whichever source.")
    sourced_id_in: list[str] | None = operand(_in, "Names one of these sourcedIds, in whichever source.")
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


@strawberry.input(description="A condition on a person's roles: any of them.")
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
