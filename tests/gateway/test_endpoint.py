"""`/graphql` over HTTP in this process: what is taken, what is refused and how, and what an answer may be."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from gateway.app import build
from gateway.config import GetPolicy, HttpSettings, Settings
from gateway.endpoint.asgi import Response, headers_of
from gateway.endpoint.receiving import MAX_BODY, MAX_QUERY, body_of
from gateway.endpoint.refusal import Refusal
from tests.gateway.plain_asgi import in_parts, scope
from tests.gateway.support import MakeWorld, World

pytestmark = pytest.mark.anyio

JSON = "application/json"
RESPONSE = "application/graphql-response+json"
TYPENAME = {"query": "{ __typename }"}
BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def with_get(made: World, get: GetPolicy = GetPolicy.QUERIES) -> Settings:
    return dataclasses.replace(made.settings, http=HttpSettings(get=get))


@asynccontextmanager
async def gateway(made: World, settings: Settings | None = None) -> AsyncIterator[httpx2.AsyncClient]:
    app = build(settings or made.settings, made.connect)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://127.0.0.1:8000") as client:
        yield client
    await app.state.sources.close()


def error_of(answer: httpx2.Response) -> str:
    """The message of a refusal, which is JSON with one coded error and nothing else."""
    body = answer.json()
    assert set(body) == {"errors"}
    [error] = body["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "retryable": False}
    message: str = error["message"]
    return message


@pytest.mark.parametrize(("with_body", "body"), [(True, b"{}"), (False, b"")])
async def test_a_head_tells_of_a_body_that_is_not_sent(with_body: bool, body: bytes) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await Response(200, (), b"{}").send(send, with_body=with_body)
    assert sent[0]["headers"] == [(b"content-length", b"2")]
    assert sent[1]["body"] == body


def test_a_header_that_comes_several_times_is_one_list() -> None:
    pairs = [(b"accept", b"a/b"), (b"host", b"localhost"), (b"accept", b"*/*;q=0.1")]
    assert headers_of({"headers": pairs}) == {b"accept": b"a/b, */*;q=0.1", b"host": b"localhost"}


class Name(bytes):
    """A header's name that counts how often one is compared."""

    compared = 0

    def __eq__(self, other: object) -> bool:
        Name.compared += 1
        return super().__eq__(other)

    __hash__ = bytes.__hash__


def test_many_headers_are_put_together_in_one_walk() -> None:
    pairs = [(Name(b"x-%d" % number), b"") for number in range(2_000)]
    Name.compared = 0
    assert len(headers_of({"headers": [*pairs, (Name(b"x-7"), b"again")]})) == len(pairs)
    assert Name.compared < 4 * len(pairs)


# ---------------------------------------------------------------- what is refused


async def test_what_is_no_operation_is_refused_with_its_status_and_what_would_be_taken(world: MakeWorld) -> None:
    made = world(a="classlink")
    async with gateway(made) as client:
        put = await client.put("/graphql", json=TYPENAME)
        assert (put.status_code, put.headers["allow"]) == (405, "POST")
        assert "POST" in error_of(put)
        got = await client.get("/graphql", params=TYPENAME)
        assert (got.status_code, got.headers["allow"]) == (405, "POST")
        html = await client.post("/graphql", json=TYPENAME, headers={"accept": "text/html"})
        assert html.status_code == 406
        assert JSON in error_of(html)
        packed = await client.post("/graphql", json=TYPENAME, headers={"accept-encoding": "br, *;q=0"})
        assert packed.status_code == 406
        assert "gzip" in error_of(packed)
        empty = await client.post("/graphql", content=b"{}", headers={"content-type": JSON})
        assert empty.status_code == 400
        assert "`query`" in error_of(empty)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, "there is no Content-Type"),
        ({"content-type": "text/plain"}, "text/plain"),
        ({"content-type": "application/x-www-form-urlencoded"}, "application/json"),
        ({"content-type": "application/json; charset=utf-16"}, "UTF-8"),
        ({"content-type": "application/json", "content-encoding": "gzip"}, "Content-Encoding"),
    ],
)
async def test_only_plain_json_in_utf_8_is_read(world: MakeWorld, headers: dict[str, str], expected: str) -> None:
    async with gateway(world(a="classlink")) as client:
        answer = await client.post("/graphql", content=json.dumps(TYPENAME), headers=headers)
        assert answer.status_code == 415
        assert expected in error_of(answer)


