"""SourceClient.scan: what is known at the end of a scan, against a small server in process."""

import asyncio
import gc
from collections.abc import Callable

import httpx2
import pytest

from adapters.client import PageRequest, Progress, SourceClient
from adapters.coverage import Proof
from adapters.dialect import Capabilities, FilterLevel, StaticBearer, Totals
from adapters.errors import Failing, PagingBroken
from adapters.predicate import equals
from adapters.retry import Retries
from adapters.scanning import Scan
from tests.adapters.school import ALL, TEN, Raw, School, client, spec, user

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("total", "link", "can", "limit", "proof", "requests"),
    [
        (True, True, Capabilities(), 10, Proof.TOTAL, 3),
        (False, True, Capabilities(), 10, Proof.LINK, 3),
        (False, False, Capabilities(), 10, Proof.EMPTY_PAGE, 4),
        (False, False, Capabilities(short_page_ends=True), 10, Proof.SHORT_PAGE, 3),
        (True, False, Capabilities(totals=Totals.NONE), 10, Proof.EMPTY_PAGE, 4),
        (False, False, Capabilities(all_without_limit=True, sort=False), None, Proof.AT_ONCE, 1),
    ],
)
async def test_the_end_of_a_scan_is_proved_by_what_the_source_tells(
    total: bool, link: bool, can: Capabilities, limit: int | None, proof: Proof, requests: int
) -> None:
    server = School()
    server.says_total, server.says_links = total, link
    scanned = await client(server, can).scan(PageRequest("users", limit=limit))
    assert sorted(r.sourced_id for r in scanned.records) == ALL
    assert (scanned.complete, scanned.proof, scanned.reason) == (True, proof, None)
    assert (scanned.requests, len(server.log), scanned.attempts) == (requests, requests, 1)


async def test_everything_in_one_answer_is_not_everything_if_the_total_says_more() -> None:
    server = School()
    server.answer = lambda r: httpx2.Response(200, json={"users": [user(1)]}, headers={"X-Total-Count": "2"})
    scanned = await client(server, Capabilities(all_without_limit=True)).scan(PageRequest("users"))
    assert (scanned.complete, scanned.reason) == (False, "2 records are claimed, 1 came")


async def test_a_scan_tells_its_progress_and_can_be_left() -> None:
    server, told = School(), list[Progress]()
    await client(server).scan(TEN, on_page=lambda progress, _: told.append(progress))
    assert (told[0], told[-1]) == (Progress(10, 25, 1), Progress(25, 25, 3))

    server.log.clear()
    scanned = await client(server).scan(TEN, on_page=lambda progress, _: progress.total is None)
    assert (scanned.complete, len(scanned.records), len(server.log)) == (False, 10, 1)


async def test_nothing_of_a_scan_stays_behind_for_the_collector() -> None:
    gc.collect()
    gc.disable()
    # A test that failed before keeps its own, in its traceback.
    before = {id(each) for each in gc.get_objects() if isinstance(each, Scan)}
    try:
        found = await client(School()).scan(TEN)
        assert found.complete
        assert not [each for each in gc.get_objects() if isinstance(each, Scan) and id(each) not in before]
    finally:
        gc.enable()


async def test_what_could_not_be_read_is_told_once_and_counts() -> None:
    rows: list[Raw] = [user(n) for n in range(25)]
    rows[3], rows[14] = {"givenName": "nameless"}, {"sourcedId": "odd", "givenName": ["a"], "orgs": 7}
    scanned = await client(School(users=rows)).scan(TEN)
    assert (scanned.complete, scanned.requests) == (True, 3)
    assert len(scanned.records) + len(scanned.rejected) == 25
    assert None in {r.sourced_id for r in scanned.rejected}


