"""The endpoint table: every route of the standard that reads, by name.

The rostering routes of 1.1 and 1.2 are the same. Collections are named by their plural, single reads by their singular,
routes below a parent `<children>For<Parent>`. A wrapper key names the base entity, not the path: `/students` answers
`users`.
Source: OneRoster 1.1; OneRoster 1.2 Rostering, Gradebook and Resources Services, REST binding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from adapters import gradebook, records
from adapters.dialect import Service, Version
from adapters.records import Record, RecordType


class Collection(StrEnum):
    """The base collections: what the gateway reads, keeps and joins."""

    ORGS = "orgs"
    ACADEMIC_SESSIONS = "academicSessions"
    COURSES = "courses"
    CLASSES = "classes"
    USERS = "users"
    ENROLLMENTS = "enrollments"
    DEMOGRAPHICS = "demographics"
    CATEGORIES = "categories"
    LINE_ITEMS = "lineItems"
    RESULTS = "results"
    SCORE_SCALES = "scoreScales"
    ASSESSMENT_LINE_ITEMS = "assessmentLineItems"
    ASSESSMENT_RESULTS = "assessmentResults"
    RESOURCES = "resources"


@dataclass(frozen=True, slots=True)
class Entity:
    """A base collection's wrapper keys and record type.

    service: where it is in 1.2. since: the version that brought it. optional: a server may leave the collection out.
    """

    collection: Collection
    singular: str
    record: type[Record]
    type: RecordType
    service: Service = Service.ROSTERING
    since: Version = Version.V1P1
    optional: bool = False

    @property
    def plural(self) -> str:
        return self.collection.value


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One route. `path` holds `{id}`, and `{cid}` for a second id; `kind` restricts the base collection's rows.

    kind: (field, value) in record words, such as ("roles.role", "STUDENT") for /students. since: the version that
    brought the route.
    """

    name: str
    path: str
    entity: Entity
    kind: tuple[str, str] | None = None
    since: Version = Version.V1P1

    @property
    def service(self) -> Service:
        return self.entity.service

    @property
    def single(self) -> bool:
        return self.path.endswith("{id}")

    @property
    def nested(self) -> bool:
        return "{id}/" in self.path


def _graded(
    collection: Collection, singular: str, record: type[Record], kind: RecordType, since: Version = Version.V1P1
) -> Entity:
    """A collection of the gradebook, which a server need not have."""
    return Entity(collection, singular, record, kind, Service.GRADEBOOK, since, optional=True)


ENTITIES: Mapping[Collection, Entity] = MappingProxyType(
    {
        e.collection: e
        for e in (
            Entity(Collection.ORGS, "org", records.Org, RecordType.ORG),
            Entity(
                Collection.ACADEMIC_SESSIONS,
                "academicSession",
                records.AcademicSession,
                RecordType.ACADEMIC_SESSION,
            ),
            Entity(Collection.COURSES, "course", records.Course, RecordType.COURSE),
            Entity(Collection.CLASSES, "class", records.Class, RecordType.CLASS),
            Entity(Collection.USERS, "user", records.User, RecordType.USER),
            Entity(Collection.ENROLLMENTS, "enrollment", records.Enrollment, RecordType.ENROLLMENT),
            Entity(
                Collection.DEMOGRAPHICS,
                "demographics",
                records.Demographics,
                RecordType.DEMOGRAPHICS,
                optional=True,
            ),
            _graded(Collection.CATEGORIES, "category", gradebook.Category, RecordType.CATEGORY),
            _graded(Collection.LINE_ITEMS, "lineItem", gradebook.LineItem, RecordType.LINE_ITEM),
            _graded(Collection.RESULTS, "result", gradebook.Result, RecordType.RESULT),
            _graded(Collection.SCORE_SCALES, "scoreScale", gradebook.ScoreScale, RecordType.SCORE_SCALE, Version.V1P2),
            _graded(
                Collection.ASSESSMENT_LINE_ITEMS,
                "assessmentLineItem",
                gradebook.AssessmentLineItem,
                RecordType.ASSESSMENT_LINE_ITEM,
                Version.V1P2,
            ),
            _graded(
                Collection.ASSESSMENT_RESULTS,
                "assessmentResult",
                gradebook.AssessmentResult,
                RecordType.ASSESSMENT_RESULT,
                Version.V1P2,
            ),
            Entity(
                Collection.RESOURCES,
                "resource",
                gradebook.Resource,
                RecordType.RESOURCE,
                Service.RESOURCES,
                optional=True,
            ),
        )
    }
)

