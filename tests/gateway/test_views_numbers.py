"""S04: what tells of all records of a source tells a client that may read some of them nothing of the others."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from adapters.endpoints import Collection
from gateway.access.grant import EVERYTHING, Access, Grant
from gateway.access.scope import Scope
from gateway.identity import CursorCodec
from gateway.roster.reading import Reading
from gateway.sandbox.district import generate
from gateway.sandbox.faults import switched
from gateway.sandbox.server import Server, make_server
from gateway.schema import SCHEMA
from gateway.schema.context import Context
from tests.gateway.support import MakeWorld, World
from tests.gateway.test_partial import opened

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]

PEOPLE = """{ users(status: null, first: 10000) {
    totalCount complete nodes { sourcedId } sources(state: [PARTIAL, STALE, HELD]) { state code rejected unknownStatus }
} }"""
COLLECTIONS = """{ source(id: "a") {
    collections { type state rows rejected } holds { collection rowsBefore rowsNow sampleSourcedIds }
} }"""


def some(server: Server) -> Grant:
    """A grant of one school."""
    return Grant({"a": Access(orgs=frozenset({server.district.schools[0].id}))})


async def ask(made: World, query: str, grant: Grant = EVERYTHING) -> tuple[Any, list[Any]]:
    result = await SCHEMA.execute(query, {}, Context(made.reading(grant)))
    return result.data, [error.formatted for error in result.errors or ()]


async def reread(made: World, *collections: Collection) -> None:
    [source] = made.sources
    for collection in collections:
        source.refresh(collection)
    while any(map(source.loading, Collection)):  # noqa: ASYNC110 - there is nothing to be told by
        await asyncio.sleep(0.005)


@pytest.mark.parametrize("held", [False, True], ids=["S04-rejected-asked", "S04-rejected-held"])
async def test_it_is_told_that_records_could_not_be_read_and_not_how_many(world: MakeWorld, held: bool) -> None:
    made = world(a="xporter-generic")
    server = made.servers["a"]
    server.faults.on = [switched("bad-records=2")]
    if held:
        await reread(made, Collection.USERS)
    data, [error] = await ask(made, PEOPLE, some(server))
    assert data["users"]["sources"] == [
        {"state": "PARTIAL", "code": "INCOMPLETE", "rejected": None, "unknownStatus": None}
    ]
    assert (data["users"]["complete"], error["extensions"]["code"]) == (False, "INCOMPLETE")
    assert error["message"] == "a: some of the records sent could not be read and are left out"
    data, [error] = await ask(made, PEOPLE)
    assert (data["users"]["sources"][0]["rejected"], error["message"][:6]) == (2, "a: 2 o")


async def test_a_reading_that_is_not_proved_to_be_whole_is_told_without_its_numbers() -> None:
    gateway = opened(make_server("standard-1.2", generate(1, students=60)), filter_level="none")
    district = gateway.way.server.district
    gateway.way.lost["users"] = {district.users_of_school(district.schools[0].id)[3].id}
    try:
        for grant, counted in ((EVERYTHING, True), (some(gateway.way.server), False)):
            context = Context(Reading(gateway.sources, grant, CursorCodec(b"x"), 10))
            result = await SCHEMA.execute(PEOPLE, {}, context)
            [error] = result.errors or ()
            assert (error.extensions or {})["code"] == "UPSTREAM_PAGING"
            assert any(c.isdigit() for c in error.message) is counted
    finally:
        await gateway.sources.close()


async def test_how_many_records_there_are_and_are_held_back_is_not_told(world: MakeWorld) -> None:
    made = world(a=make_server("xporter-generic", generate(1, students=120)))
    server = made.servers["a"]
    await reread(made, Collection.USERS, Collection.ORGS)
    for user in list(server.district.users)[: len(server.district.users) * 2 // 3]:
        server.district.remove(user)
    await reread(made, Collection.USERS)
    shown: dict[str, Any] = {}
    no_people = Grant({"a": Access(frozenset({Collection.ORGS}))})
    for name, grant in {"all": EVERYTHING, "some": some(server), "none": no_people}.items():
        data, errors = await ask(made, COLLECTIONS, grant)
        assert not errors
        collections = {c.pop("type"): c for c in data["source"]["collections"]}
        shown[name] = collections["USER"], collections["ORG"]["rows"], data["source"]["holds"]
    users, orgs, [hold] = shown["all"]
    assert (users["state"], users["rows"], hold["rowsBefore"]) == ("HELD", hold["rowsBefore"], users["rows"])
    assert hold["rowsNow"]
    assert hold["sampleSourcedIds"]
    nothing = {"collection": "USER", "rowsBefore": None, "rowsNow": None, "sampleSourcedIds": None}
    assert shown["some"] == ({"state": "HELD", "rows": None, "rejected": None}, None, [nothing])
    assert shown["none"] == ({"state": "FORBIDDEN", "rows": None, "rejected": None}, orgs, [])
    data, errors = await ask(made, PEOPLE, some(server))
    assert (data["users"]["sources"][0]["state"], errors) == ("HELD", [])


async def test_what_was_asked_of_a_source_is_explained_to_who_may_read_all_of_it(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    [orgs] = some(made.servers["a"]).sources.values()  # type: ignore[union-attr]
    for access, may, told in (
        (Access(), {(Scope.EXPLAIN, "a")}, True),
        (orgs, {(Scope.EXPLAIN, "a")}, False),
        (Access(), {(Scope.EXPLAIN, "b")}, False),
    ):
        reading = Reading(made.sources, Grant({"a": access}, may=frozenset(may)), CursorCodec(b"x"), 10, explain=True)
        with reading.under_way():
            await SCHEMA.execute(PEOPLE, {}, Context(reading))
        assert reading.explanation is not None
        assert bool(reading.explanation.extension()["reads"]) is told


async def test_who_moved_away_is_outside_with_all_that_tells_of_them_at_once(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    server = made.servers["a"]
    school, elsewhere = server.district.schools[:2]
    grant = some(server)
    await reread(made, *Collection)
    query = (
        "{ demographics(first: 5000) { totalCount nodes { sourcedId } } users(first: 5000) { nodes { sourcedId } } }"
    )
    before, _ = await ask(made, query, grant)
    before, _ = await ask(made, query, grant)
    there = {row["sourcedId"] for row in before["demographics"]["nodes"]}
    assert there <= {row["sourcedId"] for row in before["users"]["nodes"]}
    gone = next(u for u in server.district.users if u.id in there and {r.org for r in u.roles} == {school.id})
    server.district.update(gone, roles=tuple(replace(r, org=elsewhere.id) for r in gone.roles))
    await reread(made, Collection.USERS)
    after, _ = await ask(made, query, grant)
    assert {row["sourcedId"] for row in after["demographics"]["nodes"]} == there - {gone.id}
    assert after["demographics"]["totalCount"] == len(there) - 1
