"""The flows, driven by hand: what they yield is what would be sent."""

import dataclasses
import json
from base64 import b64decode
from collections.abc import AsyncGenerator
from typing import Any

import httpx2
import pytest

from adapters.auth import BearerFlow, OAuth1Flow, OAuth2Flow, authenticator
from adapters.dialect import (
    BASE_PATH,
    Auth,
    CredentialPlace,
    Dialect,
    OAuth1,
    OAuth2,
    ParameterPlace,
    StaticBearer,
    Version,
)
from adapters.errors import Denied, Failing, Malformed, Misconfigured, SourceError, Throttled
from adapters.secret import Secret
from adapters.spec import Credentials, SourceSpec
from adapters.tokens import DEFAULT_LIFETIME

pytestmark = pytest.mark.anyio

URL = "https://h.example/oauth2/token?appName=springfield"
DATA = "https://h.example/ims/oneroster/v1p1/users?limit=1"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def oauth2(how: OAuth2 | None = None, clock: Clock | None = None, url: str = URL) -> OAuth2Flow:
    clock = clock or Clock()
    pair = (Secret("rp|estab"), Secret("p:w ä&"))
    return OAuth2Flow("springfield", how or OAuth2(), url, *pair, monotonic=clock, wall=clock)


def token(text: str = "t1", **members: Any) -> httpx2.Response:
    return httpx2.Response(200, json={"access_token": text, "token_type": "Bearer", "expires_in": 3600, **members})


def begin(flow: OAuth2Flow, url: str = DATA) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
    return flow.async_auth_flow(httpx2.Request("GET", url))


async def answered(flow: OAuth2Flow, *answers: httpx2.Response, url: str = DATA) -> list[httpx2.Request]:
    """The requests of one call that is answered so."""
    call = begin(flow, url)
    sent = [await anext(call)]
    headers = [sent[0].headers.copy()]
    for answer in answers:
        try:
            sent.append(await call.asend(answer))
        except StopAsyncIteration:
            break
        headers.append(sent[-1].headers.copy())
    await call.aclose()
    return [httpx2.Request(r.method, r.url, headers=h, content=r.content) for r, h in zip(sent, headers, strict=True)]


def bearer(request: httpx2.Request) -> str:
    return request.headers["Authorization"]


OK = httpx2.Response(200)


async def test_a_token_is_asked_for_once_and_presented_after() -> None:
    flow = oauth2()
    exchange, call = await answered(flow, token(), OK)
    assert (exchange.method, str(exchange.url)) == ("POST", URL)
    assert exchange.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert exchange.content == b"grant_type=client_credentials"
    assert b64decode(bearer(exchange).removeprefix("Basic ")).decode() == "rp|estab:p:w ä&"
    assert (str(call.url), bearer(call)) == (DATA, "Bearer t1")
    assert [bearer(r) for r in await answered(flow, OK)] == ["Bearer t1"]


@pytest.mark.parametrize(
    ("how", "query", "body", "basic"),
    [
        (OAuth2(scopes=("a/x", "b")), "appName=springfield", "grant_type=client_credentials&scope=a%2Fx%20b", True),
        (
            OAuth2(credentials=CredentialPlace.BODY),
            "appName=springfield",
            "grant_type=client_credentials&client_id=rp%7Cestab&client_secret=p%3Aw%20%C3%A4%26",
            False,
        ),
        (
            OAuth2(parameters=ParameterPlace.QUERY, scopes=("a", "b")),
            "appName=springfield&grant_type=client_credentials&scope=a%20b",
            "",
            True,
        ),
        (OAuth2(parameters=ParameterPlace.NONE, scopes=("a",)), "appName=springfield", "", True),
    ],
)
async def test_parameters_and_credentials_stand_where_the_dialect_wants_them(
    how: OAuth2, query: str, body: str, basic: bool
) -> None:
    exchange = (await answered(oauth2(how)))[0]
    assert exchange.url.query.decode() == query
    assert exchange.content.decode() == body
    assert ("Authorization" in exchange.headers) is basic


async def test_a_token_url_without_a_query_gets_one_for_its_parameters() -> None:
    flow = oauth2(OAuth2(parameters=ParameterPlace.QUERY), url="https://h.example/token")
    assert str((await answered(flow))[0].url) == "https://h.example/token?grant_type=client_credentials"


@pytest.mark.parametrize("kind", ["bearer", "Bearer", "BEARER", "BearerToken", None, ""])
async def test_the_token_type_comes_in_any_case(kind: str | None) -> None:
    assert bearer((await answered(oauth2(), token(token_type=kind)))[1]) == "Bearer t1"


async def test_another_token_type_is_not_presented() -> None:
    with pytest.raises(Denied, match="bearer"):
        await answered(oauth2(), token(token_type="mac"))


async def test_a_bare_json_string_is_a_token() -> None:
    assert bearer((await answered(oauth2(), httpx2.Response(200, content=b'"t9"')))[1]) == "Bearer t9"


