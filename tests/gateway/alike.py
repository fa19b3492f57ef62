"""Generated operations over generated worlds, executed three times: by graphql-core, by plans, by plans to bytes.

    python -m tests.gateway.alike 10000         # so many operations, from case 0
    python -m tests.gateway.alike 25 1234       # those of case 1234

A case is a number: it makes sources, what is wrong with them, and a sequence of operations, of which the first find
nothing held. Each way of execution has a world of its own over the same servers, in the same state.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import cache
from itertools import repeat
from random import Random
from typing import Any

import msgspec

from adapters.endpoints import ENTITIES
from gateway.access.grant import EVERYTHING, Grant
from gateway.execution import compiling
from gateway.execution.answering import Asked, respond
from gateway.execution.executor import Executor
from gateway.execution.kept import KeptRows
from gateway.identity import CursorCodec, global_id
from gateway.roster.reading import Reading
from gateway.sandbox.district import generate
from gateway.sandbox.kinds import KINDS
from gateway.sandbox.server import Server, make_server
from gateway.schema import SCHEMA
from gateway.schema.context import Context
from gateway.schema.node import KINDS as RECORDS
from tests.clock import JumpingLoop
from tests.gateway.damaged_worlds import TOO_LATE, Damage, DamagedWorld, lose_targets
from tests.gateway.made_operations import ABSENT, Made, Maker, Values, Word
from tests.gateway.same_answers import Told, same, told, told_on_wire
from tests.gateway.support import World

COLLECTIONS = {entity.type: entity.plural for entity in ENTITIES.values()}

SECONDS = 0.9 * TOO_LATE

EACH = 40
"""Operations of a case."""

NOW = frozenset(
    {
        "Source.collections",
        "Source.lastError",
        "Source.lastSuccessAt",
        "Source.state",
        "Source.requestsLeftToday",
        "Source.held",
        "SourceConnection.countByState",
        "SourceReport.retryAfter",
    }
)
"""Fields that tell how things stand this instant: beside other fields that read, they may tell anything."""

OFTEN = frozenset(
    {
        *("Query.users", "Query.classes", "Query.enrollments", "Query.orgs", "Query.nodes"),
        *("User.enrollments", "User.orgs", "Enrollment.class", "Enrollment.user", "Class.course", "Class.enrollments"),
        *(f"{name}Connection.{part}" for name in RECORDS for part in ("nodes", "edges")),
    }
)
"""The way to records, and between those that a roster is made of."""

COMPILED = compiling(SCHEMA)
ENCODING = SCHEMA.led_by(Executor(SCHEMA, KeptRows(rows_from=1, columns_from=1)))
"""Keeps whatever rows can be kept."""

WAYS = ("graphql-core", "plan", "bytes")
FAULTS = ("500", "403", "unreachable", "late", "404", "too late")
SHARED = ("adapters/", "roster/batching.py", "roster/explain.py", "roster/asking.py", "roster/reader.py")
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
        for name, one, other in zip(
            ("data", "sources", "errors", "extensions"), self.expected, self.given, strict=True
        ):
            if one != other:
                lines += [f"  {name}, expected: {_apart(one, other)}", f"  {name}, given:    {_apart(other, one)}"]
        return "\n".join(lines)


def _apart(one: Any, other: Any) -> str:
    """What of `one` is not in `other`."""
    if isinstance(one, list):
        return " ".join(each for each in one if each not in other) or "nothing"
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return f"…{one[max(0, at - 80) : at + 160]}"


# -------------------------------------------------------------------- worlds


@cache
def _server(kind: str, seed: int, lost: bool) -> Server:
    server = make_server(kind, generate(seed, students=50))
    if lost:
        lose_targets(server, Random(seed))
    return server


@dataclass(frozen=True, slots=True)
class Case:
    """grants: what operations are asked under, one of them at random."""

    number: int
    servers: Mapping[str, Server]
    damage: Damage
    faults: Mapping[str, Mapping[str, str]]
    grants: tuple[Grant, ...]

    @classmethod
    def made(cls, number: int) -> Case:
        random = Random(f"case {number}")
        keys = ("a", "b", "c")[: random.choice([1, 2, 2, 3])]
        kinds = {key: random.choice(list(KINDS)) if random.random() < 0.5 else "standard-1.2" for key in keys}
        lost = random.random() < 0.3
        servers = {key: _server(kind, seed, lost) for seed, (key, kind) in enumerate(kinds.items(), 1)}
        damage = Damage(f"{number}", random.choice([0, 0.05, 0.2, 0.5]), random.choice([0, 0, 0, 0.02, 0.2]))
        faults: dict[str, dict[str, str]] = {}
        if random.random() < 0.4:
            where = random.choice(["", "users", "classes", "enrollments", "orgs", "courses", "academicSessions"])
            fault = random.choice(FAULTS)
            faults[random.choice(keys)] = {where: fault}
        grants = (EVERYTHING, EVERYTHING, EVERYTHING, Grant(frozenset(keys[:1])))
        return cls(number, servers, damage, faults, grants)

    def world(self) -> DamagedWorld:
        return DamagedWorld(dict(self.servers), damage=self.damage, faults=self.faults)

    def maker(self) -> Maker:
        random = Random(f"operations {self.number}")
        size, deepest = random.choice([(15, 4), (25, 6), (25, 8), (40, 7)])
        known = values(self.servers)
        return Maker(SCHEMA._schema, known, random, deepest=deepest, size=size, widest=128, without=NOW, often=OFTEN)


def values(servers: Mapping[str, Server]) -> Values:
    """What is said for arguments: mostly of what there is."""
    known = {name: _ids(kind, servers) for name, kind in RECORDS.items()}
    everything = [each for ids in known.values() for each in ids]

    def of(name: str) -> Any:
        return lambda r: r.choice(known[name] or everything) if r.random() < 0.9 else r.choice([*everything[:9], "no"])

    def lookup(name: str) -> Any:
        def said(r: Random) -> dict[str, Any]:
            text = r.choice(known[name] or everything)
            if r.random() < 0.6:
                return {"id": text}
            source, _, sourced_id = text.partition(":")[2].partition(":")
            return {"source": source, "sourcedId": sourced_id if r.random() < 0.9 else "nobody"}

        return said

    days = ["today", "2025-10-01", "2026-01-15", "1999-01-01", None]
    keys = list(servers)
    singles = {f"Query.{name[0].lower()}{name[1:]}": lookup(name) for name in RECORDS if name != "Demographics"}
    return {
        **singles,
        "Query.node": lambda r: {"id": r.choice([*everything, "User:a:nobody", "nonsense", f"Source:{keys[0]}"])},
        "Query.source": lambda r: {"id": r.choice([*keys, f"Source:{keys[0]}", "nowhere"])},
        "ids": lambda r: [*r.sample(everything, r.choice([1, 3, 6])), *r.choice([[], ["User:a:nobody"], ["x"]])],
        "first": lambda r: r.choice([0, 1, 7, 60, -1] if r.random() < 0.05 else [2, 3, 4]),
        "after": lambda r: None if r.random() < 0.95 else "nonsense",
        "before": lambda r: None,
        "last": lambda r: ABSENT if r.random() < 0.9 else r.choice([None, 2]),
        "status": lambda r: r.choice([None, None, [Word("ACTIVE")], [Word("TOBEDELETED"), Word("ACTIVE")], []]),
        "role": lambda r: r.choice([None, [Word("STUDENT")], [Word("TEACHER"), Word("AIDE")]]),
        "effectiveOn": lambda r: r.choice(days),
        "on": lambda r: r.choice(days),
        "keys": lambda r: r.choice([None, [], ["x"]]),
        "sources": lambda r: r.choice([None, keys[:1], keys[-1:], keys, *([["nowhere"]] if r.random() < 0.1 else [])]),
        "read": _read_options,
        "search": lambda r: r.choice(["a", "e i"]),
        "filterText": lambda r: r.choice([None, "status='active'", "sourcedId!='x'", r.choice(["", "nonsense"])]),
        "name": lambda r: "counselor",
        "ResultFilter": lambda r: {r.choice(["class", "lineItem"]): {"eq": r.choice(known["Class"])}},
        "AssessmentResultFilter": lambda r: {"student": {"eq": r.choice(known["User"])}},
        "RefFilter": lambda r: {"sourcedId": r.choice(everything).rpartition(":")[2]},
        "IdentityInput": lambda r: r.choice(
            [{"username": "x"}, {"identifier": r.choice(["1", "x"])}, {}][: 2 + (r.random() < 0.1)]
        ),
        "String": lambda r: r.choice(["a", "x", "07", ""]),
        "ID": of("User"),
        "Int": lambda r: r.choice([0, 1, 2, 30]),
        "Float": lambda r: r.choice([0, 1.5]),
        "Date": lambda r: r.choice(["2025-10-01", "2026-02-01"]),
        "Day": lambda r: r.choice(["today", "2025-10-01"]),
        "DateTime": lambda r: "2025-10-01T00:00:00Z",
    }


def _ids(kind: Any, servers: Mapping[str, Server]) -> list[str]:
    name = next(name for name, each in RECORDS.items() if each is kind)
    found = []
    for key, server in servers.items():
        try:
            rows = server.published(COLLECTIONS[kind])
        except KeyError:
            continue
        found += [global_id(name, key, str(row["sourcedId"])) for row in rows[:12]]
    return found


def _read_options(r: Random) -> Any:
    said: dict[str, Any] = {}
    if r.random() < 0.7:
        said["onSourceFailure"] = Word(r.choice(["REPORT", "ACCEPT", "FAIL"]))
    if r.random() < 0.3:
        said["reach"] = Word(r.choice(["HELD", "AUTO", "UPSTREAM"]))
    if r.random() < 0.2:
        said["maxAge"] = r.choice([3600, None])
    if r.random() < 0.2:
        said["deadlineMs"] = 30_000
    return said or None


# -------------------------------------------------------------------- execution


class Watched(Reading):
    """Keeps the way that its operation took."""

    path: str | None = None

    def executed(self, path: str) -> None:
        self.path = path


async def executed(way: str, world: World, case: Case, operation: Made, grant: Grant) -> tuple[Told, str | None]:
    """What one way of execution answers, and the path that it took."""
    reading = Watched(world.sources, grant, CursorCodec(b"secret"), SECONDS)
    context = Context(reading)
    match way:
        case "graphql-core":
            found = told(await SCHEMA.execute(operation.text, operation.variables, context))
        case "plan":
            found = told(await COMPILED.execute(operation.text, operation.variables, context))
        case _:
            answer = await respond(ENCODING, Asked(operation.text, operation.variables), context)
            found = told_on_wire(msgspec.json.decode(answer.body))
    return found, reading.path


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
    """What was seen of generated operations. paths: which way they took. fields: how often each was asked for."""

    operations: int = 0
    differences: list[Difference] = field(default_factory=list)
    paths: Counter[str] = field(default_factory=Counter)
    with_errors: int = 0
    with_sources: int = 0


def compare(number: int, tally: Tally, most: int = EACH) -> None:
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
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
            found: dict[str, Told] = {}
            for way, world in worlds.items():
                before = asyncio.all_tasks()
                found[way], path = await executed(way, world, case, operation, grant)
                left = await left_behind(before)
                if left:
                    tally.differences.append(Difference(number, count, operation, way, "no task left", left))
                    return
            tally.operations += 1
            expected = found[WAYS[0]]
            tally.paths[(path or "none").partition(":")[0]] += 1
            tally.with_errors += expected[2] != []
            tally.with_sources += expected[1] != []
            for way in WAYS[1:]:
                if not same(expected, found[way]):
                    tally.differences.append(Difference(number, count, operation, way, expected, found[way]))
                    return


def _operations(maker: Maker, random: Random) -> Iterator[Made]:
    """Some are asked several times, one after the other: what was kept of the first serves the others."""
    while True:
        operation = maker.operation()
        yield from repeat(operation, random.choice([1, 1, 1, 1, 1, 1, 1, 3]))


def _command(operations: int, first: int) -> int:
    tally, number, started = Tally(), first, time.process_time()
    while tally.operations < operations:
        known = len(tally.differences)
        compare(number, tally, min(EACH, operations - tally.operations))
        for each in tally.differences[known:]:
            print(each, flush=True)
        number += 1
    seconds = time.process_time() - started
    print(
        f"{tally.operations} operations of {number - first} cases, {len(tally.differences)} differences; "
        f"{dict(tally.paths)}, {tally.with_errors} with nulls of errors, sources failed in {tally.with_sources}, "
        f"{seconds:.0f} s of CPU, {1000 * seconds / tally.operations:.1f} ms each"
    )
    return 1 if tally.differences else 0


if __name__ == "__main__":
    logging.disable(logging.ERROR)  # what is wrong with the worlds is told at every turn
    wanted, case = [*map(int, sys.argv[1:]), *(10_000, 0)[len(sys.argv) - 1 :]]
    sys.exit(_command(wanted, case))
