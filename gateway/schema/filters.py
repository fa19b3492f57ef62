"""The filters of lists: which fields of which records may be asked about. The fields of one filter are ANDed."""

from typing import Optional

import strawberry

from adapters.records import RecordType
from gateway.schema.conditions import (
    AcademicSessionTypeFilter,
    BooleanFilter,
    ClassTypeFilter,
    DateFilter,
    DateTimeFilter,
    EnrollmentRoleFilter,
    IntFilter,
    OrgTypeFilter,
    RefFilter,
    StringFilter,
    StringListFilter,
    UserRoleFilter,
)
from gateway.schema.matches import (
    EnrollmentCountFilter,
    MetadataFilter,
    RoleMatch,
    dangling,
    declared,
    enrolled,
    role_match,
    size_of,
)
from gateway.schema.translation import about, all_of, any_of, none_of

SOURCED_ID = "The source's own id."
MODIFIED = "When the source last changed it."
METADATA = "What the source adds to the standard, by a declared name."


@strawberry.input(description="Which organisations. All conditions hold.")
class OrgFilter:
    and_: list["OrgFilter"] | None = all_of()
    or_: list["OrgFilter"] | None = any_of()
    not_: Optional["OrgFilter"] = none_of()
    sourced_id: StringFilter | None = about("sourced_id", SOURCED_ID, "org.sourcedId")
    date_last_modified: DateTimeFilter | None = about("date_last_modified", MODIFIED, "org.dateLastModified")
    metadata: MetadataFilter | None = declared(METADATA, "org.metadata")
    name: StringFilter | None = about("name", "Name of the school, district …", "org.name")
    type: OrgTypeFilter | None = about("type", "Kind of organisation.", "org.type")
    identifier: StringFilter | None = about("identifier", "Official number, such as a state's.", "org.identifier")
    parent: RefFilter | None = about("parent_id", "The organisation above.", "org.parent", kind=RecordType.ORG)


@strawberry.input(description="Which school years, terms, grading periods. All conditions hold.")
class AcademicSessionFilter:
    and_: list["AcademicSessionFilter"] | None = all_of()
    or_: list["AcademicSessionFilter"] | None = any_of()
    not_: Optional["AcademicSessionFilter"] = none_of()
    sourced_id: StringFilter | None = about("sourced_id", SOURCED_ID, "academicSession.sourcedId")
    date_last_modified: DateTimeFilter | None = about(
        "date_last_modified", MODIFIED, "academicSession.dateLastModified"
    )
    metadata: MetadataFilter | None = declared(METADATA, "academicSession.metadata")
    title: StringFilter | None = about("title", "Name of the session.", "academicSession.title")
    type: AcademicSessionTypeFilter | None = about("type", "Kind of session.", "academicSession.type")
    school_year: StringFilter | None = about("school_year", "Year in which it ends.", "academicSession.schoolYear")
    start_date: DateFilter | None = about("start_date", "Its first day.", "academicSession.startDate")
    end_date: DateFilter | None = about("end_date", "Its end as the source gave it.", "academicSession.endDate")
    parent: RefFilter | None = about(
        "parent_id",
        "The session above, such as the year of a term.",
        "academicSession.parent",
        kind=RecordType.ACADEMIC_SESSION,
    )


@strawberry.input(description="Which courses. All conditions hold.")
class CourseFilter:
    and_: list["CourseFilter"] | None = all_of()
    or_: list["CourseFilter"] | None = any_of()
    not_: Optional["CourseFilter"] = none_of()
    sourced_id: StringFilter | None = about("sourced_id", SOURCED_ID, "course.sourcedId")
    date_last_modified: DateTimeFilter | None = about("date_last_modified", MODIFIED, "course.dateLastModified")
    metadata: MetadataFilter | None = declared(METADATA, "course.metadata")
    title: StringFilter | None = about("title", "Name of the course.", "course.title")
    course_code: StringFilter | None = about("course_code", "Number of the course.", "course.courseCode")
    grades: StringListFilter | None = about(
        "grades", "Grades, year groups for which it is, by the CEDS codes that they are shown as.", "course.grades"
    )
    subjects: StringListFilter | None = about("subjects", "Names of its subjects.", "course.subjects")
    subject_codes: StringListFilter | None = about("subject_codes", "Codes of its subjects.", "course.subjectCodes")
    org: RefFilter | None = about("org_id", "The organisation that offers it.", "course.org", kind=RecordType.ORG)