def revised(changes: Callable[[int], int]) -> SourceClient:
    """A client of a server that tells a revision: of its nth answer, what `changes` says."""
    server, answers = School(), 0

    async def handle(request: httpx2.Request) -> httpx2.Response:
        nonlocal answers
        server.valid.add("hunter2")
        answer = await server(request)
        answers += 1
        answer.headers["x-rev"] = str(changes(answers))
        return answer

    asked = spec(StaticBearer())
    dialect = asked.dialect.__class__(
        name="northfield",
        version=asked.dialect.version,
        title="Northfield",
        docs="d",
        base_path=asked.dialect.base_path,
        auth=StaticBearer(),
        revision_header="X-Rev",
    )
    return SourceClient(spec(dialect=dialect), httpx2.MockTransport(handle))


async def test_a_changed_revision_between_pages_is_borne_where_these_overlap_and_the_last_one_told() -> None:
    scanned = await revised(lambda n: 1).scan(TEN)
    assert (scanned.revision, scanned.attempts, scanned.requests) == ("1", 1, 3)
    scanned = await revised(lambda n: 1 if n == 1 else 2).scan(TEN)
    assert (scanned.complete, scanned.proof, scanned.revision) == (True, Proof.ORDER, "2")
    assert (scanned.attempts, scanned.requests) == (1, 3)


async def test_a_revision_that_changes_with_every_answer_proves_nothing_and_loses_nothing() -> None:
    """Pages that reach into each other are still proof: some are read again, up to the limit."""
    scanned = await revised(lambda n: n).scan(TEN)
    assert sorted(r.sourced_id for r in scanned.records) == ALL
    assert (scanned.complete, scanned.proof) == (True, Proof.ORDER)


async def test_a_filtered_scan_is_proved_too() -> None:
    server = School(users=[user(n, familyName="X" if n % 2 else "Y") for n in range(50)])
    request = PageRequest("users", where=equals("family_name", "X"), limit=10)
    scanned = await client(server).scan(request)
    assert (scanned.proof, len(scanned.records), scanned.requests) == (Proof.TOTAL, 25, 3)
    server.ignores_filter = True
    scanned = await client(server).scan(request)
    assert (scanned.proof, len(scanned.records), scanned.requests) == (Proof.TOTAL, 25, 5)


ENROLLED = [
    {
        "sourcedId": f"e{n:02}",
        "status": "active",
        "role": "student",
        "user": {"sourcedId": f"u{n:03}"},
        "class": {"sourcedId": "c1"},
    }
    for n in range(0, 25, 4)
]


async def test_a_route_in_two_steps_is_complete_if_each_of_its_lists_is() -> None:
    server = School(enrollments=ENROLLED)
    asked = client(server, Capabilities(nested_reads=False))
    scanned = await asked.scan(PageRequest("studentsForClass", ("c1",)))
    assert sorted(r.sourced_id for r in scanned.records) == ALL[::4]
    assert (scanned.complete, scanned.proof) == (True, Proof.PARTS)
    nobody = await asked.scan(PageRequest("studentsForClass", ("c9",)))
    assert (nobody.complete, nobody.records) == (True, ())


async def test_a_first_step_that_is_not_proved_ends_it() -> None:
    server = School()
    server.answer = lambda r: httpx2.Response(200, json={"enrollments": []}, headers={"X-Total-Count": "3"})
    can = Capabilities(nested_reads=False, filter_level=FilterLevel.NONE)
    with pytest.raises(PagingBroken, match="3 records are claimed"):
        await client(server, can).scan(PageRequest("studentsForClass", ("c1",)))


async def test_a_page_that_fails_ends_the_scan_and_all_that_was_under_way() -> None:
    server = School(users=[user(n) for n in range(200)])
    asked = client(server, retries=Retries(attempts=1))
    server.answer = lambda r: httpx2.Response(503) if r.url.params.get("offset") == "50" else None
    before = asyncio.all_tasks()
    with pytest.raises(Failing):
        await asked.scan(TEN)
    assert asyncio.all_tasks() == before
    assert len(server.log) <= 10
