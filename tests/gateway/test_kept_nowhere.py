"""S08: no answer is kept on its way, be it data or a refusal. B10: no page elsewhere has anything executed unseen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from adapters.secret import Secret
from gateway.access.clients import changing
from gateway.app import build
from gateway.config import AccessSettings, DocumentPolicy, GetPolicy, HttpSettings
from tests.gateway.support import MakeWorld, World

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]

JSON = {"content-type": "application/json"}
PEOPLE = "{ users(first: 2) { nodes { id } } }"
NAMED = {"documentId": "people"}


@asynccontextmanager
async def gateway(
    made: World, folder: Path, *, apart: bool = False, origins: tuple[str, ...] = ()
) -> AsyncIterator[httpx2.AsyncClient]:
    """It takes documents of `folder` with GET. apart: only clients that are told apart are answered; there is none."""
    (folder / "people.graphql").write_text(PEOPLE)
    http = HttpSettings(documents=DocumentPolicy.APQ, documents_dir=folder, get=GetPolicy.TRUSTED)
    own = replace(made.settings.gateway, secret=Secret("of the gateway"), cors_origins=origins)
    settings = replace(made.settings, gateway=own, http=http)
    if apart:
        with changing(folder / "clients"):
            pass
        settings = replace(settings, access=AccessSettings(clients=folder / "clients"))
    app = build(settings, made.connect)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://127.0.0.1") as client:
        yield client
    await app.state.sources.close()


ANSWERS: Mapping[str, tuple[dict[str, Any], int]] = {
    "data": ({"json": {"query": PEOPLE}}, 200),
    "data-and-errors": ({"json": {"query": '{ user(id: "User:x:1") { id } sources { nodes { key } } }'}}, 200),
    "a-trusted-document": ({"json": NAMED}, 200),
    "a-trusted-document-by-GET": ({"method": "GET", "params": NAMED}, 200),
    "as-it-was": ({"method": "GET", "params": NAMED, "headers": {"if-none-match": "*"}}, 304),
    "compressed": ({"json": {"query": "{ users { nodes { id } } }"}, "headers": {"accept-encoding": "gzip"}}, 200),
    "introspection": ({"json": {"query": "{ __schema { types { name } } }"}}, 200),
    "no-document": ({"json": {}}, 400),
    "no-query": ({"json": {"query": "{"}}, 200),
    "not-JSON": ({"content": b"{", "headers": JSON}, 400),
    "of-another-type": ({"content": b"x", "headers": {"content-type": "text/plain"}}, 415),
    "in-no-type-that-is-had": ({"json": {"query": PEOPLE}, "headers": {"accept": "text/csv"}}, 406),
    "too-large": ({"content": b" " * 300_000, "headers": JSON}, 413),
    "another-method": ({"method": "PUT", "json": {"query": PEOPLE}}, 405),
    "a-query-by-GET": ({"method": "GET", "params": {"query": PEOPLE}}, 405),
    "another-host": ({"json": {"query": PEOPLE}, "headers": {"host": "roster.example"}}, 400),
    "a-page-elsewhere": ({"method": "GET", "params": NAMED, "headers": {"sec-fetch-site": "cross-site"}}, 403),
}


@pytest.mark.parametrize("kind", ANSWERS)
async def test_S08_no_answer_may_be_stored(world: MakeWorld, tmp_path: Path, kind: str) -> None:
    request, status = ANSWERS[kind]
    async with gateway(world(a="classlink"), tmp_path) as client:
        answer = await client.request(**{"method": "POST", "url": "/graphql", **request})
        assert answer.status_code == status
        assert answer.headers.get_list("cache-control") == ["no-store"]
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_S08_nor_may_what_is_said_to_those_without_a_key(world: MakeWorld, tmp_path: Path) -> None:
    async with gateway(world(a="classlink"), tmp_path, apart=True) as client:
        for headers in ({}, {"authorization": "Bearer orgw_x"}):
            answer = await client.post("/graphql", json={"query": PEOPLE}, headers=headers)
            assert (answer.status_code, answer.headers["cache-control"]) == (401, "no-store")


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_B10_a_page_elsewhere_has_nothing_executed_by_GET_unless_it_is_named(
    world: MakeWorld, tmp_path: Path, site: str
) -> None:
    made = world(a="classlink")
    async with gateway(made, tmp_path, origins=("https://app.example",)) as client:
        for headers in ({}, {"origin": "https://other.example"}):
            answer = await client.get("/graphql", params=NAMED, headers={"sec-fetch-site": site, **headers})
            assert answer.status_code == 403
        assert not +made.servers["a"].requests
        named = {"sec-fetch-site": site, "origin": "https://app.example"}
        assert (await client.get("/graphql", params=NAMED, headers=named)).json()["data"]
        for nobody in ({"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}, {}):
            assert (await client.get("/graphql", params=NAMED, headers=nobody)).json()["data"]
