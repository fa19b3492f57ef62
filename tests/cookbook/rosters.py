"""Checks of the chapter "Rosters"."""

from __future__ import annotations

from datetime import date

from gateway.sandbox.truth import Class, User
from tests.cookbook.kitchen import DAY, Json, Kitchen, Told, ordered, recipe, same
from tests.gateway.test_schema_days import iso, of_enrollment


def _named(told: Told, people: list[User]) -> list[Json]:
    return [{"id": told.id("User", u.id), "displayName": told.name(u)} for u in people]


def _shown(told: Told, person: User | None) -> Json | None:
    return None if person is None else {"displayName": told.name(person)}


@recipe("Rosters of one school, today")
async def rosters(kitchen: Kitchen) -> None:
    told, school = kitchen.named("school")
    org = (await kitchen.data())["org"]
    requests = kitchen.requests()
    taught = told.current([c for c in told.active("classes") if c.school == school.id])
    expected = {
        "name": school.name,
        "classes": {
            "complete": True,
            "pageInfo": {"hasNextPage": False, "endCursor": org["classes"]["pageInfo"]["endCursor"]},
            "nodes": [
                {
                    "id": told.id("Class", c.id),
                    "title": c.title,
                    "periods": list(c.periods),
                    "teachers": _named(told, told.members(c, "teacher")),
                    "students": [
                        {"id": told.id("User", u.id), "displayName": told.name(u), "grades": list(u.grades)}
                        for u in told.members(c, "student")
                    ],
                }
                for c in taught
            ],
        },
    }
    assert same(org, expected)
    assert len(taught) > 10
    assert all(n["students"] for n in org["classes"]["nodes"])
    assert ordered([n["title"] for n in org["classes"]["nodes"]])
    assert requests <= 8, "a school's rosters take a handful of requests, not some for each class"
    await kitchen.data()
    assert kitchen.requests() == requests, "what was read serves again"


@recipe("A student's day")
async def timetable(kitchen: Kitchen) -> None:
    told, student = kitchen.named("student")
    user = (await kitchen.data())["user"]
    taken = {e.class_id for e in told.enrollments("student") if e.user == student.id}
    assert same(
        user,
        {
            "displayName": told.name(student),
            "grades": list(student.grades),
            "primaryOrg": told.name_of(student.primary_org),
            "classes": [
                {
                    "title": c.title,
                    "periods": list(c.periods),
                    "location": c.location,
                    "primaryTeacher": (t := told.primary(c)) and {"displayName": told.name(t), "email": t.email},
                }
                for c in told.active("classes")
                if c.id in taken
            ],
        },
    )
    assert len(user["classes"]) > 3


@recipe("Who teaches what")
async def teachers(kitchen: Kitchen) -> None:
    told, school = kitchen.named("school")
    users = (await kitchen.data())["users"]
    here = [u for u in told.active("users") if any(r.role == "teacher" and r.org == school.id for r in u.roles)]

    def taught(person: User) -> list[Class]:
        ids = {e.class_id for e in told.enrollments("teacher") if e.user == person.id}
        return [c for c in told.active("classes") if c.id in ids]

    assert users["complete"]
    assert same(
        users["nodes"],
        [
            {
                "displayName": told.name(u),
                "email": u.email,
                "classes": [
                    {
                        "id": told.id("Class", c.id),
                        "title": c.title,
                        "studentCount": len({e.user for e in told.enrollments("student") if e.class_id == c.id}),
                        "course": c.course and {"title": told.truth.course(c.course).title},
                    }
                    for c in taught(u)
                ],
            }
            for u in here
        ],
    )
    assert len(here) > 2
    elsewhere = {c.school for u in here for c in taught(u)} - {school.id}
    assert elsewhere, "one of them travels, which the page warns of"


@recipe("Classes of a subject and grade")
async def subject(kitchen: Kitchen) -> None:
    told = kitchen.told()
    classes = (await kitchen.data())["classes"]
    wanted = [
        c
        for c in told.current(told.active("classes"))
        if kitchen.variables["subject"] in c.subjects and not {*kitchen.variables["grades"]}.isdisjoint(c.grades)
    ]
    assert classes["complete"]
    assert classes["totalCount"] == len(wanted) > 1
    assert same(
        classes["nodes"],
        [
            {
                "id": told.id("Class", c.id),
                "title": c.title,
                "subjects": list(c.subjects),
                "subjectCodes": list(c.subject_codes),
                "grades": list(c.grades),
                "course": {"courseCode": told.truth.course(c.course).code},
                "school": told.name_of(c.school),
                "primaryTeacher": _shown(told, told.primary(c)),
            }
            for c in wanted
        ],
    )
    assert ordered([c["title"] for c in classes["nodes"]])
    assert (await kitchen.data(grades=["9"]))["classes"]["totalCount"] == 0, "9 is not 09"


