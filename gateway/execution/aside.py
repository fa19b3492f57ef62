"""What a field is of each object of a level, for a run with care: a value that failed is an exception, and what went
wrong with sources is kept aside, until it is known where in the answer the objects stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from gateway.execution.completing import any_awaitable
from gateway.execution.following import read
from gateway.execution.generate import Column
from gateway.execution.guarding import Parted
from gateway.execution.level import FieldRows, Level
from gateway.execution.plan import Attribute, Call, Field, Follow
from gateway.execution.run import Run
from gateway.execution.values import Called, arguments_of, info
from gateway.roster.levels import LevelReader, come
from gateway.roster.outcomes import Fault, FindPlace, Place, lacks
from gateway.schema.arguments import given
from gateway.schema.context import Context
from gateway.schema.fields import sources_of
from gateway.schema.personal import Guard
from gateway.schema.relations import Relation

_STRETCH = 500
"""Objects whose resolvers are called at a stretch."""

Kept: TypeAlias = dict[int, list[tuple[FindPlace, Fault]]]
"""What went wrong with sources, by the number of the object whose field it was read for."""


@dataclass(frozen=True, slots=True)
class _Numbers:
    """Rows by number alone: where they stand in the answer, and how often, is known later."""

    def place(self, row: int) -> FindPlace:
        return lambda: Place((row,), ())

    def weight(self, row: int) -> int:
        return 1


@dataclass(frozen=True, slots=True)
class ValuesAside:
    run: Run

    async def of(self, each: Field, objects: Sequence[Any], level: Level) -> tuple[Column, Kept]:
        if level.above is None and each.key in self.run.roots:
            return [self.run.roots[each.key]], {}
        if each.guard is not None:
            return await self._guarded(each, each.guard, objects, level)
        return await self._unguarded(each, objects, level)

    async def _guarded(self, each: Field, guard: Guard, objects: Sequence[Any], level: Level) -> tuple[Column, Kept]:
        try:
            arguments = arguments_of(self.run, each)
            parted = Parted.of(self.run.reading(level), guard, sources_of(objects), arguments)
        except Exception:  # with which of the objects, their own resolvers tell
            return await self._unguarded(each, objects, level)
        if parted.shown is None:
            return await self._unguarded(each, objects, level)
        own, kept = await self._unguarded(each, [objects[row] for row in parted.shown], level.only(parted.shown))
        told: Kept = {parted.shown[row]: faults for row, faults in kept.items()}
        rows = _Numbers()
        for row, field_class in parted.withheld.items():
            told[row] = [(rows.place(row), lacks(parted.sources[row], field_class))]
        return parted.filled(parted.values(objects), own), told

    async def _unguarded(self, each: Field, objects: Sequence[Any], level: Level) -> tuple[Column, Kept]:
        match each.origin:
            case Attribute():
                return _attributes(each.origin, objects), {}
            case Follow(relation, call):
                try:
                    arguments = arguments_of(self.run, each)
                    if all(given(arguments.get(name)) is None for name in relation.alone):
                        return await self._followed(each, relation, arguments, objects, level)
                except Exception:  # with which of the objects, their own resolvers tell
                    pass
                return await self._called(each, call, objects, level)
            case Call():
                return await self._called(each, each.origin, objects, level)
        raise AssertionError(each.origin)

    async def _followed(
        self, each: Field, relation: Relation, arguments: dict[str, Any], objects: Sequence[Any], level: Level
    ) -> tuple[Column, Kept]:
        context = self.run.context
        reading, aside = context.below.get(level.root or "", context.reading).told_aside()
        reader = LevelReader(reading, _Numbers(), self.run.pace.breathe)
        found = await come(read(reader, each, relation, arguments, objects))
        kept: Kept = {}
        for find, fault in aside.kept:
            kept.setdefault(cast("int", find().path[0]), []).append((find, fault))
        return found, kept

    async def _called(self, each: Field, call: Call, objects: Sequence[Any], level: Level) -> tuple[Column, Kept]:
        try:
            arguments = arguments_of(self.run, each)
        except Exception as error:
            return [error] * len(objects), {}
        if call.info is None:
            called, values = Called(self.run, each, call, arguments, level), list[Any]()
            for start in range(0, len(objects), _STRETCH):
                values += called.returned(objects[start : start + _STRETCH], start)
                await self.run.pace.breathe()
            return values, {}
        return await self._informed(each, call, arguments, objects, level)

    async def _informed(
        self, each: Field, call: Call, arguments: dict[str, Any], objects: Sequence[Any], level: Level
    ) -> tuple[Column, Kept]:
        """What resolvers return that read, and tell of sources by themselves."""
        rows, kept, values = FieldRows(level, each), Kept(), list[Any]()
        context, told = self._context(level)
        for row, parent in enumerate(objects):
            if row % _STRETCH == 0:
                await self.run.pace.breathe()
            said = dict(arguments)
            if call.root is not None:
                said[call.root] = parent
            if call.info is not None:
                said[call.info] = info(self.run, rows, row, context)
            try:
                value = call.function(**said)
            except Exception as error:
                value = error
            values.append(value)
            if told or hasattr(type(value), "__await__") or (isinstance(value, list) and any_awaitable(value)):
                kept[row] = told
                context, told = self._context(level)
        return values, kept

    def _context(self, level: Level) -> tuple[Context, list[tuple[FindPlace, Fault]]]:
        """What is handed to a resolver, and what it tells of sources; root fields tell their own."""
        context = self.run.context
        if level.above is None:
            return context, []
        reading, aside = context.reading.told_aside()
        below = context.below.get(level.root or "")
        if below is None:
            return Context(reading), aside.kept
        other, _ = below.told_aside()
        other.outcomes = aside
        return Context(reading, {level.root or "": other}), aside.kept


def _attributes(origin: Attribute, objects: Sequence[Any]) -> list[Any]:
    try:
        return origin.column(objects)
    except Exception:
        return [_attribute(origin.name, thing) for thing in objects]


def _attribute(name: str, thing: Any) -> Any:
    try:
        return getattr(thing, name)
    except Exception as error:
        return error
