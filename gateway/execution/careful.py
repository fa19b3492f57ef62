"""A plan run with care, for an operation whose answer is not as the schema has it: over what was read already, level by
level as ever, but whatever is wrong with a value stays with it (`gateway.execution.nulling`), and nothing else suffers.

What holds for a value is what graphql-core has of its completion: the same errors of the same values.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

import msgspec
from strawberry.types import ExecutionResult

from gateway.execution.aside import ValuesAside
from gateway.execution.completing import Anomaly, any_awaitable, awaited, converted
from gateway.execution.generate import Column
from gateway.execution.level import TOP, FieldRows, Later, Level
from gateway.execution.nulling import Beside, Cells, Failed, Items, Nulling, Row
from gateway.execution.plan import Attribute, Field, Leaf, Objects, Selection
from gateway.execution.room import lacking_room
from gateway.execution.rows import CHUNK, Form
from gateway.execution.run import Run
from gateway.execution.single import absent, is_absent, leaf, listed, type_name
from gateway.execution.values import info
from gateway.roster.outcomes import no_room
from gateway.schema.cost import NoRoom, source_of
from gateway.schema.shown import Shown

_STRETCH = 500
"""Values between two looks at the clock."""


class _Made(NamedTuple):
    """A row, and what it was made of."""

    row: Any
    type_name: str
    of: Any


@dataclass(slots=True)
class Careful:
    """Runs the plan of `run`, which met an `Anomaly`, with the root fields as that one read them."""

    run: Run
    _made: dict[int, _Made] = field(default_factory=dict)

    async def answer(self) -> ExecutionResult:
        run = self.run
        run.frames.clear()
        run.context.reading.outcomes.forget_below_roots()
        run.forget_met()
        rows = await self._rows(run.plan.root, [run.root_value], TOP)
        nulling = Nulling(run.context.reading.outcomes, run.pace.breathe)
        data = await nulling.data(rows.values[0])
        if run.context.shown is not None:
            await self._show(run.context.shown, data, nulling)
        return ExecutionResult(data=data, errors=nulling.errors or None)

    async def _show(self, shown: Shown, data: Any, nulling: Nulling) -> None:
        """Tells which objects stand in the answer: those whose rows do, in one place at least."""
        found: dict[str, list[Any]] = {}
        seen: set[int] = set()
        left: list[Any] = [data]
        while left:
            part = left.pop()
            if id(part) in seen:
                continue
            seen.add(id(part))
            if (made := self._made.get(id(nulling.row_of(part)))) is not None:
                found.setdefault(made.type_name, []).append(made.of)
            left += [each for each in _within(part) if isinstance(each, dict | list | msgspec.Struct)]
            if len(seen) % _STRETCH == 0:
                await self.run.pace.breathe()
        for name, objects in found.items():
            shown.add(name, objects)

    # -------------------------------------------------------------- a level

    async def _rows(self, selection: Selection, objects: Sequence[Any], level: Level) -> Cells:
        """What is answered of these objects, each of which is there and of the selection's type."""
        fields = selection.columns
        columns = [Cells(())] * len(fields)
        others: list[int] = []
        for number, each in enumerate(fields):
            if isinstance(each.origin, Attribute) and isinstance(each.completed.of, Leaf):
                columns[number] = await self._column(each, objects, level)
            else:
                others.append(number)
        found = await _side_by_side([self._column(fields[number], objects, level) for number in others])
        for number, column in zip(others, found, strict=True):
            columns[number] = column
        structs = self.run.form is Form.STRUCTS and fields  # without columns all rows would be one and the same
        make = selection.structs if structs else selection.dicts
        rows: list[Any] = []
        for start in range(0, len(objects), CHUNK):
            part = [column.values[start : start + CHUNK] for column in columns]
            rows += make(min(CHUNK, len(objects) - start), part)
            await self.run.pace.breathe()
        wrong: dict[int, list[Field]] = {}
        for each, column in zip(fields, columns, strict=True):
            for row in column.wrong:
                wrong.setdefault(row, []).append(each)
        for row, several in wrong.items():
            [values] = selection.dicts(1, [[column.values[row]] for column in columns])
            rows[row] = Row(values, several)
        if self.run.context.shown is not None:
            for row, of in zip(rows, objects, strict=True):
                self._made[id(row)] = _Made(row, selection.type.name, of)
        return Cells(rows, wrong)

    async def _column(self, each: Field, objects: Sequence[Any], level: Level) -> Cells:
        values, kept = await ValuesAside(self.run).of(each, objects, level)
        if any_awaitable(values):
            values = await _awaited(values)
        faults = {row: [fault for _, fault in several] for row, several in kept.items() if several}
        if each.guessed and self.run.context.cost.limit is not None:
            values = list(values)
            for row in lacking_room(self.run.context.cost, each.nodes[0], values, level.weights):
                source = source_of(objects[row])
                values[row] = NoRoom() if source is None else None
                if source is not None:
                    faults.setdefault(row, []).append(no_room(source))
        if each.completed.items_nullable is None:
            cells = await self._things(each, each.completed.nullable, values, level, range(len(values)), None)
        else:
            cells = await self._lists(each, values, level)
        await self.run.pace.breathe()
        if not faults:
            return cells
        answered = list(cells.values)
        for row, several in faults.items():
            answered[row] = Beside(answered[row], several)
        return Cells(answered, {*cells.wrong, *faults})

    # -------------------------------------------------------------- completion

    async def _lists(self, each: Field, values: Column, level: Level) -> Cells:
        shape = each.completed
        lists = [value if type(value) in (list, tuple) else await listed(each, value) for value in values]
        flat: list[Any] = []
        parents: list[int] = []
        items: list[int] = []
        for row, several in enumerate(lists):
            if isinstance(several, list | tuple):
                flat += several
                parents += [row] * len(several)
                items += range(len(several))
            if row % _STRETCH == 0:
                await self.run.pace.breathe()
        if any_awaitable(flat):
            flat = await _awaited(flat)
        found = await self._things(each, bool(shape.items_nullable), flat, level, parents, items)
        amiss: dict[int, list[int]] = {}
        for number in sorted(found.wrong):
            amiss.setdefault(parents[number], []).append(items[number])
        answered: list[Any] = []
        wrong: list[int] = []
        start = 0
        for row, several in enumerate(lists):
            cell: Any
            if isinstance(several, list | tuple):
                cell = found.values[start : start + len(several)]
                start += len(several)
                if row in amiss:
                    cell = Items(cell, amiss[row])
            else:
                cell = absent(each, shape.nullable, several)
            answered.append(cell)
            if isinstance(cell, Items | Failed):
                wrong.append(row)
        return Cells(answered, wrong)

    async def _things(
        self,
        each: Field,
        nullable: bool,
        values: Column,
        level: Level,
        parents: Sequence[int],
        items: Sequence[int] | None,
    ) -> Cells:
        """What is answered of values that are no lists. parents, items: where they stand."""
        of = each.completed.of
        if isinstance(of, Leaf):
            return await self._leaves(each, of, nullable, values)
        lacking = {kind for kind in set(map(type, values)) if is_absent(kind)}
        numbers = [n for n, value in enumerate(values) if type(value) not in lacking] if lacking else range(len(values))
        present = [values[number] for number in numbers] if lacking else values
        distinct = dict(zip(map(id, reversed(present)), reversed(numbers), strict=True))  # the first of each
        await self.run.pace.breathe()
        kept = list(distinct.values())
        below = Level(
            level,
            each,
            [parents[n] for n in kept],
            None if items is None else [items[n] for n in kept],
            Later(lambda: _places(map(id, present), [level.weight(parents[n]) for n in numbers], distinct)),
        )
        rows = await self._typed(each, of, [values[n] for n in kept], below)
        made = dict(zip(distinct, rows.values, strict=True))
        if not lacking and not rows.wrong:
            return Cells([made[id(value)] for value in values])
        amiss = {thing for place, thing in enumerate(distinct) if place in rows.wrong}
        answered: list[Any] = []
        wrong: list[int] = []
        for number, value in enumerate(values):
            cell = absent(each, nullable, value) if type(value) in lacking else made[id(value)]
            answered.append(cell)
            if id(value) in amiss or isinstance(cell, Failed):
                wrong.append(number)
        return Cells(answered, wrong)

    async def _leaves(self, each: Field, of: Leaf, nullable: bool, values: Column) -> Cells:
        try:
            return Cells(converted(of, nullable, values, values))
        except Anomaly:
            pass  # one by one, then
        answered: list[Any] = []
        wrong: list[int] = []
        for number, value in enumerate(values):
            cell = value if of.ready and type(value) in of.ready else leaf(each, nullable, value)
            answered.append(cell)
            if isinstance(cell, Failed):
                wrong.append(number)
            if number % _STRETCH == 0:
                await self.run.pace.breathe()
        return Cells(answered, wrong)

    async def _typed(self, each: Field, of: Objects, objects: Sequence[Any], level: Level) -> Cells:
        """What is answered of objects, each after its type."""
        names = {of.types.get(kind) for kind in set(map(type, objects))}
        if len(names) == 1 and (name := names.pop()) is not None:
            return await self._rows(of.selections[name], objects, level)
        rows_of: dict[str, list[int]] = {}
        answered: list[Any] = [None] * len(objects)
        wrong: set[int] = set()
        for row, thing in enumerate(objects):
            if row % _STRETCH == 0:
                await self.run.pace.breathe()
            known = of.types.get(type(thing)) or type_name(each, of, thing, self._info_above(level, row))
            if isinstance(known, str):
                rows_of.setdefault(known, []).append(row)
            else:
                answered[row] = Failed(known)
                wrong.add(row)
        parts = [
            self._rows(of.selections[name], [objects[row] for row in rows], level.only(rows))
            for name, rows in rows_of.items()
        ]
        for rows, part in zip(rows_of.values(), await _side_by_side(parts), strict=True):
            for row, value in zip(rows, part.values, strict=True):
                answered[row] = value
            wrong.update(rows[number] for number in part.wrong)
        return Cells(answered, wrong)

    def _info_above(self, level: Level, row: int) -> Any:
        assert level.above is not None
        assert level.field is not None
        return info(self.run, FieldRows(level.above, level.field), level.parents[row])._raw_info


def _within(part: Any) -> Iterable[Any]:
    match part:
        case dict():
            return part.values()
        case msgspec.Struct():
            return [getattr(part, name) for name in part.__struct_fields__]
    return part if isinstance(part, list) else ()


def _places(names: Iterable[int], weights: Sequence[int], distinct: Iterable[int]) -> list[int]:
    """In how many places of the answer those stand that are named so. weights: in how many each name does."""
    counts = Counter[int]()
    for name, weight in zip(names, weights, strict=True):
        counts[name] += weight
    return [counts[name] for name in distinct]


async def _awaited(values: Sequence[Any]) -> list[Any]:
    found = await awaited(values)
    for value in found:
        if isinstance(value, BaseException) and not isinstance(value, Exception):
            raise value
    return found


async def _side_by_side(coming: Sequence[Awaitable[Cells]]) -> list[Cells]:
    """All of them. Each is waited for, whatever becomes of the others: none reads on behind our back."""
    if len(coming) == 1:
        return [await coming[0]]
    found = await asyncio.gather(*coming, return_exceptions=True)
    for each in found:
        if isinstance(each, BaseException):
            raise each
    return cast("list[Cells]", found)
