"""What the planner makes of guesses and of older copies, as a source counts it."""

from __future__ import annotations

import asyncio

import pytest

from adapters.endpoints import Collection
from adapters.errors import Failing
from adapters.records import RecordType
from gateway.roster.foresight import Ahead
from gateway.sandbox.exact import exact_district
from gateway.sandbox.server import make_server
from tests.gateway.following import followed
from tests.gateway.support import MakeWorld
from tests.gateway.test_http import ask, gateway
from tests.gateway.test_planner_predictions import reader_of

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]

LARGE = exact_district(1, users=400, classes=1600, courses=1100, enrollments=3200)
PERSON = """query ($email: String) { users(filter: { email: { eq: $email } }) {
  nodes { enrollments { class { title course { title } } } } } }"""


async def test_one_person_of_a_source_of_unknown_sizes_costs_no_scan_and_four_latencies(world: MakeWorld) -> None:
    made = world(a=make_server("standard-1.2", LARGE, max_limit=1000))
    server = made.servers["a"]
    server.latency = 0.02
    async with gateway(made) as client:
        for number in (0, 100):
            server.reset()
            answer = await ask(client, PERSON, email=server.published("users")[number]["email"])
            [person] = answer["data"]["users"]["nodes"]
            assert len({e["class"]["course"]["title"] for e in person["enrollments"]}) == 8
            assert server.in_flight_peak == 4, "a handful goes out side by side"
            counted = {route: count for route, count in server.requests.items() if route != "POST token"}
            assert counted == {"GET /users": 1, "GET /enrollments": 1, "GET /classes": 4, "GET /courses": 4}


async def test_handfuls_add_up_until_reading_whole_is_tried(world: MakeWorld) -> None:
    made = world(a=make_server("standard-1.2", LARGE, max_limit=1000))
    reader, server = await reader_of(made), made.servers["a"]
    ids = sorted(r["sourcedId"] for r in server.published("courses"))
    took = []
    for start in range(0, 40, 8):
        server.reset()
        await reader.by_ids(Collection.COURSES, ids[start : start + 8])
        took.append(made.requests("a"))
    assert took == [4, 4, 2, 0, 0], "two handfuls, then two pages that hold them all"


async def test_a_copy_that_aged_is_brought_up_to_date_by_whatever_is_needed_of_it() -> None:
    async with followed() as it:
        ids = [e.id for e in it.district.enrollments[:3]]
        await it.refresh()
        for need in ("ids", "children", "window"):
            it.table.expire()
            it.way.begin()
            match need:
                case "ids":
                    await it.reader.by_ids(Collection.ENROLLMENTS, ids)
                case "children":
                    await it.below("user_id", [it.district.users[0].id])
                case _:
                    await it.reader.window(Collection.ENROLLMENTS, None, None, 10)
            assert ["dateLastModified>='" in (text or "") for text in it.filters()] == [True], need
            await it.reader.by_ids(Collection.ENROLLMENTS, [e.id for e in it.district.enrollments])
            assert len(it.way.sent) == 1, "all of it is fresh again"


async def test_where_changes_are_refused_a_need_is_met_otherwise_and_they_are_asked_for_once() -> None:
    async with followed() as it:
        ids = [e.id for e in it.district.enrollments[:1]]
        await it.refresh()
        it.table.expire()
        it.way.begin({1: lambda: 400})
        assert all((await it.reader.by_ids(Collection.ENROLLMENTS, ids)).values())
        first = len(it.way.sent)
        it.table.expire()
        it.way.begin()
        assert all((await it.reader.by_ids(Collection.ENROLLMENTS, ids)).values())
        assert not any("dateLastModified" in (text or "") for text in it.filters())
        assert (first, len(it.way.sent)) == (2, 1)
        assert await it.refresh(full=True) > 1
        it.table.expire()
        assert await it.refresh() == 1, "a reading in full gives changes another chance"


async def test_what_is_foreseen_of_an_aged_copy_is_brought_up_to_date_beside_the_root() -> None:
    async with followed() as it:
        await it.refresh()
        it.table.expire()
        it.way.begin()
        it.reader.foresee([Ahead(RecordType.ENROLLMENT, "user_id", children=True)], None, 50)
        async with asyncio.timeout(5):
            while it.table.whole is None:  # noqa: ASYNC110  # it is read ahead, and tells nobody
                await asyncio.sleep(0.001)
        assert ["dateLastModified>='" in (text or "") for text in it.filters()] == [True]


async def test_nothing_is_asked_ahead_of_the_root_where_few_filters_would_do() -> None:
    async with followed(can={"filter_clauses": 100, "max_url": 8000}) as it:
        it.way.begin()
        await it.reader.count(Collection.ENROLLMENTS, None)
        it.reader.foresee([Ahead(RecordType.ENROLLMENT, "user_id", children=True)], None, 10)
        await asyncio.sleep(0.01)
        assert len(it.way.sent) == 1


async def test_many_requests_of_one_need_are_begun_as_the_source_takes_them_and_the_first_failure_ends_the_rest() -> (
    None
):
    """To begin hundreds in one step holds up everything else."""
    most = 0

    def watch() -> None:
        nonlocal most
        most = max(most, len(asyncio.all_tasks()))

    async with followed(can={"max_limit": 20}) as it:
        await it.reader.count(Collection.ENROLLMENTS, None)
        it.reader.tables[Collection.ENROLLMENTS].size = 1_000_000
        before = len(asyncio.all_tasks())
        it.way.begin(dict.fromkeys(range(1, 300), watch))
        ids = [f"nobody-{n}" for n in range(500)]
        assert not any((await it.reader.by_ids(Collection.ENROLLMENTS, ids)).values())
        assert len(it.way.sent) == 250
        assert most <= before + 30
        it.way.begin({20: lambda: 500})
        with pytest.raises(Failing):
            await it.reader.by_ids(Collection.ENROLLMENTS, [f"nowhere-{n}" for n in range(500)])
        assert len(it.way.sent) < 30


async def test_a_scan_may_begin_beside_the_root_though_a_handful_would_do_once_the_ids_are_known() -> None:
    wide = {"filter_clauses": 60, "max_url": 8000, "max_limit": 1000}
    async with followed(can=wide) as it:
        it.reader.foresee([Ahead(RecordType.CLASS, "class_id", children=False)], None, 190)
        async with asyncio.timeout(5):
            while it.reader.tables[Collection.CLASSES].whole is None:  # noqa: ASYNC110  # as above
                await asyncio.sleep(0.001)
        assert it.filters() == [None]
