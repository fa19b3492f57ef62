"""Generated operations by clients with generated grants: nothing is shown, or counted, that a grant does not leave.

    python -m tests.gateway.granted 10000         # so many operations, from case 0
    python -m tests.gateway.granted 40 1234       # those of case 1234

A case is a number: it makes sources in which every value names itself, several grants, and operations which clients
of these grants ask of one gateway, at the same time. Each answer is searched for what was planted, and held against
that of a twin: a gateway over sources in which there is only what the grant leaves, of invented people for who sees
masks, asked without any grant.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import islice
from random import Random
from typing import Any

import msgspec

from gateway.access.grant import ALL, EVERYTHING, Grant
from gateway.execution import compiling
from gateway.execution.answering import Asked as Sent
from gateway.execution.answering import respond
from gateway.execution.executor import Executor
from gateway.execution.kept import KeptRows
from gateway.identity import Cursor, CursorCodec, GlobalId
from gateway.roster.reading import Reading
from gateway.schema import SCHEMA
from gateway.schema.context import Context
from tests.clock import JumpingLoop
from tests.gateway.fragile import FRAGILE
from tests.gateway.generated_cases import COLLECTIONS, NOW, RECORDS
from tests.gateway.granted_answers import AFTER, ID, PAGE, Asked, Expecting, asked_besides, differences, errors_apart
from tests.gateway.granted_masks import mask_of, named
from tests.gateway.granted_words import PERSONAL, spoken
from tests.gateway.granted_worlds import Schools
from tests.gateway.made_operations import Made, Maker
from tests.gateway.support import World
from tests.watchdog import watched

SECONDS = 90.0
EACH = 40
"""Operations of a case."""

COMPILED = compiling(SCHEMA)
ENCODING = SCHEMA.led_by(Executor(SCHEMA, KeptRows(rows_from=1, columns_from=1)))
CAREFUL = compiling(FRAGILE)
WAYS = ("graphql-core", "plan", "bytes", "bytes", "careful")

KEY = re.compile(r"zsrc-[abc]")
STANDING = Made("{ sources { nodes { key holds { id } collections { type state rows rejected } } } }", {})
REAL = re.compile(r"\b[a-z]-\d{5}\b")
"""A sourcedId as the sources have it, without a mask."""


@dataclass(frozen=True, slots=True)
class Answered:
    way: str
    path: str | None
    cursors: Sequence[Cursor]
    body: Mapping[str, Any]

    @property
    def errors(self) -> list[Mapping[str, Any]]:
        return list(self.body.get("errors") or ())


class Watched(Reading):
    """Keeps the way that its operation took."""

    path: str | None = None

    def executed(self, path: str) -> None:
        self.path = path


class Telling(CursorCodec):
    """Keeps the cursors that it encrypts."""

    def __init__(self) -> None:
        super().__init__(b"secret")
        self.told: list[Cursor] = []

    def encode(self, cursor: Cursor, walk: str) -> str:
        self.told.append(cursor)
        return super().encode(cursor, walk)


async def executed(way: str, world: World, operation: Made, grant: Grant) -> Answered:
    codec = Telling()
    reading = Watched(world.sources, grant, codec, SECONDS)
    context, text = Context(reading), operation.text
    if way in ("graphql-core", "plan"):
        schema = SCHEMA if way == "graphql-core" else COMPILED
        result = await schema.execute(text, operation.variables, context)
        errors = [each.formatted for each in result.errors or ()]
        told = {"data": result.data, "errors": errors, "extensions": result.extensions}
        return Answered(way, reading.path, codec.told, json.loads(json.dumps(told)))
    if way == "careful":
        text = re.sub(r"^query Made(\(.*?\))?\{", r"\g<0>fragile{sure}", text, count=1)
    answer = await respond(CAREFUL if way == "careful" else ENCODING, Sent(text, operation.variables), context)
    body = msgspec.json.decode(answer.body)
    if way == "careful" and isinstance(body.get("data"), dict):
        body["data"].pop("fragile", None)
        body["errors"] = [each for each in body.get("errors") or () if (each.get("path") or [""])[0] != "fragile"]
    return Answered(way, reading.path, codec.told, body)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a client was answered beyond its grant."""

    case: int
    number: int
    grant: Grant
    operation: Made
    way: str
    what: tuple[str, ...]

    def __str__(self) -> str:
        shown = [f"  {each}" for each in self.what[:12]]
        if len(self.what) > len(shown):
            shown.append(f"  … and {len(self.what) - len(shown)} more")
        said = [f"case {self.case}, operation {self.number}, {self.way}, {told(self.grant)}", self.operation.text]
        return "\n".join([*said, json.dumps(self.operation.variables), *shown])


