"""What is read, with how many requests, and what happens when sources fail: over sandbox servers in this process."""

from __future__ import annotations

import asyncio
import time

import msgspec
import pytest

from adapters.endpoints import Collection
from adapters.predicate import Compare, Op, equals, every
from adapters.records import Class, Course, Enrollment, Record, RecordType, User
from gateway.access.grant import ALL, Grant
from gateway.faults import BadInput, ErrorCode, SourceState
from gateway.roster.listing import Extent, SourceFailed, children_page
from gateway.roster.reading import OnSourceFailure, Reading
from gateway.sandbox.district import generate
from gateway.sandbox.exact import exact_district
from gateway.sandbox.server import Server, make_server
from tests.gateway.support import ACTIVE, MakeWorld, World, here, page

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]

EXACT = exact_district(1, users=200, classes=20, courses=10, enrollments=1000)
WIDE = {"capabilities": {"filter_clauses": 100, "max_url": 8000}}


async def nested(reading: Reading, first: int = 50) -> list[str | None]:
    """users → enrollments → class → course, as a query would ask it."""
    users = (await page(reading, first=first)).page.records
    lists = await asyncio.gather(*(reading.children(here, RecordType.ENROLLMENT, "user_id", u, ACTIVE) for u in users))
    enrollments = [e for found in lists for e in found or () if isinstance(e, Enrollment)]
    classes = await asyncio.gather(*(reading.follow(here, RecordType.CLASS, e.source, e.class_id) for e in enrollments))
    courses = await asyncio.gather(
        *(reading.follow(here, RecordType.COURSE, c.source, c.course_id) for c in classes if isinstance(c, Class))
    )
    return [c.title for c in courses if isinstance(c, Course)]


def wide(world: MakeWorld) -> World:
    return world({"a": WIDE}, a=make_server("wide", EXACT))


async def test_the_nested_question_costs_four_requests_cold_and_none_warm(world: MakeWorld) -> None:
    made = wide(world)
    titles = await nested(made.reading())
    assert len(titles) == 250
    assert made.requests("a") == 4
    assert await nested(made.reading()) == titles
    assert made.requests("a") == 4


async def test_many_clients_with_the_same_cold_question_cost_what_one_does(world: MakeWorld) -> None:
    made = wide(world)
    answers = await asyncio.gather(*(nested(made.reading()) for _ in range(16)))
    assert all(a == answers[0] for a in answers)
    assert made.requests("a") == 4
    assert made.servers["a"].requests["POST token"] == 1


async def test_a_client_that_goes_away_does_not_cancel_what_another_waits_for(world: MakeWorld) -> None:
    made = wide(world)
    made.servers["a"].latency = 0.05
    leaving = asyncio.create_task(nested(made.reading()))
    staying = asyncio.create_task(nested(made.reading()))
    await asyncio.sleep(0.02)
    leaving.cancel()
    assert len(await staying) == 250
    assert made.requests("a") == 4


async def test_a_scan_gives_way_when_its_first_page_tells_that_filters_are_shorter(world: MakeWorld) -> None:
    district = exact_district(2, users=100, classes=20, courses=10, enrollments=900)
    made = world({"a": {"capabilities": {"max_limit": 20}}}, a=make_server("standard-1.2", district, max_limit=20))
    reader = made.sources.get("a", Grant())
    assert reader is not None
    users = (await page(made.reading(), first=2)).page.records
    before = made.requests("a")
    found = await made.reading().children(here, RecordType.ENROLLMENT, "user_id", users[0], None)
    assert found is not None
    assert {e.user_id for e in found if isinstance(e, Enrollment)} == {users[0].sourced_id}
    assert made.requests("a") - before <= 2


