"""Documents asked for over HTTP in this process: by text, by hash, by id; and what is refused unread."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import httpx2
import pytest

from gateway.app import UNTRUSTED, build
from gateway.config import from_tables
from gateway.vetting import Untrusted
from tests.gateway.support import MakeWorld, World

pytestmark = pytest.mark.anyio

JSON = "application/json"
RESPONSE = "application/graphql-response+json"
TEXT = "query People($n: Int) { users(first: $n) { nodes { id } } }"
NOT_GRAPHQL = "}} neither this nor that {{"
SHA256 = hashlib.sha256(TEXT.encode()).hexdigest()
PERSISTED = {"persistedQuery": {"version": 1, "sha256Hash": SHA256}}
TWO = {"n": 2}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One trusted document, by the name of `people`."""
    (tmp_path / "people.graphql").write_text(TEXT)
    return tmp_path


@asynccontextmanager
async def gateway(made: World, **http: str | Path) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the gateway with these settings in `[http]`."""
    written = {name: str(value) for name, value in http.items()}
    sources = [{"key": key, **server.settings(f"http://{key}.test")} for key, server in made.servers.items()]
    app = build(from_tables({"http": written, "sources": sources}), made.connect)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://127.0.0.1:8000") as client:
        yield client
    await app.state.sources.close()


async def post(client: httpx2.AsyncClient, accept: str = RESPONSE, **body: Any) -> httpx2.Response:
    return await client.post("/graphql", json=body, headers={"accept": accept})


async def get(client: httpx2.AsyncClient, accept: str = RESPONSE, **asked: Any) -> httpx2.Response:
    params = {name: value if isinstance(value, str) else json.dumps(value) for name, value in asked.items()}
    return await client.get("/graphql", params=params, headers={"accept": accept})


def people(answer: httpx2.Response) -> int:
    """How many came, and nothing went wrong."""
    assert answer.status_code == 200
    assert "errors" not in answer.json()
    return len(answer.json()["data"]["users"]["nodes"])


def refusal(answer: httpx2.Response) -> tuple[int, str, str]:
    """Status, code and message of an answer that has one error and nothing else."""
    assert set(answer.json()) == {"errors"}
    [error] = answer.json()["errors"]
    return answer.status_code, error["extensions"]["code"], error["message"]


async def test_a_hash_is_not_found_then_sent_with_its_text_then_enough(world: MakeWorld) -> None:
    async with gateway(world(a="classlink")) as client:
        unknown = await post(client, extensions=PERSISTED, variables=TWO)
        assert refusal(unknown) == (400, "PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")
        assert refusal(await post(client, JSON, extensions=PERSISTED))[0] == 200
        assert people(await post(client, query=TEXT, extensions=PERSISTED, variables=TWO)) == 2

        assert people(await post(client, extensions=PERSISTED, variables={"n": 3})) == 3
        assert people(await post(client, documentId=f"sha256:{SHA256}", variables=TWO)) == 2


async def test_a_text_that_is_no_query_is_told_so_by_its_hash_too(world: MakeWorld) -> None:
    persisted = {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(NOT_GRAPHQL.encode()).hexdigest()}}
    async with gateway(world(a="classlink")) as client:
        assert refusal(await post(client, query=NOT_GRAPHQL, extensions=persisted))[1] == "GRAPHQL_PARSE_FAILED"
        assert refusal(await post(client, extensions=persisted))[1] == "GRAPHQL_PARSE_FAILED"


@pytest.mark.parametrize("accept", [JSON, RESPONSE])
async def test_a_document_that_is_named_wrongly_is_bad_input(world: MakeWorld, accept: str) -> None:
    async with gateway(world(a="classlink")) as client:
        for body in ({"query": "{ __typename }", "extensions": PERSISTED}, {"query": TEXT, "documentId": "x"}, {}):
            assert refusal(await post(client, accept, **body))[:2] == (400, "BAD_USER_INPUT")


async def test_without_persisted_queries_clients_are_told_to_send_texts(world: MakeWorld) -> None:
    async with gateway(world(a="classlink"), documents="any") as client:
        assert people(await post(client, query=TEXT, extensions=PERSISTED, variables=TWO)) == 2
        told = await post(client, JSON, extensions=PERSISTED)
        assert refusal(told) == (200, "PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotSupported")


async def test_S12_trusted_documents_are_answered_and_all_else_is_refused_unread(
    world: MakeWorld, folder: Path
) -> None:
    async with gateway(world(a="classlink"), documents="trusted", documents_dir=folder) as client:
        for named in ({"documentId": "people"}, {"documentId": f"sha256:{SHA256}"}, {"extensions": PERSISTED}):
            assert people(await post(client, variables=TWO, **named)) == 2
        for body in ({"query": NOT_GRAPHQL}, {"query": TEXT}, {"query": TEXT, "extensions": PERSISTED}):
            assert refusal(await post(client, **body))[:2] == (400, "PERSISTED_QUERY_NOT_FOUND")
        assert refusal(await post(client, documentId="others"))[1] == "PERSISTED_QUERY_NOT_FOUND"
        assert refusal(await get(client, documentId="people"))[0] == 405


async def test_S12_what_is_not_trusted_is_not_parsed(world: MakeWorld, folder: Path) -> None:
    """Counted: no function of the library's lexer and parser, nor the walk that measures documents, is called."""
    unknown = {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}
    async with gateway(world(a="classlink"), documents="trusted", documents_dir=folder) as client:
        for body in ({"query": "{ __typename }"}, {"extensions": unknown}, {"documentId": "others"}):
            with parsing() as called:
                assert refusal(await post(client, **body))[1] == "PERSISTED_QUERY_NOT_FOUND"
            assert called == set()
    async with gateway(world(a="classlink")) as client:
        with parsing() as called:
            assert (await post(client, query="{ __typename }")).json()["data"] == {"__typename": "Query"}
        assert {"parser", "lexer"} <= {module for module, _ in called}


