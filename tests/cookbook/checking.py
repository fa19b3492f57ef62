"""Checks of the chapter "What is wrong with the data"."""

from __future__ import annotations

from tests.cookbook.kitchen import Kitchen, ordered, recipe, same


@recipe("Classes without a teacher, students without a class")
async def gaps(kitchen: Kitchen) -> None:
    told = kitchen.told()
    truth = told.truth
    taught = told.current(told.active("classes"))
    student = next(u for u in told.active("users") if u.role == "student")
    for enrollment in list(truth.enrollments):
        of_teacher = enrollment.class_id == taught[3].id and enrollment.role == "teacher"
        if of_teacher or enrollment.user == student.id:
            truth.update(enrollment, status="tobedeleted")
    data = await kitchen.data()
    without = [c for c in taught if c.id not in {e.class_id for e in told.enrollments("teacher")}]
    assert data["orphanClasses"]["complete"]
    assert data["orphanClasses"]["totalCount"] == len(without)
    assert taught[3] in without
    assert same(
        data["orphanClasses"]["nodes"],
        [
            {
                "title": c.title,
                "school": told.name_of(c.school),
                "studentCount": len({e.user for e in told.enrollments("student") if e.class_id == c.id}),
            }
            for c in without
        ],
    )
    busy = {e.user for e in told.enrollments()}
    idle = [u for u in told.active("users") if u.has("student") and u.id not in busy]
    assert data["idle"]["complete"]
    assert data["idle"]["totalCount"] == len(idle)
    assert student in idle
    assert same(
        data["idle"]["nodes"],
        [
            {"displayName": told.name(u), "grades": list(u.grades), "primaryOrg": told.name_of(u.primary_org)}
            for u in idle
        ],
    )


@recipe("Classes with several teachers")
async def co_teachers(kitchen: Kitchen) -> None:
    told = kitchen.told()
    classes = (await kitchen.data())["classes"]
    enrolled = {c.id: [e for e in told.enrollments("teacher") if e.class_id == c.id] for c in told.active("classes")}
    wanted = [c for c in told.active("classes") if len(enrolled[c.id]) > 1]
    assert classes["complete"]
    assert classes["totalCount"] == len(wanted) > 1
    assert same(
        classes["nodes"],
        [
            {
                "title": c.title,
                "primaryTeacher": (t := told.primary(c)) and {"displayName": told.name(t)},
                "enrollments": [
                    {"primary": e.primary, "user": {"displayName": told.name(told.truth.user(e.user))}}
                    for e in enrolled[c.id]
                ],
            }
            for c in wanted
        ],
    )
    assert ordered([c["title"] for c in classes["nodes"]])


@recipe("Enrollments of what is not there")
async def dangling(kitchen: Kitchen) -> None:
    told = kitchen.told()
    answer = await kitchen.whole()
    [stray] = [
        row
        for row in told.server.published("enrollments")
        if not told.server.publication.has("classes", row["class"]["sourcedId"])
    ]
    found = answer["data"]["enrollments"]
    user, school = stray["user"]["sourcedId"], stray["school"]["sourcedId"]
    assert found == {
        "totalCount": 1,
        "complete": True,
        "nodes": [
            {
                "sourcedId": stray["sourcedId"],
                "role": "STUDENT",
                "userRef": {"sourcedId": user},
                "user": {"id": f"User:springfield:{user}"},
                "classRef": {"sourcedId": stray["class"]["sourcedId"]},
                "class": None,
                "schoolRef": {"sourcedId": school},
                "school": {"id": f"Org:springfield:{school}"},
            }
        ],
    }
    [error] = answer["errors"]
    assert error["path"] == ["enrollments", "nodes", 0, "class"]
    assert error["extensions"]["code"] == "DANGLING_REFERENCE"


@recipe("How old is what I see")
async def copies(kitchen: Kitchen) -> None:
    before = (await kitchen.data())["source"]
    assert kitchen.all_requests() == 0
    assert {c["asOf"] for c in before["collections"]} == {None}
    await kitchen.ask('{ orgs(sources: ["springfield"], first: 1000, status: null) { totalCount } }')
    asked = kitchen.requests()
    after = (await kitchen.data())["source"]
    assert kitchen.requests() == asked
    assert (after["name"], after["state"], after["lastError"]) == ("Springfield Public Schools", "FRESH", None)
    [orgs] = [c for c in after["collections"] if c["type"] == "ORG"]
    assert orgs["rows"] == len(kitchen.told().truth.orgs)
    assert (orgs["rejected"], orgs["supported"], orgs["state"]) == (0, True, "FRESH")
    assert orgs["asOf"] == orgs["lastFullScanAt"] <= orgs["nextRefreshAt"]
