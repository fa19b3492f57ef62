"""Values that the schema does not allow: both executors say the same of them, wherever they stand."""

from __future__ import annotations

from collections import Counter
from enum import Enum
from random import Random
from typing import Any

import pytest
import strawberry

from gateway.execution import compiling
from gateway.roster.explain import Explanation
from gateway.schema import Schema
from gateway.schema.context import Context, Info
from gateway.schema.fields import computed, over, plain
from tests.gateway.made_operations import Made, Maker
from tests.gateway.same_answers import told
from tests.gateway.support import MakeWorld, World

pytestmark = pytest.mark.anyio


class Row:
    """A value whose parts are made up as they are asked for: mostly right."""

    def __init__(self, seed: str, faults: float) -> None:
        self.seed = seed
        self.faults = faults

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        random = Random(f"{self.seed}.{name}")
        if random.random() < self.faults:
            return random.choice([None, None, ValueError("of ours"), object(), 7, ["x", None]])
        kind = name.partition("_")[0]
        match kind:
            case "name":
                return random.choice(["Ann", "Bo", ""])
            case "state":
                return random.choice(list(State))
            case "count":
                return random.choice([0, 3, 2**40 if random.random() < self.faults else 4])
            case "share":
                return random.choice([0.5, 1, float("nan") if random.random() < self.faults else 2.5])
            case "sure":
                return random.random() < 0.5
            case "names":
                return tuple(random.choice(["a", "b", None if self._odd(random) else "c"]) for _ in range(3))
            case "row":
                return Kept(f"{self.seed}.{name}", self.faults)
            case "other":
                return random.choice([Kept, Other])(f"{self.seed}.{name}", self.faults)
            case "rows":
                return [
                    None if self._odd(random) else Kept(f"{self.seed}.{name}.{n}", self.faults)
                    for n in range(random.randint(0, 3))
                ]
            case "raised" if self._odd(random):
                raise RuntimeError("of ours")
        return "told"

    def _odd(self, random: Random) -> bool:
        return random.random() < self.faults


class Kept(Row):
    pass


class Other(Row):
    pass


class State(Enum):
    ON = "on"
    OFF = "off"


strawberry.enum(State)


def attribute(name: str) -> Any:
    return computed(lambda root: getattr(root, name), "Computed.")


async def _later(root: Row, info: Info) -> Any:
    return root.row_later


async def _raised(root: Row) -> Any:
    return root.raised_later


def _with_argument(root: Row, times: int = 2) -> Any:
    return root.name_argued * times


async def _later_rows(root: Row) -> Any:
    async def one(row: Any) -> Any:
        if isinstance(row, Exception):
            raise row
        return row

    rows = root.rows_later
    return [one(row) for row in rows] if isinstance(rows, list) else rows


@strawberry.interface
class Named:
    name: str = plain("Never null.")
    name_open: str | None = plain("May be null.")
    state: State = plain("An enum.")
    state_open: State | None = plain("An enum, or null.")
    count: int = plain("A number.")
    share_open: float | None = plain("A fraction.")
    sure: bool = plain("Yes or no.")
    names: list[str] = plain("Several.")
    names_open: list[str | None] | None = plain("Several, or none.")
    raised: str = attribute("raised")
    raised_open: str | None = attribute("raised_open")


@strawberry.type
class Thing(Named):
    is_type_of = over(Kept)

    row: Thing = plain("Another.")
    row_open: Thing | None = plain("Another, or none.")
    other: Named | None = plain("Another, of either type.")
    row_later: Thing | None = computed(_later, "Another, later.")
    raised_later: str | None = computed(_raised, "Later.")
    argued: str = computed(_with_argument, "With an argument.")
    rows: list[Thing] = plain("Several.")
    rows_open: list[Thing | None] | None = plain("Several, or none.")
    rows_later: list[Thing | None] = computed(_later_rows, "Several, later.")


@strawberry.type
class Rest(Named):
    is_type_of = over(Other)


@strawberry.type
class Query:
    row: Thing | None = plain("One.")
    rows: list[Thing] | None = plain("Several.")
    row_later: Thing | None = computed(_later, "One, later.")
    other: Named | None = plain("One of either type.")
    rows_later: list[Thing | None] = computed(_later_rows, "Several, later.")


SCHEMA = Schema(Query, types=[Thing, Rest])
COMPILED = compiling(SCHEMA)


async def answer(made: World, schema: Schema, operation: Made, row: Row) -> tuple[str | None, Any]:
    """The way that was taken, and what must be the same."""
    reading = made.reading()
    reading.explanation = Explanation()
    result = await schema.execute(operation.text, operation.variables, Context(reading), row)
    return reading.explanation.path, told(result)


@pytest.mark.parametrize("faults", [0.0, 0.003, 0.03, 0.2])
async def test_what_the_schema_does_not_allow_is_told_alike(world: MakeWorld, faults: float) -> None:
    made, ways = world(a="standard-1.2"), Counter[str | None]()
    maker = Maker(SCHEMA._schema, {"times": lambda r: r.choice([0, 1, 3])}, Random(f"{faults}"), deepest=3)
    for number in range(100):
        operation, row = maker.operation(), Row(f"{faults} {number}", faults)
        way, given = await answer(made, COMPILED, operation, row)
        assert given == (await answer(made, SCHEMA, operation, row))[1], (operation, number)
        ways[way] += 1
    assert set(ways) <= {"compiled", "careful"}  # and none is left to graphql-core in the end
    assert ways["compiled"] > 5
    assert faults < 0.03 or ways["careful"] > 10
