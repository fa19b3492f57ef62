"""A collection that would not stand still while it was read: what came is served, marked, and not for long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from adapters.client import SourceClient
from adapters.endpoints import Collection
from adapters.secret import Secret
from gateway.access.grant import EVERYTHING
from gateway.config import from_tables
from gateway.identity import CursorCodec
from gateway.roster import tables
from gateway.roster.reading import Reading, Source
from gateway.roster.sources import Sources
from gateway.roster.store import Store
from gateway.sandbox.district import generate
from gateway.sandbox.server import Server, make_server
from gateway.schema import SCHEMA
from gateway.schema.context import Context

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]

SECRET = Secret("a secret of the thirty-two characters that it takes")

PEOPLE = """query ($mode: SourceFailureMode! = REPORT) {
  users(status: null, first: 1000, read: { onSourceFailure: $mode }) {
    totalCount complete nodes { sourcedId } sources { state code }
  }
}"""
BELOW = """{
  users(status: null, first: 1000) { nodes { enrollments(status: null) { sourcedId } } }
  orgs(status: null, first: 1000) { nodes { classes(status: null) { complete totalCount sources { state code } } } }
}"""
STANDS = "{ sources { nodes { collections { type state rows lastFullScanAt nextRefreshAt } } } }"
MOST = 1000
"""Records of a page of the server."""

MISSING = "records may be missing: "


@dataclass
class Torn(httpx2.AsyncBaseTransport):
    """The way to a server. Of the collections in `lost`, every reading is torn: these sourcedIds are not in lists that
    count them; where there are none, each answer tells another total.
    """

    server: Server
    lost: dict[str, set[str]] = field(default_factory=dict)
    answers: int = 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        name = request.url.path.rpartition("/")[2]
        server = httpx2.ASGITransport(self.server.app)
        if name not in self.lost or request.method != "GET":
            return await server.handle_async_request(request)
        asked = request.url.params
        start, limit = int(asked.get("offset", 0)), int(asked.get("limit", MOST))
        url = request.url.copy_merge_params({"offset": 0, "limit": MOST})
        answer = await server.handle_async_request(httpx2.Request("GET", url, headers=request.headers))
        rows = msgspec.json.decode(await answer.aread())[name]
        self.answers += 1
        total = int(answer.headers["x-total-count"]) + (0 if self.lost[name] else self.answers)
        rows = [row for row in rows if row["sourcedId"] not in self.lost[name]][start : start + limit]
        return httpx2.Response(200, json={name: rows}, headers={"x-total-count": str(total)})


@dataclass
class Gateway:
    """One source, and what a client sees of it."""

    way: Torn
    sources: Sources

    @property
    def source(self) -> Source:
        found = self.sources.get("a", EVERYTHING)
        assert found is not None
        return found

    def ids(self, collection: str) -> list[str]:
        return sorted(row["sourcedId"] for row in self.way.server.published(collection))

    async def ask(self, query: str, **variables: Any) -> Any:
        context = Context(Reading(self.sources, EVERYTHING, CursorCodec(b"x"), 10))
        return await SCHEMA.execute(query, variables, context)

    async def state(self, collection: str) -> Any:
        result = await self.ask(STANDS)
        [source] = result.data["sources"]["nodes"]
        return next(c for c in source["collections"] if c["type"] == collection)


def opened(server: Server, store: Store | None = None, *, stale_for: str = "1d", **can: Any) -> Gateway:
    way = Torn(server)
    table = {
        "key": "a",
        "name": "A",
        **server.settings("http://a.test"),
        "capabilities": {"sort": False, **can},
        "cache": {"stale_for": stale_for},
    }
    sources = Sources.open(from_tables({"sources": [table]}), lambda s: SourceClient(s.spec, way), store)
    return Gateway(way, sources)


@pytest.fixture
async def gateway(anyio_backend: str) -> AsyncIterator[Gateway]:
    made = opened(make_server("standard-1.2", generate(1, students=60)))
    yield made
    await made.sources.close()


async def test_what_is_not_proved_to_be_all_is_served_and_not_called_complete(gateway: Gateway) -> None:
    everybody = gateway.ids("users")
    gateway.way.lost["users"] = {everybody[3]}
    result = await gateway.ask(PEOPLE)
    users = result.data["users"]
    assert sorted(node["sourcedId"] for node in users["nodes"]) == [i for i in everybody if i != everybody[3]]
    assert (users["complete"], users["totalCount"]) == (False, None)
    assert users["sources"] == [{"state": "PARTIAL", "code": "UPSTREAM_PAGING"}]
    [error] = result.errors
    assert error.path == ["users"]
    assert error.message == f"a: {MISSING}{len(everybody)} records are claimed, {len(everybody) - 1} came"
    assert error.extensions == {"code": "UPSTREAM_PAGING", "retryable": True, "source": "a"}
    state = await gateway.state("USER")
    assert (state["state"], state["lastFullScanAt"], state["nextRefreshAt"]) == ("PARTIAL", None, None)


async def test_a_page_that_the_source_cuts_is_not_called_complete_where_fewer_came_than_are_claimed() -> None:
    """As far as its page goes: one that ends before is as the source says."""
    gateway = opened(make_server("standard-1.2", generate(1, students=60)), sort=True)
    everybody = gateway.ids("users")
    gateway.way.lost["users"] = {everybody[3]}
    query = """query ($first: Int!, $after: String) { users(status: null, first: $first, after: $after) {
        complete totalCount pageInfo { hasNextPage endCursor } nodes { sourcedId } } }"""
    users = (await gateway.ask(query, first=900)).data["users"]
    assert [node["sourcedId"] for node in users["nodes"]] == [i for i in everybody if i != everybody[3]]
    assert (users["complete"], users["totalCount"]) == (False, None)
    await gateway.sources.close()

    gateway = opened(make_server("standard-1.2", generate(1, students=60)), sort=True)
    gateway.way.lost["users"] = {everybody[3]}
    page, seen = (await gateway.ask(query, first=100)).data["users"], []
    while page["pageInfo"]["hasNextPage"]:
        assert page["complete"]
        seen += page["nodes"]
        page = (await gateway.ask(query, first=100, after=page["pageInfo"]["endCursor"])).data["users"]
    assert len(seen + page["nodes"]) == len(everybody) - 1
    assert not page["complete"]
    await gateway.sources.close()


@pytest.mark.parametrize(("mode", "data", "errors"), [("ACCEPT", True, 0), ("FAIL", False, 1)])
async def test_a_list_may_accept_it_or_be_whole_or_nothing(
    gateway: Gateway, mode: str, data: bool, errors: int
) -> None:
    gateway.way.lost["users"] = {gateway.ids("users")[3]}
    result = await gateway.ask(PEOPLE, mode=mode)
    assert (result.data["users"] is not None) is data
    assert len(result.errors or []) == errors
    if data:
        assert not result.data["users"]["complete"]


async def test_it_is_read_again_soon_and_well_once_the_source_behaves(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "RETRY_AFTER", 0.3)
    everybody = gateway.ids("users")
    gateway.way.lost["users"] = {everybody[3]}
    await gateway.ask(PEOPLE)
    gateway.way.server.reset()
    gateway.way.lost.clear()
    assert not (await gateway.ask(PEOPLE)).data["users"]["complete"]
    assert gateway.way.server.requests == {}, "for a moment it is held"
    await asyncio.sleep(0.3)
    result = await gateway.ask(PEOPLE)
    assert result.errors is None
    users = result.data["users"]
    assert (users["complete"], users["totalCount"], users["sources"]) == (True, len(everybody), [])
    assert (await gateway.state("USER"))["state"] == "FRESH"


async def test_an_id_that_did_not_come_is_asked_for_and_not_called_absent(gateway: Gateway) -> None:
    everybody = gateway.ids("users")
    gateway.way.lost["users"] = {everybody[3]}
    await gateway.ask(PEOPLE)
    gateway.way.server.reset()
    query = 'query ($id: String!) { user(source: "a", sourcedId: $id) { sourcedId } }'
    assert (await gateway.ask(query, id=everybody[4])).data["user"] == {"sourcedId": everybody[4]}
    assert gateway.way.server.requests == {}
    assert (await gateway.ask(query, id=everybody[3])).data["user"] == {"sourcedId": everybody[3]}
    result = await gateway.ask(query, id="nobody")
    assert (result.data["user"], result.errors) == (None, None)
    assert gateway.way.server.requests == {"GET /users/{id}": 2}


async def test_what_cannot_be_asked_for_by_id_is_unknown_and_dangles_nowhere() -> None:
    gateway = opened(make_server("standard-1.2", generate(1, students=60)), single_reads=False, filter_level="none")
    classes = gateway.ids("classes")
    gateway.way.lost["classes"] = {classes[0]}
    try:
        result = await gateway.ask(
            "{ enrollments(status: null, first: 1000) { nodes { classRef { sourcedId } class { sourcedId } } } }"
        )
    finally:
        await gateway.sources.close()
    nodes = result.data["enrollments"]["nodes"]
    assert classes[0] in {node["classRef"]["sourcedId"] for node in nodes if node["class"] is None}
    [error] = result.errors
    assert error.extensions["code"] == "UPSTREAM_PAGING"
    assert error.extensions["count"] == sum(node["class"] is None for node in nodes)


async def test_lists_below_a_parent_are_marked_and_one_entry_tells(gateway: Gateway) -> None:
    lost = gateway.ids("enrollments")[3]
    gateway.way.lost = {"enrollments": {lost}, "classes": {gateway.ids("classes")[0]}}
    result = await gateway.ask(BELOW)
    people, schools = (result.data[name]["nodes"] for name in ("users", "orgs"))
    came = {e["sourcedId"] for person in people for e in person["enrollments"]}
    assert came == set(gateway.ids("enrollments")) - {lost}
    report = {"complete": False, "totalCount": None, "sources": [{"state": "PARTIAL", "code": "UPSTREAM_PAGING"}]}
    assert [school["classes"] for school in schools] == [report] * len(schools)
    told = [(e.path[0], e.extensions["code"], e.extensions["count"]) for e in result.errors]
    assert sorted(told) == [
        ("orgs", "UPSTREAM_PAGING", len(schools)),
        ("users", "UPSTREAM_PAGING", len(people)),
    ]


async def test_an_older_copy_that_was_proved_stands_in(gateway: Gateway) -> None:
    whole = (await gateway.ask(PEOPLE)).data["users"]
    gateway.way.lost["users"] = {gateway.ids("users")[3]}
    gateway.source.refresh(Collection.USERS, full=True)
    result = await gateway.ask(PEOPLE)
    users = result.data["users"]
    assert (users["nodes"], users["complete"], result.errors) == (whole["nodes"], True, None)
    assert [(s["state"], s["code"]) for s in users["sources"]] == [("STALE", "UPSTREAM_PAGING")]
    assert (await gateway.state("USER"))["state"] == "STALE"


async def test_it_is_not_kept_on_disk_nor_measured_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hundred of them lost would be held back, had the reading before been taken for whole."""
    monkeypatch.setattr(tables, "RETRY_AFTER", 0.0)
    server = make_server("standard-1.2", generate(1, students=300))
    gateway = opened(server, Store(tmp_path, SECRET))
    everybody = gateway.ids("users")
    gateway.way.lost["users"] = {everybody[3]}
    await gateway.ask(PEOPLE)
    for person in list(server.district.users)[:200]:
        server.district.remove(person)
    gateway.way.lost.clear()
    result = await gateway.ask(PEOPLE)
    assert (result.data["users"]["complete"], result.data["users"]["sources"]) == (True, [])
    gateway.way.lost["users"] = {gateway.ids("users")[3]}
    await gateway.sources.close()
    kept = await Store(tmp_path, SECRET).load("a", Collection.USERS)
    assert kept is not None
    assert sorted(r.sourced_id for r in kept.records) == gateway.ids("users")


