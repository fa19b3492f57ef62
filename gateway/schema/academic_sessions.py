"""School years, terms and grading periods."""

import strawberry

from adapters import records
from gateway.schema import days
from gateway.schema.enums import AcademicSessionType, RecordType
from gateway.schema.fields import computed, over, plain
from gateway.schema.relations import reference, to_children, to_one, to_page
from gateway.schema.roster_object import RosterObject
from gateway.schema.scalars import Date

_SESSION = RecordType.ACADEMIC_SESSION


@strawberry.type(
    description="A span of school time: year, term, semester, quarter, grading period. OneRoster: `/academicSessions`, "
    "`/terms`, `/gradingPeriods`."
)
class AcademicSession(RosterObject):
    is_type_of = over(records.AcademicSession)

    title: str | None = plain("Name of the session.", "academicSession.title")
    start_date: Date | None = plain("Its first day.", "academicSession.startDate")
    end_date: Date | None = plain(
        "Its end as the source gave it: by the standard the day after its last; many sources give the last day.",
        "academicSession.endDate",
    )
    last_day: Date | None = computed(
        days.last_day, "Its last day, included, however the source writes end dates.", "academicSession.endDate"
    )
    is_current: bool | None = days.holds("Whether the day lies within it, its first and its last day included.")
    type: AcademicSessionType | None = plain("Kind of session.", "academicSession.type")
    type_raw: str | None = plain("The source's own word for the type.", "academicSession.type")
    school_year: str | None = plain("The year in which its school year ends.", "academicSession.schoolYear")
    parent_ref = reference(_SESSION, "parent_id", "The session above, not followed.", "academicSession.parent")
    parent = to_one(_SESSION, "parent_id", "The session above: the year of a term.", "academicSession.parent")
    children = to_children(
        _SESSION,
        "parent_id",
        "The sessions that name this one as parent: the terms of a year.",
        "academicSession.children",
    )
    org = to_one(RecordType.ORG, "org_id", "The organisation whose session it is, where the source says so.")
    classes = to_page(RecordType.CLASS, "term_ids", "Classes (sections) taught in this session.", "/terms/{id}/classes")
