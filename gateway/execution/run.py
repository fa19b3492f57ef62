"""A plan run level by level: each field once for all rows of a level, then the rows, built from their columns.

There is nothing here for what cannot be: a null where the schema allows none, a value of another type. At the first of
these the run ends as an `Anomaly`, and the operation is executed again, with care (`gateway.execution.careful`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, cast

from graphql import GraphQLError, GraphQLResolveInfo, located_error
from graphql.execution.values import VariableValues, get_argument_values
from graphql.pyutils import is_iterable
from strawberry.schema import Schema
from strawberry.types.arguments import convert_arguments

from gateway.execution.completing import Anomaly, any_awaitable, awaited, gathered, leaves, type_name
from gateway.execution.level import FieldRows, Level, ResolveInfo
from gateway.execution.plan import (
    Attribute,
    Call,
    Column,
    Field,
    Follow,
    Leaf,
    Objects,
    Plan,
    Selection,
    Shape,
)
from gateway.roster.levels import LevelReader, come
from gateway.schema.arguments import given
from gateway.schema.context import Context
from gateway.schema.relations import Cardinality

_PATIENCE = 0.01
"""Seconds that the event loop is held at a stretch, as nearly as work of unknown length can tell."""

_STRETCH = 500
"""Rows between two looks at the clock."""

_CHUNK = 5000
"""Rows that are built at a stretch."""


@dataclass(slots=True)
class Run:
    """One run of a plan for one request. roots: what the root fields' resolvers gave, by their names in the answer."""

    plan: Plan
    schema: Schema
    context: Context
    variables: VariableValues
    root_value: Any = None
    roots: dict[str, Any] = field(default_factory=dict)
    errors: list[GraphQLError] = field(default_factory=list)
    _since: float = field(default_factory=time.perf_counter)

    async def data(self) -> dict[str, Any]:
        """Raises:
        Anomaly: the answer is not as the schema has it.
        """
        [row] = await self._rows(self.plan.root, [self.root_value], Level(None, None, (0,)))
        return row

    async def breathe(self) -> None:
        """Gives the event loop away if it was held for long."""
        if time.perf_counter() - self._since > _PATIENCE:
            await asyncio.sleep(0)
            self._since = time.perf_counter()

    # -------------------------------------------------------------- a level

    async def _rows(self, selection: Selection, objects: Sequence[Any], level: Level) -> list[dict[str, Any]]:
        """The answer's rows of these objects, none of which is None."""
        fields = selection.columns
        columns: list[Column] = [()] * len(fields)
        others: list[int] = []
        for number, each in enumerate(fields):
            if isinstance(each.origin, Attribute) and isinstance(_shape(each).of, Leaf):
                columns[number] = leaves(_shape(each), self._attributes(each.origin.name, objects))
                await self.breathe()
            else:
                others.append(number)
        # A field that has to wait for its source holds up none of its siblings.
        found = await gathered([self._column(fields[number], objects, level) for number in others])
        for number, column in zip(others, found, strict=True):
            columns[number] = column
        if len(objects) <= _CHUNK:
            return selection.build(len(objects), columns)
        rows: list[dict[str, Any]] = []
        for start in range(0, len(objects), _CHUNK):
            part = slice(start, start + _CHUNK)
            rows += selection.build(len(objects[part]), [column[part] for column in columns])
            await self.breathe()
        return rows

    async def _column(self, each: Field, objects: Sequence[Any], level: Level) -> Column:
        values = await self._values(each, objects, level)
        await self.breathe()
        if isinstance(_shape(each).of, Leaf):
            return leaves(_shape(each), values)
        return await self._objects(each, values, level)

    # -------------------------------------------------------------- values

    async def _values(self, each: Field, objects: Sequence[Any], level: Level) -> Column:
        """What the field is of each object, before it is completed; None where it failed, and that is told."""
        match each.origin:
            case Attribute(name):
                return self._attributes(name, objects)
            case Follow():
                arguments = self._arguments(each)
                if all(given(arguments.get(name)) is None for name in each.origin.relation.alone):
                    return await self._followed(each, each.origin, arguments, objects, level)
                return await self._called(each, each.origin.call, arguments, objects, level)
            case Call():
                return await self._called(each, each.origin, self._arguments(each), objects, level)
        raise AssertionError(each.origin)

    def _attributes(self, name: str, objects: Sequence[Any]) -> Column:
        try:
            return list(map(attrgetter(name), objects))
        except Exception as error:
            raise Anomaly from error

    def _arguments(self, each: Field) -> dict[str, Any]:
        """The field's arguments, as its resolver takes them."""
        if not each.definition.args or each.declared is None:
            return {}
        try:
            values = get_argument_values(each.definition, each.nodes[0], self.variables)
            return convert_arguments(
                values,
                each.declared.arguments,
                scalar_registry=self.schema.schema_converter.scalar_registry,
                config=self.schema.config,
            )
        except Exception as error:
            raise Anomaly from error

    async def _followed(
        self, each: Field, origin: Follow, arguments: dict[str, Any], objects: Sequence[Any], level: Level
    ) -> Column:
        relation, context = origin.relation, self.context
        reading = context.below.get(level.root or "", context.reading)
        reader = LevelReader(reading, FieldRows(level, each), self.breathe)
        if relation.cardinality is Cardinality.CHILDREN:
            assert relation.where is not None
            where = relation.where(**arguments)
            return await come(reader.children(relation.kind, relation.key, objects, where))
        sources = self._attributes("source", objects)
        await self.breathe()
        named = self._attributes(relation.key, objects)
        await self.breathe()
        if relation.cardinality is Cardinality.SEVERAL:
            return await come(reader.follow_all(relation.kind, sources, named))
        if relation.cardinality is Cardinality.COMPANION:
            return await come(reader.lookup(relation.kind, sources, named))
        return await come(reader.follow(relation.kind, sources, named))

    async def _called(
        self, each: Field, call: Call, arguments: dict[str, Any], objects: Sequence[Any], level: Level
    ) -> Column:
        function, rows = call.function, FieldRows(level, each)
        values: list[Any] = []
        for row, parent in enumerate(objects):
            if row % _STRETCH == 0:
                await self.breathe()
            said = dict(arguments)
            if call.root is not None:
                said[call.root] = parent
            if call.info is not None:
                said[call.info] = self._info(rows, row)
            try:
                values.append(function(**said))
            except Exception as error:
                values.append(error)
        waits = any_awaitable(values)
        if waits:
            values = await awaited(values)
        for row, value in enumerate(values):
            if isinstance(value, list) and any_awaitable(value):
                waits, values[row] = True, await awaited(value)
        if waits and level.weights is not None:
            raise Anomaly  # what goes wrong must be told as often as the row occurs
        if level.above is None:
            self.roots[each.key] = values[0]
        for row, value in enumerate(values):
            if isinstance(value, BaseException):
                self._failed(rows, row, value)
                values[row] = None
        return values

    def _info(self, rows: FieldRows, row: int) -> Any:
        raw = ResolveInfo(
            rows,
            row,
            self.context,
            self.schema._schema,
            self.plan.fragments,
            self.plan.operation,
            self.variables,
            self.root_value,
        )
        declared = rows.field.declared
        assert declared is not None
        return self.schema.config.info_class(_raw_info=cast("GraphQLResolveInfo[Any]", raw), _field=declared)

    def _failed(self, rows: FieldRows, row: int, error: BaseException) -> None:
        """Tells of a field that failed and may be null."""
        if not isinstance(error, Exception):
            raise error
        if not _shape(rows.field).nullable or rows.level.weights is not None:
            raise Anomaly from error
        self.errors.append(located_error(error, list(rows.field.nodes), list(rows.path(row))))

    # -------------------------------------------------------------- completion: objects

    async def _objects(self, each: Field, values: Column, level: Level) -> Column:
        shape = _shape(each)
        if shape.items_nullable is None:
            return await self._single(each, shape, values, level)
        lists = [self._list(each, shape, row, value, level) for row, value in enumerate(values)]
        parents: list[int] = []
        items: list[int] = []
        objects: list[Any] = []
        for row, value in enumerate(lists):
            for number, item in enumerate(value or ()):
                if item is not None:
                    parents.append(row)
                    items.append(number)
                    objects.append(item)
                elif not shape.items_nullable:
                    raise Anomaly
            if row % _STRETCH == 0:
                await self.breathe()
        answered = iter(await self._distinct(each, objects, level, parents, items))
        return [
            None if value is None else [None if item is None else next(answered) for item in value] for value in lists
        ]

    def _list(self, each: Field, shape: Shape, row: int, value: Any, level: Level) -> list[Any] | None:
        if value is None:
            if not shape.nullable:
                raise Anomaly
            return None
        if not is_iterable(value):
            raise Anomaly
        items = list(value)
        if level.above is None:
            self.roots[each.key] = list(items)
        for number, item in enumerate(items):
            if isinstance(item, Exception):
                if not shape.items_nullable or level.weights is not None:
                    raise Anomaly from item
                path = [*FieldRows(level, each).path(row), number]
                self.errors.append(located_error(item, list(each.nodes), path))
                items[number] = None
        return items

    async def _single(self, each: Field, shape: Shape, values: Column, level: Level) -> Column:
        parents = [row for row, value in enumerate(values) if value is not None]
        if len(parents) == len(values):
            return await self._distinct(each, values, level, parents, None)
        if not shape.nullable:
            raise Anomaly
        answered = iter(await self._distinct(each, [values[row] for row in parents], level, parents, None))
        return [None if value is None else next(answered) for value in values]

    async def _distinct(
        self, each: Field, objects: Sequence[Any], level: Level, parents: Sequence[int], items: Sequence[int] | None
    ) -> Sequence[dict[str, Any]]:
        """The rows of objects. What is the same object makes one row, where nothing tells their places apart."""
        of = cast("Objects", _shape(each).of)
        if not objects:
            return []
        if not (of.shareable and isinstance(each.origin, Follow)):
            weights = None if level.weights is None else [level.weights[p] for p in parents]
            return await self._typed(each, of, objects, Level(level, each, parents, items, weights))
        firsts: dict[int, int] = {}
        kept: list[int] = []
        counts: list[int] = []
        places: list[int] = []
        for number, thing in enumerate(objects):
            place = firsts.setdefault(id(thing), len(kept))
            if place == len(kept):
                kept.append(number)
                counts.append(0)
            counts[place] += level.weight(parents[number])
            places.append(place)
            if number % _STRETCH == 0:
                await self.breathe()
        below = Level(
            level, each, [parents[n] for n in kept], None if items is None else [items[n] for n in kept], counts
        )
        rows = await self._typed(each, of, [objects[n] for n in kept], below)
        return [rows[place] for place in places]

    async def _typed(self, each: Field, of: Objects, objects: Sequence[Any], level: Level) -> list[dict[str, Any]]:
        """The rows of objects, each after its type."""
        names = {kind: self._type_of(of, kind, objects, level, each) for kind in set(map(type, objects))}
        if len(set(names.values())) == 1:
            return await self._rows(of.selections[next(iter(names.values()))], objects, level)
        answered: list[Any] = [None] * len(objects)
        parts: list[tuple[list[int], Awaitable[list[dict[str, Any]]]]] = []
        for name in dict.fromkeys(names.values()):
            rows = [row for row, thing in enumerate(objects) if names[type(thing)] == name]
            part = Level(
                level.above,
                level.field,
                [level.parents[r] for r in rows],
                None if level.items is None else [level.items[r] for r in rows],
                None if level.weights is None else [level.weights[r] for r in rows],
            )
            parts.append((rows, self._rows(of.selections[name], [objects[r] for r in rows], part)))
        found = await gathered([part for _, part in parts])
        for (rows, _), part_rows in zip(parts, found, strict=True):
            for row, value in zip(rows, part_rows, strict=True):
                answered[row] = value
        return answered

    def _type_of(self, of: Objects, kind: type, objects: Sequence[Any], level: Level, each: Field) -> str:
        """The name of the type of values of a class: what one of them is, all are."""
        known = of.types.get(kind)
        if known is not None:
            return known
        sample = next(thing for thing in objects if type(thing) is kind)
        assert level.above is not None
        info = self._info(FieldRows(level.above, each), level.parents[0])._raw_info
        name = type_name(of, sample, info, self.schema._schema)
        if name not in of.selections:
            raise Anomaly
        of.types[kind] = name
        return name


def _shape(each: Field) -> Shape:
    assert each.shape is not None, "a constant has no shape"
    return each.shape