@strawberry.input(description="Which classes, also called sections. All conditions hold.")
class ClassFilter:
    and_: list["ClassFilter"] | None = all_of()
    or_: list["ClassFilter"] | None = any_of()
    not_: Optional["ClassFilter"] = none_of()
    sourced_id: StringFilter | None = about("sourced_id", SOURCED_ID, "class.sourcedId")
    date_last_modified: DateTimeFilter | None = about("date_last_modified", MODIFIED, "class.dateLastModified")
    metadata: MetadataFilter | None = declared(METADATA, "class.metadata")
    title: StringFilter | None = about("title", "Name of the class.", "class.title")
    class_code: StringFilter | None = about("class_code", "Number of the class or section.", "class.classCode")
    class_type: ClassTypeFilter | None = about("class_type", "Homeroom or scheduled.", "class.classType")
    grades: StringListFilter | None = about(
        "grades", "Grades, year groups of its students, by the CEDS codes that they are shown as.", "class.grades"
    )
    subjects: StringListFilter | None = about("subjects", "Names of its subjects.", "class.subjects")
    subject_codes: StringListFilter | None = about("subject_codes", "Codes of its subjects.", "class.subjectCodes")
    periods: StringListFilter | None = about("periods", "When in the day it meets.", "class.periods")
    course: RefFilter | None = about("course_id", "What it teaches.", "class.course", kind=RecordType.COURSE)
    school: RefFilter | None = about("school_id", "Where it is taught.", "class.school", kind=RecordType.ORG)
    terms: RefFilter | None = about(
        "term_ids", "When it is taught: any of its terms.", "class.terms", kind=RecordType.ACADEMIC_SESSION
    )
    enrollments: EnrollmentCountFilter | None = enrolled("class_id", "How many of which kind are in it.")


@strawberry.input(description="Which people. All conditions hold.")
class UserFilter:
    and_: list["UserFilter"] | None = all_of()
    or_: list["UserFilter"] | None = any_of()
    not_: Optional["UserFilter"] = none_of()
    sourced_id: StringFilter | None = about("sourced_id", SOURCED_ID, "user.sourcedId")
    date_last_modified: DateTimeFilter | None = about("date_last_modified", MODIFIED, "user.dateLastModified")
    metadata: MetadataFilter | None = declared(METADATA, "user.metadata")
    former_sourced_id: StringFilter | None = about(
        "former_sourced_ids", "Any of the earlier ids that the source itself declares, such as those of 1.1."
    )
    given_name: StringFilter | None = about("given_name", "First name.", "user.givenName")
    family_name: StringFilter | None = about("family_name", "Last name.", "user.familyName")
    email: StringFilter | None = about("email", "E-mail address.", "user.email")
    username: StringFilter | None = about("username", "Name to sign in with, login.", "user.username")
    identifier: StringFilter | None = about("identifier", "Student or staff number.", "user.identifier")
    user_master_identifier: StringFilter | None = about(
        "user_master_identifier", "Id of the person over all systems of the district.", "user.userMasterIdentifier"
    )
    grades: StringListFilter | None = about(
        "grades", "Grades, year groups of a student, by the CEDS codes that they are shown as.", "user.grades"
    )
    role: UserRoleFilter | None = about("roles.role", "Any of the person's roles.", "user.roles.role", "1.1 user.role")
    roles: RoleMatch | None = role_match("One of the person's roles that meets all conditions.", "user.roles")
    orgs: RefFilter | None = about(
        "org_ids",
        "Any of the organisations where the person has a role.",
        "user.roles.org",
        "1.1 user.orgs",
        kind=RecordType.ORG,
    )
    org_count: IntFilter | None = size_of(
        "org_ids", "In how many organisations the person has a role, each counted once.", "user.roles.org"
    )
    enabled_user: BooleanFilter | None = about("enabled_user", "Whether the account may be used.", "user.enabledUser")
    enrollments: EnrollmentCountFilter | None = enrolled("user_id", "In how many classes, and as what.")


@strawberry.input(description="Which enrollments. All conditions hold.")
class EnrollmentFilter:
    and_: list["EnrollmentFilter"] | None = all_of()
    or_: list["EnrollmentFilter"] | None = any_of()
    not_: Optional["EnrollmentFilter"] = none_of()
    sourced_id: StringFilter | None = about("sourced_id", SOURCED_ID, "enrollment.sourcedId")
    date_last_modified: DateTimeFilter | None = about("date_last_modified", MODIFIED, "enrollment.dateLastModified")
    metadata: MetadataFilter | None = declared(METADATA, "enrollment.metadata")
    role: EnrollmentRoleFilter | None = about("role", "The role in the class.", "enrollment.role")
    primary: BooleanFilter | None = about("primary", "Whether this is the main teacher.", "enrollment.primary")
    begin_date: DateFilter | None = about("begin_date", "Since when.", "enrollment.beginDate")
    end_date: DateFilter | None = about("end_date", "Until when, as the source gave it.", "enrollment.endDate")
    user: RefFilter | None = about("user_id", "The person: student, teacher.", "enrollment.user", kind=RecordType.USER)
    class_: RefFilter | None = about(
        "class_id", "In which class.", "enrollment.class", kind=RecordType.CLASS, name="class"
    )
    school: RefFilter | None = about("school_id", "At which school.", "enrollment.school", kind=RecordType.ORG)
    dangling: bool | None = dangling("true: the person, class or school that it names is not there. false: all are.")
