"""The generator: same seed same truth, every odd case present, sizes as asked."""

import time
from collections import Counter
from dataclasses import replace
from datetime import date

import pytest

from gateway.sandbox.district import FIXED_TODAY, generate
from gateway.sandbox.exact import exact_district
from gateway.sandbox.ids import IdStyle
from gateway.sandbox.truth import DELETED, FAMILY_ROLES, District, User


@pytest.fixture(scope="module")
def small() -> District:
    return generate(3, 50)


def test_the_same_arguments_make_the_same_district() -> None:
    assert generate(5, 80) == generate(5, 80)
    assert generate(5, 80, today=date(2031, 3, 4)) == generate(5, 80, today=date(2031, 3, 4))


def test_another_seed_or_day_makes_another_district() -> None:
    assert generate(5, 80).users != generate(6, 80).users
    assert generate(5, 80).sessions != generate(5, 80, today=date(2031, 3, 4)).sessions


@pytest.mark.parametrize("students", [50, 57, 120, 2000])
def test_a_district_has_as_many_students_as_asked(students: int) -> None:
    made = generate(2, students)
    assert len(made.users_with("student")) == students == len(made.demographics)


@pytest.mark.parametrize("students", [49, 100_001])
def test_a_size_out_of_range_is_refused(students: int) -> None:
    with pytest.raises(ValueError, match="50 to 100000"):
        generate(1, students)


@pytest.mark.parametrize("style", list(IdStyle))
def test_ids_are_unique_within_a_collection(style: IdStyle) -> None:
    made = generate(4, 300, id_style=style)
    for collection in ("orgs", "academicSessions", "courses", "classes", "users", "enrollments"):
        counts = Counter(record.id for record in made.records(collection))
        assert counts.most_common(1)[0][1] == 1


def test_awkward_ids_hold_slash_plus_blank_percent_and_apostrophe() -> None:
    made = generate(4, 60, id_style="awkward")
    ids = "".join(user.id for user in made.users) + "".join(taught.id for taught in made.classes)
    assert all(sign in ids for sign in "/+ %'&#ü")


@pytest.mark.parametrize("seed", range(6))
def test_every_reference_holds_but_the_one_dangling_enrollment(seed: int) -> None:
    made = generate(seed, 50 + seed * 7)
    users, classes = {user.id for user in made.users}, {taught.id for taught in made.classes}
    orgs, sessions = {org.id for org in made.orgs}, {session.id for session in made.sessions}
    courses = {course.id for course in made.courses}
    assert [e.class_id for e in made.enrollments if e.class_id not in classes] != []
    assert sum(e.class_id not in classes for e in made.enrollments) == 1
    assert all(e.user in users and e.school in orgs for e in made.enrollments)
    assert all(t.school in orgs and set(t.terms) <= sessions for t in made.classes)
    assert all(t.course in courses for t in made.classes if t.course)
    assert all(held.org in orgs for user in made.users for held in user.roles)
    assert all(agent in users for user in made.users for agent in user.agents)


def test_fifty_students_have_every_kind_of_person(small: District) -> None:
    roles = {held.role for user in small.users for held in user.roles}
    assert roles >= FAMILY_ROLES | {
        "student", "teacher", "aide", "counselor", "principal", "districtAdministrator", "systemAdministrator",
        "siteAdministrator", "proctor",
    }  # fmt: skip
    assert any(user.has("teacher") and user.has("parent") for user in small.users)
    assert any(len({held.org for held in user.roles}) == 2 and user.has("student") for user in small.users)
    assert any(len({held.org for held in user.roles}) == 2 and user.has("teacher") for user in small.users)
    assert all(held.org == small.district_org.id for u in small.users_with("districtAdministrator") for held in u.roles)
    assert all(not small.enrollments_of(user.id) for user in small.users_with("aide"))
    for odd in (
        lambda user: user.email is None,
        lambda user: user.username is None,
        lambda user: not user.enabled,
        lambda user: user.status == DELETED,
        lambda user: user.preferred_first,
        lambda user: user.pronouns,
        lambda user: user.metadata and "ic.counselor.email" in user.metadata,
    ):
        assert any(odd(user) for user in small.users)
    assert any("'" in user.family for user in small.users)
    assert any(not user.given.isascii() or not user.family.isascii() for user in small.users)


