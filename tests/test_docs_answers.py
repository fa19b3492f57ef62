"""The answers and the request counts that the documentation shows are those that its queries have."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from adapters.client import SourceClient
from gateway.app import build
from gateway.config import SourceSettings, from_tables
from gateway.sandbox import run
from gateway.sandbox.demo import DEMO, demo_source
from gateway.sandbox.exact import exact_district
from gateway.sandbox.server import Server, make_server

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parent.parent
TODAY = "2026-11-21"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def sample(page: str, language: str) -> str:
    """The first block of a language."""
    found: list[tuple[str, str]] = FENCE.findall((ROOT / page).read_text("utf-8"))
    return next(text for name, text in found if name == language)


def district(key: str) -> Server:
    return run.build(run.parser().parse_args(["--demo", key, "--today", TODAY]))


Ask = Callable[..., Any]
"""A query, and its variables by name, to its answer."""


@asynccontextmanager
async def gateway(tables: Iterable[dict[str, Any]], servers: dict[str, Server]) -> AsyncIterator[Ask]:
    """Asks a gateway over servers in this process; a source without one refuses connections."""

    def refuse(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    def connect(settings: SourceSettings) -> SourceClient:
        server = servers.get(settings.key)
        transport = httpx2.MockTransport(refuse) if server is None else httpx2.ASGITransport(server.app)
        return SourceClient(settings.spec, transport)

    app = build(from_tables({"sources": list(tables)}), connect)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost") as client:

        async def ask(query: str, **variables: Any) -> Any:
            return (await client.post("/graphql", json={"query": query, "variables": variables}, timeout=60)).json()

        yield ask
    await app.state.sources.close()


def table(key: str, server: Server) -> dict[str, Any]:
    return {**demo_source(key).source(), **server.settings(f"http://{key}.test")}


async def test_the_partial_answer_of_the_error_page_is_the_one_that_comes() -> None:
    servers = {key: district(key) for key in ("alder-academy", "harbor-flats")}
    tables = [table(key, server) for key, server in servers.items()]
    del servers["harbor-flats"]
    async with gateway(tables, servers) as ask:
        assert await ask(sample("docs/errors.md", "graphql")) == json.loads(sample("docs/errors.md", "json"))


async def test_the_answer_of_the_readme_is_part_of_the_one_that_comes() -> None:
    servers = {d.key: district(d.key) for d in DEMO}
    async with gateway([table(key, server) for key, server in servers.items()], servers) as ask:
        answer = await ask(sample("README.md", "graphql"))
    shown = json.loads(sample("README.md", "json"))
    assert "errors" not in answer
    people, shown_people = answer["data"]["users"].pop("nodes"), shown["data"]["users"].pop("nodes")
    assert answer == shown
    for person in shown_people:
        some = person.pop("enrollments")
        [all_of_them] = [p["enrollments"] for p in people if {**person, "enrollments": p["enrollments"]} == p]
        assert some
        assert all(enrollment in all_of_them for enrollment in some)


@pytest.mark.parametrize(
    ("column", "kind", "capabilities"),
    [(1, "standard-1.2", {}), (2, "wide", {"filter_clauses": 100, "max_url": 8000})],
    ids=["two clauses", "100 clauses"],
)
async def test_the_worked_example_takes_as_many_requests_as_it_says(
    column: int, kind: str, capabilities: dict[str, int]
) -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    [row] = re.findall(r"^\| \*\*together\*\* \|.*$", page, re.MULTILINE)
    [said] = re.findall(r"\*\*(\d+)\*\*", row.split("|")[column + 1])
    server = make_server(kind, exact_district(1))
    tables = [{"key": "a", **server.settings("http://a.test"), "capabilities": capabilities}]
    async with gateway(tables, {"a": server}) as ask:
        query = sample("docs/architecture.md", "graphql")
        answer = await ask(query)
        assert len(answer["data"]["users"]["nodes"]) == 50
        asked = server.requests.total()
        assert server.requests.pop("POST token") == 1
        assert server.requests.total() == int(said)
        assert await ask(query) == answer
        assert server.requests.total() == asked - 1
