"""Walks that keep to one version of the data, while it changes at its sources."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from strawberry.types import ExecutionResult

from adapters.records import Enrollment, Provenance, RecordStatus
from gateway.access.grant import EVERYTHING
from gateway.config.settings import STALE_FOR
from gateway.identity import CursorCodec
from gateway.roster.reading import Reading, Sources
from gateway.roster.tables import PINNED_FOR, PINS, Table
from gateway.roster.whole import Whole
from gateway.sandbox.district import generate
from gateway.sandbox.server import make_server
from gateway.sandbox.truth import DELETED, District
from gateway.schema import SCHEMA
from gateway.schema.context import Context
from tests.clock import Clock
from tests.gateway.support import MakeWorld, World
from tests.gateway.test_keeping import process
from tests.gateway.test_schema_reading import answered, ask

pytestmark = pytest.mark.anyio

PULL = """query PullEnrollments($src: ID!, $after: String, $snap: String) {
  enrollments(
    sources: [$src], status: null, first: 10000, after: $after, read: { snapshot: $snap, onSourceFailure: FAIL }
  ) {
    snapshot totalCount complete pageInfo { hasNextPage endCursor }
    nodes {
      id sourcedId status dateLastModified role primary beginDate endDate
      userRef { id } classRef { id } schoolRef { id }
    }
  }
}"""

ANEW = "{ enrollments(status: null, first: 10000, read: { maxAge: 0 }) { nodes { sourcedId status } } }"


def change(district: District) -> None:
    """Some enrollments go, some are deleted, some come, all over the list."""
    for number, known in enumerate(list(district.enrollments)):
        match number % 7:
            case 0:
                district.remove(known)
            case 3:
                district.update(known, status=DELETED)
            case 5:
                district.add(replace(known, id=f"{known.id}~{district.revision}", serial=10**6 + district.revision))


def rows(nodes: list[Any]) -> dict[str, str]:
    found = {node["sourcedId"]: node["status"] for node in nodes}
    assert len(found) == len(nodes)
    return found


async def walk(made: World, query: str, **variables: Any) -> list[Any]:
    """All pages of a walk; the districts change, and are read anew, after each of the first three."""
    found: list[Any] = []
    after = snapshot = None
    while True:
        [page] = (await answered(made, query, after=after, snap=snapshot, **variables)).values()
        found.append(page)
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after, snapshot = page["pageInfo"]["endCursor"], page.get("snapshot")
        if len(found) <= 3:
            for server in made.servers.values():
                change(server.district)
            await answered(made, ANEW)


def nodes(found: list[Any]) -> list[Any]:
    return [node for page in found for node in page["nodes"]]


@pytest.mark.parametrize("kind", ["standard-1.2", "classlink", "xporter-generic"])
async def test_a_pull_shows_the_district_as_it_was_when_it_began(world: MakeWorld, kind: str) -> None:
    made = world(a=kind)
    before = rows((await answered(made, ANEW))["enrollments"]["nodes"])
    found = await walk(made, PULL.replace("10000", str(len(before) // 6)), src="a")
    assert len(found) > 5
    assert rows(nodes(found)) == before
    assert {(page["totalCount"], page["complete"]) for page in found} == {(len(before), True)}
    assert len({page["snapshot"] for page in found}) == 1
    assert rows((await answered(made, ANEW))["enrollments"]["nodes"]) != before


async def test_without_a_snapshot_the_same_walk_shows_what_changes(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    before = rows((await answered(made, ANEW))["enrollments"]["nodes"])
    query = PULL.replace("snapshot: $snap, ", "").replace("snapshot totalCount", "totalCount")
    query = query.replace("10000", str(len(before) // 6)).replace(", $snap: String", "")
    found = []
    after = None
    while not found or found[-1]["pageInfo"]["hasNextPage"]:
        found.append((await answered(made, query, src="a", after=after))["enrollments"])
        after = found[-1]["pageInfo"]["endCursor"]
        if len(found) == 1:
            change(made.servers["a"].district)
            await answered(made, ANEW)
    assert rows(nodes(found)) != before


async def test_a_walk_over_several_sources_in_an_order_keeps_to_one_version_of_each(world: MakeWorld) -> None:
    made = world(a="standard-1.2", b="classlink")
    query = """query($after: String, $snap: String) {
      enrollments(
        first: 60, after: $after, read: { snapshot: $snap }, filter: { role: { eq: STUDENT } },
        orderBy: [{ field: DATE_LAST_MODIFIED, direction: DESC }]
      ) {
        snapshot complete totalCount groups(by: [SOURCE]) { count keys { value } }
        pageInfo { hasNextPage endCursor } nodes { id dateLastModified }
      }
    }"""
    whole = query.replace("first: 60", "first: 10000")
    before = (await answered(made, whole))["enrollments"]
    found = await walk(made, query)
    assert len(found) > 3
    assert nodes(found) == before["nodes"]
    assert {page["totalCount"] for page in found} == {before["totalCount"]}
    assert all(page["groups"] == before["groups"] for page in found)
    assert sum(group["count"] for group in before["groups"]) == before["totalCount"]
    assert nodes([(await answered(made, whole))["enrollments"]]) != before["nodes"]


async def test_what_a_filter_looks_at_beyond_the_record_is_of_the_version_too(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    query = """query($after: String, $snap: String) {
      users(
        first: 4, after: $after, read: { snapshot: $snap }, filter: { enrollments: { count: { gte: 3 } } }
      ) { snapshot pageInfo { hasNextPage endCursor } nodes { sourcedId } }
    }"""
    whole = query.replace("first: 4", "first: 10000")
    before = (await answered(made, whole))["users"]["nodes"]
    found = await walk(made, query)
    assert len(found) > 5
    assert nodes(found) == before
    assert (await answered(made, whole))["users"]["nodes"] != before


async def test_later_pages_ask_no_source_and_say_that_they_are_older(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    query = """query($after: String, $snap: String) {
      enrollments(first: 10, after: $after, read: { snapshot: $snap, maxAge: 0 }) {
        snapshot complete asOf sources { state code } pageInfo { endCursor } nodes { sourcedId }
      }
    }"""
    first = (await answered(made, query))["enrollments"]
    assert first["sources"] == []
    after, snapshot = first["pageInfo"]["endCursor"], first["snapshot"]
    await answered(made, ANEW)
    sent = made.requests("a")
    second = (await answered(made, query, after=after, snap=snapshot))["enrollments"]
    assert made.requests("a") == sent
    assert second["complete"]
    assert second["asOf"] == first["asOf"]
    assert second["sources"] == [{"state": "STALE", "code": None}]


async def test_what_is_followed_from_the_records_is_as_it_is_now(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    query = """query($snap: String) {
      enrollments(first: 1, read: { snapshot: $snap }) { snapshot nodes { role user { givenName } } }
    }"""
    first = (await answered(made, query))["enrollments"]
    district = made.servers["a"].district
    for user in list(district.users):
        district.update(user, given="Changed")
    await answered(made, "{ users(first: 1, read: { maxAge: 0 }) { totalCount snapshot } }")
    again = (await answered(made, query, snap=first["snapshot"]))["enrollments"]
    assert again["nodes"][0]["user"]["givenName"] == "Changed"
    assert first["nodes"][0]["user"]["givenName"] != "Changed"


async def test_a_source_that_was_missing_at_first_stays_missing(world: MakeWorld) -> None:
    made = world(a="standard-1.2", b="classlink")
    made.servers["b"].down = True
    query = """query($after: String, $snap: String, $mode: SourceFailureMode) {
      enrollments(first: 10000, after: $after, read: { snapshot: $snap, onSourceFailure: $mode }) {
        snapshot complete totalCount sources { source { key } state } nodes { source { key } }
      }
    }"""
    first = (await answered(made, query, mode="ACCEPT"))["enrollments"]
    assert not first["complete"]
    made.servers["b"].down = False
    assert (await answered(made, ANEW))["enrollments"]["nodes"]
    again = (await answered(made, query, snap=first["snapshot"]))["enrollments"]
    assert {node["source"]["key"] for node in again["nodes"]} == {"a"}
    assert (again["complete"], again["totalCount"]) == (False, None)
    assert {"source": {"key": "b"}, "state": "SKIPPED"} in again["sources"]
    data, [error], _ = await ask(made, query, snap=first["snapshot"], mode="FAIL")
    assert data["enrollments"] is None
    assert "missing when the walk began" in error["message"]


async def test_a_version_that_is_not_held_any_more_ends_the_walk(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    first = (await answered(made, PULL.replace("10000", "5"), src="a"))["enrollments"]
    for source in made.sources:
        for table in source.tables.values():
            table.let_go()
    after, snapshot = first["pageInfo"]["endCursor"], first["snapshot"]
    data, [error], _ = await ask(made, PULL, src="a", after=after, snap=snapshot)
    assert data["enrollments"] is None
    assert error["extensions"] == {"code": "CURSOR_EXPIRED", "retryable": False}


@pytest.mark.parametrize("change", [lambda text: text[:-2], lambda text: "x" + text, lambda text: "", lambda text: "?"])
async def test_a_snapshot_that_is_none_is_refused(world: MakeWorld, change: Any) -> None:
    made = world(a="standard-1.2")
    first = (await answered(made, PULL, src="a"))["enrollments"]
    data, [error], _ = await ask(made, PULL, src="a", snap=change(first["snapshot"]))
    assert data["enrollments"] is None
    assert error["extensions"]["code"] == "BAD_CURSOR"


async def test_a_snapshot_belongs_to_its_list_and_is_no_cursor(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    first = (await answered(made, PULL.replace("10000", "5"), src="a"))["enrollments"]
    others = [
        (PULL.replace("status: null, ", ""), {"snap": first["snapshot"]}),
        (PULL.replace("$snap,", "$after,"), {"after": first["pageInfo"]["endCursor"]}),
        (PULL, {"after": first["snapshot"]}),
    ]
    for query, variables in others:
        query = query if "$snap," in query else query.replace(", $snap: String", "")
        _, [error], _ = await ask(made, query, src="a", **variables)
        assert error["extensions"]["code"] == "BAD_CURSOR"


async def test_a_collection_that_is_too_large_to_be_held_has_no_snapshot(world: MakeWorld) -> None:
    made = world({"a": {"cache": {"max_held_records": 50}}}, a="standard-1.2")
    query = "{ enrollments(status: null, first: 10000) { snapshot complete nodes { sourcedId } } }"
    found = (await answered(made, query))["enrollments"]
    assert (found["snapshot"], found["complete"]) == (None, True)
    assert len(found["nodes"]) == len(made.servers["a"].published("enrollments"))


async def test_a_version_outlives_a_restart_where_it_is_on_disk(tmp_path: Path) -> None:
    server = make_server("standard-1.2", generate(1, students=60))

    async def ask_of(sources: Sources, **variables: Any) -> ExecutionResult:
        reading = Reading(sources, EVERYTHING, CursorCodec(b"x"), 10)
        return await SCHEMA.execute(PULL.replace("10000", "20"), {"src": "a", **variables}, Context(reading))

    async with process(tmp_path, server) as sources:
        first = (await ask_of(sources)).data["enrollments"]
    going_on = {"after": first["pageInfo"]["endCursor"], "snap": first["snapshot"]}
    async with process(tmp_path, server) as sources:
        server.reset()
        second = await ask_of(sources, **going_on)
        assert second.errors is None
        assert second.data["enrollments"]["snapshot"] == first["snapshot"]
        assert second.data["enrollments"]["totalCount"] == first["totalCount"]
        assert sum(server.requests.values()) == 0
        change(server.district)
        await SCHEMA.execute(ANEW, {}, Context(Reading(sources, EVERYTHING, CursorCodec(b"x"), 10)))
        assert (await ask_of(sources, **going_on)).errors is None
    async with process(tmp_path, server) as sources:
        [error] = (await ask_of(sources, **going_on)).errors or []
        assert (error.extensions or {})["code"] == "CURSOR_EXPIRED"


def test_a_copy_is_kept_for_a_quarter_of_an_hour_after_it_was_last_asked_for() -> None:
    clock = Clock()
    table = Table(60, 1000, clock=clock)
    old, new = Whole((), 0, 1.0), Whole((), 0, 2.0)
    table.keep_whole(old, None)
    table.pin(old)
    table.keep_whole(new, None)
    for _ in range(3):
        clock.now += PINNED_FOR - 1
        assert table.pinned(1.0) is old
    clock.now += PINNED_FOR + 1
    assert table.pinned(1.0) is None
    assert table.pinned(2.0) is new
    clock.now += STALE_FOR
    assert table.pinned(2.0) is None


def test_few_copies_are_kept_and_they_count_among_what_is_held() -> None:
    record = Enrollment(provenance=Provenance("a"), sourced_id="1", status=RecordStatus.ACTIVE)
    table = Table(60, 1000)
    for number in range(PINS + 3):
        copy = Whole([record], 0, float(number))
        table.keep_whole(copy, None)
        table.pin(copy)
    assert [table.pinned(float(n)) is not None for n in range(PINS + 3)] == [False] * 3 + [True] * PINS
    assert table.load[0] == PINS
    table.let_go()
    assert table.load == (0, 0)


@pytest.mark.parametrize("directive", ["include(if: $on)", "skip(if: $off)"])
async def test_a_directive_decides_whether_there_is_a_version(world: MakeWorld, directive: str) -> None:
    made = world(a="standard-1.2", b="classlink")
    name = directive[-4:-1].strip("$ ")
    query = f"query(${name}: Boolean!) {{ users(first: 1) {{ complete snapshot @{directive} }} }}"
    assert (await answered(made, query, **{name: name == "off"}))["users"] == {"complete": True}
    assert made.requests("b") == 0
    assert (await answered(made, query, **{name: name == "on"}))["users"]["snapshot"]
    assert made.requests("b") > 0


async def test_a_list_that_must_be_narrowed_has_no_snapshot(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    result = made.servers["a"].district.results[0]
    query = """query($student: ID!) {
      results(filter: { student: { eq: $student } }, first: 1) { snapshot complete nodes { sourcedId } }
    }"""
    found = (await answered(made, query, student=f"User:a:{result.student}"))["results"]
    assert (found["snapshot"], len(found["nodes"])) == (None, 1)


async def test_people_of_one_identity_can_be_walked_in_one_version(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    user = next(u for u in made.servers["a"].district.users if u.email is not None)
    query = """query($mail: String!, $snap: String) {
      usersByIdentity(identity: { email: $mail }, sources: ["a"], status: null, read: { snapshot: $snap }) {
        snapshot nodes { sourcedId }
      }
    }"""
    first = (await answered(made, query, mail=user.email))["usersByIdentity"]
    assert user.id in {node["sourcedId"] for node in first["nodes"]}
    made.servers["a"].district.remove(user)
    await answered(made, "{ users(first: 1, read: { maxAge: 0 }) { snapshot } }")
    assert (await answered(made, query, mail=user.email, snap=first["snapshot"]))["usersByIdentity"] == first
