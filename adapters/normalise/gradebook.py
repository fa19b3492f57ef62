"""Gradebook and resources on the wire, and their way to records: what `wire` and `convert` are for the rest.

Source: OneRoster 1.1, and OneRoster 1.2 Gradebook and Resources Services, data model.
"""

from __future__ import annotations

from collections.abc import Iterable
from sys import intern
from typing import Any, TypeAlias

import msgspec
from msgspec import field

from adapters import gradebook as records
from adapters.normalise.convert import Converter
from adapters.normalise.fields import FLAG, date, instant, number
from adapters.normalise.parts import Lists
from adapters.normalise.vocabulary import IMPORTANCE, SCORE_STATUS, USER_ROLE
from adapters.normalise.wire import Base, Flag, OneRef, Text, Texts

Number: TypeAlias = float | str | None


class ObjectiveResult(msgspec.Struct, rename="camel", frozen=True, gc=False):
    learning_objective_id: Text = None
    score: Number = None
    text_score: Text = None


ObjectiveResults: TypeAlias = tuple[ObjectiveResult, ...] | None


class ObjectiveSet(msgspec.Struct, rename="camel", frozen=True, gc=False):
    """Of an item (ids) or of a result (results)."""

    source: Text = None
    learning_objective_ids: Texts = None
    learning_objective_results: ObjectiveResults = None


class ScaleValue(msgspec.Struct, frozen=True, gc=False):
    item_value_lhs: Text = field(default=None, name="itemValueLHS")
    item_value_rhs: Text = field(default=None, name="itemValueRHS")


ObjectiveSets: TypeAlias = tuple[ObjectiveSet, ...] | None
ScaleValues: TypeAlias = tuple[ScaleValue, ...] | None


class Category(Base, rename="camel", gc=False):
    title: Text = None
    weight: Number = None


class LineItem(Base, rename="camel", gc=False):
    title: Text = None
    description: Text = None
    assign_date: Text = None
    due_date: Text = None
    class_: OneRef = field(default=None, name="class")
    school: OneRef = None
    category: OneRef = None
    grading_period: OneRef = None
    academic_session: OneRef = None
    score_scale: OneRef = None
    result_value_min: Number = None
    result_value_max: Number = None
    learning_objective_set: ObjectiveSets = None


class Marks(Base, rename="camel", gc=False):
    student: OneRef = None
    score_scale: OneRef = None
    score_status: Text = None
    score: Number = None
    text_score: Text = None
    score_date: Text = None
    comment: Text = None
    in_progress: Flag = None
    incomplete: Flag = None
    late: Flag = None
    missing: Flag = None
    learning_objective_set: ObjectiveSets = None


class Result(Marks, rename="camel", gc=False):
    line_item: OneRef = None
    class_: OneRef = field(default=None, name="class")


class ScoreScale(Base, rename="camel", gc=False):
    title: Text = None
    type: Text = None
    course: OneRef = None
    class_: OneRef = field(default=None, name="class")
    score_scale_value: ScaleValues = None


class AssessmentLineItem(Base, rename="camel", gc=False):
    title: Text = None
    description: Text = None
    class_: OneRef = field(default=None, name="class")
    parent_assessment_line_item: OneRef = None
    score_scale: OneRef = None
    result_value_min: Number = None
    result_value_max: Number = None
    learning_objective_set: ObjectiveSets = None


class AssessmentResult(Marks, rename="camel", gc=False):
    assessment_line_item: OneRef = None
    score_percentile: Number = None


class Resource(Base, rename="camel", gc=False):
    title: Text = None
    role: Texts = None  # one in some descriptions of 1.1
    roles: Texts = None
    importance: Text = None
    vendor_resource_id: Text = None
    vendor_id: Text = None
    application_id: Text = None


def categories(converter: Converter, wires: Iterable[Category]) -> list[records.Category]:
    return [records.Category(**converter.base(w), title=w.title or None, weight=number(w.weight)) for w in wires]


def line_items(converter: Converter, wires: Iterable[LineItem]) -> list[records.LineItem]:
    return [
        records.LineItem(
            **converter.base(w),
            title=w.title or None,
            description=w.description or None,
            assign_date=instant(w.assign_date) if w.assign_date else None,
            due_date=instant(w.due_date) if w.due_date else None,
            class_id=_id(w.class_),
            school_id=_id(w.school),
            category_id=_id(w.category),
            grading_period_id=_id(w.grading_period),
            academic_session_id=_id(w.academic_session) or _id(w.grading_period),
            score_scale_id=_id(w.score_scale),
            result_value_min=number(w.result_value_min),
            result_value_max=number(w.result_value_max),
            learning_objective_set=_objectives(w.learning_objective_set),
        )
        for w in wires
    ]


