"""Checks of the chapter "People"."""

from __future__ import annotations

from gateway.sandbox.truth import ACTIVE, FAMILY_ROLES, User
from tests.cookbook.kitchen import Kitchen, Told, recipe, same

STAFF = {
    *("teacher", "aide", "counselor", "principal", "proctor"),
    *("administrator", "districtAdministrator", "siteAdministrator", "systemAdministrator"),
}


@recipe("Sign-in: who is this, and what do they have today")
async def sign_in(kitchen: Kitchen) -> None:
    told = kitchen.told()
    found = (await kitchen.data())["usersByIdentity"]
    [person] = [u for u in told.active("users") if u.email == kitchen.variables["mail"].lower()]
    taken = {e.class_id for e in told.enrollments() if e.user == person.id}
    assert person.email != kitchen.variables["mail"], "the case does not count"
    assert found["complete"]
    assert found["sources"] == []
    assert same(
        found["nodes"],
        [
            {
                "id": told.id("User", person.id),
                "source": {"key": "springfield", "name": "Springfield Public Schools"},
                "displayName": told.name(person),
                "roleGroup": "STUDENT",
                "enabledUser": person.enabled,
                "samePerson": [],
                "classes": [
                    {"id": told.id("Class", c.id), "title": c.title} for c in told.active("classes") if c.id in taken
                ],
            }
        ],
    )
    assert len(taken) > 2
    nobody = (await kitchen.data(mail="nobody@springfield.example"))["usersByIdentity"]
    assert (nobody["complete"], nobody["nodes"]) == (True, [])
    kitchen.servers["harbor-flats"].down = True
    both = ["springfield", "harbor-flats"]
    unsure = (await kitchen.whole(mail="nobody@springfield.example", sources=both))["data"]["usersByIdentity"]
    assert (unsure["complete"], unsure["nodes"]) == (False, [])


@recipe("One person, several records")
async def records(kitchen: Kitchen) -> None:
    told, person = kitchen.named("person")
    user = (await kitchen.data())["user"]
    assert len(told.server.wire_ids("users", person.id)) == 2
    taught = {e.class_id for e in told.enrollments("teacher") if e.user == person.id}
    assert same(
        user,
        {
            "displayName": told.name(person),
            "role": "TEACHER",
            "classes": [{"title": c.title} for c in told.active("classes") if c.id in taught],
            "samePerson": [
                {"id": f"User:northfield:{other}", "role": "GUARDIAN", "classes": []}
                for other in told.server.wire_ids("users", person.id)
                if not kitchen.variables["person"].endswith(other)
            ],
        },
    )
    assert user["classes"]
    assert len(user["samePerson"]) == 1


@recipe("Somebody by name")
async def by_name(kitchen: Kitchen) -> None:
    told = kitchen.told()
    words = kitchen.variables["words"].split()
    users = (await kitchen.data())["users"]
    [found] = [
        u
        for u in told.truth.users
        if all(any(word in (part or "").lower() for part in (u.given, u.middle, u.family)) for word in words)
    ]
    assert users["complete"]
    assert users["totalCount"] == 1
    assert users["nodes"] == [
        {
            "id": told.id("User", found.id),
            "source": {"key": "springfield"},
            "status": "ACTIVE",
            "displayName": told.name(found),
            "role": told.role(found.role),
            "grades": list(found.grades),
            "email": found.email,
            "enabledUser": found.enabled,
            "orgs": [told.name_of(r.org) for r in found.roles],
        }
    ]
    everywhere = (await kitchen.data(words="moss", sources=None))["users"]
    assert everywhere["complete"]
    assert {n["source"]["key"] for n in everywhere["nodes"]} > {"springfield"}


@recipe("Guardians of the students of a class")
async def families(kitchen: Kitchen) -> None:
    told, found = kitchen.named("class")
    class_ = (await kitchen.data())["class"]
    everybody = told.active("users")

    def family(student: User) -> list[User]:
        return [
            u
            for u in everybody
            if any(map(u.has, FAMILY_ROLES))
            and (u.id in student.agents or student.id in u.agents)
            and u.id != student.id
        ]

    students = told.members(found, "student")
    assert class_["title"] == found.title
    assert same(
        class_["students"],
        [
            {
                "displayName": told.name(student),
                "guardians": [
                    {
                        "id": told.id("User", u.id),
                        "displayName": told.name(u),
                        "role": told.role(u.role),
                        "email": u.email,
                        "phone": u.phone,
                    }
                    for u in family(student)
                ],
            }
            for student in students
        ],
    )
    assert sum(bool(family(s)) for s in students) > 10
    child = next(s for s in everybody if s.has("student") and any(u.role == "teacher" for u in family(s)))
    [homeroom, *_] = [e.class_id for e in told.enrollments("student") if e.user == child.id]
    there = (await kitchen.data(**{"class": told.id("Class", homeroom)}))["class"]["students"]
    [parents] = [s["guardians"] for s in there if s["displayName"] == told.name(child)]
    assert "TEACHER" in {p["role"] for p in parents}


