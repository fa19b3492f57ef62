"""Figures for operators, as Prometheus reads them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from adapters.client import SourceClient
from adapters.endpoints import Collection
from adapters.traffic import OUTCOMES
from gateway import telemetry
from gateway.app import build
from gateway.config import from_tables
from gateway.roster.sources import Sources
from gateway.sandbox.district import generate
from gateway.sandbox.faults import switched
from gateway.sandbox.server import make_server
from tests.gateway.support import World

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]

READ = "{ users(status: null, first: 10000) { totalCount nodes { id familyName } } }"


class Gateway:
    def __init__(self, tables: dict[str, dict[str, Any]] | None = None) -> None:
        servers = {key: make_server("xporter-generic", generate(n, students=60)) for n, key in enumerate("ab", 1)}
        self.made = World(servers, tables or {})
        self.app = build(self.made.settings, self.made.connect)

    async def ask(self, method: str, path: str, **given: Any) -> httpx2.Response:
        transport = httpx2.ASGITransport(self.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
            return await client.request(method, path, **given)

    async def read(self, query: str) -> None:
        assert "errors" not in (await self.ask("POST", "/graphql", json={"query": query})).json()

    async def figures(self) -> Mapping[str, Mapping[str, float]]:
        """By name and source."""
        answer = await self.ask("GET", "/metrics")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain")
        found: dict[str, dict[str, float]] = {}
        for family in text_string_to_metric_families(answer.text):
            for sample in family.samples:
                found.setdefault(sample.name, {})[sample.labels.get("source", "")] = sample.value
        return found

    async def outcomes(self, key: str) -> dict[str, float]:
        """What became of a source's attempts, as far as there were any."""
        told = (await self.ask("GET", "/metrics")).text
        samples = [s for family in text_string_to_metric_families(told) for s in family.samples]
        attempts = [s for s in samples if s.name == "gateway_upstream_attempts_total" and s.labels["source"] == key]
        assert {s.labels["outcome"] for s in attempts} <= set(OUTCOMES)
        return {s.labels["outcome"]: s.value for s in attempts if s.value}

    async def until(self, key: str, outcome: str) -> None:
        """That has become of one attempt."""
        async with asyncio.timeout(10):
            while True:
                if (await self.outcomes(key)).get(outcome) == 1:
                    return
                await asyncio.sleep(0.01)

    async def close(self) -> None:
        await self.app.state.sources.close()
        await self.made.sources.close()

    @property
    def people(self) -> dict[str, int]:
        return {key: len(server.published("users")) for key, server in self.made.servers.items()}


async def test_what_is_held_and_sent_is_told_for_each_source() -> None:
    gateway = Gateway()
    before = await gateway.figures()
    assert before["gateway_held_records"] == before["gateway_held_bytes"] == {"a": 0, "b": 0}
    await gateway.read(READ)
    after = await gateway.figures()
    assert after["gateway_held_records"] == gateway.people
    for key, count in gateway.people.items():
        assert 200 * count < after["gateway_held_bytes"][key] < 5000 * count
    sent = {key: sum(server.requests.values()) for key, server in gateway.made.servers.items()}
    assert after["gateway_upstream_requests_total"] == sent
    assert after["gateway_evictions_total"] == {"a": 0, "b": 0}
    assert after["process_resident_memory_bytes"][""] > 10_000_000
    await gateway.close()


async def test_operations_are_counted_by_how_they_were_executed() -> None:
    gateway = Gateway()
    queries = [
        READ,
        READ,
        "{ __schema { queryType { name } } }",
        "{ nobody }",
        "{ users {",
        "query A { __typename } query B { __typename }",
    ]
    for query in queries:
        await gateway.ask("POST", "/graphql", json={"query": query})
    told = (await gateway.ask("GET", "/metrics")).text
    counts = dict(re.findall(r'^gateway_operations_total\{path="(\w+)"\} ([\d.]+)$', told, re.MULTILINE))
    assert counts == {"compiled": "2.0", "careful": "0.0", "fallback": "1.0", "refused": "3.0"}
    await gateway.close()


async def test_what_is_let_go_of_is_counted_for_its_source() -> None:
    most = max(len(make_server("xporter-generic", generate(n, students=60)).published("users")) for n in (1, 2))
    gateway = Gateway({"a": {"cache": {"max_held_records": most}}})
    await gateway.read(READ)
    assert (await gateway.figures())["gateway_evictions_total"] == {"a": 0, "b": 0}
    await gateway.read("{ classes(status: null, first: 10000) { totalCount } }")
    after = await gateway.figures()
    assert after["gateway_evictions_total"] == {"a": 1, "b": 0}
    source = gateway.app.state.sources
    held = {s.key: s.tables[Collection.USERS].whole is not None for s in source}
    assert held == {"a": False, "b": True}
    await gateway.close()


async def test_figures_name_no_person_and_are_for_this_machine_alone() -> None:
    gateway = Gateway()
    await gateway.read(READ)
    answer = await gateway.ask("GET", "/metrics")
    for server in gateway.made.servers.values():
        for user in server.published("users"):
            assert str(user["sourcedId"]) not in answer.text
            assert str(user["familyName"]) not in answer.text
    assert (await gateway.ask("GET", "/metrics", headers={"host": "rosters.example"})).status_code == 400
    assert (await gateway.ask("POST", "/metrics")).status_code == 405
    await gateway.close()


