"""Classes, which some call sections."""

import strawberry

from adapters import records
from gateway.schema.enums import ClassType, RecordType
from gateway.schema.fields import over, plain
from gateway.schema.relations import reference, references, to_enrollments, to_one, to_several
from gateway.schema.roster_object import RosterObject


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
    grades: list[str] = plain("Grades, year groups of its students.", "class.grades")
    subjects: list[str] = plain("Names of its subjects.", "class.subjects")
    subject_codes: list[str] = plain("Codes of its subjects.", "class.subjectCodes")
    periods: list[str] = plain("When in the day it meets: periods, blocks.", "class.periods")
    course_ref = reference(RecordType.COURSE, "course_id", "What it teaches, not followed.", "class.course")
    course = to_one(RecordType.COURSE, "course_id", "What it teaches.", "class.course")
    school_ref = reference(RecordType.ORG, "school_id", "Where it is taught, not followed.", "class.school")
    school = to_one(RecordType.ORG, "school_id", "Where it is taught.", "class.school")
    term_refs = references(RecordType.ACADEMIC_SESSION, "term_ids", "When it is taught, not followed.", "class.terms")
    terms = to_several(RecordType.ACADEMIC_SESSION, "term_ids", "When it is taught: its terms.", "class.terms")
    enrollments = to_enrollments("class_id", "Who is in it, and as what: its roster.")
