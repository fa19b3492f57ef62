"""What is true in a make-believe district: neutral records in OneRoster 1.2 words, and the district that holds them.

Dates are a first day and a *last* day; servers render an exclusive `endDate` from them. Servers read this and never
write it; tests change a district through `add`, `update` and `remove`, which raise its `revision`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

ACTIVE: Final = "active"
DELETED: Final = "tobedeleted"
FAMILY_ROLES: Final = frozenset({"guardian", "parent", "relative"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """`serial` is a number unique in its collection and never reused: providers with numeric ids are built on it."""

    id: str
    serial: int
    modified: str
    status: str = ACTIVE
    metadata: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Org(Record):
    name: str
    type: str
    identifier: str
    parent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session(Record):
    """An academicSession."""

    title: str
    type: str
    first_day: date
    last_day: date
    school_year: int
    parent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Course(Record):
    title: str
    code: str
    org: str
    school_year: str | None = None
    grades: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    subject_codes: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Class(Record):
    title: str
    code: str
    type: str
    school: str
    course: str | None = None
    location: str | None = None
    terms: tuple[str, ...] = ()
    grades: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    subject_codes: tuple[str, ...] = ()
    periods: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Affiliation:
    """One role of a user at one org."""

    role: str
    org: str
    primary: bool = True
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class User(Record):
    """`accounts`: names of systems in which the person has one, OneRoster 1.2's userProfiles."""

    given: str
    family: str
    roles: tuple[Affiliation, ...]
    username: str | None = None
    email: str | None = None
    enabled: bool = True
    middle: str | None = None
    preferred_first: str | None = None
    preferred_middle: str | None = None
    preferred_last: str | None = None
    pronouns: str | None = None
    identifier: str | None = None
    master_id: str | None = None
    user_ids: tuple[tuple[str, str], ...] = ()
    primary_org: str | None = None
    phone: str | None = None
    sms: str | None = None
    agents: tuple[str, ...] = ()
    grades: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()

    @property
    def role(self) -> str:
        return self.roles[0].role

    def has(self, role: str) -> bool:
        return any(held.role == role for held in self.roles)


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrollment(Record):
    user: str
    class_id: str
    school: str
    role: str
    primary: bool | None = None
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Demographics(Record):
    """`id` is the user's."""

    birth: date | None
    sex: str | None
    races: frozenset[str] = frozenset()
    country: str | None = None
    state: str | None = None
    city: str | None = None
    residence: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Category(Record):
    title: str
    weight: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreScale(Record):
    title: str
    type: str
    class_id: str
    course: str | None = None
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LineItem(Record):
    """A piece of work in a class. `assigned`, `due`: moments. `objectives`: (source, learning objective ids)."""

    title: str
    assigned: str
    due: str
    class_id: str
    school: str
    category: str
    session: str | None = None
    description: str | None = None
    scale: str | None = None
    least: float | None = None
    most: float | None = None
    objectives: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks(Record):
    """What a student reached. `objectives`: (source, id, score, text). `flags`: inProgress, late and so on."""

    student: str
    school: str
    score_status: str
    day: date
    score: float | None = None
    text: str | None = None
    comment: str | None = None
    scale: str | None = None
    flags: frozenset[str] = frozenset()
    objectives: tuple[tuple[str, str, float | None, str | None], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Result(Marks):
    line_item: str
    class_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentLineItem(Record):
    title: str
    description: str | None = None
    class_id: str | None = None
    parent: str | None = None
    scale: str | None = None
    least: float | None = None
    most: float | None = None
    objectives: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentResult(Marks):
    item: str
    percentile: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource(Record):
    title: str
    vendor_resource: str
    roles: tuple[str, ...] = ()
    importance: str | None = None
    vendor: str | None = None
    application: str | None = None


COLLECTIONS: Final[tuple[tuple[type[Record], str], ...]] = (
    (Org, "orgs"),
    (Session, "academicSessions"),
    (Course, "courses"),
    (Class, "classes"),
    (User, "users"),
    (Enrollment, "enrollments"),
    (Demographics, "demographics"),
    (Category, "categories"),
    (LineItem, "lineItems"),
    (Result, "results"),
    (ScoreScale, "scoreScales"),
    (AssessmentLineItem, "assessmentLineItems"),
    (AssessmentResult, "assessmentResults"),
    (Resource, "resources"),
)
_NAME_OF: Final = dict(COLLECTIONS)
_LISTS: Final = {
    "academicSessions": "sessions",
    "lineItems": "line_items",
    "scoreScales": "score_scales",
    "assessmentLineItems": "assessment_line_items",
    "assessmentResults": "assessment_results",
}


@dataclass(slots=True)
class District:
    """One district and its truth, with the lookups that tests and servers need."""

    name: str
    slug: str
    seed: int
    today: date
    orgs: list[Org] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    courses: list[Course] = field(default_factory=list)
    classes: list[Class] = field(default_factory=list)
    users: list[User] = field(default_factory=list)
    enrollments: list[Enrollment] = field(default_factory=list)
    demographics: list[Demographics] = field(default_factory=list)
    categories: list[Category] = field(default_factory=list)
    line_items: list[LineItem] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    score_scales: list[ScoreScale] = field(default_factory=list)
    assessment_line_items: list[AssessmentLineItem] = field(default_factory=list)
    assessment_results: list[AssessmentResult] = field(default_factory=list)
    resources: list[Resource] = field(default_factory=list)
    revision: int = 0
    _indexes: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False, compare=False)

    def records(self, collection: str) -> list[Any]:
        """The truth of a OneRoster collection by its plural name, such as `academicSessions`."""
        return getattr(self, _LISTS.get(collection, collection))  # type: ignore[no-any-return]

    def find(self, collection: str, record_id: str) -> Any | None:
        by_id = self._index(collection, lambda: {record.id: record for record in self.records(collection)})
        return by_id.get(record_id)

    def org(self, record_id: str) -> Org:
        return self._get("orgs", record_id)  # type: ignore[no-any-return]

    def session(self, record_id: str) -> Session:
        return self._get("academicSessions", record_id)  # type: ignore[no-any-return]

    def course(self, record_id: str) -> Course:
        return self._get("courses", record_id)  # type: ignore[no-any-return]

    def class_(self, record_id: str) -> Class:
        return self._get("classes", record_id)  # type: ignore[no-any-return]

    def user(self, record_id: str) -> User:
        return self._get("users", record_id)  # type: ignore[no-any-return]

    def enrollment(self, record_id: str) -> Enrollment:
        return self._get("enrollments", record_id)  # type: ignore[no-any-return]

    @property
    def schools(self) -> list[Org]:
        return [org for org in self.orgs if org.type == "school"]

    @property
    def district_org(self) -> Org:
        return next(org for org in self.orgs if org.type == "district")

    def enrollments_of(self, user_id: str) -> list[Enrollment]:
        return self._grouped("enrollments by user", self.enrollments, lambda e: (e.user,)).get(user_id, [])

    def enrollments_in(self, class_id: str) -> list[Enrollment]:
        return self._grouped("enrollments by class", self.enrollments, lambda e: (e.class_id,)).get(class_id, [])

    def classes_of_school(self, org_id: str) -> list[Class]:
        return self._grouped("classes by school", self.classes, lambda c: (c.school,)).get(org_id, [])

    def classes_of_course(self, course_id: str) -> list[Class]:
        return self._grouped("classes by course", self.classes, lambda c: (c.course,)).get(course_id, [])

    def sessions_below(self, session_id: str) -> list[Session]:
        return self._grouped("sessions by parent", self.sessions, lambda s: (s.parent,)).get(session_id, [])

    def orgs_below(self, org_id: str) -> list[Org]:
        return self._grouped("orgs by parent", self.orgs, lambda o: (o.parent,)).get(org_id, [])

    def users_of_school(self, org_id: str) -> list[User]:
        return self._grouped("users by org", self.users, lambda u: {a.org for a in u.roles}).get(org_id, [])

    def users_with(self, role: str) -> list[User]:
        return self._grouped("users by role", self.users, lambda u: {a.role for a in u.roles}).get(role, [])

    def has_current_class(self, user_id: str) -> bool:
        """Whether an active student enrollment of this user runs today."""
        return any(
            e.status == ACTIVE
            and e.role == "student"
            and (e.first_day is None or e.first_day <= self.today)
            and (e.last_day is None or e.last_day >= self.today)
            for e in self.enrollments_of(user_id)
        )

    def add(self, record: Record) -> None:
        self.records(_NAME_OF[type(record)]).append(record)
        self._changed()

    def update(self, record: Record, **changes: Any) -> Record:
        """Replace `record` by a copy with `changes`; its new self is returned."""
        records = self.records(_NAME_OF[type(record)])
        changed: Record = replace(record, **changes)
        records[records.index(record)] = changed
        self._changed()
        return changed

    def remove(self, record: Record) -> None:
        self.records(_NAME_OF[type(record)]).remove(record)
        self._changed()

    def _changed(self) -> None:
        self.revision += 1
        self._indexes.clear()

    def _get(self, collection: str, record_id: str) -> Any:
        record = self.find(collection, record_id)
        if record is None:
            raise KeyError(f"{self.slug} has no {collection} record {record_id!r}")
        return record

    def _index(self, name: str, build: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        index = self._indexes.get(name)
        if index is None:
            index = self._indexes[name] = build()
        return index

    def _grouped(
        self, name: str, records: Iterable[Any], keys: Callable[[Any], Iterable[str | None]]
    ) -> dict[str, list[Any]]:
        def build() -> dict[str, Any]:
            groups: dict[str, Any] = {}
            for record in records:
                for key in keys(record):
                    if key is not None:
                        groups.setdefault(key, []).append(record)
            return groups

        return self._index(name, build)
