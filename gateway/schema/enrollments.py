"""Who is in which class, and as what."""

import strawberry

from adapters import records
from gateway.schema import days
from gateway.schema.enums import DateBasis, EnrollmentRole, RecordType
from gateway.schema.fields import over, plain
from gateway.schema.relations import reference, to_one
from gateway.schema.roster_object import RosterObject
from gateway.schema.scalars import Date


@strawberry.type(
    description="A person in a class: a student's place, a teacher's assignment. OneRoster: `/enrollments`."
)
class Enrollment(RosterObject):
    is_type_of = over(records.Enrollment)

    role: EnrollmentRole | None = plain("The role in this class.", "enrollment.role")
    role_raw: str | None = plain("The source's own word for the role.", "enrollment.role")
    primary: bool | None = plain("Whether this is the main teacher, teacher of record.", "enrollment.primary")
    begin_date: Date | None = plain("Since when; null often means since the class began.", "enrollment.beginDate")
    end_date: Date | None = plain(
        "Until when, as the source gave it: by the standard the day after the last; many sources give the last day.",
        "enrollment.endDate",
    )
    effective_from: Date | None = days.effective_from()
    effective_to: Date | None = days.effective_to()
    date_basis: DateBasis | None = days.date_basis()
    is_effective: bool | None = days.holds("Whether the day lies between effectiveFrom and effectiveTo, both included.")
    user_ref = reference(RecordType.USER, "user_id", "The person: student, teacher; not followed.", "enrollment.user")
    user = to_one(RecordType.USER, "user_id", "The person: student, teacher.", "enrollment.user")
    class_ref = reference(RecordType.CLASS, "class_id", "The class (section), not followed.", "enrollment.class")
    class_ = to_one(RecordType.CLASS, "class_id", "The class (section).", "enrollment.class", name="class")
    school_ref = reference(RecordType.ORG, "school_id", "The school, not followed.", "enrollment.school")
    school = to_one(RecordType.ORG, "school_id", "The school.", "enrollment.school")
