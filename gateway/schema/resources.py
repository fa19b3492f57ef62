"""Things to learn with."""

import strawberry

from adapters import gradebook
from gateway.schema.enums import Importance, RecordType, UserRole
from gateway.schema.fields import over, plain
from gateway.schema.relations import to_page
from gateway.schema.roster_object import RosterObject


@strawberry.type(
    description="Something to learn with: a book, an app, a course pack, digital material. OneRoster: `/resources`."
)
class Resource(RosterObject):
    is_type_of = over(gradebook.Resource)

    title: str | None = plain("Name of the resource.", "resource.title")
    roles: list[UserRole] = plain("Whom it is for; empty: not said.", "resource.roles")
    roles_raw: list[str] = plain("The source's own words for the roles.", "resource.roles")
    importance: Importance | None = plain("Whether it is the main one or a supplement.", "resource.importance")
    importance_raw: str | None = plain("The source's own word for the importance.", "resource.importance")
    vendor_resource_id: str | None = plain("Its maker's id of it, such as an ISBN.", "resource.vendorResourceId")
    vendor_id: str | None = plain("Who makes it.", "resource.vendorId")
    application_id: str | None = plain("The application in which it is used.", "resource.applicationId")
    courses = to_page(RecordType.COURSE, "resource_ids", "Courses that use it.", "course.resources")
    classes = to_page(RecordType.CLASS, "resource_ids", "Classes (sections) that use it.", "class.resources")
    users = to_page(RecordType.USER, "resource_ids", "People to whom it is given.", "1.2 user.resources")