async def test_what_became_of_requests_is_told_by_statuses_with_retries_and_the_breaker() -> None:
    fast = {"attempts": 3, "after_fault": 0.001}
    gateway = Gateway({"a": {"retries": fast, "breaker": {"faults": 3}}})
    before = await gateway.figures()
    assert before["gateway_breaker_open"] == {"a": 0, "b": 0}
    gateway.made.servers["a"].down = True
    await gateway.ask("POST", "/graphql", json={"query": READ})
    after = await gateway.figures()
    failed = await gateway.outcomes("a")
    assert failed == {"5xx": 3}
    assert after["gateway_upstream_retries_total"] == {"a": 2, "b": 0}
    assert after["gateway_breaker_open"] == {"a": 1, "b": 0}
    assert after["gateway_upstream_in_flight"] == {"a": 0, "b": 0}
    assert set(await gateway.outcomes("b")) == {"2xx"}
    await gateway.ask("POST", "/graphql", json={"query": READ})
    assert await gateway.outcomes("a") == failed, "what was not sent is no attempt"
    await gateway.close()


async def test_what_is_under_way_is_told_and_what_nobody_waits_for_any_more() -> None:
    gateway = Gateway({"a": {"timeouts": {"attempt": 0.02}}})
    gateway.made.servers["a"].latency = 60.0
    gateway.made.servers["b"].latency = 60.0
    asked = asyncio.create_task(gateway.ask("POST", "/graphql", json={"query": READ}))
    await gateway.until("a", "timeout")
    assert (await gateway.figures())["gateway_upstream_in_flight"] == {"a": 0, "b": 1}
    asked.cancel()
    await gateway.close()
    assert await gateway.outcomes("b") == {"left": 1}
    assert (await gateway.figures())["gateway_upstream_in_flight"] == {"a": 0, "b": 0}


async def test_reads_that_an_older_copy_answers_are_counted() -> None:
    gateway = Gateway({"a": {"cache": {"fresh_for": {"users": 0.2}}}})
    await gateway.read(READ)
    assert (await gateway.figures())["gateway_stale_reads_total"] == {"a": 0, "b": 0}
    gateway.made.servers["a"].down = True
    await asyncio.sleep(0.25)
    await gateway.read(READ)
    assert (await gateway.figures())["gateway_stale_reads_total"] == {"a": 1, "b": 0}
    await gateway.close()


async def test_five_hundred_sources_are_told_in_less_than_ten_thousand_series() -> None:
    """And by nothing that a client or a source could name."""
    sources = [
        {
            "key": f"d{n}",
            "name": f"D{n}",
            "provider": "standard",
            "version": "1.2",
            "base_url": f"https://d{n}.example/r",
        }
        | {"token_url": f"https://d{n}.example/token", "client_id": "c", "client_secret": "s"}
        for n in range(500)
    ]
    settings = from_tables({"sources": sources})
    assert not settings.mistakes
    opened = Sources.open(settings, lambda each: SourceClient(each.spec))
    told = telemetry.exposition(opened, {})().decode()
    samples = [s for family in text_string_to_metric_families(told) for s in family.samples]
    assert sum(s.labels.get("source") == "d499" for s in samples) > 10
    assert len(samples) <= 10_000
    assert {name for s in samples for name in s.labels} == {"source", "outcome", "path", "le"}


async def test_what_sources_take_is_told_in_seconds_pages_and_needs() -> None:
    gateway = Gateway()
    await gateway.read(READ)
    first = await gateway.figures()
    await gateway.read(READ)
    figures = await gateway.figures()
    needs = "gateway_upstream_needs_total"
    assert figures[needs] == first[needs]  # the second time all is held
    for key in "ab":
        assert figures[needs][key] >= 1
        assert figures["gateway_upstream_pages_total"][key] >= figures["gateway_upstream_scans_total"][key] >= 1
        assert figures["gateway_upstream_seconds_total"][key] > 0
        assert figures["gateway_upstream_retries_left"][key] == 3
        assert figures["gateway_upstream_waiting_operations"][key] == 0
    attempts = sum([sum((await gateway.outcomes(key)).values()) for key in "ab"])
    assert figures["http_client_request_duration_seconds_count"][""] == attempts
    seconds = figures["http_client_request_duration_seconds_sum"][""]
    assert seconds == pytest.approx(sum(figures["gateway_upstream_seconds_total"].values()))
    await gateway.close()


async def test_what_is_not_let_through_is_counted() -> None:
    gateway = Gateway({key: {"retries": {"attempts": 3}, "breaker": {"faults": 2}} for key in "ab"})
    for server in gateway.made.servers.values():
        server.faults.on = [switched("status=500")]
    await gateway.ask("POST", "/graphql", json={"query": READ})
    figures = await gateway.figures()
    for key in "ab":
        assert figures["gateway_breaker_open"][key] == 1
        assert figures["gateway_upstream_refused_requests_total"][key] >= 1
    await gateway.close()
