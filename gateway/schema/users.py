"""People, with their roles, ids and accounts."""

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
import strawberry

from adapters import records
from gateway.access.field_class import FieldClass
from gateway.roster import deriving
from gateway.roster.reading import display_name, role_group
from gateway.schema import days
from gateway.schema.context import Info, place, reading_at
from gateway.schema.enums import RecordType, RoleGroup, RoleType, UserRole
from gateway.schema.fields import Personal, computed, over, plain
from gateway.schema.grades import grades, grades_raw
from gateway.schema.relations import (
    reference,
    references,
    to_companion,
    to_enrollments,
    to_one,
    to_page,
    to_several,
)
from gateway.schema.roster_object import RosterObject
from gateway.schema.scalars import Date


class AssignedRole(records.RoleAssignment, frozen=True, gc=False, kw_only=True):
    """A role with the source of its person, without which its references name nothing."""

    source: str


async def _agents(root: records.User, info: Info) -> Any:
    return await deriving.related(reading_at(info), place(info), root, family=False)


async def _guardians(root: records.User, info: Info) -> Any:
    return await deriving.related(reading_at(info), place(info), root, family=True)


async def _same_person(root: records.User, info: Info) -> Any:
    return await deriving.same_person(reading_at(info), place(info), root)


def _roles(root: records.User) -> Iterator[AssignedRole]:
    return (AssignedRole(source=root.source, **msgspec.structs.asdict(role)) for role in root.roles)


@strawberry.type(description="One role of a person at one organisation. OneRoster: `user.roles`, 1.1 `user.role`.")
class RoleAssignment:
    is_type_of = over(AssignedRole)

    role: UserRole = plain("What the person is there.", "user.roles.role")
    role_raw: str | None = plain("The source's own word for the role.", "user.roles.role")
    role_type: RoleType | None = plain("Whether it is the main role there.", "user.roles.roleType")
    begin_date: Date | None = plain("Since when.", "user.roles.beginDate")
    end_date: Date | None = plain("Until when, as the source gave it.", "user.roles.endDate")
    user_profile: str | None = plain("The account by which the role is used.", "user.roles.userProfile")
    derived: bool = plain("True when it was made from a 1.1 record's single role and its list of organisations.")
    org_ref = reference(
        RecordType.ORG,
        "org_id",
        "The organisation (school, district) where the role is held, not followed.",
        "user.roles.org",
    )
    org = to_one(
        RecordType.ORG, "org_id", "The organisation (school, district) where the role is held.", "user.roles.org"
    )


@strawberry.type(description="An id of a person in some other system. OneRoster: `user.userIds`.")
class UserId:
    is_type_of = over(records.UserId)

    type: str | None = plain("Which system or kind of id.", "user.userIds.type")
    identifier: str = plain("The id.", "user.userIds.identifier")


@strawberry.type(
    description="An account of a person in some other system, without its credentials. OneRoster: `user.userProfiles`."
)
class UserProfile:
    is_type_of = over(records.UserProfile)

    profile_id: str | None = plain("Id of the account.", "user.userProfiles.profileId")
    profile_type: str | None = plain("Kind of account.", "user.userProfiles.profileType")
    vendor_id: str | None = plain("Who runs the system.", "user.userProfiles.vendorId")
    application_id: str | None = plain("The application.", "user.userProfiles.applicationId")
    description: str | None = plain("What the account is for.", "user.userProfiles.description")


