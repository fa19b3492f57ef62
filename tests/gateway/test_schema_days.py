"""What depends on the day, asked of the graph and held against what the districts know."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from gateway.sandbox.truth import ACTIVE, FAMILY_ROLES, Class, District, Enrollment, User
from tests.gateway.support import MakeWorld
from tests.gateway.test_schema_reading import answered, answered_but_for_dangling, ask

pytestmark = pytest.mark.anyio

KINDS = ["standard-1.2", "classlink"]


def of_class(district: District, found: Class | None) -> tuple[date | None, date | None]:
    terms = [s for s in district.sessions if found is not None and s.id in found.terms]
    if terms:
        return min(t.first_day for t in terms), max(t.last_day for t in terms)
    course = next((c for c in district.courses if found is not None and c.id == found.course), None)
    year = next((s for s in district.sessions if course is not None and s.id == course.school_year), None)
    return (year.first_day, year.last_day) if year is not None else (None, None)


def of_enrollment(district: District, found: Enrollment) -> tuple[date | None, date | None]:
    classes = {c.id: c for c in district.classes}
    first, last = of_class(district, classes.get(found.class_id))
    return found.first_day or first, found.last_day or last


def covers(span: tuple[date | None, date | None], day: date) -> bool:
    return (span[0] is None or span[0] <= day) and (span[1] is None or day <= span[1])


def days(district: District) -> list[date]:
    """Days on which something begins, ends, or just did."""
    found = {d for e in district.enrollments for d in (e.first_day, e.last_day) if d is not None}
    found |= {d for s in district.sessions for d in (s.first_day, s.last_day)}
    return sorted({d + timedelta(n) for d in found for n in (-1, 0, 1)})


def iso(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None


@pytest.mark.parametrize("kind", KINDS)
async def test_an_enrollment_tells_from_when_to_when_it_holds(world: MakeWorld, kind: str) -> None:
    made = world(a=kind)
    truth = made.servers["a"].district
    data = await answered_but_for_dangling(
        made,
        "{ enrollments(first: 10000, status: null) { nodes { sourcedId effectiveFrom effectiveTo dateBasis } } }",
    )
    rows = {row["sourcedId"]: row for row in data["enrollments"]["nodes"]}
    assert rows
    bases = set()
    for known in truth.enrollments:
        if (row := rows.get(known.id)) is None:
            continue
        assert [row["effectiveFrom"], row["effectiveTo"]] == list(map(iso, of_enrollment(truth, known)))
        bases.add(row["dateBasis"])
    assert {"ENROLLMENT", "CLASS_TERM"} <= bases


@pytest.mark.parametrize("kind", KINDS)
async def test_the_members_of_a_class_are_those_of_the_day(world: MakeWorld, kind: str) -> None:
    made = world(a=kind)
    truth = made.servers["a"].district
    query = """query($on: Day) { classes(first: 10000) { nodes {
        sourcedId studentCount(on: $on)
        students(on: $on) { sourcedId } teachers(on: $on) { sourcedId } primaryTeacher(on: $on) { sourcedId }
        enrollments(effectiveOn: $on) { sourcedId }
    } } }"""
    people = {u.id: u for u in truth.users}
    seen = set()
    for day in [*days(truth)[::9], None]:
        data = await answered_but_for_dangling(made, query, on=iso(day))
        for row in data["classes"]["nodes"]:
            here = [
                e
                for e in truth.enrollments
                if e.class_id == row["sourcedId"]
                and e.status == ACTIVE
                and (day is None or covers(of_enrollment(truth, e), day))
            ]
            assert ids(row["enrollments"]) == {e.id for e in here}
            students = {e.user for e in here if e.role == "student"}
            assert row["studentCount"] == len(students)
            assert ids(row["students"]) == {u for u in students if people[u].status == ACTIVE}
            teachers = [e for e in here if e.role == "teacher"]
            assert ids(row["teachers"]) == {e.user for e in teachers if people[e.user].status == ACTIVE}
            primary = [e.user for e in teachers if e.primary]
            if len(primary) == 1:
                assert row["primaryTeacher"]["sourcedId"] == primary[0]
            seen.add((bool(students), bool(teachers)))
    assert {(True, True), (False, False)} <= seen


def ids(rows: list[Any]) -> set[str]:
    found = [row["sourcedId"] for row in rows]
    assert len(found) == len(set(found))
    return set(found)


async def test_today_is_the_date_of_the_source(world: MakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    made = world(
        {"a": {"timezone": "Pacific/Kiritimati"}, "b": {"timezone": "Pacific/Pago_Pago"}},
        a="standard-1.2",
        b="standard-1.2",
    )
    sources = {s.key: s for s in made.sources}
    assert date.fromisoformat(sources["a"].today) - date.fromisoformat(sources["b"].today) >= timedelta(1)
    edge = sources["b"].today
    for server in made.servers.values():
        session = server.district.sessions[0]
        server.district.update(session, last_day=date.fromisoformat(edge), first_day=date.fromisoformat(edge))
    data = await answered(
        made,
        "{ academicSessions(filter: { type: { eq: SCHOOL_YEAR } }) { nodes { source { key } isCurrent lastDay } } }",
    )
    told = {row["source"]["key"]: row for row in data["academicSessions"]["nodes"]}
    assert told["a"]["lastDay"] == told["b"]["lastDay"] == edge
    assert (told["a"]["isCurrent"], told["b"]["isCurrent"]) == (False, True)


async def test_a_person_leads_to_the_classes_of_the_day(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    truth = made.servers["a"].district
    day = truth.today
    data = await answered_but_for_dangling(
        made,
        "query($on: Day) { users(first: 10000) { nodes { sourcedId classes(on: $on) { sourcedId } } } }",
        on=day.isoformat(),
    )
    classes = {c.id: c for c in truth.classes}
    some = False
    for row in data["users"]["nodes"]:
        wanted = {
            e.class_id
            for e in truth.enrollments
            if e.user == row["sourcedId"] and e.status == ACTIVE and covers(of_enrollment(truth, e), day)
        }
        wanted = {c for c in wanted if c in classes and classes[c].status == ACTIVE}
        assert ids(row["classes"]) == wanted
        some = some or bool(wanted)
    assert some


@pytest.mark.parametrize("kind", KINDS)
async def test_family_is_found_from_either_side(world: MakeWorld, kind: str) -> None:
    made = world(a=kind)
    truth = made.servers["a"].district
    people = {u.id: u for u in truth.users}
    student, family = next(
        (u, people[u.agents[0]])
        for u in truth.users
        if u.role == "student" and u.status == ACTIVE and u.agents and people[u.agents[0]].role in FAMILY_ROLES
    )
    truth.update(family, agents=(student.id,))
    truth.update(student, agents=())
    query = """query($id: String!) { user(source: "a", sourcedId: $id) {
        roleGroup agentRefs { sourcedId } agents { sourcedId } guardians { sourcedId roleGroup }
    } }"""
    child = (await answered(made, query, id=student.id))["user"]
    assert child["agentRefs"] == []
    assert ids(child["guardians"]) == {family.id} <= ids(child["agents"])
    assert {g["roleGroup"] for g in child["guardians"]} == {"FAMILY"}
    parent = (await answered(made, query, id=family.id))["user"]
    assert student.id in ids(parent["agents"])
    assert parent["guardians"] == []


async def test_days_that_cannot_be_read_are_null_and_told(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    query = "{ classes(first: 3) { nodes { sourcedId %s } } }"
    await answered(made, query % "title")
    made.servers["a"].answer_next(500, times=50)
    data, errors, _ = await ask(made, query % "effectiveFrom")
    assert [row["effectiveFrom"] for row in data["classes"]["nodes"]] == [None] * 3
    assert {e["extensions"]["code"] for e in errors} == {"UPSTREAM_FAILING"}


async def test_names_are_shown_as_people_prefer(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    truth = made.servers["a"].district
    person: User = next(u for u in truth.users if u.status == ACTIVE)
    truth.update(person, preferred_first="Bo", preferred_last=None)
    data = await answered(
        made, 'query($id: String!) { user(source: "a", sourcedId: $id) { displayName } }', id=person.id
    )
    assert data["user"]["displayName"] == f"Bo {person.family}"
