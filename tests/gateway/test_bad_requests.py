"""Requests that nobody well-meaning sends, over HTTP: refused with a status and a reason, and nothing is executed.

B17 holds the thirteen things that scanners of GraphQL servers look for against what a gateway in production is set to.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from adapters.secret import Secret
from gateway.app import build
from gateway.config import GatewaySettings, HttpSettings, Settings
from tests.gateway.support import MakeWorld, World

pytestmark = pytest.mark.anyio

JSON = {"content-type": "application/json"}
PRODUCTION = HttpSettings(introspection=False, graphiql=False)
USUAL = HttpSettings()
PEOPLE = "{ users(first: 1) { nodes { id } } }"


@asynccontextmanager
async def asking(made: World, http: HttpSettings = USUAL) -> AsyncIterator[httpx2.AsyncClient]:
    settings: Settings = replace(made.settings, http=http, gateway=replace(made.settings.gateway, deadline=5.0))
    assert isinstance(settings.gateway, GatewaySettings)
    app = build(settings, made.connect)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://127.0.0.1") as client:
        yield client
    await app.state.sources.close()


def said(answer: httpx2.Response) -> str:
    """The one error of an answer that has no data; its text is strict JSON."""

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    body = json.loads(answer.text, parse_constant=refuse)
    assert "data" not in body
    [error] = body["errors"]
    return str(error["message"])


def asked(query: str, **more: Any) -> bytes:
    return json.dumps({"query": query, **more}).encode()


def in_lists(depth: int) -> bytes:
    return b'{"query": "{ a }", "variables": {"a": ' + b"[" * depth + b"]" * depth + b"}}"


BODIES: Mapping[str, tuple[bytes, int, str]] = {
    "B08-a-hundred-thousand-comments": (asked("#\n" * 100_000 + PEOPLE), 413, "262144 bytes"),
    "B08-a-string-of-five-megabytes": (asked("{ users(search: \"" + "x" * 5_000_000 + "\") { id } }"), 413, "262144"),
    "B08-a-megabyte-of-variables": (asked(PEOPLE, variables={"x": "y" * 1_000_000}), 413, "262144 bytes"),
    "B08-a-byte-order-mark": (b"\xef\xbb\xbf" + asked(PEOPLE), 400, "not JSON"),
    "B08-utf-16": (asked(PEOPLE).decode().encode("utf-16"), 400, "not"),
    "B08-nul-in-the-body": (b"\0" + asked(PEOPLE), 400, "not JSON"),
    "B08-nul-in-the-document": (asked("{ users\0 { id } }"), 400, "Unexpected character"),
    "B08-half-a-character": (b'{"query": "{ __typename \\ud800 }"}', 400, ""),
    "B08-one-name-twice": (b'{"query": "{ __typename }", "query": "{ users { totalCount } }"}', 400, "more than once"),
    "B08-variables-twice": (b'{"query": "{ a }", "variables": {}, "variables": {"a": 1}}', 400, "more than once"),
    "B08-nested-without-end": (b'{"query": "{ a }", "variables": ' + b"[" * 100_000, 400, "deep"),
    "B08-a-number-of-thousands-of-digits": (b'{"query": "{ a }", "variables": {"a": ' + b"9" * 10_000 + b"}}", 400, ""),
    "B06-variables-nested-too-deeply": (in_lists(5000), 400, "deep"),
    "B06-variables-nested-deeply": (in_lists(500), 400, "deeper than 30"),
    "B09-one-operation-in-a-list": (json.dumps([{"query": PEOPLE}]).encode(), 400, "several operations"),
    "B09-ten-operations": (json.dumps([{"query": PEOPLE}] * 10).encode(), 400, "several operations"),
    "B09-ten-thousand-operations": (b"[" + b"{}," * 9_999 + b"{}]", 400, "several operations"),
    "B09-a-thousand-operations": (json.dumps([{"query": "{ a }"}] * 1000).encode(), 400, "several operations"),
    "B11-variables-of-another-type": (b'{"query": "{ a }", "variables": [1]}', 400, "`variables` must be an object"),
    "B11-a-query-of-another-type": (b'{"query": 5}', 400, "`query` must be a string"),
    "B11-extensions-of-another-type": (b'{"query": "{ a }", "extensions": "x"}', 400, "`extensions` must be an object"),
    "B11-an-operation-that-is-not-there": (asked("query A { __typename }", operationName="B"), 400, "named `B`"),
    "B11-nothing": (b"", 400, "empty"),
    "B11-null": (b"null", 400, "JSON object"),
    "B11-an-empty-object": (b"{}", 400, "names no document"),
    "B11-an-empty-document": (asked(""), 400, ""),
}  # fmt: skip


@pytest.mark.parametrize("kind", BODIES)
async def test_a_bad_body_is_refused_with_why_and_nobody_is_asked(
    world: MakeWorld, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    body, status, why = BODIES[kind]
    made = world(a="standard-1.2")
    async with asking(made) as client:
        headers = {**JSON, "accept": "application/graphql-response+json"}
        answer = await client.post("/graphql", content=body, headers=headers)
        assert answer.status_code == status
        assert why in said(answer)
    assert not +made.servers["a"].requests
    [line] = [record for record in caplog.records if record.name.startswith(("gateway", "adapters"))]
    code = answer.json()["errors"][0]["extensions"]["code"]
    name = answer.headers["x-request-id"]
    assert line.getMessage() == f"refused: status={status} code={code} client=- key=- request={name}"


MUTATION = 'mutation { refreshSource(input: { source: "a" }) { source { key } } }'
FORM = {"content-type": "application/x-www-form-urlencoded"}
TEXT = {"content-type": "text/plain"}
NO_ANSWER = {**JSON, "accept": "text/csv"}
PARTS = {"content-type": "multipart/form-data; boundary=x"}


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        pytest.param({"method": "GET", "params": {"query": PEOPLE}}, 405, id="B10-a-query-by-GET"),
        pytest.param({"method": "GET", "params": {"query": MUTATION}}, 405, id="B10-a-mutation-by-GET"),
        pytest.param({"method": "POST", "content": f"query={PEOPLE}", "headers": FORM}, 415, id="B10-a-form"),
        pytest.param({"method": "POST", "content": asked(PEOPLE), "headers": TEXT}, 415, id="B10-text"),
        pytest.param({"method": "POST", "content": asked(PEOPLE)}, 415, id="B10-no-content-type"),
        pytest.param({"method": "POST", "content": b"--x--", "headers": PARTS}, 415, id="B10-multipart"),
        pytest.param({"method": "PUT", "content": asked(PEOPLE), "headers": JSON}, 405, id="B10-PUT"),
        pytest.param({"method": "DELETE"}, 405, id="B10-DELETE"),
        pytest.param({"method": "POST", "content": asked(PEOPLE), "headers": NO_ANSWER}, 406, id="B11-Accept"),
    ],
)  # fmt: skip
async def test_a_request_of_another_kind_is_refused_and_nothing_executed(
    world: MakeWorld, request_: dict[str, Any], status: int
) -> None:
    made = world(a="standard-1.2")
    async with asking(made) as client:
        answer = await client.request(url="/graphql", **request_)
        assert answer.status_code == status
        assert said(answer)
    assert not +made.servers["a"].requests


BY_IDS = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        pytest.param("{ users(first: -1) { totalCount } }", {}, "BAD_USER_INPUT", id="B14-first-below-nothing"),
        pytest.param("{ users(first: 10001) { totalCount } }", {}, "BAD_USER_INPUT", id="B14-first-too-large"),
        pytest.param("{ users(first: 99999999999) { id } }", {}, "GRAPHQL_VALIDATION_FAILED", id="B14-first-huge"),
        pytest.param('{ users(after: "forged") { totalCount } }', {}, "BAD_CURSOR", id="B14-a-forged-cursor"),
        pytest.param(BY_IDS, {"ids": ["User:a:1"] * 10_000}, "BAD_USER_INPUT", id="B14-ids"),
    ],
)  # fmt: skip
async def test_what_an_argument_may_not_be_is_told_with_a_code_and_nobody_is_asked(
    world: MakeWorld, query: str, variables: dict[str, Any], code: str
) -> None:
    made = world(a="standard-1.2")
    async with asking(made) as client:
        answer = await client.post("/graphql", json={"query": query, "variables": variables})
        assert {error["extensions"]["code"] for error in answer.json()["errors"]} == {code}
    assert not +made.servers["a"].requests


async def test_B14_a_hundred_thousand_ids_are_more_than_a_request_may_be(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    async with asking(made) as client:
        answer = await client.post("/graphql", json={"query": BY_IDS, "variables": {"ids": ["User:a:1"] * 100_000}})
        assert (answer.status_code, "262144 bytes" in said(answer)) == (413, True)
    assert not +made.servers["a"].requests


async def test_B14_a_page_of_no_records_asks_for_counts(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    async with asking(made) as client:
        answer = await client.post("/graphql", json={"query": "{ users(first: 0) { totalCount nodes { id } } }"})
        found = answer.json()["data"]["users"]
        assert found["nodes"] == []
        assert found["totalCount"] > 50


async def test_B14_another_lists_cursor_and_one_of_another_gateway_are_refused(world: MakeWorld) -> None:
    made, other = world(a="standard-1.2"), world(a="standard-1.2")
    own_secret = replace(other.settings.gateway, secret=Secret("of another gateway"))
    other.settings = replace(other.settings, gateway=own_secret)
    page = "{ users(first: 1) { pageInfo { endCursor } } }"
    async with asking(made) as client, asking(other) as elsewhere:
        own = (await client.post("/graphql", json={"query": page})).json()["data"]["users"]["pageInfo"]["endCursor"]
        foreign = (await elsewhere.post("/graphql", json={"query": page})).json()["data"]["users"]["pageInfo"][
            "endCursor"
        ]
        for query, cursor in (
            ("{ classes(after: $) { totalCount } }", own),
            ("{ users(after: $) { totalCount } }", foreign),
        ):
            answer = await client.post("/graphql", json={"query": query.replace("$", json.dumps(cursor))})
            [error] = answer.json()["errors"]
            assert error["extensions"]["code"] == "BAD_CURSOR"


def found_alias_overloading(answer: httpx2.Response) -> bool:
    return "alias100" in (answer.json().get("data") or {})


def found_many_answers(answer: httpx2.Response) -> bool:
    return isinstance(answer.json(), list)


def found_data(answer: httpx2.Response) -> bool:
    return (answer.json().get("data") or {}).get("__typename") is not None


def found_any_data(answer: httpx2.Response) -> bool:
    return bool(answer.json().get("data"))


def found_many_errors(answer: httpx2.Response) -> bool:
    return len(answer.json().get("errors", ())) > 1


def found_debug(answer: httpx2.Response) -> bool:
    return any(word in answer.text.lower() for word in ("tracing", "traceback", "stacktrace", '"debug"', "exception"))


def found_suggestion(answer: httpx2.Response) -> bool:
    return "did you mean" in answer.text.lower()


def found_ide(answer: httpx2.Response) -> bool:
    return any(word in answer.text.lower() for word in ("graphiql", "playground", "<html", "sandbox"))


ALIASES = " ".join(f"alias{n}: __typename" for n in range(101))
CIRCLE = "{ __schema { types { fields { type { fields { type { fields { type { name } } } } } } } } }"

COP: Mapping[str, tuple[dict[str, Any], Callable[[httpx2.Response], bool]]] = {
    "alias-overloading": ({"json": {"query": f"{{ {ALIASES} }}"}}, found_alias_overloading),
    "batch-queries": ({"json": [{"query": "{ __typename }"}] * 10}, found_many_answers),
    "directive-overloading": ({"json": {"query": "{ __typename " + "@aa " * 10 + "}"}}, found_many_errors),
    "circular-introspection": ({"json": {"query": CIRCLE}}, found_any_data),
    "field-duplication": ({"json": {"query": "{ " + "__typename " * 500 + "}"}}, found_data),
    "introspection": ({"json": {"query": "{ __schema { types { name } } }"}}, found_any_data),
    "field-suggestions": ({"json": {"query": "{ user { givenNam } usrs { id } }"}}, found_suggestion),
    "get-queries": ({"method": "GET", "params": {"query": "{ __typename }"}}, found_data),
    "get-mutations": ({"method": "GET", "params": {"query": "mutation { __typename }"}}, found_data),
    "post-forms": ({"content": "query={__typename}", "headers": FORM}, found_data),
    "trace-mode": ({"json": {"query": "{ __typename }"}}, found_debug),
    "graphiql": ({"method": "GET", "headers": {"accept": "text/html"}}, found_ide),
    "unhandled-errors": ({"json": {"query": "qwerty { abc }"}}, found_debug),
}  # fmt: skip


@pytest.mark.parametrize("check", COP)
async def test_B17_a_scanner_finds_nothing_in_production_settings(world: MakeWorld, check: str) -> None:
    request, found = COP[check]
    made = world(a="standard-1.2")
    async with asking(made, PRODUCTION) as client:
        answer = await client.request(**{"method": "POST", "url": "/graphql", **request})
        assert answer.headers["content-type"].startswith("application/")
        assert not found(answer)


@pytest.mark.parametrize("check", ["introspection", "field-suggestions", "graphiql"])
async def test_B17_the_same_scanner_finds_what_explorers_are_given_by_default(world: MakeWorld, check: str) -> None:
    """What would have to be there to be found: the checks themselves are right."""
    request, found = COP[check]
    async with asking(world(a="standard-1.2")) as client:
        assert found(await client.request(**{"method": "POST", "url": "/graphql", **request}))


async def test_B17_where_browsers_are_shown_nothing_there_is_no_page_at_all(world: MakeWorld) -> None:
    async with asking(world(a="standard-1.2"), PRODUCTION) as client:
        front = await client.get("/", headers={"accept": "text/html"})
        assert front.headers["content-type"] == "application/json"
        assert (await client.get("/assets/graphiql.min.js")).status_code == 404
