"""What docs/documents.md shows of hashes, ids and mistakes is what takes place."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from adapters.client import SourceClient
from gateway.app import build
from gateway.config import SourceSettings, from_tables
from gateway.sandbox.district import generate
from gateway.sandbox.server import make_server
from gateway.vetting import Untrusted

pytestmark = pytest.mark.anyio

PAGE = (Path(__file__).parent.parent / "docs" / "documents.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


TEXT = blocks("graphql")[0].rstrip("\n")
ASKED, TOLD, SENT, BY_ID = map(json.loads, blocks("json"))


@asynccontextmanager
async def gateway(**http: str) -> AsyncIterator[httpx2.AsyncClient]:
    server = make_server("classlink", generate(1, students=60))

    def connect(settings: SourceSettings) -> SourceClient:
        return SourceClient(settings.spec, httpx2.ASGITransport(server.app))

    source = {"key": "a", **server.settings("http://a.test")}
    app = build(from_tables({"http": http, "sources": [source]}), connect)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost:8000") as client:
        yield client
    await app.state.sources.close()


def people(answer: httpx2.Response) -> list[Any]:
    found: list[Any] = answer.json()["data"]["users"]["nodes"]
    return found


async def test_a_hash_is_asked_refused_and_sent_with_its_text_as_shown() -> None:
    assert SENT == {"query": TEXT, **ASKED}
    async with gateway() as client:
        assert (await client.post("/graphql", json=ASKED)).json() == TOLD
        assert len(people(await client.post("/graphql", json=SENT))) == 1
        assert len(people(await client.post("/graphql", json=ASKED))) == 1


async def test_a_trusted_document_is_asked_for_as_shown(tmp_path: Path) -> None:
    [settings] = blocks("toml")
    assert 'documents = "trusted"' in settings
    assert 'get = "trusted"' in settings
    (tmp_path / "people.graphql").write_text(TEXT)
    [shown] = blocks("http")
    address = shown.split()[1]
    async with gateway(documents="trusted", documents_dir=str(tmp_path), get="trusted") as client:
        assert len(people(await client.post("/graphql", json=BY_ID))) == 1
        assert len(people(await client.get(address))) == 1


def test_mistakes_are_told_as_shown(tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "people.graphql").write_text(TEXT)
    (folder / "people.json").write_text(json.dumps({"people": "{ users { totalCount } }"}))
    (folder / "roster.graphql").write_text("{\n  users { nodes { favouriteColour } }\n}")
    with pytest.raises(Untrusted) as caught:
        build(from_tables({"http": {"documents_dir": "documents"}}, base=tmp_path))
    assert str(caught.value).replace(f"{tmp_path}/", "") == blocks("text")[0].rstrip("\n")
