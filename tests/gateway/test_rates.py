"""How often a client may ask (L20)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from gateway.access.api_keys import hashed, id_of, make
from gateway.access.clients import Client, Kept, changing
from gateway.access.rates import Rates
from gateway.app import build
from gateway.config import AccessSettings
from tests.gateway.support import MakeWorld, reading_all
from tests.gateway.test_clients_http import SECRET

pytestmark = pytest.mark.anyio


def test_a_client_has_so_many_requests_a_second_and_as_many_at_once_after_a_rest() -> None:
    clock = [0.0]
    rates = Rates(4, lambda: clock[0])
    assert [rates.wait("a") for _ in range(5)] == [0, 0, 0, 0, 0.25]
    assert rates.wait("b") == 0
    clock[0] = 0.2
    assert rates.wait("a") == pytest.approx(0.05)
    clock[0] = 0.26
    assert rates.wait("a") == 0
    assert rates.wait("a") > 0
    clock[0] = 100
    assert [rates.wait("a") > 0 for _ in range(5)] == [False] * 4 + [True]


def test_over_a_long_time_no_client_gets_more_than_its_rate() -> None:
    clock = [0.0]
    rates = Rates(50, lambda: clock[0])
    passed = 0
    for step in range(10_000):
        clock[0] = step / 1000
        passed += not rates.wait("a")
    assert passed == pytest.approx(50 + 50 * 10, abs=2)


async def test_a_client_that_asks_too_often_is_told_when_to_ask_again_and_others_are_answered(
    world: MakeWorld, tmp_path: Path
) -> None:
    made, keys = world(a="standard-1.2"), {name: make().reveal() for name in ("often", "seldom")}
    with changing(tmp_path / "clients.json") as clients:
        for name, key in keys.items():
            clients[name] = Client(name, (Kept(id_of(key) or "", hashed(key, SECRET), 0),), (reading_all(every=True),))
    access = AccessSettings(clients=tmp_path / "clients.json", requests_per_second=3)
    settings = replace(made.settings, gateway=replace(made.settings.gateway, secret=SECRET), access=access)
    app = build(settings, made.connect)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://127.0.0.1") as client:

        async def ask(name: str) -> httpx2.Response:
            said = {"authorization": f"Bearer {keys[name]}"}
            return await client.post("/graphql", json={"query": "{ viewer { name } }"}, headers=said)

        answers = [await ask("often") for _ in range(20)]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert refused
        assert refused[0].headers["retry-after"] == "1"
        assert refused[0].json()["errors"][0]["extensions"] == {
            "code": "RATE_LIMITED",
            "retryable": True,
            "retryAfter": 1,
        }
        assert (await ask("seldom")).status_code == 200
    await app.state.sources.close()
