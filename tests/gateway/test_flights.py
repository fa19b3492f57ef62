"""Work that is shared: it ends with the last who wanted it, and nobody else notices."""

from __future__ import annotations

import asyncio

import pytest

from gateway.faults import DeadlineExceeded
from gateway.roster.deadline import Deadline
from gateway.roster.flights import Flights

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]


class Work:
    def __init__(self) -> None:
        self.begun = self.ended = 0
        self.may = asyncio.Event()

    async def __call__(self) -> int:
        self.begun += 1
        mine = self.begun
        try:
            await self.may.wait()
        finally:
            self.ended += 1
        return mine


async def waits(flights: Flights, work: Work, seconds: float = 9.0, *, outlasts: bool = False) -> int:
    return await Deadline(seconds).within("a", flights.share("need", work, outlasts=outlasts))


async def begun(flights: Flights, work: Work, *, outlasts: bool = False) -> asyncio.Task[int]:
    task = asyncio.create_task(waits(flights, work, outlasts=outlasts))
    await asyncio.sleep(0.01)
    return task


async def gone(task: asyncio.Task[int]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()


async def test_the_last_who_leaves_ends_it() -> None:
    flights, work = Flights(), Work()
    one, other = await begun(flights, work), await begun(flights, work)
    await gone(one)
    assert "need" in flights
    assert work.ended == 0
    await gone(other)
    assert "need" not in flights
    await asyncio.sleep(0)
    assert (work.begun, work.ended) == (1, 1)


async def test_who_joins_while_it_ends_begins_another() -> None:
    flights, work = Flights(), Work()
    leaver = await begun(flights, work)
    leaver.cancel()
    joiner = asyncio.create_task(waits(flights, work))
    await asyncio.sleep(0.01)
    work.may.set()
    assert await joiner == 2
    assert "need" not in flights


async def test_who_joined_before_the_last_left_keeps_it() -> None:
    flights, work = Flights(), Work()
    leaver = await begun(flights, work)
    joiner = asyncio.create_task(waits(flights, work))
    await asyncio.sleep(0)
    leaver.cancel()
    await asyncio.sleep(0.01)
    work.may.set()
    assert await joiner == 1


async def test_it_goes_on_for_who_comes_later_where_only_the_time_was_up() -> None:
    flights, work = Flights(), Work()
    with pytest.raises(DeadlineExceeded):
        await waits(flights, work, seconds=0.02)
    later = await begun(flights, work)
    work.may.set()
    assert await later == 1


async def test_what_outlasts_goes_on_when_nobody_waits() -> None:
    flights, work = Flights(), Work()
    await gone(await begun(flights, work, outlasts=True))
    assert "need" in flights
    assert work.ended == 0
    await flights.close()
    assert work.ended == 1


async def test_what_is_asked_for_after_the_end_of_an_operation_is_not_begun() -> None:
    flights, work, deadline = Flights(), Work(), Deadline(9.0)
    deadline.end()
    late = asyncio.create_task(deadline.within("a", flights.share("need", work)))
    await asyncio.gather(late, return_exceptions=True)
    await asyncio.sleep(0)
    assert late.cancelled()
    assert work.begun == 0, "nothing of it was asked for"
    assert "need" not in flights