def test_families_are_linked_from_both_sides_or_one(small: District) -> None:
    def links(from_: User, to: User) -> bool:
        return to.id in from_.agents

    pairs = [(p, c) for p in small.users if p.role in FAMILY_ROLES for c in small.users_with("student")]
    ways = {(links(child, adult), links(adult, child)) for adult, child in pairs}
    assert {(True, True), (True, False), (False, True)} <= ways


def test_enrollments_are_current_ended_coming_dateless_and_deleted(small: District) -> None:
    today = small.today
    pupils = [e for e in small.enrollments if e.role == "student"]
    assert any(e.last_day and e.last_day < today and e.status == "active" for e in pupils)
    assert any(e.first_day and e.first_day > today for e in pupils)
    assert any(e.first_day is None and e.last_day is None for e in pupils)
    assert any(e.status == DELETED for e in pupils)
    teaching = [e for e in small.enrollments if e.role == "teacher"]
    assert {e.primary for e in teaching} == {True, False}
    for taught in small.classes:
        assert sum(bool(e.primary) for e in small.enrollments_in(taught.id)) <= 1


def test_homerooms_have_no_course_and_classes_span_several_terms(small: District) -> None:
    assert all(taught.course is None for taught in small.classes if taught.type == "homeroom")
    assert any(len(taught.terms) > 1 for taught in small.classes)
    assert any(len(taught.periods) > 1 for taught in small.classes)


@pytest.mark.parametrize("seed", [2, 3])
def test_sessions_nest_within_the_school_year(seed: int) -> None:
    made = generate(seed, 50)
    by_id = {session.id: session for session in made.sessions}
    assert {session.type for session in made.sessions} >= {"schoolYear", "term", "gradingPeriod"}
    for session in made.sessions:
        assert session.school_year == made.sessions[0].last_day.year
        if session.parent:
            parent = by_id[session.parent]
            assert parent.first_day <= session.first_day <= session.last_day <= parent.last_day
    assert made.sessions[0].first_day <= FIXED_TODAY <= made.sessions[0].last_day


def test_changes_are_seen_by_the_lookups() -> None:
    made = generate(3, 50)
    user = made.users_with("student")[0]
    before = len(made.enrollments_of(user.id))
    made.remove(made.enrollments_of(user.id)[0])
    renamed = made.update(user, given="Renamed")
    made.add(replace(user, id="new", serial=9999))
    assert len(made.enrollments_of(user.id)) == before - 1
    assert made.user(user.id) is renamed
    assert made.user("new").given == user.given
    assert made.revision == 3


def test_an_exact_district_has_exactly_that_many_active_records() -> None:
    made = exact_district(1)
    assert (len(made.users), len(made.classes), len(made.courses), len(made.enrollments)) == (2000, 100, 50, 10_000)
    first = sorted(made.users, key=lambda user: user.id)[:50]
    assert {len(made.enrollments_of(user.id)) for user in first} == {5}
    assert {len({e.class_id for e in made.enrollments_of(user.id)}) for user in first} == {5}
    assert all(record.status == "active" for record in (*made.users, *made.enrollments, *made.classes))
    assert all(len(user.id) == 36 for user in made.users)


def test_a_large_district_takes_as_many_times_longer_as_it_is_larger() -> None:
    def made(students: int) -> tuple[District, float]:
        start = time.process_time()
        return generate(1, students), time.process_time() - start

    (_, before), (district, large), (_, after) = made(1250), made(10_000), made(1250)
    assert len(district.schools) > 20
    assert large < 3 * 8 * min(before, after)  # were it to grow with the square, 64
