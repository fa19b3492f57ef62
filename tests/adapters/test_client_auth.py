"""SourceClient proves who asks: tokens shared, renewed and given up on."""

import asyncio
import re
from datetime import UTC, datetime
from email.utils import format_datetime

import httpx2
import pytest

from adapters import oauth1
from adapters.client import SourceClient
from adapters.dialect import OAuth1, OAuth2, StaticBearer
from adapters.errors import ClockSkewed, Denied, Failing, Forbidden, SourceError
from adapters.retry import Retries
from tests.adapters.school import ALL, TEN, Raw, School, client, ids, scanned, spec, user

pytestmark = pytest.mark.anyio


async def test_fifty_calls_at_once_ask_for_one_token() -> None:
    server = School()
    asked = client(server)
    await asyncio.gather(*(asked.page(TEN) for _ in range(50)))
    assert (server.issued, asked.requests) == (1, 51)


async def test_a_token_that_ends_during_a_scan_is_renewed_once_and_nothing_is_lost() -> None:
    server = School()
    asked = client(server)

    def expire(request: httpx2.Request) -> httpx2.Response | None:
        if request.url.params["offset"] == "9" and server.issued == 1:
            server.valid.clear()
            return httpx2.Response(401)
        return None

    server.answer = expire
    both = await asyncio.gather(*(scanned(asked, TEN) for _ in range(20)))
    assert [sorted(ids(pages)) for pages in both] == [ALL] * 20
    assert server.issued == 2


@pytest.mark.parametrize(("status", "kind"), [(401, Denied), (403, Forbidden), (500, Failing)])
async def test_a_second_refusal_is_told_and_ends_the_call(status: int, kind: type[SourceError]) -> None:
    server = School()
    server.answer = lambda r: httpx2.Response(status)
    auth = OAuth2(token_path="/token", renew_on=frozenset({401, status}))
    asked = SourceClient(spec(auth, retries=Retries(attempts=1)), httpx2.MockTransport(server))
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
    assert asked.requests == 2, "it was signed by the server's clock as well"
    assert await asked.check_token() == ()


@pytest.mark.parametrize("minutes", [-10, 10])
async def test_an_oauth_1_source_whose_clock_is_another_is_signed_by_its_own(minutes: int) -> None:
    ours, asked_at = 1_900_000_000.0, []

    def theirs(request: httpx2.Request) -> httpx2.Response:
        now = ours + minutes * 60
        [signed] = re.findall(r'oauth_timestamp="(\d+)"', request.headers["Authorization"])
        asked_at.append(int(signed) - ours)
        if abs(int(signed) - now) < 300:
            return httpx2.Response(200, json={"users": [user(n) for n in range(10)]})
        return httpx2.Response(401, headers={"Date": format_datetime(datetime.fromtimestamp(now, UTC), usegmt=True)})

    asked = SourceClient(spec(OAuth1()), httpx2.MockTransport(theirs), wall=lambda: ours)
    pages = await asyncio.gather(asked.page(TEN), asked.page(TEN))
    assert [len(page.records) for page in pages] == [10, 10]
    await asked.page(TEN)
    assert asked_at[-1] == minutes * 60, "and not learnt anew each time"
    assert len(asked_at) <= 5


def test_nonces_are_never_used_twice() -> None:
    assert len({oauth1.nonce() for _ in range(100_000)}) == 100_000


async def test_a_static_token_is_sent_as_it_is() -> None:
    seen: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.headers["Authorization"])
        return httpx2.Response(401)

    with pytest.raises(Denied):
        await SourceClient(spec(StaticBearer()), httpx2.MockTransport(answer)).page(TEN)
    assert seen == ["Bearer hunter2"]
