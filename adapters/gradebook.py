"""The normalised records of the gradebook and of resources; see `adapters.records` for the rest and the rules.

1.1 has categories, line items, results and resources; score scales and assessments came with 1.2.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from adapters.records import Record, UserRole


class ScoreStatus(StrEnum):
    EXEMPT = "EXEMPT"
    FULLY_GRADED = "FULLY_GRADED"
    NOT_SUBMITTED = "NOT_SUBMITTED"
    PARTIALLY_GRADED = "PARTIALLY_GRADED"
    SUBMITTED = "SUBMITTED"
    OTHER = "OTHER"


class Importance(StrEnum):
    PRIMARY = "PRIMARY"
    SECONDARY = "SECONDARY"


class LearningObjectiveSet(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """Learning objectives that one body defines. `source`: who, such as `case`, whose ids are UUIDs."""

    source: str | None = None
    learning_objective_ids: tuple[str, ...] = ()


class LearningObjectiveResult(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    learning_objective_id: str
    score: float | None = None
    text_score: str | None = None


class LearningObjectiveScoreSet(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """What was reached of the learning objectives that one body defines."""

    source: str | None = None
    learning_objective_results: tuple[LearningObjectiveResult, ...] = ()


class ScoreScaleValue(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One step of a scale: what is written on its left side stands for what is on its right."""

    item_value_lhs: str | None = None
    item_value_rhs: str | None = None


class Category(Record, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    title: str | None = None
    weight: float | None = None


class LineItem(Record, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """`academic_session_id` is the grading period where a source names that alone, as all of 1.1 do."""

    title: str | None = None
    description: str | None = None
    assign_date: str | None = None
    due_date: str | None = None
    class_id: str | None = None
    school_id: str | None = None
    category_id: str | None = None
    grading_period_id: str | None = None
    academic_session_id: str | None = None
    score_scale_id: str | None = None
    result_value_min: float | None = None
    result_value_max: float | None = None
    learning_objective_set: tuple[LearningObjectiveSet, ...] = ()


class Marks(Record, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """What a student reached: of a result and of an assessment result alike."""

    student_id: str | None = None
    score_scale_id: str | None = None
    score_status: ScoreStatus | None = None
    score_status_raw: str | None = None
    score: float | None = None
    text_score: str | None = None
    score_date: str | None = None
    comment: str | None = None
    in_progress: bool | None = None
    incomplete: bool | None = None
    late: bool | None = None
    missing: bool | None = None
    learning_objective_set: tuple[LearningObjectiveScoreSet, ...] = ()


class Result(Marks, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    line_item_id: str | None = None
    class_id: str | None = None


class ScoreScale(Record, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    title: str | None = None
    type: str | None = None
    course_id: str | None = None
    class_id: str | None = None
    score_scale_value: tuple[ScoreScaleValue, ...] = ()


class AssessmentLineItem(Record, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    title: str | None = None
    description: str | None = None
    class_id: str | None = None
    parent_assessment_line_item_id: str | None = None
    score_scale_id: str | None = None
    result_value_min: float | None = None
    result_value_max: float | None = None
    learning_objective_set: tuple[LearningObjectiveSet, ...] = ()


class AssessmentResult(Marks, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    assessment_line_item_id: str | None = None
    score_percentile: float | None = None


class Resource(Record, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """Something to learn with. `roles`: whom it is for; what the source calls them is in `roles_raw`."""

    title: str | None = None
    roles: tuple[UserRole, ...] = ()
    roles_raw: tuple[str, ...] = ()
    importance: Importance | None = None
    importance_raw: str | None = None
    vendor_resource_id: str | None = None
    vendor_id: str | None = None
    application_id: str | None = None
