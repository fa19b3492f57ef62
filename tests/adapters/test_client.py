"""SourceClient over HTTP in process, against a small server of this file's own making."""

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import httpx2
import pytest

from adapters.client import Page, PageRequest, SourceClient
from adapters.dialect import (
    BASE_PATH,
    Auth,
    Capabilities,
    Dialect,
    FilterLevel,
    OAuth1,
    OAuth2,
    StaticBearer,
    Version,
)
from adapters.endpoints import Collection
from adapters.errors import (
    ClockSkewed,
    Denied,
    Failing,
    Forbidden,
    Malformed,
    Misconfigured,
    Mismatched,
    PagingBroken,
    Redirected,
    Refused,
    SourceError,
    Throttled,
    TimedOut,
    Unreachable,
    Unsupported,
)
from adapters.predicate import AnyOf, IsNull, equals
from adapters.secret import Secret
from adapters.spec import Credentials, SourceSpec, Timeouts
from adapters.transport import Sent

pytestmark = pytest.mark.anyio

ROOT = BASE_PATH[Version.V1P1]
CLAUSE = re.compile(r"([\w.]+)='([^']*)'")

Raw = dict[str, Any]


def user(n: int, role: str = "student", **members: Any) -> Raw:
    return {
        "sourcedId": f"u{n:03}",
        "status": "active",
        "givenName": "Ann",
        "familyName": f"N{n}",
        "role": role,
        "orgs": [{"sourcedId": "s1"}],
        **members,
    }


class School:
    """A OneRoster 1.1 server: bearer tokens, limit and offset, equality filters joined by AND or OR, totals, links.

    Its faults are attributes, so that a test can turn on one.
    """

    def __init__(self, **tables: list[Raw]) -> None:
        self.tables = {"users": [user(n) for n in range(25)], **tables}
        self.valid: set[str] = set()
        self.issued = 0
        self.log: list[str] = []
        self.headers: list[httpx2.Headers] = []
        self.clamp = 1000
        self.says_total = True
        self.says_links = False
        self.link_host = "https://h.example"
        self.ignores_offset = False
        self.ignores_filter = False
        self.stale_status = 401
        self.before_page: Callable[[int], None] = lambda offset: None
        self.answer: Callable[[httpx2.Request], httpx2.Response | None] = lambda request: None

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        assert request.url.host == "h.example"
        path = request.url.raw_path.partition(b"?")[0].decode()
        await asyncio.sleep(0)
        if path == "/token":
            self.issued += 1
            self.valid.add(f"t{self.issued}")
            return httpx2.Response(200, json={"access_token": f"t{self.issued}", "expires_in": 3600})
        self.log.append(path.removeprefix(ROOT))
        self.headers.append(request.headers)
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.valid:
            return httpx2.Response(self.stale_status)
        return self.answer(request) or self.data(path.removeprefix(ROOT), request.url)

    def data(self, path: str, url: httpx2.URL) -> httpx2.Response:
        _, name, *rest = path.split("/")
        base = {"students": "users", "teachers": "users"}.get(name, name)
        if base not in self.tables:
            return httpx2.Response(404, json={"imsx_codeMinor": "unknownobject"})
        rows = self.tables[base]
        if rest:
            found = [r for r in rows if r["sourcedId"] == unquote(rest[0])]
            if not found:
                return httpx2.Response(404, json={"imsx_codeMinor": "unknownobject"})
            return httpx2.Response(200, json={"user": found[0]})
        query = url.params
        offset = 0 if self.ignores_offset else int(query.get("offset", 0))
        self.before_page(offset)
        if "filter" in query and not self.ignores_filter:
            rows = [r for r in rows if self.holds(r, query["filter"])]
        limit = min(int(query.get("limit", 100)), self.clamp)
        headers = {"X-Total-Count": str(len(rows))} if self.says_total else {}
        if self.says_links:
            after = offset + limit
            rels = ['rel="first"'] + (['rel="next"'] if after < len(rows) else [])
            links = (f"<{self.link_host}{ROOT}/{name}?limit={limit}&offset={after}>; {rel}" for rel in rels)
            headers["Link"] = ", ".join(links)
        return httpx2.Response(200, json={base: rows[offset : offset + limit]}, headers=headers)

    @staticmethod
    def holds(row: Raw, text: str) -> bool:
        join = any if " OR " in text else all
        return join(School.value(row, field) == value for field, value in CLAUSE.findall(text))

    @staticmethod
    def value(row: Raw, field: str) -> Any:
        for name in field.split("."):
            row = row.get(name, {})
        return row