@strawberry.type(
    description="A person: student (pupil, learner), teacher, other staff, parent. One record of one source, "
    "which may publish a person once per role; such records are never merged. OneRoster: `/users`, `/students`, "
    "`/teachers`."
)
class User(RosterObject):
    is_type_of = over(records.User)

    given_name: str | None = plain("First name.", "user.givenName")
    family_name: str | None = plain("Last name, surname.", "user.familyName")
    middle_name: str | None = plain("Middle names.", "user.middleName")
    preferred_first_name: str | None = plain(
        "First name by which to call the person, nickname.", "user.preferredFirstName"
    )
    preferred_middle_name: str | None = plain("Middle name that the person prefers.", "user.preferredMiddleName")
    preferred_last_name: str | None = plain("Last name that the person prefers.", "user.preferredLastName")
    pronouns: str | None = plain("Pronouns to use of the person.", "user.pronouns")
    username: str | None = plain("Name to sign in with, login.", "user.username")
    email: str | None = plain("E-mail address.", "user.email")
    sms: str | None = plain("Number for text messages, mobile.", "user.sms")
    phone: str | None = plain("Telephone number.", "user.phone")
    identifier: str | None = plain("Number of the person: student number, staff number.", "user.identifier")
    user_ids: list[UserId] | None = plain("Ids of the person in other systems.", "user.userIds")
    user_master_identifier: str | None = plain(
        "Id of the person over all systems of the district.", "user.userMasterIdentifier"
    )
    former_sourced_ids: list[str] = plain("Earlier sourcedIds that the source itself declares, such as those of 1.1.")
    same_person: list[Annotated["User", strawberry.lazy("gateway.schema.users")]] | None = computed(
        _same_person,
        "Other active records of the same source that are of the same person, whom some sources publish once per role: "
        "duplicates, personas. By userMasterIdentifier, where both records have one, that alone; else by the "
        "same userIds entry (its type known), the same username whatever its case, or by formerSourcedIds. Never by "
        "e-mail address, which families share, nor by name. Over several sources: `usersByIdentity`.",
        "user.userMasterIdentifier",
        "user.userIds",
        "user.username",
        pii=FieldClass.IDENTIFIER,
    )
    enabled_user: bool | None = plain("Whether the account may be used.", "user.enabledUser")
    grades: list[str] = grades("of a student", "user.grades")
    grades_raw: list[str] = grades_raw("user.grades")
    user_profiles: list[UserProfile] | None = plain("Accounts of the person in other systems.", "user.userProfiles")
    role: UserRole | None = plain(
        "The primary role at the primary organisation, else the first; roles has them all.",
        "user.roles.role",
        "1.1 user.role",
    )
    roles: list[RoleAssignment] = computed(
        _roles, "All roles, each at its organisation.", "user.roles", "1.1 user.role"
    )
    role_group: RoleGroup = computed(
        lambda root: role_group(root.role),
        "What the role amounts to, the same in both versions of the standard: ask for STAFF to find aides of all.",
        column=lambda roots: [role_group(root.role) for root in roots],
    )
    display_name: str | None = computed(
        lambda root: display_name(root, True),
        "First and last name, as the person prefers to be called where the source says so and the client may read it; "
        "null where neither is known.",
        "user.preferredFirstName",
        "user.givenName",
        "user.preferredLastName",
        "user.familyName",
        column=lambda roots: [display_name(root, True) for root in roots],
        pii=Personal(FieldClass.NAME, lesser={FieldClass.SENSITIVE: lambda root: display_name(root, False)}),
    )
    primary_org = to_one(
        RecordType.ORG, "primary_org_id", "The main organisation, such as the home school.", "user.primaryOrg"
    )
    orgs = to_several(
        RecordType.ORG,
        "org_ids",
        "Where the person has a role, each organisation once.",
        "user.roles.org",
        "1.1 user.orgs",
    )
    agent_refs = references(
        RecordType.USER,
        "agent_ids",
        "People connected with the person, not followed.",
        "user.agents",
        nullable=True,
    )
    agents: list[Annotated["User", strawberry.lazy("gateway.schema.users")]] | None = computed(
        _agents,
        "People connected with the person, whichever of the two records names the other: a student's parents, a "
        "parent's children.",
        "user.agents",
        pii=FieldClass.FAMILY,
    )
    guardians: list[Annotated["User", strawberry.lazy("gateway.schema.users")]] | None = computed(
        _guardians,
        "Those of agents who are family: parents, guardians (carers), other relatives.",
        "user.agents",
        pii=FieldClass.FAMILY,
    )
    enrollments = to_enrollments("user_id", "The classes that the person is in, and as what.")
    classes = days.classes(
        "The classes (sections) that the person is in on a day, by active enrollments, as far as the source still "
        "counts the class. OneRoster: `/students/{id}/classes`, `/teachers/{id}/classes`."
    )
    demographics = to_companion(
        RecordType.DEMOGRAPHICS, "Birth, sex and ethnicity, where the source shares them.", "/demographics/{id}"
    )
    results = to_page(
        RecordType.RESULT,
        "student_id",
        "What a student reached in the work of all classes: marks, grades.",
        "/classes/{id}/students/{id}/results",
    )
    assessment_results = to_page(
        RecordType.ASSESSMENT_RESULT,
        "student_id",
        "What a student reached in tests and exams.",
        "1.2 assessmentResult.student",
    )
    resource_refs = references(
        RecordType.RESOURCE, "resource_ids", "What the person learns with, not followed.", "1.2 user.resources"
    )
    resources = to_several(
        RecordType.RESOURCE, "resource_ids", "What the person learns with.", "1.2 /users/{id}/resources"
    )