KINDS = [
    "standard-1.1",
    "standard-1.2",
    "infinite-campus-1.1",
    "infinite-campus-1.2",
    "classlink",
    "xporter",
    "alpha",
    "timeback",
    "skyward",
    "ed-fi",
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("first", [7, 50])
async def test_a_walk_shows_every_active_person_once_in_order(world: MakeWorld, kind: str, first: int) -> None:
    made = world(a=kind)
    reading = made.reading()
    seen: list[str] = []
    after = None
    while True:
        found = await page(reading, first=first, after=after)
        seen += [r.sourced_id for r in found.page.records]
        assert found.page.complete
        if not found.page.has_next:
            break
        after = found.cursor(-1)
    assert seen == sorted(set(seen))
    assert set(seen) == active_ids(made.servers["a"])
    assert await found.total() in (len(seen), None)


def active_ids(server: Server) -> set[str]:
    status = {"active", None}
    return {row["sourcedId"] for row in server.published("users") if row.get("status") in status}


async def test_a_walk_over_many_sources_goes_source_by_source(world: MakeWorld) -> None:
    made = world(c="alpha", a="classlink", b="xporter")
    reading = made.reading()
    seen: list[tuple[str, str]] = []
    after = None
    while True:
        found = await page(reading, first=40, after=after)
        seen += [(r.source, r.sourced_id) for r in found.page.records]
        if not found.page.has_next:
            break
        after = found.cursor(-1)
    assert seen == sorted(set(seen))
    assert {s for s, _ in seen} == {"a", "b", "c"}


async def test_records_that_appear_behind_a_cursor_are_neither_skipped_nor_repeated(world: MakeWorld) -> None:
    district = generate(5, students=60)
    made = world(a=make_server("standard-1.2", district))
    first = await page(made.reading(), first=20)
    cursor = first.cursor(-1)
    seen = [r.sourced_id for r in first.page.records]
    gone = seen[3]
    truth = made.servers["a"].truth_of("users", gone)
    district.remove(truth)
    rest = await page(made.reading(), first=1000, after=cursor)
    after = {r.sourced_id for r in rest.page.records}
    assert after == {i for i in active_ids(made.servers["a"]) if i > seen[-1]}


async def test_a_source_that_is_down_leaves_the_others_data_standing(world: MakeWorld) -> None:
    made = world(a="classlink", b="infinite-campus-1.2", c="alpha")
    made.servers["b"].down = True
    reading = made.reading()
    found = await page(reading, first=1000)
    assert {r.source for r in found.page.records} == {"a", "c"}
    assert not found.page.complete
    assert [(o.source, o.state) for o in found.page.outcomes if o.code] == [("b", SourceState.FAILED)]
    [error] = reading.outcomes.errors()
    assert error.extensions is not None
    assert error.extensions["source"] == "b"
    assert error.extensions["code"] == ErrorCode.UPSTREAM_FAILING
    assert error.path == ["field"]
    assert await found.total() is None


async def test_a_walk_remembers_the_source_that_an_earlier_page_lacked(world: MakeWorld) -> None:
    made = world(a="classlink", b="alpha")
    made.servers["a"].down = True
    found = await page(made.reading(), first=5)
    made.servers["a"].down = False
    following = await page(made.reading(), first=5, after=found.cursor(-1))
    assert not following.page.complete
    assert following.page.missing == ("a",)


async def test_accept_says_incomplete_without_an_error_and_fail_gives_nothing(world: MakeWorld) -> None:
    made = world(a="classlink", b="alpha")
    made.servers["a"].down = True
    reading = made.reading()
    found = await page(reading, mode=OnSourceFailure.ACCEPT)
    assert not found.page.complete
    assert not reading.outcomes.errors()
    with pytest.raises(SourceFailed) as raised:
        await page(made.reading(), mode=OnSourceFailure.FAIL)
    assert raised.value.extensions is not None
    assert raised.value.extensions["source"] == "a"


async def test_a_slow_source_ends_at_the_deadline_and_its_reading_runs_on(world: MakeWorld) -> None:
    made = world(a="classlink", b="alpha")
    made.servers["a"].latency = 0.3
    reading = made.reading(seconds=0.2)
    found = await page(reading, first=1000)
    assert {r.source for r in found.page.records} == {"b"}
    assert [e.extensions["code"] for e in reading.outcomes.errors() if e.extensions] == [ErrorCode.DEADLINE_EXCEEDED]
    source = made.sources.get("a", Grant())
    assert source is not None
    assert source.state is SourceState.FAILED
    await asyncio.sleep(0.3)
    assert made.requests("a") == 1
    again = await page(made.reading(), first=1000)
    assert {r.source for r in again.page.records} == {"a", "b"}
    assert made.requests("a") == 1


async def test_a_collection_that_a_source_lacks_is_a_state_and_no_error(world: MakeWorld) -> None:
    made = world(a="xporter")
    reading = made.reading()
    [user, *_] = (await page(reading, first=1)).page.records
    assert await reading.lookup(here, RecordType.DEMOGRAPHICS, "a", user.sourced_id) is None
    assert not reading.outcomes.errors()
    extension = reading.outcomes.extension()
    assert extension is not None
    assert extension["notFresh"][0]["code"] == "UNSUPPORTED"


async def test_a_dangling_reference_is_data_and_told_once_with_a_count(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    reading = made.reading()
    for wanted in ("nobody", "no one"):
        assert await reading.follow(here, RecordType.USER, "a", wanted) is None
    [error] = reading.outcomes.errors()
    assert error.extensions == {"code": "DANGLING_REFERENCE", "retryable": False, "source": "a", "count": 2}


async def test_a_grant_hides_sources_as_if_they_were_not_there(world: MakeWorld) -> None:
    made = world(a="classlink", b="alpha")
    reading = made.reading(Grant({"a": ALL}))
    assert {r.source for r in (await page(reading, first=1000)).page.records} == {"a"}
    with pytest.raises(BadInput, match="no source named b; there are: a"):
        await page(reading, sources=["b"])
    assert made.requests("b") == 0


async def test_a_filter_that_the_source_refuses_is_applied_here(world: MakeWorld) -> None:
    made = world(a="infinite-campus-1.2")
    where = every(ACTIVE, equals("roles.role", "TEACHER"))
    found = await page(made.reading(), where=where, first=1000)
    published = made.servers["a"].published("users")
    teachers = {
        row["sourcedId"]
        for row in published
        if row["status"] == "active" and any(r["role"] == "teacher" for r in row["roles"])
    }
    assert {r.sourced_id for r in found.page.records} == teachers
    assert await found.total() == len(teachers)


async def test_one_person_by_mail_is_found_without_reading_everyone(world: MakeWorld) -> None:
    made = wide(world)
    [user] = [r for r in (await page(made.reading(), first=1)).page.records if isinstance(r, User)]
    assert user.email is not None
    made.servers["a"].reset()
    again = world({"a": WIDE}, a=made.servers["a"])
    found = await page(again.reading(), where=every(ACTIVE, equals("email", user.email)))
    assert [r.sourced_id for r in found.page.records] == [user.sourced_id]
    assert made.requests("a") == 1


async def test_records_named_by_id_are_read_by_id(world: MakeWorld) -> None:
    made = wide(world)
    [user, *_] = (await page(made.reading(), first=1)).page.records
    made.servers["a"].reset()
    again = world({"a": WIDE}, a=made.servers["a"])
    found = await page(again.reading(), where=Compare("sourced_id", Op.EQ, user.sourced_id))
    assert [r.sourced_id for r in found.page.records] == [user.sourced_id]
    assert made.servers["a"].requests["GET /users/{id}"] == made.requests("a") == 1


async def test_only_the_schools_that_are_kept_can_be_reached(world: MakeWorld) -> None:
    district = generate(9, students=120)
    server = make_server("standard-1.2", district)
    schools = [row["sourcedId"] for row in server.published("orgs") if row["type"] == "school"]
    kept, other = schools[0], schools[1]
    made = world({"a": {"schools": [kept]}}, a=server)
    reading = made.reading()
    users = (await page(reading, first=1000)).page.records
    assert users
    assert all(isinstance(u, User) and kept in u.org_ids for u in users)
    outsiders = [
        row["sourcedId"]
        for row in server.published("users")
        if {r["org"]["sourcedId"] for r in row["roles"]} == {other}
    ]
    assert await reading.lookup(here, RecordType.USER, "a", outsiders[0]) is None
    assert await reading.lookup(here, RecordType.DEMOGRAPHICS, "a", outsiders[0]) is None
    assert await reading.lookup(here, RecordType.ORG, "a", other) is None
    enrollments = (await page(reading, RecordType.ENROLLMENT, first=1000)).page.records
    assert {e.school_id for e in enrollments if isinstance(e, Enrollment)} == {kept}
    for record in users[:5]:
        found = await reading.children(here, RecordType.ENROLLMENT, "user_id", record, None)
        assert all(isinstance(e, Enrollment) and e.school_id == kept for e in found or ())


async def test_a_cursor_of_another_list_is_refused(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    found = await page(made.reading(), first=5)
    for bad in (found.cursor(-1)[:-2], "nonsense", ""):
        with pytest.raises(BadInput, match="not a cursor of this list"):
            await page(made.reading(), after=bad)
    with pytest.raises(BadInput, match="not a cursor of this list"):
        await page(made.reading(), RecordType.ORG, after=found.cursor(-1))


def ids(records: tuple[Record, ...]) -> list[str]:
    return [r.sourced_id for r in records]


async def test_a_page_of_children_walks_like_any_list(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    reading = made.reading()
    [school, *_] = (await page(reading, RecordType.ORG, where=equals("type", "SCHOOL"))).page.records
    everyone = await children_page(reading, here, RecordType.USER, "org_ids", school, ACTIVE, Extent(size=1000))
    assert everyone is not None
    walked: list[str] = []
    after = None
    while True:
        found = await children_page(
            reading, here, RecordType.USER, "org_ids", school, ACTIVE, Extent(size=9, cursor=after)
        )
        assert found is not None
        walked += ids(found.page.records)
        assert await found.total() == len(everyone.page.records)
        if not found.page.has_next:
            break
        after = found.cursor(-1)
    assert walked == ids(everyone.page.records)
    assert walked


@pytest.mark.parametrize(
    ("status", "body", "headers", "code", "state"),
    [
        (500, b"", {}, ErrorCode.UPSTREAM_FAILING, SourceState.FAILED),
        (503, b"", {"retry-after": "3600"}, ErrorCode.UPSTREAM_THROTTLED, SourceState.FAILED),
        (429, b"", {"retry-after": "3600"}, ErrorCode.UPSTREAM_THROTTLED, SourceState.FAILED),
        (403, b"", {}, ErrorCode.UPSTREAM_FORBIDDEN, SourceState.FORBIDDEN),
        (401, b"", {}, ErrorCode.UPSTREAM_AUTH, SourceState.FAILED),
        (400, b'{"imsx_codeMajor":"failure"}', {}, ErrorCode.UPSTREAM_REFUSED, SourceState.FAILED),
        (302, b"", {"location": "https://elsewhere.example/"}, ErrorCode.UPSTREAM_REDIRECTED, SourceState.FAILED),
        (200, b"<html>Please log in</html>", {}, ErrorCode.UPSTREAM_BAD_CONTENT, SourceState.FAILED),
        (200, b'{"error":"no"}', {}, ErrorCode.UPSTREAM_BAD_CONTENT, SourceState.FAILED),
        (200, b"null", {}, ErrorCode.UPSTREAM_BAD_CONTENT, SourceState.FAILED),
    ],
)
async def test_whatever_a_source_answers_the_others_data_stand(
    world: MakeWorld, status: int, body: bytes, headers: dict[str, str], code: ErrorCode, state: SourceState
) -> None:
    made = world(a="standard-1.2", b="classlink")
    made.servers["a"].answer_next(status, body, headers, times=20)
    reading = made.reading()
    found = await page(reading, first=1000)
    assert {r.source for r in found.page.records} == {"b"}
    [error] = reading.outcomes.errors()
    assert error.extensions is not None
    assert (error.extensions["code"], error.extensions["source"]) == (code, "a")
    assert error.extensions.get("retryAfter") == (3600 if "retry-after" in headers else None)
    assert [o.state for o in found.page.outcomes if o.source == "a"] == [state]
    source = made.sources.get("a", Grant())
    assert source is not None
    assert source.state is state


async def test_a_record_that_cannot_be_read_costs_itself_and_is_told(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    rows = made.servers["a"].published("users")[:5]
    bad = {**rows[2], "sourcedId": None}
    body = msgspec.json.encode({"users": [*rows[:2], bad, *rows[3:]]})
    made.servers["a"].answer_next(200, body, {"x-total-count": "5"})
    reading = made.reading()
    found = await page(reading, where=None, first=5)
    assert ids(found.page.records) == sorted(r["sourcedId"] for r in (*rows[:2], *rows[3:]))
    assert not found.page.complete
    [error] = reading.outcomes.errors()
    assert error.extensions is not None
    assert error.extensions["code"] == ErrorCode.INCOMPLETE
    assert [(o.state, o.rejected) for o in found.page.outcomes] == [(SourceState.PARTIAL, 1)]


async def test_what_is_held_ages_however_it_is_asked_for(world: MakeWorld) -> None:
    """A new filter over the same ids must not make old records young."""
    fresh = {"cache": {"fresh_for": {"users": 0.4}}, **WIDE}
    made = world({"a": fresh}, a=make_server("wide", EXACT))
    [user, *_] = (await page(made.reading(), first=1)).page.records
    for turn in range(4):
        where = every(equals("sourced_id", user.sourced_id), Compare("username", Op.NE, f"nobody-{turn}"))
        found = await page(made.reading(), where=where)
        assert found.page.as_of is not None
        assert time.time() - found.page.as_of < 0.5
        await asyncio.sleep(0.15)
    assert made.servers["a"].requests["GET /users/{id}"] == 1


async def test_a_source_is_not_called_well_for_what_is_held_of_it(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    [user, *_] = (await page(made.reading(), first=1)).page.records
    source = made.sources.get("a", Grant())
    assert source is not None
    answered = source.last_success_at
    made.servers["a"].down = True
    await page(made.reading(), RecordType.ORG)
    assert source.state is SourceState.FAILED
    assert await made.reading().lookup(here, RecordType.USER, "a", user.sourced_id) is not None
    assert source.state is SourceState.FAILED
    assert source.last_success_at == answered


async def test_a_wrong_address_is_an_error_and_no_empty_district(world: MakeWorld) -> None:
    made = world({"a": {"base_url": "http://a.test/elsewhere/ims/oneroster/rostering/v1p2"}}, a="standard-1.2")
    reading = made.reading()
    found = await page(reading)
    assert not found.page.complete
    assert [e.extensions["code"] for e in reading.outcomes.errors() if e.extensions] == ["UPSTREAM_REFUSED"]


async def test_a_source_that_is_switched_off_is_in_no_list_unless_it_is_named(world: MakeWorld) -> None:
    made = world({"a": {"enabled": False}}, a="standard-1.2", b="classlink")
    reading = made.reading()
    assert (await page(reading)).page.complete
    assert not reading.outcomes.errors()
    named = made.reading()
    found = await page(named, sources=["a", "b"])
    assert not found.page.complete
    assert [e.extensions["code"] for e in named.outcomes.errors() if e.extensions] == ["SOURCE_DISABLED"]


SLOW_AGE = {"cache": {"fresh_for": dict.fromkeys(("users", "orgs", "classes", "courses", "enrollments"), 0.2)}}


async def everyone(made: World) -> tuple[int, Reading, SourceState]:
    """Reads all people of a source that cannot cut lists itself, so that they are held whole."""
    reading = made.reading()
    found = await page(reading, first=10_000)
    return len(found.page.records), reading, found.page.outcomes[0].state


@pytest.mark.parametrize("status", [500, 503])
async def test_an_older_copy_stands_in_for_a_source_that_fails(world: MakeWorld, status: int) -> None:
    made = world({"a": SLOW_AGE}, a="xporter-generic")
    before, _, state = await everyone(made)
    assert state is SourceState.FRESH
    await asyncio.sleep(0.25)
    made.servers["a"].answer_next(status, times=50)
    now, reading, state = await everyone(made)
    assert now == before
    assert state is SourceState.STALE
    assert not reading.outcomes.errors()
    extension = reading.outcomes.extension()
    assert extension is not None
    assert extension["notFresh"] == [
        {"source": "a", "collection": "USER", "state": "STALE", "code": "UPSTREAM_FAILING"}
    ]


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_no_older_copy_stands_in_where_we_may_not_read_any_more(world: MakeWorld, status: int) -> None:
    made = world({"a": SLOW_AGE}, a="xporter-generic")
    await everyone(made)
    await asyncio.sleep(0.25)
    made.servers["a"].answer_next(status, times=50)
    now, reading, state = await everyone(made)
    assert now == 0
    assert state in (SourceState.FAILED, SourceState.FORBIDDEN)
    assert len(reading.outcomes.errors()) == 1


async def test_a_source_that_fails_is_left_alone_while_an_older_copy_stands_in(world: MakeWorld) -> None:
    made = world({"a": {"cache": {"fresh_for": {"users": 0.3}}}}, a="xporter-generic")
    await everyone(made)
    await asyncio.sleep(0.35)
    made.servers["a"].answer_next(500, times=50)
    before = made.requests("a")
    for _ in range(5):
        await everyone(made)
    assert made.requests("a") == before + 1


async def test_a_table_that_is_read_near_its_end_is_refreshed_before_it_is_missed(world: MakeWorld) -> None:
    made = world({"a": {"cache": {"fresh_for": {"users": 0.4}}}}, a="xporter-generic")
    first = await page(made.reading(), first=10_000)
    await asyncio.sleep(0.33)
    again = await page(made.reading(), first=10_000)
    assert again.page.as_of == first.page.as_of
    await asyncio.sleep(0.2)
    later = await page(made.reading(), first=10_000)
    assert later.page.as_of is not None
    assert first.page.as_of is not None
    assert later.page.as_of > first.page.as_of
    assert made.requests("a") == 2


async def test_a_reading_that_lost_too_much_is_held_until_somebody_decides(world: MakeWorld) -> None:
    district = generate(3, students=120)
    made = world({"a": SLOW_AGE}, a=make_server("xporter-generic", district))
    before, _, _ = await everyone(made)
    for user in list(district.users)[: len(district.users) * 2 // 3]:
        district.remove(user)
    await asyncio.sleep(0.25)
    now, reading, state = await everyone(made)
    assert (now, state) == (before, SourceState.HELD)
    assert not reading.outcomes.errors()
    source = made.sources.get("a", Grant())
    assert source is not None
    table = source.tables[Collection.USERS]
    assert table.hold is not None
    assert table.hold.rows_before > table.hold.rows_now
    assert await source.decide(Collection.USERS, table.hold, accept=True)
    after, _, state = await everyone(made)
    assert (after, state) == (len(active_ids(made.servers["a"])), SourceState.FRESH)
    assert after < before / 2


async def test_a_source_that_is_suddenly_empty_is_held(world: MakeWorld) -> None:
    made = world({"a": SLOW_AGE}, a="xporter-generic")
    before, _, _ = await everyone(made)
    await asyncio.sleep(0.25)
    made.servers["a"].answer_next(200, b'{"users": []}', times=3)
    now, _, state = await everyone(made)
    assert (now, state) == (before, SourceState.HELD)
    await asyncio.sleep(0.25)
    made.servers["a"].reset()
    again, _, state = await everyone(made)
    assert (again, state) == (before, SourceState.FRESH)


async def test_a_reading_longer_than_the_deadline_says_loading_and_is_there_for_the_next(world: MakeWorld) -> None:
    district = exact_district(4, users=600, classes=20, courses=10, enrollments=1200)
    limited = {"capabilities": {"max_limit": 100, "sort": False, "max_concurrency": 1}}
    made = world({"a": limited}, a=make_server("standard-1.2", district, max_limit=100))
    made.servers["a"].latency = 0.1
    reading = made.reading(seconds=0.35)
    found = await page(reading, first=1000)
    [outcome] = found.page.outcomes
    assert outcome.state is SourceState.LOADING
    assert outcome.progress is not None
    assert 0 < outcome.progress < 1
    [error] = reading.outcomes.errors()
    assert error.extensions is not None
    assert error.extensions["code"] == "SOURCE_LOADING"
    assert error.extensions["retryable"]
    assert error.extensions["retryAfter"] >= 1
    assert (await page(made.reading(), first=1000)).page.complete
    assert made.requests("a") == 6
