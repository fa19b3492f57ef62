"""B16 against a gateway that really serves, with short times; `tests.gateway.idle_clients` takes the usual ones."""

from __future__ import annotations

import sys

import pytest

if sys.platform == "win32":
    pytest.skip("there is no limit of sockets to lower", allow_module_level=True)

from tests.gateway.idle_clients import SENDS, besiege, gateway

pytestmark = pytest.mark.anyio

WITHIN = {"headers_within": 1.0, "body_within": 1.5, "idle": 0.5}
COUNTS = dict.fromkeys(SENDS, 20) | {"nothing": 200}


async def test_B16_who_sends_slowly_or_nothing_is_closed_in_time_and_holds_up_nobody() -> None:
    with gateway(WITHIN) as port:
        told = await besiege(port, COUNTS)
    assert {kind: len(closed) for kind, closed in told.closed.items()} == COUNTS
    for kind, (_, setting) in SENDS.items():
        assert min(told.closed[kind]) > WITHIN[setting] / 2
        assert max(told.closed[kind]) < WITHIN[setting] + 3  # the machine may be busy; the usual times are not so short
    assert len(told.health) > 10  # each was answered, while all of these were there


async def test_B16_there_is_room_for_more_clients_than_the_process_began_with_leave_for() -> None:
    with gateway(WITHIN, sockets=64) as port:
        told = await besiege(port, {"nothing": 150})
    assert len(told.closed["nothing"]) == 150
