"""Tests and exams outside of a class's own work, and what students reached in them."""

import strawberry

from adapters import gradebook
from gateway.schema.enums import RecordType
from gateway.schema.fields import over, plain
from gateway.schema.learning_objectives import LearningObjectiveSet
from gateway.schema.relations import reference, to_children, to_one, to_page
from gateway.schema.results import Marks
from gateway.schema.roster_object import RosterObject

_ITEM = RecordType.ASSESSMENT_LINE_ITEM


@strawberry.type(
    description="A test, an exam, or a part of one, such as a state assessment. OneRoster 1.2: "
    "`/assessmentLineItems`; 1.1 has none."
)
class AssessmentLineItem(RosterObject):
    is_type_of = over(gradebook.AssessmentLineItem)

    title: str | None = plain("Name of the test or part.", "assessmentLineItem.title")
    description: str | None = plain("What it is about.", "assessmentLineItem.description")
    result_value_min: float | None = plain("The lowest score.", "assessmentLineItem.resultValueMin")
    result_value_max: float | None = plain("The highest score, points possible.", "assessmentLineItem.resultValueMax")
    learning_objective_set: list[LearningObjectiveSet] = plain(
        "The learning objectives (standards) at which it aims.", "assessmentLineItem.learningObjectiveSet"
    )
    parent_assessment_line_item_ref = reference(
        _ITEM,
        "parent_assessment_line_item_id",
        "The test of which it is a part, not followed.",
        "assessmentLineItem.parentAssessmentLineItem",
    )
    parent_assessment_line_item = to_one(
        _ITEM,
        "parent_assessment_line_item_id",
        "The test of which it is a part.",
        "assessmentLineItem.parentAssessmentLineItem",
    )
    children = to_children(
        _ITEM,
        "parent_assessment_line_item_id",
        "Its parts: those that name this one as parent.",
        "assessmentLineItem.parentAssessmentLineItem",
    )
    class_ref = reference(RecordType.CLASS, "class_id", "In which class, not followed.", "assessmentLineItem.class")
    class_ = to_one(
        RecordType.CLASS,
        "class_id",
        "In which class (section), where it is taken in one.",
        "assessmentLineItem.class",
        name="class",
    )
    score_scale_ref = reference(
        RecordType.SCORE_SCALE, "score_scale_id", "How it is marked, not followed.", "assessmentLineItem.scoreScale"
    )
    score_scale = to_one(
        RecordType.SCORE_SCALE, "score_scale_id", "How it is marked: its scale.", "assessmentLineItem.scoreScale"
    )
    results = to_page(
        RecordType.ASSESSMENT_RESULT,
        "assessment_line_item_id",
        "What the students reached in it.",
        "assessmentResult.assessmentLineItem",
    )


@strawberry.type(
    description="What one student reached in one test or part of it. OneRoster 1.2: `/assessmentResults`; 1.1 has none."
)
class AssessmentResult(Marks):
    is_type_of = over(gradebook.AssessmentResult)

    score_percentile: float | None = plain(
        "The share of students who reached less, from 0 to 100.", "assessmentResult.scorePercentile"
    )
    assessment_line_item_ref = reference(
        _ITEM, "assessment_line_item_id", "In which test, not followed.", "assessmentResult.assessmentLineItem"
    )
    assessment_line_item = to_one(
        _ITEM, "assessment_line_item_id", "In which test or part of it.", "assessmentResult.assessmentLineItem"
    )