def spec(auth: Auth | None = None, can: Capabilities | None = None, **settings: Any) -> SourceSpec:
    dialect = Dialect(
        name="northfield",
        version=Version.V1P1,
        title="Northfield",
        docs="d",
        base_path=ROOT,
        auth=auth or OAuth2(token_path="/token"),
        capabilities=can or Capabilities(),
    )
    credentials = Credentials(client_id=Secret("id"), client_secret=Secret("hunter2"), token=Secret("hunter2"))
    return SourceSpec(
        **{"key": "k", "dialect": dialect, "base_url": "https://h.example", "credentials": credentials} | settings
    )


def client(server: School, can: Capabilities | None = None, **settings: Any) -> SourceClient:
    return SourceClient(spec(can=can, **settings), httpx2.MockTransport(server))


async def scanned(asked: SourceClient, request: PageRequest | str) -> list[Page]:
    request = PageRequest(request) if isinstance(request, str) else request
    return [page async for page in asked.scan(request)]


def ids(pages: list[Page]) -> list[str]:
    return [r.sourced_id for page in pages for r in page.records]


ALL = [f"u{n:03}" for n in range(25)]
TEN = PageRequest("users", limit=10)


# ------------------------------------------------------------------ paging


@pytest.mark.parametrize("total", [True, False])
@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 20, 25])
async def test_a_scan_holds_every_record_once(size: int, total: bool) -> None:
    server = School(users=[user(n) for n in range(size)])
    server.says_total = total
    assert ids(await scanned(client(server), TEN)) == ALL[:size]
    needed = max(1, -(-size // 10)) if total else -(-size // 10) + 1
    assert len(server.log) == needed


async def test_a_server_that_clamps_loses_nothing() -> None:
    server = School()
    server.clamp, server.says_total = 4, False
    assert ids(await scanned(client(server), TEN)) == ALL


async def test_a_link_ends_a_scan_without_totals_and_is_never_asked_itself() -> None:
    server = School()
    server.says_total, server.says_links, server.link_host = False, True, "http://10.0.0.1"
    assert ids(await scanned(client(server), TEN)) == ALL
    assert len(server.log) == 3


async def test_a_server_that_ignores_the_offset_breaks_the_paging() -> None:
    server = School()
    server.ignores_offset = True
    with pytest.raises(PagingBroken, match="repeats"):
        await scanned(client(server), TEN)
    assert len(server.log) == 2


async def test_a_total_that_is_never_reached_breaks_the_paging() -> None:
    server = School()
    server.answer = lambda r: httpx2.Response(200, json={"users": []}, headers={"X-Total-Count": "3"})
    with pytest.raises(PagingBroken, match="3 records are claimed"):
        await scanned(client(server), TEN)


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


# ------------------------------------------------------------------ predicates


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


# ------------------------------------------------------------------ single reads


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


# ------------------------------------------------------------------ two steps


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


async def test_a_collection_that_answers_404_is_not_served() -> None:
    with pytest.raises(Unsupported, match="404") as caught:
        await client(School()).page(PageRequest("orgs"))
    assert caught.value.because == "the server answered 404"


# ------------------------------------------------------------------ authentication


async def test_fifty_calls_at_once_ask_for_one_token() -> None:
    server = School()
    asked = client(server)
    await asyncio.gather(*(asked.page(TEN) for _ in range(50)))
    assert (server.issued, asked.requests) == (1, 51)


async def test_a_token_that_ends_during_a_scan_is_renewed_once_and_nothing_is_lost() -> None:
    server = School()
    asked = client(server)

    def expire(request: httpx2.Request) -> httpx2.Response | None:
        if request.url.params["offset"] == "10" and server.issued == 1:
            server.valid.clear()
            return httpx2.Response(401)
        return None

    server.answer = expire
    both = await asyncio.gather(*(scanned(asked, TEN) for _ in range(20)))
    assert [ids(pages) for pages in both] == [ALL] * 20
    assert server.issued == 2


@pytest.mark.parametrize(("status", "kind"), [(401, Denied), (403, Forbidden), (500, Failing)])
async def test_a_second_refusal_is_told_and_ends_the_call(status: int, kind: type[SourceError]) -> None:
    server = School()
    server.answer = lambda r: httpx2.Response(status)
    auth = OAuth2(token_path="/token", renew_on=frozenset({401, status}))
    asked = SourceClient(spec(auth), httpx2.MockTransport(server))
    with pytest.raises(kind) as caught:
        await asked.page(TEN)
    assert type(caught.value) is kind
    assert (server.issued, len(server.log)) == (2, 2)


async def test_a_token_is_renewed_when_its_time_is_over() -> None:
    server, now = School(), [0.0]
    asked = SourceClient(spec(), httpx2.MockTransport(server), monotonic=lambda: now[0])
    await asked.page(TEN)
    now[0] = 3539
    await asked.page(TEN)
    assert server.issued == 1
    now[0] = 3541
    await asked.page(TEN)
    assert server.issued == 2


async def test_the_token_request_carries_no_bearer_and_the_data_no_basic() -> None:
    seen: list[tuple[str, str]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append((request.method, request.headers["Authorization"].split()[0]))
        body: Raw = {"access_token": "t"} if request.method == "POST" else {"users": []}
        return httpx2.Response(200, json=body, headers={"Set-Cookie": "a=b"})

    asked = SourceClient(spec(), httpx2.MockTransport(answer))
    await asked.page(TEN)
    assert await asked.check_token() == ()
    assert seen == [("POST", "Basic"), ("GET", "Bearer"), ("POST", "Basic")]


async def test_cookies_are_kept_only_where_the_dialect_says_so() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":
            return httpx2.Response(200, json={"access_token": "t"}, headers={"Set-Cookie": "lb=1; Path=/"})
        cookies.append(request.headers.get("Cookie"))
        return httpx2.Response(200, json={"users": []}, headers={"Set-Cookie": "other=2"})

    for keeps, sent in ((False, None), (True, "lb=1")):
        cookies: list[str | None] = []
        auth = OAuth2(token_path="/token", keeps_cookies=keeps)
        asked = SourceClient(spec(auth), httpx2.MockTransport(answer))
        await asked.page(TEN)
        await asked.page(TEN)
        assert cookies == [sent, sent]


async def test_scopes_that_were_not_granted_are_named_by_the_check_and_by_the_refusal() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":
            return httpx2.Response(200, json={"access_token": "t", "scope": "core"})
        return httpx2.Response(403)

    asked = SourceClient(spec(OAuth2(token_path="/token", scopes=("core", "full"))), httpx2.MockTransport(answer))
    assert await asked.check_token() == ("full",)
    with pytest.raises(Forbidden, match="full"):
        await asked.page(TEN)


async def test_an_oauth_1_source_with_another_clock_is_told_so() -> None:
    headers = {"Date": "Tue, 20 Jan 2026 12:00:00 GMT"}
    asked = SourceClient(spec(OAuth1()), httpx2.MockTransport(lambda r: httpx2.Response(401, headers=headers)))
    with pytest.raises(ClockSkewed):
        await asked.page(TEN)
    assert await asked.check_token() == ()


async def test_a_static_token_is_sent_as_it_is() -> None:
    seen: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.headers["Authorization"])
        return httpx2.Response(401)

    with pytest.raises(Denied):
        await SourceClient(spec(StaticBearer()), httpx2.MockTransport(answer)).page(TEN)
    assert seen == ["Bearer hunter2"]


# ------------------------------------------------------------------ faults


def always(answer: httpx2.Response | Exception) -> SourceClient:
    def handle(_: httpx2.Request) -> httpx2.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return SourceClient(spec(StaticBearer()), httpx2.MockTransport(handle))


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx2.Response(200, html="<html>Please log in, Ann</html>"), Malformed),
        (httpx2.Response(200, json={"imsx_codeMajor": "failure", "imsx_description": "Ann"}), Malformed),
        (httpx2.Response(302, headers={"Location": "https://h.example/login"}), Redirected),
        (httpx2.Response(400, json={"imsx_codeMinor": "invalid_filter_field", "imsx_description": "Ann"}), Refused),
        (httpx2.Response(404), Unsupported),
        (httpx2.Response(429, headers={"Retry-After": "30"}), Throttled),
        (httpx2.Response(502, html="<html>Ann"), Failing),
        (httpx2.ConnectError("Ann"), Unreachable),
    ],
)
async def test_a_fault_is_told_by_its_kind_and_without_what_was_asked_or_said(
    answer: httpx2.Response | Exception, kind: type[SourceError]
) -> None:
    where = equals("family_name", "Canary")
    with pytest.raises(kind) as caught:
        await always(answer).page(PageRequest("users", where=where))
    assert type(caught.value) is kind
    assert caught.value.source == "k"
    for word in ("Canary", "Ann", "hunter2", "filter="):
        assert word not in str(caught.value)


