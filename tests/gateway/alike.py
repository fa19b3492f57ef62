"""Generated operations over generated worlds, executed three times: by graphql-core, by plans, by plans to bytes.

    python -m tests.gateway.alike 10000         # so many operations, from case 0
    python -m tests.gateway.alike 25 1234       # those of case 1234
    python -m tests.gateway.alike --help

A case is a number: it makes sources, what is wrong with them, and a sequence of operations, of which the first find
nothing held. Each way of execution has a world of its own over the same servers, in the same state.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, fields
from itertools import repeat
from random import Random
from typing import Any

import msgspec

from gateway.access.grant import Grant
from gateway.execution import compiling
from gateway.execution.answering import Asked, respond
from gateway.execution.executor import Executor
from gateway.execution.kept import KeptRows
from gateway.identity import CursorCodec
from gateway.limits import DocumentLimits
from gateway.roster.reading import Reading
from gateway.schema import SCHEMA
from gateway.schema.context import Context
from gateway.schema.cost import Cost
from gateway.schema.shown import Shown
from tests.clock import JumpingLoop
from tests.gateway.damaged_worlds import TOO_LATE, DamagedWorld
from tests.gateway.generated_cases import Case
from tests.gateway.made_operations import Made, Maker
from tests.gateway.same_answers import Told, same, told, told_on_wire
from tests.gateway.support import World
from tests.watchdog import watched

SECONDS = 0.9 * TOO_LATE

EACH = 40
"""Operations of a case."""

COUNTED = SCHEMA.bounded(
    DocumentLimits(**dict.fromkeys((each.name for each in fields(DocumentLimits)), 10**9)), introspection=True
)
"""Bounded by nothing that an operation could reach, so that what each costs is told."""

COMPILED = compiling(COUNTED)
ENCODING = COUNTED.led_by(Executor(COUNTED, KeptRows(rows_from=1, columns_from=1)))
"""Keeps whatever rows can be kept."""

WAYS = ("graphql-core", "plan", "bytes")
SHARED = ("adapters/", "roster/batching.py", "roster/flights.py", "roster/asking.py", "roster/reader.py")
"""Where the work stands that all operations of a source share, and that may outlast the one that began it: flights."""


@dataclass(frozen=True, slots=True)
class Difference:
    case: int
    number: int
    operation: Made
    way: str
    expected: Told | str
    given: Told | str

    def __str__(self) -> str:
        lines = [f"case {self.case}, operation {self.number}, {self.way}", self.operation.text]
        lines.append(json.dumps(self.operation.variables))
        if isinstance(self.expected, str) or isinstance(self.given, str):
            return "\n".join([*lines, f"  expected {self.expected}", f"  given    {self.given}"])
        for name, one, other in zip(Told._fields, self.expected, self.given, strict=True):
            if one != other:
                lines += [f"  {name}, expected: {_apart(one, other)}", f"  {name}, given:    {_apart(other, one)}"]
        return "\n".join(lines)


def _apart(one: Any, other: Any) -> str:
    """What of `one` is not in `other`."""
    if isinstance(one, list):
        return " ".join(each for each in one if each not in other) or "nothing"
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return f"…{one[max(0, at - 80) : at + 160]}"


class Watched(Reading):
    """Keeps the way that its operation took."""

    path: str | None = None

    def executed(self, path: str) -> None:
        self.path = path


async def executed(way: str, world: World, operation: Made, grant: Grant) -> tuple[Told, str | None, str, Cost]:
    """What one way of execution answers, the path that it took, which records it says that the answer holds, and what
    it cost.
    """
    reading = Watched(world.sources, grant, CursorCodec(b"secret"), SECONDS)
    shown = Shown()
    context = Context(reading, shown=shown)
    match way:
        case "graphql-core":
            found = told(await COUNTED.execute(operation.text, operation.variables, context))
        case "plan":
            found = told(await COMPILED.execute(operation.text, operation.variables, context))
        case _:
            answer = await respond(ENCODING, Asked(operation.text, operation.variables), context)
            found = told_on_wire(msgspec.json.decode(answer.body))
    return found, reading.path, _shown(shown), context.cost


def _shown(shown: Shown) -> str:
    records, people = shown.told(people=True)
    return f"{records} {sorted(people)}"


async def left_behind(before: set[asyncio.Task[Any]]) -> str:
    """The tasks that an operation left, but for work that is shared. All are let come to their end."""
    for _ in range(50):  # turns of the event loop, in which what was cancelled ends
        tasks = {task: task.get_coro().cr_code for task in asyncio.all_tasks() - before}
        shared = {task for task, code in tasks.items() if any(part in code.co_filename for part in SHARED)}
        if len(shared) == len(tasks):
            break
        await asyncio.sleep(0)
    if tasks:
        await asyncio.wait(tasks)
    return " ".join(sorted(code.co_qualname for task, code in tasks.items() if task not in shared))


@dataclass(slots=True)
class Tally:
    """What was seen of generated operations. paths: which way they took. dear: those that would be refused by what they
    cost. short: those of which more came than was predicted, since lists were longer than is expected. unequal: those
    of what is held that were not compared, since the ways held different collections: each may read them otherwise.
    """

    operations: int = 0
    differences: list[Difference] = field(default_factory=list)
    paths: Counter[str] = field(default_factory=Counter)
    with_errors: int = 0
    with_sources: int = 0
    dear: int = 0
    short: int = 0
    unequal: int = 0

    def cost(self, operation: Made, cost: Cost) -> None:
        self.dear += cost.requested > DocumentLimits().cost
        self.short += cost.actual > cost.requested

    def share(self, path: str) -> float:
        return self.paths[path] / max(1, self.operations)


def compare(number: int, tally: Tally, most: int = EACH, patience: float = 300) -> None:
    """Up to so many operations of a case. patience: seconds after which it hangs, which ends the process."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner, watched(runner.get_loop(), f"case {number}", patience):
        runner.run(_compare(number, tally, most))


