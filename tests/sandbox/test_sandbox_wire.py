"""What each product's records look like, and how they stand to the truth."""

import re
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from gateway.sandbox.district import generate
from gateway.sandbox.kinds import KINDS
from gateway.sandbox.server import Server, make_server
from gateway.sandbox.truth import District

GUID = re.compile(r"[0-9A-F]{8}-([0-9A-F]{4}-){3}[0-9A-F]{12}")


@pytest.fixture(scope="module")
def made() -> District:
    return generate(8, 120)


@pytest.fixture
def serve(made: District) -> Any:
    return lambda kind, **options: make_server(kind, made, **options)


@pytest.mark.parametrize("kind", list(KINDS))
def test_references_lead_to_published_records(serve: Any, kind: str) -> None:
    """But for the one dangling enrollment, and people that a product does not publish."""
    server: Server = serve(kind)
    users = {row["sourcedId"] for row in server.published("users")}
    classes = {row["sourcedId"] for row in server.published("classes")}
    orgs = {row["sourcedId"] for row in server.published("orgs")}
    enrollments = server.published("enrollments")
    assert sum(row["class"]["sourcedId"] not in classes for row in enrollments) == 1
    assert all(row["school"]["sourcedId"] in orgs for row in enrollments)
    hidden = [row for row in enrollments if row["user"]["sourcedId"] not in users]
    assert not hidden or kind == "infinite-campus-1.1"  # people without username


@pytest.mark.parametrize("kind", list(KINDS))
def test_ids_are_unique_and_lead_back_to_the_truth(serve: Any, kind: str) -> None:
    server: Server = serve(kind)
    for collection in ("users", "classes", "enrollments", "courses", "orgs"):
        ids = [row["sourcedId"] for row in server.published(collection)]
        assert Counter(ids).most_common(1)[0][1] == 1
        assert ids[-1] in server.wire_ids(collection, server.truth_of(collection, ids[-1]).id)


def test_1_1_users_have_one_role_and_orgs_and_1_2_users_have_roles(serve: Any, made: District) -> None:
    both = next(user for user in made.users if user.has("teacher") and user.has("parent"))
    old = next(row for row in serve("standard-1.1").published("users") if row["sourcedId"] == both.id)
    new = next(row for row in serve("standard-1.2").published("users") if row["sourcedId"] == both.id)
    assert old["role"] == "teacher"
    assert "roles" not in old
    assert isinstance(old["enabledUser"], bool)
    assert [(role["role"], role["roleType"]) for role in new["roles"]] == [
        ("teacher", "primary"),
        ("parent", "secondary"),
    ]
    assert "role" not in new
    assert new["enabledUser"] in ("true", "false")
    assert {row["role"] for row in serve("standard-1.1").published("users")} <= {
        "administrator", "aide", "guardian", "parent", "proctor", "relative", "student", "teacher",
    }  # fmt: skip


def test_end_dates_are_exclusive_unless_asked_for_otherwise(serve: Any, made: District) -> None:
    year = made.sessions[0]
    row = serve("standard-1.2").published("academicSessions")[0]
    assert row["startDate"] == year.first_day.isoformat()
    assert row["endDate"] == (year.last_day + timedelta(1)).isoformat()
    told = serve("standard-1.1", inclusive_end=True).published("academicSessions")[0]
    assert told["endDate"] == year.last_day.isoformat()


def test_infinite_campus_1_1_has_a_record_per_role(serve: Any, made: District) -> None:
    server: Server = serve("infinite-campus-1.1")
    users = server.published("users")
    both = next(user for user in made.users if user.has("teacher") and user.has("parent"))
    ids = server.wire_ids("users", both.id)
    assert [one[0] for one in ids] == ["t", "g"]
    assert len({one[1:] for one in ids}) == 1
    assert any(row["sourcedId"].startswith("s+") for row in users)
    assert all(row["username"] for row in users)
    assert all(server.truth_of("users", row["sourcedId"]).username for row in users)
    assert {row["role"] for row in users} == {"student", "teacher", "administrator", "guardian", "relative"}
    aide = made.users_with("aide")[0]
    assert (
        next(row for row in users if row["sourcedId"] in server.wire_ids("users", aide.id))["role"] == "administrator"
    )
    assert all(GUID.fullmatch(row["sourcedId"]) for row in server.published("demographics"))


@pytest.mark.parametrize("kind", ["infinite-campus-1.1", "infinite-campus-1.2"])
def test_infinite_campus_marks_ended_students_in_mixed_case(serve: Any, made: District, kind: str) -> None:
    server: Server = serve(kind)
    ended = [e for e in made.enrollments if e.role == "student" and e.last_day and e.last_day < made.today]
    assert ended
    marked = {r["sourcedId"] for r in server.published("enrollments") if r["status"] == "ToBeDeleted"}
    assert {one for e in ended for one in server.wire_ids("enrollments", e.id)} <= marked


def test_infinite_campus_1_2_merges_people_and_keeps_the_legacy_id(serve: Any, made: District) -> None:
    old, new = serve("infinite-campus-1.1"), serve("infinite-campus-1.2")
    for user in made.users:
        (merged,) = new.wire_ids("users", user.id)
        assert GUID.fullmatch(merged)
        row = next(row for row in new.published("users") if row["sourcedId"] == merged)
        for legacy in old.wire_ids("users", user.id):
            assert legacy.lstrip("satgr+") == row["metadata"]["ic.legacysourceId"]
    assert any("username" not in row for row in new.published("users"))