@recipe("Homerooms and their teachers")
async def homerooms(kitchen: Kitchen) -> None:
    told, school = kitchen.named("school")
    org = (await kitchen.data())["org"]
    rooms = [c for c in told.current(told.active("classes")) if c.school == school.id and c.type == "homeroom"]
    assert org["name"] == school.name
    assert org["classes"]["complete"]
    assert same(
        org["classes"]["nodes"],
        [
            {
                "title": c.title,
                "location": c.location,
                "primaryTeacher": _shown(told, told.primary(c)),
                "studentCount": len({e.user for e in told.enrollments("student") if e.class_id == c.id}),
                "students": [{"displayName": told.name(u)} for u in told.members(c, "student")],
            }
            for c in rooms
        ],
    )
    assert len(rooms) > 1


@recipe("Who was in a class on a day")
async def roster_on(kitchen: Kitchen) -> None:
    told, found = kitchen.named("class")
    day = date.fromisoformat(kitchen.variables["day"])
    class_ = (await kitchen.data())["class"]
    then, now = told.members(found, "student", day), told.members(found, "student", DAY)
    assert class_["title"] == found.title
    assert class_["studentCount"] == len({e.user for e in told.enrollments("student", day) if e.class_id == found.id})
    assert same(class_["students"], _named(told, then))
    assert same(class_["teachers"], _named(told, told.members(found, "teacher", day)))
    assert {u.id for u in then} != {u.id for u in now}, "else the day would not matter"
    today = (await kitchen.data(day=DAY.isoformat()))["class"]
    assert same(today["students"], _named(told, now))
    assert same(
        [
            {"from": e["effectiveFrom"], "to": e["effectiveTo"], "user": e["userRef"]["id"]}
            for e in class_["enrollments"]
        ],
        [
            {"from": iso(span[0]), "to": iso(span[1]), "user": told.id("User", e.user)}
            for e in told.truth.enrollments_in(found.id)
            if e.role == "student"
            for span in [of_enrollment(told.truth, e)]
        ],
    )


@recipe("Courses and their sections")
async def catalogue(kitchen: Kitchen) -> None:
    told = kitchen.told()
    courses = (await kitchen.data())["courses"]
    wanted = told.active("courses")
    assert courses["complete"]
    assert courses["totalCount"] == len(wanted) == len(courses["nodes"])
    assert ordered([c["courseCode"] for c in courses["nodes"]])
    by_code = {c["courseCode"]: c for c in courses["nodes"]}
    some = 0
    for course in wanted:
        sections = told.current([c for c in told.active("classes") if c.course == course.id])
        node = by_code[course.code]
        assert (node["title"], node["subjects"], node["grades"]) == (
            course.title,
            list(course.subjects),
            list(course.grades),
        )
        assert node["classes"]["totalCount"] == len(sections)
        all_of_them = [{"title": c.title, "school": told.name_of(c.school)} for c in sections]
        assert len(node["classes"]["nodes"]) == min(5, len(sections))
        assert all(shown in all_of_them for shown in node["classes"]["nodes"])
        some += bool(sections)
    assert some > 5


@recipe("Students who are about to join or leave")
async def moves(kitchen: Kitchen) -> None:
    told = kitchen.told()
    data = await kitchen.data()
    start, end = (date.fromisoformat(kitchen.variables[v]) for v in ("from", "to"))
    of_students = [e for e in told.active("enrollments") if e.role == "student"]
    joining = [e for e in of_students if e.first_day and start <= e.first_day <= end]
    assert data["joining"]["complete"]
    assert data["joining"]["totalCount"] == len(joining) > 0
    assert same(
        data["joining"]["nodes"],
        [
            {
                "beginDate": iso(e.first_day),
                "user": {"displayName": told.name(told.truth.user(e.user))},
                "class": {"title": told.truth.class_(e.class_id).title},
            }
            for e in joining
        ],
    )
    leaving = [e for e in told.truth.enrollments if e.role == "student" and e.last_day and start <= e.last_day <= end]
    assert data["leaving"]["complete"]
    assert data["leaving"]["totalCount"] == len(leaving) > 0
    assert same(
        [(n["effectiveTo"], n["user"]["displayName"]) for n in data["leaving"]["nodes"]],
        [(iso(e.last_day), told.name(told.truth.user(e.user))) for e in leaving],
    )
    assert ordered([n["endDate"] for n in data["leaving"]["nodes"]])