async def test_a_filtered_list_that_is_not_proved_to_be_whole_says_so(gateway: Gateway) -> None:
    people = gateway.way.server.published("users")
    name = people[0]["familyName"]
    gateway.way.lost["users"] = set()
    query = """query ($name: String) { users(status: null, filter: { familyName: { eq: $name } }) {
        complete totalCount nodes { sourcedId } sources { state } } }"""
    users = (await gateway.ask(query, name=name)).data["users"]
    same = sorted(row["sourcedId"] for row in people if row["familyName"] == name)
    assert [node["sourcedId"] for node in users["nodes"]] == same
    assert (users["complete"], users["totalCount"], users["sources"]) == (False, None, [{"state": "PARTIAL"}])
    gateway.way.server.reset()
    await gateway.ask(query, name=name)
    assert gateway.way.server.requests == {}, "for a moment it is held"


async def test_a_condition_on_what_is_not_proved_to_be_whole_is_not_judged(gateway: Gateway) -> None:
    """That a class has no teacher cannot be said of enrollments of which some are missing."""
    gateway.way.lost["enrollments"] = set()
    query = """{ classes(filter: { enrollments: { role: [TEACHER], count: { eq: 0 } } }) {
        complete nodes { sourcedId } sources { state code }
    } }"""
    result = await gateway.ask(query)
    classes = result.data["classes"]
    assert (classes["complete"], classes["nodes"]) == (False, [])
    assert classes["sources"] == [{"state": "PARTIAL", "code": "UPSTREAM_PAGING"}]
    assert [error.extensions["code"] for error in result.errors] == ["UPSTREAM_PAGING"]


async def test_a_list_that_asks_nobody_shows_it_as_what_it_is(gateway: Gateway) -> None:
    everybody = gateway.ids("users")
    gateway.way.lost["users"] = {everybody[3]}
    await gateway.ask(PEOPLE)
    gateway.way.server.reset()
    query = (
        "{ users(status: null, first: 1000, read: { reach: HELD }) { complete nodes { sourcedId } sources { state } } }"
    )
    users = (await gateway.ask(query)).data["users"]
    assert (users["complete"], len(users["nodes"])) == (False, len(everybody) - 1)
    assert users["sources"] == [{"state": "PARTIAL"}]
    assert gateway.way.server.requests == {}
