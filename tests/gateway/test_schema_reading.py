"""The graph over sandbox servers in this process: what it answers, held against what the districts know."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.records import RecordType
from gateway.access.grant import ALL, EVERYTHING, Grant
from gateway.config import from_tables
from gateway.faults import ErrorCode
from gateway.identity import CursorCodec
from gateway.roster.reading import Reading, Sources
from gateway.sandbox.server import Server
from gateway.sandbox.truth import District
from gateway.schema import SCHEMA
from gateway.schema.context import Context
from tests.gateway.support import MakeWorld, World

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]

CODEC = CursorCodec(b"secret")


async def ask(made: World, query: str, grant: Grant = EVERYTHING, **variables: Any) -> tuple[Any, list[Any], Any]:
    """data, errors, extensions."""
    result = await SCHEMA.execute(query, variables, Context(made.reading(grant)))
    return result.data, [e.formatted for e in result.errors or ()], result.extensions


async def answered(made: World, query: str, **variables: Any) -> Any:
    data, errors, _ = await ask(made, query, **variables)
    assert errors == []
    return data


async def answered_but_for_dangling(made: World, query: str, **variables: Any) -> Any:
    """As `answered`: districts have an enrollment whose class is not there."""
    data, errors, _ = await ask(made, query, **variables)
    assert {e["extensions"]["code"] for e in errors} <= {"DANGLING_REFERENCE"}
    return data


def one(made: World, key: str = "a") -> District:
    return made.servers[key].district


def ids(rows: list[Any], key: str = "sourcedId") -> set[str]:
    return {row[key] for row in rows}


async def test_users_lead_to_their_classes_and_courses_over_sources_of_two_versions(world: MakeWorld) -> None:
    made = world(a="standard-1.2", b="classlink")
    data = await answered_but_for_dangling(
        made,
        """{
          users(first: 10000) {
            totalCount
            complete
            nodes {
              __typename
              sourcedId
              givenName
              source { key }
              enrollments { role class { sourcedId title course { title } } }
            }
          }
        }""",
    )
    assert data["users"]["complete"] is True
    rows = {(row["source"]["key"], row["sourcedId"]): row for row in data["users"]["nodes"]}
    assert data["users"]["totalCount"] == len(rows)
    assert {key for key, _ in rows} == {"a", "b"}
    truth = one(made)
    active = [u for u in truth.users if u.status == "active"]
    assert {sourced_id for key, sourced_id in rows if key == "a"} == {u.id for u in active}
    titles = {c.id: c.title for c in truth.classes}
    for user in active:
        row = rows["a", user.id]
        assert row["__typename"] == "User"
        assert row["givenName"] == user.given
        assert {(e["role"], e["class"] and e["class"]["title"]) for e in row["enrollments"]} == {
            (e.role.upper(), titles.get(e.class_id)) for e in truth.enrollments_of(user.id) if e.status == "active"
        }
        for enrollment in row["enrollments"]:
            if enrollment["class"] is not None:
                course = truth.class_(enrollment["class"]["sourcedId"]).course
                found = enrollment["class"]["course"]
                assert (found["title"] if found else None) == (truth.course(course).title if course else None)


async def test_relations_lead_there_and_back(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    truth = one(made)
    school = truth.schools[0]
    data = await answered_but_for_dangling(
        made,
        """query ($id: ID!) {
          org(id: $id) {
            id
            name
            type
            parentRef { sourcedId }
            parent { children { sourcedId } }
            classes(first: 1000) {
              totalCount
              nodes {
                sourcedId
                schoolRef { id }
                school { id }
                courseRef { sourcedId }
                course { sourcedId classes { nodes { sourcedId } } }
                termRefs { sourcedId }
                terms { sourcedId classes(first: 1000) { nodes { sourcedId } } }
                enrollments { user { enrollments { classRef { sourcedId } } } }
              }
            }
            users(first: 1000, filter: { role: { eq: TEACHER } }) {
              nodes { sourcedId orgs { id } roles { role org { id } orgRef { id sourcedId } } }
            }
          }
        }""",
        id=f"Org:a:{school.id}",
    )
    org = data["org"]
    assert (org["name"], org["type"]) == (school.name, "SCHOOL")
    assert org["parentRef"]["sourcedId"] == school.parent == truth.district_org.id
    assert school.id in ids(org["parent"]["children"])
    active = {c.id for c in truth.classes_of_school(school.id) if c.status == "active"}
    assert ids(org["classes"]["nodes"]) == active
    assert org["classes"]["totalCount"] == len(active)
    for row in org["classes"]["nodes"]:
        assert row["schoolRef"]["id"] == row["school"]["id"] == org["id"]
        assert [t["sourcedId"] for t in row["termRefs"]] == [t["sourcedId"] for t in row["terms"]]
        assert all(row["sourcedId"] in ids(t["classes"]["nodes"]) for t in row["terms"])
        if row["course"] is not None:
            assert row["courseRef"]["sourcedId"] == row["course"]["sourcedId"]
            assert row["sourcedId"] in ids(row["course"]["classes"]["nodes"])
        for enrollment in row["enrollments"]:
            assert row["sourcedId"] in {e["classRef"]["sourcedId"] for e in enrollment["user"]["enrollments"]}
    assert org["users"]["nodes"]
    for row in org["users"]["nodes"]:
        assert org["id"] in ids(row["orgs"], "id")
        assert "TEACHER" in {r["role"] for r in row["roles"]}
        assert all(r["org"]["id"] == r["orgRef"]["id"] for r in row["roles"])
        assert {r["orgRef"]["sourcedId"] for r in row["roles"]} == {a.org for a in truth.user(row["sourcedId"]).roles}


async def test_demographics_belong_to_a_person_and_may_be_missing(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    truth = one(made)
    data = await answered(
        made, "{ users(first: 1000) { nodes { sourcedId demographics { birthDate user { sourcedId } } } } }"
    )
    told = {row["sourcedId"]: row["demographics"] for row in data["users"]["nodes"]}
    known = {d.id: d for d in truth.demographics if d.status == "active"}
    assert any(d is None for d in told.values())
    assert {i for i, d in told.items() if d is not None} == set(told) & set(known)
    for sourced_id, found in told.items():
        if found is not None:
            assert found["user"]["sourcedId"] == sourced_id
            birth = known[sourced_id].birth
            assert found["birthDate"] == (birth.isoformat() if birth else None)


async def test_status_filters_lists_but_never_what_is_named(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    truth = one(made)
    gone = next(u for u in truth.users if u.status == "tobedeleted")
    data = await answered(
        made,
        """query ($id: ID!, $own: String!) {
             active: users(first: 10000) { nodes { sourcedId } }
             any: users(first: 10000, status: null) { nodes { sourcedId status statusRaw } }
             gone: users(first: 10000, status: [TOBEDELETED]) { nodes { sourcedId } }
             none: users(status: []) { totalCount nodes { sourcedId } }
             byId: user(id: $id) { status }
             byOwn: user(source: "a", sourcedId: $own) { id }
             node(id: $id) { id ... on User { status } } }""",
        id=f"User:a:{gone.id}",
        own=gone.id,
    )
    everyone = {u.id for u in truth.users}
    deleted = {u.id for u in truth.users if u.status == "tobedeleted"}
    assert ids(data["any"]["nodes"]) == everyone
    assert ids(data["active"]["nodes"]) == everyone - deleted
    assert ids(data["gone"]["nodes"]) == deleted
    assert data["none"] == {"totalCount": 0, "nodes": []}
    assert data["byId"] == {"status": "TOBEDELETED"}
    assert data["node"] == {"id": f"User:a:{gone.id}", "status": "TOBEDELETED"}
    assert data["byOwn"] == {"id": f"User:a:{gone.id}"}


async def test_enrollments_of_a_class_by_role_and_status(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    truth = one(made)
    data = await answered(
        made,
        """{ classes(first: 1000) { nodes { sourcedId
             teachers: enrollments(role: [TEACHER]) { sourcedId role }
             all: enrollments(status: null) { sourcedId }
             none: enrollments(role: []) { sourcedId } } } }""",
    )
    for row in data["classes"]["nodes"]:
        rows = truth.enrollments_in(row["sourcedId"])
        assert ids(row["all"]) == {e.id for e in rows}
        assert ids(row["teachers"]) == {e.id for e in rows if e.role == "teacher" and e.status == "active"}
        assert row["none"] == []


async def test_a_walk_by_cursor_shows_every_class_once(world: MakeWorld) -> None:
    made = world(a="standard-1.2", b="classlink")
    query = """query ($after: String) { classes(first: 5, after: $after) {
      edges { cursor node { id } } nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
    seen: list[str] = []
    after = None
    while True:
        page = (await answered(made, query, after=after))["classes"]
        seen += [edge["node"]["id"] for edge in page["edges"]]
        assert [edge["node"] for edge in page["edges"]] == page["nodes"]
        info = page["pageInfo"]
        assert info["startCursor"] == page["edges"][0]["cursor"]
        assert info["endCursor"] == page["edges"][-1]["cursor"]
        assert info["hasPreviousPage"] is (after is not None)
        if not info["hasNextPage"]:
            break
        after = info["endCursor"]
    whole = await answered(made, "{ classes(first: 10000) { nodes { id } } }")
    assert seen == [row["id"] for row in whole["classes"]["nodes"]]
    assert len(seen) == len(set(seen)) > 5


async def test_first_zero_is_for_counts(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    data = await answered(made, "{ users(first: 0) { totalCount nodes { id } pageInfo { endCursor } } }")
    active = [u for u in one(made).users if u.status == "active"]
    assert data["users"] == {"totalCount": len(active), "nodes": [], "pageInfo": {"endCursor": None}}


async def test_a_filter_by_global_id_asks_that_source_only(world: MakeWorld) -> None:
    made = world(a="standard-1.2", b="standard-1.2")
    school = one(made).schools[0].id
    data = await answered(
        made,
        """query ($id: ID!) {
          classes(first: 1000, filter: { school: { eq: $id } }) { complete nodes { sourcedId source { key } } }
        }""",
        id=f"Org:a:{school}",
    )
    assert ids(data["classes"]["nodes"]) == {c.id for c in one(made).classes_of_school(school) if c.status == "active"}
    assert {row["source"]["key"] for row in data["classes"]["nodes"]} == {"a"}
    assert data["classes"]["complete"] is True
    assert made.requests("b") == 0


@pytest.mark.parametrize("argument", ["status: []", "filter: { email: { in: [] } }", "filter: { or: [] }"])
async def test_a_list_that_must_be_empty_asks_nobody(world: MakeWorld, argument: str) -> None:
    made = world(a="standard-1.2")
    data = await answered(made, "{ users(%s) { totalCount complete nodes { id } } }" % argument)  # noqa: UP031 - braces
    assert data["users"] == {"totalCount": 0, "complete": True, "nodes": []}
    assert made.requests("a") == 0


async def test_a_filter_and_the_sources_argument_must_both_hold(world: MakeWorld) -> None:
    made = world(a="standard-1.2", b="standard-1.2")
    data = await answered(
        made, '{ classes(sources: ["b"], filter: { school: { eq: "Org:a:1" } }) { totalCount complete nodes { id } } }'
    )
    assert data["classes"] == {"totalCount": 0, "complete": True, "nodes": []}
    assert made.requests("a") == made.requests("b") == 0


@pytest.mark.parametrize(
    "bad",
    ["", "x", "User:a", "User:a:", "User:a:%2", "Person:a:1", "User:nowhere:1", "Source:nowhere", "a", "User:A:1"],
)
async def test_an_id_that_names_nothing_is_null_without_asking_anyone(world: MakeWorld, bad: str) -> None:
    made = world(a="standard-1.2")
    data = await answered(
        made,
        "query ($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } user(id: $id) { id } class(id: $id) { id } }",
        id=bad,
    )
    assert data == {"node": None, "nodes": [None], "user": None, "class": None}
    assert made.requests("a") == 0


async def test_an_id_of_another_type_is_no_record_of_this_one(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    user = one(made).users[0].id
    data = await answered(made, "query ($id: ID!) { class(id: $id) { id } }", id=f"User:a:{user}")
    assert data == {"class": None}
    assert made.requests("a") == 0


async def test_a_source_beyond_the_grant_is_as_if_it_were_not_there(world: MakeWorld) -> None:
    made = world(a="standard-1.2", b="standard-1.2")
    user = one(made, "b").users[0].id
    data, errors, _ = await ask(
        made,
        """query ($id: ID!, $own: String!) {
          node(id: $id) { id }
          source(id: "b") { key }
          sources { totalCount nodes { key } }
          user(source: "b", sourcedId: $own) { id }
          hidden: node(id: "Source:b") { id }
        }""",
        Grant({"a": ALL}),
        id=f"User:b:{user}",
        own=user,
    )
    assert errors == []
    sources = {"totalCount": 1, "nodes": [{"key": "a"}]}
    assert data == {"node": None, "source": None, "sources": sources, "user": None, "hidden": None}
    assert made.requests("b") == 0


async def test_nodes_keep_their_order_and_are_null_where_missing(world: MakeWorld) -> None:
    made = world(a="standard-1.2", b="classlink")
    truth = one(made)
    user, group, org = truth.users[0], truth.classes[0], truth.orgs[0]
    wanted = [
        f"Class:a:{group.id}",
        "User:a:nobody",
        f"User:a:{user.id}",
        "Source:b",
        f"Org:a:{org.id}",
        f"User:a:{user.id}",
    ]
    data = await answered(
        made,
        "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on User { givenName } ... on Class { title } } }",
        ids=wanted,
    )
    found = data["nodes"]
    assert [row and row["id"] for row in found] == [None if "nobody" in i else i for i in wanted]
    assert [row and row["__typename"] for row in found] == ["Class", None, "User", "Source", "Org", "User"]
    assert found[0]["title"] == group.title
    assert found[2] == found[5]
    assert made.requests("b") == 0


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("users(first: -1) { complete }", ErrorCode.BAD_USER_INPUT),
        ("users(first: 10001) { complete }", ErrorCode.BAD_USER_INPUT),
        ("sources(first: 10001) { totalCount }", ErrorCode.BAD_USER_INPUT),
        ('sources(after: "x") { totalCount }', ErrorCode.BAD_CURSOR),
        ("sources(filter: { labels: null }) { totalCount }", ErrorCode.BAD_USER_INPUT),
        ('users(after: "x") { complete }', ErrorCode.BAD_CURSOR),
        ('users(sources: ["nowhere"]) { complete }', ErrorCode.NOT_FOUND),
        ("users(filter: { email: { eq: null } }) { complete }", ErrorCode.BAD_USER_INPUT),
        ("users(filter: { email: {} }) { complete }", ErrorCode.BAD_USER_INPUT),
        ('users(filter: { orgs: { eq: "User:a:1" } }) { complete }', ErrorCode.BAD_USER_INPUT),
        ("user { id }", ErrorCode.BAD_USER_INPUT),
        ('user(sourcedId: "1") { id }', ErrorCode.BAD_USER_INPUT),
        ('user(id: "User:a:1", source: "a") { id }', ErrorCode.BAD_USER_INPUT),
    ],
)
async def test_what_an_argument_cannot_be_is_told_and_leaves_the_sibling(
    world: MakeWorld, field: str, code: ErrorCode
) -> None:
    made = world(a="standard-1.2")
    data, [error], _ = await ask(made, "{ bad: %s __typename }" % field)  # noqa: UP031 - braces
    assert data == {"bad": None, "__typename": "Query"}
    assert error["extensions"] == {"code": code.value, "retryable": False}
    assert error["path"] == ["bad"]
    assert made.requests("a") == 0


async def test_more_than_a_thousand_nodes_are_refused(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    _, [error], _ = await ask(made, "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=["User:a:1"] * 1001)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert made.requests("a") == 0


async def test_sources_are_listed_filtered_and_walked_without_asking_them(world: MakeWorld) -> None:
    tables = {
        "a": {"labels": ["pilot"], "district": "North"},
        "b": {"labels": ["pilot", "new"]},
        "c": {"enabled": False},
    }
    made = world(tables, a="standard-1.2", b="classlink", c="alpha")
    data = await answered(
        made,
        """{
          all: sources { totalCount nodes { id key name state enabled timezone provider version lastSuccessAt } }
          labelled: sources(filter: { labels: ["new", "old"] }) { nodes { key } }
          north: sources(filter: { districts: ["North"], labels: ["pilot"] }) { nodes { key labels district } }
          off: sources(filter: { states: [DISABLED] }) { nodes { key lastError } }
          none: sources(filter: { keys: [] }) { totalCount }
          first: sources(first: 2) { pageInfo { hasNextPage endCursor } edges { node { key } } }
          source(id: "b") { id }
        }""",
    )
    assert data["all"]["totalCount"] == 3
    assert [row["key"] for row in data["all"]["nodes"]] == ["a", "b", "c"]
    first = data["all"]["nodes"][0]
    assert first["id"] == "Source:a"
    assert (first["state"], first["enabled"], first["version"], first["lastSuccessAt"]) == ("FRESH", True, "1.2", None)
    assert data["labelled"]["nodes"] == [{"key": "b"}]
    assert data["north"]["nodes"] == [{"key": "a", "labels": ["pilot"], "district": "North"}]
    assert data["off"]["nodes"] == [{"key": "c", "lastError": "SOURCE_DISABLED"}]
    assert data["none"] == {"totalCount": 0}
    assert data["source"] == {"id": "Source:b"}
    info = data["first"]["pageInfo"]
    assert (info["hasNextPage"], [e["node"]["key"] for e in data["first"]["edges"]]) == (True, ["a", "b"])
    rest = await answered(
        made, "query ($after: String) { sources(first: 2, after: $after) { nodes { key } } }", after=info["endCursor"]
    )
    assert rest["sources"]["nodes"] == [{"key": "c"}]
    assert made.requests("a") == made.requests("b") == made.requests("c") == 0


async def test_collections_tell_what_a_source_has_once_it_was_read(world: MakeWorld) -> None:
    made = world(a="xporter")
    await ask(made, "{ users(first: 1000) { nodes { demographics { sex } } } }")
    data = await answered(
        made, '{ source(id: "a") { state lastSuccessAt collections { type state supported rows rejected asOf } } }'
    )
    found = {row["type"]: row for row in data["source"]["collections"]}
    assert set(found) == set(RecordType)
    assert found["DEMOGRAPHICS"]["state"] == "UNSUPPORTED"
    assert found["DEMOGRAPHICS"]["supported"] is False
    assert found["USER"]["state"] == "FRESH"
    assert found["USER"]["asOf"].endswith("Z")
    assert found["ORG"] == {**found["ORG"], "supported": True, "rows": None, "asOf": None}
    assert data["source"]["lastSuccessAt"].endswith("Z")


async def test_a_source_with_mistakes_in_its_settings_is_shown_as_such() -> None:
    settings = from_tables({"sources": [{"key": "a", "name": "North", "provider": "unheard-of"}]})
    reading = Reading(Sources.open(settings, lambda _: pytest.fail("it cannot be asked")), EVERYTHING, CODEC, 10)
    query = """{
      source(id: "a") { id name provider version state enabled lastError collections { state supported rows asOf } }
      users { complete sources { state code } }
    }"""
    result = await SCHEMA.execute(query, {}, Context(reading))
    assert result.data is not None
    source = result.data["source"]
    collections = source.pop("collections")
    assert source == {
        "id": "Source:a",
        "name": "North",
        "provider": "unheard-of",
        "version": "",
        "state": "MISCONFIGURED",
        "enabled": True,
        "lastError": "SOURCE_MISCONFIGURED",
    }
    assert collections == [{"state": "MISCONFIGURED", "supported": True, "rows": None, "asOf": None}] * len(RecordType)
    assert result.data["users"]["sources"] == [{"state": "MISCONFIGURED", "code": "SOURCE_MISCONFIGURED"}]
    assert [e.extensions["code"] for e in result.errors or () if e.extensions] == ["SOURCE_MISCONFIGURED"]


async def test_metadata_is_shown_whole_or_by_key(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    rows = {u.id: u.metadata for u in one(made).users if u.metadata and u.status == "active"}
    assert rows
    data = await answered(
        made,
        """query ($key: [String!]) { users(first: 1000) { nodes { sourcedId observedAt all: metadata
             some: metadata(keys: $key) none: metadata(keys: ["no such"]) } } }""",
        key=[next(iter(next(iter(rows.values()))))],
    )
    shown = [row for row in data["users"]["nodes"] if row["sourcedId"] in rows]
    for row in shown:
        assert row["all"] == dict(rows[row["sourcedId"]])
        assert row["none"] == {}
        assert len(row["some"]) <= 1
    assert any(row["some"] for row in shown)


def dangling(made: World) -> Server:
    """A server of whose classes one names a course that is not there."""
    server = made.servers["a"]
    group = next(c for c in server.district.classes if c.course and c.status == "active")
    server.district.update(group, course="gone")
    return server


async def test_a_dangling_reference_is_null_while_its_ref_stays(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    dangling(made)
    data, [error], _ = await ask(
        made, "{ classes(first: 1000) { nodes { courseRef { sourcedId } course { title } } } }"
    )
    [row] = [r for r in data["classes"]["nodes"] if r["courseRef"] and r["courseRef"]["sourcedId"] == "gone"]
    assert row["course"] is None
    assert error["extensions"] == {"code": "DANGLING_REFERENCE", "retryable": False, "source": "a"}
    assert [p for p in error["path"] if isinstance(p, str)] == ["classes", "nodes", "course"]