def _masked(grant: Grant) -> bool:
    return any(access.masked for access in (grant.sources or {}).values())


def _named(data: Any, grant: Grant) -> Any:
    """Data with the ids that masked ones stand for."""
    masks = [mask_of(key) for key, access in (grant.sources or {}).items() if access.masked]
    return json.loads(named(json.dumps(data), masks)) if masks else data


def told(grant: Grant) -> str:
    if grant.sources is None:
        return "everything"
    return "; ".join(
        f"{key}: {'all' if len(a.collections) == 14 else ' '.join(sorted(a.collections))}"
        f" / {' '.join(sorted(a.classes))} / {'all orgs' if a.orgs is None else ' '.join(sorted(a.orgs))}"
        f"{' / masked' if a.masked else ''}"
        for key, a in sorted(grant.sources.items())
    )


@dataclass(slots=True)
class Tally:
    """refusals: answers in which a refusal was told. withheld: fields of documents that were, of one source or another.
    values: planted ones that were shown.
    """

    operations: int = 0
    refusals: int = 0
    withheld: int = 0
    values: int = 0
    paths: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    def saw(self, answered: Answered) -> None:
        self.operations += 1
        self.paths[(answered.path or "none").partition(":")[0]] += 1
        self.refusals += any("FORBIDDEN" in str(each.get("extensions")) for each in answered.errors)


@dataclass
class Judge:
    """One case's sources, and the twins of its grants."""

    schools: Schools
    whole: bool
    stack: AsyncExitStack
    tally: Tally
    _twins: dict[Any, World] = field(default_factory=dict)

    async def world(self) -> World:
        return await self._opened(self.schools.world(self.whole))

    async def _opened(self, world: World) -> World:
        self.stack.push_async_callback(world.sources.close)
        if self.whole:
            await world.sources.warm()
        return world

    async def twin(self, grant: Grant, refused: frozenset[str]) -> World:
        name = id(grant), refused
        if name not in self._twins:
            self._twins[name] = await self._opened(self.schools.twin(grant, refused, self.whole))
        return self._twins[name]

    def seen(self, grant: Grant, operation: Made, answered: Answered) -> Iterator[str]:
        """What shows in an answer, wherever, of records and values that the grant does not leave."""
        said = operation.text + json.dumps(operation.variables)
        text = json.dumps(answered.body, ensure_ascii=False) + str([each.values for each in answered.cursors])
        for word, planted in self.schools.book.found(text):
            self.tally.values += 1
            if word not in said and not any(self._left(grant, value) for value in planted):
                yield f"shows {word}: {planted[0]}"
        for key in {*KEY.findall(text), *(each.source for each in answered.cursors)}:
            if not grant.reaches(key) and key not in said:
                yield f"shows the source {key}"
        for each in records_in(answered.body.get("data")):
            if not self.schools.visible(grant, each.source, COLLECTIONS[RECORDS[each.type]], each.sourced_id):
                yield f"shows {each}"
        if grant.sources and all(access.masked for access in grant.sources.values()):
            yield from (f"shows the id {each}" for each in set(REAL.findall(text)) if each not in said)

    def _left(self, grant: Grant, value: Any) -> bool:
        if value.attribute == "birth" and _masked(grant):
            return True  # a day that was made up may be another's own
        if grant.at(value.source).masked and value.field_class is not None:
            return False
        if not self.schools.visible(grant, value.source, value.collection, value.record, masked=False):
            return False
        return value.field_class is None or value.field_class in grant.at(value.source).classes

    async def beyond_twin(self, grant: Grant, operation: Made, answered: Answered) -> tuple[list[str], Any]:
        """How an answer differs from what the twin leads to expect; and the twin's own answer, by plans: without a
        grant they answer as graphql-core does (`tests.gateway.alike`).
        """
        expecting = Expecting(Asked(SCHEMA._schema, operation), grant)
        twin = await executed("plan", await self.twin(grant, frozenset()), operation, EVERYTHING)
        data = twin.body["data"]
        if data is not None:
            for name, sources in expecting.refused().items():
                if name in data:
                    other = await executed("plan", await self.twin(grant, sources), operation, EVERYTHING)
                    data[name] = (other.body["data"] or {}).get(name)
        found = list(
            differences(expecting.of(_named(data, grant)), _named(answered.body.get("data"), grant), answered.errors)
        )
        self.tally.withheld += len(expecting.pruned)
        refusing = any(access != ALL for access in (grant.sources or {}).values())
        return [
            *found,
            *errors_apart(twin.errors, answered.errors, expecting.pruned, refusing=refusing, masked=_masked(grant)),
        ], data

    async def counted(self, grant: Grant, world: World) -> Iterator[str]:
        """What is told of sources' collections beyond what the twin has."""
        own = await executed("plan", world, STANDING, grant)
        twin = await executed("plan", await self.twin(grant, frozenset()), STANDING, EVERYTHING)
        return _numbers_apart(own.body["data"]["sources"]["nodes"], twin.body["data"]["sources"]["nodes"])


