"""B16 against a gateway that really serves, with short times; `tests.gateway.idle_clients` takes the usual ones."""

from __future__ import annotations

import sys

import pytest

if sys.platform == "win32":
    pytest.skip("there is no limit of sockets to lower", allow_module_level=True)

from tests.gateway.idle_clients import PAUSE, SENDS, besiege, gateway

pytestmark = pytest.mark.anyio

WITHIN = {"headers_within": 1.0, "body_within": 1.5, "idle": 0.5}
NEVER = dict.fromkeys(WITHIN, 600.0)
COUNTS = dict.fromkeys(SENDS, 20) | {"nothing": 200}


async def test_B16_who_sends_slowly_or_nothing_is_closed_in_time() -> None:
    with gateway(WITHIN) as port:
        told = await besiege(port, COUNTS)
    assert {kind: len(closed) for kind, closed in told.closed.items()} == COUNTS
    for kind, (_, setting) in SENDS.items():
        assert min(closed.seconds for closed in told.closed[kind]) > WITHIN[setting] * 0.9
        assert max(closed.checks for closed in told.closed[kind]) < (WITHIN[setting] + 2) / PAUSE


async def test_B16_who_sends_slowly_or_nothing_holds_up_nobody_even_beyond_the_leave_the_process_began_with() -> None:
    with gateway(NEVER, sockets=64) as port:
        told = await besiege(port, COUNTS, checks=20)
    assert len(told.health) == 20  # each was answered, while all of these were there
    assert not any(told.closed.values())
