"""What the wire calls the fields and the coded values of records, and back, per collection and version.

References are dotted on the wire (`user.sourcedId`), and so are they in filters. A field that a version of the
standard does not have has no name there.
Source: OneRoster 1.1 and 1.2 Rostering Service, data model and filtering.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from adapters.dialect import Version
from adapters.endpoints import Collection
from adapters.normalise import fields
from adapters.normalise.grades import ceds
from adapters.normalise.vocabulary import (
    CLASS_TYPE,
    ENROLLMENT_ROLE,
    IMPORTANCE,
    ORG_TYPE,
    ROLE_TYPE,
    SCORE_STATUS,
    SESSION_TYPE,
    SEX,
    STATUS,
    USER_ROLE,
    Vocabulary,
    camel,
)

_C = Collection

_BASE = ("sourced_id", "status", "date_last_modified")

_PLAIN: Mapping[Collection, tuple[str, ...]] = {
    _C.ORGS: ("name", "type", "identifier"),
    _C.ACADEMIC_SESSIONS: ("title", "start_date", "end_date", "type", "school_year"),
    _C.COURSES: ("title", "course_code", "grades", "subjects", "subject_codes"),
    _C.CLASSES: ("title", "class_code", "class_type", "location", "grades", "subjects", "subject_codes", "periods"),
    _C.USERS: (
        *("username", "enabled_user", "given_name", "family_name", "middle_name"),
        *("identifier", "email", "sms", "phone", "grades"),
    ),
    _C.ENROLLMENTS: ("role", "primary", "begin_date", "end_date"),
    _C.DEMOGRAPHICS: (
        *("birth_date", "sex", "american_indian_or_alaska_native", "asian", "black_or_african_american"),
        *("native_hawaiian_or_other_pacific_islander", "white", "demographic_race_two_or_more_races"),
        *("hispanic_or_latino_ethnicity", "country_of_birth_code", "state_of_birth_abbreviation", "city_of_birth"),
        "public_school_residence_status",
    ),
    _C.CATEGORIES: ("title",),
    _C.LINE_ITEMS: ("title", "description", "assign_date", "due_date", "result_value_min", "result_value_max"),
    _C.RESULTS: ("score_status", "score", "score_date", "comment"),
    _C.SCORE_SCALES: ("title", "type"),
    _C.ASSESSMENT_LINE_ITEMS: ("title", "description", "result_value_min", "result_value_max"),
    _C.ASSESSMENT_RESULTS: (
        *("score_status", "score", "text_score", "score_date", "score_percentile", "comment"),
        *("in_progress", "incomplete", "late", "missing"),
    ),
    _C.RESOURCES: ("title", "roles", "importance", "vendor_resource_id", "vendor_id", "application_id"),
}
"""Fields that both versions have, and that are called on the wire as in a record, but in camelCase."""

_AIMS = {
    "learning_objective_set.source": "learningObjectiveSet.source",
    "learning_objective_set.learning_objective_ids": "learningObjectiveSet.learningObjectiveIds",
}
_REACHED = {"learning_objective_set.source": "learningObjectiveSet.source"}

_OTHER: Mapping[Collection, Mapping[str, str]] = {
    _C.ORGS: {"parent_id": "parent.sourcedId", "children_ids": "children.sourcedId"},
    _C.ACADEMIC_SESSIONS: {"parent_id": "parent.sourcedId", "children_ids": "children.sourcedId"},
    _C.COURSES: {
        "org_id": "org.sourcedId",
        "school_year_id": "schoolYear.sourcedId",
        "resource_ids": "resources.sourcedId",
    },
    _C.CLASSES: {
        "course_id": "course.sourcedId",
        "school_id": "school.sourcedId",
        "term_ids": "terms.sourcedId",
        "resource_ids": "resources.sourcedId",
    },
    _C.USERS: {
        "agent_ids": "agents.sourcedId",
        "user_ids.type": "userIds.type",
        "user_ids.identifier": "userIds.identifier",
    },
    _C.ENROLLMENTS: {"user_id": "user.sourcedId", "class_id": "class.sourcedId", "school_id": "school.sourcedId"},
    _C.DEMOGRAPHICS: {},
    _C.CATEGORIES: {},
    _C.LINE_ITEMS: {
        "class_id": "class.sourcedId",
        "category_id": "category.sourcedId",
        "grading_period_id": "gradingPeriod.sourcedId",
    },
    _C.RESULTS: {"line_item_id": "lineItem.sourcedId", "student_id": "student.sourcedId"},
    _C.SCORE_SCALES: {"class_id": "class.sourcedId", "course_id": "course.sourcedId"},
    _C.ASSESSMENT_LINE_ITEMS: {
        "class_id": "class.sourcedId",
        "parent_assessment_line_item_id": "parentAssessmentLineItem.sourcedId",
        "score_scale_id": "scoreScale.sourcedId",
        **_AIMS,
    },
    _C.ASSESSMENT_RESULTS: {
        "assessment_line_item_id": "assessmentLineItem.sourcedId",
        "student_id": "student.sourcedId",
        "score_scale_id": "scoreScale.sourcedId",
        **_REACHED,
    },
    _C.RESOURCES: {},
}

_USERS: Mapping[Version, Mapping[str, str]] = {
    Version.V1P1: {
        "roles.role": "role",
        "roles.org_id": "orgs.sourcedId",
        "org_ids": "orgs.sourcedId",
    },
    Version.V1P2: {
        "roles.role": "roles.role",
        "roles.role_type": "roles.roleType",
        "roles.org_id": "roles.org.sourcedId",
        "org_ids": "roles.org.sourcedId",
        "roles.begin_date": "roles.beginDate",
        "roles.end_date": "roles.endDate",
        "roles.user_profile": "roles.userProfile",
        "primary_org_id": "primaryOrg.sourcedId",
        "resource_ids": "resources.sourcedId",
        "user_master_identifier": "userMasterIdentifier",
        "preferred_first_name": "preferredFirstName",
        "preferred_middle_name": "preferredMiddleName",
        "preferred_last_name": "preferredLastName",
        "pronouns": "pronouns",
        "user_profiles.profile_id": "userProfiles.profileId",
        "user_profiles.profile_type": "userProfiles.profileType",
        "user_profiles.vendor_id": "userProfiles.vendorId",
        "user_profiles.application_id": "userProfiles.applicationId",
    },
}


_GRADED_1_2: Mapping[Collection, Mapping[str, str]] = {
    _C.CATEGORIES: {"weight": "weight"},
    _C.LINE_ITEMS: {
        "school_id": "school.sourcedId",
        "score_scale_id": "scoreScale.sourcedId",
        **_AIMS,
    },
    _C.RESULTS: {
        "class_id": "class.sourcedId",
        "score_scale_id": "scoreScale.sourcedId",
        "text_score": "textScore",
        "in_progress": "inProgress",
        "incomplete": "incomplete",
        "late": "late",
        "missing": "missing",
        **_REACHED,
    },
}
"""Fields of the gradebook that 1.2 brought.