COLLECTIONS: Mapping[RecordType, Collection] = MappingProxyType({e.type: c for c, e in ENTITIES.items()})
"""Where records of each kind are listed."""

_SCHOOL = ("type", "SCHOOL")
_TERM = ("type", "TERM")
_GRADING_PERIOD = ("type", "GRADING_PERIOD")
_STUDENT = ("roles.role", "STUDENT")
_TEACHER = ("roles.role", "TEACHER")

_TABLE: tuple[tuple[str, str, Collection, tuple[str, str] | None], ...] = (
    ("orgs", "/orgs", Collection.ORGS, None),
    ("org", "/orgs/{id}", Collection.ORGS, None),
    ("schools", "/schools", Collection.ORGS, _SCHOOL),
    ("school", "/schools/{id}", Collection.ORGS, _SCHOOL),
    ("academicSessions", "/academicSessions", Collection.ACADEMIC_SESSIONS, None),
    ("academicSession", "/academicSessions/{id}", Collection.ACADEMIC_SESSIONS, None),
    ("terms", "/terms", Collection.ACADEMIC_SESSIONS, _TERM),
    ("term", "/terms/{id}", Collection.ACADEMIC_SESSIONS, _TERM),
    ("gradingPeriods", "/gradingPeriods", Collection.ACADEMIC_SESSIONS, _GRADING_PERIOD),
    ("gradingPeriod", "/gradingPeriods/{id}", Collection.ACADEMIC_SESSIONS, _GRADING_PERIOD),
    ("courses", "/courses", Collection.COURSES, None),
    ("course", "/courses/{id}", Collection.COURSES, None),
    ("classes", "/classes", Collection.CLASSES, None),
    ("class", "/classes/{id}", Collection.CLASSES, None),
    ("enrollments", "/enrollments", Collection.ENROLLMENTS, None),
    ("enrollment", "/enrollments/{id}", Collection.ENROLLMENTS, None),
    ("users", "/users", Collection.USERS, None),
    ("user", "/users/{id}", Collection.USERS, None),
    ("students", "/students", Collection.USERS, _STUDENT),
    ("student", "/students/{id}", Collection.USERS, _STUDENT),
    ("teachers", "/teachers", Collection.USERS, _TEACHER),
    ("teacher", "/teachers/{id}", Collection.USERS, _TEACHER),
    ("demographics", "/demographics", Collection.DEMOGRAPHICS, None),
    ("demographic", "/demographics/{id}", Collection.DEMOGRAPHICS, None),
    ("coursesForSchool", "/schools/{id}/courses", Collection.COURSES, None),
    ("classesForSchool", "/schools/{id}/classes", Collection.CLASSES, None),
    ("enrollmentsForSchool", "/schools/{id}/enrollments", Collection.ENROLLMENTS, None),
    ("studentsForSchool", "/schools/{id}/students", Collection.USERS, _STUDENT),
    ("teachersForSchool", "/schools/{id}/teachers", Collection.USERS, _TEACHER),
    ("termsForSchool", "/schools/{id}/terms", Collection.ACADEMIC_SESSIONS, _TERM),
    ("enrollmentsForClassInSchool", "/schools/{id}/classes/{cid}/enrollments", Collection.ENROLLMENTS, None),
    ("studentsForClassInSchool", "/schools/{id}/classes/{cid}/students", Collection.USERS, _STUDENT),
    ("teachersForClassInSchool", "/schools/{id}/classes/{cid}/teachers", Collection.USERS, _TEACHER),
    ("classesForTerm", "/terms/{id}/classes", Collection.CLASSES, None),
    (
        "gradingPeriodsForTerm",
        "/terms/{id}/gradingPeriods",
        Collection.ACADEMIC_SESSIONS,
        _GRADING_PERIOD,
    ),
    ("classesForCourse", "/courses/{id}/classes", Collection.CLASSES, None),
    ("studentsForClass", "/classes/{id}/students", Collection.USERS, _STUDENT),
    ("teachersForClass", "/classes/{id}/teachers", Collection.USERS, _TEACHER),
    ("classesForStudent", "/students/{id}/classes", Collection.CLASSES, None),
    ("classesForTeacher", "/teachers/{id}/classes", Collection.CLASSES, None),
    ("classesForUser", "/users/{id}/classes", Collection.CLASSES, None),
)

