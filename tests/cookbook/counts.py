"""Checks of the chapter "Counts"."""

from __future__ import annotations

from collections import Counter
from typing import Any

from gateway.sandbox.demo import DEMO
from tests.cookbook.kitchen import Json, Kitchen, recipe, settled

FEWEST = 10
MIDWEST = [d.key for d in DEMO if "midwest" in d.labels]


def counted(groups: list[Json]) -> dict[tuple[Any, ...], int]:
    """What is told by itself."""
    return {tuple(k["value"] for k in g["keys"]): g["count"] for g in groups if not g.get("suppressed")}


@recipe("Students per school and grade")
async def grid(kitchen: Kitchen) -> None:
    told = kitchen.told()
    users = (await kitchen.data())["users"]
    students = [u for u in told.active("users") if u.has("student")]
    cells = Counter(
        (told.id("Org", org), grade)
        for u in students
        for org in {r.org for r in u.roles if r.role == "student"}
        for grade in u.grades
    )
    assert users["complete"]
    assert users["totalCount"] == len(students)
    found = counted(users["groups"])
    assert {cell: n for cell, n in cells.items() if n >= FEWEST}.items() >= found.items()
    assert len(found) >= 4
    assert [g["count"] for g in users["groups"] if g["suppressed"]] == [
        sum(n for cell, n in cells.items() if cell not in found)
    ]
    names = {k["record"]["name"] for g in users["groups"] for k in g["keys"] if k["name"] == "ORG" and k["record"]}
    assert names == {o.name for o in told.active("orgs") if told.id("Org", o.id) in {cell[0] for cell in found}}


@recipe("One report over all districts, partial is fine")
async def report(kitchen: Kitchen) -> None:
    nothing = (await kitchen.data())["classes"]
    assert (nothing["totalCount"], nothing["complete"], nothing["groups"]) == (None, False, None)
    assert {s["source"]["key"]: s["state"] for s in nothing["sources"]} == dict.fromkeys(MIDWEST, "SKIPPED")
    assert kitchen.all_requests() == 0
    for key in MIDWEST:
        await kitchen.ask(
            """mutation ($key: ID!) { refreshSource(
                 input: { source: $key, collections: [CLASS, ACADEMIC_SESSION, COURSE], full: true }
               ) { userErrors { code } } }""",
            key=key,
        )
        await settled(kitchen, key)
    asked = kitchen.all_requests()
    classes = (await kitchen.data())["classes"]
    assert kitchen.all_requests() == asked
    taught = {key: len(kitchen.told(key).current(kitchen.told(key).active("classes"))) for key in MIDWEST}
    assert classes["complete"]
    assert classes["sources"] == []
    assert classes["totalCount"] == sum(taught.values())
    assert counted(classes["groups"]) == {(key,): n for key, n in taught.items()}


@recipe("Who comes and goes, month by month")
async def months(kitchen: Kitchen) -> None:
    told = kitchen.told()
    found = (await kitchen.data())["enrollments"]
    rows = [
        row
        for row in told.server.published("enrollments")
        if row["role"] == "student" and row["status"].lower() == "active"
    ]
    assert found["complete"]
    assert found["totalCount"] == len(rows)
    for field, told_groups in (("beginDate", found["beginning"]), ("endDate", found["ending"])):
        truth = Counter((row.get(field) and row[field][:7],) for row in rows)
        assert counted(told_groups).items() <= truth.items()
        assert sum(g["count"] for g in told_groups) == len(rows)
    assert ("2026-08",) in counted(found["beginning"])
