"""The graph's enums: those of the records and of faults, with what each value means. A value equals its name."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

import strawberry

from adapters.gradebook import Importance, ScoreStatus
from adapters.records import (
    AcademicSessionType,
    ClassType,
    EnrollmentRole,
    OrgType,
    RecordStatus,
    RecordType,
    RoleType,
    Sex,
    UserRole,
)
from gateway.access.field_class import TELLS, FieldClass
from gateway.faults import ErrorCode, SourceState
from gateway.roster.reading import (
    ClassGroupKey,
    DateBasis,
    EnrollmentGroupKey,
    OnSourceFailure,
    Reach,
    RoleGroup,
    UserGroupKey,
)

__all__ = [
    "AcademicSessionType",
    "ClassGroupKey",
    "ClassType",
    "DateBasis",
    "EnrollmentGroupKey",
    "EnrollmentRole",
    "ErrorCode",
    "FieldClass",
    "Importance",
    "OnSourceFailure",
    "OrgType",
    "Reach",
    "RecordStatus",
    "RecordType",
    "RoleGroup",
    "RoleType",
    "ScoreStatus",
    "Sex",
    "SourceState",
    "UserGroupKey",
    "UserRole",
]

E = TypeVar("E", bound=StrEnum)


def describe(enum: type[E], description: str, values: Mapping[E, str], name: str | None = None) -> None:
    """Makes `enum` an enum of the graph. A value without a description is a mistake of ours: KeyError."""
    strawberry.enum(enum, name=name, description=description)
    for value in enum.__strawberry_definition__.values:  # type: ignore[attr-defined]
        value.description = values[enum[value.name]]


_OTHER = "Anything else; the field whose name ends in Raw has the source's word."

describe(
    RecordType,
    "A kind of record, and so a collection of a source.",
    {
        RecordType.ORG: "Organisations: districts, schools, departments. OneRoster: `/orgs`.",
        RecordType.ACADEMIC_SESSION: "School years, terms, grading periods. OneRoster: `/academicSessions`.",
        RecordType.COURSE: "Courses of study. OneRoster: `/courses`.",
        RecordType.CLASS: "Classes, also called sections. OneRoster: `/classes`.",
        RecordType.USER: "People: students, staff, parents. OneRoster: `/users`.",
        RecordType.ENROLLMENT: "Who is in which class, and as what. OneRoster: `/enrollments`.",
        RecordType.DEMOGRAPHICS: "Birth date, sex, ethnicity of people. OneRoster: `/demographics`.",
        RecordType.CATEGORY: "Groups of line items, such as homework. OneRoster: `/categories`.",
        RecordType.LINE_ITEM: "Assignments, pieces of work that are marked. OneRoster: `/lineItems`.",
        RecordType.RESULT: "Marks, grades: what students reached in line items. OneRoster: `/results`.",
        RecordType.SCORE_SCALE: "Scales of marks, such as letters. OneRoster 1.2: `/scoreScales`.",
        RecordType.RESOURCE: "Learning resources, materials. OneRoster: `/resources`.",
        RecordType.ASSESSMENT_LINE_ITEM: "Tests, exams and their parts. OneRoster 1.2: `/assessmentLineItems`.",
        RecordType.ASSESSMENT_RESULT: "What students reached in them. OneRoster 1.2: `/assessmentResults`.",
    },
)
describe(
    RecordStatus,
    "Whether a record still counts at its source. OneRoster: `status`.",
    {
        RecordStatus.ACTIVE: "In use. OneRoster: `active`.",
        RecordStatus.TOBEDELETED: "Deleted, inactive: its source asks to forget it. OneRoster: `tobedeleted`.",
        RecordStatus.UNKNOWN: "The source gave no status, or a word that we do not know; statusRaw has it.",
    },
)
describe(
    OrgType,
    "Kind of organisation. OneRoster: `org.type`.",
    {
        OrgType.DEPARTMENT: "A department of a school. OneRoster: `department`.",
        OrgType.SCHOOL: "A school, campus, building. OneRoster: `school`.",
        OrgType.DISTRICT: "A district, division, trust. OneRoster: `district`.",
        OrgType.LOCAL: "A local authority. OneRoster: `local`.",
        OrgType.STATE: "A state or province. OneRoster: `state`.",
        OrgType.NATIONAL: "A nation. OneRoster: `national`.",
        OrgType.OTHER: _OTHER,
    },
)
describe(
    AcademicSessionType,
    "Kind of academic session. OneRoster: `academicSession.type`.",
    {
        AcademicSessionType.GRADING_PERIOD: "A grading or marking period, within a term. OneRoster: `gradingPeriod`.",
        AcademicSessionType.SEMESTER: "Half a school year. OneRoster: `semester`.",
        AcademicSessionType.SCHOOL_YEAR: "A school year. OneRoster: `schoolYear`.",
        AcademicSessionType.TERM: "A term, trimester, quarter. OneRoster: `term`.",
        AcademicSessionType.OTHER: _OTHER,
    },
)
describe(
    ClassType,
    "Kind of class. OneRoster: `class.classType`.",
    {
        ClassType.HOMEROOM: "A homeroom, registration group, form, advisory. OneRoster: `homeroom`.",
        ClassType.SCHEDULED: "A class on the timetable. OneRoster: `scheduled`.",
        ClassType.OTHER: _OTHER,
    },
)
describe(
    UserRole,
    "What a person is at an organisation: the words of 1.1 and 1.2 together. Sources differ in their use of them: "
    "the same aide may be AIDE in one and ADMINISTRATOR in another. OneRoster: `user.roles.role`, 1.1 `user.role`.",
    {
        UserRole.ADMINISTRATOR: "An administrator, in the 1.1 sense: other staff too. OneRoster: `administrator`.",
        UserRole.AIDE: "A teaching assistant, paraprofessional. OneRoster: `aide`.",
        UserRole.COUNSELOR: "A counsellor, guidance staff. OneRoster: `counselor`.",
        UserRole.DISTRICT_ADMINISTRATOR: "Staff of the district. OneRoster: `districtAdministrator`.",
        UserRole.GUARDIAN: "A guardian, carer, who is not a parent. OneRoster: `guardian`.",
        UserRole.PARENT: "A mother or father. OneRoster: `parent`.",
        UserRole.PRINCIPAL: "A head of school. OneRoster: `principal`.",
        UserRole.PROCTOR: "An invigilator of tests. OneRoster: `proctor`.",
        UserRole.RELATIVE: "A relative who is neither parent nor guardian. OneRoster: `relative`.",
        UserRole.SITE_ADMINISTRATOR: "Staff of a school's office. OneRoster: `siteAdministrator`.",
        UserRole.STUDENT: "A student, pupil, learner. OneRoster: `student`.",
        UserRole.SYSTEM_ADMINISTRATOR: "Who looks after the systems. OneRoster: `systemAdministrator`.",
        UserRole.TEACHER: "A teacher, instructor. OneRoster: `teacher`.",
        UserRole.OTHER: _OTHER,
    },
)
describe(
    RoleType,
    "Whether a role is the person's main one at that organisation. OneRoster: `user.roles.roleType`.",
    {
        RoleType.PRIMARY: "The main role there. OneRoster: `primary`.",
        RoleType.SECONDARY: "A further role there. OneRoster: `secondary`.",
    },
)
describe(
    EnrollmentRole,
    "What a person is in one class. OneRoster: `enrollment.role`.",
    {
        EnrollmentRole.ADMINISTRATOR: "Administers the class. OneRoster: `administrator`.",
        EnrollmentRole.AIDE: "Assists its teacher. OneRoster: `aide`.",
        EnrollmentRole.GUARDIAN: "Follows it as a guardian. OneRoster: `guardian`.",
        EnrollmentRole.PARENT: "Follows it as a parent. OneRoster: `parent`.",
        EnrollmentRole.PROCTOR: "Invigilates its tests. OneRoster: `proctor`.",
        EnrollmentRole.RELATIVE: "Follows it as a relative. OneRoster: `relative`.",
        EnrollmentRole.STUDENT: "Learns in it. OneRoster: `student`.",
        EnrollmentRole.TEACHER: "Teaches it; `primary` tells the main teacher. OneRoster: `teacher`.",
        EnrollmentRole.OTHER: _OTHER,
    },
)
describe(
    Sex,
    "Sex as recorded. OneRoster: `demographics.sex`.",
    {
        Sex.MALE: "OneRoster: `male`.",
        Sex.FEMALE: "OneRoster: `female`.",
        Sex.UNSPECIFIED: "Not stated. OneRoster 1.2: `unspecified`.",
        Sex.OTHER: "Neither. OneRoster 1.2: `other`; also any other word, which sexRaw has.",
    },
)
describe(
    ScoreStatus,
    "How far the marking of a result is. OneRoster: `result.scoreStatus`, `assessmentResult.scoreStatus`.",
    {
        ScoreStatus.EXEMPT: "The student need not do it, excused. OneRoster: `exempt`.",
        ScoreStatus.FULLY_GRADED: "Marked. OneRoster: `fully graded`.",
        ScoreStatus.NOT_SUBMITTED: "Nothing was handed in. OneRoster: `not submitted`.",
        ScoreStatus.PARTIALLY_GRADED: "Marked in part. OneRoster: `partially graded`.",
        ScoreStatus.SUBMITTED: "Handed in, not marked yet. OneRoster: `submitted`.",
        ScoreStatus.OTHER: _OTHER,
    },
)
describe(
    Importance,
    "Importance of a learning resource. OneRoster: `resource.importance`.",
    {
        Importance.PRIMARY: "The main one. OneRoster: `primary`.",
        Importance.SECONDARY: "A supplement. OneRoster: `secondary`.",
    },
)
describe(
    SourceState,
    "How a source, or one of its collections, stands.",
    {
        SourceState.FRESH: "It answered; what is shown is current.",
        SourceState.STALE: "An older copy is shown: see `asOf`. `code` tells why, unless it was not to be asked.",
        SourceState.HELD: "It suddenly sent far fewer records; the older copy is shown until an operator decides.",
        SourceState.LOADING: "It is being read whole; until that has come, nothing of it is current.",
        SourceState.PARTIAL: "It answered, but some of its records could not be read and are left out, or it is "
        "not proved that none is missing; `code` says which.",
        SourceState.FAILED: "It did not answer, or its answer cannot be trusted; `code` says why.",
        SourceState.SKIPPED: "It was not asked, as `read.reach` wants it, and what is wanted of it is not held.",
        SourceState.UNSUPPORTED: "It does not have this kind of record, or not this way of asking.",
        SourceState.FORBIDDEN: "It refuses us: its permissions for this gateway do not reach so far.",
        SourceState.DISABLED: "Switched off in the gateway's settings.",
        SourceState.MISCONFIGURED: "Its settings have mistakes; it cannot be asked.",
    },
)
describe(
    RoleGroup,
    "What a role amounts to: the same in both versions of the standard, which name roles of staff differently. The "
    "same aide may be ADMINISTRATOR at one source and AIDE at another; both are STAFF.",
    {
        RoleGroup.STUDENT: "Students, pupils, learners.",
        RoleGroup.STAFF: "Staff, employees: teachers, aides, counselors, principals, administrators, proctors.",
        RoleGroup.FAMILY: "Guardians, parents, relatives.",
        RoleGroup.OTHER: "Whose role is unknown, or none of these.",
    },
)
describe(
    DateBasis,
    "What `effectiveFrom` and `effectiveTo` were taken from.",
    {
        DateBasis.ENROLLMENT: "The enrollment's own dates; what they leave open, from its class.",
        DateBasis.CLASS_TERM: "The terms of the class: from the first to the last.",
        DateBasis.SCHOOL_YEAR: "The school year of its course, since the class has no terms with dates.",
        DateBasis.ASSUMED: "Nothing says when: it is taken to hold always.",
    },
)
_SOURCE = "The source; the value is its key."
_SCHOOL = "The school (building, campus)."
_STATUS = "Whether the record still counts at its source. OneRoster: `status`."
_MONTH = "as `2026-09`, of the source's own date; null where it has none."
describe(
    ClassGroupKey,
    "What classes can be grouped by.",
    {
        ClassGroupKey.SOURCE: _SOURCE,
        ClassGroupKey.SCHOOL: f"{_SCHOOL} OneRoster: `class.school`.",
        ClassGroupKey.COURSE: "The course that is taught. OneRoster: `class.course`.",
        ClassGroupKey.TERM: "Each of its terms. OneRoster: `class.terms`.",
        ClassGroupKey.CLASS_TYPE: "Homeroom or scheduled. OneRoster: `class.classType`.",
        ClassGroupKey.SUBJECT: "Each of the names of its subjects. OneRoster: `class.subjects`.",
    },
)
describe(
    UserGroupKey,
    "What people can be grouped by.",
    {
        UserGroupKey.SOURCE: _SOURCE,
        UserGroupKey.ORG: "Each organisation (school, district) where the person has a role. OneRoster: "
        "`user.roles.org`, 1.1 `user.orgs`.",
        UserGroupKey.ROLE: "Each role of the person. OneRoster: `user.roles.role`, 1.1 `user.role`.",
        UserGroupKey.ROLE_GROUP: "What each role amounts to: a value of RoleGroup.",
        UserGroupKey.GRADE: "Each grade, year group of the person, as CEDS code. OneRoster: `user.grades`.",
        UserGroupKey.STATUS: _STATUS,
    },
)
describe(
    EnrollmentGroupKey,
    "What enrollments can be grouped by.",
    {
        EnrollmentGroupKey.SOURCE: _SOURCE,
        EnrollmentGroupKey.SCHOOL: f"{_SCHOOL} OneRoster: `enrollment.school`.",
        EnrollmentGroupKey.CLASS: "The class (section). OneRoster: `enrollment.class`.",
        EnrollmentGroupKey.ROLE: "The role in the class. OneRoster: `enrollment.role`.",
        EnrollmentGroupKey.STATUS: _STATUS,
        EnrollmentGroupKey.BEGIN_MONTH: f"The month of its first day, {_MONTH} OneRoster: `enrollment.beginDate`.",
        EnrollmentGroupKey.END_MONTH: f"The month in which it ends, {_MONTH} OneRoster: `enrollment.endDate`.",
    },
)
describe(
    Reach,
    "Whether a list, and what is followed from its records, may ask its sources. What is held, in memory or on disk, "
    "serves in any case while it is fresh. Of a source that is not asked, what is held serves however old (STALE); "
    "where nothing is, the source is SKIPPED in a list, and a relation is null with an INCOMPLETE error.",
    {
        Reach.AUTO: "Asks where the list is over 20 sources or fewer; a wider one asks none.",
        Reach.HELD: "Asks none.",
        Reach.UPSTREAM: "Asks all, however many.",
    },
)
describe(
    OnSourceFailure,
    "What becomes of a list when a source that it spans cannot answer.",
    {
        OnSourceFailure.REPORT: "The other sources' records, `complete: false`, and an entry in `errors`.",
        OnSourceFailure.ACCEPT: "The other sources' records and `complete: false`; no entry in `errors`.",
        OnSourceFailure.FAIL: "null, and an error: all or nothing.",
    },
    name="SourceFailureMode",
)
describe(
    ErrorCode,
    "What went wrong, as in `errors[].extensions.code`. First what upstream did, then states of data, then ours, then "
    "what the client did.",
    {
        ErrorCode.UPSTREAM_UNREACHABLE: "No answer from the source: its address, network or server. Retry later.",
        ErrorCode.UPSTREAM_TLS: "The source's certificate is not good.",
        ErrorCode.UPSTREAM_TIMEOUT: "The source took too long. Retry later.",
        ErrorCode.UPSTREAM_FAILING: "The source answered with a server fault (5xx). Retry later.",
        ErrorCode.UPSTREAM_REFUSED: "The source refused the request (4xx).",
        ErrorCode.UPSTREAM_AUTH: "The source does not accept our credentials (401).",
        ErrorCode.UPSTREAM_FORBIDDEN: "Our credentials do not reach so far (403, or a missing scope).",
        ErrorCode.UPSTREAM_CLOCK: "The source refuses our signature's time: one of the two clocks is wrong.",
        ErrorCode.UPSTREAM_THROTTLED: "The source asks us to slow down (429, or 503 with Retry-After). Retry later.",
        ErrorCode.UPSTREAM_OVERLOADED: "The source was not asked: it failed too often just now, its hours or its "
        "requests of the day do not allow it, or too many wait for it. Retry later.",
        ErrorCode.UPSTREAM_BAD_CONTENT: "The source's answer is not what the standard says.",
        ErrorCode.UPSTREAM_TRUNCATED: "The source's answer ended too early. Retry.",
        ErrorCode.UPSTREAM_PAGING: "The source's pages do not add up, or it changed all the while it was read. Retry.",
        ErrorCode.UPSTREAM_REDIRECTED: "The source sends us elsewhere; we do not follow.",
        ErrorCode.UPSTREAM_MISMATCH: "The source answered with a record that we did not ask for.",
        ErrorCode.SOURCE_LOADING: "The source is being read whole, which goes on. Ask again after `retryAfter`.",
        ErrorCode.SOURCE_HELD: "The source sent so few records that what it sent is held back.",
        ErrorCode.SOURCE_MISCONFIGURED: "The source's settings have mistakes.",
        ErrorCode.SOURCE_DISABLED: "The source is switched off.",
        ErrorCode.DANGLING_REFERENCE: "A reference names a record that the source does not have.",
        ErrorCode.UNSUPPORTED: "The source has no such records, or cannot be asked so.",
        ErrorCode.INCOMPLETE: "Records of the source are left out: they could not be read, or are not held and "
        "were not to be asked for.",
        ErrorCode.TOO_LONG: "A relation has more records, or a list more groups, than a plain list may hold, or more "
        "than the answer has room for; it is null, never cut.",
        ErrorCode.DEADLINE_EXCEEDED: "The operation's time was up before the source had answered. Retry.",
        ErrorCode.INTERNAL: "A mistake of this gateway.",
        ErrorCode.AUDIT_UNAVAILABLE: "The gateway cannot record who asks for what, and so does not answer. Retry.",
        ErrorCode.NOT_FOUND: "An argument names a source, or what sources are chosen by, that does not exist.",
        ErrorCode.BAD_USER_INPUT: "An argument or variable is not what the field takes.",
        ErrorCode.BAD_FILTER_TEXT: "`filterText` is not OneRoster filter text about fields of these records.",
        ErrorCode.CURSOR_EXPIRED: "The version of the data that `read.snapshot` names is not held any more.",
        ErrorCode.TOO_BROAD: "More is asked for than a district's server can answer; the message says how to narrow.",
        ErrorCode.DOCUMENT_LIMIT: "The document is larger than documents may be; the message says in what.",
        ErrorCode.COST_EXCEEDED: "The answer may have more nodes than answers may have; the message says where from.",
        ErrorCode.UNAUTHENTICATED: "The request has no key, or none of a client here.",
        ErrorCode.FORBIDDEN_FIELD: "The key does not allow fields of this class, nor to go by them.",
        ErrorCode.FORBIDDEN_SCOPE: "The key does not allow this.",
        ErrorCode.RATE_LIMITED: "The client asks too often. Retry after `retryAfter`.",
        ErrorCode.BAD_CURSOR: "A cursor is not one of this list with these arguments.",
        ErrorCode.GRAPHQL_PARSE_FAILED: "The document is not GraphQL.",
        ErrorCode.GRAPHQL_VALIDATION_FAILED: "The document does not fit the schema.",
        ErrorCode.PERSISTED_QUERY_NOT_FOUND: "No document is known here by this id, or texts are not taken.",
    },
)

describe(
    FieldClass,
    "A kind of personal data. What a client's grant lacks is null in answers, and nothing may be filtered, sorted or "
    "searched by it.",
    {each: f"{TELLS[each][:1].upper()}{TELLS[each][1:]}." for each in FieldClass},
)
