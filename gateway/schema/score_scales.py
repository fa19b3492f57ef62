"""Scales of marks."""

import strawberry

from adapters import gradebook
from gateway.schema.enums import RecordType
from gateway.schema.fields import over, plain
from gateway.schema.relations import reference, to_one
from gateway.schema.roster_object import RosterObject


@strawberry.type(
    description="One step of a scale: what its left side says stands for what is on its right. OneRoster 1.2: "
    "`scoreScale.scoreScaleValue`."
)
class ScoreScaleValue:
    is_type_of = over(gradebook.ScoreScaleValue)

    item_value_lhs: str | None = plain(
        "The left side, such as `A`.", "scoreScaleValue.itemValueLHS", name="itemValueLHS"
    )
    item_value_rhs: str | None = plain(
        "The right side, such as `90`.", "scoreScaleValue.itemValueRHS", name="itemValueRHS"
    )


@strawberry.type(
    description="A scale of marks, a grading scheme: which letters or words stand for which numbers. OneRoster 1.2: "
    "`/scoreScales`; 1.1 has none."
)
class ScoreScale(RosterObject):
    is_type_of = over(gradebook.ScoreScale)

    title: str | None = plain("Name of the scale.", "scoreScale.title")
    type: str | None = plain("Kind of scale, in the source's own word.", "scoreScale.type")
    score_scale_value: list[ScoreScaleValue] = plain("Its steps.", "scoreScale.scoreScaleValue")
    class_ref = reference(RecordType.CLASS, "class_id", "For which class, not followed.", "scoreScale.class")
    class_ = to_one(RecordType.CLASS, "class_id", "For which class (section).", "scoreScale.class", name="class")
    course_ref = reference(RecordType.COURSE, "course_id", "For which course, not followed.", "scoreScale.course")
    course = to_one(RecordType.COURSE, "course_id", "For which course.", "scoreScale.course")
