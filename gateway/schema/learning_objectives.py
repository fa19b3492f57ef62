"""Learning objectives: what work aims at, and what was reached of it."""

import strawberry

from adapters import gradebook
from gateway.schema.fields import over, plain

_SOURCE = "Who defines the objectives, such as `case`, whose ids are UUIDs."


@strawberry.type(
    description="Learning objectives, standards, competencies of one body, at which work aims. OneRoster 1.2: "
    "`lineItem.learningObjectiveSet`, `assessmentLineItem.learningObjectiveSet`."
)
class LearningObjectiveSet:
    is_type_of = over(gradebook.LearningObjectiveSet)

    source: str | None = plain(_SOURCE, "learningObjectiveSet.source")
    learning_objective_ids: list[str] = plain("Ids of the objectives.", "learningObjectiveSet.learningObjectiveIds")


@strawberry.type(
    description="What a student reached of one learning objective. OneRoster 1.2: "
    "`result.learningObjectiveSet.learningObjectiveResults`."
)
class LearningObjectiveResult:
    is_type_of = over(gradebook.LearningObjectiveResult)

    learning_objective_id: str = plain("Id of the objective.", "learningObjectiveResults.learningObjectiveId")
    score: float | None = plain("What was reached, as a number.", "learningObjectiveResults.score")
    text_score: str | None = plain("What was reached, in words or letters.", "learningObjectiveResults.textScore")


@strawberry.type(
    description="What a student reached of the learning objectives of one body. OneRoster 1.2: "
    "`result.learningObjectiveSet`, `assessmentResult.learningObjectiveSet`."
)
class LearningObjectiveScoreSet:
    is_type_of = over(gradebook.LearningObjectiveScoreSet)

    source: str | None = plain(_SOURCE, "learningObjectiveSet.source")
    learning_objective_results: list[LearningObjectiveResult] = plain(
        "What was reached, objective by objective.", "result.learningObjectiveSet.learningObjectiveResults"
    )
