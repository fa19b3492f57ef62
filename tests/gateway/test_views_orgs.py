"""S04, an organisation filter through every relation and path: a client that may read one school is answered as if the
source had never had the others, whichever way it asks and whatever is held.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from adapters.endpoints import Collection
from gateway.access.grant import EVERYTHING, Access, Grant
from gateway.identity import global_id
from gateway.sandbox.scope import copy_of
from gateway.sandbox.server import make_server
from gateway.sandbox.truth import Affiliation, District
from gateway.schema import SCHEMA
from gateway.schema.context import Context
from tests.districts import generate
from tests.gateway.same_answers import told
from tests.gateway.support import MakeWorld, World

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]


PATHS = {
    "list-orgs": "{ orgs(first: 2000, status: null) { ..page nodes { sourcedId status } } }",
    "list-classes": "{ classes(first: 2000, status: null) { ..page nodes { sourcedId status } } }",
    "list-users": "{ users(first: 2000, status: null) { ..page nodes { sourcedId status } } }",
    "list-enrollments": "{ enrollments(first: 2000, status: null) { ..page nodes { sourcedId status } } }",
    "list-demographics": "{ demographics(first: 2000, status: null) { ..page nodes { sourcedId status } } }",
    "list-lineItems": "{ lineItems(first: 2000, status: null) { ..page nodes { sourcedId status } } }",
    "list-scoreScales": "{ scoreScales(first: 2000, status: null) { ..page nodes { sourcedId status } } }",
    "of-academicSessions": """{ academicSessions(first: 2000, status: null) {
        ..page nodes { sourcedId org { sourcedId } classes(first: 500) { totalCount nodes { sourcedId } } }
    } }""",
    "of-courses": """{ courses(first: 2000, status: null) {
        ..page nodes { sourcedId org { sourcedId } classes(first: 500) { totalCount nodes { sourcedId } } }
    } }""",
    "of-categories": """{ categories(first: 2000, status: null) {
        ..page nodes { sourcedId lineItems(first: 500) { totalCount nodes { sourcedId } } }
    } }""",
    "of-resources": """{ resources(first: 2000, status: null) {
        ..page nodes { users { totalCount nodes { sourcedId } } classes { totalCount nodes { sourcedId } } }
    } }""",
    "of-assessmentLineItems": """{ assessmentLineItems(first: 2000, status: null) {
        ..page nodes { sourcedId class { sourcedId } results { totalCount nodes { sourcedId } } }
    } }""",
    "results-by-class": """{ results(filter: { class: { sourcedIdIn: $classes } }, first: 500) {
        ..page nodes { sourcedId student { sourcedId } class { sourcedId } lineItem { sourcedId title } }
    } }""",
    "results-by-student": """{ results(filter: { student: { sourcedIdIn: $people } }, first: 500) {
        ..page nodes { sourcedId student { sourcedId } class { sourcedId } lineItem { sourcedId title } }
    } }""",
    "assessmentResults": """{ assessmentResults(filter: { student: { sourcedIdIn: $people } }, first: 500) {
        ..page nodes { sourcedId student { sourcedId } assessmentLineItem { sourcedId } }
    } }""",
    "ordered": """{ users(orderBy: [{ field: FAMILY_NAME, direction: DESC }], first: 30) {
        ..page nodes { sourcedId }
    } }""",
    "backwards": "{ users(last: 30) { ..page nodes { sourcedId } pageInfo { hasPreviousPage } } }",
    "counted": "{ users(first: 0) { totalCount } enrollments(first: 0, status: null) { totalCount } }",
    "search": """{ users(search: "a", first: 500) { ..page nodes { sourcedId displayName } } }""",
    "filterText": """{ users(filterText: "role='student'", first: 500) { ..page nodes { sourcedId } } }""",
    "filter-enrollments": """{
        users(filter: { enrollments: { role: [STUDENT], count: { gte: 5 } } }, first: 500) { ..page nodes { role } }
    }""",
    "filter-no-enrollments": """{
        users(filter: { enrollments: { count: { eq: 0 } } }, first: 500) { ..page nodes { sourcedId } }
    }""",
    "filter-class-sizes": """{
        classes(filter: { enrollments: { role: [STUDENT], count: { gte: 14 } } }, first: 500) { ..page nodes { title } }
    }""",
    "filter-orgs": """{
        users(filter: { orgs: { sourcedIdIn: $orgs }, orgCount: { gte: 1 } }, first: 500) { ..page nodes { sourcedId } }
    }""",
    "filter-dangling": "{ enrollments(filter: { dangling: true }, first: 500) { ..page nodes { sourcedId } } }",
    "effectiveOn": "{ enrollments(effectiveOn: $day, first: 1000) { ..page nodes { sourcedId } } }",
    "groups": """{
        users { groups(by: [ORG, ROLE]) { count suppressed keys { value record { sourcedId } } } }
        enrollments { groups(by: [SCHOOL]) { count keys { value } } }
        classes { groups(by: [SCHOOL]) { count } }
    }""",
    "usersByIdentity": """{
        usersByIdentity(identity: { email: $email }, sources: ["a"]) { totalCount nodes { sourcedId } }
    }""",
    "lookups": """{
        user(source: "a", sourcedId: $person) { sourcedId }
        class(id: $class) { sourcedId }
        org(id: $org) { name }
    }""",
    "node": "{ node(id: $node) { id } }",
    "nodes": "{ nodes(ids: $nodes) { id ... on User { displayName } } }",
    "samePerson": """{ users(first: 500, filter: { sourcedId: { in: $people } }) {
        nodes { sourcedId samePerson { sourcedId } }
    } }""",
    "agents": """{ users(first: 500) {
        nodes { sourcedId agentRefs { sourcedId } agents { sourcedId } guardians { sourcedId } }
    } }""",
    "orgs-of-people": """{ users(first: 500) {
        nodes { orgs { sourcedId } primaryOrg { sourcedId } roles { org { sourcedId } } }
    } }""",
    "members": """{ classes(first: 200) {
        nodes {
            sourcedId school { sourcedId } students(on: $day) { sourcedId } teachers(on: $day) { sourcedId }
            primaryTeacher(on: $day) { sourcedId } studentCount(on: $day)
        }
    } }""",
    "enrollments-of-classes": """{ classes(first: 200) {
        nodes { sourcedId enrollments(status: null) {
            user { sourcedId displayName } userRef { sourcedId } class { sourcedId title } school { sourcedId name }
        } }
    } }""",
    "classes-of-people": """{ users(first: 500) {
        nodes { sourcedId classes(on: $day) { sourcedId } enrollments { sourcedId class { title } } }
    } }""",
    "demographics-of-people": """{ users(first: 500, status: null) {
        nodes { demographics { sourcedId birthDate user { sourcedId } } }
    } }""",
    "results-of-people": """{ users(first: 500) {
        nodes { results { totalCount nodes { sourcedId lineItem { title } } } assessmentResults { totalCount } }
    } }""",
    "gradebook-of-classes": """{ classes(first: 100) {
        nodes {
            scoreScales { sourcedId }
            lineItems { totalCount nodes { sourcedId results { sourcedId student { sourcedId } } } }
        }
    } }""",
    "of-orgs": """{ orgs(first: 50) {
        nodes {
            sourcedId children { sourcedId } parent { sourcedId } courses { totalCount }
            users(first: 500) { totalCount nodes { sourcedId } }
            classes(first: 500) { totalCount nodes { sourcedId } }
        }
    } }""",
    "currentSession": """{ source(id: "a") {
        currentSession(on: $day, type: SCHOOL_YEAR) { title classes(first: 500) { totalCount } }
    } }""",
}

VARIABLES = {
    "people": "[String!]",
    "classes": "[String!]",
    "orgs": "[String!]",
    "email": "String!",
    "person": "String!",
    "class": "ID!",
    "org": "ID!",
    "node": "ID!",
    "nodes": "[ID!]!",
    "day": "Day!",
}


def document(path: str) -> str:
    text = PATHS[path].replace("..page", "totalCount complete")
    used = ", ".join(f"${name}: {kind}" for name, kind in VARIABLES.items() if f"${name} " in _apart(text))
    return f"query ({used}) {text}" if used else text


def _apart(text: str) -> str:
    return "".join(c if c.isalnum() or c == "$" else " " for c in text)


class Case(NamedTuple):
    """The district with all of its schools, the same without what is outside of one, and what to ask for."""

    every: District
    within: District
    school: str
    variables: dict[str, Any]


@pytest.fixture(scope="module")
def case() -> Case:
    """Two schools with people, classes and guardians that have to do with both."""
    every = copy_of(generate(9, students=80))
    inner, outer = (school.id for school in every.schools[:2])

    def of(school: str, role: str) -> list[int]:
        """Places of those who are at one school alone."""
        found = (n for n, user in enumerate(every.users) if {r.org for r in user.roles} == {school} and user.has(role))
        return [n for n in found if every.users[n].status == "active"]

    ours, theirs = of(inner, "student"), of(outer, "student")
    guardian = of(outer, "teacher")[0]
    users, enrollments = every.users, every.enrollments
    # Somebody at both; a child inside with a guardian and a namesake outside; one inside in a class outside.
    both = users[theirs[0]]
    users[theirs[0]] = replace(both, roles=(*both.roles, Affiliation("student", inner, primary=False)))
    users[ours[0]] = replace(
        users[ours[0]], agents=(users[guardian].id, *users[ours[0]].agents), master_id="M-1", email="twin@one.test"
    )
    users[theirs[1]] = replace(users[theirs[1]], agents=(users[ours[1]].id,), master_id="M-1", email="twin@one.test")
    away = next(n for n, e in enumerate(enrollments) if e.user == users[ours[2]].id)
    home = next(n for n, e in enumerate(enrollments) if e.user == users[theirs[2]].id)
    a, b = enrollments[away], enrollments[home]
    enrollments[away] = replace(a, class_id=b.class_id, school=outer)
    enrollments[home] = replace(b, class_id=a.class_id, school=inner)
    # Half of the gradebook is of the other school, some of it of pupils of this one.
    taught = every.classes_of_school(outer)[0].id
    pupils = [users[n].id for n in theirs]
    moved = {item.id for item in every.line_items[::2]}
    every.line_items = [replace(i, class_id=taught) if i.id in moved else i for i in every.line_items]
    every.results = [
        replace(r, class_id=taught, student=r.student if n % 3 else pupils[n % len(pupils)])
        if r.line_item in moved
        else r
        for n, r in enumerate(every.results)
    ]
    every.score_scales = [replace(s, class_id=taught) if n % 2 else s for n, s in enumerate(every.score_scales)]
    every.assessment_line_items = [
        replace(i, class_id=taught) if n == 2 else i for n, i in enumerate(every.assessment_line_items)
    ]
    every.assessment_results = [
        replace(r, student=pupils[n % len(pupils)]) if n % 3 == 0 else r for n, r in enumerate(every.assessment_results)
    ]
    some = [users[n].id for n in (*ours[:6], *theirs[:6])]
    some += [r.student for r in every.results[:200:10]]
    classes = [c.id for school in (inner, outer) for c in every.classes_of_school(school)[:4]]
    variables = {
        "day": every.today.isoformat(),
        "people": some,
        "classes": classes,
        "orgs": [inner, outer],
        "email": "twin@one.test",
        "person": users[theirs[3]].id,
        "class": global_id("Class", "a", every.classes_of_school(outer)[0].id),
        "org": global_id("Org", "a", outer),
        "node": global_id("User", "a", users[theirs[3]].id),
        "nodes": [
            *(global_id("User", "a", i) for i in some),
            *(global_id("Class", "a", i) for i in classes),
            *(global_id("Demographics", "a", i) for i in some),
            *(global_id("Enrollment", "a", e.id) for e in enrollments[:40]),
            *(global_id("LineItem", "a", each.id) for each in every.line_items[:40]),
            *(global_id("Result", "a", each.id) for each in every.results[:40]),
            *(global_id("AssessmentResult", "a", each.id) for each in every.assessment_results[:40]),
            *(global_id("ScoreScale", "a", each.id) for each in every.score_scales[:40]),
        ],
    }
    every = copy_of(every)
    return Case(every, within(every, inner), inner, variables)


def within(every: District, school: str) -> District:
    """The district as if the rest of it had never been."""
    found = copy_of(every)
    found.orgs = [o for o in every.orgs if o.id == school or o.type != "school"]
    found.classes = [c for c in every.classes if c.school == school]
    found.users = [u for u in every.users if school in {r.org for r in u.roles}]
    found.enrollments = [e for e in every.enrollments if e.school == school]
    people, classes = {u.id for u in found.users}, {c.id for c in found.classes}
    found.demographics = [d for d in every.demographics if d.id in people]
    found.line_items = [i for i in every.line_items if i.class_id in classes]
    found.score_scales = [s for s in every.score_scales if s.class_id in classes]
    found.results = [r for r in every.results if r.student in people and r.class_id in classes]
    found.assessment_line_items = [i for i in every.assessment_line_items if i.class_id in {None, *classes}]
    items = {i.id for i in found.assessment_line_items}
    found.assessment_results = [r for r in every.assessment_results if r.student in people and r.item in items]
    return found


async def hold(made: World) -> None:
    [source] = made.sources
    for collection in Collection:
        source.refresh(collection)
    while any(map(source.loading, Collection)):  # noqa: ASYNC110 - there is nothing to be told by
        await asyncio.sleep(0.005)


async def answer(made: World, path: str, variables: dict[str, Any], grant: Grant = EVERYTHING) -> Any:
    text = document(path)
    used = {name: value for name, value in variables.items() if f"${name}:" in text}
    return told(await SCHEMA.execute(text, used, Context(made.reading(grant))))


UNLIKE_1_1 = {"of-assessmentLineItems", "assessmentResults", "list-scoreScales", "samePerson"}
"""What sources of 1.1 do not have."""

HOW = {"asked": ("standard-1.2", False), "held": ("standard-1.2", True), "1.1": ("standard-1.1", False)}
"""By what kind of server, and whether everything is held."""


@pytest.mark.parametrize(
    ("path", "how"),
    [
        pytest.param(path, how, id=f"S04-orgs-{path}-{how}")
        for path in PATHS
        for how in HOW
        if how != "1.1" or path not in UNLIKE_1_1
    ],
)
async def test_what_lies_outside_is_answered_as_if_it_did_not_exist(
    world: MakeWorld, case: Case, path: str, how: str
) -> None:
    kind, held = HOW[how]
    every, other = world(a=make_server(kind, case.every)), world(a=make_server(kind, case.within))
    grant = only(case)
    if held:
        await hold(every)
        await hold(other)
    expected = await answer(other, path, case.variables)
    assert await answer(every, path, case.variables, grant) == expected
    assert await answer(every, path, case.variables, grant) == expected  # of what was made of it the first time
    assert await answer(every, path, case.variables) != expected


def only(case: Case) -> Grant:
    return Grant({"a": Access(orgs=frozenset({case.school}))})


@pytest.mark.parametrize("held", [False, True], ids=["B13-asked", "B13-held"])
async def test_an_id_of_somebody_outside_is_answered_as_one_that_nobody_has(
    world: MakeWorld, case: Case, held: bool
) -> None:
    made = world(a=make_server("standard-1.2", case.every))
    if held:
        await hold(made)
    for kind in ("User", "Class", "Org", "Demographics", "Enrollment", "LineItem", "Result"):
        outside, nobody = ({"node": global_id(kind, "a", i)} for i in (outsider(case, kind), "nobody"))
        everyone, other = await answer(made, "node", outside), await answer(made, "node", outside, only(case))
        assert other == await answer(made, "node", nobody, only(case)) != everyone
        assert other.data == '{"node": null}'


def outsider(case: Case, kind: str) -> str:
    names = {"User": "users", "Class": "classes", "Org": "orgs", "Enrollment": "enrollments", "LineItem": "line_items"}
    name = names.get(kind) or {"Demographics": "demographics", "Result": "results"}[kind]
    there = {record.id for record in getattr(case.within, name)}
    return next(str(r.id) for r in getattr(case.every, name) if r.id not in there and r.status == "active")


WALK = """query ($read: ReadOptions, $after: String, $first: Int) {
    users(first: $first, after: $after, read: $read) {
        totalCount snapshot nodes { sourcedId } pageInfo { endCursor hasNextPage }
    }
}"""


async def walk(made: World, grant: Grant, **variables: Any) -> Any:
    result = await SCHEMA.execute(WALK, {"first": 40, **variables}, Context(made.reading(grant)))
    assert not result.errors
    return (result.data or {})["users"]


@pytest.mark.parametrize("snapshot", [False, True], ids=["S07-cursor", "S07-snapshot"])
async def test_a_cursor_or_snapshot_of_another_client_shows_what_its_user_may_read(
    world: MakeWorld, case: Case, snapshot: bool
) -> None:
    made = world(a=make_server("standard-1.2", case.every))
    theirs = await walk(made, EVERYTHING)
    after = theirs["pageInfo"]["endCursor"]
    read = {"snapshot": theirs["snapshot"]} if snapshot else None
    found = await walk(made, only(case), after=after, read=read, first=1000)
    inside = {user.id for user in case.within.users if user.status == "active"}
    ours = [node["sourcedId"] for node in found["nodes"]]
    assert ours == sorted(i for i in inside if i > theirs["nodes"][-1]["sourcedId"])
    assert found["totalCount"] == len(inside)


async def test_a_relation_filter_of_a_collection_that_may_not_be_read_is_refused_and_asks_nothing(
    world: MakeWorld, case: Case
) -> None:
    made = world(a=make_server("standard-1.2", case.every))
    grant = Grant({"a": Access(frozenset({Collection.USERS}))})
    found = await answer(made, "filter-enrollments", case.variables, grant)
    assert '"totalCount": null, "complete": false, "nodes": []' in found.data
    assert '"FORBIDDEN_SCOPE"' in found.sources[0]
    assert made.requests("a") == 0