@pytest.mark.parametrize(
    "content_type", ["application/json", "Application/JSON; charset=UTF-8", 'application/json;charset="utf-8"']
)
async def test_json_may_say_that_it_is_utf_8(world: MakeWorld, content_type: str) -> None:
    async with gateway(world(a="classlink")) as client:
        sent = {"content-type": content_type}
        assert (await client.post("/graphql", content=json.dumps(TYPENAME), headers=sent)).status_code == 200


async def test_a_body_that_is_too_large_is_refused_by_its_word_or_as_it_comes(world: MakeWorld) -> None:
    made = world(a="classlink")
    whole = json.dumps({"query": "{ __typename }" + " " * MAX_BODY}).encode()

    async def chunks() -> AsyncIterator[bytes]:
        yield whole[:1000]
        yield whole[1000:]

    async with gateway(made) as client:
        for content in (whole, chunks()):
            answer = await client.post("/graphql", content=content, headers={"content-type": JSON})
            assert (answer.status_code, answer.headers["connection"]) == (413, "close")
            assert str(MAX_BODY) in error_of(answer)
        fits = whole.replace(b" " * 100, b"", 1)
        assert len(fits) < MAX_BODY
        assert (await client.post("/graphql", content=fits, headers={"content-type": JSON})).status_code == 200
    asked, _ = await in_parts(build(made.settings, made.connect), [b'{"query": "{ __type', b'name }"', b"}"])
    assert asked["data"] == {"__typename": "Query"}


async def test_a_body_that_says_that_it_is_too_large_is_not_waited_for() -> None:
    async def never() -> Any:
        raise AssertionError("the body was read")

    for length in (b"%d" % (MAX_BODY + 1), b"9" * 5000):
        with pytest.raises(Refusal, match=str(MAX_BODY)):
            await body_of({b"content-length": length}, never)


async def test_a_body_that_was_lost_to_another_protocol_is_told_from_an_empty_one(world: MakeWorld) -> None:
    async with gateway(world(a="classlink")) as client:
        said = {"content-type": JSON, "connection": "upgrade", "upgrade": "h2c"}
        lost = await client.post("/graphql", content=b"", headers=said)
        assert (lost.status_code, error_of(lost)) == (
            400,
            "HTTP/1.1 is spoken here: ask without `Upgrade`, or over https",
        )
        assert "empty" in error_of(await client.post("/graphql", content=b"", headers={"content-type": JSON}))
        assert (await client.post("/graphql", json=TYPENAME, headers=said)).status_code == 200


# ---------------------------------------------------------------- media types and statuses


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("{ users(", {}, "GRAPHQL_PARSE_FAILED"),
        ("", {}, "GRAPHQL_PARSE_FAILED"),
        ("{ pupils }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("query ($n: Int!) { users(first: $n) { totalCount } }", {"n": "many"}, "BAD_USER_INPUT"),
        ("query A { __typename } query B { __typename }", {}, "BAD_USER_INPUT"),
        ("fragment F on Query { __typename }", {}, None),
    ],
    ids=["parse", "empty", "validation", "variables", "several", "none"],
)
async def test_a_document_that_is_not_executed_has_a_status_by_the_media_type(
    world: MakeWorld, query: str, variables: dict[str, Any], code: str | None
) -> None:
    body = {"query": query, "variables": variables}
    async with gateway(world(a="classlink")) as client:
        for accept, status in ((JSON, 200), (RESPONSE, 400), ("*/*", 200)):
            answer = await client.post("/graphql", json=body, headers={"accept": accept})
            assert answer.status_code == status
            assert "data" not in answer.json()
            assert code is None or answer.json()["errors"][0]["extensions"]["code"] == code


async def test_an_operation_that_the_document_does_not_have_is_named(world: MakeWorld) -> None:
    body = {"query": "query A { __typename }", "operationName": "B"}
    async with gateway(world(a="classlink")) as client:
        answer = await client.post("/graphql", json=body, headers={"accept": RESPONSE})
        assert answer.status_code == 400
        assert "`B`" in error_of(answer)