async def test_the_time_to_come_back_reaches_the_caller() -> None:
    with pytest.raises(Throttled) as caught:
        await always(httpx2.Response(429, headers={"Retry-After": "30"})).page(TEN)
    assert caught.value.retry_after == 30


async def test_no_request_is_repeated() -> None:
    asked = always(httpx2.Response(503))
    with pytest.raises(Failing):
        await asked.page(TEN)
    assert asked.requests == 1


async def test_requests_are_told_by_route_and_status() -> None:
    told: list[Sent] = []
    asked = SourceClient(spec(), httpx2.MockTransport(School()), on_request=told.append)
    await asked.page(PageRequest("students", limit=5))
    await asked.read(Collection.USERS, "nobody")
    assert [(t.endpoint, t.status) for t in told] == [("token", 200), ("students", 200), ("user", 404)]


@pytest.mark.parametrize(("dialects", "setting", "most"), [(8, 8, 8), (3, 8, 3), (8, 2, 2), (50, 50, 8)])
async def test_no_more_requests_are_under_way_than_the_source_takes(dialects: int, setting: int, most: int) -> None:
    now = peak = 0

    async def answer(_: httpx2.Request) -> httpx2.Response:
        nonlocal now, peak
        now += 1
        peak = max(peak, now)
        await asyncio.sleep(0.001)
        now -= 1
        return httpx2.Response(200, json={"users": []})

    asked = SourceClient(
        spec(StaticBearer(), Capabilities(max_concurrency=dialects), max_concurrency=setting),
        httpx2.MockTransport(answer),
    )
    await asyncio.gather(*(asked.page(TEN) for _ in range(40)))
    assert peak == most


