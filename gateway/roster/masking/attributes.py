"""Which attributes of which records are masked, and how: every one of every record is decided here.

What is kept tells of an institution or is the shape of the data; what might tell of a person is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType

import msgspec

from adapters.gradebook import (
    AssessmentLineItem,
    AssessmentResult,
    Category,
    LearningObjectiveResult,
    LearningObjectiveScoreSet,
    LineItem,
    Marks,
    Resource,
    Result,
    ScoreScale,
)
from adapters.records import (
    AcademicSession,
    Class,
    Course,
    Demographics,
    Enrollment,
    Org,
    RoleAssignment,
    User,
    UserId,
    UserProfile,
)


class How(Enum):
    """What becomes of an attribute's value. Of a list, that becomes of each element."""

    KEPT = auto()
    NULLED = auto()
    ID = auto()
    CODE = auto()
    USERNAME = auto()
    EMAIL = auto()
    PHONE = auto()
    GIVEN_NAME = auto()
    FAMILY_NAME = auto()
    BIRTH_DATE = auto()
    FLAG = auto()
    SEX = auto()
    PLACE = auto()
    TITLE = auto()
    REMARK = auto()
    PARTS = auto()
    """Structs, each by a table of its own."""


def _all(how: How, *names: str) -> dict[str, How]:
    return dict.fromkeys(names, how)


_RECORD = {
    **_all(How.KEPT, "provenance", "status", "status_raw", "date_last_modified"),
    **_all(How.ID, "sourced_id"),
    **_all(How.NULLED, "metadata"),
}

_MARKS = {
    **_RECORD,
    **_all(How.ID, "student_id", "score_scale_id"),
    **_all(How.KEPT, "score_status", "score_status_raw", "score", "score_date"),
    **_all(How.KEPT, "in_progress", "incomplete", "late", "missing"),
    **_all(How.TITLE, "text_score"),
    **_all(How.REMARK, "comment"),
    **_all(How.PARTS, "learning_objective_set"),
}

_CATALOG = _all(How.KEPT, "grades", "grades_raw", "subjects", "subject_codes")

ATTRIBUTES: Mapping[type[msgspec.Struct], Mapping[str, How]] = MappingProxyType(
    {
        Org: {
            **_RECORD,
            **_all(How.KEPT, "name", "type", "type_raw"),
            **_all(How.CODE, "identifier"),
            **_all(How.ID, "parent_id", "children_ids"),
        },
        AcademicSession: {
            **_RECORD,
            **_all(How.KEPT, "title", "start_date", "end_date", "type", "type_raw", "school_year"),
            **_all(How.ID, "parent_id", "children_ids", "org_id"),
        },
        Course: {
            **_RECORD,
            **_CATALOG,
            **_all(How.KEPT, "title", "course_code"),
            **_all(How.ID, "org_id", "school_year_id", "resource_ids"),
        },
        Class: {
            **_RECORD,
            **_CATALOG,
            **_all(How.KEPT, "class_type", "class_type_raw", "periods"),
            **_all(How.TITLE, "title", "location"),
            **_all(How.CODE, "class_code"),
            **_all(How.ID, "course_id", "school_id", "term_ids", "resource_ids"),
        },
        User: {
            **_RECORD,
            **_all(How.GIVEN_NAME, "given_name", "middle_name", "preferred_first_name", "preferred_middle_name"),
            **_all(How.FAMILY_NAME, "family_name", "preferred_last_name"),
            **_all(How.NULLED, "pronouns"),
            **_all(How.USERNAME, "username"),
            **_all(How.EMAIL, "email"),
            **_all(How.PHONE, "sms", "phone"),
            **_all(How.CODE, "identifier", "user_master_identifier"),
            **_all(How.PARTS, "user_ids", "roles", "user_profiles"),
            **_all(How.KEPT, "enabled_user", "grades", "grades_raw"),
            **_all(How.ID, "former_sourced_ids", "primary_org_id", "agent_ids", "resource_ids"),
        },
        UserId: {**_all(How.CODE, "identifier"), **_all(How.KEPT, "type")},
        RoleAssignment: {
            **_all(How.KEPT, "role", "role_raw", "role_type", "begin_date", "end_date", "derived"),
            **_all(How.ID, "org_id"),
            **_all(How.CODE, "user_profile"),
        },
        UserProfile: {
            **_all(How.CODE, "profile_id"),
            **_all(How.KEPT, "profile_type", "vendor_id", "application_id"),
            **_all(How.REMARK, "description"),
        },
        Enrollment: {
            **_RECORD,
            **_all(How.KEPT, "role", "role_raw", "primary", "begin_date", "end_date"),
            **_all(How.ID, "user_id", "class_id", "school_id"),
        },
        Demographics: {
            **_RECORD,
            **_all(How.BIRTH_DATE, "birth_date"),
            **_all(How.SEX, "sex"),
            **_all(How.FLAG, "american_indian_or_alaska_native", "asian", "black_or_african_american", "white"),
            **_all(How.FLAG, "native_hawaiian_or_other_pacific_islander", "demographic_race_two_or_more_races"),
            **_all(How.FLAG, "hispanic_or_latino_ethnicity"),
            **_all(How.PLACE, "city_of_birth"),
            **_all(How.NULLED, "sex_raw", "country_of_birth_code", "state_of_birth_abbreviation"),
            **_all(How.NULLED, "public_school_residence_status"),
        },
        Category: {**_RECORD, **_all(How.TITLE, "title"), **_all(How.KEPT, "weight")},
        LineItem: {
            **_RECORD,
            **_all(How.TITLE, "title"),
            **_all(How.REMARK, "description"),
            **_all(How.KEPT, "assign_date", "due_date", "result_value_min", "result_value_max"),
            **_all(How.KEPT, "learning_objective_set"),
            **_all(How.ID, "class_id", "school_id", "category_id", "grading_period_id", "academic_session_id"),
            **_all(How.ID, "score_scale_id"),
        },
        Marks: _MARKS,
        Result: {**_MARKS, **_all(How.ID, "line_item_id", "class_id")},
        LearningObjectiveScoreSet: {
            **_all(How.KEPT, "source"),
            **_all(How.PARTS, "learning_objective_results"),
        },
        LearningObjectiveResult: {
            **_all(How.KEPT, "learning_objective_id", "score"),
            **_all(How.TITLE, "text_score"),
        },
        ScoreScale: {
            **_RECORD,
            **_all(How.KEPT, "title", "type", "score_scale_value"),
            **_all(How.ID, "course_id", "class_id"),
        },
        AssessmentLineItem: {
            **_RECORD,
            **_all(How.TITLE, "title"),
            **_all(How.REMARK, "description"),
            **_all(How.KEPT, "result_value_min", "result_value_max", "learning_objective_set"),
            **_all(How.ID, "class_id", "parent_assessment_line_item_id", "score_scale_id"),
        },
        AssessmentResult: {
            **_MARKS,
            **_all(How.ID, "assessment_line_item_id"),
            **_all(How.KEPT, "score_percentile"),
        },
        Resource: {
            **_RECORD,
            **_all(How.KEPT, "title", "roles", "roles_raw", "importance", "importance_raw"),
            **_all(How.KEPT, "vendor_resource_id", "vendor_id", "application_id"),
        },
    }
)
"""By type; what records are made of has a table too."""
