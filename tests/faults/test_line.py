"""A source that is slow gathers so many operations, and no more: what comes then is refused at once."""

from __future__ import annotations

import asyncio

import pytest

from tests.faults.clock import loop
from tests.faults.district import USERS
from tests.faults.server import FaultServer
from tests.faults.test_clients_gone import PATIENT, Slow
from tests.faults.world import Told, World, world

pytestmark = pytest.mark.anyio

MOST = 3


def page(name: str) -> str:
    return f'{{ users(first: 5, filter: {{ familyName: {{ eq: "{name}" }} }}) {{ nodes {{ sourcedId }} }} }}'


MANY = (
    "{"
    + "".join(f'u{n}: user(source: "a", sourcedId: "u{n:03}") {{ givenName orgs {{ name }} }}' for n in range(9))
    + "}"
)


async def fill(gateway: World) -> list[asyncio.Task[Told]]:
    asking = [asyncio.create_task(gateway.ask(page(f"nobody {n}"))) for n in range(MOST - 1)]
    asking.append(asyncio.create_task(gateway.ask(MANY)))
    await loop().quiet()
    return asking


async def test_one_operation_too_many_is_refused_at_once_and_has_the_others_data() -> None:
    right = Slow("users")
    server = FaultServer(right.play)
    async with server.serving(), world(server, timeouts=PATIENT, max_operations=MOST) as gateway:
        asking = await fill(gateway)
        before = server.requests
        told = await gateway.ask(
            "{ users(first: 5) { complete nodes { sourcedId source { key } } sources { state code } } }"
        )
        assert told.seconds < 1
        [error] = told.errors
        assert error["extensions"] == {
            "code": "UPSTREAM_OVERLOADED",
            "retryable": True,
            "source": "a",
            "retryAfter": 1,
        }
        assert str(MOST) in error["message"]
        assert [node["source"]["key"] for node in told.data["users"]["nodes"]] == ["b"] * 5
        assert not told.data["users"]["complete"]
        assert told.data["users"]["sources"] == [{"state": "FAILED", "code": "UPSTREAM_OVERLOADED"}]
        assert server.requests == before
        right.may.set()
        assert [told.errors for told in await asyncio.gather(*asking)] == [[]] * MOST, "those in line are served whole"
        assert (await gateway.ask(page("nobody else"))).errors == []


async def test_who_wants_what_is_on_its_way_already_is_no_burden() -> None:
    right = Slow("users")
    server = FaultServer(right.play)
    async with server.serving(), world(server, timeouts=PATIENT, max_operations=MOST) as gateway:
        asking = await fill(gateway)
        asking += [asyncio.create_task(gateway.ask(page("nobody 0"))) for _ in range(2 * MOST)]
        await loop().quiet()
        right.may.set()
        assert [told.errors for told in await asyncio.gather(*asking)] == [[]] * 3 * MOST


async def test_what_is_held_is_served_however_many_wait() -> None:
    right = Slow("classes")
    server = FaultServer(right.play)
    cache = {"fresh_for": {"users": "1h"}}
    async with server.serving(), world(server, timeouts=PATIENT, max_operations=1, cache=cache) as gateway:
        everyone = "{ users(first: 100, orderBy: { field: FAMILY_NAME }) { nodes { sourcedId source { key } } } }"
        assert (await gateway.ask(everyone)).errors == []
        waits = asyncio.create_task(gateway.ask('{ class(source: "a", sourcedId: "c1") { title } }'))
        await loop().quiet()
        told = await gateway.ask(everyone)
        assert told.errors == []
        assert len(told.rows("users", "a")) == USERS
        right.may.set()
        assert (await waits).errors == []


async def test_clients_that_go_away_make_room() -> None:
    right = Slow("users")
    server = FaultServer(right.play)
    async with server.serving(), world(server, timeouts=PATIENT, max_operations=MOST) as gateway:
        for task in await fill(gateway):
            task.cancel()
        await loop().quiet()
        right.may.set()
        assert (await gateway.ask(page("nobody else"))).errors == []
