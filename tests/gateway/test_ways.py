"""The ways that the planner knows, taken: what comes is what the district has, for the requests that were planned."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from adapters.endpoints import Collection
from adapters.predicate import Not
from gateway.roster.explain import Account, Explanation
from gateway.roster.learned import Learned
from gateway.roster.needs import ByIds
from gateway.roster.reader import Reader
from gateway.sandbox.exact import exact_district
from gateway.sandbox.server import Server, make_server
from tests.gateway.support import ACTIVE, MakeWorld, World
from tests.gateway.test_planner_predictions import reader_of, spread

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]

LARGE = exact_district(3, users=120, classes=24, courses=12, enrollments=1200)
spread(LARGE, 6)


@asynccontextmanager
async def explained() -> AsyncIterator[list[Account]]:
    explanation = Explanation()
    with explanation.collecting():
        yield explanation.accounts


async def schools_known(world: World) -> Reader:
    """A reader that holds the classes and knows how many orgs and enrollments there are."""
    reader = await reader_of(world)
    await reader.window(Collection.CLASSES, Not(ACTIVE), None, 1)
    await reader.count(Collection.ORGS, None)
    await reader.count(Collection.ENROLLMENTS, None)
    return reader


def classes_of_one_school(server: Server) -> list[str]:
    rows = server.published("classes")
    return [r["sourcedId"] for r in rows if r["school"] == rows[0]["school"]]


def enrolled(server: Server, classes: list[str]) -> set[str]:
    return {r["sourcedId"] for r in server.published("enrollments") if r["class"]["sourcedId"] in classes}


UNFILTERED = {"capabilities": {"max_limit": 100, "dotted_filters": False}}


async def test_enrollments_of_classes_are_read_below_their_school(world: MakeWorld) -> None:
    made = world({"a": UNFILTERED}, a=make_server("standard-1.2", LARGE, max_limit=100))
    reader, server = await schools_known(made), made.servers["a"]
    classes = classes_of_one_school(server)
    server.reset()
    async with explained() as accounts:
        found = await reader.children(Collection.ENROLLMENTS, "class_id", classes)
    assert {r.sourced_id for rows in found.values() for r in rows} == enrolled(server, classes)
    assert server.requests == {"GET /schools/{id}/enrollments": 2}
    assert [(a.plan.path.label, a.plan.requests) for a in accounts if a.plan] == [("below the parents' schools", 2)]


async def test_a_source_that_has_nothing_below_its_schools_is_read_otherwise_from_then_on(world: MakeWorld) -> None:
    made = world({"a": UNFILTERED}, a=make_server("standard-1.2", LARGE, max_limit=100))
    reader, server = await schools_known(made), made.servers["a"]
    classes = classes_of_one_school(server)
    server.reset()
    server.answer_next(404, b"", {})
    found = await reader.children(Collection.ENROLLMENTS, "class_id", classes)
    assert {r.sourced_id for rows in found.values() for r in rows} == enrolled(server, classes)
    assert server.requests["GET /schools/{id}/enrollments"] == 1
    assert reader.learned.refused == {"enrollmentsForSchool"}


async def test_a_filter_by_ids_ends_with_the_last_of_them(world: MakeWorld) -> None:
    """Though the source tells no end of a list."""
    made = world(a=make_server("ed-fi", exact_district(4, users=900, classes=20, courses=10, enrollments=900)))
    reader, server = await reader_of(made), made.servers["a"]
    ids = [r["sourcedId"] for r in server.published("users")][:18]
    found = await reader.by_ids(Collection.USERS, ids)
    assert all(found.values())
    assert server.requests["GET /users"] == 1
    await reader.by_ids(Collection.USERS, ["nobody", *[r["sourcedId"] for r in server.published("users")][20:35]])
    assert server.requests["GET /users"] == 3


async def test_a_server_that_clamps_its_pages_is_planned_for_by_what_it_serves(world: MakeWorld) -> None:
    made = world(a=make_server("standard-1.2", LARGE, max_limit=50))
    reader, server = await reader_of(made), made.servers["a"]
    people = [r["sourcedId"] for r in server.published("users")][:4]
    async with explained() as accounts:
        await reader.children(Collection.ENROLLMENTS, "user_id", people)
        await reader.window(Collection.ENROLLMENTS, Not(ACTIVE), None, 1)
        await reader.window(Collection.USERS, Not(ACTIVE), None, 1)
    assert reader.learned.page_sizes == {Collection.ENROLLMENTS: 50, Collection.USERS: 50}
    assert [a.plan.requests for a in accounts if a.plan] == [a.requests for a in accounts]
    assert sum(a.requests for a in accounts) == made.requests("a")


async def test_latency_and_the_time_of_a_record_are_learned_from_what_was_asked(world: MakeWorld) -> None:
    made = world(a=make_server("standard-1.2", LARGE))
    made.servers["a"].latency = 0.03
    reader = await reader_of(made)
    await reader.by_ids(Collection.USERS, ["nobody"])
    assert reader.learned.latency is not None
    assert 0.03 <= reader.learned.latency < 1
    await reader.window(Collection.ENROLLMENTS, Not(ACTIVE), None, 1)
    assert reader.learned.seconds_per_row is not None
    assert reader.learned.seconds_per_row < 0.01


async def test_the_planner_knows_what_may_still_be_sent_today(world: MakeWorld) -> None:
    made = world({"a": {"pace": {"requests_per_day": 13}}}, a=make_server("standard-1.2", LARGE))
    reader = await reader_of(made)
    need = ByIds(Collection.USERS, ("nobody",))
    assert reader.learned.known(need, reader.tables).requests_left == 13
    await reader.count(Collection.ENROLLMENTS, None)
    assert reader.learned.known(need, reader.tables).requests_left == 12


def test_one_slow_answer_does_not_make_a_source_slow(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    learned = Learned(made.settings.sources[0].spec.dialect, made.connect(made.settings.sources[0]).pacer)
    for seconds in (0.1, 0.1, 1.1, 0.1):
        learned.flown(Account("a", "1 users by id", requests=1, in_requests=seconds, rows=1))
    assert learned.latency is not None
    assert 0.1 < learned.latency < 0.4
