import dataclasses
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.dialect import BASE_PATH, Absent, Capabilities, Dialect, Op, Service, Version, absent, lacks
from adapters.endpoints import ENDPOINTS, OWN_ROUTES, Collection
from adapters.errors import Unsupported
from adapters.lowering import Through, route, served
from adapters.predicate import And, Compare, Predicate, compile_test, equals, every
from adapters.records import Provenance, RecordStatus, User

WHOLE = Dialect(
    name="northfield", version=Version.V1P1, title="Northfield", docs="docs.example", base_path=BASE_PATH[Version.V1P1]
)
NEWER = dataclasses.replace(WHOLE, version=Version.V1P2, base_path=BASE_PATH[Version.V1P2])
BARE = dataclasses.replace(
    WHOLE,
    absent=absent("Northfield, list of endpoints", *("students", "teachers", "schools", "terms", "gradingPeriods")),
    capabilities=Capabilities(single_reads=False, nested_reads=False),
)
STUDENT = equals("roles.role", "STUDENT")


def with_(**changes: Any) -> Dialect:
    return dataclasses.replace(WHOLE, **changes)


@pytest.mark.parametrize("name", ENDPOINTS)
def test_what_the_standard_has_is_asked_natively(name: str) -> None:
    endpoint = ENDPOINTS[name]
    ids = ("i/1", "j+2")[: endpoint.path.count("{")]
    found = route(NEWER if endpoint.since is Version.V1P2 else WHOLE, name, ids)
    assert found.path == endpoint.path.replace("{id}", "i%2F1").replace("{cid}", "j%2B2")
    assert (found.lowered, found.through) == (False, None)
    assert found.where == (equals(*endpoint.kind) if endpoint.kind else None)
    assert found.asked is None


def test_the_kind_of_a_native_route_is_tested_but_not_asked_for() -> None:
    where = equals("email", "a@b.example")
    found = route(WHOLE, "students", (), where)
    assert found.asked == where
    assert found.where == And((STUDENT, where))


@pytest.mark.parametrize(
    ("name", "ids", "path", "where"),
    [
        ("schools", (), "/orgs", equals("type", "SCHOOL")),
        ("students", (), "/users", STUDENT),
        ("teachers", (), "/users", equals("roles.role", "TEACHER")),
        ("terms", (), "/academicSessions", equals("type", "TERM")),
        ("gradingPeriods", (), "/academicSessions", equals("type", "GRADING_PERIOD")),
        ("org", ("o",), "/orgs", equals("sourced_id", "o")),
        ("demographic", ("u",), "/demographics", equals("sourced_id", "u")),
        ("student", ("u",), "/users", every(equals("sourced_id", "u"), STUDENT)),
        ("classesForSchool", ("s",), "/classes", equals("school_id", "s")),
        ("enrollmentsForSchool", ("s",), "/enrollments", equals("school_id", "s")),
        ("studentsForSchool", ("s",), "/users", every(equals("roles.org_id", "s"), STUDENT)),
        (
            "enrollmentsForClassInSchool",
            ("s", "c"),
            "/enrollments",
            every(equals("class_id", "c"), equals("school_id", "s")),
        ),
        ("classesForTerm", ("t",), "/classes", equals("term_ids", "t")),
        (
            "gradingPeriodsForTerm",
            ("t",),
            "/academicSessions",
            every(equals("parent_id", "t"), equals("type", "GRADING_PERIOD")),
        ),
        ("classesForCourse", ("k",), "/classes", equals("course_id", "k")),
        ("enrollmentsForUser", ("u",), "/enrollments", equals("user_id", "u")),
        ("enrollmentsForClass", ("c",), "/enrollments", equals("class_id", "c")),
    ],
)
def test_a_route_that_is_not_served_is_said_with_its_collection(
    name: str, ids: tuple[str, ...], path: str, where: Predicate
) -> None:
    found = route(BARE, name, ids)
    assert (found.path, found.where, found.asked, found.lowered, found.through) == (path, where, where, True, None)


PRESENT = Compare("status", Op.NE, "TOBEDELETED")


@pytest.mark.parametrize(
    ("name", "ids", "path", "first", "field", "then"),
    [
        ("studentsForClass", ("c",), "/users", {"class_id": "c", "role": "STUDENT"}, "user_id", STUDENT),
        (
            "teachersForClassInSchool",
            ("s", "c"),
            "/users",
            {"class_id": "c", "school_id": "s", "role": "TEACHER"},
            "user_id",
            equals("roles.role", "TEACHER"),
        ),
        ("classesForUser", ("u",), "/classes", {"user_id": "u"}, "class_id", None),
        ("classesForStudent", ("u",), "/classes", {"user_id": "u", "role": "STUDENT"}, "class_id", None),
    ],
)
def test_people_and_classes_are_reached_through_enrollments_that_are_not_deleted(
    name: str, ids: tuple[str, ...], path: str, first: dict[str, str], field: str, then: Predicate | None
) -> None:
    found = route(BARE, name, ids)
    where = every(*(equals(f, v) for f, v in first.items()), PRESENT)
    assert found.path == path
    assert found.through == Through(Collection.ENROLLMENTS, where, field)  # type: ignore[arg-type]
    assert found.where == then