def test_settings_that_cannot_work_are_told_before_anything_is_sent() -> None:
    for settings in (
        {"base_url": "http://h.example"},
        {"token_url": "https://h.example/#x"},
        {"credentials": Credentials()},
    ):
        with pytest.raises(Misconfigured):
            SourceClient(spec(**settings))


# ------------------------------------------------------------------ over sockets


async def served(
    talk: Callable[[asyncio.StreamWriter], Any], attempt: float = 5.0
) -> tuple[SourceClient, asyncio.Server]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        try:
            await talk(writer)
            await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    asked = SourceClient(
        spec(StaticBearer(), base_url=f"http://127.0.0.1:{port}", allow_http=True, timeouts=Timeouts(attempt=attempt))
    )
    return asked, server


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


async def test_a_real_answer_comes_over_a_real_socket() -> None:
    async def talk(writer: asyncio.StreamWriter) -> None:
        body = json.dumps({"users": [user(1)]}).encode()
        writer.write(HEAD + b"Content-Length: %d\r\nX-Total-Count: 1\r\n\r\n" % len(body) + body)

    asked, server = await served(talk)
    async with server:
        assert ids(await scanned(asked, "users")) == ["u001"]
        await asked.aclose()


async def test_a_body_that_drips_ends_at_the_attempts_limit() -> None:
    async def talk(writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Content-Length: 100000\r\n\r\n")
        for _ in range(200):
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.01)

    asked, server = await served(talk, attempt=0.2)
    async with server:
        started = asyncio.get_running_loop().time()
        with pytest.raises(TimedOut, match=r"0\.2 s"):
            await asked.page(TEN)
        assert asyncio.get_running_loop().time() - started < 1
        await asked.aclose()


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (b"", Unreachable),
        (HEAD + b"Content-Length: 100\r\n\r\n{", SourceError),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", SourceError),
        (HEAD + b"\r\n" + b'{"users": [{"sourcedId": "u1"', SourceError),
        (b"SSH-2.0-OpenSSH\r\n\r\n", Unreachable),
    ],
)
async def test_a_connection_that_breaks_off_is_transient_and_never_a_short_list(
    sent: bytes, kind: type[SourceError]
) -> None:
    async def talk(writer: asyncio.StreamWriter) -> None:
        writer.write(sent)

    asked, server = await served(talk)
    async with server:
        with pytest.raises(kind) as caught:
            await asked.page(TEN)
        assert caught.value.transient
        await asked.aclose()


async def test_a_port_where_nobody_listens_is_unreachable() -> None:
    asked, server = await served(lambda writer: None)
    server.close()
    await server.wait_closed()
    with pytest.raises(Unreachable):
        await asked.page(TEN)
    await asked.aclose()