@recipe("Students of a counsellor")
async def counsellor(kitchen: Kitchen) -> None:
    told = kitchen.told()
    mail = kitchen.variables["mail"]
    assert [u.role for u in told.active("users") if u.email == mail] == ["counselor"]
    users = (await kitchen.data())["users"]
    wanted = [u for u in told.active("users") if u.metadata and u.metadata.get("ic.counselor.email") == mail]
    assert users["complete"]
    assert users["totalCount"] == len(wanted) > 5
    assert same(
        users["nodes"],
        [
            {
                "id": told.id("User", u.id),
                "displayName": told.name(u),
                "grades": list(u.grades),
                "metadataValue": mail,
            }
            for u in wanted
        ],
    )
    assert (await kitchen.data(source="northfield"))["users"]["totalCount"] == 0


@recipe("Students who cannot sign in")
async def cannot_sign_in(kitchen: Kitchen) -> None:
    told = kitchen.told()
    users = (await kitchen.data())["users"]
    wanted = [
        u for u in told.active("users") if u.has("student") and (u.username is None or u.email is None or not u.enabled)
    ]
    assert users["complete"]
    assert users["totalCount"] == len(wanted)
    assert same(
        users["nodes"],
        [
            {
                "id": told.id("User", u.id),
                "displayName": told.name(u),
                "username": u.username,
                "email": u.email,
                "enabledUser": u.enabled,
                "grades": list(u.grades),
                "primaryOrg": told.name_of(u.primary_org),
            }
            for u in wanted
        ],
    )
    for reason in ("username", "email", "enabledUser"):
        assert not all(n[reason] for n in users["nodes"])


@recipe("Staff of a school, whatever the version")
async def staff(kitchen: Kitchen) -> None:
    told, school = kitchen.named("school")
    users = (await kitchen.data())["users"]
    wanted = [u for u in told.active("users") if any(r.role in STAFF and r.org == school.id for r in u.roles)]
    assert users["complete"]
    assert users["totalCount"] == len(wanted) > 5
    assert same(
        [{"name": n["displayName"], "email": n["email"], "roles": n["roles"]} for n in users["nodes"]],
        [
            {
                "name": told.name(u),
                "email": u.email,
                "roles": [
                    {
                        "role": told.role(r.role),
                        "roleRaw": told.server.kind.wire.roles.get(r.role, r.role),
                        "org": told.name_of(r.org),
                    }
                    for r in u.roles
                ],
            }
            for u in wanted
        ],
    )
    of_1_1 = kitchen.servers["northfield"]
    aides = [row for row in of_1_1.published("users") if of_1_1.truth_of("users", row["sourcedId"]).role == "aide"]
    assert {row["role"] for row in aides} == {"administrator"}, "or the page warns of what is not so"
    high = next(o for o in of_1_1.district.orgs if any(r.org == o.id for u in _aides(of_1_1) for r in u.roles))
    [there] = of_1_1.wire_ids("orgs", high.id)
    elsewhere = (await kitchen.data(school=f"Org:northfield:{there}"))["users"]
    names = {
        kitchen.told("northfield").name(u)
        for u in _aides(of_1_1)
        if u.username and any(r.org == high.id for r in u.roles)
    }
    assert names
    assert names <= {n["displayName"] for n in elsewhere["nodes"] if n["roleGroup"] == "STAFF"}


def _aides(server: object) -> list[User]:
    users: list[User] = server.district.users  # type: ignore[attr-defined]
    return [u for u in users if u.role == "aide" and u.status == ACTIVE]


@recipe("Students in two schools")
async def two_schools(kitchen: Kitchen) -> None:
    told: Told = kitchen.told()
    users = (await kitchen.data())["users"]
    wanted = [u for u in told.active("users") if len({r.org for r in u.roles}) > 1]
    assert users["complete"]
    assert users["totalCount"] == len(wanted) > 2
    assert same(
        [
            {"name": n["displayName"], "primaryOrg": n["primaryOrg"], "orgs": [r["org"] for r in n["roles"]]}
            for n in users["nodes"]
        ],
        [
            {
                "name": told.name(u),
                "primaryOrg": told.name_of(u.primary_org),
                "orgs": [told.name_of(r.org) for r in u.roles],
            }
            for u in wanted
        ],
    )
    assert {"STUDENT", "TEACHER"} <= {n["role"] for n in users["nodes"]}
