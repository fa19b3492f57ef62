"""Courses of study."""

import strawberry

from adapters import records
from gateway.schema.enums import RecordType
from gateway.schema.fields import over, plain
from gateway.schema.grades import grades, grades_raw
from gateway.schema.relations import reference, references, to_one, to_page, to_several
from gateway.schema.roster_object import RosterObject


@strawberry.type(description="A course of study, which classes (sections) teach. OneRoster: `/courses`.")
class Course(RosterObject):
    is_type_of = over(records.Course)

    title: str | None = plain("Name of the course.", "course.title")
    course_code: str | None = plain("Number of the course.", "course.courseCode")
    grades: list[str] = grades("for which it is meant", "course.grades")
    grades_raw: list[str] = grades_raw("course.grades")
    subjects: list[str] = plain("Names of its subjects.", "course.subjects")
    subject_codes: list[str] = plain("Codes of its subjects, such as SCED's.", "course.subjectCodes")
    org_ref = reference(RecordType.ORG, "org_id", "The organisation that offers it, not followed.", "course.org")
    org = to_one(RecordType.ORG, "org_id", "The organisation that offers it.", "course.org")
    school_year_ref = reference(
        RecordType.ACADEMIC_SESSION, "school_year_id", "Its school year, not followed.", "course.schoolYear"
    )
    school_year = to_one(RecordType.ACADEMIC_SESSION, "school_year_id", "Its school year.", "course.schoolYear")
    classes = to_page(RecordType.CLASS, "course_id", "Classes (sections) that teach it.", "/courses/{id}/classes")
    resource_refs = references(
        RecordType.RESOURCE, "resource_ids", "What is learnt with, not followed.", "course.resources"
    )
    resources = to_several(
        RecordType.RESOURCE, "resource_ids", "What is learnt with: its resources.", "/courses/{id}/resources"
    )