@pytest.mark.parametrize(
    ("accept", "kind"), [(JSON, JSON), (RESPONSE, RESPONSE), ("*/*", JSON), (f"{RESPONSE}, {JSON};q=0.9", RESPONSE)]
)
async def test_an_answer_says_what_it_is_and_is_kept_by_nobody(world: MakeWorld, accept: str, kind: str) -> None:
    async with gateway(world(a="classlink")) as client:
        for body in (TYPENAME, {"query": "{ sources { nodes { key } } }"}):
            answer = await client.post("/graphql", json=body, headers={"accept": accept})
            assert answer.status_code == 200
            assert answer.headers["content-type"] == f"{kind}; charset=utf-8"
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["vary"] == "Accept, Accept-Encoding"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert int(answer.headers["content-length"]) == len(answer.content)
            assert "etag" not in answer.headers


async def test_a_failed_source_makes_no_failed_request(world: MakeWorld) -> None:
    made = world(a="classlink")
    made.servers["a"].down = True
    async with gateway(made) as client:
        answer = await client.post("/graphql", json={"query": "{ users { totalCount } }"}, headers={"accept": RESPONSE})
        assert answer.status_code == 200
        assert answer.json()["errors"][0]["extensions"]["code"] == "UPSTREAM_FAILING"


async def test_S11_what_a_mistake_of_ours_says_is_told_to_nobody(
    world: MakeWorld, caplog: pytest.LogCaptureFixture
) -> None:
    made = world(a="classlink")
    app = build(made.settings, made.connect)
    message = "Ines Marr, born 2010"
    sent: list[Any] = []

    async def failing() -> Any:
        raise RuntimeError(message)

    async def send(message: Any) -> None:
        sent.append(message)

    with caplog.at_level(logging.ERROR):
        await app(scope(), failing, send)
    name = dict(sent[0]["headers"])[b"x-request-id"].decode()
    assert f"request {name} could not be answered" in caplog.text
    assert sent[0]["status"] == 500
    assert json.loads(sent[1]["body"])["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert "RuntimeError" in caplog.text
    assert "Marr" not in caplog.text + str(sent)
    await app.state.sources.close()


# ---------------------------------------------------------------- GET


async def test_queries_are_asked_with_get_where_that_is_on(world: MakeWorld) -> None:
    made = world(a="classlink")
    query = "query A($n: Int) { users(first: $n) { nodes { id } } } query B { __typename }"
    async with gateway(made, with_get(made)) as client:
        params = {"query": query, "variables": '{"n": 2}', "operationName": "A", "extensions": "", "v": "7"}
        answer = await client.get("/graphql", params=params)
        assert answer.status_code == 200
        assert len(answer.json()["data"]["users"]["nodes"]) == 2
        assert answer.headers["cache-control"] == "no-store"
        assert "etag" not in answer.headers
        head = await client.head("/graphql", params=params)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == answer.headers["content-length"]
        page = await client.get("/graphql", params=params, headers=BROWSER)
        assert "graphiql" in page.text


@pytest.mark.parametrize(
    ("address", "status", "message"),
    [
        ("", 400, "`query`"),
        ("query=", 400, "`query`"),
        ("query=%7B__typename%7D&query=%7Ba%7D", 400, "`query` stands in the address more than once"),
        ("query=%7B__typename%7D&variables=7", 400, "`variables` must be an object, not a number"),
        ("query=%7B__typename%7D&variables=%7B", 400, "`variables` in the address is not JSON"),
        ("query=%7B__typename%7D&variables=" + "[" * 9999, 400, "`variables` in the address is nested too deeply"),
        ("query=%7B__typename%7D&extensions=[]", 400, "`extensions` must be an object, not a list"),
        ("query=%ff", 400, "UTF-8"),
        ("a=1&" * 200, 400, "more than 100 parameters"),
        ("query=" + "x" * MAX_QUERY, 414, "POST"),
    ],
)
async def test_an_address_that_cannot_be_asked_says_what_is_wrong_with_it(
    world: MakeWorld, address: str, status: int, message: str
) -> None:
    made = world(a="classlink")
    app = build(with_get(made), made.connect)
    answer, head = await in_parts(app, [b""], method="GET", query_string=address.encode())
    assert head["status"] == status
    assert message in answer["errors"][0]["message"]
    await app.state.sources.close()


async def test_a_mutation_is_not_asked_with_get(world: MakeWorld) -> None:
    made = world(a="classlink")
    mutation = 'mutation { refreshSource(input: {source: "a"}) { source { key } } }'
    async with gateway(made, with_get(made)) as client:
        for accept in (JSON, RESPONSE):
            answer = await client.get("/graphql", params={"query": mutation}, headers={"accept": accept})
            assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
            assert "mutation" in error_of(answer)
        put = await client.put("/graphql", json=TYPENAME)
        assert put.headers["allow"] == "GET, HEAD, POST"
    assert made.requests("a") == 0


async def test_a_subscription_is_refused(world: MakeWorld) -> None:
    async with gateway(world(a="classlink")) as client:
        answer = await client.post(
            "/graphql", json={"query": "subscription { users { totalCount } }"}, headers={"accept": RESPONSE}
        )
        assert answer.status_code == 400
        assert "data" not in answer.json()


# ---------------------------------------------------------------- the way in


async def test_every_route_answers_by_the_names_of_this_machine_only(world: MakeWorld) -> None:
    made = world(a="classlink")
    app = build(made.settings, made.connect)
    for path in ("/graphql", "/", "/readyz", "/metrics", "/assets/icon.svg", "/nowhere"):
        for host in ([], [b"rosters.example"], [b"localhost", b"rosters.example"], [b"localhost:80@rosters.example"]):
            answer, head = await in_parts(app, [json.dumps(TYPENAME).encode()], path=path, hosts=host)
            assert head["status"] == 400
            assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    for host in (b"LOCALHOST", b"[::1]:8000", b"127.0.0.1:", b"localhost:1"):
        answer, head = await in_parts(app, [json.dumps(TYPENAME).encode()], hosts=[host])
        assert answer["data"] == {"__typename": "Query"}
    await app.state.sources.close()


async def test_a_websocket_is_closed_by_whatever_name_it_comes(world: MakeWorld) -> None:
    made = world(a="classlink")
    app = build(made.settings, made.connect)
    for host, code in ((b"rosters.example", 1008), (b"localhost", 1000)):
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "websocket.connect"}

        async def send(message: Any, sent: list[Any] = sent) -> None:
            sent.append(message)

        await app({**scope(hosts=[host]), "type": "websocket", "subprotocols": []}, receive, send)
        assert [(message["type"], message["code"]) for message in sent] == [("websocket.close", code)]
    await app.state.sources.close()