async def _compare(number: int, tally: Tally, most: int) -> None:
    """The operations of one case, up to the first that is answered in two ways."""
    case = Case.made(number)
    maker, random = case.maker(), Random(f"asking {number}")
    async with AsyncExitStack() as stack:

        def anew() -> dict[str, DamagedWorld]:
            made = {way: case.world() for way in WAYS}
            for world in made.values():
                stack.push_async_callback(world.sources.close)
            return made

        worlds, operations = anew(), _operations(maker, random)
        for count in range(most):
            if random.random() < 0.04:
                worlds = anew()
            operation, grant = next(operations), random.choice(case.grants)
            of_held = operation.says("HELD") or operation.says("usersByIdentity")
            if of_held and len(set(map(_held, worlds.values()))) > 1:
                tally.unequal += 1
                continue
            found: dict[str, Told] = {}
            shown: dict[str, str] = {}
            costs: dict[str, Cost] = {}
            for way, world in worlds.items():
                before = asyncio.all_tasks()
                if operation.says("HELD"):  # what is held beside what is being read depends on which came first
                    await executed(way, world, operation, grant)
                    await left_behind(before)
                try:
                    found[way], path, shown[way], costs[way] = await executed(way, world, operation, grant)
                except Exception as error:
                    tally.differences.append(Difference(number, count, operation, way, "an answer", repr(error)))
                    return
                left = await left_behind(before)
                if left:
                    tally.differences.append(Difference(number, count, operation, way, "no task left", left))
                    return
            tally.operations += 1
            expected = found[WAYS[0]]
            tally.paths[(path or "none").partition(":")[0]] += 1
            tally.with_errors += expected.nulls != []
            tally.with_sources += expected.sources != []
            for way in WAYS[1:]:
                if not same(expected, found[way]):
                    tally.differences.append(Difference(number, count, operation, way, expected, found[way]))
                    return
                if shown[way] != shown[WAYS[0]]:
                    tally.differences.append(Difference(number, count, operation, way, shown[WAYS[0]], shown[way]))
                    return
                if costs[way].actual != costs[WAYS[0]].actual:
                    nodes = f"{costs[WAYS[0]].actual} nodes", f"{costs[way].actual} nodes"
                    tally.differences.append(Difference(number, count, operation, way, *nodes))
                    return
            cost = costs[WAYS[0]]
            tally.cost(operation, cost)
            if cost.actual > cost.requested and not operation.guessed:
                predicted = f"at most {cost.requested} nodes", f"{cost.actual} nodes"
                tally.differences.append(Difference(number, count, operation, WAYS[0], *predicted))
                return


def _held(world: World) -> frozenset[tuple[str, str]]:
    """The collections that are held whole, by source."""
    return frozenset((s.key, c) for s in world.sources for c, table in s.tables.items() if table.last_good is not None)


def _operations(maker: Maker, random: Random) -> Iterator[Made]:
    """Some are asked several times, one after the other: what was kept of the first serves the others."""
    while True:
        operation = maker.operation()
        yield from repeat(operation, random.choice([1, 1, 1, 1, 1, 1, 1, 3]))


def _command(operations: int, first: int, patience: float) -> int:
    tally, number, started = Tally(), first, time.process_time()
    while tally.operations < operations:
        known = len(tally.differences)
        compare(number, tally, min(EACH, operations - tally.operations), patience)
        for each in tally.differences[known:]:
            print(each, flush=True)
        number += 1
    seconds = time.process_time() - started
    shares = ", ".join(f"{path} {tally.share(path):.1%}" for path in ("compiled", "careful", "fallback"))
    print(
        f"{tally.operations} operations of {number - first} cases, {len(tally.differences)} differences\n"
        f"{shares}; nulls of errors in {tally.with_errors}, sources failed in {tally.with_sources}; "
        f"{tally.dear} cost too much, {tally.short} had more nodes than predicted, {tally.unequal} of what is held "
        "were not compared; "
        f"{seconds:.0f} s of CPU, {1000 * seconds / tally.operations:.1f} ms each"
    )
    return 1 if tally.differences else 0


if __name__ == "__main__":
    made = argparse.ArgumentParser(prog="python -m tests.gateway.alike", description=(__doc__ or "").partition("\n")[0])
    made.add_argument("operations", type=int, nargs="?", default=10_000)
    made.add_argument("first", type=int, nargs="?", default=0, help="the first case")
    made.add_argument("--patience", type=float, default=300, help="seconds that a case may take")
    logging.disable(logging.ERROR)  # what is wrong with the worlds is told at every turn
    sys.exit(_command(**vars(made.parse_args())))
