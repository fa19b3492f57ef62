"""Fills a district's gradebook: categories, work and marks of some classes, assessments, and learning resources.

It has chance and stamps of its own: what the rest of a district is made of does not depend on it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any, Final

from gateway.sandbox.ids import IdStyle, guid, make_id
from gateway.sandbox.stamps import Stamps
from gateway.sandbox.truth import (
    ACTIVE,
    DELETED,
    AssessmentLineItem,
    AssessmentResult,
    Category,
    Class,
    District,
    Enrollment,
    LineItem,
    Resource,
    Result,
    ScoreScale,
)

GRADED_CLASSES: Final = 40
"""Classes that keep a gradebook, however large the district."""

_CATEGORIES: Final = (("Homework", 0.25), ("Quizzes", 0.25), ("Projects", 0.5), ("Participation", None))
_LETTERS: Final = (("A", "90"), ("B", "80"), ("C", "70"), ("D", "60"), ("F", "0"))
# OneRoster 1.1 and 1.2, scoreStatus.
_STATUSES: Final = ("fully graded", "fully graded", "partially graded", "submitted", "not submitted", "exempt")
_TITLES: Final = (
    "Algebra Reader",
    "World Atlas Online",
    "Lab Safety Film",
    "Grammar Drills",
    "Sketchbook",
    "Keyboard Tutor",
)
_RESOURCES_OF_CLASS: Final = 3


def keep_gradebook(district: District, style: IdStyle) -> None:
    book = _Book(district, style)
    book.resources()
    book.frame()
    book.work()
    book.assessments()


class _Book:
    def __init__(self, district: District, style: IdStyle) -> None:
        self.district = district
        self.style = style
        self.stamps = Stamps(Random(f"{district.seed}/gradebook"), district.today)
        taught = [c for c in district.classes if c.course is not None and c.status == ACTIVE]
        self.classes = taught[:GRADED_CLASSES]
        self.pupils: dict[str, list[Enrollment]] = {c.id: [] for c in self.classes}
        for enrollment in district.enrollments:
            there = self.pupils.get(enrollment.class_id)
            if there is not None and enrollment.role == "student" and enrollment.status == ACTIVE:
                there.append(enrollment)
        self.periods = [s for s in district.sessions if s.type == "gradingPeriod"]
        self.scales: dict[str, str] = {}

    def _base(self, collection: str, serial: int, *, deleted: bool = False) -> dict[str, Any]:
        """What every record has."""
        return {
            "id": make_id(self.style, self.district.seed, collection, serial),
            "serial": serial,
            "modified": self.stamps.next(),
            "status": DELETED if deleted else ACTIVE,
        }

    def resources(self) -> None:
        """Resources, and the courses, classes and people that use them."""
        district = self.district
        for n, title in enumerate(_TITLES):
            district.resources.append(
                Resource(
                    **self._base("resources", n + 1, deleted=n == len(_TITLES) - 1),
                    title=title,
                    vendor_resource=f"vr-{1000 + n}",
                    roles=(("student", "teacher"), ("teacher",), ())[n % 3],
                    importance=("primary", "secondary", None)[n % 3],
                    vendor=f"vendor-{n % 2}" if n % 4 else None,
                    application=f"app-{n}" if n % 2 else None,
                    metadata={"isbn": f"978-0-00-{n:06d}-0"} if n == 0 else None,
                )
            )
        ids = [r.id for r in district.resources if r.status == ACTIVE]
        for n, course in enumerate(district.courses):
            if course.status == ACTIVE and n % 4 == 0:
                district.courses[n] = replace(course, resources=(ids[n % len(ids)],))
        for n, taught in enumerate(district.classes):
            if taught.course is not None and taught.status == ACTIVE and n % _RESOURCES_OF_CLASS == 0:
                district.classes[n] = replace(taught, resources=(ids[n % len(ids)], ids[(n + 1) % len(ids)]))
        for n, user in enumerate(district.users):
            if user.has("student") and user.serial % 31 == 0:
                district.users[n] = replace(user, resources=(ids[user.serial % len(ids)],))

    def frame(self) -> None:
        """Categories, and letter scales of every second class."""
        for n, (title, weight) in enumerate(_CATEGORIES):
            self.district.categories.append(Category(**self._base("categories", n + 1), title=title, weight=weight))
        self.district.categories.append(
            Category(**self._base("categories", len(_CATEGORIES) + 1, deleted=True), title="Extra Credit")
        )
        for taught in self.classes[::2]:
            serial = len(self.district.score_scales) + 1
            made = ScoreScale(
                **self._base("scoreScales", serial, deleted=serial % 9 == 5),
                title=f"Letters {taught.code}",
                type="letter",
                class_id=taught.id,
                course=taught.course if serial % 3 else None,
                values=_LETTERS,
            )
            self.district.score_scales.append(made)
            if made.status == ACTIVE:
                self.scales[taught.id] = made.id

    def work(self) -> None:
        """Two pieces of work in each class, marked for all of its pupils."""
        for n, taught in enumerate(self.classes):
            for turn in range(2):
                self._mark(self._line_item(n, taught, turn), taught)

    def _line_item(self, n: int, taught: Class, turn: int) -> LineItem:
        serial = len(self.district.line_items) + 1
        day = self.district.today - timedelta(40 - serial % 30)
        made = LineItem(
            **self._base("lineItems", serial, deleted=serial % 19 == 7),
            title=f"{taught.title}: Unit {turn + 1}",
            description=f"Unit {turn + 1} of {taught.title}" if turn else None,
            assigned=_moment(day),
            due=_moment(day + timedelta(7)),
            class_id=taught.id,
            school=taught.school,
            category=self.district.categories[serial % len(_CATEGORIES)].id,
            session=self.periods[serial % len(self.periods)].id if serial % 5 else None,
            scale=self.scales.get(taught.id) if turn else None,
            least=0.0,
            most=(100.0, 20.0, 12.5)[serial % 3],
            objectives=(("case", (self._objective(n), self._objective(n + 1))),) if serial % 4 == 1 else (),
        )
        self.district.line_items.append(made)
        return made

    def _mark(self, item: LineItem, taught: Class) -> None:
        most = item.most or 100.0
        for enrollment in self.pupils[taught.id]:
            serial = len(self.district.results) + 1
            status = _STATUSES[serial % len(_STATUSES)]
            share = (serial * 37 % 101) / 100
            graded = status.endswith("graded")
            self.district.results.append(
                Result(
                    **self._base("results", serial, deleted=item.status == DELETED or serial % 97 == 13),
                    **self._marks(enrollment, status, serial, round(share * most, 2) if graded else None),
                    text=_letter(share) if graded and item.scale else None,
                    scale=item.scale,
                    line_item=item.id,
                    class_id=taught.id,
                    objectives=tuple(
                        (source, objective, round(share * 4, 1) if graded else None, "met" if share > 0.5 else None)
                        for source, objectives in item.objectives
                        for objective in objectives
                    ),
                )
            )

    def _marks(self, enrollment: Enrollment, status: str, serial: int, score: float | None) -> dict[str, Any]:
        flags = {"missing": status == "not submitted", "late": serial % 9 == 4, "incomplete": serial % 25 == 6}
        return {
            "student": enrollment.user,
            "school": enrollment.school,
            "score_status": status,
            "day": self.district.today - timedelta(serial % 20),
            "score": score,
            "comment": "See me after class." if serial % 11 == 3 else None,
            "flags": frozenset(name for name, holds in flags.items() if holds),
        }

    def assessments(self) -> None:
        """One assessment of two parts, taken by the pupils of the first classes."""
        items = self.district.assessment_line_items
        whole = AssessmentLineItem(
            **self._base("assessmentLineItems", 1),
            title="Autumn Assessment",
            description="Taken in every school",
            least=0.0,
            most=50.0,
        )
        items.append(whole)
        for n, title in enumerate(("Reading", "Numbers", "Pilot")):
            items.append(
                AssessmentLineItem(
                    **self._base("assessmentLineItems", n + 2, deleted=title == "Pilot"),
                    title=f"Autumn Assessment: {title}",
                    parent=whole.id,
                    class_id=self.classes[n].id if n else None,
                    scale=self.scales.get(self.classes[0].id) if n == 0 else None,
                    least=0.0,
                    most=25.0,
                    objectives=(("unknown", (f"{title.lower()}.1",)),),
                )
            )
        for item in items:
            for enrollment in self.pupils[self.classes[0].id]:
                serial = len(self.district.assessment_results) + 1
                share = (serial * 53 % 97) / 100
                status = _STATUSES[serial % 3]
                self.district.assessment_results.append(
                    AssessmentResult(
                        **self._base("assessmentResults", serial, deleted=item.status == DELETED),
                        **self._marks(enrollment, status, serial, round(share * (item.most or 50.0), 1)),
                        text=_letter(share) if item.scale else None,
                        scale=item.scale,
                        item=item.id,
                        percentile=round(share * 100, 1) if serial % 2 else None,
                        objectives=tuple(
                            (source, objective, None, "met" if share > 0.5 else "not yet")
                            for source, objectives in item.objectives
                            for objective in objectives
                        ),
                    )
                )

    def _objective(self, n: int) -> str:
        """A CASE identifier, which is a UUID."""
        return guid(self.district.seed, "objectives", n)


def _letter(share: float) -> str:
    return next(letter for letter, least in _LETTERS if share * 100 >= float(least))


def _moment(day: date) -> str:
    return f"{day.isoformat()}T13:30:00.000Z"
