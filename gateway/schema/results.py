"""What students reached: in line items and, under the same words, in assessments."""

from typing import Any

import strawberry

from adapters import gradebook
from gateway.roster import deriving
from gateway.schema.context import Info, place, reading_at
from gateway.schema.enums import RecordType, ScoreStatus
from gateway.schema.fields import described, optional, over, plain
from gateway.schema.learning_objectives import LearningObjectiveScoreSet
from gateway.schema.relations import reference, to_one, type_of
from gateway.schema.roster_object import RosterObject
from gateway.schema.scalars import Date


async def _class(root: gradebook.Result, info: Info) -> Any:
    return await deriving.class_of(reading_at(info), place(info), root)


def _paths(name: str) -> tuple[str, str]:
    """Where results of both kinds have a property."""
    return f"result.{name}", f"assessmentResult.{name}"


@strawberry.type(description="What results of both kinds have.")
class Marks(RosterObject):
    student_ref = reference(RecordType.USER, "student_id", "Whose it is, not followed.", *_paths("student"))
    student = to_one(RecordType.USER, "student_id", "Whose it is: the student.", *_paths("student"))
    score_status: ScoreStatus | None = plain("How far the marking is.", *_paths("scoreStatus"))
    score_status_raw: str | None = plain("The source's own word for the score status.", *_paths("scoreStatus"))
    score: float | None = plain("What was reached, as a number: points.", *_paths("score"))
    text_score: str | None = plain("What was reached, in words or letters.", *_paths("textScore"))
    score_date: Date | None = plain("When it was marked.", *_paths("scoreDate"))
    comment: str | None = plain("What was said of it, to the student and the family.", *_paths("comment"))
    in_progress: bool | None = plain("Whether the student is still at work.", *_paths("inProgress"))
    incomplete: bool | None = plain("Whether only part of the work was done.", *_paths("incomplete"))
    late: bool | None = plain("Whether it was handed in late.", *_paths("late"))
    missing: bool | None = plain("Whether it was not handed in.", *_paths("missing"))
    learning_objective_set: list[LearningObjectiveScoreSet] | None = plain(
        "What was reached of the learning objectives (standards).", *_paths("learningObjectiveSet")
    )
    score_scale_ref = reference(
        RecordType.SCORE_SCALE, "score_scale_id", "How it was marked, not followed.", *_paths("scoreScale")
    )
    score_scale = to_one(
        RecordType.SCORE_SCALE, "score_scale_id", "How it was marked: the scale.", *_paths("scoreScale")
    )


@strawberry.type(
    description="What one student reached in one line item: mark, grade, score, points. OneRoster: `/results`."
)
class Result(Marks):
    is_type_of = over(gradebook.Result)

    line_item_ref = reference(RecordType.LINE_ITEM, "line_item_id", "In which work, not followed.", "result.lineItem")
    line_item = to_one(RecordType.LINE_ITEM, "line_item_id", "In which work (assignment).", "result.lineItem")
    class_ref = reference(
        RecordType.CLASS, "class_id", "In which class, as the result says, not followed.", "1.2 result.class"
    )
    class_ = strawberry.field(
        resolver=_class,
        graphql_type=optional(type_of(RecordType.CLASS)),
        name="class",
        description=described(
            "In which class (section): the one that it names; 1.1 results name none: that of its line item.",
            "1.2 result.class",
            "lineItem.class",
        ),
    )