A line item's academic_session_id is none of them: it may have come from the grading period, which a filter on
`academicSession` would not find.
"""


def _since(collection: Collection, version: Version) -> Mapping[str, str]:
    """Fields that a version calls otherwise than the other one, or that the other one lacks."""
    if collection is _C.USERS:
        return _USERS[version]
    return _GRADED_1_2.get(collection, {}) if version is Version.V1P2 else {}


def _table(collection: Collection, version: Version) -> dict[str, str]:
    plain = {field: camel(field) for field in (*_BASE, *_PLAIN[collection])}
    return {**plain, **_OTHER[collection], **_since(collection, version)}


_WIRE = {(c, v): _table(c, v) for c in Collection for v in Version}
_RECORD = {key: {wire: field for field, wire in table.items() if field != "org_ids"} for key, table in _WIRE.items()}

VOCABULARIES: Mapping[tuple[Collection, str], Vocabulary[Any]] = MappingProxyType(
    {
        **{(c, "status"): STATUS for c in Collection},
        (_C.ORGS, "type"): ORG_TYPE,
        (_C.ACADEMIC_SESSIONS, "type"): SESSION_TYPE,
        (_C.CLASSES, "class_type"): CLASS_TYPE,
        (_C.USERS, "roles.role"): USER_ROLE,
        (_C.USERS, "roles.role_type"): ROLE_TYPE,
        (_C.ENROLLMENTS, "role"): ENROLLMENT_ROLE,
        (_C.DEMOGRAPHICS, "sex"): SEX,
        (_C.RESULTS, "score_status"): SCORE_STATUS,
        (_C.ASSESSMENT_RESULTS, "score_status"): SCORE_STATUS,
        (_C.RESOURCES, "importance"): IMPORTANCE,
        (_C.RESOURCES, "roles"): USER_ROLE,
    }
)


def wire_field(collection: Collection, field: str, version: Version) -> str | None:
    """What `version` calls a record's field: "user_id" is `user.sourcedId`; None where it has no such field."""
    return _WIRE[collection, version].get(field)


