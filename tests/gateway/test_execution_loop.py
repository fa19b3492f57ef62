"""Large answers leave the event loop to others, small ones never turn it over, and nothing goes on behind either."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from typing import Any

import msgspec
import pytest
import strawberry

from gateway.execution import compiling
from gateway.execution.answering import Asked, respond
from gateway.schema import Schema
from gateway.schema.context import Context
from gateway.schema.fields import computed, over, plain
from tests.gateway.support import MakeWorld

pytestmark = pytest.mark.anyio

NODES = 50_000
LONGEST = 0.05
"""Seconds of CPU at a stretch."""


class Kept(msgspec.Struct, frozen=True, gc=False):
    name: str
    number: str
    sure: bool
    others: tuple[Kept, ...] = ()


LEAVES = tuple(Kept(f"name {n}", str(n), True) for n in range(NODES))
BRANCHES = [Kept(f"branch {n}", str(n), False, LEAVES[n * 50 : (n + 1) * 50]) for n in range(NODES // 50)]


async def _never(root: Any) -> Any:
    await asyncio.get_running_loop().create_future()


async def _broken(root: Any) -> Any:
    await asyncio.sleep(0)
    return ["not of this type"]


@strawberry.type
class Thing:
    is_type_of = over(Kept)

    name: str = plain("Its name.")
    number: str = plain("Its number.")
    sure: bool = plain("Whether.")
    others: list[Thing] = plain("Those below it.")


@strawberry.type
class Query:
    branches: list[Thing] = computed(lambda root: BRANCHES, "All, in two levels.")
    leaves: list[Thing] = computed(lambda root: LEAVES, "All, in one level.")
    one: Thing = computed(lambda root: LEAVES[0], "One.")
    never: Thing | None = computed(_never, "One that does not come.")
    broken: list[Thing] | None = computed(_broken, "What comes is none.")


COMPILED = compiling(Schema(Query))
QUERIES = {
    "one level": "{ leaves { __typename name number sure again: name } }",
    "two levels": "{ branches { name others { name number sure } } }",
}


class Watch:
    """Turns of the event loop while something else goes on, and the CPU that the longest of them took, in seconds."""

    def __init__(self) -> None:
        self.turns = 0
        self.longest = 0.0

    async def over(self, work: Awaitable[Any]) -> Any:
        ticking = asyncio.ensure_future(self._tick())
        await asyncio.sleep(0)
        try:
            return await work
        finally:
            await asyncio.sleep(0)
            ticking.cancel()

    async def _tick(self) -> None:
        before = time.thread_time()
        while True:
            await asyncio.sleep(0)
            now = time.thread_time()
            self.turns, self.longest, before = self.turns + 1, max(self.longest, now - before), now


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
async def test_a_large_answer_leaves_the_event_loop_to_others(world: MakeWorld, query: str) -> None:
    context = Context(world(a="standard-1.2").reading(seconds=60))
    best = Watch()
    for attempt in range(5):
        watch = Watch()
        answer = await watch.over(respond(COMPILED, Asked(query), context))
        assert answer.body.count(b'"name":') >= NODES
        if attempt == 0 or watch.longest < best.longest:
            best = watch
    assert best.turns > 2
    assert best.longest < LONGEST


async def test_a_small_answer_never_turns_the_event_loop_over(world: MakeWorld) -> None:
    context, watch = Context(world(a="standard-1.2").reading(seconds=60)), Watch()
    await watch.over(asyncio.sleep(0))
    idle = watch.turns
    await respond(COMPILED, Asked("{ one { name } }"), context)
    watch = Watch()
    await watch.over(respond(COMPILED, Asked("{ one { name others { name } } again: one { number } }"), context))
    assert watch.turns <= idle


async def test_a_cancelled_operation_leaves_no_task_behind(world: MakeWorld) -> None:
    context = Context(world(a="standard-1.2").reading(seconds=60))
    before = asyncio.all_tasks()
    for query in ("{ never { name } }", "{ never { name } again: never { name } one { name } }"):
        asked = asyncio.ensure_future(respond(COMPILED, Asked(query), context))
        for _ in range(5):
            await asyncio.sleep(0)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert asyncio.all_tasks() == before


async def test_a_failing_operation_leaves_no_task_behind(world: MakeWorld) -> None:
    context = Context(world(a="standard-1.2").reading(seconds=60))
    before = asyncio.all_tasks()
    answer = await respond(COMPILED, Asked("{ broken { name } again: broken { name } one { name } }"), context)
    assert b'"broken":null' in answer.body
    assert asyncio.all_tasks() == before
