"""Apps that send hashes and ids instead of documents: Apollo Client, urql and Relay, as they come from npm."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from adapters.client import SourceClient
from gateway.app import build
from gateway.config import SourceSettings, from_tables
from gateway.sandbox.district import generate
from gateway.sandbox.server import Server, make_server
from tests.clients.npm import run
from tests.serving import served

PEOPLE = "query People($first: Int!) { users(first: $first) { nodes { id givenName familyName } } }"


@pytest.fixture(scope="module")
def district() -> Server:
    return make_server("classlink", generate(2, students=60))


@contextmanager
def gateway(district: Server, **http: str) -> Iterator[str]:
    """The address of a gateway over the district, with these settings in `[http]`."""

    def connect(settings: SourceSettings) -> SourceClient:
        return SourceClient(settings.spec, httpx2.ASGITransport(district.app))

    source = {"key": "shelby", "name": "Shelby", **district.settings("http://shelby.test")}
    with served(build(from_tables({"http": http, "sources": [source]}), connect)) as url:
        yield f"{url}/graphql"


def post(url: str, **body: Any) -> Any:
    return httpx2.post(url, json=body, trust_env=False).json()


def app(client: str, url: str, *manifest: Path) -> tuple[list[Any], list[tuple[str, bool, bool]]]:
    """What an app got, asking twice; and its requests: method, whether with text, whether with hash."""
    told = json.loads(run("node", "persisted/ask.js", client, url, *manifest))
    requests = [(each["method"], each["text"], each["hash"] is not None) for each in told["requests"]]
    return told["answers"], requests


@pytest.fixture(scope="module")
def expected(district: Server) -> list[Any]:
    """What plain POSTs of the text get."""
    with gateway(district) as url:
        data = [post(url, query=PEOPLE, variables={"first": first})["data"] for first in (3, 4)]
    assert [len(each["users"]["nodes"]) for each in data] == [3, 4]
    return data


def plain(answers: list[Any]) -> list[Any]:
    """The data of answers without errors, without the `__typename` that Apollo asks for besides."""
    assert [each["error"] for each in answers] == [None, None]
    return [_untyped(each["data"]) for each in answers]


def _untyped(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _untyped(inner) for name, inner in value.items() if name != "__typename"}
    return [_untyped(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("client", "get", "methods"),
    [
        ("apollo", "off", ["POST", "POST", "POST"]),
        ("urql", "off", ["POST", "POST", "POST"]),
        ("apollo-get", "queries", ["GET", "POST", "GET"]),
        ("urql-get", "queries", ["GET", "GET", "GET"]),
    ],
)
@pytest.mark.usefixtures("tools")
def test_a_client_sends_a_document_once_and_its_hash_from_then_on(
    district: Server, expected: list[Any], client: str, get: str, methods: list[str]
) -> None:
    with gateway(district, get=get) as url:
        answers, requests = app(client, url)

    assert plain(answers) == expected
    assert requests == [(methods[0], False, True), (methods[1], True, True), (methods[2], False, True)]


@pytest.mark.parametrize("client", ["apollo", "urql"])
@pytest.mark.usefixtures("tools")
def test_a_client_leaves_hashes_alone_where_the_gateway_remembers_none(
    district: Server, expected: list[Any], client: str
) -> None:
    with gateway(district, documents="any") as url:
        answers, requests = app(client, url)

    assert plain(answers) == expected
    assert requests == [("POST", False, True), ("POST", True, False), ("POST", True, False)]


@pytest.mark.parametrize(
    ("client", "get", "manifest"),
    [
        ("apollo", "off", "apollo_manifest"),
        ("apollo-get", "trusted", "apollo_manifest"),
        ("urql", "off", "codegen_manifest"),
        ("urql-get", "trusted", "codegen_manifest"),
    ],
)
def test_a_client_asks_for_trusted_documents_by_their_ids(
    district: Server,
    expected: list[Any],
    client: str,
    get: str,
    manifest: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    made: Path = request.getfixturevalue(manifest)
    shutil.copy(made, tmp_path)
    with gateway(district, documents="trusted", documents_dir=str(tmp_path), get=get) as url:
        answers, requests = app(client, url, made)
        method = "POST" if get == "off" else "GET"

        assert plain(answers) == expected
        assert requests == [(method, False, True)] * 2


@pytest.mark.parametrize("client", ["apollo", "urql"])
def test_a_client_whose_document_is_not_trusted_is_told_so(
    district: Server, client: str, relay_manifest: Path, tmp_path: Path
) -> None:
    shutil.copy(relay_manifest, tmp_path)
    with gateway(district, documents="trusted", documents_dir=str(tmp_path)) as url:
        answers, requests = app(client, url)

    assert [each["data"] for each in answers] == [None, None]
    assert all("only trusted documents are answered here" in each["error"] for each in answers)
    assert requests == [("POST", False, True), ("POST", True, True)] * 2


def test_a_relay_app_asks_by_the_ids_that_its_compiler_gave(
    district: Server, relay_manifest: Path, tmp_path: Path
) -> None:
    shutil.copy(relay_manifest, tmp_path)
    ids = {text: name for name, text in json.loads(relay_manifest.read_text()).items()}
    [(text, name)] = [(text, name) for text, name in ids.items() if text.startswith("query PeopleQuery")]
    with gateway(district) as url:
        people = post(url, query=text)["data"]["users"]["edges"]
    assert len(people) == 50

    with gateway(district, documents="trusted", documents_dir=str(tmp_path)) as url:
        trusted = post(url, documentId=name)["data"]["users"]["edges"]
        assert [each["node"] for each in trusted] == [each["node"] for each in people]
        assert post(url, query=text)["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
