"""Holds of the event loop are noticed, by the phase in which they came; a district is read, used and taken up again."""

import asyncio
import gc
import time
from pathlib import Path

import pytest

from bench import loop

pytestmark = pytest.mark.anyio


async def test_a_hold_is_told_by_its_phase_and_a_wait_is_none() -> None:
    holds = loop.Holds()
    with holds.watched():
        await asyncio.sleep(0.01)
        began = time.perf_counter()
        holds.phase("waiting")
        await asyncio.sleep(0.2)
        await asyncio.to_thread(time.sleep, 0.2)
        waited = time.perf_counter()
        holds.phase("holding")
        time.sleep(0.12)  # noqa: ASYNC251  # that is what is to be noticed
        await asyncio.sleep(0.01)
        held = time.perf_counter() - waited
        gc.collect()
    assert holds.longest["waiting"] < 0.1 + (waited - began - 0.4), "but for what the machine itself was late"
    assert 0.1 < holds.longest["holding"] <= held
    assert holds.over >= 1
    assert holds.collecting > 0


@pytest.mark.slow
async def test_every_phase_of_a_small_district_is_measured(tmp_path: Path) -> None:
    figures = await loop.measured(2000, tmp_path)
    phases = {"read", "index", "collect", "replace", "take_up"}
    assert {f"loop.hold_ms.{phase}" for phase in phases} <= figures.keys()
    assert figures["loop.hold_ms.max"] == max(v for name, v in figures.items() if name.startswith("loop.hold_ms."))
