"""What an answer tells of what it took: the numbers are held against those that the sandbox counted."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import httpx2
import pytest

from gateway.sandbox.exact import exact_district
from gateway.sandbox.server import make_server
from tests.gateway.support import MakeWorld, World
from tests.gateway.test_http import gateway

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]

EXACT = exact_district(1, users=200, classes=20, courses=10, enrollments=1000)
WIDE = {"capabilities": {"filter_clauses": 100, "max_url": 8000}}
NESTED = "{ users(first: 50) { nodes { givenName enrollments { class { title course { title } } } } } }"


def wide(world: MakeWorld) -> World:
    return world({"a": WIDE}, a=make_server("wide", EXACT))


async def explained(client: httpx2.AsyncClient, query: str) -> list[dict[str, Any]]:
    answer = await client.post("/graphql", json={"query": query}, headers={"X-Gateway-Explain": "1"})
    body = answer.json()
    assert "errors" not in body
    assert set(body["extensions"]["explain"]) == {"execution", "reads"}
    assert body["extensions"]["explain"]["execution"] == "compiled"
    reads: list[dict[str, Any]] = body["extensions"]["explain"]["reads"]
    return reads


async def test_every_need_of_a_nested_question_is_told_with_its_way_and_its_requests(world: MakeWorld) -> None:
    made = wide(world)
    made.servers["a"].latency = 0.01
    async with gateway(made) as client:
        told = await explained(client, NESTED)
    asked = {t["need"]: t for t in told if t["requests"]}
    assert {need: (t["path"], t["rows"]) for need, t in asked.items()} == {
        "window of users": ("window", 51),
        "enrollments of 50 by user_id": ("filter batches", 250),
        "all classes": ("scan", 20),
        "all courses": ("scan", 10),
    }
    assert {t["source"] for t in told} == {"a"}
    assert sum(t["requests"] for t in told) == made.requests("a") == 4
    assert all(t["requests"] == t["predictedRequests"] == 1 for t in asked.values())
    assert all(t["seconds"] > 0 and t["age"] == 0 and t["predictedSeconds"] > 0 for t in asked.values())
    assert "scan" in asked["enrollments of 50 by user_id"]["why"]
    assert {t["need"]: t["path"] for t in told if not t["requests"]} == {
        "20 classes by id": "held",
        "10 courses by id": "held",
    }


@pytest.mark.parametrize(("totals", "predicted", "assumed"), [("header", 10, False), ("none", 1, True)])
async def test_a_prediction_counts_what_was_told_and_the_rest_is_told_as_a_guess(
    world: MakeWorld, totals: str, predicted: int, assumed: bool
) -> None:
    """By its guess a scan of enrollments takes 200 pages; the first one tells 1,000 records, or nothing.

    Without a total each page begins with the last record of the one before.
    """
    limited = {"capabilities": {"max_limit": 100, "totals": totals, "dotted_filters": False, "nested_reads": False}}
    made = world({"a": limited}, a=make_server("standard-1.2", EXACT, max_limit=100))
    async with gateway(made) as client:
        told = await explained(client, "{ users(first: 5) { nodes { enrollments { role } } } }")
    [scan] = [t for t in told if t["need"] == "enrollments of 5 by user_id"]
    assert (scan["path"], scan["requests"]) == ("scan", 11 if assumed else 10)
    assert (scan["predictedRequests"], scan["assumed"]) == (predicted, assumed)
    assert scan["likelyRequests"] == (204 if assumed else 10)


async def test_what_is_held_is_told_with_its_age_and_no_requests(world: MakeWorld) -> None:
    made = wide(world)
    async with gateway(made) as client:
        await explained(client, NESTED)
        await asyncio.sleep(0.12)
        told = await explained(client, NESTED)
    assert {t["path"] for t in told} == {"held"}
    assert [t["requests"] for t in told] == [0, 0, 0, 0]
    assert [t["rows"] for t in told] == [51, 250, 20, 10]
    assert all(t["age"] >= 0.1 for t in told)
    assert made.requests("a") == 4


async def test_whoever_waits_for_a_flight_is_told_of_it(world: MakeWorld) -> None:
    made = wide(world)
    async with gateway(made) as client:
        told = await asyncio.gather(*(explained(client, NESTED) for _ in range(3)))
    for one in told:
        assert {t["need"] for t in one if t["requests"]} >= {"window of users", "enrollments of 50 by user_id"}
    assert sum(t["requests"] for one in told for t in one if not t["shared"]) == made.requests("a") == 4


async def test_a_scan_that_was_given_up_counts_as_what_it_took(world: MakeWorld) -> None:
    district = exact_district(2, users=100, classes=20, courses=10, enrollments=900)
    server = make_server("standard-1.2", district, max_limit=20)
    made = world({"a": {"capabilities": {"max_limit": 20}}}, a=server)
    async with gateway(made) as client:
        told = await explained(client, "{ users(first: 2) { nodes { enrollments { beginDate } } } }")
    assert sum(t["requests"] for t in told) == made.requests("a")


async def test_nobody_is_told_who_did_not_ask(world: MakeWorld) -> None:
    async with gateway(wide(world)) as client:
        for headers in ({}, {"X-Gateway-Explain": "0"}):
            answer = await client.post("/graphql", json={"query": NESTED}, headers=headers)
            assert "explain" not in answer.json()["extensions"]


async def test_the_log_tells_the_same_at_debug_level_and_no_id(
    world: MakeWorld, caplog: pytest.LogCaptureFixture
) -> None:
    made = wide(world)
    caplog.set_level(logging.DEBUG, "gateway.roster.explain")
    async with gateway(made) as client:
        await explained(client, NESTED)
    lines = [r.getMessage() for r in caplog.records if r.name == "gateway.roster.explain"]
    assert any("need='enrollments of 50 by user_id'" in line and "requests=1" in line for line in lines)
    ids = [row["sourcedId"] for name in ("users", "classes") for row in made.servers["a"].published(name)]
    assert not [i for i in ids if any(i in line for line in lines)]
