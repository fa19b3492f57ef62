"""The routes, over HTTP in this process."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from gateway.app import build
from gateway.config import Settings
from tests.gateway.support import MakeWorld, World

pytestmark = pytest.mark.anyio

JSON = {"content-type": "application/json"}
BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@asynccontextmanager
async def gateway(made: World, settings: Settings | None = None) -> AsyncIterator[httpx2.AsyncClient]:
    app = build(settings or made.settings, made.connect)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://127.0.0.1:8000") as client:
        yield client
    await app.state.sources.close()


async def ask(client: httpx2.AsyncClient, query: str, **variables: Any) -> dict[str, Any]:
    answer = await client.post("/graphql", json={"query": query, "variables": variables})
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    return body


async def test_the_front_door_says_what_this_is_and_readiness_needs_no_source(world: MakeWorld) -> None:
    made = world(a="classlink")
    made.servers["a"].down = True
    async with gateway(made) as client:
        assert (await client.get("/readyz")).status_code == 200
        front = await client.get("/", headers=BROWSER)
        assert "graphql" in front.text
        assert "A" in front.text
        assert (await client.get("/")).json()["sources"] == ["A"]
    assert made.requests("a") == 0


async def test_a_browser_gets_graphiql_and_no_redirect(world: MakeWorld) -> None:
    async with gateway(world(a="classlink")) as client:
        page = await client.get("/graphql", headers=BROWSER)
        assert page.status_code == 200
        assert "graphiql" in page.text
        answer = await client.post("/graphql", json={"query": "{ __typename }"})
        assert answer.json()["data"] == {"__typename": "Query"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"null", 400),
        (b"[]", 400),
        (b"7", 400),
        (b"", 400),
        (b"{", 400),
        (b'{"query": "\xff"}', 400),
        (b'{"query": 7}', 400),
        (b'{"query": "{ __typename }", "variables": []}', 400),
        (b"{}", 400),
        (b'{"query": "{ a: __typename }", "variables": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400),
        (b'{"query": "' + b" " * 300_000 + b'{ __typename }"}', 413),
    ],
    ids=["null", "list", "number", "empty", "cut", "utf-8", "query", "variables", "none", "deep", "large"],
)
async def test_a_body_that_cannot_be_asked_is_refused_as_json(world: MakeWorld, body: bytes, status: int) -> None:
    async with gateway(world(a="classlink")) as client:
        answer = await client.post("/graphql", content=body, headers=JSON)
        assert answer.status_code == status
        assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
        assert "data" not in answer.json()


async def test_only_json_by_post_is_taken(world: MakeWorld) -> None:
    async with gateway(world(a="classlink")) as client:
        assert (await client.get("/graphql", params={"query": "{ __typename }"})).status_code == 405
        assert (await client.put("/graphql", json={"query": "{ __typename }"})).status_code == 405
        form = await client.post("/graphql", data={"query": "{ __typename }"})
        assert form.status_code == 415
        plain = await client.post(
            "/graphql", content='{"query":"{ __typename }"}', headers={"content-type": "text/plain"}
        )
        assert plain.status_code == 415


@pytest.mark.parametrize("name", ["Nobody", "", 7])
async def test_an_operation_that_is_not_in_the_document_is_an_error_and_no_crash(
    world: MakeWorld, name: object
) -> None:
    async with gateway(world(a="classlink")) as client:
        answer = await client.post("/graphql", json={"query": "query A { __typename }", "operationName": name})
        assert answer.status_code in (200, 400)
        if answer.status_code == 400 or name:
            assert answer.json()["errors"][0]["extensions"]["code"]


async def test_of_several_operations_one_must_be_named(world: MakeWorld) -> None:
    query = "query A { __typename } query B { b: __typename }"
    async with gateway(world(a="classlink")) as client:
        answer = await client.post("/graphql", json={"query": query})
        assert "data" not in answer.json() or answer.json()["data"] is None
        assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
        named = await client.post("/graphql", json={"query": query, "operationName": "B"})
        assert named.json()["data"] == {"b": "Query"}


async def test_a_query_that_does_not_parse_or_fit_says_so_with_a_code(world: MakeWorld) -> None:
    async with gateway(world(a="classlink")) as client:
        parsed = await client.post("/graphql", json={"query": "{ users("})
        assert parsed.json()["errors"][0]["extensions"]["code"] == "GRAPHQL_PARSE_FAILED"
        fitted = await client.post("/graphql", json={"query": "{ pupils }"})
        assert fitted.json()["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


async def test_answers_are_not_to_be_stored(world: MakeWorld) -> None:
    async with gateway(world(a="classlink")) as client:
        answer = await client.post("/graphql", json={"query": "{ sources { nodes { key } } }"})
        assert answer.headers["cache-control"] == "no-store"


async def test_another_host_name_is_not_answered(world: MakeWorld) -> None:
    async with gateway(world(a="classlink")) as client:
        for host in ("rosters.example", "127.0.0.1.rosters.example"):
            assert (await client.get("/readyz", headers={"host": host})).status_code == 400
        assert (await client.get("/readyz", headers={"host": "localhost:8000"})).status_code == 200
        assert (await client.get("/readyz", headers={"host": "[::1]:8000"})).status_code == 200


async def test_other_origins_may_ask_only_when_they_are_named(world: MakeWorld) -> None:
    made = world(a="classlink")
    asking = {"origin": "https://app.example", "access-control-request-method": "POST"}
    async with gateway(made) as client:
        answer = await client.options("/graphql", headers=asking)
        assert "access-control-allow-origin" not in answer.headers
    named = dataclasses.replace(
        made.settings, gateway=dataclasses.replace(made.settings.gateway, cors_origins=("https://app.example",))
    )
    async with gateway(made, named) as client:
        answer = await client.options("/graphql", headers=asking)
        assert answer.headers["access-control-allow-origin"] == "https://app.example"
        other = await client.options("/graphql", headers={**asking, "origin": "https://other.example"})
        assert "access-control-allow-origin" not in other.headers


NESTED = """{
  users(first: 2000) {
    complete totalCount
    nodes { source { key } sourcedId enrollments { role class { title course { title } } } }
  }
}"""
SEVEN = {
    "maple": "infinite-campus-1.2",
    "oak": "infinite-campus-1.1",
    "pine": "classlink",
    "elm": "xporter",
    "ash": "alpha",
    "yew": "skyward",
    "fir": "ed-fi",
}


async def test_the_nested_question_is_answered_over_seven_sources_of_six_providers(world: MakeWorld) -> None:
    made = world(**SEVEN)
    async with gateway(made) as client:
        answer = await ask(client, NESTED)
    users = answer["data"]["users"]
    assert users["complete"]
    assert {u["source"]["key"] for u in users["nodes"]} == set(SEVEN)
    for key in SEVEN:
        titled = [
            e
            for u in users["nodes"]
            if u["source"]["key"] == key
            for e in u["enrollments"]
            if e["class"] and e["class"]["course"]
        ]
        assert titled, key
    codes = {e["extensions"]["code"] for e in answer.get("errors", [])}
    assert codes <= {"DANGLING_REFERENCE"}


async def test_a_district_that_is_down_is_one_error_that_names_it(world: MakeWorld) -> None:
    made = world(**SEVEN)
    made.servers["pine"].down = True
    async with gateway(made) as client:
        answer = await ask(client, NESTED)
    assert {u["source"]["key"] for u in answer["data"]["users"]["nodes"]} == set(SEVEN) - {"pine"}
    assert not answer["data"]["users"]["complete"]
    failed = [e for e in answer["errors"] if e["extensions"]["code"] != "DANGLING_REFERENCE"]
    assert [(e["path"], e["extensions"]["source"], e["extensions"]["code"]) for e in failed] == [
        (["users"], "pine", "UPSTREAM_FAILING")
    ]
    assert answer["extensions"]["sources"]["notFresh"][0]["source"] == "pine"
