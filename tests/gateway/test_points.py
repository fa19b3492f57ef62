"""How much a client may ask for in a minute (L20)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.access.api_keys import hashed, id_of, make
from gateway.access.clients import Client, Kept, changing
from gateway.access.points import Points
from gateway.app import build
from gateway.config import AccessSettings
from tests.gateway.support import MakeWorld, World, reading_all
from tests.gateway.test_clients_http import SECRET

pytestmark = pytest.mark.anyio

VIEWER = "{ viewer { pointsLeft resetAt } }"


def test_L20_points_are_taken_at_once_and_come_back_bit_by_bit() -> None:
    clock = [0.0]
    account = Points(600, lambda: clock[0]).account("a")
    assert [account.take(points) for points in (400, 200, 50)] == [0, 0, pytest.approx(5)]
    assert (account.left, account.full_in) == (0, pytest.approx(60))
    clock[0] = 5
    assert account.left == 50
    assert account.take(51) > 0
    assert account.take(50) == 0
    account.give_back(40)
    assert account.left == 40
    clock[0] = 1000
    assert (account.left, account.full_in) == (600, 0)
    account.give_back(40)
    assert account.left == 600


def test_L20_over_a_long_time_no_client_has_more_than_its_points() -> None:
    clock = [0.0]
    account = Points(6_000, lambda: clock[0]).account("a")
    taken = 0
    for step in range(6_000):
        clock[0] = step / 10
        taken += 70 * (account.take(70) == 0)
    assert 6_000 * 10 <= taken <= 6_000 * 11


def test_L20_what_takes_more_than_all_points_is_let_in_when_none_are_taken_and_paid_for_afterwards() -> None:
    clock = [0.0]
    account = Points(100, lambda: clock[0]).account("a")
    assert account.take(250) == 0
    assert account.left == 0
    assert account.take(1) == pytest.approx(151 * 60 / 100)
    clock[0] = 90.7
    assert account.take(1) == 0


def test_L20_of_clients_only_the_latest_are_remembered() -> None:
    points = Points(100)
    first = points.account("first")
    assert points.account("first") is first
    for number in range(20_000):
        points.account(str(number))
    assert points.account("first") is not first
    assert points.account("19999") is points.account("19999")


@asynccontextmanager
async def clients(made: World, folder: Path, per_minute: int) -> AsyncIterator[Any]:
    """A gateway with two clients, of whom `one` has two keys: what it answers to a query asked with a key."""
    keys = {name: make().reveal() for name in ("one", "one again", "other")}
    with changing(folder / "clients.json") as known:
        for name in ("one", "other"):
            own = [key for title, key in keys.items() if title.split()[0] == name]
            kept = tuple(Kept(id_of(key) or "", hashed(key, SECRET), 0) for key in own)
            known[name] = Client(name, kept, (reading_all(every=True),))
    access = AccessSettings(clients=folder / "clients.json", requests_per_second=1000, points_per_minute=per_minute)
    settings = replace(made.settings, gateway=replace(made.settings.gateway, secret=SECRET), access=access)
    app = build(settings, made.connect)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://127.0.0.1") as client:

        async def ask(name: str, query: str) -> httpx2.Response:
            return await client.post(
                "/graphql", json={"query": query}, headers={"authorization": f"Bearer {keys[name]}"}
            )

        yield ask
    await app.state.sources.close()


async def left(ask: Any, name: str) -> int:
    viewer = (await ask(name, VIEWER)).json()["data"]["viewer"]
    points: int = viewer["pointsLeft"]
    return points


async def test_L20_an_operation_takes_what_it_was_predicted_to_cost_and_gets_back_what_it_did_not_use(
    world: MakeWorld, tmp_path: Path
) -> None:
    async with clients(world(a="standard-1.2"), tmp_path, 12_000) as ask:
        answer = await ask("one", f"{{ users(first: 10000) {{ nodes {{ id }} }} {VIEWER[1:]}")
        cost = answer.json()["extensions"]["cost"]
        assert cost["requested"] == 10_000
        assert 0 < cost["actual"] < 1_000
        assert 2_000 <= answer.json()["data"]["viewer"]["pointsLeft"] < 10_000, "200 come back in a second"
        assert await left(ask, "one again") >= 12_000 - cost["actual"] - 1
        assert await left(ask, "other") == 12_000 - 1


async def test_L20_a_client_that_asks_for_too_much_is_told_when_to_ask_again_and_others_are_answered(
    world: MakeWorld, tmp_path: Path
) -> None:
    made = world(a="standard-1.2")
    async with clients(made, tmp_path, 600) as ask:
        for _ in range(4):
            assert (await ask("one", "{ users(first: 60) { nodes { id } } }")).status_code == 200
        asked = made.requests("a")
        assert (await ask("one", "{ users(first: 600, status: null) { nodes { id } } }")).status_code == 429
        refused = await ask("one again", "{ classes(first: 600, status: null) { nodes { id } } }")
        assert refused.status_code == 429
        assert made.requests("a") == asked
        [error] = refused.json()["errors"]
        later = error["extensions"]["retryAfter"]
        assert error["extensions"] == {"code": "RATE_LIMITED", "retryable": True, "retryAfter": later}
        assert refused.headers["retry-after"] == str(later)
        assert 0 < later <= 60
        assert (await ask("one", VIEWER)).status_code == 200, "what costs little is answered still"
        assert (await ask("other", "{ users(first: 600) { nodes { id } } }")).status_code == 200


async def test_L20_what_is_refused_for_its_cost_takes_no_points(world: MakeWorld, tmp_path: Path) -> None:
    async with clients(world(a="standard-1.2"), tmp_path, 100_000) as ask:
        refused = await ask("one", "{ users(first: 10000) { nodes { enrollments { id } } } }")
        assert refused.json()["errors"][0]["extensions"]["code"] == "COST_EXCEEDED"
        assert await left(ask, "one") >= 100_000 - 1


async def test_L20_a_gateway_that_does_not_tell_clients_apart_counts_no_points(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    app = build(made.settings, made.connect)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://127.0.0.1") as client:
        answer = await client.post("/graphql", json={"query": VIEWER})
        assert answer.json()["data"] == {"viewer": {"pointsLeft": None, "resetAt": None}}
    await app.state.sources.close()


async def test_L20_when_all_points_are_back_is_told(world: MakeWorld, tmp_path: Path) -> None:
    async with clients(world(a="standard-1.2"), tmp_path, 1_000) as ask:
        viewer = (await ask("one", VIEWER)).json()["data"]["viewer"]
        assert viewer["pointsLeft"] == 999
        assert viewer["resetAt"].endswith("Z")
