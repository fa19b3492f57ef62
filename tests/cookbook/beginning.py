"""Checks of the chapter "To begin with"."""

from __future__ import annotations

from gateway.sandbox.demo import DEMO
from tests.cookbook.kitchen import DAY, Kitchen, constant, in_use, ordered, recipe, same
from tests.gateway.test_schema_days import covers


@recipe("People, their classes and courses")
async def people(kitchen: Kitchen) -> None:
    users = (await kitchen.data())["users"]
    assert users["complete"]
    assert users["sources"] == []
    students = {
        key: [row for row in server.published("users") if in_use(row) and _is_student(row)]
        for key, server in kitchen.servers.items()
    }
    assert users["totalCount"] == sum(map(len, students.values()))
    first = sorted(students["alder-academy"], key=lambda row: str(row["sourcedId"]))[:10]
    assert {n["source"]["key"] for n in users["nodes"]} == {"alder-academy"}
    assert [n["grades"] for n in users["nodes"]] == [[_code(g) for g in row["grades"]] for row in first]
    server = kitchen.servers["alder-academy"]
    titles = {c["sourcedId"]: c["title"] for c in server.published("classes")}
    for node, row in zip(users["nodes"], first, strict=True):
        mine = [
            titles[e["class"]["sourcedId"]]
            for e in server.published("enrollments")
            if e["user"]["sourcedId"] == row["sourcedId"] and in_use(e)
        ]
        assert sorted(e["class"]["title"] for e in node["enrollments"]) == sorted(mine)
        assert all(e["class"]["course"] for e in node["enrollments"] if "Homeroom" not in e["class"]["title"])


def _is_student(row: dict[str, object]) -> bool:
    roles = row.get("roles")
    return any(r["role"] == "student" for r in roles) if isinstance(roles, list) else row.get("role") == "student"


@recipe("The sources")
async def sources(kitchen: Kitchen) -> None:
    found = (await kitchen.data())["sources"]
    assert found["totalCount"] == len(DEMO)
    assert {n["key"]: (n["name"], n["district"], n["labels"], n["timezone"], n["state"]) for n in found["nodes"]} == {
        d.key: (d.name, d.district, list(d.labels), d.timezone, "FRESH") for d in DEMO
    }
    assert kitchen.all_requests() == 0


@recipe("Schools of a district, to map them to yours")
async def schools(kitchen: Kitchen) -> None:
    told = kitchen.told()
    orgs = (await kitchen.data())["orgs"]
    assert orgs["complete"]
    assert same(
        orgs["nodes"],
        [
            {
                "id": told.id("Org", o.id),
                "sourcedId": told.sourced_id("Org", o.id),
                "name": o.name,
                "identifier": o.identifier,
                "parent": {"name": told.truth.district_org.name, "type": "DISTRICT"},
            }
            for o in told.active("orgs")
            if o.type == "school"
        ],
    )
    assert len(orgs["nodes"]) == 2
    assert ordered([o["name"] for o in orgs["nodes"]])


@recipe("Which term each district is in")
async def terms(kitchen: Kitchen) -> None:
    found = {n["key"]: n["currentSession"] for n in (await kitchen.data())["sources"]["nodes"]}
    assert set(found) == set(kitchen.servers)
    for key, server in kitchen.servers.items():
        known = [
            (row, s)
            for row in server.published("academicSessions")
            for s in [server.truth_of("academicSessions", row["sourcedId"])]
            if row["type"] == "term" and in_use(row) and covers((s.first_day, s.last_day), DAY)
        ]
        assert found[key] == (
            {
                "id": f"AcademicSession:{key}:{known[0][0]['sourcedId']}",
                "title": known[0][0]["title"],
                "startDate": known[0][1].first_day.isoformat(),
                "lastDay": known[0][1].last_day.isoformat(),
            }
            if known
            else None
        )
    assert sum(term is not None for term in found.values()) > 3


@recipe("Terms and grading periods of today")
async def calendar(kitchen: Kitchen) -> None:
    told = kitchen.told()
    sessions = (await kitchen.data())["academicSessions"]
    assert sessions["complete"]
    now = [s for s in told.truth.sessions if covers((s.first_day, s.last_day), DAY)]
    expected = [
        {
            "id": told.id("AcademicSession", s.id),
            "title": s.title,
            "type": constant(s.type),
            "schoolYear": str(s.school_year),
            "startDate": s.first_day.isoformat(),
            "lastDay": s.last_day.isoformat(),
            "parent": {"title": told.truth.session(s.parent).title} if s.parent else None,
        }
        for s in sorted(now, key=lambda s: (s.first_day, -s.last_day.toordinal()))
    ]
    assert sessions["nodes"] == expected
    assert [s["type"] for s in expected] == ["SCHOOL_YEAR", "TERM", "GRADING_PERIOD"]


def _code(grade: str) -> str:
    """The CEDS code; the system of this district leaves the zero out."""
    return grade.zfill(2) if grade != "0" else grade
