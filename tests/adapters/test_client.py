"""SourceClient: pages, scans, filters and single reads, against a small server in process."""

import httpx2
import pytest

from adapters.client import Page, PageRequest
from adapters.dialect import Capabilities, FilterLevel
from adapters.endpoints import Collection
from adapters.errors import Mismatched, Redirected, Refused, Unsupported
from adapters.predicate import AnyOf, IsNull, equals
from tests.adapters.school import ALL, TEN, School, client, ids, scanned, user

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("total", [True, False])
@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 20, 25])
async def test_a_scan_holds_every_record_once(size: int, total: bool) -> None:
    server = School(users=[user(n) for n in range(size)])
    server.says_total = total
    assert ids(await scanned(client(server), TEN)) == ALL[:size]
    needed = max(1, -(-size // 10)) if total else 1 + (size > 0) + -(-max(0, size - 10) // 9)
    assert len(server.log) == needed


async def test_a_server_that_clamps_loses_nothing() -> None:
    server = School()
    server.clamp, server.says_total = 4, False
    assert ids(await scanned(client(server), TEN)) == ALL


async def test_a_link_ends_a_scan_without_totals_and_is_never_asked_itself() -> None:
    server = School()
    server.says_total, server.says_links, server.link_host = False, True, "http://10.0.0.1"
    with pytest.raises(Redirected, match="nothing was sent there"):
        await client(server).scan(TEN)
    assert len(server.log) == 1
    server.log.clear()
    assert ids(await scanned(client(server, Capabilities(foreign_links=True)), TEN)) == ALL
    assert len(server.log) == 3


async def test_a_server_that_ignores_the_offset_proves_nothing() -> None:
    server = School()
    server.ignores_offset = True
    found = await client(server).scan(TEN)
    assert not found.complete
    assert "repeats" in (found.reason or "")
    assert len(server.log) == 3  # the two after the first were under way together


async def test_a_total_that_is_never_reached_proves_nothing() -> None:
    server = School()
    server.answer = lambda r: httpx2.Response(200, json={"users": []}, headers={"X-Total-Count": "3"})
    found = await client(server).scan(TEN)
    assert (found.complete, found.reason) == (False, "3 records are claimed, 0 came")


async def test_records_that_leave_during_a_scan_take_no_others_with_them() -> None:
    server = School()

    def leave(offset: int) -> None:
        if offset == 10 and len(server.tables["users"]) == 25:
            del server.tables["users"][2:5]

    server.before_page = leave
    found = ids(await scanned(client(server), TEN))
    assert len(found) == len(set(found))
    assert {r["sourcedId"] for r in server.tables["users"]} <= set(found)


async def test_records_that_join_during_a_scan_repeat_none() -> None:
    server = School()

    def join(offset: int) -> None:
        if offset == 10 and len(server.tables["users"]) == 25:
            server.tables["users"].insert(0, user(900))

    server.before_page = join
    assert ids(await scanned(client(server), TEN)) == ALL


async def test_a_page_is_one_request_and_says_where_the_next_starts() -> None:
    server = School()
    asked = client(server)
    page = await asked.page(PageRequest("users", limit=10, offset=10))
    assert ([r.sourced_id for r in page.records], page.received) == (ALL[10:20], 10)
    assert (page.total, page.exact, page.next_offset) == (25, True, 20)
    assert (await asked.page(PageRequest("users", limit=10, offset=20))).next_offset is None
    assert len(server.log) == 2


async def test_an_odd_record_is_set_aside_and_counted() -> None:
    server = School(users=[user(0), {"givenName": "nameless"}, user(2)])
    page = await client(server).page(TEN)
    assert ([r.sourced_id for r in page.records], len(page.rejected), page.received) == (["u000", "u002"], 1, 3)


@pytest.mark.parametrize(
    ("can", "limit", "query"),
    [
        (Capabilities(), None, "limit=1000&offset=0&sort=sourcedId&orderBy=asc"),
        (Capabilities(max_limit=50_000), None, "limit=5000&offset=0&sort=sourcedId&orderBy=asc"),
        (Capabilities(max_limit=50), 80, "limit=50&offset=0&sort=sourcedId&orderBy=asc"),
        (Capabilities(sort=False), 80, "limit=80&offset=0"),
        (Capabilities(sort=False, all_without_limit=True), None, ""),
        (Capabilities(sort=False, all_without_limit=True), 80, "limit=80&offset=0"),
    ],
)
async def test_limit_and_order_are_sent_as_the_source_takes_them(
    can: Capabilities, limit: int | None, query: str
) -> None:
    server, seen = School(), []

    def look(request: httpx2.Request) -> None:
        seen.append(request.url.query.decode())

    server.answer = look  # type: ignore[assignment]
    await client(server, can).page(PageRequest("users", limit=limit))
    assert seen == [query]


async def test_a_204_is_an_empty_page() -> None:
    server = School()
    server.answer = lambda r: httpx2.Response(204)
    assert await scanned(client(server), "users") == [Page((), (), 0, 0, exact=True, next_offset=None)]


async def test_a_filter_that_is_honoured_leaves_an_exact_total() -> None:
    page = await client(School()).page(PageRequest("users", where=equals("family_name", "N7")))
    assert ([r.sourced_id for r in page.records], page.total, page.exact) == (["u007"], 1, True)


async def test_a_filter_that_is_ignored_is_applied_here_and_the_total_is_not_trusted() -> None:
    server = School()
    server.ignores_filter = True
    page = await client(server).page(PageRequest("users", where=equals("family_name", "N7")))
    assert ([r.sourced_id for r in page.records], page.total, page.exact) == (["u007"], 25, False)


async def test_what_cannot_be_sent_is_applied_here() -> None:
    server = School(users=[user(1), user(2, email="a@b.example")])
    page = await client(server).page(PageRequest("users", where=IsNull("email")))
    assert ([r.sourced_id for r in page.records], page.exact) == (["u001"], False)


async def test_a_route_of_students_that_answers_a_teacher_drops_them() -> None:
    server = School(users=[user(1), user(2, "teacher")])
    page = await client(server).page(PageRequest("students"))
    assert ([r.sourced_id for r in page.records], page.received, page.exact) == (["u001"], 2, False)


async def test_many_ids_are_one_filter_where_the_source_takes_long_ones() -> None:
    wanted = frozenset(ALL[:20])
    page = await client(School(), Capabilities(filter_clauses=20)).page(
        PageRequest("users", where=AnyOf("sourced_id", wanted))
    )
    assert ({r.sourced_id for r in page.records}, page.received, page.exact) == (wanted, 20, True)


async def test_one_record_is_read_by_its_own_route() -> None:
    server = School(users=[user(1, sourcedId="s+1/é")])
    record = await client(server).read(Collection.USERS, "s+1/é")
    assert record is not None
    assert record.sourced_id == "s+1/é"
    assert server.log == ["/users/s%2B1%2F%C3%A9"]


async def test_a_record_that_the_source_does_not_know_is_none() -> None:
    server = School()
    assert await client(server).read(Collection.USERS, "nobody") is None
    assert await client(server).read(Collection.USERS, "") is None
    assert server.log == ["/users/nobody"]


@pytest.mark.parametrize("body", [b"<html>Not Found</html>", b"Not Found", b'{"imsx_codeMinor": "forbidden"}'])
async def test_a_404_that_may_be_about_the_route_is_not_taken_for_no_such_record(body: bytes) -> None:
    server = School()
    server.answer = lambda r: httpx2.Response(404, content=body)
    with pytest.raises(Refused, match="404"):
        await client(server).read(Collection.USERS, "u001")


@pytest.mark.parametrize(
    "body",
    [
        b'{"imsx_codeMinor": "Unknown Object"}',
        b'{"statusInfoSet": [{"imsx_codeMinor": "unknown object"}]}',
        b'{"error": ""}',
        b"",
    ],
)
async def test_a_404_that_is_about_the_record_says_that_there_is_none(body: bytes) -> None:
    server = School()
    server.answer = lambda r: httpx2.Response(404, content=body)
    assert await client(server).read(Collection.USERS, "u001") is None


async def test_another_record_than_the_one_asked_for_is_refused() -> None:
    server = School()
    server.answer = lambda r: httpx2.Response(200, json={"user": user(2)})
    with pytest.raises(Mismatched) as caught:
        await client(server).read(Collection.USERS, "u001")
    assert "u00" not in str(caught.value)


SINGLES_LESS = Capabilities(single_reads=False)


async def test_without_a_route_for_one_a_record_is_looked_up_by_a_filter() -> None:
    server = School()
    asked = client(server, SINGLES_LESS)
    found = await asked.read(Collection.USERS, "u007")
    assert found is not None
    assert found.sourced_id == "u007"
    assert await asked.read(Collection.USERS, "nobody") is None
    assert server.log == ["/users", "/users"]


async def test_an_ignored_filter_does_not_prove_that_there_is_no_such_record() -> None:
    server = School()
    server.ignores_filter = True
    with pytest.raises(Unsupported, match="ignored"):
        await client(server, SINGLES_LESS).read(Collection.USERS, "nobody")


async def test_without_route_and_filter_a_record_must_be_scanned_for() -> None:
    server = School()
    can = Capabilities(single_reads=False, filter_level=FilterLevel.STATUS)
    with pytest.raises(Unsupported, match="filtered"):
        await client(server, can).read(Collection.USERS, "u007")
    with pytest.raises(Unsupported):
        await client(server, SINGLES_LESS).read(Collection.USERS, "o'neil")
    assert server.log == []


ENROLLED = [
    {"sourcedId": f"e{n}", "status": status, "role": role, "user": {"sourcedId": u}, "class": {"sourcedId": c}}
    for n, (u, c, role, status) in enumerate(
        [
            ("u001", "c1", "student", "active"),
            ("u003", "c1", "student", "active"),
            ("u004", "c1", "student", "tobedeleted"),
            ("u005", "c1", "teacher", "active"),
            ("u006", "c2", "student", "active"),
        ]
    )
]


@pytest.mark.parametrize(
    "can",
    [
        Capabilities(nested_reads=False),
        Capabilities(nested_reads=False, filter_level=FilterLevel.NONE),
        Capabilities(nested_reads=False, or_filters=False),
    ],
)
async def test_students_of_a_class_are_reached_through_its_enrollments(can: Capabilities) -> None:
    asked = client(School(enrollments=ENROLLED), can)
    assert ids(await scanned(asked, PageRequest("studentsForClass", ("c1",)))) == ["u001", "u003"]
    with pytest.raises(Unsupported, match="scan"):
        await asked.page(PageRequest("studentsForClass", ("c1",)))


async def test_a_class_without_students_asks_for_no_users() -> None:
    server = School(enrollments=ENROLLED)
    assert (
        await scanned(client(server, Capabilities(nested_reads=False)), PageRequest("studentsForClass", ("c9",))) == []
    )
    assert server.log == ["/enrollments"]


async def test_below_an_unknown_parent_there_is_nothing_if_the_route_is_known_to_be_served() -> None:
    server = School()
    asked = client(server)
    unknown = httpx2.Response(404, json={"imsx_codeMinor": "unknownobject"})
    below = PageRequest("classesForSchool", ("nowhere",))
    for answer in (unknown, httpx2.Response(404, html="<html>")):
        server.answer = lambda r, answer=answer: answer  # type: ignore[misc]
        with pytest.raises(Refused, match="404"):
            await asked.page(below)
    server.answer = lambda r: httpx2.Response(200, json={"classes": []})
    await asked.page(PageRequest("classesForSchool", ("s1",)))
    server.answer = lambda r: unknown
    assert (await asked.page(below)).received == 0


async def test_only_a_collection_that_a_server_may_leave_out_is_taken_for_absent_at_a_404() -> None:
    with pytest.raises(Unsupported, match="404") as caught:
        await client(School()).page(PageRequest("demographics"))
    assert caught.value.because == "the server answered 404"
    with pytest.raises(Refused, match="404"):
        await client(School()).page(PageRequest("orgs"))
