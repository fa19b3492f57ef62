"""Rule 1: the answer is there by the deadline, wherever a source hangs; what the others have is in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.faults.clock import loop
from tests.faults.district import District, is_data, is_of
from tests.faults.faults import dripping, silent
from tests.faults.server import Asked, FaultServer, Play
from tests.faults.wire import either, of, says
from tests.faults.world import DEADLINE, Told, World, world

pytestmark = pytest.mark.anyio

PATIENT = {"timeouts": {"connect": 60.0, "pool": 60.0, "attempt": 60.0}}

FIVE = "{ users(first: 100) { complete nodes { sourcedId source { key } } } }"
ENROLLED = """{
  users(first: 100, filter: { enrollments: { role: [STUDENT] } }) { complete nodes { sourcedId source { key } } }
}"""
COUNTED = '{ users(first: 1, filter: { not: { givenName: { eq: "x" } } }) { totalCount } }'
GROUPED = "{ users(first: 0) { groups(by: [ROLE]) { count } } }"
BY_EMAIL = """{
  usersByIdentity(identity: { email: "kanari1@district.test" }, sources: ["a", "b"]) { complete nodes { sourcedId } }
}"""
BELOW = '{ user(source: "a", sourcedId: "u001") { givenName orgs { name } enrollments { class { title } } } }'
REFRESHED = 'mutation { refreshSource(input: { source: "a", collections: [USER] }) { userErrors { code } } }'


def slowly(right: District) -> Play:
    """Each page in less than the deadline, and all of them in more."""

    async def play(asked: Asked) -> AsyncIterator[bytes]:
        await asyncio.sleep(0.6 * DEADLINE)
        async for piece in right.play(asked):
            yield piece

    return play


def for_data(play: Play) -> Callable[[District], Play]:
    return lambda right: either(is_data, play, right.play)


def for_collection(name: str) -> Callable[[District], Play]:
    return lambda right: either(is_of(name), silent, right.play)


@dataclass(frozen=True)
class Place:
    """Where a source hangs, as long as anybody waits. query: what comes to it there."""

    name: str
    play: Callable[[District], Play]
    query: str = FIVE
    settings: dict[str, Any] = field(default_factory=dict)
    chance: float = 0.0

    def __str__(self) -> str:
        return self.name


PLACES = [
    Place("token", lambda right: either(is_data, right.play, silent), settings={"auth": {"kind": "oauth2"}}),
    Place("first-byte", for_data(silent)),
    Place("body", for_data(dripping)),
    Place("pages", slowly),
    Place(
        "pause", for_data(says(of({}, 503))), settings={"retries": {"after_fault": "9s", "longest": "9s"}}, chance=1.0
    ),
    Place("wanted-later", for_data(says(of({}, 429, ("Retry-After", "2")))), chance=1.0),
    Place("minute", lambda right: right.play, BELOW, {"pace": {"requests_per_minute": 1}}),
    Place("condition", for_collection("enrollments"), ENROLLED),
    Place("total", for_data(silent), COUNTED),
    Place("groups", for_data(silent), GROUPED),
    Place("identity", for_data(silent), BY_EMAIL),
    Place("below", for_collection("classes"), BELOW),
]


async def in_time(gateway: World, query: str) -> Told:
    """The answer, with the time to wait for it passed."""
    asking = asyncio.create_task(gateway.ask(query))
    await loop().quiet()
    await loop().forward(0.8 * DEADLINE)
    told = await asking
    assert told.seconds <= DEADLINE
    return told


@pytest.mark.parametrize("place", PLACES, ids=str)
async def test_an_answer_is_there_by_the_deadline_wherever_a_source_hangs(place: Place) -> None:
    right = District()
    right.school.clamp = 5
    server = FaultServer(place.play(right))
    settings = {**PATIENT, **place.settings}
    async with server.serving(), world(server, chance=place.chance, **settings) as gateway:
        told = await in_time(gateway, place.query)
        assert told.errors
        assert told.codes <= {"DEADLINE_EXCEEDED", "SOURCE_LOADING", "UPSTREAM_THROTTLED", "UPSTREAM_FAILING"}
        assert {error["extensions"]["source"] for error in told.errors} == {"a"}
        if "complete" in place.query:
            [found] = told.data.values()
            assert not found["complete"]
        if place.query in (FIVE, ENROLLED):
            assert told.rows("users", "b")


async def test_the_others_have_time_for_what_lies_below() -> None:
    server = FaultServer(dripping)
    async with server.serving(), world(server, **PATIENT) as gateway:
        asking = asyncio.create_task(gateway.whole())
        await loop().quiet()
        await loop().forward(0.8 * DEADLINE)
        told = await asking
        assert told.codes == {"DEADLINE_EXCEEDED"}
        assert all(node["school"] for node in told.data["classes"]["nodes"])
        assert any(node["course"] for node in told.data["classes"]["nodes"])
        assert 0.8 * DEADLINE <= told.seconds <= DEADLINE


async def test_a_mutation_answers_at_once_whatever_the_source_does() -> None:
    server = FaultServer(silent)
    async with server.serving(), world(server, **PATIENT) as gateway:
        told = await gateway.ask(REFRESHED)
        assert told.seconds < 1.0
        assert told.data["refreshSource"]["userErrors"] == []