def _numbers_apart(given: Sequence[Any], twins: Sequence[Any]) -> Iterator[str]:
    for one, other in zip(given, twins, strict=True):
        if one["holds"]:
            yield f"{one['key']}: holds are told"
        for mine, its in zip(one["collections"], other["collections"], strict=True):
            for name in ("rows", "rejected"):
                if mine[name] not in (None, its[name]):
                    yield f"{one['key']}: {mine['type']} has {name}: {mine[name]} in place of {its[name]}"


def records_in(value: Any) -> Iterator[GlobalId]:
    if isinstance(value, dict):
        if isinstance(value.get(ID), str):
            yield GlobalId.parse(value[ID])
        for each in value.values():
            yield from records_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from records_in(each)


@dataclass
class _Round:
    """One operation, as some clients ask it of one gateway at the same time, page after page."""

    judge: Judge
    world: World
    operation: Made
    list: str | None
    unguarded: bool

    async def asked(self, asking: Sequence[tuple[Grant, str, Made]]) -> list[Answered]:
        return await asyncio.gather(
            *(executed(way, self.world, made, EVERYTHING if self.unguarded else grant) for grant, way, made in asking)
        )

    async def judged(self, grant: Grant, made: Made, answered: Answered, of_twin: Made | None) -> tuple[list[str], Any]:
        """of_twin: what the twin is asked; None: nothing, since what it is asked with was made elsewhere."""
        found = list(self.judge.seen(grant, made, answered))
        if of_twin is None or (self.operation.says("usersByIdentity") and not self.judge.whole):
            return found, None
        differing, data = await self.judge.beyond_twin(grant, of_twin, answered)
        return found + differing, data

    def next(self, data: Any) -> Made | None:
        """The operation from where its list ended; None where it did."""
        page = ((data or {}).get(self.list) or {}).get(PAGE) if self.list is not None else None
        if not page or not page["hasNextPage"]:
            return None
        return Made(self.operation.text, self.operation.variables | {AFTER: page["endCursor"]})