@pytest.mark.parametrize(
    ("expires_in", "lifetime"),
    [
        (3600, 3600),
        ("3600", 3600),
        (1200.5, 1200.5),
        (None, DEFAULT_LIFETIME),
        (0, DEFAULT_LIFETIME),
        (-5, DEFAULT_LIFETIME),
        (True, DEFAULT_LIFETIME),
        ("soon", DEFAULT_LIFETIME),
        ("nan", DEFAULT_LIFETIME),
        ("inf", DEFAULT_LIFETIME),
        ([], DEFAULT_LIFETIME),
        (10**400, DEFAULT_LIFETIME),
    ],
)
async def test_a_token_is_renewed_60_s_before_it_ends(expires_in: object, lifetime: float) -> None:
    clock = Clock()
    flow = oauth2(clock=clock)
    answer = httpx2.Response(200, content=json.dumps({"access_token": "t1", "expires_in": expires_in}).encode())
    await answered(flow, answer, OK)
    clock.now += lifetime - 61
    assert len(await answered(flow, OK)) == 1
    clock.now += 2
    assert [r.method for r in await answered(flow, token("t2"), OK)] == ["POST", "GET"]


async def test_a_token_that_lives_shorter_than_60_s_serves_half_its_life() -> None:
    clock = Clock()
    flow = oauth2(clock=clock)
    await answered(flow, token(expires_in=30), OK)
    clock.now += 14
    assert len(await answered(flow, OK)) == 1
    clock.now += 2
    assert len(await answered(flow, token("t2"), OK)) == 2


async def test_one_retry_after_401_with_a_new_token_and_no_more() -> None:
    flow = oauth2()
    requests = await answered(flow, token("t1"), httpx2.Response(401), token("t2"), httpx2.Response(401), OK)
    assert [r.method for r in requests] == ["POST", "GET", "POST", "GET"]
    assert [bearer(r) for r in requests if r.method == "GET"] == ["Bearer t1", "Bearer t2"]


async def test_a_token_that_somebody_else_renewed_meanwhile_is_not_renewed_again() -> None:
    flow = oauth2()
    await answered(flow, token("t1"), OK)
    first, second = begin(flow), begin(flow)
    assert bearer(await anext(first)) == bearer(await anext(second)) == "Bearer t1"
    assert (await first.asend(httpx2.Response(401))).method == "POST"
    assert bearer(await first.asend(token("t2"))) == "Bearer t2"
    again = await second.asend(httpx2.Response(401))
    assert (again.method, bearer(again)) == ("GET", "Bearer t2")
    await first.aclose()
    await second.aclose()


@pytest.mark.parametrize("status", [403, 500])
async def test_an_answer_that_may_mean_a_stale_token_renews_only_where_the_dialect_says_so(status: int) -> None:
    answers = (token("t1"), httpx2.Response(status), token("t2"), httpx2.Response(status))
    assert len(await answered(oauth2(), *answers)) == 2
    assert len(await answered(oauth2(OAuth2(renew_on=frozenset({401, status}))), *answers)) == 4


async def test_calls_that_stay_forbidden_do_not_cost_a_token_each() -> None:
    clock = Clock()
    flow = oauth2(OAuth2(renew_on=frozenset({401, 403})), clock)
    no = httpx2.Response(403)
    await answered(flow, token("t1"), no, token("t2"), no)
    assert [r.method for r in await answered(flow, no)] == ["GET"]
    assert [r.method for r in await answered(flow, httpx2.Response(401), token("t3"), OK)] == ["GET", "POST", "GET"]
    clock.now += 61
    assert [r.method for r in await answered(flow, no, token("t4"), OK)] == ["GET", "POST", "GET"]


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (
            httpx2.Response(401, json={"error": "invalid_client", "error_description": "hunter2"}),
            Denied,
            "invalid_client",
        ),
        (httpx2.Response(400, json={"error": "invalid_scope"}), Denied, "invalid_scope"),
        (httpx2.Response(200, json={"error": "invalid_client"}), Denied, "invalid_client"),
        (httpx2.Response(401, json={"error": "hunter2"}), Denied, "401"),
        (httpx2.Response(403, content=b"<html>hunter2</html>"), Denied, "token_url"),
        (httpx2.Response(404), Denied, "token_url"),
        (httpx2.Response(500, content=b"<html>"), Failing, "500"),
        (httpx2.Response(503), Failing, "503"),
        (httpx2.Response(503, headers={"Retry-After": "7"}), Throttled, "503"),
        (httpx2.Response(429), Throttled, "429"),
        (httpx2.Response(200, content=b"<html>hunter2"), Malformed, "token_url"),
        (httpx2.Response(200, content=b"[" * 100_000), Malformed, "JSON"),
        (httpx2.Response(200, json={"token_type": "Bearer"}), Malformed, "access_token"),
        (httpx2.Response(200, json={"access_token": 7}), Malformed, "access_token"),
        (httpx2.Response(200, json={"access_token": "hunter2\r\nX: y"}), Malformed, "header"),
        (httpx2.Response(200, json="hunter2 \u00e9"), Malformed, "JSON"),
        (httpx2.Response(200, json=[]), Malformed, "JSON"),
    ],
)
async def test_a_token_server_that_gives_no_token_is_told_by_its_kind(
    answer: httpx2.Response, kind: type[SourceError], said: str
) -> None:
    with pytest.raises(kind, match=said) as caught:
        await answered(oauth2(), answer)
    assert type(caught.value) is kind
    assert caught.value.source == "springfield"
    for secret in ("hunter2", "p:w", "estab"):
        assert secret not in str(caught.value)


