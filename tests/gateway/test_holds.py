"""What an operator does through the graph: reading a source anew, and deciding what the shrink guard holds back."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from adapters.endpoints import ENTITIES, Collection
from gateway.access.grant import ALL, EVERYTHING, Grant
from gateway.roster.reading import Source
from gateway.sandbox.district import generate
from gateway.sandbox.faults import switched
from gateway.sandbox.server import make_server
from gateway.schema import SCHEMA
from gateway.schema.context import Context
from tests.gateway.support import MakeWorld, World

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]

WHOLE = "xporter-generic"
"""A server that cannot cut lists itself: its collections are held whole."""

USERS = "{ users(status: null, first: 10000) { totalCount sources(state: [FRESH, STALE, HELD]) { state } } }"
REFRESH = """mutation ($input: RefreshSourceInput!) {
  refreshSource(input: $input) {
    source { key collections { type state } }
    userErrors { code message field }
  }
}"""
DECIDE = """mutation ($input: DecideHoldsInput!) {
  decideHolds(input: $input) {
    holds { id source { key } collection rowsBefore rowsNow }
    userErrors { code message field }
  }
}"""
HOLDS = """{ sources(filter: { hasHold: true }) {
  nodes { key holds { id source { key } collection heldAt rowsBefore rowsNow sampleSourcedIds } }
} }"""


async def ask(made: World, query: str, grant: Grant = EVERYTHING, **variables: Any) -> Any:
    result = await SCHEMA.execute(query, variables, Context(made.reading(grant)))
    assert not result.errors, result.errors
    return result.data


async def refresh(made: World, grant: Grant = EVERYTHING, **given: Any) -> Any:
    return (await ask(made, REFRESH, grant, input=given))["refreshSource"]


async def decide(made: World, grant: Grant = EVERYTHING, **given: Any) -> Any:
    return (await ask(made, DECIDE, grant, input=given))["decideHolds"]


async def holds(made: World) -> dict[str, list[Any]]:
    return {node["key"]: node["holds"] for node in (await ask(made, HOLDS))["sources"]["nodes"]}


async def count(made: World) -> tuple[int, list[str]]:
    """How many people all sources show, and how these stand."""
    found = (await ask(made, USERS))["users"]
    return found["totalCount"], [source["state"] for source in found["sources"]]


def kind(hold: Any) -> str:
    """Its id, but for the reading."""
    named, _, reading = hold["id"].rpartition(".")
    assert len(reading) == 12
    return str(named)


def source(made: World, key: str = "a") -> Source:
    found = made.sources.get(key, EVERYTHING)
    assert found is not None
    return found


async def settled(made: World) -> None:
    """Waits until nothing is being read anew."""
    until = time.monotonic() + 10
    while any(s.loading(c) for s in made.sources for c in s.tables):
        assert time.monotonic() < until
        await asyncio.sleep(0.005)


async def reread(made: World, *keys: str) -> None:
    for key in keys:
        assert (await refresh(made, source=key))["userErrors"] == []
    await settled(made)


def lose(made: World, *keys: str) -> None:
    """Two thirds of the people of these sources are gone."""
    for key in keys:
        district = made.servers[key].district
        for user in list(district.users)[: len(district.users) * 2 // 3]:
            district.remove(user)


def people(made: World, *keys: str) -> int:
    return sum(len(made.servers[key].published("users")) for key in keys)


async def held(world: MakeWorld, *keys: str, settings: dict[str, Any] | None = None) -> tuple[World, int]:
    """Sources whose people were read, lost, and read again; and how many there were before."""
    kinds = {key: make_server(WHOLE, generate(n, students=120)) for n, key in enumerate(keys, 1)}
    made = world(settings, **kinds)
    before, _ = await count(made)
    lose(made, *keys)
    await reread(made, *keys)
    return made, before


# ---------------------------------------------------------------- holds


async def test_what_is_held_back_is_seen_at_its_source_and_found_by_its_id(world: MakeWorld) -> None:
    made, before = await held(world, "a", "b")
    lost = {user.id for user in generate(1, students=120).users} - {
        user.id for user in made.servers["a"].district.users
    }
    assert await count(made) == (before, ["HELD", "HELD"])
    found = await holds(made)
    assert list(found) == ["a", "b"]
    [hold] = found["a"]
    assert (kind(hold), hold["source"], hold["collection"]) == ("Hold:a:USER", {"key": "a"}, "USER")
    assert hold["rowsNow"] == people(made, "a")
    assert hold["rowsBefore"] + found["b"][0]["rowsBefore"] == before
    assert len(hold["sampleSourcedIds"]) == 20
    assert set(hold["sampleSourcedIds"]) <= lost
    data = await ask(
        made,
        """query ($ids: [ID!]!) {
          nodes(ids: $ids) { id ... on Hold { rowsNow } }
          none: sources(filter: { hasHold: false }) { totalCount }
        }""",
        ids=[
            hold["id"],
            "Hold:a:USER",
            "Hold:a:USER.0000",
            "Hold:a:CLASS.00",
            "Hold:nowhere:USER.00",
            "Hold:a:PUPIL.00",
        ],
    )
    assert data["nodes"] == [{"id": hold["id"], "rowsNow": hold["rowsNow"]}, *[None] * 5]
    assert data["none"]["totalCount"] == 0


async def test_holds_of_many_sources_are_accepted_at_once(world: MakeWorld) -> None:
    made, _ = await held(world, "a", "b", "c")
    done = await decide(made, sources=["a", "Source:b", "c"], accept=True)
    assert [kind(hold) for hold in done["holds"]] == ["Hold:a:USER", "Hold:b:USER", "Hold:c:USER"]
    assert done["userErrors"] == []
    assert await holds(made) == {}
    assert await count(made) == (people(made, "a", "b", "c"), ["FRESH"] * 3)


async def test_accepting_asks_no_source(world: MakeWorld) -> None:
    made, _ = await held(world, "a")
    before = made.requests("a")
    await decide(made, sources=["a"], accept=True)
    assert await count(made) == (people(made, "a"), ["FRESH"])
    assert made.requests("a") == before


async def test_what_is_accepted_is_as_old_as_it_is(world: MakeWorld) -> None:
    made, _ = await held(world, "a", settings={"a": {"cache": {"fresh_for": {"users": 0.2}}}})
    await asyncio.sleep(0.25)
    await decide(made, sources=["a"], accept=True)
    before = made.requests("a")
    assert await count(made) == (people(made, "a"), ["FRESH"])
    assert made.requests("a") == before + 1


async def test_what_was_refused_is_dropped_and_held_again_at_the_next_reading(world: MakeWorld) -> None:
    made, before = await held(world, "a")
    done = await decide(made, sources=["a"], accept=False)
    assert [hold["rowsNow"] for hold in done["holds"]] == [people(made, "a")]
    assert await holds(made) == {}
    assert (await count(made))[0] == before
    await reread(made, "a")
    assert await count(made) == (before, ["HELD"])
    assert list(await holds(made)) == ["a"]


async def test_mutations_of_one_document_are_carried_out_in_their_order(world: MakeWorld) -> None:
    made, before = await held(world, "a")
    data = await ask(
        made,
        """mutation {
          first: decideHolds(input: { sources: ["a"], accept: false }) { holds { id } }
          second: decideHolds(input: { sources: ["a"], accept: true }) { holds { id } }
        }""",
    )
    assert ([kind(hold) for hold in data["first"]["holds"]], data["second"]) == (["Hold:a:USER"], {"holds": []})
    assert (await count(made))[0] == before


async def test_labels_choose_and_narrow_what_sources_choose(world: MakeWorld) -> None:
    labels = {"a": ["rollover"], "b": ["rollover", "pilot"], "c": ["pilot"]}
    made, _ = await held(world, *labels, settings={key: {"labels": found} for key, found in labels.items()})
    done = await decide(made, sources=["b", "c"], labels=["rollover"], accept=True)
    assert [hold["source"]["key"] for hold in done["holds"]] == ["b"]
    done = await decide(made, labels=["rollover", "pilot"], accept=True)
    assert [hold["source"]["key"] for hold in done["holds"]] == ["a", "c"]


async def test_collections_choose_which_holds_are_decided(world: MakeWorld) -> None:
    made, _ = await held(world, "a")
    assert await decide(made, sources=["a"], collections=["CLASS"], accept=True) == {"holds": [], "userErrors": []}
    assert list(await holds(made)) == ["a"]
    assert len((await decide(made, sources=["a"], collections=["CLASS", "USER"], accept=True))["holds"]) == 1


async def test_a_reading_that_was_not_looked_at_is_not_accepted(world: MakeWorld) -> None:
    made, _ = await held(world, "a", "b")
    seen = [found["id"] for rows in (await holds(made)).values() for found in rows]
    district = made.servers["a"].district
    for user in list(district.users)[:10]:
        district.remove(user)
    await reread(made, "a", "b")
    done = await decide(made, holds=seen, accept=True)
    assert [kind(hold) for hold in done["holds"]] == ["Hold:b:USER"]
    assert [(e["code"], e["field"]) for e in done["userErrors"]] == [("NOT_FOUND", ["input", "holds"])]
    assert "another reading has come" in done["userErrors"][0]["message"]
    [found] = (await holds(made))["a"]
    assert found["id"] not in seen
    assert (await decide(made, holds=[found["id"]], accept=True))["userErrors"] == []
    assert await count(made) == (people(made, "a", "b"), ["FRESH", "FRESH"])


async def test_the_same_shrunken_reading_again_is_the_same_hold(world: MakeWorld) -> None:
    made, _ = await held(world, "a")
    [seen] = (await holds(made))["a"]
    before = made.requests("a")
    await reread(made, "a")
    assert made.requests("a") > before
    assert [again["id"] for again in (await holds(made))["a"]] == [seen["id"]]
    assert len((await decide(made, holds=[seen["id"]], accept=True))["holds"]) == 1


async def test_holds_narrow_what_sources_choose_and_what_is_no_hold_is_told(world: MakeWorld) -> None:
    made, _ = await held(world, "a", "b")
    [first] = (await holds(made))["a"]
    assert await decide(made, sources=["b"], holds=[first["id"]], accept=True) == {"holds": [], "userErrors": []}
    for ids in (["User:a:1"], [first["id"], "Hold:a"]):
        done = await decide(made, holds=ids, accept=True)
        assert done["holds"] == []
        assert [(e["code"], e["field"]) for e in done["userErrors"]] == [("BAD_USER_INPUT", ["input", "holds"])]
    assert list(await holds(made)) == ["a", "b"]


@pytest.mark.parametrize(
    "choice", [{}, {"holds": []}, {"sources": []}, {"labels": []}, {"sources": None, "labels": None}]
)
async def test_nothing_is_decided_where_nothing_was_chosen(world: MakeWorld, choice: dict[str, Any]) -> None:
    made, _ = await held(world, "a")
    done = await decide(made, **choice, accept=True)
    assert done["holds"] == []
    assert [(e["code"], e["field"]) for e in done["userErrors"]] == [("BAD_USER_INPUT", None)]
    assert list(await holds(made)) == ["a"]


async def test_an_unknown_name_is_told_and_nothing_is_decided(world: MakeWorld) -> None:
    made, _ = await held(world, "a", settings={"a": {"labels": ["pilot"]}})
    done = await decide(made, sources=["a", "nowhere"], labels=["pilto"], accept=True)
    assert done["holds"] == []
    assert done["userErrors"] == [
        {
            "code": "NOT_FOUND",
            "message": "no source named nowhere; there are: a",
            "field": ["input", "sources"],
        },
        {
            "code": "NOT_FOUND",
            "message": "no source bears the label pilto; there are: pilot",
            "field": ["input", "labels"],
        },
    ]
    assert list(await holds(made)) == ["a"]


async def test_a_grant_decides_nothing_beyond_its_sources(world: MakeWorld) -> None:
    made, _ = await held(world, "a", "b", settings={key: {"labels": ["rollover"]} for key in ("a", "b")})
    narrow = Grant({"a": ALL})
    assert [e["code"] for e in (await decide(made, narrow, sources=["b"], accept=True))["userErrors"]] == ["NOT_FOUND"]
    done = await decide(made, narrow, labels=["rollover"], accept=True)
    assert [kind(hold) for hold in done["holds"]] == ["Hold:a:USER"]
    [beyond] = (await holds(made))["b"]
    assert (await ask(made, "query ($id: ID!) { node(id: $id) { id } }", narrow, id=beyond["id"]))["node"] is None
    refused = await decide(made, narrow, holds=[beyond["id"]], accept=True)
    assert (refused["holds"], [e["code"] for e in refused["userErrors"]]) == ([], ["NOT_FOUND"])
    assert list(await holds(made)) == ["b"]
    refused = await refresh(made, narrow, source="b")
    assert (refused["source"], [e["code"] for e in refused["userErrors"]]) == (None, ["NOT_FOUND"])


async def test_settings_say_what_a_reading_may_lose(world: MakeWorld) -> None:
    lenient = {"guard": {"max_loss": 0.9}}
    cautious = {"guard": {"max_loss": 0.0, "min_records": 1}}
    made = world({"a": lenient, "b": cautious}, a=WHOLE, b=WHOLE)
    await count(made)
    lose(made, "a")
    district = made.servers["b"].district
    district.remove(district.users[0])
    await reread(made, "a", "b")
    assert list(await holds(made)) == ["b"]


async def test_settings_say_how_long_a_copy_stands_in(world: MakeWorld) -> None:
    made = world({"a": {"cache": {"stale_for": 0.2, "fresh_for": {"users": 0.1}}}, "b": {}}, a=WHOLE, b=WHOLE)
    await count(made)
    for key in ("a", "b"):
        made.servers[key].down = True
    await asyncio.sleep(0.25)
    await reread(made, "b")
    result = await SCHEMA.execute(USERS, {}, Context(made.reading()))
    assert [(e.extensions or {})["source"] for e in result.errors or ()] == ["a"]
    assert result.data is not None
    assert result.data["users"]["sources"] == [{"state": "STALE"}]


# ---------------------------------------------------------------- refreshing


async def test_a_refresh_answers_at_once_and_reads_on_in_the_background(world: MakeWorld) -> None:
    made = world(a=WHOLE)
    before, _ = await count(made)
    district = made.servers["a"].district
    district.remove(district.users[0])
    made.servers["a"].latency = 0.1
    began = time.monotonic()
    told = await refresh(made, source="a")
    assert time.monotonic() - began < 0.1
    states = {row["type"]: row["state"] for row in told["source"]["collections"]}
    assert [kind for kind, state in states.items() if state == "LOADING"] == ["USER"]
    assert told["userErrors"] == []
    await settled(made)
    assert await count(made) == (before - 1, ["FRESH"])
    assert made.requests("a") == 2


async def test_only_what_was_read_before_is_read_anew_unless_it_is_named(world: MakeWorld) -> None:
    made = world(a=WHOLE, b=WHOLE)
    assert (await refresh(made, source="a"))["userErrors"] == []
    await settled(made)
    assert made.requests("a") == 0
    await refresh(made, source="Source:a", collections=["ORG", "CLASS", "CLASS"], full=True)
    await settled(made)
    assert {c for c, t in source(made).tables.items() if t.whole is not None} == {Collection.ORGS, Collection.CLASSES}
    assert made.requests("a") == 2
    assert made.requests("b") == 0


async def test_readers_and_refreshes_of_a_collection_share_one_flight(world: MakeWorld) -> None:
    made = world(a=WHOLE)
    made.servers["a"].latency = 0.05
    reading = [asyncio.create_task(count(made)) for _ in range(4)]
    await asyncio.sleep(0.02)
    for _ in range(3):
        await refresh(made, source="a", collections=["USER"])
    reading += [asyncio.create_task(count(made)) for _ in range(4)]
    assert len({total for total, _ in await asyncio.gather(*reading)}) == 1
    await settled(made)
    assert made.requests("a") == 1


async def test_windows_and_single_records_are_no_longer_current_once_a_refresh_was_asked_for(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    window = "{ users(first: 3) { nodes { id } } }"
    ids = [node["id"] for node in (await ask(made, window))["users"]["nodes"]]
    before = made.requests("a")
    await ask(made, window)
    assert made.requests("a") == before
    made.servers["a"].latency = 0.05
    await refresh(made, source="a")
    await asyncio.gather(ask(made, window), ask(made, "query ($id: ID!) { node(id: $id) { id } }", id=ids[0]))
    assert made.requests("a") >= before + 2
    await settled(made)


async def test_a_refresh_of_a_source_that_is_down_begins_and_its_state_tells(world: MakeWorld) -> None:
    made = world(a=WHOLE)
    before, _ = await count(made)
    made.servers["a"].down = True
    assert (await refresh(made, source="a"))["userErrors"] == []
    await settled(made)
    data = await ask(made, '{ source(id: "a") { state lastError collections { type state } } }')
    assert (data["source"]["state"], data["source"]["lastError"]) == ("FAILED", "UPSTREAM_FAILING")
    assert {"type": "USER", "state": "STALE"} in data["source"]["collections"]
    assert await count(made) == (before, ["STALE"])
    made.servers["a"].down = False
    await reread(made, "a")
    assert await count(made) == (before, ["FRESH"])


async def test_what_cannot_be_read_anew_is_told_and_the_rest_is_begun(world: MakeWorld) -> None:
    made = world(a=WHOLE)
    absent = [c for c, table in source(made).tables.items() if table.absent is not None]
    assert absent == [c for c in Collection if c is Collection.DEMOGRAPHICS or ENTITIES[c].service != "rostering"]
    told = await refresh(made, source="a", collections=["DEMOGRAPHICS", "ORG"])
    [error] = told["userErrors"]
    assert (error["code"], error["field"]) == ("UNSUPPORTED", ["input", "collections"])
    await settled(made)
    assert source(made).tables[Collection.ORGS].whole is not None


async def test_a_source_that_cannot_be_asked_is_no_source_to_refresh(world: MakeWorld) -> None:
    made = world({"a": {"enabled": False}}, a=WHOLE)
    told = await refresh(made, source="a")
    assert told["source"]["key"] == "a"
    assert [(e["code"], e["field"]) for e in told["userErrors"]] == [("SOURCE_DISABLED", ["input", "source"])]


async def test_collections_tell_when_they_were_read_whole_and_when_they_will_be_asked_for_again(
    world: MakeWorld,
) -> None:
    made = world(a=WHOLE)
    query = '{ source(id: "a") { collections { type asOf lastFullScanAt nextRefreshAt } } }'

    async def told() -> dict[str, Any]:
        return {row.pop("type"): row for row in (await ask(made, query))["source"]["collections"]}

    assert (await told())["USER"] == {"asOf": None, "lastFullScanAt": None, "nextRefreshAt": None}
    await count(made)
    users = (await told())["USER"]
    assert users["asOf"] == users["lastFullScanAt"] < users["nextRefreshAt"]
    assert (await told())["ORG"]["nextRefreshAt"] is None


async def test_a_copy_that_stands_in_and_lacks_records_is_told_as_an_error_not_as_old_alone(world: MakeWorld) -> None:
    made = world({"a": {"cache": {"fresh_for": {"users": 0.1}}}}, a=WHOLE)
    made.servers["a"].faults.on = [switched("bad-records=2")]
    query = "{ users(status: null, first: 10000) { complete sources { state code rejected } } }"
    lacking = {"complete": False, "sources": [{"state": "PARTIAL", "code": "INCOMPLETE", "rejected": 2}]}
    for down in (False, True):
        made.servers["a"].down = down
        result = await SCHEMA.execute(query, {}, Context(made.reading()))
        assert result.data == {"users": lacking}
        [error] = result.errors or ()
        assert (error.extensions or {})["code"] == "INCOMPLETE"
        await asyncio.sleep(0.15)
