"""Organisations: districts, schools, departments."""

import strawberry

from adapters import records
from gateway.schema.enums import OrgType, RecordType
from gateway.schema.fields import over, plain
from gateway.schema.relations import reference, to_children, to_one, to_page
from gateway.schema.roster_object import RosterObject


@strawberry.type(
    description="An organisation: district, school (campus, building), department … OneRoster: `/orgs`, `/schools`."
)
class Org(RosterObject):
    is_type_of = over(records.Org)

    name: str | None = plain("Name of the school, district …", "org.name")
    type: OrgType | None = plain("Kind of organisation.", "org.type")
    type_raw: str | None = plain("The source's own word for the type.", "org.type")
    identifier: str | None = plain("Official number, such as a state's or NCES's.", "org.identifier")
    parent_ref = reference(RecordType.ORG, "parent_id", "The organisation above, not followed.", "org.parent")
    parent = to_one(RecordType.ORG, "parent_id", "The organisation above: the district of a school.", "org.parent")
    children = to_children(
        RecordType.ORG, "parent_id", "The organisations that name this one as parent.", "org.children"
    )
    users = to_page(
        RecordType.USER,
        "org_ids",
        "People with a role here: students, staff, parents.",
        "/users",
        "user.roles.org",
    )
    classes = to_page(RecordType.CLASS, "school_id", "Classes (sections) taught here.", "/schools/{id}/classes")
    courses = to_page(RecordType.COURSE, "org_id", "Courses offered here.", "/schools/{id}/courses")