async def _case(number: int, tally: Tally, most: int, unguarded: bool) -> None:
    """The operations of one case, up to the first that is answered beyond its grant."""
    random = Random(f"granted {number}")
    schools = Schools.made(random)
    async with AsyncExitStack() as stack:
        judge = Judge(schools, random.random() < 0.4, stack, tally)
        alone = random.random() < 0.15
        grants = [schools.grant(random)] if alone else [EVERYTHING, *(schools.grant(random) for _ in range(3))]
        world = await judge.world()
        size, deepest = random.choice([(20, 5), (25, 6), (30, 7)])
        known_ids: list[str] = []
        maker = Maker(
            SCHEMA._schema,
            spoken(schools, known_ids),
            random,
            deepest=deepest,
            size=size,
            widest=100,
            without=NOW,
            often=PERSONAL,
            rather=0.75,
            most=6,
        )
        done = 0

        def judged(grant: Grant, made: Made, answered: Answered, found: Sequence[str]) -> bool:
            nonlocal done
            done += 1
            tally.saw(answered)
            known_ids.extend(islice(map(str, records_in(answered.body.get("data"))), 5))
            if found:
                tally.findings.append(Finding(number, done, grant, made, answered.way, tuple(found)))
            return bool(found)

        while done < most:
            if random.random() < 0.05:
                world = await judge.world()
            made = maker.operation()
            text, followed = asked_besides(SCHEMA._schema, made.text, random)
            operation = Made(text, made.variables)
            turn = _Round(judge, world, operation, followed, unguarded)
            some = random.sample(grants, min(len(grants), random.choice([2, 3, 4])))
            asking = [(grant, random.choice(WAYS), operation) for grant in some]
            answers = await turn.asked(asking)
            again = []
            for (grant, _, _), answered in zip(asking, answers, strict=True):
                found, twins = await turn.judged(grant, operation, answered, operation)
                if judged(grant, operation, answered, found):
                    return
                again.append((grant, turn.next(answered.body.get("data")), turn.next(twins)))
            pages = [(grant, own, of_twin) for grant, own, of_twin in again if own is not None]
            if not pages:
                continue
            if random.random() < 0.3:  # each with a cursor of another
                pages = [(grant, pages[at - 1][1], None) for at, (grant, _, _) in enumerate(pages)]
            answers = await turn.asked([(grant, random.choice(WAYS), own) for grant, own, _ in pages])
            for (grant, own, of_twin), answered in zip(pages, answers, strict=True):
                found, _ = await turn.judged(grant, own, answered, of_twin)
                if judged(grant, own, answered, found):
                    return
        for grant in grants if judge.whole and not unguarded else ():
            if what := tuple(await judge.counted(grant, world)):
                tally.findings.append(Finding(number, done, grant, STANDING, "plan", what))
        if alone and not unguarded and not judge.whole:
            for key, beyond in schools.asked_beyond(grants[0]).items():
                what = (f"asked {key} for {', '.join(sorted(beyond))}",)
                tally.findings.append(Finding(number, done, grants[0], Made("", {}), "upstream", what))


def judge(number: int, tally: Tally, most: int = EACH, patience: float = 300, *, unguarded: bool = False) -> None:
    """Up to so many operations of a case. patience: seconds after which it hangs, which ends the process.

    unguarded: the gateway is asked without the grants, and judged by them.
    """
    with asyncio.Runner(loop_factory=JumpingLoop) as runner, watched(runner.get_loop(), f"case {number}", patience):
        runner.run(_case(number, tally, most, unguarded))


def _command(operations: int, first: int, patience: float) -> int:
    tally, number, started = Tally(), first, time.process_time()
    while tally.operations < operations:
        known = len(tally.findings)
        judge(number, tally, min(EACH, operations - tally.operations), patience)
        for each in tally.findings[known:]:
            print(each, flush=True)
        number += 1
    seconds = time.process_time() - started
    print(
        f"{tally.operations} operations of {number - first} cases, {len(tally.findings)} answered beyond their grant\n"
        f"{dict(tally.paths)}; {tally.refusals} with a refusal, {tally.withheld} fields withheld\n"
        f"{tally.values} planted values shown; {seconds:.0f} s of CPU, {1000 * seconds / tally.operations:.1f} ms each"
    )
    return 1 if tally.findings else 0


if __name__ == "__main__":
    made = argparse.ArgumentParser(
        prog="python -m tests.gateway.granted", description="Asks by clients with generated grants."
    )
    made.add_argument("operations", type=int, nargs="?", default=10_000)
    made.add_argument("first", type=int, nargs="?", default=0, help="the first case")
    made.add_argument("--patience", type=float, default=300, help="seconds that a case may take")
    logging.disable(logging.ERROR)
    sys.exit(_command(**vars(made.parse_args())))
