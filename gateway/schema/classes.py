"""Classes, which some call sections."""

import strawberry

from adapters import records
from gateway.schema import days
from gateway.schema.enums import ClassType, DateBasis, EnrollmentRole, RecordType
from gateway.schema.fields import computed, over, plain
from gateway.schema.grades import grades, grades_raw
from gateway.schema.relations import (
    reference,
    references,
    to_children,
    to_enrollments,
    to_one,
    to_page,
    to_several,
)
from gateway.schema.roster_object import RosterObject
from gateway.schema.scalars import Date


@strawberry.type(
    description="A class, also called section, roster, group: people taught together. Its plain lists are whole "
    "up to 5,000 records, then null and TOO_LONG: never cut. OneRoster: `/classes`."
)
class Class(RosterObject):
    is_type_of = over(records.Class)

    title: str | None = plain("Name of the class.", "class.title")
    class_code: str | None = plain("Number of the class or section.", "class.classCode")
    class_type: ClassType | None = plain("Homeroom or scheduled.", "class.classType")
    class_type_raw: str | None = plain("The source's own word for the type.", "class.classType")
    location: str | None = plain("Room.", "class.location")
    grades: list[str] = grades("of its students", "class.grades")
    grades_raw: list[str] = grades_raw("class.grades")
    subjects: list[str] = plain("Names of its subjects.", "class.subjects")
    subject_codes: list[str] = plain("Codes of its subjects.", "class.subjectCodes")
    periods: list[str] = plain("When in the day it meets: periods, blocks of the timetable.", "class.periods")
    course_ref = reference(RecordType.COURSE, "course_id", "What it teaches, not followed.", "class.course")
    course = to_one(RecordType.COURSE, "course_id", "What it teaches.", "class.course")
    school_ref = reference(RecordType.ORG, "school_id", "Where it is taught, not followed.", "class.school")
    school = to_one(RecordType.ORG, "school_id", "Where it is taught.", "class.school")
    term_refs = references(RecordType.ACADEMIC_SESSION, "term_ids", "When it is taught, not followed.", "class.terms")
    terms = to_several(RecordType.ACADEMIC_SESSION, "term_ids", "When it is taught: its terms.", "class.terms")
    effective_from: Date | None = days.effective_from()
    effective_to: Date | None = days.effective_to()
    date_basis: DateBasis | None = days.date_basis()
    enrollments = to_enrollments("class_id", "Who is in it, and as what: its roster.")
    students = days.members(
        EnrollmentRole.STUDENT,
        "Its students (pupils, learners) on a day: each person with an active enrollment then, as far as the source "
        "still counts the person. OneRoster: `/classes/{id}/students`.",
    )
    teachers = days.members(
        EnrollmentRole.TEACHER,
        "Its teachers on a day, co-teachers included. OneRoster: `/classes/{id}/teachers`.",
    )
    primary_teacher = days.primary_teacher(
        "Its main teacher, teacher of record, homeroom teacher, on a day: the one whose enrollment is flagged primary, "
        "of several the one who began first; unflagged, only who teaches it alone. OneRoster: `enrollment.primary`."
    )
    student_count: int | None = computed(
        days.student_count,
        "How many students are enrolled on a day, by their enrollments alone: no person is read for it.",
        "enrollment.role",
    )
    line_items = to_page(
        RecordType.LINE_ITEM,
        "class_id",
        "The work that is marked in it: assignments, its gradebook.",
        "/classes/{id}/lineItems",
    )
    score_scales = to_children(
        RecordType.SCORE_SCALE, "class_id", "Its own scales of marks.", "1.2 /classes/{id}/scoreScales"
    )
    resource_refs = references(
        RecordType.RESOURCE, "resource_ids", "What it learns with, not followed.", "class.resources"
    )
    resources = to_several(
        RecordType.RESOURCE, "resource_ids", "What it learns with: its resources.", "/classes/{id}/resources"
    )
