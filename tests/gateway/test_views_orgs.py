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
from gateway.sandbox.district import generate
from gateway.sandbox.scope import copy_of
from gateway.sandbox.server import make_server
from gateway.sandbox.truth import Affiliation, District
from gateway.schema import SCHEMA
from gateway.schema.context import Context
from tests.gateway.same_answers import told
from tests.gateway.support import MakeWorld, World

pytestmark = pytest.mark.anyio


PAGE = "totalCount complete nodes"
PEOPLE = "{ user { sourcedId displayName } userRef { sourcedId } class { sourcedId title } school { sourcedId name } }"
GRADED = "{ sourcedId student { sourcedId } class { sourcedId } lineItem { sourcedId title } }"

PATHS = {
    **{
        f"list-{name}": f"{{ {name}(first: 2000, status: null) {{ {PAGE} {{ sourcedId status }} }} }}"
        for name in ("orgs", "classes", "users", "enrollments", "demographics", "lineItems", "scoreScales")
    },
    **{
        f"all-of-{name}": f"{{ {name}(first: 2000, status: null) {{ {PAGE} {{ sourcedId {below} }} }} }}"
        for name, below in (
            ("academicSessions", "org { sourcedId } classes(first: 500) { totalCount nodes { sourcedId } }"),
            ("courses", "org { sourcedId } classes(first: 500) { totalCount nodes { sourcedId } }"),
            ("categories", "lineItems(first: 500) { totalCount nodes { sourcedId } }"),
            ("resources", "users { totalCount nodes { sourcedId } } classes { totalCount nodes { sourcedId } }"),
            ("assessmentLineItems", "class { sourcedId } results { totalCount nodes { sourcedId } }"),
        )
    },
    "results-by-class": f"{{ results(filter: {{ class: {{ sourcedIdIn: $classes }} }}, first: 500) {{ {PAGE} {GRADED} }} }}",
    "results-by-student": f"{{ results(filter: {{ student: {{ sourcedIdIn: $people }} }}, first: 500) {{ {PAGE} {GRADED} }} }}",
    "assessment-results": (
        "{ assessmentResults(filter: { student: { sourcedIdIn: $people } }, first: 500) { totalCount nodes { sourcedId student {"
        " sourcedId } assessmentLineItem { sourcedId } } } }"
    ),
    "ordered": (
        f"{{ users(orderBy: [{{ field: FAMILY_NAME, direction: DESC }}], first: 30) {{ {PAGE} {{ sourcedId }} }} }}"
    ),
    "backwards": f"{{ users(last: 30) {{ {PAGE} {{ sourcedId }} pageInfo {{ hasPreviousPage }} }} }}",
    "counted": "{ users(first: 0) { totalCount } enrollments(first: 0, status: null) { totalCount } }",
    "search": f'{{ users(search: "a", first: 500) {{ {PAGE} {{ sourcedId displayName }} }} }}',
    "filter-text": f"{{ users(filterText: \"role='student'\", first: 500) {{ {PAGE} {{ sourcedId }} }} }}",
    "filter-enrollments": (
        f"{{ users(filter: {{ enrollments: {{ role: [STUDENT], count: {{ gte: 5 }} }} }}, first: 500) {{ {PAGE} "
        "{ sourcedId } } }"
    ),
    "filter-no-enrollments": (
        f"{{ users(filter: {{ enrollments: {{ count: {{ eq: 0 }} }} }}, first: 500) {{ {PAGE} {{ sourcedId }} }} }}"
    ),
    "filter-class-sizes": (
        f"{{ classes(filter: {{ enrollments: {{ role: [STUDENT], count: {{ gte: 14 }} }} }}, first: 500) {{ {PAGE} "
        "{ sourcedId } } }"
    ),
    "filter-orgs": f"{{ users(filter: {{ orgs: {{ sourcedIdIn: $orgs }}, orgCount: {{ gte: 1 }} }}, first: 500) {{ {PAGE} {{ sourcedId }} }} }}",
    "filter-dangling": f"{{ enrollments(filter: {{ dangling: true }}, first: 500) {{ {PAGE} {{ sourcedId }} }} }}",
    "effective": f'{{ enrollments(effectiveOn: $day, first: 1000) {{ {PAGE} {{ sourcedId }} }} }}',
    "groups": (
        "{ users { groups(by: [ORG, ROLE]) { count suppressed keys { value record { sourcedId } } } } "
        "enrollments { groups(by: [SCHOOL]) { count keys { value } } } classes { groups(by: [SCHOOL]) { count } } }"
    ),
    "identity": "{ usersByIdentity(identity: { email: $email }, sources: [\"a\"]) { totalCount nodes { sourcedId } } }",
    "lookups": "{ user(source: \"a\", sourcedId: $person) { sourcedId } class(id: $class) { sourcedId } org(id: $org) { name } }",
    "node": "{ node(id: $node) { id } }",
    "nodes": "{ nodes(ids: $nodes) { id ... on User { displayName } } }",
    "same-person": (
        "{ users(first: 500, filter: { sourcedId: { in: $people } }) { nodes { sourcedId samePerson { sourcedId } } } }"
    ),
    "agents": (
        "{ users(first: 500) { nodes { sourcedId agentRefs { sourcedId } agents { sourcedId } guardians { sourcedId } } } }"
    ),
    "orgs-of-people": (
        "{ users(first: 500) { nodes { orgs { sourcedId } primaryOrg { sourcedId } roles { org { sourcedId } } } } }"
    ),
    "members": (
        "{ classes(first: 200) { nodes { sourcedId students(on: $day) { sourcedId } teachers(on: $day) { sourcedId }"
        " primaryTeacher(on: $day) { sourcedId } studentCount(on: $day) school { sourcedId } } } }"
    ),
    "enrollments-below": f"{{ classes(first: 200) {{ nodes {{ sourcedId enrollments(status: null) {PEOPLE} }} }} }}",
    "classes-of-people": (
        "{ users(first: 500) { nodes { sourcedId classes(on: $day) { sourcedId } enrollments { sourcedId class { title } } } } }"
    ),
    "demographics-of-people": (
        "{ users(first: 500, status: null) { nodes { demographics { sourcedId birthDate user { sourcedId } } } } }"
    ),
    "results-of-people": (
        f"{{ users(first: 500) {{ nodes {{ results {{ totalCount nodes {GRADED} }} assessmentResults {{ totalCount }} }} }} }}"
    ),
    "gradebook-of-classes": (
        "{ classes(first: 100) { nodes { scoreScales { sourcedId } lineItems { totalCount nodes { sourcedId results {"
        " sourcedId student { sourcedId } } } } } } }"
    ),
    "below-orgs": (
        "{ orgs(first: 50) { nodes { sourcedId children { sourcedId } parent { sourcedId } users(first: 500) { totalCount"
        " nodes { sourcedId } } classes(first: 500) { totalCount nodes { sourcedId } } courses { totalCount } } } }"
    ),
    "current-session": '{ source(id: "a") { currentSession(on: $day, type: SCHOOL_YEAR) { title classes(first: 500) { totalCount } } } }',
}  # fmt: skip

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
    text = PATHS[path]
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


UNLIKE_1_1 = {"all-of-assessmentLineItems", "assessment-results", "list-scoreScales", "same-person"}
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
    grant = Grant({"a": Access(orgs=frozenset({case.school}))})
    if held:
        await hold(every)
        await hold(other)
    expected = await answer(other, path, case.variables)
    assert await answer(every, path, case.variables, grant) == expected
    assert await answer(every, path, case.variables, grant) == expected  # of what was made of it the first time
    assert await answer(every, path, case.variables) != expected
