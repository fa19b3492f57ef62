"""What holds for every fault: an answer in time, the others' data whole, nothing short without a word, nothing told
that is no client's business, all back to what it was afterwards.
"""

from __future__ import annotations

import gc

import pytest

from tests.faults.district import District
from tests.faults.faults import FAULTS, Fault
from tests.faults.server import FaultServer
from tests.faults.world import world

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("fault", FAULTS, ids=str)
async def test_a_fault_costs_its_source_alone_is_told_and_leaves_nothing_behind(
    fault: Fault,
) -> None:
    right = District()
    server = FaultServer(fault.play(right))
    async with server.serving(), world(server, **fault.settings) as gateway:
        told = await gateway.whole()
        assert told.codes & fault.codes
        assert told.codes <= fault.codes | {"UPSTREAM_OVERLOADED"}
        before = counted()
        for _ in range(3):
            await gateway.whole()
        assert counted() < 1.01 * before
        server.play = right.play
        await gateway.recovers(3600.0 if "hour" in fault.name else 30.0)


def counted() -> int:
    gc.collect()
    return len(gc.get_objects())