async def test_a_refused_token_request_is_not_repeated_within_a_second() -> None:
    clock = Clock()
    flow = oauth2(clock=clock)
    with pytest.raises(Denied):
        await answered(flow, httpx2.Response(401, json={"error": "invalid_client"}))
    clock.now += 0.9
    with pytest.raises(Denied, match="invalid_client"):
        await answered(flow)
    clock.now += 0.2
    assert len(await answered(flow, token(), OK)) == 2


async def test_a_throttled_token_server_is_left_alone_for_as_long_as_it_says() -> None:
    clock = Clock()
    flow = oauth2(clock=clock)
    with pytest.raises(Throttled):
        await answered(flow, httpx2.Response(429, headers={"Retry-After": "30"}))
    clock.now += 20
    with pytest.raises(Throttled) as caught:
        await answered(flow)
    assert caught.value.retry_after == 10


@pytest.mark.parametrize(
    ("granted", "lost"),
    [("a", ("b",)), (["a"], ("b",)), ("ab b", ("a",)), ("b a c", ()), ("", ()), (None, ()), (7, ())],
)
async def test_a_scope_that_was_not_granted_is_known(granted: object, lost: tuple[str, ...]) -> None:
    flow = oauth2(OAuth2(scopes=("a", "b")))
    await answered(flow, token(scope=granted), OK)
    assert flow.lost_scopes == lost


async def test_cookies_of_the_token_answer_go_with_later_calls_to_the_same_host_only() -> None:
    headers = [("Set-Cookie", "AWSALB=x; Path=/; Secure"), ("Set-Cookie", "lb=2")]
    answer = httpx2.Response(200, json={"access_token": "t1"}, headers=headers)
    flow = oauth2(OAuth2(keeps_cookies=True))
    assert (await answered(flow, answer, OK))[1].headers["Cookie"] == "AWSALB=x; lb=2"
    assert "Cookie" not in (await answered(flow, OK, url="https://other.example/users"))[0].headers
    assert "Cookie" not in (await answered(oauth2(), answer, OK))[1].headers


async def test_a_call_that_is_given_up_lets_the_next_ask_for_the_token() -> None:
    flow = oauth2()
    call = begin(flow)
    await anext(call)
    await call.aclose()
    assert len(await answered(flow, token(), OK)) == 2


def spec(auth: Auth, credentials: Credentials, **settings: Any) -> SourceSpec:
    dialect = Dialect(
        name="northfield",
        version=Version.V1P1,
        title="Northfield",
        docs="d",
        base_path=BASE_PATH[Version.V1P1],
        auth=auth,
    )
    return SourceSpec(key="k", dialect=dialect, base_url="https://h.example", credentials=credentials, **settings)


PAIR = Credentials(client_id=Secret("i"), client_secret=Secret("s"))


def test_the_flow_is_that_of_the_dialect() -> None:
    assert isinstance(authenticator(spec(OAuth1(), PAIR)), OAuth1Flow)
    assert isinstance(authenticator(spec(OAuth2(token_path="/token"), PAIR)), OAuth2Flow)
    flow = authenticator(spec(StaticBearer(), Credentials(token=Secret("t"))))
    assert isinstance(flow, BearerFlow)
    request = next(flow.auth_flow(httpx2.Request("GET", DATA)))
    assert bearer(request) == "Bearer t"


@pytest.mark.parametrize("text", ["hunter2\n", "hunter 2", "hünter2"])
def test_a_static_token_that_no_header_can_carry_is_refused_unsaid(text: str) -> None:
    with pytest.raises(Misconfigured, match="token") as caught:
        authenticator(spec(StaticBearer(), Credentials(token=Secret(text))))
    assert text not in str(caught.value)


@pytest.mark.parametrize(
    ("auth", "credentials", "needed"),
    [
        (OAuth1(), dataclasses.replace(PAIR, client_secret=None), "client_secret"),
        (OAuth1(), dataclasses.replace(PAIR, client_id=Secret("")), "client_id"),
        (OAuth2(token_path="/token"), Credentials(), "client_id"),
        (OAuth2(), PAIR, "token_url"),
        (StaticBearer(), PAIR, "token"),
    ],
)
def test_a_missing_credential_is_named(auth: Auth, credentials: Credentials, needed: str) -> None:
    with pytest.raises(Misconfigured, match=f"{needed} is needed"):
        authenticator(spec(auth, credentials))
