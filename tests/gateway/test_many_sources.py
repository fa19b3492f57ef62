"""Many sources in one process, most of them idle in the store: an operation over some leaves the others alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from adapters.client import SourceClient
from adapters.endpoints import Collection
from gateway.app import build
from gateway.config import Settings, SourceSettings, from_tables
from gateway.roster.sources import Sources
from gateway.sandbox.exact import exact_district
from gateway.sandbox.server import Server, make_server

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]

KEYS = [f"district-{n:02}" for n in range(60)]
ASKED = KEYS[::3]
OTHERS = sorted({*KEYS} - {*ASKED})
USERS = 6
READ = (Collection.USERS, Collection.CLASSES, Collection.ENROLLMENTS)
QUERY = """query ($sources: [ID!]) { users(first: 1000, sources: $sources) {
  complete nodes { source { key } enrollments { class { title } } } } }"""


@pytest.fixture(scope="module")
def servers() -> dict[str, Server]:
    districts = (exact_district(n, users=USERS, classes=2, courses=1, enrollments=12) for n in range(len(KEYS)))
    return {key: make_server("standard-1.2", each) for key, each in zip(KEYS, districts, strict=True)}


@pytest.fixture
def settings(servers: dict[str, Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("KEPT_WITH", "a secret of the thirty-two characters that it takes")
    sources = [{"key": key, "name": key, **each.settings(f"http://{key}.test")} for key, each in servers.items()]
    return from_tables({"gateway": {"secret": "env:KEPT_WITH", "state_dir": str(tmp_path)}, "sources": sources})


@asynccontextmanager
async def process(settings: Settings, servers: dict[str, Server]) -> AsyncIterator[tuple[httpx2.AsyncClient, Sources]]:
    """One life of the gateway. The servers count from nothing."""

    def connect(source: SourceSettings) -> SourceClient:
        return SourceClient(source.spec, httpx2.ASGITransport(servers[source.key].app))

    for each in servers.values():
        each.reset()
    app = build(settings, connect)
    try:
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost") as client:
            yield client, app.state.sources
    finally:
        await app.state.sources.close()


async def read_whole(sources: Sources) -> None:
    for source in sources:
        for collection in READ:
            source.refresh(collection)
    while any(source.loading(collection) for source in sources for collection in READ):  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def ask(client: httpx2.AsyncClient, sources: list[str]) -> dict[str, Any]:
    answer = (await client.post("/graphql", json={"query": QUERY, "variables": {"sources": sources}})).json()
    assert "errors" not in answer, answer
    users: dict[str, Any] = answer["data"]["users"]
    assert all(node["enrollments"] for node in users["nodes"])
    return users


async def test_an_operation_over_some_of_many_sources_asks_only_those(
    settings: Settings, servers: dict[str, Server]
) -> None:
    async with process(settings, servers) as (client, _):
        users = await ask(client, ASKED)
        assert [node["source"]["key"] for node in users["nodes"]] == [key for key in ASKED for _ in range(USERS)]
        assert users["complete"]
    assert {key for key, each in servers.items() if each.requests} == {*ASKED}


async def test_an_operation_over_some_of_many_sources_opens_no_file_of_another(
    settings: Settings, servers: dict[str, Server], tmp_path: Path
) -> None:
    async with process(settings, servers) as (_, sources):
        await read_whole(sources)
    unusable = [path for key in OTHERS for path in (tmp_path / "tables" / key).iterdir()]
    assert {path.parent.name for path in unusable} == {*OTHERS}
    for path in unusable:
        path.write_bytes(b"whoever opens this puts it aside")
    async with process(settings, servers) as (client, _):
        users = await ask(client, ASKED)
        assert len(users["nodes"]) == USERS * len(ASKED)
        assert not any(each.requests for each in servers.values())
        assert all(path.exists() for path in unusable)
        await ask(client, OTHERS[:1])
        assert {path.parent.name for path in unusable if not path.exists()} == {OTHERS[0]}