@pytest.mark.parametrize("path", ["/graphql", "/", "/readyz", "/metrics", "/assets/icon.svg", "/nowhere"])
async def test_every_route_has_browsers_believe_its_media_type(world: MakeWorld, path: str) -> None:
    async with gateway(world(a="classlink")) as client:
        for headers in (BROWSER, {"accept": "*/*"}):
            answer = await client.get(path, headers=headers)
            assert answer.headers.get_list("x-content-type-options") == ["nosniff"]


async def test_the_address_with_a_slash_leads_to_the_graph(world: MakeWorld) -> None:
    async with gateway(world(a="classlink")) as client:
        answer = await client.post("/graphql/", json=TYPENAME, follow_redirects=True)
        assert answer.json()["data"] == {"__typename": "Query"}


async def test_named_origins_are_answered_and_others_are_not_told(world: MakeWorld) -> None:
    made = world(a="classlink")
    named = dataclasses.replace(made.settings.gateway, cors_origins=("https://app.example",))
    async with gateway(made, dataclasses.replace(with_get(made), gateway=named)) as client:
        for origin, allowed in (("https://app.example", "https://app.example"), ("https://other.example", None)):
            answer = await client.post("/graphql", json=TYPENAME, headers={"origin": origin})
            assert answer.headers.get("access-control-allow-origin") == allowed
            asking = {"origin": origin, "access-control-request-method": "GET"}
            preflight = await client.options("/graphql", headers=asking)
            assert preflight.headers.get("access-control-allow-origin") == allowed
        assert "GET" in preflight.headers["access-control-allow-methods"]
        refused = await client.put("/graphql", json=TYPENAME, headers={"origin": "https://app.example"})
        assert refused.headers["access-control-allow-origin"] == "https://app.example"
        elsewhere = await client.post("/graphql", json=TYPENAME, headers={"host": "rosters.example"})
        assert elsewhere.status_code == 400