def test_classlink_leaks_passwords_and_strays(serve: Any) -> None:
    server: Server = serve("classlink")
    assert all(row["password"] for row in server.published("users"))
    assert all(row["classCode"] == "" and row["periods"] == [] for row in server.published("classes"))
    assert any("orgs" in row and "org" not in row for row in server.published("courses"))


@pytest.mark.anyio
async def test_a_classlink_class_lists_a_teacher_among_its_students(connect: Any) -> None:
    reach = connect("classlink")
    roles = {row["role"] for row in await reach.rows("/classes/c-2/students")}
    assert roles == {"student", "teacher"}


def test_xporter_serves_one_school_in_its_own_spelling(serve: Any, made: District) -> None:
    for school in [org for org in made.schools if org.status == "active"]:
        server: Server = serve("xporter", school=school.id)
        assert [row["sourcedId"] for row in server.published("orgs")] == [school.id]
        users = server.published("users")
        assert all(row["orgSourcedIds"] == [school.id] and "orgs" not in row for row in users)
        assert all(
            row["grades"][0] == row["grades"][0].lstrip("0") or row["grades"] == ["0"]
            for row in users
            if "grades" in row
        )
        taught = server.published("classes")
        assert {row["school"]["sourceID"] for row in taught} == {school.id}
        assert all("sourcedId" not in term for row in taught for term in row["terms"])
        people = {user.id for user in made.users_of_school(school.id)}
        assert people <= {row["sourcedId"] for row in users}
    assert any(row["status"] == "tobedeleted" for row in users)


def test_alpha_writes_terms_courses_and_org_its_own_way(serve: Any) -> None:
    server: Server = serve("alpha")
    terms = {row["sourcedId"] for row in server.published("terms")}
    assert terms
    taught = server.published("classes")
    assert all("school" not in row and "org" in row for row in taught)
    assert all(term["sourcedId"] in terms for row in taught for term in row["terms"])
    assert any(row["terms"] == [] for row in taught)
    assert any("course" in row for row in server.published("enrollments"))
    assert {"status" in row for row in server.published("users")} == {True, False}
    assert all("roleType" not in role for row in server.published("users") for role in row["roles"])


def test_timeback_sends_nulls_numbers_and_the_older_roles(serve: Any) -> None:
    server: Server = serve("timeback")
    assert all(isinstance(row["schoolYear"], int) and row["org"] for row in server.published("academicSessions"))
    users = server.published("users")
    assert any(row["email"] is None for row in users)
    assert "administrator" in {role["role"] for row in users for role in row["roles"]}
    assert any("name" in row["user"] for row in server.published("enrollments"))


def test_skyward_prefixes_types_and_lets_guardians_tell_the_links(serve: Any) -> None:
    server: Server = serve("skyward")
    users = server.published("users")
    assert {row["sourcedId"].partition("_")[0] for row in users} == {"Student", "Teacher", "Guardian", "Staff"}
    assert all(row["sourcedId"].startswith("Entity_") for row in server.published("orgs"))
    assert not [row for row in users if row["role"] == "student" and "agents" in row]
    assert any(row.get("agents") for row in users if row["sourcedId"].startswith("Guardian_"))
    assert any(row["givenName"] == row["familyName"] == "" for row in users)
    assert any("identifier" not in row for row in users if row["sourcedId"].startswith("Teacher_"))
    students = {row["sourcedId"] for row in server.published("students")}
    assert not {row["sourcedId"] for row in server.published("demographics")} <= students


def test_powerschool_pads_ids_and_sends_nulls(serve: Any) -> None:
    users = serve("powerschool").published("users")
    assert any(row["sourcedId"] != row["sourcedId"].strip() for row in users)
    assert any(row["email"] is None for row in users)
    assert any(row["agents"] is None for row in users)


def test_aeries_has_its_district_zero_and_hrefs_that_lead_nowhere(serve: Any, made: District) -> None:
    server: Server = serve("aeries")
    top = next(row for row in server.published("orgs") if row["type"] == "district")
    assert (top["sourcedId"], top["identifier"], top["parent"], top["metadata"]) == ("0", None, None, None)
    assert all(ref["href"].startswith("~/ims/oneroster/v1p1/orgs/") for ref in top["children"])
    assert {row["type"] for row in server.published("academicSessions")} == {"term"}
    there = {server.truth_of("users", row["sourcedId"]).id for row in server.published("students")}
    assert there == {user.id for user in made.users_with("student") if made.has_current_class(user.id)}


def test_ed_fi_shows_only_active_records_and_a_user_per_school(serve: Any, made: District) -> None:
    server: Server = serve("ed-fi")
    for collection in ("orgs", "users", "classes", "enrollments", "demographics"):
        assert {row["status"] for row in server.published(collection)} == {"active"}
    users = server.published("users")
    assert all(re.fullmatch("[0-9a-f]{32}", row["sourcedId"]) for row in users)
    pupil = next(u for u in made.users_with("student") if len(u.roles) == 2 and u.status == "active")
    ids = server.wire_ids("users", pupil.id)
    assert len(ids) == 2
    assert set(ids) <= {row["sourcedId"] for row in server.published("demographics")}
    assert any(row.get("agentSourceIds") for row in users)
    assert not [row for row in users if "agents" in row]
    assert not [row for row in users if None in row.values()]
