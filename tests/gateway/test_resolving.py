"""Conditions that look beyond the record, against what the rules of meaning say of each record by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.dialect import Op
from adapters.endpoints import Collection
from adapters.errors import Unsupported
from adapters.gradebook import LineItem
from adapters.predicate import (
    NOTHING,
    And,
    AnyOf,
    Compare,
    IsNull,
    Not,
    Open,
    Or,
    Predicate,
    Some,
    compared,
    compile_test,
    equals,
)
from adapters.records import (
    AcademicSession,
    Class,
    Course,
    Enrollment,
    EnrollmentRole,
    Org,
    Provenance,
    Record,
    RecordStatus,
    RecordType,
    RoleAssignment,
    User,
    UserRole,
)
from gateway.roster import meaning
from gateway.roster.open_conditions import TODAY, Dangling, Declared, Enrolled, InEffect, OfClass, Within
from gateway.roster.resolving import Local, resolve

Rows = dict[Collection, list[Record]]

TODAYS = "2026-03-15"
ACTIVE = RecordStatus.ACTIVE
A = Provenance("a")


def resolved(where: Predicate | None, rows: Rows, inclusive: bool = True, **names: str) -> Predicate | None:
    async def read(collection: Collection, where: Predicate | None) -> Sequence[Record]:
        if collection not in rows:
            raise Unsupported("a", "there are none")
        return [r for r in rows[collection] if compile_test(where)(r)]

    return anyio.run(resolve, where, Local(frozenset({"a"}), TODAYS, inclusive, names), read)


def kept(where: Predicate | None, rows: Rows, collection: Collection, **options: Any) -> list[str]:
    holds = compile_test(resolved(where, rows, **options))
    return [r.sourced_id for r in rows[collection] if holds(r)]


# -------------------------------------------------------------- days

DAYS = st.sampled_from([None, "2026-03-13", "2026-03-14", "2026-03-15", "2026-03-16", "2026-03-17"])
IDS = st.sampled_from(["1", "2", "3"])


def session(i: int, start: str | None, end: str | None) -> AcademicSession:
    return AcademicSession(provenance=Provenance("a"), sourced_id=str(i), status=ACTIVE, start_date=start, end_date=end)


SESSIONS = st.lists(st.tuples(DAYS, DAYS), max_size=3).map(lambda d: [session(i, *each) for i, each in enumerate(d, 1)])
COURSES = st.lists(st.none() | IDS, max_size=2).map(
    lambda years: [
        Course(provenance=Provenance("a"), sourced_id=str(i), status=ACTIVE, school_year_id=year)
        for i, year in enumerate(years, 1)
    ]
)
CLASSES = st.lists(st.tuples(st.lists(IDS, max_size=2), st.none() | IDS), max_size=3).map(
    lambda found: [
        Class(provenance=Provenance("a"), sourced_id=str(i), status=ACTIVE, term_ids=tuple(terms), course_id=course)
        for i, (terms, course) in enumerate(found, 1)
    ]
)
ENROLLMENTS = st.lists(
    st.tuples(DAYS, DAYS, st.none() | IDS, st.sampled_from(EnrollmentRole), st.sampled_from(RecordStatus)), max_size=6
).map(
    lambda found: [
        Enrollment(
            provenance=Provenance("a"),
            sourced_id=str(i),
            status=status,
            begin_date=begin,
            end_date=end,
            class_id=class_id,
            role=role,
        )
        for i, (begin, end, class_id, role, status) in enumerate(found, 1)
    ]
)


def of_class(class_id: str | None, rows: Rows, inclusive: bool) -> meaning.Span:
    sessions: Any = {s.sourced_id: s for s in rows[Collection.ACADEMIC_SESSIONS]}
    courses: Any = {c.sourced_id: c for c in rows[Collection.COURSES]}
    found: Any = next((c for c in rows[Collection.CLASSES] if c.sourced_id == class_id), None)
    if found is None:
        return meaning.ALWAYS
    course = courses.get(found.course_id)
    year = sessions.get(course.school_year_id) if course is not None else None
    return meaning.of_class([sessions[i] for i in found.term_ids if i in sessions], year, inclusive)


def of_enrollment(enrollment: Any, rows: Rows, inclusive: bool) -> meaning.Span:
    return meaning.of_enrollment(enrollment, of_class(enrollment.class_id, rows, inclusive), inclusive)


@settings(max_examples=300, deadline=None)
@given(SESSIONS, COURSES, CLASSES, ENROLLMENTS, st.sampled_from([TODAY, "2026-03-14", "2026-03-16"]), st.booleans())
def test_a_list_on_a_day_keeps_what_each_record_by_itself_covers(
    sessions: list[Record],
    courses: list[Record],
    classes: list[Record],
    enrollments: list[Record],
    on: str,
    inclusive: bool,
) -> None:
    rows: Rows = {
        Collection.ACADEMIC_SESSIONS: sessions,
        Collection.COURSES: courses,
        Collection.CLASSES: classes,
        Collection.ENROLLMENTS: enrollments,
    }
    day = TODAYS if on == TODAY else on
    for kind, collection, span in (
        (RecordType.ACADEMIC_SESSION, Collection.ACADEMIC_SESSIONS, lambda r: meaning.of_session(r, inclusive)),
        (RecordType.CLASS, Collection.CLASSES, lambda r: of_class(r.sourced_id, rows, inclusive)),
        (RecordType.ENROLLMENT, Collection.ENROLLMENTS, lambda r: of_enrollment(r, rows, inclusive)),
    ):
        wanted = [r.sourced_id for r in rows[collection] if span(r).covers(day)]
        assert kept(Open(InEffect(kind, on)), rows, collection, inclusive=inclusive) == wanted, kind


@settings(max_examples=200, deadline=None)
@given(
    SESSIONS,
    CLASSES,
    ENROLLMENTS,
    st.sampled_from([Op.EQ, Op.GT, Op.GE, Op.LT, Op.LE]),
    st.integers(0, 2),
    st.booleans(),
)
def test_classes_are_kept_by_how_many_enrollments_they_have(
    sessions: list[Record], classes: list[Record], enrollments: list[Record], op: Op, number: int, on_a_day: bool
) -> None:
    rows: Rows = {
        Collection.ACADEMIC_SESSIONS: sessions,
        Collection.COURSES: [],
        Collection.CLASSES: classes,
        Collection.ENROLLMENTS: enrollments,
    }
    teachers = And((equals("status", "ACTIVE"), equals("role", "TEACHER")))
    condition = Open(Enrolled("class_id", teachers, TODAY if on_a_day else None, op, number))

    def count(class_id: str) -> int:
        return sum(
            1
            for e in enrollments
            if isinstance(e, Enrollment)
            and e.class_id == class_id
            and e.status is ACTIVE
            and e.role is EnrollmentRole.TEACHER
            and (not on_a_day or of_enrollment(e, rows, True).covers(TODAYS))
        )

    assert kept(condition, rows, Collection.CLASSES) == [
        c.sourced_id for c in classes if compared(count(c.sourced_id), op, number)
    ]
    assert kept(Not(condition), rows, Collection.CLASSES) == [
        c.sourced_id for c in classes if not compared(count(c.sourced_id), op, number)
    ]


# -------------------------------------------------------------- roles


def person(i: str, *roles: tuple[UserRole, str, str | None, str | None]) -> User:
    return User(
        provenance=Provenance("a"),
        sourced_id=i,
        status=ACTIVE,
        roles=tuple(RoleAssignment(role=r, org_id=o, begin_date=b, end_date=e) for r, o, b, e in roles),
    )


PEOPLE: Rows = {
    Collection.USERS: [
        person("1", (UserRole.TEACHER, "x", None, "2026-03-15"), (UserRole.PARENT, "y", None, None)),
        person("2", (UserRole.TEACHER, "x", "2026-03-16", None)),
        person("3", (UserRole.TEACHER, "y", None, None)),
    ]
}


def test_the_dates_of_a_role_are_its_own() -> None:
    teaches = And((equals("role", "TEACHER"), Open(Within("begin_date", "end_date", TODAY))))
    assert kept(Some("roles", teaches), PEOPLE, Collection.USERS, inclusive=True) == ["1", "3"]
    assert kept(Some("roles", teaches), PEOPLE, Collection.USERS, inclusive=False) == ["3"]


def test_an_organisation_of_another_source_is_nobodys_here() -> None:
    def at(source: str) -> Predicate:
        return And((equals("source", source), equals("org_id", "x")))

    assert kept(Some("roles", at("a")), PEOPLE, Collection.USERS) == ["1", "2"]
    assert kept(Some("roles", at("b")), PEOPLE, Collection.USERS) == []
    assert kept(Some("roles", at("b"), Op.EQ, 0), PEOPLE, Collection.USERS) == ["1", "2", "3"]
    assert kept(Some("roles", Or((at("a"), at("b"))), Op.EQ, 0), PEOPLE, Collection.USERS) == ["3"]


def test_what_is_said_of_the_source_is_settled() -> None:
    mine, theirs = equals("source", "a"), equals("source", "b")
    one = equals("sourced_id", "1")
    assert resolved(mine, {}) is None
    assert resolved(theirs, {}) == NOTHING
    assert resolved(Or((And((theirs, one)), And((mine, one)))), {}) == one
    assert resolved(Not(theirs), {}) is None
    assert resolved(None, {}) is None


# -------------------------------------------------------------- references, metadata


def test_an_enrollment_dangles_where_what_it_names_is_not_there() -> None:
    def enrollment(i: str, user: str | None, class_id: str | None, school: str | None) -> Enrollment:
        return Enrollment(
            provenance=Provenance("a"), sourced_id=i, status=ACTIVE, user_id=user, class_id=class_id, school_id=school
        )

    rows: Rows = {
        Collection.USERS: [person("u")],
        Collection.CLASSES: [Class(provenance=Provenance("a"), sourced_id="c", status=ACTIVE)],
        Collection.ORGS: [Org(provenance=Provenance("a"), sourced_id="o", status=ACTIVE)],
        Collection.ENROLLMENTS: [
            enrollment("1", "u", "c", "o"),
            enrollment("2", "gone", "c", "o"),
            enrollment("3", "u", "gone", "o"),
            enrollment("4", "u", "c", "gone"),
            enrollment("5", "u", "c", None),
        ],
    }
    assert kept(Open(Dangling()), rows, Collection.ENROLLMENTS) == ["2", "3", "4"]
    assert kept(Not(Open(Dangling())), rows, Collection.ENROLLMENTS) == ["1", "5"]
    del rows[Collection.CLASSES]
    assert kept(Open(Dangling()), rows, Collection.ENROLLMENTS) == ["2", "4"]


def test_a_declared_name_is_looked_up_under_the_key_of_each_source() -> None:
    rows: Rows = {
        Collection.USERS: [
            User(provenance=Provenance("a"), sourced_id="1", status=ACTIVE, metadata=b'{"ic.counselor": "kim"}'),
            User(provenance=Provenance("a"), sourced_id="2", status=ACTIVE, metadata=b'{"counselor": "kim"}'),
        ]
    }
    is_kim = Open(Declared("counselor", equals("metadata", "kim")))
    assert kept(is_kim, rows, Collection.USERS, counselor="ic.counselor") == ["1"]
    assert kept(Not(is_kim), rows, Collection.USERS, counselor="ic.counselor") == ["2"]
    either = Open(Declared("counselor", Or((AnyOf("metadata", frozenset("x")), Not(IsNull("metadata"))))))
    assert kept(either, rows, Collection.USERS, counselor="ic.counselor") == ["1"]


def test_a_name_that_a_source_does_not_declare_has_no_value() -> None:
    rows: Rows = {Collection.USERS: [person("1")]}
    assert kept(Open(Declared("house", IsNull("metadata"))), rows, Collection.USERS) == ["1"]
    assert kept(Open(Declared("house", Compare("metadata", Op.NE, "red"))), rows, Collection.USERS) == ["1"]
    assert kept(Open(Declared("house", equals("metadata", "red"))), rows, Collection.USERS) == []


# -------------------------------------------------------------- gradebook


def marked_in(where: Predicate, tells: bool) -> Predicate | None:
    items = [
        LineItem(provenance=A, sourced_id=i, status=ACTIVE, class_id=taught)
        for i, taught in (("1", "x"), ("2", "x"), ("3", "y"), ("4", None))
    ]

    async def read(collection: Collection, where: Predicate | None) -> Sequence[Record]:
        assert collection is Collection.LINE_ITEMS
        return [item for item in items if compile_test(where)(item)]

    local = Local(frozenset({"a"}), TODAYS, tells=lambda collection, field: tells)
    return anyio.run(resolve, Open(OfClass(where)), local, read)


def test_results_that_name_their_class_are_told_by_it() -> None:
    assert marked_in(equals("class_id", "x"), tells=True) == equals("class_id", "x")


def test_results_that_name_no_class_are_told_by_its_line_items() -> None:
    assert marked_in(equals("class_id", "x"), tells=False) == AnyOf("line_item_id", frozenset({"1", "2"}))
    assert marked_in(equals("class_id", "nobody"), tells=False) == NOTHING


def test_a_result_whose_line_item_is_of_no_class_or_not_there_has_none() -> None:
    assert marked_in(IsNull("class_id"), tells=False) == Not(AnyOf("line_item_id", frozenset({"1", "2", "3"})))
    not_x = Compare("class_id", Op.NE, "x")
    assert marked_in(not_x, tells=False) == Not(AnyOf("line_item_id", frozenset({"1", "2"})))
