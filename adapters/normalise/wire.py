"""The records as the wire carries them: one struct per entity, which a whole page is decoded into straight from bytes.

Each holds what 1.1, 1.2 and known providers send: versions mix in practice (1.1 paths serve `roles`, and 1.2 ones
`role` and `orgs`). What is not declared is never decoded: unknown properties, passwords, credentials. The types are
those of the standard, with nulls; what they refuse is read by `adapters.normalise.lenient`, which knows one reader
per type alias below. The parts are frozen, so that equal ones can be converted once.
Source: OneRoster 1.1 and 1.2, data model.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec
from msgspec import Raw, field


class Ref(msgspec.Struct, rename="camel", frozen=True, gc=False):
    """`href` and `type` are left unread: they are often missing, wrong, or point to inner hosts."""

    sourced_id: str


class UserId(msgspec.Struct, frozen=True, gc=False):
    identifier: str
    type: str | None = None


Id: TypeAlias = Annotated[str, msgspec.Meta(min_length=1)]
Text: TypeAlias = str | None
Year: TypeAlias = str | int | None
Flag: TypeAlias = bool | str | int | None
Texts: TypeAlias = tuple[str, ...] | str | None
OneRef: TypeAlias = Ref | None
Refs: TypeAlias = tuple[Ref, ...] | None
UserIds: TypeAlias = tuple[UserId, ...] | None

NOTHING = Raw(b"")


class Role(msgspec.Struct, rename="camel", frozen=True, gc=False):
    role: Text = None
    role_type: Text = None
    org: OneRef = None
    begin_date: Text = None
    end_date: Text = None
    user_profile: Text = None


class Profile(msgspec.Struct, rename="camel", frozen=True, gc=False):
    profile_id: Text = None
    profile_type: Text = None
    vendor_id: Text = None
    application_id: Text = None
    description: Text = None


Roles: TypeAlias = tuple[Role, ...] | None
Profiles: TypeAlias = tuple[Profile, ...] | None


class Base(msgspec.Struct, rename="camel", gc=False):
    """Made by position in `adapters.normalise.lenient`, which fills the first two fields by itself: no `kw_only`."""

    sourced_id: Id
    metadata: Raw = NOTHING
    status: Text = None
    date_last_modified: Text = None


class Org(Base, rename="camel", gc=False):
    name: Text = None
    type: Text = None
    identifier: Text = None
    parent: OneRef = None
    children: Refs = None


class AcademicSession(Base, rename="camel", gc=False):
    title: Text = None
    start_date: Text = None
    end_date: Text = None
    type: Text = None
    parent: OneRef = None
    children: Refs = None
    school_year: Year = None
    org: OneRef = None  # not in the standard


class Course(Base, rename="camel", gc=False):
    title: Text = None
    course_code: Text = None
    grades: Texts = None
    subjects: Texts = None
    subject_codes: Texts = None
    org: OneRef = None
    orgs: Refs = None  # not in the standard, for `org`
    school_year: OneRef = None
    resources: Refs = None


class Class(Base, rename="camel", gc=False):
    title: Text = None
    class_code: Text = None
    class_type: Text = None
    location: Text = None
    grades: Texts = None
    subjects: Texts = None
    subject_codes: Texts = None
    periods: Texts = None
    course: OneRef = None
    school: OneRef = None
    org: OneRef = None  # not in the standard, for `school`
    terms: Refs = None
    resources: Refs = None


class User(Base, rename="camel", gc=False):
    given_name: Text = None
    family_name: Text = None
    middle_name: Text = None
    preferred_first_name: Text = None
    preferred_middle_name: Text = None
    preferred_last_name: Text = None
    pronouns: Text = None
    username: Text = None
    email: Text = None
    sms: Text = None
    phone: Text = None
    identifier: Text = None
    user_ids: UserIds = None
    user_master_identifier: Text = None
    enabled_user: Flag = None
    grades: Texts = None
    role: Text = None  # 1.1, with `orgs`
    orgs: Refs = None
    org_sourced_ids: Texts = None  # not in the standard, for `orgs`
    roles: Roles = None  # 1.2
    primary_org: OneRef = None
    user_profiles: Profiles = None
    agents: Refs = None
    agent_source_ids: Texts = None  # these two not in the standard, for `agents`
    agent_sourced_ids: Texts = None
    resources: Refs = None


class Enrollment(Base, rename="camel", gc=False):
    role: Text = None
    primary: Flag = None
    begin_date: Text = None
    end_date: Text = None
    user: OneRef = None
    class_: OneRef = field(default=None, name="class")
    school: OneRef = None


class Demographics(Base, rename="camel", gc=False):
    birth_date: Text = None
    birthdate: Text = None  # 1.0
    sex: Text = None
    american_indian_or_alaska_native: Flag = None
    asian: Flag = None
    black_or_african_american: Flag = None
    native_hawaiian_or_other_pacific_islander: Flag = None
    white: Flag = None
    demographic_race_two_or_more_races: Flag = None
    hispanic_or_latino_ethnicity: Flag = None
    country_of_birth_code: Text = None
    state_of_birth_abbreviation: Text = None
    city_of_birth: Text = None
    public_school_residence_status: Text = None