def record_field(collection: Collection, wire: str, version: Version) -> str | None:
    """The record's field that `version` calls `wire`; None where there is none."""
    return _RECORD[collection, version].get(wire)


def spelled_alike(collection: Collection, field: str) -> bool:
    """Whether the wire spells the field's values as records hold them."""
    return field not in _NUMBERS and field != "grades" and (collection, field) not in VOCABULARIES


def wire_value(collection: Collection, field: str, value: str) -> str | None:
    """A field's value as the wire spells it: TOBEDELETED is `tobedeleted`, GRADING_PERIOD `gradingPeriod`.

    None where no one word says it (OTHER, UNKNOWN, and numbers and grades, which may be written in several ways): it
    cannot be asked for, only picked out of what came.
    """
    if spelled_alike(collection, field):
        return value
    vocabulary = VOCABULARIES.get((collection, field))
    return vocabulary.word(value) if vocabulary is not None else None


def record_value(collection: Collection, field: str, value: str) -> str:
    """A field's value as records hold it, from wire text: enum name, ISO date, UTC instant, `true` or `false`.

    Raises:
        ValueError: not a word of the field's vocabulary, not a date, …; the message names what is allowed.
    """
    vocabulary = VOCABULARIES.get((collection, field))
    if vocabulary is not None:
        return _given(vocabulary.name(value), value, f"one of {', '.join(vocabulary.words)}")
    if field == "grades":
        return ceds(value)
    last = field.rpartition(".")[2]
    if last in _INSTANTS:
        return _given(fields.instant(value), value, "an ISO 8601 date and time")
    if last in _DATES:
        return _given(fields.date(value), value, "an ISO 8601 date")
    if last in _NUMBERS:
        number = fields.number(value)
        return _given(None if number is None else str(number), value, "a number")
    if last in _FLAGS:
        flag = fields.FLAG[value]
        return _given(None if flag is None else str(flag).lower(), value, "true or false")
    return value


_NUMBERS = frozenset({"weight", "score", "score_percentile", "result_value_min", "result_value_max"})
_INSTANTS = frozenset({"date_last_modified", "assign_date", "due_date"})
_DATES = frozenset({"start_date", "end_date", "begin_date", "birth_date", "score_date"})
_FLAGS = frozenset(
    {
        *("enabled_user", "primary", "american_indian_or_alaska_native", "asian", "black_or_african_american"),
        *("native_hawaiian_or_other_pacific_islander", "white", "demographic_race_two_or_more_races"),
        *("hispanic_or_latino_ethnicity", "in_progress", "incomplete", "late", "missing"),
    }
)


def _given(found: str | None, value: str, expected: str) -> str:
    if found is None:
        raise ValueError(f"{value!r} is not {expected}")
    return found
