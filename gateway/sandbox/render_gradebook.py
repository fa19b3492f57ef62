"""Truth of the gradebook and of resources → published objects, in the standard's shape of either version.

1.1 has no score scales, no assessments, no text scores, and its line items name no school and one grading period.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from gateway.sandbox.truth import (
    AssessmentLineItem,
    AssessmentResult,
    Category,
    LineItem,
    Marks,
    Record,
    Resource,
    Result,
    ScoreScale,
)
from gateway.sandbox.wire import Json, Wire


class Renderer(Protocol):
    """What `gateway.sandbox.render.Renderer` lends to objects of these services."""

    wire: Wire

    def base(self, collection: str, record: Any) -> Json: ...

    def flag(self, value: bool) -> bool | str: ...

    def ref(self, kind: str, record_id: str, *, ref_type: str | None = None) -> Json: ...

    def ref_to(self, kind: str, wire_id: str, *, ref_type: str | None = None) -> Json: ...

    def persona_id(self, user_id: str, role: str, org: str | None) -> str: ...

    def session_type(self, record_id: str) -> str | None: ...


def _old(renderer: Renderer) -> bool:
    return renderer.wire.version == "1.1"


def _category(renderer: Renderer, category: Category) -> Json:
    made = {**renderer.base("categories", category), "title": category.title}
    if category.weight is not None and not _old(renderer):
        made["weight"] = category.weight
    return made


def _line_item(renderer: Renderer, item: LineItem) -> Json:
    made = {**renderer.base("lineItems", item), "title": item.title}
    made |= {"assignDate": item.assigned, "dueDate": item.due, "class": renderer.ref("class", item.class_id)}
    made["category"] = renderer.ref("category", item.category)
    made |= _said(description=item.description, resultValueMin=item.least, resultValueMax=item.most)
    if item.session is not None:
        kind = renderer.session_type(item.session)
        made["gradingPeriod"] = renderer.ref("academicSession", item.session, ref_type=kind)
    if _old(renderer):
        return made
    made["school"] = renderer.ref("org", item.school)
    if item.session is not None:
        made["academicSession"] = renderer.ref("academicSession", item.session)
    return made | _scaled(renderer, item.scale) | _aims(item.objectives)


def _result(renderer: Renderer, result: Result) -> Json:
    made = {**renderer.base("results", result), "lineItem": renderer.ref("lineItem", result.line_item)}
    made |= _marks(renderer, result)
    return made if _old(renderer) else made | {"class": renderer.ref("class", result.class_id)}


def _score_scale(renderer: Renderer, scale: ScoreScale) -> Json:
    made = {**renderer.base("scoreScales", scale), "title": scale.title, "type": scale.type}
    made["class"] = renderer.ref("class", scale.class_id)
    if scale.course is not None:
        made["course"] = renderer.ref("course", scale.course)
    made["scoreScaleValue"] = [{"itemValueLHS": left, "itemValueRHS": right} for left, right in scale.values]
    return made


def _assessment_line_item(renderer: Renderer, item: AssessmentLineItem) -> Json:
    made = {**renderer.base("assessmentLineItems", item), "title": item.title}
    made |= _said(description=item.description, resultValueMin=item.least, resultValueMax=item.most)
    if item.class_id is not None:
        made["class"] = renderer.ref("class", item.class_id)
    if item.parent is not None:
        made["parentAssessmentLineItem"] = renderer.ref("assessmentLineItem", item.parent)
    return made | _scaled(renderer, item.scale) | _aims(item.objectives)


def _assessment_result(renderer: Renderer, result: AssessmentResult) -> Json:
    made = renderer.base("assessmentResults", result)
    made["assessmentLineItem"] = renderer.ref("assessmentLineItem", result.item)
    return made | _marks(renderer, result) | _said(scorePercentile=result.percentile)


def _marks(renderer: Renderer, marks: Marks) -> Json:
    pupil = renderer.persona_id(marks.student, "student", marks.school)
    made: Json = {"student": renderer.ref_to("user", pupil, ref_type="student" if _old(renderer) else None)}
    made |= {"scoreStatus": marks.score_status, "scoreDate": marks.day.isoformat()}
    made |= _said(score=marks.score, comment=marks.comment)
    if _old(renderer):
        return {"score": 0.0, **made}  # required in 1.1
    made |= _said(textScore=marks.text) | _scaled(renderer, marks.scale)
    made |= {name: renderer.flag(True) for name in sorted(marks.flags)}
    sets: dict[str, list[Json]] = {}
    for source, objective, score, text in marks.objectives:
        sets.setdefault(source, []).append({"learningObjectiveId": objective, **_said(score=score, textScore=text)})
    if sets:
        made["learningObjectiveSet"] = [{"source": s, "learningObjectiveResults": found} for s, found in sets.items()]
    return made


def _resource(renderer: Renderer, resource: Resource) -> Json:
    made = {**renderer.base("resources", resource), "title": resource.title}
    made["vendorResourceId"] = resource.vendor_resource
    made |= _said(importance=resource.importance, vendorId=resource.vendor, applicationId=resource.application)
    return made | ({"roles": list(resource.roles)} if resource.roles else {})


def _scaled(renderer: Renderer, scale: str | None) -> Json:
    return {} if scale is None else {"scoreScale": renderer.ref("scoreScale", scale)}


def _aims(objectives: tuple[tuple[str, tuple[str, ...]], ...]) -> Json:
    sets = [{"source": source, "learningObjectiveIds": list(ids)} for source, ids in objectives]
    return {"learningObjectiveSet": sets} if sets else {}


def _said(**values: object) -> Json:
    return {name: value for name, value in values.items() if value is not None}


GRADEBOOK: Final[Mapping[type[Record], Callable[[Any, Any], Json]]] = {
    Category: _category,
    LineItem: _line_item,
    Result: _result,
    ScoreScale: _score_scale,
    AssessmentLineItem: _assessment_line_item,
    AssessmentResult: _assessment_result,
    Resource: _resource,
}
