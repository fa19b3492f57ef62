"""Pieces of work that are marked."""

import strawberry

from adapters import gradebook
from gateway.schema.enums import RecordType
from gateway.schema.fields import over, plain
from gateway.schema.learning_objectives import LearningObjectiveSet
from gateway.schema.relations import reference, to_children, to_one
from gateway.schema.roster_object import RosterObject
from gateway.schema.scalars import DateTime

_SESSION = RecordType.ACADEMIC_SESSION


@strawberry.type(
    description="A piece of work that is marked: assignment, homework, quiz, a column of the gradebook. OneRoster: "
    "`/lineItems`."
)
class LineItem(RosterObject):
    is_type_of = over(gradebook.LineItem)

    title: str | None = plain("Name of the work.", "lineItem.title")
    description: str | None = plain("What is to be done.", "lineItem.description")
    assign_date: DateTime | None = plain("When it was given.", "lineItem.assignDate")
    due_date: DateTime | None = plain("When it is to be handed in.", "lineItem.dueDate")
    result_value_min: float | None = plain("The lowest score.", "lineItem.resultValueMin")
    result_value_max: float | None = plain("The highest score, points possible.", "lineItem.resultValueMax")
    learning_objective_set: list[LearningObjectiveSet] = plain(
        "The learning objectives (standards) at which it aims.", "1.2 lineItem.learningObjectiveSet"
    )
    class_ref = reference(RecordType.CLASS, "class_id", "In which class, not followed.", "lineItem.class")
    class_ = to_one(RecordType.CLASS, "class_id", "In which class (section).", "lineItem.class", name="class")
    school_ref = reference(RecordType.ORG, "school_id", "At which school, not followed.", "1.2 lineItem.school")
    school = to_one(
        RecordType.ORG, "school_id", "At which school; 1.1 names none: its class does.", "1.2 lineItem.school"
    )
    category_ref = reference(RecordType.CATEGORY, "category_id", "Its group, not followed.", "lineItem.category")
    category = to_one(RecordType.CATEGORY, "category_id", "Its group, such as homework.", "lineItem.category")
    grading_period_ref = reference(
        _SESSION, "grading_period_id", "The grading period in which it counts, not followed.", "lineItem.gradingPeriod"
    )
    grading_period = to_one(
        _SESSION,
        "grading_period_id",
        "The grading (marking) period in which it counts; academicSession has it too.",
        "lineItem.gradingPeriod",
    )
    academic_session_ref = reference(
        _SESSION,
        "academic_session_id",
        "The session in which it counts, not followed.",
        "1.2 lineItem.academicSession",
        "lineItem.gradingPeriod",
    )
    academic_session = to_one(
        _SESSION,
        "academic_session_id",
        "The term or grading period in which it counts: the session that it names, else its grading period.",
        "1.2 lineItem.academicSession",
        "lineItem.gradingPeriod",
    )
    score_scale_ref = reference(
        RecordType.SCORE_SCALE, "score_scale_id", "How it is marked, not followed.", "1.2 lineItem.scoreScale"
    )
    score_scale = to_one(
        RecordType.SCORE_SCALE, "score_scale_id", "How it is marked: its scale.", "1.2 lineItem.scoreScale"
    )
    results = to_children(
        RecordType.RESULT,
        "line_item_id",
        "What the students reached in it: marks, grades.",
        "/classes/{id}/lineItems/{id}/results",
    )
