"""Checks of the chapter "Gradebook and materials"."""

from __future__ import annotations

from datetime import datetime

from gateway.sandbox.truth import LineItem, Result
from tests.cookbook.kitchen import Json, Kitchen, Told, constant, recipe, same


def instant(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def category(told: Told, item: LineItem) -> Json:
    return {"title": next(c.title for c in told.truth.categories if c.id == item.category)}


def status(result: Result) -> str:
    return result.score_status.upper().replace(" ", "_")


@recipe("Gradebook of a class")
async def book(kitchen: Kitchen) -> None:
    told, found = kitchen.named("class")
    class_ = (await kitchen.data())["class"]
    items = [i for i in told.active("lineItems") if i.class_id == found.id]
    results = told.active("results")
    assert class_["title"] == found.title
    assert class_["lineItems"]["complete"]
    nodes = class_["lineItems"]["nodes"]
    assert same(
        [{**n, "dueDate": instant(n["dueDate"])} for n in nodes],
        [
            {
                "title": i.title,
                "dueDate": instant(i.due),
                "category": category(told, i),
                "resultValueMax": i.most,
                "results": [
                    {
                        "scoreStatus": status(r),
                        # OneRoster 1.1 must send a score, and has no member for the three below
                        "score": r.score or 0.0,
                        "textScore": None,
                        "late": None,
                        "missing": None,
                        "studentRef": {"id": told.id("User", r.student)},
                    }
                    for r in results
                    if r.line_item == i.id
                ],
            }
            for i in items
        ],
    )
    assert [n["dueDate"] for n in nodes] == sorted(n["dueDate"] for n in nodes)
    assert all(n["results"] for n in nodes)
    assert len(nodes) > 1
    [without] = [c for c in kitchen.told("harbor-flats").active("classes") if c.id == "c-17"]
    answer = await kitchen.whole(**{"class": kitchen.told("harbor-flats").id("Class", without.id)})
    assert answer["data"]["class"] == {"title": without.title, "lineItems": None}


@recipe("Marks of one student")
async def marks(kitchen: Kitchen) -> None:
    told, student = kitchen.named("student")
    user = (await kitchen.data())["user"]
    items = {i.id: i for i in told.truth.line_items}
    mine = [r for r in told.active("results") if r.student == student.id]
    assert user["displayName"] == told.name(student)
    assert user["results"]["complete"]
    assert user["results"]["totalCount"] == len(mine) > 3
    nodes = user["results"]["nodes"]
    assert same(
        nodes,
        [
            {
                "scoreDate": r.day.isoformat(),
                "scoreStatus": status(r),
                "score": r.score or 0.0,
                "textScore": None,
                "comment": r.comment,
                "lineItem": {
                    "title": items[r.line_item].title,
                    "resultValueMax": items[r.line_item].most,
                    "class": {"title": told.truth.class_(items[r.line_item].class_id).title},
                },
            }
            for r in mine
        ],
    )
    days = [n["scoreDate"] for n in nodes]
    assert days == sorted(days, reverse=True)


@recipe("Work that is due")
async def due(kitchen: Kitchen) -> None:
    told = kitchen.told("pine-valley")
    start, end = (instant(kitchen.variables[v]) for v in ("from", "to"))
    found = (await kitchen.data())["lineItems"]
    wanted = [i for i in told.active("lineItems") if start <= instant(i.due) < end]
    assert found["complete"]
    assert found["totalCount"] == len(wanted) > 5
    assert len(wanted) < len(told.active("lineItems")), "else the days would not matter"
    classes = {c.id: c for c in told.truth.classes}
    assert same(
        [{**n, "dueDate": instant(n["dueDate"]), "assignDate": instant(n["assignDate"])} for n in found["nodes"]],
        [
            {
                "title": i.title,
                "assignDate": instant(i.assigned),
                "dueDate": instant(i.due),
                "category": category(told, i),
                "class": {"title": classes[i.class_id].title, "school": told.name_of(classes[i.class_id].school)},
            }
            for i in wanted
        ],
    )
    assert [n["dueDate"] for n in found["nodes"]] == sorted(n["dueDate"] for n in found["nodes"])


@recipe("What a class learns with")
async def materials(kitchen: Kitchen) -> None:
    told, found = kitchen.named("class")
    class_ = (await kitchen.data())["class"]
    known = {r.id: r for r in told.truth.resources}
    course = told.truth.course(found.course)
    assert same(
        class_,
        {
            "title": found.title,
            "resources": [
                {
                    "id": told.id("Resource", r.id),
                    "title": r.title,
                    "importance": r.importance and constant(r.importance),
                    "vendorId": r.vendor,
                    "vendorResourceId": r.vendor_resource,
                    "applicationId": r.application,
                    "roles": [constant(role) for role in r.roles],
                }
                for r in map(known.__getitem__, found.resources)
            ],
            "course": {
                "title": course.title,
                "resources": [{"id": told.id("Resource", r), "title": known[r].title} for r in course.resources],
            },
        },
    )
    assert len(class_["resources"]) > 1
