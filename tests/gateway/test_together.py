"""What is read side by side is waited for, whatever becomes of the rest."""

from __future__ import annotations

import asyncio

import pytest

from gateway.roster.together import together

pytestmark = pytest.mark.anyio


async def _after(turns: int, value: object) -> object:
    for _ in range(turns):
        await asyncio.sleep(0)
    if isinstance(value, Exception):
        raise value
    return value


async def test_what_comes_stands_in_the_order_of_what_was_asked() -> None:
    assert await together(_after(3, "a"), _after(1, "b"), _after(2, "c")) == ("a", "b", "c")


async def test_a_failure_waits_for_the_others_and_the_first_in_order_is_told() -> None:
    before = asyncio.all_tasks()
    with pytest.raises(ValueError, match="first"):
        await together(_after(9, "slow"), _after(5, ValueError("first")), _after(1, ValueError("soonest")))
    assert asyncio.all_tasks() == before


async def test_whoever_is_cancelled_leaves_nothing_running() -> None:
    before = asyncio.all_tasks()
    task = asyncio.create_task(together(_after(99, "a"), _after(99, "b")))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() == before
