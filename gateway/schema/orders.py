"""The orders of lists: which fields of which records a list may be ordered by."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

import strawberry

from adapters.records import RecordType
from gateway.roster.reading import By, Order
from gateway.schema.enums import describe
from gateway.schema.fields import described


class OrderDirection(StrEnum):
    ASC = "ASC"
    DESC = "DESC"


describe(
    OrderDirection,
    "Which way; records without a value come last either way.",
    {
        OrderDirection.ASC: "Ascending: A before B, earlier before later.",
        OrderDirection.DESC: "Descending: B before A, later before earlier.",
    },
)

FOLDED = frozenset({"name", "title", "course_code", "class_code", "family_name", "given_name", "username", "email"})
"""Fields that are compared whatever the case."""


def _order(name: str, of: str, /, **fields: tuple[str, str]) -> Any:
    """An input to order by: its fields, each with what it says and its path in the standard."""
    words: Any = StrEnum(f"{name}OrderField", [(field.upper(), field.upper()) for field in fields])  # type: ignore[misc]
    texts = {words[field.upper()]: described(*said) for field, said in fields.items()}
    describe(words, f"What {of} may be ordered by.", texts)

    class Ordering:
        field: words = strawberry.field(description="The field to order by.")
        direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description="Ascending or descending.")

    Ordering.__name__ = f"{name}Order"
    text = f"An order of {of}. Ties are broken by source key, then sourcedId; names, titles and codes fold case."
    return strawberry.input(Ordering, description=text)


def _base(path: str) -> dict[str, tuple[str, str]]:
    return {
        "sourced_id": ("The source's own id.", f"{path}.sourcedId"),
        "date_last_modified": ("When the source last changed it.", f"{path}.dateLastModified"),
    }


OrgOrder = _order(
    "Org",
    "organisations",
    **_base("org"),
    name=("Name.", "org.name"),
    type=("Kind of organisation.", "org.type"),
    identifier=("Official number.", "org.identifier"),
)
AcademicSessionOrder = _order(
    "AcademicSession",
    "academic sessions",
    **_base("academicSession"),
    title=("Name of the session.", "academicSession.title"),
    start_date=("Its first day.", "academicSession.startDate"),
    end_date=("Its end, as the source gave it.", "academicSession.endDate"),
    school_year=("Year in which its school year ends.", "academicSession.schoolYear"),
)
CourseOrder = _order(
    "Course",
    "courses",
    **_base("course"),
    title=("Name of the course.", "course.title"),
    course_code=("Number of the course.", "course.courseCode"),
)
ClassOrder = _order(
    "Class",
    "classes",
    **_base("class"),
    title=("Name of the class.", "class.title"),
    class_code=("Number of the class or section.", "class.classCode"),
)
UserOrder = _order(
    "User",
    "people",
    **_base("user"),
    family_name=("Last name.", "user.familyName"),
    given_name=("First name.", "user.givenName"),
    username=("Name to sign in with, login.", "user.username"),
    email=("E-mail address.", "user.email"),
)
EnrollmentOrder = _order(
    "Enrollment",
    "enrollments",
    **_base("enrollment"),
    begin_date=("Since when.", "enrollment.beginDate"),
    end_date=("Until when, as the source gave it.", "enrollment.endDate"),
)
DemographicsOrder = _order(
    "Demographics",
    "demographics",
    **_base("demographics"),
    birth_date=("Date of birth.", "demographics.birthDate"),
)
CategoryOrder = _order(
    "Category", "groups of line items", **_base("category"), title=("Name of the category.", "category.title")
)
LineItemOrder = _order(
    "LineItem",
    "line items",
    **_base("lineItem"),
    title=("Name of the work.", "lineItem.title"),
    assign_date=("When it was given.", "lineItem.assignDate"),
    due_date=("When it is to be handed in.", "lineItem.dueDate"),
)
ResultOrder = _order("Result", "results", **_base("result"), score_date=("When it was marked.", "result.scoreDate"))
ScoreScaleOrder = _order(
    "ScoreScale", "scales of marks", **_base("scoreScale"), title=("Name of the scale.", "scoreScale.title")
)
ResourceOrder = _order(
    "Resource", "learning resources", **_base("resource"), title=("Name of the resource.", "resource.title")
)
AssessmentLineItemOrder = _order(
    "AssessmentLineItem",
    "tests and their parts",
    **_base("assessmentLineItem"),
    title=("Name of the test or part.", "assessmentLineItem.title"),
)
AssessmentResultOrder = _order(
    "AssessmentResult",
    "results of assessments",
    **_base("assessmentResult"),
    score_date=("When it was marked.", "assessmentResult.scoreDate"),
)

ORDERS: Mapping[RecordType, Any] = {
    RecordType.ORG: OrgOrder,
    RecordType.ACADEMIC_SESSION: AcademicSessionOrder,
    RecordType.COURSE: CourseOrder,
    RecordType.CLASS: ClassOrder,
    RecordType.USER: UserOrder,
    RecordType.ENROLLMENT: EnrollmentOrder,
    RecordType.DEMOGRAPHICS: DemographicsOrder,
    RecordType.CATEGORY: CategoryOrder,
    RecordType.LINE_ITEM: LineItemOrder,
    RecordType.RESULT: ResultOrder,
    RecordType.SCORE_SCALE: ScoreScaleOrder,
    RecordType.RESOURCE: ResourceOrder,
    RecordType.ASSESSMENT_LINE_ITEM: AssessmentLineItemOrder,
    RecordType.ASSESSMENT_RESULT: AssessmentResultOrder,
}


def order_of(keys: Iterable[Any] | None) -> Order:
    """What the inputs ask for."""
    found = ((key.field.value.lower(), key.direction is OrderDirection.DESC) for key in keys or ())
    return tuple(By(field, down, field in FOLDED) for field, down in found)
