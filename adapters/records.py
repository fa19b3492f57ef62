"""The normalised records: neutral of provider and version, OneRoster 1.2 words, superset of 1.1 and 1.2.

Scalars are held in the form in which they are answered: enum members whose value is their name, ISO strings for
dates and instants (UTC, `Z`). A reference is the sourcedId of what it names, in a field that ends in `_id` or `_ids`.
Coded values keep the source's own text in `<field>_raw`; `grades` are CEDS codes as far as they are recognised. Only
`provenance`, `sourced_id` and `status` are always there.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

import msgspec


class RecordType(StrEnum):
    ORG = "ORG"
    ACADEMIC_SESSION = "ACADEMIC_SESSION"
    COURSE = "COURSE"
    CLASS = "CLASS"
    USER = "USER"
    ENROLLMENT = "ENROLLMENT"
    DEMOGRAPHICS = "DEMOGRAPHICS"
    CATEGORY = "CATEGORY"
    LINE_ITEM = "LINE_ITEM"
    RESULT = "RESULT"
    SCORE_SCALE = "SCORE_SCALE"
    RESOURCE = "RESOURCE"
    ASSESSMENT_LINE_ITEM = "ASSESSMENT_LINE_ITEM"
    ASSESSMENT_RESULT = "ASSESSMENT_RESULT"


class RecordStatus(StrEnum):
    ACTIVE = "ACTIVE"
    TOBEDELETED = "TOBEDELETED"
    UNKNOWN = "UNKNOWN"


class OrgType(StrEnum):
    DEPARTMENT = "DEPARTMENT"
    SCHOOL = "SCHOOL"
    DISTRICT = "DISTRICT"
    LOCAL = "LOCAL"
    STATE = "STATE"
    NATIONAL = "NATIONAL"
    OTHER = "OTHER"


class AcademicSessionType(StrEnum):
    GRADING_PERIOD = "GRADING_PERIOD"
    SEMESTER = "SEMESTER"
    SCHOOL_YEAR = "SCHOOL_YEAR"
    TERM = "TERM"
    OTHER = "OTHER"


class ClassType(StrEnum):
    HOMEROOM = "HOMEROOM"
    SCHEDULED = "SCHEDULED"
    OTHER = "OTHER"


class UserRole(StrEnum):
    ADMINISTRATOR = "ADMINISTRATOR"
    AIDE = "AIDE"
    COUNSELOR = "COUNSELOR"
    DISTRICT_ADMINISTRATOR = "DISTRICT_ADMINISTRATOR"
    GUARDIAN = "GUARDIAN"
    PARENT = "PARENT"
    PRINCIPAL = "PRINCIPAL"
    PROCTOR = "PROCTOR"
    RELATIVE = "RELATIVE"
    SITE_ADMINISTRATOR = "SITE_ADMINISTRATOR"
    STUDENT = "STUDENT"
    SYSTEM_ADMINISTRATOR = "SYSTEM_ADMINISTRATOR"
    TEACHER = "TEACHER"
    OTHER = "OTHER"


class RoleType(StrEnum):
    PRIMARY = "PRIMARY"
    SECONDARY = "SECONDARY"


class EnrollmentRole(StrEnum):
    ADMINISTRATOR = "ADMINISTRATOR"
    AIDE = "AIDE"
    GUARDIAN = "GUARDIAN"
    PARENT = "PARENT"
    PROCTOR = "PROCTOR"
    RELATIVE = "RELATIVE"
    STUDENT = "STUDENT"
    TEACHER = "TEACHER"
    OTHER = "OTHER"


class Sex(StrEnum):
    MALE = "MALE"
    FEMALE = "FEMALE"
    UNSPECIFIED = "UNSPECIFIED"
    OTHER = "OTHER"


class Provenance(msgspec.Struct, frozen=True, gc=False):
    """Where records came from and when: one for all records of an answer.

    source: the key of the source. observed_at: when it was read, epoch seconds.
    """

    source: str
    observed_at: float = 0.0


class Record(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What every record has. Ids are unique only within the source.

    metadata: the JSON object as the source sent it, undecoded.
    """

    provenance: Provenance
    sourced_id: str
    status: RecordStatus
    status_raw: str | None = None
    date_last_modified: str | None = None
    metadata: bytes | None = None

    @property
    def source(self) -> str:
        return self.provenance.source

    @property
    def observed_at(self) -> float:
        return self.provenance.observed_at


