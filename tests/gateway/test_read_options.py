"""`read`: which sources a list is over, and how they and all below it are read."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest

from adapters.client import SourceClient
from adapters.endpoints import Collection
from adapters.secret import Secret
from gateway.access.grant import ALL, EVERYTHING, Grant
from gateway.config import from_tables
from gateway.faults import SourceState
from gateway.identity import CursorCodec
from gateway.roster.reading import Reading, Source, Sources
from gateway.roster.store import Store
from gateway.roster.terms import MOST_ASKED
from gateway.sandbox.district import generate
from gateway.sandbox.exact import exact_district
from gateway.sandbox.server import make_server
from gateway.schema import SCHEMA
from gateway.schema.context import Context
from tests.gateway.support import MakeWorld, World

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]


async def ask(
    made: World, query: str, grant: Grant = EVERYTHING, seconds: float = 10, **variables: Any
) -> tuple[Any, list[Any], Any]:
    """data, errors, extensions."""
    result = await SCHEMA.execute(query, variables, Context(made.reading(grant, seconds)))
    return result.data, [e.formatted for e in result.errors or ()], result.extensions


def three(world: MakeWorld) -> World:
    return world(
        a="standard-1.2",
        b="classlink",
        c="standard-1.2",
        tables={
            "a": {"labels": ["pilot", "north"], "district": "Ashford"},
            "b": {"labels": ["pilot"], "district": "Bexley"},
            "c": {"district": "Ashford"},
        },
    )


# ------------------------------------------------------------------ which sources


async def keys(made: World, arguments: str) -> set[str]:
    query = f"{{ orgs(first: 1000, status: null, {arguments}) {{ nodes {{ source {{ key }} }} }} }}"
    data, errors, _ = await ask(made, query)
    assert errors == []
    return {row["source"]["key"] for row in data["orgs"]["nodes"]}


@pytest.mark.parametrize(
    ("arguments", "chosen"),
    [
        ("read: {}", {"a", "b", "c"}),
        ('read: { labels: ["pilot"] }', {"a", "b"}),
        ('read: { labels: ["north", "pilot"] }', {"a", "b"}),
        ('read: { districts: ["Ashford"] }', {"a", "c"}),
        ('read: { providers: ["classlink"] }', {"b"}),
        ('read: { labels: ["pilot"], districts: ["Ashford"] }', {"a"}),
        ('read: { labels: ["north"], providers: ["classlink"] }', set()),
        ('sources: ["b", "c"], read: { labels: ["pilot"] }', {"b"}),
    ],
)
async def test_a_list_is_over_the_sources_that_satisfy_every_condition(
    world: MakeWorld, arguments: str, chosen: set[str]
) -> None:
    made = three(world)
    assert await keys(made, arguments) == chosen
    assert {key for key in "abc" if made.requests(key)} == chosen


@pytest.mark.parametrize(
    ("read", "code", "message"),
    [
        ('labels: ["south"]', "NOT_FOUND", "read.labels: no source has south; there are: north, pilot"),
        (
            'districts: ["York"]',
            "NOT_FOUND",
            "read.districts: no source has York; there are: Ashford, Bexley",
        ),
        ('providers: ["aeries"]', "NOT_FOUND", "read.providers: no source has aeries; there are: classlink, standard"),
        ("labels: null", "BAD_USER_INPUT", "read.labels: null chooses nothing; leave it out for any"),
        ("districts: []", "BAD_USER_INPUT", "read.districts: an empty list chooses nothing; leave it out for any"),
        ("maxAge: -1", "BAD_USER_INPUT", "read.maxAge: -1 is out of bounds; from 0"),
        ("deadlineMs: 0", "BAD_USER_INPUT", "read.deadlineMs: 0 is out of bounds; from 1"),
    ],
)
async def test_what_chooses_nothing_is_refused_with_what_there_is(
    world: MakeWorld, read: str, code: str, message: str
) -> None:
    made = three(world)
    data, [error], _ = await ask(made, f"{{ users(read: {{ {read} }}) {{ complete }} }}")
    assert data == {"users": None}
    assert error["extensions"]["code"] == code
    assert error["message"] == message
    assert not any(made.requests(key) for key in "abc")


async def test_nothing_is_told_of_sources_outside_the_grant(world: MakeWorld) -> None:
    made = three(world)
    grant = Grant({"b": ALL, "c": ALL})
    data, [error], _ = await ask(made, '{ users(read: { labels: ["north"] }) { complete } }', grant)
    assert data == {"users": None}
    assert error["message"] == "read.labels: no source has north; there are: pilot"


async def test_a_cursor_belongs_to_the_sources_that_were_chosen(world: MakeWorld) -> None:
    made = three(world)
    query = """query ($read: ReadOptions, $after: String) {
      users(first: 3, read: $read, after: $after) { pageInfo { endCursor } nodes { id } }
    }"""
    data, _, _ = await ask(made, query, read={"labels": ["pilot"]})
    after = data["users"]["pageInfo"]["endCursor"]
    same, errors, _ = await ask(made, query, read={"labels": ["pilot"], "onSourceFailure": "ACCEPT"}, after=after)
    assert errors == []
    assert same["users"]["nodes"][0] not in data["users"]["nodes"]
    _, [error], _ = await ask(made, query, read={"districts": ["Ashford"]}, after=after)
    assert error["extensions"]["code"] == "BAD_CURSOR"


# ------------------------------------------------------------------ until when


async def test_a_list_may_want_to_be_answered_sooner_than_the_operation(world: MakeWorld) -> None:
    made = three(world)
    made.servers["b"].latency = 0.5
    query = """{
      soon: users(first: 1000, read: { deadlineMs: 150 }) { complete nodes { source { key } } }
      patient: users(first: 1000) { complete }
    }"""
    data, [error], _ = await ask(made, query)
    assert data["soon"]["complete"] is False
    assert {row["source"]["key"] for row in data["soon"]["nodes"]} == {"a", "c"}
    assert data["patient"]["complete"] is True
    assert error["path"] == ["soon"]
    assert error["extensions"] == {"code": "DEADLINE_EXCEEDED", "retryable": True, "source": "b"}


async def test_that_a_source_was_not_there_so_soon_does_not_count_against_it(world: MakeWorld) -> None:
    made = three(world)
    made.servers["b"].latency = 0.3
    await ask(made, "{ users(read: { deadlineMs: 50 }) { complete } }")
    data, _, _ = await ask(made, '{ source(id: "b") { state lastError } }')
    assert data["source"] == {"state": "FRESH", "lastError": None}


async def test_a_deadline_is_never_later_than_that_of_the_operation(world: MakeWorld) -> None:
    made = three(world)
    made.servers["b"].latency = 5.0
    began = asyncio.get_running_loop().time()
    data, [error], _ = await ask(made, "{ users(first: 10000, read: { deadlineMs: 60000 }) { complete } }", seconds=0.2)
    assert asyncio.get_running_loop().time() - began < 0.201
    assert data["users"]["complete"] is False
    assert error["extensions"]["code"] == "DEADLINE_EXCEEDED"


async def test_the_deadline_of_a_list_is_that_of_what_follows_from_its_records(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    await ask(made, "{ users { nodes { id } } }")
    made.servers["a"].latency = 0.5
    data, [error], _ = await ask(made, "{ users(read: { deadlineMs: 100 }) { nodes { enrollments { id } } } }")
    assert {row["enrollments"] and len(row["enrollments"]) for row in data["users"]["nodes"]} == {None}
    assert error["path"][:2] == ["users", "nodes"]
    assert error["extensions"]["code"] == "DEADLINE_EXCEEDED"


# ------------------------------------------------------------------ whom to ask

PEOPLE = """query ($read: ReadOptions, $first: Int = 10, $after: String) {
  users(read: $read, first: $first, after: $after) {
    complete
    totalCount
    pageInfo { endCursor }
    nodes { sourcedId enrollments { sourcedId } }
    sources { source { key } state code asOf }
  }
}"""
HELD = {"reach": "HELD"}


def source(made: World, key: str = "a") -> Source:
    found = made.sources.get(key, EVERYTHING)
    assert found is not None
    return found


async def read_whole(made: World, *collections: Collection, key: str = "a") -> None:
    for collection in collections:
        source(made, key).refresh(collection)
        while source(made, key).loading(collection):  # noqa: ASYNC110 - there is nothing to be told by
            await asyncio.sleep(0.005)


async def test_a_source_of_which_nothing_is_held_is_skipped_and_that_is_no_error(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    data, errors, extra = await ask(made, PEOPLE, read=HELD)
    assert errors == []
    assert data["users"] == {
        "complete": False,
        "totalCount": None,
        "pageInfo": {"endCursor": None},
        "nodes": [],
        "sources": [{"source": {"key": "a"}, "state": "SKIPPED", "code": None, "asOf": None}],
    }
    assert extra["sources"] == {
        "counts": {"SKIPPED": 1},
        "notFresh": [{"source": "a", "collection": "USER", "state": "SKIPPED"}],
    }
    assert made.servers["a"].requests.total() == 0
    assert source(made).state is SourceState.FRESH


async def test_a_list_that_is_wanted_whole_fails_for_a_source_that_was_skipped(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    data, [error], _ = await ask(made, PEOPLE, read={"reach": "HELD", "onSourceFailure": "FAIL"})
    assert data == {"users": None}
    assert error["extensions"] == {"code": "INCOMPLETE", "retryable": False, "source": "a"}


async def test_what_was_read_before_serves_page_by_page_without_asking(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    first, _, _ = await ask(made, PEOPLE)
    after = first["users"]["pageInfo"]["endCursor"]
    second, _, _ = await ask(made, PEOPLE, after=after)
    asked = made.requests("a")
    for kept, cursor in ((first, None), (second, after)):
        again, errors, _ = await ask(made, PEOPLE, read=HELD, after=cursor)
        assert errors == []
        assert again == kept
        assert again["users"]["complete"] is True
    assert made.requests("a") == asked


async def test_a_part_of_a_list_that_was_not_read_is_not_made_up(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    await ask(made, PEOPLE, first=10)
    asked = made.requests("a")
    fewer, _, _ = await ask(made, "{ users(first: 3, read: { reach: HELD }) { complete nodes { id } } }")
    assert fewer["users"]["complete"] is True
    assert len(fewer["users"]["nodes"]) == 3
    more, _, _ = await ask(made, "{ users(first: 30, read: { reach: HELD }) { complete nodes { id } } }")
    assert more["users"] == {"complete": False, "nodes": []}
    assert made.requests("a") == asked


async def test_a_relation_that_is_not_held_is_null_and_told_never_empty(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    await ask(made, "{ users(first: 10) { nodes { id } } }")
    asked = made.requests("a")
    data, [error], extra = await ask(made, PEOPLE, read=HELD)
    assert data["users"]["complete"] is True
    assert [row["enrollments"] for row in data["users"]["nodes"]] == [None] * 10
    assert error["path"] == ["users", "nodes", 0, "enrollments"]
    assert error["extensions"] == {"code": "INCOMPLETE", "retryable": False, "source": "a", "count": 10}
    assert extra["sources"]["notFresh"] == [{"source": "a", "collection": "ENROLLMENT", "state": "SKIPPED"}]
    assert made.requests("a") == asked


async def test_of_a_relation_that_is_held_in_part_that_part_is_shown(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    some, _, _ = await ask(made, PEOPLE, first=4)
    await ask(made, "{ users(first: 10) { nodes { id } } }")
    data, [error], _ = await ask(made, PEOPLE, read=HELD)
    assert data["users"]["nodes"][:4] == some["users"]["nodes"]
    assert [row["enrollments"] for row in data["users"]["nodes"][4:]] == [None] * 6
    assert error["extensions"]["count"] == 6


async def test_a_list_that_is_not_to_ask_does_not_even_beside_one_that_may(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    await ask(made, "{ users(first: 10) { nodes { id } } }")
    data, errors, _ = await ask(
        made,
        """{
          held: users(first: 10, read: { reach: HELD }) { nodes { ...all } }
          usual: users(first: 10) { nodes { ...all } }
          lookup: user(source: "a", sourcedId: "nobody") { enrollments { id } }
        }
        fragment all on User { enrollments { class { id } } roles { org { id } } demographics { sex } }""",
    )
    told = {(error["path"][0], error["path"][-1]) for error in errors if error["extensions"]["code"] == "INCOMPLETE"}
    assert told == {("held", "enrollments"), ("held", "org"), ("held", "demographics")}
    assert {row["enrollments"] and len(row["enrollments"]) for row in data["held"]["nodes"]} == {None}
    assert all(isinstance(row["enrollments"], list) for row in data["usual"]["nodes"])
    assert all(role["org"] is not None for row in data["usual"]["nodes"] for role in row["roles"])


async def test_a_copy_past_its_time_serves_as_stale_with_its_age_and_is_left_as_it_is(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    await read_whole(made, Collection.USERS, Collection.ENROLLMENTS)
    asked = made.requests("a")
    fresh, errors, _ = await ask(made, PEOPLE, read=HELD)
    assert errors == []
    assert fresh["users"]["sources"] == []
    for collection in (Collection.USERS, Collection.ENROLLMENTS):
        source(made).tables[collection].expire()
    old, errors, extra = await ask(made, PEOPLE, read=HELD)
    assert errors == []
    [told] = old["users"].pop("sources")
    assert told["state"] == "STALE"
    assert told["code"] is None
    assert told["asOf"] is not None
    assert old["users"] == {name: value for name, value in fresh["users"].items() if name != "sources"}
    assert old["users"]["complete"] is True
    assert {(s["collection"], s["state"]) for s in extra["sources"]["notFresh"]} == {
        ("USER", "STALE"),
        ("ENROLLMENT", "STALE"),
    }
    await asyncio.sleep(0.05)
    assert made.requests("a") == asked
    await ask(made, PEOPLE)
    assert made.requests("a") > asked


async def test_reading_what_is_held_has_nothing_refreshed_ahead_of_its_time(world: MakeWorld) -> None:
    made = world(a="xporter-generic", tables={"a": {"cache": {"fresh_for": {"users": 0.8}}}})
    await read_whole(made, Collection.USERS)
    asked = made.requests("a")
    await asyncio.sleep(0.65)
    assert source(made).tables[Collection.USERS].ageing
    people = "query ($read: ReadOptions) { users(read: $read) { complete } }"
    await ask(made, people, read=HELD)
    await asyncio.sleep(0.05)
    assert made.requests("a") == asked


async def test_a_source_that_no_longer_lets_us_read_is_not_answered_for(world: MakeWorld) -> None:
    made = world(a="xporter-generic")
    await read_whole(made, Collection.USERS)
    source(made).tables[Collection.USERS].expire()
    people = "query ($read: ReadOptions) { users(first: 1, read: $read) { nodes { id } sources { state } } }"
    held, _, _ = await ask(made, people, read=HELD)
    assert len(held["users"]["nodes"]) == 1
    made.servers["a"].answer_next(403)
    for read in ({}, HELD):
        data, [error], _ = await ask(made, people, read=read)
        assert data["users"] == {"nodes": [], "sources": [{"state": "FORBIDDEN"}]}
        assert error["extensions"]["code"] == "UPSTREAM_FORBIDDEN"
    back, errors, _ = await ask(made, people)
    assert errors == []
    again, errors, _ = await ask(made, people, read=HELD)
    assert errors == []
    assert again == back


async def test_what_lies_outside_the_schools_of_a_source_is_not_held(world: MakeWorld) -> None:
    district = generate(1, students=60)
    school = district.schools[0].id
    made = world(a=make_server("xporter-generic", district), tables={"a": {"schools": [school]}})
    await read_whole(made, Collection.USERS, Collection.ENROLLMENTS, Collection.CLASSES)
    query = """query ($read: ReadOptions) {
      users(first: 1000, read: $read) { totalCount nodes { sourcedId enrollments { sourcedId class { sourcedId } } } }
    }"""
    usual, _, _ = await ask(made, query)
    asked = made.requests("a")
    held, _, _ = await ask(made, query, read=HELD)
    assert held == usual
    assert 0 < held["users"]["totalCount"] < len(district.users)
    assert made.requests("a") == asked


async def test_what_is_kept_on_disk_is_held(tmp_path: Path) -> None:
    server = make_server("xporter-generic", generate(1, students=60))
    settings = from_tables({"sources": [{"key": "a", "name": "A", **server.settings("http://a.test")}]})
    query = "query ($read: ReadOptions) { users(first: 5, read: $read) { totalCount complete nodes { id } } }"

    async def answer(read: dict[str, str]) -> Any:
        secret = Secret("a secret of the thirty-two characters that it takes")
        sources = Sources.open(
            settings,
            lambda each: SourceClient(each.spec, httpx2.ASGITransport(server.app)),
            Store(tmp_path, secret),
        )
        try:
            context = Context(Reading(sources, EVERYTHING, CursorCodec(b"x"), 10))
            return (await SCHEMA.execute(query, {"read": read}, context)).data
        finally:
            await sources.close()

    before = await answer({})
    server.reset()
    assert await answer(HELD) == before
    assert before["users"]["complete"] is True
    assert server.requests.total() == 0


# ------------------------------------------------------------------ many sources


def many(world: MakeWorld, count: int) -> World:
    district = exact_district(1, users=10, classes=1, courses=1, enrollments=10)
    keys = [f"s{number:02d}" for number in range(count)]
    servers = {key: make_server("standard-1.2", district) for key in keys}
    return world(tables={key: {"labels": ["first"]} for key in keys[:MOST_ASKED]}, **servers)


WIDE = """query ($read: ReadOptions, $first: Int = 100, $after: String) {
  orgs(read: $read, first: $first, after: $after) {
    complete
    totalCount
    pageInfo { hasNextPage endCursor }
    nodes { source { key } children { id } }
    all: sources(state: [FRESH, SKIPPED, STALE]) { source { key } state }
  }
}"""


def states(data: Any) -> dict[str, str]:
    return {each["source"]["key"]: each["state"] for each in data["orgs"]["all"]}


async def test_a_list_over_more_sources_than_it_may_ask_is_answered_from_what_is_held(world: MakeWorld) -> None:
    made = many(world, MOST_ASKED + 1)
    await ask(made, '{ orgs(sources: ["s03", "s20"]) { nodes { children { id } } } }')
    data, errors, extra = await ask(made, WIDE)
    assert {error["extensions"]["code"] for error in errors} <= {"INCOMPLETE"}
    assert {key for key, state in states(data).items() if state == "FRESH"} == {"s03", "s20"}
    assert {row["source"]["key"] for row in data["orgs"]["nodes"]} == {"s03", "s20"}
    assert data["orgs"]["complete"] is False
    assert data["orgs"]["totalCount"] is None
    assert extra["sources"]["counts"]["SKIPPED"] == MOST_ASKED - 1
    assert {key for key in made.servers if made.requests(key)} == {"s03", "s20"}


async def test_one_over_as_many_as_it_may_ask_asks_them(world: MakeWorld) -> None:
    made = many(world, MOST_ASKED + 1)
    data, errors, _ = await ask(made, WIDE, read={"labels": ["first"]})
    assert errors == []
    assert set(states(data).values()) == {"FRESH"}
    assert len(states(data)) == MOST_ASKED
    assert made.requests("s20") == 0


async def test_upstream_asks_however_many_there_are_and_what_is_held_need_not_be(world: MakeWorld) -> None:
    made = many(world, MOST_ASKED + 1)
    data, errors, _ = await ask(made, WIDE, read={"reach": "UPSTREAM"})
    assert errors == []
    assert data["orgs"]["complete"] is True
    assert len(states(data)) == MOST_ASKED + 1
    asked = {key: made.requests(key) for key in made.servers}
    assert all(asked.values())
    again, _, _ = await ask(made, WIDE)
    assert again["orgs"]["complete"] is True
    assert again["orgs"]["totalCount"] == data["orgs"]["totalCount"]
    assert {key: made.requests(key) for key in made.servers} == asked


async def test_a_walk_remembers_that_sources_were_skipped(world: MakeWorld) -> None:
    made = many(world, MOST_ASKED + 5)
    await ask(made, '{ orgs(sources: ["s24"]) { totalCount nodes { children { id } } } }')
    first, _, _ = await ask(made, WIDE, first=1)
    assert first["orgs"]["pageInfo"]["hasNextPage"] is True
    after = first["orgs"]["pageInfo"]["endCursor"]
    rest, _, _ = await ask(made, WIDE, after=after)
    assert states(rest) == {"s24": "FRESH"}
    assert rest["orgs"]["complete"] is False


# ------------------------------------------------------------------ how old


async def aged(made: World, query: str = PEOPLE, **read: Any) -> tuple[Any, list[Any], Any, int]:
    """As `ask`, and how many requests that took."""
    before = made.requests("a")
    data, errors, extra = await ask(made, query, read=read)
    return data, errors, extra, made.requests("a") - before


@pytest.mark.parametrize("kind", ["standard-1.2", "xporter-generic"])
async def test_what_is_older_than_wanted_is_asked_for_anew_and_that_once(world: MakeWorld, kind: str) -> None:
    made = world(a=kind)
    first, _, _, cold = await aged(made)
    assert cold > 0
    again, errors, extra, warm = await aged(made, maxAge=60)
    assert (again, errors, warm) == (first, [], 0)
    routes = set(made.servers["a"].requests) - {"POST token"}
    made.servers["a"].reset()
    began = time.time()
    anew, errors, extra, sent = await aged(made, maxAge=0)
    assert errors == []
    assert 0 < sent <= cold
    assert anew == first
    assert set(made.servers["a"].requests) - {"POST token"} == routes
    assert extra["sources"]["counts"] == {"FRESH": 1}
    _, _, _, later = await aged(made, maxAge=int(time.time() - began) + 1)
    assert later == 0


async def test_records_that_a_list_names_are_asked_for_anew_too(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    district = made.servers["a"].district
    user = next(u for u in district.users if u.status == "active")
    query = """query ($id: String!, $read: ReadOptions) {
      users(filter: { sourcedId: { eq: $id } }, read: $read) { nodes { givenName } }
    }"""
    for read in ({}, {"maxAge": 0}, {"maxAge": 60}):
        data, errors, _ = await ask(made, query, id=user.id, read=read)
        assert errors == []
        assert data["users"]["nodes"] == [{"givenName": district.user(user.id).given}]
        if not read:
            district.update(user, given="Renamed")
    assert district.user(user.id).given == "Renamed"


async def test_lists_and_relations_of_one_operation_share_what_they_have_read_anew(world: MakeWorld) -> None:
    made = world(a="xporter-generic")
    query = """query ($read: ReadOptions) {
      one: users(read: $read, first: 5) { nodes { enrollments { user { sourcedId } } } }
      two: users(read: $read, first: 10) { nodes { enrollments { sourcedId } } }
    }"""
    await aged(made, query)
    for collection in (Collection.USERS, Collection.ENROLLMENTS):
        await read_whole(made, collection)
    made.servers["a"].reset()
    _, errors, _, _ = await aged(made, query, maxAge=0)
    assert errors == []
    pages = made.servers["a"].requests
    assert {route: count for route, count in pages.items() if route != "POST token"} == {
        "GET /users": 1,
        "GET /enrollments": 1,
    }


async def test_a_change_at_the_source_is_seen_by_who_wants_it_and_then_by_all(world: MakeWorld) -> None:
    made = world(a="xporter-generic")
    query = "query ($read: ReadOptions) { orgs(read: $read, first: 1000, status: null) { nodes { name } asOf } }"
    before, _, _, _ = await aged(made, query)
    district = made.servers["a"].district
    district.update(district.schools[0], name="Renamed")
    unchanged, _, _, _ = await aged(made, query)
    assert unchanged == before
    changed, _, _, _ = await aged(made, query, maxAge=0)
    assert changed["orgs"]["nodes"] != before["orgs"]["nodes"]
    for_all, _, _, sent = await aged(made, query)
    assert for_all == changed
    assert sent == 0


@pytest.mark.parametrize("kind", ["standard-1.2", "xporter-generic"])
async def test_where_the_source_fails_what_is_held_serves_as_stale_for_this_list_only(
    world: MakeWorld, kind: str
) -> None:
    made = world(a=kind)
    first, _, _, _ = await aged(made)
    assert first["users"]["complete"] is True
    made.servers["a"].down = True
    old, errors, extra, _ = await aged(made, maxAge=0)
    assert errors == []
    [told] = old["users"].pop("sources")
    assert (told["state"], told["code"]) == ("STALE", "UPSTREAM_FAILING")
    first["users"].pop("sources")
    assert old == first
    assert {s["state"] for s in extra["sources"]["notFresh"]} == {"STALE"}
    usual, errors, extra, sent = await aged(made)
    assert (errors, sent) == ([], 0)
    assert usual["users"]["sources"] == []
    assert extra["sources"]["counts"] == {"FRESH": 1}


async def test_a_source_that_fails_is_left_alone_for_a_moment_where_a_copy_is_held(world: MakeWorld) -> None:
    made = world(a="xporter-generic")
    query = "query ($read: ReadOptions) { orgs(read: $read) { sources { state } } }"
    await aged(made, query)
    made.servers["a"].down = True
    sent = []
    for _ in range(5):
        data, _, _, requests = await aged(made, query, maxAge=0)
        assert data["orgs"]["sources"] == [{"state": "STALE"}]
        sent.append(requests)
    assert sent[1:] == [0, 0, 0, 0]


async def test_a_source_that_may_not_be_asked_now_answers_with_what_is_held(world: MakeWorld) -> None:
    made = world(a="standard-1.2", tables={"a": {"pace": {"requests_per_day": 2}}})
    query = "query ($read: ReadOptions) { orgs(read: $read) { complete nodes { id } sources { state code } } }"
    first, _, _, sent = await aged(made, query)
    while sent:
        data, errors, _, sent = await aged(made, query, maxAge=0)
    assert errors == []
    assert data["orgs"].pop("sources") == [{"state": "STALE", "code": "UPSTREAM_OVERLOADED"}]
    first["orgs"].pop("sources")
    assert data == first


async def test_where_nothing_is_held_the_failure_is_told_as_ever(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    made.servers["a"].down = True
    data, [error], _, _ = await aged(made, maxAge=5)
    assert [s["state"] for s in data["users"]["sources"]] == ["FAILED"]
    assert error["extensions"]["code"] == "UPSTREAM_FAILING"


@pytest.mark.parametrize("kind", ["standard-1.2", "xporter-generic"])
async def test_what_is_not_to_be_asked_for_is_told_to_be_older_than_wanted(world: MakeWorld, kind: str) -> None:
    made = world(a=kind)
    await aged(made)
    young, errors, _, sent = await aged(made, reach="HELD", maxAge=60)
    assert (young["users"]["sources"], errors, sent) == ([], [], 0)
    old, errors, extra, sent = await aged(made, reach="HELD", maxAge=0)
    assert (errors, sent) == ([], 0)
    assert [(s["state"], s["code"]) for s in old["users"]["sources"]] == [("STALE", None)]
    assert old["users"]["nodes"] == young["users"]["nodes"]
    assert {s["collection"] for s in extra["sources"]["notFresh"]} == {"USER", "ENROLLMENT"}


async def test_a_source_too_slow_to_be_asked_anew_in_time_answers_with_what_is_held(world: MakeWorld) -> None:
    made = world(a="xporter-generic")
    query = "query ($read: ReadOptions) { orgs(read: $read) { complete nodes { id } sources { state code } } }"
    first, _, _, _ = await aged(made, query)
    made.servers["a"].latency = 0.3
    data, errors, _, _ = await aged(made, query, maxAge=0, deadlineMs=60)
    assert errors == []
    assert data["orgs"].pop("sources") == [{"state": "STALE", "code": "DEADLINE_EXCEEDED"}]
    first["orgs"].pop("sources")
    assert data == first


# ------------------------------------------------------------------ together with other arguments


async def test_a_list_that_names_a_record_of_one_source_is_not_wide_however_many_there_are(world: MakeWorld) -> None:
    made = many(world, MOST_ASKED + 1)
    district = made.servers["s07"].district
    query = "query ($id: ID!) { orgs(filter: { parent: { eq: $id } }) { complete nodes { sourcedId } } }"
    data, errors, _ = await ask(made, query, id=f"Org:s07:{district.district_org.id}")
    assert errors == []
    assert data["orgs"]["complete"] is True
    assert {row["sourcedId"] for row in data["orgs"]["nodes"]} == {school.id for school in district.schools}
    assert {key for key in made.servers if made.requests(key)} == {"s07"}


async def test_a_page_below_a_record_tells_how_old_it_is(world: MakeWorld) -> None:
    made = world(a="xporter-generic")
    await read_whole(made, Collection.ORGS, Collection.CLASSES)
    query = """query ($read: ReadOptions) {
      orgs(filter: { type: { eq: SCHOOL } }, read: $read) { nodes { classes { nodes { id } sources { state code } } } }
    }"""
    fresh, errors, _ = await ask(made, query, read=HELD)
    assert errors == []
    assert [row["classes"]["sources"] for row in fresh["orgs"]["nodes"]] == [[]] * len(fresh["orgs"]["nodes"])
    source(made).tables[Collection.CLASSES].expire()
    old, errors, _ = await ask(made, query, read=HELD)
    assert errors == []
    for before, now in zip(fresh["orgs"]["nodes"], old["orgs"]["nodes"], strict=True):
        assert now["classes"]["nodes"] == before["classes"]["nodes"]
        assert now["classes"]["sources"] == [{"state": "STALE", "code": None}]


async def test_a_condition_on_other_records_is_held_to_the_same(world: MakeWorld) -> None:
    made = world(a="xporter-generic")
    query = """query ($read: ReadOptions) {
      classes(filter: { enrollments: { count: { eq: 0 } } }, read: $read) { complete nodes { id } sources { state } }
    }"""
    await read_whole(made, Collection.CLASSES)
    asked = made.requests("a")
    data, errors, _ = await ask(made, query, read=HELD)
    assert errors == []
    assert data["classes"] == {"complete": False, "nodes": [], "sources": [{"state": "SKIPPED"}]}
    assert made.requests("a") == asked
    await read_whole(made, Collection.ENROLLMENTS)
    asked = made.requests("a")
    held, errors, _ = await ask(made, query, read=HELD)
    usual, _, _ = await ask(made, query)
    assert errors == []
    assert held["classes"]["complete"] is True
    assert held == usual
    assert made.requests("a") == asked


async def test_what_was_not_asked_for_is_explained_as_held(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    await ask(made, PEOPLE)
    reading = Reading(made.sources, EVERYTHING, CursorCodec(b"secret"), 10, explain=True)
    result = await SCHEMA.execute(PEOPLE, {"read": HELD}, Context(reading))
    assert result.extensions is not None
    told = result.extensions["explain"]["reads"]
    assert {each["path"] for each in told} == {"held"}
    assert sum(each["requests"] for each in told) == 0
    assert {each["need"] for each in told} == {"window of 11 users", "enrollments of 10 by user_id"}
