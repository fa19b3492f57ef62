"""Groups of whole lists, asked of the graph and counted again over what the districts know."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from adapters.records import Provenance, RecordStatus, User
from gateway.access.grant import EVERYTHING
from gateway.roster.grouping import Group, GroupKey, UserGroupKey, grouped
from gateway.sandbox.truth import ACTIVE
from tests.gateway.support import MakeWorld, World
from tests.gateway.test_schema_reading import answered, ask

pytestmark = pytest.mark.anyio

KINDS = {"a": "standard-1.2", "b": "classlink"}
PERMITTED = replace(EVERYTHING, few=True)


def table(groups: list[Any]) -> dict[tuple[str | None, ...], int]:
    assert not any(group["suppressed"] for group in groups)
    found = {tuple(key["value"] for key in group["keys"]): group["count"] for group in groups}
    assert len(found) == len(groups)
    return found


async def counts(made: World, field: str, by: str, **variables: Any) -> Any:
    query = f"{{ {field} {{ totalCount groups(by: [{by}]) {{ count suppressed keys {{ name value }} }} }} }}"
    data, errors, _ = await ask(made, query, PERMITTED)
    assert errors == []
    [found] = data.values()
    return found["groups"]


def truth(
    made: World, records: Callable[[Any], Iterable[Any]], cells: Callable[[str, Any], Iterable[tuple[Any, ...]]]
) -> Counter[tuple[Any, ...]]:
    return Counter(
        cell
        for key, server in made.servers.items()
        for record in records(server.district)
        if record.status == ACTIVE
        for cell in set(cells(key, record))
    )


async def test_students_by_school_and_grade_are_those_of_the_districts(world: MakeWorld) -> None:
    made = world(**KINDS)
    found = await counts(made, "users(filter: { role: { eq: STUDENT } }, first: 0)", "ORG, GRADE")
    assert table(found) == truth(
        made,
        lambda district: [u for u in district.users if u.has("student")],
        lambda key, u: [(f"Org:{key}:{r.org}", grade) for r in u.roles for grade in u.grades or (None,)],
    )
    assert [key["name"] for key in found[0]["keys"]] == ["ORG", "GRADE"]


async def test_a_persons_organisation_and_role_are_of_one_and_the_same_role(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    found = await counts(made, "users(first: 5)", "ORG, ROLE, STATUS")
    wanted = truth(
        made,
        lambda district: district.users,
        lambda key, u: [(f"Org:{key}:{r.org}", words(r.role), "ACTIVE") for r in u.roles],
    )
    assert table(found) == wanted
    assert any(len({(r.org, r.role) for r in u.roles}) > 1 for u in made.servers["a"].district.users)


async def test_classes_count_under_each_of_their_terms_and_subjects(world: MakeWorld) -> None:
    made = world(**KINDS)
    found = await counts(made, "classes(first: 3)", "SOURCE, TERM, SUBJECT")
    assert table(found) == truth(
        made,
        lambda district: district.classes,
        lambda key, c: [
            (key, term and f"AcademicSession:{key}:{term}", subject)
            for term in c.terms or (None,)
            for subject in c.subjects or (None,)
        ],
    )


async def test_enrollments_are_grouped_by_month_role_and_class(world: MakeWorld) -> None:
    made = world(**KINDS)
    found = await counts(made, "enrollments(first: 0)", "CLASS, ROLE, BEGIN_MONTH")
    assert table(found) == truth(
        made,
        lambda district: district.enrollments,
        lambda key, e: [
            (f"Class:{key}:{e.class_id}", words(e.role), e.first_day and e.first_day.isoformat()[:7]),
        ],
    )


async def test_the_record_behind_a_value_can_be_followed(world: MakeWorld) -> None:
    made = world(**KINDS)
    query = """{ classes(first: 0) { groups(by: [SCHOOL, CLASS_TYPE]) {
        keys { name value record { __typename id sourcedId ... on Org { name } } } } } }"""
    groups = (await answered(made, query))["classes"]["groups"]
    for group in groups:
        school, kind = group["keys"]
        key, sourced_id = school["value"].split(":")[1:]
        assert school["record"] == {
            "__typename": "Org",
            "id": school["value"],
            "sourcedId": sourced_id,
            "name": made.servers[key].district.org(sourced_id).name,
        }
        assert kind["record"] is None
    assert {group["keys"][0]["value"].split(":")[1] for group in groups} == set(KINDS)


async def test_groups_of_few_people_are_told_as_one_that_cannot_be_taken_apart(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    query = """{ users(filter: { role: { eq: STUDENT } }, first: 0) { totalCount
        groups(by: [ORG, GRADE]) { count suppressed keys { value record { id } } } } }"""
    told = (await answered(made, query))["users"]
    permitted = table(await counts(made, "users(filter: { role: { eq: STUDENT } }, first: 0)", "ORG, GRADE"))
    small = {cell for cell, count in permitted.items() if count < 10}
    assert small
    *shown, rest = told["groups"]
    assert rest["suppressed"]
    assert [key for key in rest["keys"] if key["value"] is not None or key["record"] is not None] == []
    values = {tuple(key["value"] for key in group["keys"]): group["count"] for group in shown}
    assert values.items() <= permitted.items()
    assert all(count >= 10 for count in values.values())
    hidden = permitted.keys() - values.keys()
    assert small <= hidden
    assert len(hidden) > 1
    assert rest["count"] >= 10


async def test_a_single_small_group_takes_the_next_larger_one_with_it(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    district = made.servers["a"].district
    students = [u for u in district.users if u.status == ACTIVE and u.has("student")]
    for number, student in enumerate(students):
        district.update(student, grades=("05",) if number < 3 else ("06",) if number < 20 else ("07",))
    query = """{ users(filter: { role: { eq: STUDENT } }, first: 0) {
        groups(by: [GRADE]) { count suppressed keys { value } } } }"""
    groups = (await answered(made, query))["users"]["groups"]
    assert groups == [
        {"count": len(students) - 20, "suppressed": False, "keys": [{"value": "07"}]},
        {"count": 20, "suppressed": True, "keys": [{"value": None}]},
    ]


async def test_enrollments_are_suppressed_by_people_not_by_rows(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    district = made.servers["a"].district
    people: dict[str, set[str]] = defaultdict(set)
    for enrollment in district.enrollments:
        if enrollment.status == ACTIVE:
            people[enrollment.role].add(enrollment.user)
    query = "{ enrollments(first: 0) { totalCount groups(by: [ROLE]) { count suppressed keys { value } } } }"
    found = (await answered(made, query))["enrollments"]
    told = {group["keys"][0]["value"] for group in found["groups"] if not group["suppressed"]}
    assert told <= {words(role) for role, who in people.items() if len(who) >= 10}
    assert sum(group["count"] for group in found["groups"]) == found["totalCount"]


async def test_a_relation_is_grouped_too(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    district = made.servers["a"].district
    query = """{ orgs(filter: { type: { eq: SCHOOL } }) { nodes { sourcedId
        classes(first: 1) { groups(by: [CLASS_TYPE]) { count suppressed keys { value } } } } } }"""
    for school in (await answered(made, query))["orgs"]["nodes"]:
        here = [c for c in district.classes_of_school(school["sourcedId"]) if c.status == ACTIVE]
        assert table(school["classes"]["groups"]) == Counter((words(c.type),) for c in here)


async def test_groups_are_null_where_a_source_did_not_tell(world: MakeWorld) -> None:
    made = world({"b": {"enabled": False}}, **KINDS)
    query = '{ users(sources: ["a", "b"], first: 0) { totalCount groups(by: [ROLE]) { count } } }'
    data, [error], _ = await ask(made, query)
    assert data["users"] == {"totalCount": None, "groups": None}
    assert error["extensions"]["code"] == "SOURCE_DISABLED"


async def test_grouping_by_nothing_is_refused(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    data, [error], _ = await ask(made, "{ users(first: 1) { complete groups(by: []) { count } } }")
    assert data["users"] == {"complete": True, "groups": None}
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_more_groups_than_a_list_may_hold_are_refused(world: MakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    made = world(a="standard-1.2")
    monkeypatch.setattr("gateway.roster.listing.LONGEST_LIST", 3)
    data, [error], _ = await ask(made, "{ enrollments(first: 1) { complete groups(by: [CLASS, ROLE]) { count } } }")
    assert data["enrollments"] == {"complete": True, "groups": None}
    assert error["extensions"]["code"] == "TOO_LONG"


async def test_sources_are_counted_by_how_they_stand(world: MakeWorld) -> None:
    made = world({"c": {"enabled": False}}, **KINDS, c="xporter")
    query = "{ sources(first: 1) { totalCount countByState { count suppressed keys { name value } } } }"
    found = (await answered(made, query))["sources"]
    assert found["totalCount"] == 3
    assert [(group["keys"], group["count"]) for group in found["countByState"]] == [
        ([{"name": "STATE", "value": "FRESH"}], 2),
        ([{"name": "STATE", "value": "DISABLED"}], 1),
    ]


def words(role: str) -> str:
    return "".join(f"_{c}" if c.isupper() else c.upper() for c in role)


def test_a_person_without_a_role_is_in_no_group_of_roles_but_other() -> None:
    person = User(provenance=Provenance("a"), sourced_id="1", status=RecordStatus.ACTIVE)
    by = [UserGroupKey.ROLE, UserGroupKey.ROLE_GROUP]
    assert grouped([[person]], by, told=True) == [Group((GroupKey("ROLE", None), GroupKey("ROLE_GROUP", "OTHER")), 1)]
    assert grouped([[person]], by) == [
        Group((GroupKey("ROLE", None), GroupKey("ROLE_GROUP", None)), 1, suppressed=True)
    ]
