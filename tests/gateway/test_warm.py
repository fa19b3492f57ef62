"""What is read before anybody asks."""

from __future__ import annotations

import time
from typing import Any

import httpx2
import pytest

from adapters.client import SourceClient
from gateway.app import build
from gateway.config import SourceSettings, from_tables
from gateway.sandbox.district import generate
from gateway.sandbox.server import Server, make_server
from tests.serving import served

ASK = {"query": "{ classes(first: 5) { complete nodes { enrollments { role } } } }"}


def app(server: Server, **gateway: Any) -> Any:
    table = {"key": "a", "name": "A", **server.settings("http://a.test")}
    table["warm"] = {"collections": ["classes", "enrollments", "demographics"]}
    settings = from_tables({"gateway": gateway, "sources": [table]})
    assert not settings.mistakes, settings.mistakes

    def connect(source: SourceSettings) -> SourceClient:
        return SourceClient(source.spec, httpx2.ASGITransport(server.app))

    return build(settings, connect)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.pacing.STAGGER", 0.05)


def until_ready(url: str) -> list[int]:
    seen: list[int] = []
    end = time.monotonic() + 10
    while not seen or seen[-1] != 200:
        assert time.monotonic() < end
        seen.append(httpx2.get(f"{url}/readyz", trust_env=False).status_code)
        time.sleep(0.02)
    return seen


def test_what_is_to_be_warm_is_held_when_it_is_first_asked_for() -> None:
    server = make_server("xporter", generate(1, students=60))
    server.latency = 0.1
    with served(app(server, wait_for_warm=True)) as url:
        seen = until_ready(url)
        assert seen[0] == 503
        asked = sum(server.requests.values())
        answer = httpx2.post(f"{url}/graphql", json=ASK, trust_env=False).json()
        assert answer["data"]["classes"]["complete"]
        assert sum(server.requests.values()) == asked
    assert server.requests["GET /users"] == 0


def test_readiness_waits_for_no_source_unless_it_is_told_to() -> None:
    server = make_server("xporter", generate(1, students=60))
    server.latency = 5
    with served(app(server)) as url:
        assert until_ready(url) == [200]


def test_a_source_that_is_down_does_not_keep_the_gateway_from_getting_ready() -> None:
    server = make_server("xporter", generate(1, students=60))
    server.down = True
    with served(app(server, wait_for_warm=True)) as url:
        assert until_ready(url)[-1] == 200