@pytest.mark.parametrize(
    ("name", "field", "then"),
    [("termsForSchool", "term_ids", equals("type", "TERM")), ("coursesForSchool", "course_id", None)],
)
def test_terms_and_courses_of_a_school_are_those_of_its_classes(name: str, field: str, then: Predicate | None) -> None:
    found = route(BARE, name, ("s",))
    assert found.through == Through(Collection.CLASSES, equals("school_id", "s"), field)
    assert found.where == then


@pytest.mark.parametrize(
    ("missing", "asked", "ids"),
    [
        ("users", "students", ()),
        ("users", "user", ("u",)),
        ("enrollments", "studentsForClass", ("c",)),
        ("users", "studentsForClass", ("c",)),
        ("demographics", "demographics", ()),
    ],
)
def test_without_the_collection_a_route_is_unsupported_and_says_who_says_so(
    missing: str, asked: str, ids: tuple[str, ...]
) -> None:
    dialect = dataclasses.replace(BARE, absent={**BARE.absent, missing: Absent("page 7 of the manual")})
    with pytest.raises(Unsupported, match=asked) as caught:
        route(dialect, asked, ids, source="s")
    assert caught.value.source == "s"
    assert caught.value.because


def test_the_word_of_a_gap_is_the_dialects() -> None:
    with pytest.raises(Unsupported) as caught:
        route(with_(absent=absent("page 7 of the manual", "demographics")), "demographics")
    assert caught.value.because == "page 7 of the manual"


def test_a_route_served_elsewhere_is_asked_there() -> None:
    own = {"academicSessions": "/terms", "enrollmentsForUser": "/users/{id}/enrollments"}
    dialect = with_(paths=MappingProxyType(own), trailing_slash=True)
    assert route(dialect, "academicSessions").path == "/terms"
    assert route(dialect, "enrollmentsForUser", ("u/1",)).path == "/users/u%2F1/enrollments"
    assert route(dialect, "users").path == "/users/"
    assert route(dialect, "user", ("u",)).path == "/users/u"
    assert route(dialect, "classesForSchool", ("s",)).path == "/schools/s/classes"
    assert served(WHOLE, "enrollmentsForUser") is None


def test_settings_take_away_single_and_nested_reads() -> None:
    dialect = with_(paths=MappingProxyType({"enrollmentsForClass": "/classes/{id}/enrollments"}))
    without = dialect.with_capabilities(single_reads=False, nested_reads=False)
    for name, endpoint in (ENDPOINTS | OWN_ROUTES).items():
        if endpoint.single or endpoint.nested:
            assert served(without, name) is None


@pytest.mark.parametrize("dots", [".", ".."])
def test_below_a_parent_whose_id_is_dots_the_path_is_not_trusted(dots: str) -> None:
    assert route(WHOLE, "classesForSchool", (dots,)).where == equals("school_id", dots)
    assert route(WHOLE, "class", (dots,)).path in ("/classes/%2E", "/classes/%2E%2E")


@given(st.sampled_from(sorted(ENDPOINTS)), st.lists(st.text(min_size=1), min_size=2, max_size=2))
def test_any_id_leaves_the_path_as_long_as_it_was(name: str, ids: list[str]) -> None:
    endpoint = ENDPOINTS[name]
    found = route(NEWER, name, ids[: endpoint.path.count("{")])
    assert found.lowered or found.path.count("/") == endpoint.path.count("/")


@pytest.mark.parametrize("name", ["scoreScales", "assessmentLineItem", "scoreScalesForClass", "resourcesForUser"])
def test_what_came_with_1_2_is_not_served_by_1_1(name: str) -> None:
    with pytest.raises(Unsupported) as gap:
        route(WHOLE, name, ("i",)[: ENDPOINTS[name].path.count("{")], source="a")
    assert "1.1" in gap.value.because or name == "resourcesForUser"


def test_a_service_that_a_provider_lacks_is_unsupported_on_its_word() -> None:
    dialect = with_(without=lacks("Northfield, list of services", Service.GRADEBOOK))
    for name, ids in (("lineItems", ()), ("result", ("r",)), ("resultsForClass", ("c",))):
        with pytest.raises(Unsupported) as gap:
            route(dialect, name, ids, source="a")
        assert gap.value.because == "Northfield, list of services"
    assert route(dialect, "resources").path == "/resources"


def test_results_of_a_class_are_those_of_its_line_items_where_there_is_no_route() -> None:
    dialect = WHOLE.with_capabilities(nested_reads=False)
    found = route(dialect, "resultsForClass", ("c",))
    assert found.through == Through(Collection.LINE_ITEMS, equals("class_id", "c"), "sourced_id", wanted="line_item_id")
    found = route(dialect, "resultsForStudentInClass", ("c", "u"))
    assert found.where == equals("student_id", "u")
    assert found.through is not None
    assert found.through.wanted == "line_item_id"


def test_resources_of_a_class_are_those_that_it_names() -> None:
    found = route(WHOLE.with_capabilities(nested_reads=False), "resourcesForClass", ("c",))
    assert found.through == Through(Collection.CLASSES, equals("sourced_id", "c"), "resource_ids")


def test_a_route_behind_an_id_holds_only_of_what_comes_after_it() -> None:
    found = route(NEWER, "users", where=equals("status", "ACTIVE"), after="u2")
    assert (found.after, found.asked) == ("u2", equals("status", "ACTIVE"))
    holds = compile_test(found.where)
    people = [User(Provenance("a"), i, RecordStatus.ACTIVE) for i in ("u1", "u2", "u3", "U3")]
    assert [p.sourced_id for p in people if holds(p)] == ["u3"]
