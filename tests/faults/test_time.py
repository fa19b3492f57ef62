"""F29: the wall clock jumps; the store is lost."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from adapters import moments
from adapters.client import PageRequest
from adapters.errors import Failing, Overloaded
from tests.faults.clock import loop
from tests.faults.district import BODY, FAMILY, SECRET, USERS, District
from tests.faults.server import FaultServer
from tests.faults.wire import of, says
from tests.faults.world import WHOLE, World, world

pytestmark = pytest.mark.anyio

HOUR = 3600.0
JUMPS = pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["ahead", "back"])
PAGE = PageRequest("users", limit=100)


def set_wall_clock(monkeypatch: pytest.MonkeyPatch, jump: float) -> None:
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + jump)


@JUMPS
async def test_F29_what_is_held_and_the_token_outlast_a_jump_of_the_clock(
    jump: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = FaultServer(District().play)
    fresh = {"fresh_for": dict.fromkeys(("users", "orgs", "classes", "courses"), "10m")}
    async with server.serving(), world(server, auth={"kind": "oauth2"}, cache=fresh) as gateway:
        assert (await gateway.whole()).errors == []
        asked = server.requests
        set_wall_clock(monkeypatch, jump)
        assert (await gateway.whole()).errors == []
        assert server.requests == asked
        await gateway.client.page(PAGE)
        assert len(server.paths("/token")) == 1


@JUMPS
async def test_F29_a_breaker_and_a_time_to_wait_outlast_a_jump_of_the_clock(
    jump: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = FaultServer(says(of({"sorry": BODY}, 503)))
    async with server.serving(), world(server) as gateway:
        await refused(gateway)
        asked = server.requests
        set_wall_clock(monkeypatch, jump)
        for _ in range(3):
            with pytest.raises(Overloaded):
                await gateway.client.page(PAGE)
        await loop().forward(29)
        with pytest.raises(Overloaded):
            await gateway.client.page(PAGE)
        assert server.requests == asked
        server.play = says(of({"sorry": BODY}, 429, ("Retry-After", "60")))
        await loop().forward(2)
        await refused(gateway)
        monkeypatch.undo()
        assert (await gateway.ask('{ users(sources: ["a"]) { nodes { sourcedId } } }')).codes == {"UPSTREAM_THROTTLED"}
        assert server.requests == asked + 1
        server.play = District().play
        await loop().forward(60)
        assert len((await gateway.client.page(PAGE)).records) == USERS


SINCE = """query ($age: Int!) {
  users(first: 500, sources: ["a"], read: { maxAge: $age }) { complete nodes { sourcedId } }
}"""


@JUMPS
async def test_F29_a_jump_of_the_clock_makes_nothing_younger_or_older(
    jump: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = FaultServer(District().play)
    fresh = {"fresh_for": dict.fromkeys(("users", "orgs", "classes", "courses"), "10m")}
    async with server.serving(), world(server, cache=fresh) as gateway:
        assert (await gateway.whole()).errors == []
        set_wall_clock(monkeypatch, jump)
        asked = server.requests
        for age, more in ((600, False), (0, True)):
            told = await gateway.ask(SINCE, age=age)
            assert (len(told.data["users"]["nodes"]), told.data["users"]["complete"]) == (USERS, True)
            assert (server.requests > asked) is more, age


@JUMPS
async def test_F29_what_is_kept_over_a_restart_is_fresh_only_if_its_age_is_known(
    jump: float, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A clock that was set back between the two shows what was read as yet to come."""
    kept: dict[str, Any] = {
        "gateway": {"state_dir": str(tmp_path / "state"), "secret": SECRET * 2},
        "cache": {"fresh_for": dict.fromkeys(("users", "orgs", "classes", "courses", "enrollments"), "10m")},
    }
    server = FaultServer(District().play)
    async with server.serving():
        async with world(server, **kept) as gateway:
            assert (await gateway.whole()).errors == []
        monkeypatch.setattr(moments, "_BEGAN", moments._BEGAN + jump)
        async with world(server, **kept) as gateway:
            asked = server.requests
            told = await gateway.ask(SINCE, age=600)
            assert len(told.data["users"]["nodes"]) == USERS
            assert server.paths("/users")[1:], "what is of unknown age is not what was read within ten minutes"
            assert server.requests > asked


async def refused(gateway: World) -> None:
    """Until nothing more is sent."""
    while True:
        asked = gateway.client.traffic.requests
        try:
            await gateway.client.page(PAGE)
        except Failing:
            pass
        except Exception:
            assert gateway.client.traffic.requests - asked <= 1
            return


@pytest.mark.parametrize("how", ["gone", "spoiled", "taken away"])
async def test_F29_a_store_that_is_lost_costs_time_and_nothing_else(how: str, tmp_path: Path) -> None:
    state = tmp_path / "state"
    kept: dict[str, Any] = {"gateway": {"state_dir": str(state), "secret": SECRET * 2}}
    server = FaultServer(District().play)
    async with server.serving():
        async with world(server, **kept) as gateway:
            assert (await gateway.whole()).errors == []
        files = [path for path in state.rglob("*") if path.is_file()]
        assert files
        if how == "spoiled":
            for path in files:
                path.write_bytes(path.read_bytes()[: path.stat().st_size // 2] + b"\0" * 64)
        elif how == "gone":
            shutil.rmtree(state)
        async with world(server, **kept) as gateway:
            assert (await gateway.ask(WHOLE, name=FAMILY)).errors == []
            if how == "taken away":
                shutil.rmtree(state, ignore_errors=True)  # it is written to meanwhile
            told = await gateway.ask(WHOLE, name=FAMILY)
            assert told.errors == []
            assert len(told.rows("users", "a")) == USERS