@contextmanager
def parsing() -> Iterator[set[tuple[str, str]]]:
    """Which functions that read documents are called meanwhile."""
    called: set[tuple[str, str]] = set()

    def note(frame: FrameType, event: str, argument: object) -> None:
        module = frame.f_globals.get("__name__", "")
        if event == "call" and module in ("graphql.language.lexer", "graphql.language.parser", "gateway.limits"):
            called.add((module.rpartition(".")[2], frame.f_code.co_name))

    sys.setprofile(note)
    try:
        yield called
    finally:
        sys.setprofile(None)


@pytest.mark.parametrize("documents", ["any", "apq", "trusted"])
async def test_trusted_documents_alone_are_asked_with_get_and_may_be_kept(
    world: MakeWorld, folder: Path, documents: str
) -> None:
    async with gateway(world(a="classlink"), documents=documents, documents_dir=folder, get="trusted") as client:
        answer = await get(client, documentId="people", variables=TWO)
        assert people(answer) == 2
        assert people(await get(client, extensions=PERSISTED, variables=TWO)) == 2
        known = {"if-none-match": answer.headers["etag"]}
        params = {"documentId": "people", "variables": '{"n": 2}'}
        assert (await client.get("/graphql", params=params, headers={"accept": RESPONSE, **known})).status_code == 304
        assert "etag" not in (await post(client, documentId="people", variables=TWO)).headers
        assert refusal(await get(client, documentId="others"))[1] == "PERSISTED_QUERY_NOT_FOUND"


async def test_a_document_that_is_remembered_but_not_trusted_is_not_found_with_get(
    world: MakeWorld, folder: Path
) -> None:
    text = "{ __typename }"
    persisted = {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(text.encode()).hexdigest()}}
    async with gateway(world(a="classlink"), documents_dir=folder, get="trusted") as client:
        await post(client, query=text, extensions=persisted)
        assert (await post(client, extensions=persisted)).json()["data"] == {"__typename": "Query"}
        assert refusal(await get(client, extensions=persisted))[1:] == (
            "PERSISTED_QUERY_NOT_FOUND",
            "PersistedQueryNotFound",
        )
        assert refusal(await get(client, query=text, extensions=persisted))[0] == 405


async def test_a_trusted_mutation_is_not_asked_with_get(world: MakeWorld, tmp_path: Path) -> None:
    mutation = 'mutation { refreshSource(input: {source: "a"}) { source { key } } }'
    (tmp_path / "refresh.graphql").write_text(mutation)
    async with gateway(world(a="classlink"), documents_dir=tmp_path, get="trusted") as client:
        assert refusal(await get(client, documentId="refresh"))[0] == 405


async def test_hashes_are_asked_with_get_where_queries_are(world: MakeWorld) -> None:
    async with gateway(world(a="classlink"), get="queries") as client:
        assert refusal(await get(client, extensions=PERSISTED))[1] == "PERSISTED_QUERY_NOT_FOUND"
        assert people(await get(client, query=TEXT, extensions=PERSISTED, variables=TWO)) == 2
        kept = await get(client, extensions=PERSISTED, variables=TWO)
        assert people(kept) == 2
        assert "etag" not in kept.headers


async def test_graphiql_tells_where_it_is_refused(world: MakeWorld, folder: Path) -> None:
    browser = {"accept": "text/html"}
    async with gateway(world(a="classlink"), documents="trusted", documents_dir=folder) as client:
        assert UNTRUSTED in (await client.get("/graphql", headers=browser)).text
    async with gateway(world(a="classlink")) as client:
        assert UNTRUSTED not in (await client.get("/graphql", headers=browser)).text


async def test_nothing_is_served_while_a_trusted_document_is_wrong(world: MakeWorld, folder: Path) -> None:
    (folder / "shoes.graphql").write_text("{ users { shoes } }")
    with pytest.raises(Untrusted, match=r"shoes\.graphql, shoes, line 1: Cannot query field 'shoes'"):
        async with gateway(world(a="classlink"), documents_dir=folder):
            pass