class Org(Record, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    name: str | None = None
    type: OrgType | None = None
    type_raw: str | None = None
    identifier: str | None = None
    parent_id: str | None = None
    children_ids: tuple[str, ...] = ()


class AcademicSession(Record, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """`end_date` is what the source said; whether that day belongs to the session is the dialect's to say."""

    title: str | None = None
    start_date: str | None = None
    end_date: str | None = None
    type: AcademicSessionType | None = None
    type_raw: str | None = None
    parent_id: str | None = None
    children_ids: tuple[str, ...] = ()
    school_year: str | None = None
    org_id: str | None = None


class Course(Record, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    title: str | None = None
    course_code: str | None = None
    grades: tuple[str, ...] = ()
    grades_raw: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    subject_codes: tuple[str, ...] = ()
    org_id: str | None = None
    school_year_id: str | None = None
    resource_ids: tuple[str, ...] = ()


class Class(Record, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    title: str | None = None
    class_code: str | None = None
    class_type: ClassType | None = None
    class_type_raw: str | None = None
    location: str | None = None
    grades: tuple[str, ...] = ()
    grades_raw: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    subject_codes: tuple[str, ...] = ()
    periods: tuple[str, ...] = ()
    course_id: str | None = None
    school_id: str | None = None
    term_ids: tuple[str, ...] = ()
    resource_ids: tuple[str, ...] = ()


class RoleAssignment(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One role in one org. `derived`: lifted from a 1.1 record's single role and its orgs."""

    role: UserRole
    role_raw: str | None = None
    role_type: RoleType | None = None
    org_id: str | None = None
    begin_date: str | None = None
    end_date: str | None = None
    user_profile: str | None = None
    derived: bool = False


class UserId(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    identifier: str
    type: str | None = None


class UserProfile(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """An account in another system, without its credentials."""

    profile_id: str | None = None
    profile_type: str | None = None
    vendor_id: str | None = None
    application_id: str | None = None
    description: str | None = None


class User(Record, frozen=True, gc=False, omit_defaults=True):
    given_name: str | None = None
    family_name: str | None = None
    middle_name: str | None = None
    preferred_first_name: str | None = None
    preferred_middle_name: str | None = None
    preferred_last_name: str | None = None
    pronouns: str | None = None
    username: str | None = None
    email: str | None = None
    sms: str | None = None
    phone: str | None = None
    identifier: str | None = None
    user_ids: tuple[UserId, ...] = ()
    user_master_identifier: str | None = None
    former_sourced_ids: tuple[str, ...] = ()
    enabled_user: bool | None = None
    grades: tuple[str, ...] = ()
    grades_raw: tuple[str, ...] = ()
    roles: tuple[RoleAssignment, ...] = ()
    primary_org_id: str | None = None
    user_profiles: tuple[UserProfile, ...] = ()
    agent_ids: tuple[str, ...] = ()
    resource_ids: tuple[str, ...] = ()

    @property
    def org_ids(self) -> tuple[str, ...]:
        """The orgs of all roles, each once, in their order."""
        return tuple(dict.fromkeys(r.org_id for r in self.roles if r.org_id is not None))

    @property
    def role(self) -> UserRole | None:
        """The primary role at the primary org, else the first primary role, else the first."""
        if len(self.roles) == 1:
            return self.roles[0].role
        primary = [r for r in self.roles if r.role_type is RoleType.PRIMARY]
        at_home = [r for r in primary if self.primary_org_id is not None and r.org_id == self.primary_org_id]
        best = at_home or primary or self.roles
        return best[0].role if best else None


class Enrollment(Record, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """A person in a class. `role` is the role in this class; `end_date` is as for AcademicSession."""

    role: EnrollmentRole | None = None
    role_raw: str | None = None
    primary: bool | None = None
    begin_date: str | None = None
    end_date: str | None = None
    user_id: str | None = None
    class_id: str | None = None
    school_id: str | None = None


class Demographics(Record, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """`sourced_id` is the user's."""

    birth_date: str | None = None
    sex: Sex | None = None
    sex_raw: str | None = None
    american_indian_or_alaska_native: bool | None = None
    asian: bool | None = None
    black_or_african_american: bool | None = None
    native_hawaiian_or_other_pacific_islander: bool | None = None
    white: bool | None = None
    demographic_race_two_or_more_races: bool | None = None
    hispanic_or_latino_ethnicity: bool | None = None
    country_of_birth_code: str | None = None
    state_of_birth_abbreviation: str | None = None
    city_of_birth: str | None = None
    public_school_residence_status: str | None = None


R = TypeVar("R", bound=Record)


class Rejected(msgspec.Struct, frozen=True, gc=False):
    """A record that could not be normalised: kept aside and counted, never shown as data and never holding any.

    path: where in the record, such as `roles[0].org`; rule: what it broke.
    """

    source: str
    collection: str
    sourced_id: str | None
    path: str
    rule: str
