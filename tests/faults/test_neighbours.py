"""F26: a source that does not answer holds up nobody who does not want it."""

from __future__ import annotations

import asyncio

import pytest

from tests.faults.faults import silent
from tests.faults.server import FaultServer
from tests.faults.world import world

pytestmark = pytest.mark.anyio

SLOW = '{ users(first: 10, sources: ["a"]) { nodes { sourcedId } } }'
OTHERS = '{ users(first: 10, sources: ["b"]) { complete nodes { sourcedId orgs { name } } } }'


async def test_F26_a_hundred_clients_of_another_source_are_answered_while_one_hangs() -> None:
    server = FaultServer(silent)
    async with server.serving(), world(server, timeouts={"attempt": 30}) as gateway:
        hanging = [asyncio.create_task(gateway.ask(SLOW)) for _ in range(8)]
        answers = await asyncio.gather(*(gateway.ask(OTHERS) for _ in range(100)))
        assert not any(task.done() for task in hanging)
        assert server.connections
        for told in answers:
            assert told.errors == []
            assert told.data["users"]["complete"]
            assert len(told.data["users"]["nodes"]) == 10
        assert {code for told in await asyncio.gather(*hanging) for code in told.codes} == {"DEADLINE_EXCEEDED"}
