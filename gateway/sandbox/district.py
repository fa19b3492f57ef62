"""Generates a district: schools, a school year, courses, classes, people and their enrollments, from a seed.

The same arguments give the same truth. Odd cases come by position, not by chance, so that fifty students have them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from gateway.sandbox.bulk import without_collecting
from gateway.sandbox.gradebook import keep_gradebook
from gateway.sandbox.ids import IdStyle, make_id
from gateway.sandbox.names import COURSES, LEVELS, PLACES
from gateway.sandbox.people import Cohort, populate
from gateway.sandbox.stamps import Stamps
from gateway.sandbox.truth import DELETED, Class, Course, District, Org, Session

FIXED_TODAY: Final = date(2026, 1, 15)
GRADES: Final = {
    "Elementary": ("KG", "01", "02", "03", "04", "05"),
    "Middle": ("06", "07", "08"),
    "High": ("09", "10", "11", "12"),
}
COHORT_SIZE: Final = 25
STUDENTS_PER_SCHOOL: Final = 450


def generate(
    seed: int,
    students: int = 120,
    *,
    name: str | None = None,
    id_style: IdStyle | str = IdStyle.PLAIN,
    today: date | None = None,
) -> District:
    """A district of 50 to 100,000 students. Without `today` its school year is a fixed one."""
    if not 50 <= students <= 100_000:
        raise ValueError(f"students must be 50 to 100000, not {students}")
    rng = Random(seed)
    name = name or rng.choice(PLACES)
    district = District(name=name, slug=name.lower().replace(" ", "-"), seed=seed, today=today or FIXED_TODAY)
    with without_collecting():
        builder = _Builder(district, rng, IdStyle(id_style), Stamps(rng, district.today))
        cohorts = builder.build(students)
        populate(district, rng, IdStyle(id_style), builder.stamps, cohorts, students)
        keep_gradebook(district, IdStyle(id_style))
    return district


@dataclass(slots=True)
class _Builder:
    district: District
    rng: Random
    style: IdStyle
    stamps: Stamps

    def build(self, students: int) -> list[Cohort]:
        schools = self._orgs(students)
        year, spans = self._calendar()
        courses = self._courses(year)
        return self._classes(schools, students, year, spans, courses)

    def _id(self, collection: str, serial: int) -> str:
        return make_id(self.style, self.district.seed, collection, serial)

    def _orgs(self, students: int) -> list[Org]:
        count = max(2, round(students / STUDENTS_PER_SCHOOL))
        orgs = self.district.orgs
        top = Org(
            id=self._id("orgs", 1),
            serial=1,
            modified=self.stamps.next(),
            name=f"{self.district.name} School District",
            type="district",
            identifier="9000",
        )
        orgs.append(top)
        for n in range(count):
            level = LEVELS[n % len(LEVELS)]
            orgs.append(
                Org(
                    id=self._id("orgs", n + 2),
                    serial=n + 2,
                    modified=self.stamps.next(),
                    type="school",
                    name=f"{PLACES[(n + self.district.seed) % len(PLACES)]} {level} {n // len(PLACES) + 1}",
                    identifier=str(310 + n),
                    parent=top.id,
                    metadata={"level": level.lower(), "lunchRoom": n % 2 == 0},
                )
            )
        schools = orgs[1:]
        serial = count + 2
        if self.district.seed % 2:
            orgs.append(
                Org(
                    id=self._id("orgs", serial),
                    serial=serial,
                    modified=self.stamps.next(),
                    name="Science Department",
                    type="department",
                    identifier="SCI",
                    parent=schools[1].id,
                )
            )
        orgs.append(
            Org(
                id=self._id("orgs", serial + 1),
                serial=serial + 1,
                modified=self.stamps.next(),
                name="Old Mill School",
                type="school",
                identifier="399",
                parent=top.id,
                status=DELETED,
            )
        )
        return schools

    def _calendar(self) -> tuple[Session, list[Session]]:
        """The school year and its spans: two semesters of two terms, or three terms, with grading periods below."""
        today = self.district.today
        start = today.year if (today.month, today.day) >= (7, 15) else today.year - 1
        year = self._session("schoolYear", f"{start}-{start + 1}", date(start, 8, 19), date(start + 1, 6, 11), None)
        if self.district.seed % 2:
            spans = self._divide(year, "term", ("Trimester 1", "Trimester 2", "Trimester 3"))
            for span in spans:
                self._divide(span, "gradingPeriod", (f"{span.title} Progress", f"{span.title} Final"))
            return year, spans
        spans = self._divide(year, "semester", ("Fall Semester", "Spring Semester"))
        for number, span in enumerate(spans):
            for term in self._divide(span, "term", (f"Quarter {number * 2 + 1}", f"Quarter {number * 2 + 2}")):
                self._divide(term, "gradingPeriod", (f"{term.title} Marks",))
        return year, spans

    def _divide(self, parent: Session, kind: str, titles: Sequence[str]) -> list[Session]:
        days = (parent.last_day - parent.first_day).days + 1
        edges = [parent.first_day + timedelta(days * n // len(titles)) for n in range(len(titles) + 1)]
        return [
            self._session(kind, title, edges[n], edges[n + 1] - timedelta(1), parent.id)
            for n, title in enumerate(titles)
        ]

    def _session(self, kind: str, title: str, first: date, last: date, parent: str | None) -> Session:
        serial = len(self.district.sessions) + 1
        start = first.year if first.month >= 7 else first.year - 1
        session = Session(
            id=self._id("academicSessions", serial),
            serial=serial,
            modified=self.stamps.next(),
            title=title,
            type=kind,
            first_day=first,
            last_day=last,
            school_year=start + 1,
            parent=parent,
        )
        self.district.sessions.append(session)
        return session

    def _courses(self, year: Session) -> dict[tuple[str, str], Course]:
        """Every course at every level, the district's own; one more was withdrawn."""
        top = self.district.orgs[0].id
        found: dict[tuple[str, str], Course] = {}
        for level in LEVELS:
            for title, code, subject, subject_code in COURSES:
                serial = len(self.district.courses) + 1
                course = Course(
                    id=self._id("courses", serial),
                    serial=serial,
                    modified=self.stamps.next(),
                    title=f"{title} ({level})",
                    code=f"{code}-{level[0]}",
                    org=top,
                    school_year=None if code == "ART" else year.id,
                    grades=GRADES[level],
                    subjects=(subject,),
                    subject_codes=(subject_code,),
                    metadata={"credits": 0.5 if code == "PE" else 1, "catalog.code": f"{code}{serial}"},
                )
                self.district.courses.append(course)
                found[level, code] = course
        serial = len(self.district.courses) + 1
        self.district.courses.append(
            Course(
                id=self._id("courses", serial),
                serial=serial,
                modified=self.stamps.next(),
                title="Latin",
                code="",
                org=top,
                status=DELETED,
            )
        )
        return found

    def _classes(
        self,
        schools: list[Org],
        students: int,
        year: Session,
        spans: list[Session],
        courses: dict[tuple[str, str], Course],
    ) -> list[Cohort]:
        """Cohorts of pupils who share a homeroom and four scheduled classes."""
        cohorts: list[Cohort] = []
        for position, school in enumerate(schools):
            level = LEVELS[position % len(LEVELS)]
            here = students // len(schools) + (1 if position < students % len(schools) else 0)
            groups = max(2, -(-here // COHORT_SIZE))
            for group in range(groups):
                size = here // groups + (1 if group < here % groups else 0)
                grade = GRADES[level][group % len(GRADES[level])]
                room = f"{position + 1}-{group + 101}"
                classes = [self._class(f"Homeroom {room}", f"HR{room}", school, grade, (year.id,), None, room, ("0",))]
                for slot in range(4):
                    title, code, _, _ = COURSES[(group + slot * 2 + position) % len(COURSES)]
                    terms = ((year.id,), tuple(span.id for span in spans), (spans[group % len(spans)].id,))[slot % 3]
                    classes.append(
                        self._class(
                            f"{title} {grade} - {chr(65 + group % 26)}",
                            f"{code}/{grade}/{group + 1}",
                            school,
                            grade,
                            terms,
                            courses[level, code],
                            room if slot else None,
                            (str(slot + 1),) if slot else ("1", "3"),
                        )
                    )
                cohorts.append(Cohort(school=school, level=level, grade=grade, size=size, classes=classes))
        serial = len(self.district.classes) + 1
        self.district.classes.append(
            Class(
                id=self._id("classes", serial),
                serial=serial,
                modified=self.stamps.next(),
                title="Cancelled Latin",
                code="LAT/1",
                type="scheduled",
                school=schools[0].id,
                course=self.district.courses[-1].id,
                terms=(year.id,),
                status=DELETED,
            )
        )
        return cohorts

    def _class(
        self, title: str, code: str, school: Org, grade: str, terms: tuple[str, ...], course: Course | None,
        room: str | None, periods: tuple[str, ...],
    ) -> Class:  # fmt: skip
        serial = len(self.district.classes) + 1
        made = Class(
            id=self._id("classes", serial),
            serial=serial,
            modified=self.stamps.next(),
            title=title,
            code=code,
            type="scheduled" if course else "homeroom",
            school=school.id,
            course=course.id if course else None,
            location=f"Room {room}" if room else None,
            terms=terms,
            grades=(grade,),
            periods=periods,
            subjects=course.subjects if course else (),
            subject_codes=course.subject_codes if course else (),
            metadata={"seats": 30, "rotation.day": "A"} if serial % 6 == 0 else None,
        )
        self.district.classes.append(made)
        return made