def results(converter: Converter, wires: Iterable[Result]) -> list[records.Result]:
    return [
        records.Result(**converter.base(w), **_marks(w), line_item_id=_id(w.line_item), class_id=_id(w.class_))
        for w in wires
    ]


def score_scales(converter: Converter, wires: Iterable[ScoreScale]) -> list[records.ScoreScale]:
    return [
        records.ScoreScale(
            **converter.base(w),
            title=w.title or None,
            type=intern(w.type) if w.type else None,
            course_id=_id(w.course),
            class_id=_id(w.class_),
            score_scale_value=tuple(
                records.ScoreScaleValue(
                    item_value_lhs=value.item_value_lhs or None, item_value_rhs=value.item_value_rhs or None
                )
                for value in w.score_scale_value or ()
            ),
        )
        for w in wires
    ]


def assessment_line_items(
    converter: Converter, wires: Iterable[AssessmentLineItem]
) -> list[records.AssessmentLineItem]:
    return [
        records.AssessmentLineItem(
            **converter.base(w),
            title=w.title or None,
            description=w.description or None,
            class_id=_id(w.class_),
            parent_assessment_line_item_id=_id(w.parent_assessment_line_item),
            score_scale_id=_id(w.score_scale),
            result_value_min=number(w.result_value_min),
            result_value_max=number(w.result_value_max),
            learning_objective_set=_objectives(w.learning_objective_set),
        )
        for w in wires
    ]


def assessment_results(converter: Converter, wires: Iterable[AssessmentResult]) -> list[records.AssessmentResult]:
    return [
        records.AssessmentResult(
            **converter.base(w),
            **_marks(w),
            assessment_line_item_id=_id(w.assessment_line_item),
            score_percentile=number(w.score_percentile),
        )
        for w in wires
    ]


def resources(converter: Converter, wires: Iterable[Resource]) -> list[records.Resource]:
    lists = Lists()
    made = []
    for w in wires:
        raw = lists[w.roles or w.role]
        made.append(
            records.Resource(
                **converter.base(w),
                title=w.title or None,
                roles=tuple(dict.fromkeys(USER_ROLE[role] for role in raw)),
                roles_raw=raw,
                importance=IMPORTANCE[w.importance] if w.importance else None,
                importance_raw=intern(w.importance) if w.importance else None,
                vendor_resource_id=w.vendor_resource_id or None,
                vendor_id=w.vendor_id or None,
                application_id=w.application_id or None,
            )
        )
    return made


def _marks(w: Marks) -> dict[str, Any]:
    return {
        "student_id": _id(w.student),
        "score_scale_id": _id(w.score_scale),
        "score_status": SCORE_STATUS[w.score_status] if w.score_status else None,
        "score_status_raw": intern(w.score_status) if w.score_status else None,
        "score": number(w.score),
        "text_score": w.text_score or None,
        "score_date": date(w.score_date) if w.score_date else None,
        "comment": w.comment or None,
        "in_progress": FLAG[w.in_progress],
        "incomplete": FLAG[w.incomplete],
        "late": FLAG[w.late],
        "missing": FLAG[w.missing],
        "learning_objective_set": tuple(map(_reached, w.learning_objective_set or ())),
    }


def _reached(given: ObjectiveSet) -> records.LearningObjectiveScoreSet:
    return records.LearningObjectiveScoreSet(
        source=given.source or None,
        learning_objective_results=tuple(
            records.LearningObjectiveResult(
                learning_objective_id=intern(result.learning_objective_id),
                score=number(result.score),
                text_score=result.text_score or None,
            )
            for result in given.learning_objective_results or ()
            if result.learning_objective_id
        ),
    )


def _objectives(given: ObjectiveSets) -> tuple[records.LearningObjectiveSet, ...]:
    lists = Lists()
    return tuple(
        records.LearningObjectiveSet(
            source=one.source or None, learning_objective_ids=lists[one.learning_objective_ids]
        )
        for one in given or ()
    )


def _id(ref: OneRef) -> str | None:
    return (intern(ref.sourced_id) or None) if ref else None