_SINCE_1_1, _SINCE_1_2 = Version.V1P1, Version.V1P2

_BEYOND_ROSTERING: tuple[tuple[str, str, Collection, Version], ...] = (
    ("categories", "/categories", Collection.CATEGORIES, _SINCE_1_1),
    ("category", "/categories/{id}", Collection.CATEGORIES, _SINCE_1_1),
    ("lineItems", "/lineItems", Collection.LINE_ITEMS, _SINCE_1_1),
    ("lineItem", "/lineItems/{id}", Collection.LINE_ITEMS, _SINCE_1_1),
    ("results", "/results", Collection.RESULTS, _SINCE_1_1),
    ("result", "/results/{id}", Collection.RESULTS, _SINCE_1_1),
    ("scoreScales", "/scoreScales", Collection.SCORE_SCALES, _SINCE_1_2),
    ("scoreScale", "/scoreScales/{id}", Collection.SCORE_SCALES, _SINCE_1_2),
    ("assessmentLineItems", "/assessmentLineItems", Collection.ASSESSMENT_LINE_ITEMS, _SINCE_1_2),
    ("assessmentLineItem", "/assessmentLineItems/{id}", Collection.ASSESSMENT_LINE_ITEMS, _SINCE_1_2),
    ("assessmentResults", "/assessmentResults", Collection.ASSESSMENT_RESULTS, _SINCE_1_2),
    ("assessmentResult", "/assessmentResults/{id}", Collection.ASSESSMENT_RESULTS, _SINCE_1_2),
    ("lineItemsForClass", "/classes/{id}/lineItems", Collection.LINE_ITEMS, _SINCE_1_1),
    ("resultsForClass", "/classes/{id}/results", Collection.RESULTS, _SINCE_1_1),
    ("resultsForLineItemInClass", "/classes/{id}/lineItems/{cid}/results", Collection.RESULTS, _SINCE_1_1),
    ("resultsForStudentInClass", "/classes/{id}/students/{cid}/results", Collection.RESULTS, _SINCE_1_1),
    ("categoriesForClass", "/classes/{id}/categories", Collection.CATEGORIES, _SINCE_1_2),
    ("scoreScalesForClass", "/classes/{id}/scoreScales", Collection.SCORE_SCALES, _SINCE_1_2),
    ("scoreScalesForSchool", "/schools/{id}/scoreScales", Collection.SCORE_SCALES, _SINCE_1_2),
    ("resources", "/resources", Collection.RESOURCES, _SINCE_1_1),
    ("resource", "/resources/{id}", Collection.RESOURCES, _SINCE_1_1),
    ("resourcesForClass", "/classes/{id}/resources", Collection.RESOURCES, _SINCE_1_1),
    ("resourcesForCourse", "/courses/{id}/resources", Collection.RESOURCES, _SINCE_1_1),
    ("resourcesForUser", "/users/{id}/resources", Collection.RESOURCES, _SINCE_1_2),
)

ENDPOINTS: Mapping[str, Endpoint] = MappingProxyType(
    {name: Endpoint(name, path, ENTITIES[collection], kind) for name, path, collection, kind in _TABLE}
    | {name: Endpoint(name, path, ENTITIES[c], since=since) for name, path, c, since in _BEYOND_ROSTERING}
)

OWN_ROUTES: Mapping[str, Endpoint] = MappingProxyType(
    {
        "enrollmentsForUser": Endpoint(
            "enrollmentsForUser", "/users/{id}/enrollments", ENTITIES[Collection.ENROLLMENTS]
        ),
        "enrollmentsForClass": Endpoint(
            "enrollmentsForClass", "/classes/{id}/enrollments", ENTITIES[Collection.ENROLLMENTS]
        ),
        "agentsForUser": Endpoint("agentsForUser", "/users/{id}/agents", ENTITIES[Collection.USERS]),
        "linkedUsersForUser": Endpoint("linkedUsersForUser", "/users/{id}/linked-users", ENTITIES[Collection.USERS]),
    }
)
"""Routes outside the standard that some providers serve; a dialect that has one names it in `paths`."""


def single(collection: Collection) -> Endpoint:
    """The route that reads one record of `collection`."""
    return next(e for e in ENDPOINTS.values() if e.single and e.path == f"/{collection}/{{id}}")


def collections() -> Iterator[Endpoint]:
    """The routes of the base collections."""
    return (ENDPOINTS[c.value] for c in Collection)
