"""What a field is of each object of a level, before it is completed: by its attribute, its relation or its resolver.

A column is there at once where nothing has to be awaited for it, else it is awaited.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from graphql import GraphQLResolveInfo

from gateway.execution.arguments import Arguments
from gateway.execution.completing import Anomaly, any_awaitable, any_error, awaited
from gateway.execution.generate import attribute
from gateway.execution.level import FieldRows, Level, ResolveInfo
from gateway.execution.plan import Attribute, Call, Field, Follow, Objects
from gateway.execution.run import Run
from gateway.roster.levels import LevelReader
from gateway.roster.reading import Reading
from gateway.schema.arguments import given
from gateway.schema.context import Context
from gateway.schema.fields import sources_of
from gateway.schema.relations import Cardinality, Relation

Values: TypeAlias = list[Any] | Awaitable[list[Any]]


class Shared(list[Any]):
    """The values of a to-one relation, each once. keys: which of them every object has, by the order of `distinct`."""

    def __init__(self, values: list[Any], keys: list[Any], distinct: list[Any]) -> None:
        super().__init__(values)
        self.keys = keys
        self.distinct = distinct


_TO_ONE = (Cardinality.ONE, Cardinality.COMPANION)

_STRETCH = 500
"""Objects whose resolvers are called at a stretch."""


def values_of(run: Run, each: Field, objects: Sequence[Any], level: Level) -> Values:
    """None where the field failed, and that is told."""
    origin = each.origin
    if isinstance(origin, Attribute):
        return _attributes(origin, objects)
    try:
        arguments = arguments_of(run, each)
    except Exception as error:
        raise Anomaly from error
    if isinstance(origin, Follow):
        if all(given(arguments.get(name)) is None for name in origin.relation.alone):
            return _followed(run, each, origin, arguments, objects, level)
        origin = origin.call
    assert isinstance(origin, Call), "a constant has no values"
    return Called(run, each, origin, arguments, level).values(objects)


def _attributes(origin: Attribute, objects: Sequence[Any]) -> list[Any]:
    try:
        return origin.column(objects)
    except Exception as error:
        raise Anomaly from error


def arguments_of(run: Run, each: Field) -> dict[str, Any]:
    """The field's arguments, as its resolver takes them. Raises what coercion and conversion raise."""
    if each.said is not None:
        return each.said.taken()
    assert each.declared is not None
    return Arguments(run.schema).of(each.definition, each.declared, each.nodes[0], run.variables)


def _followed(
    run: Run, each: Field, origin: Follow, arguments: dict[str, Any], objects: Sequence[Any], level: Level
) -> Values:
    context = run.context
    reading = context.below.get(level.root or "", context.reading) if context.below else context.reading
    try:
        if len(objects) > 1 and origin.relation.cardinality in _TO_ONE and _shareable(each):
            shared = _shared(run, reading, each, origin.relation, objects, level)
            if shared is not None:
                return shared
        reader = LevelReader(reading, FieldRows(level, each), run.pace.breathe)
        return read(reader, each, origin.relation, arguments, objects)
    except Exception as error:
        raise Anomaly from error


def _shared(
    run: Run, reading: Reading, each: Field, relation: Relation, objects: Sequence[Any], level: Level
) -> Values | None:
    """What is read once for all objects that lead to the same; None where no two do."""
    sources, named = sources_of(objects), attribute(relation.key)(objects)
    one = sources.count(sources[0]) == len(sources)
    keys = named if one else list(zip(sources, named, strict=True))
    distinct = list(dict.fromkeys(keys))
    if len(distinct) == len(keys):
        return None
    if one:
        sources = sources[: len(distinct)]
        ids = distinct
    else:
        sources, ids = map(list, zip(*distinct, strict=True))
    reader = LevelReader(reading, FieldRows(level.shared(keys), each), run.pace.breathe)
    reads = reader.lookup if relation.cardinality is Cardinality.COMPANION else reader.follow
    found = reads(relation.kind, sources, ids)
    return Shared(found, keys, distinct) if isinstance(found, list) else _coming(found, keys, distinct)


async def _coming(found: Awaitable[list[Any]], keys: list[Any], distinct: list[Any]) -> list[Any]:
    return Shared(await found, keys, distinct)


def _shareable(each: Field) -> bool:
    of = each.completed.of
    return isinstance(of, Objects) and of.shareable


def read(
    reader: LevelReader, each: Field, relation: Relation, arguments: dict[str, Any], objects: Sequence[Any]
) -> Values:
    """What a relation leads to from each of the objects. Raises what comes of objects that do not have it."""
    if relation.cardinality is Cardinality.CHILDREN:
        assert relation.where is not None
        where = each.said.where if each.said is not None else relation.where(**arguments)
        return reader.children(relation.kind, relation.key, cast("Any", objects), where)
    sources = sources_of(objects)
    named = attribute(relation.key)(objects)
    if relation.cardinality is Cardinality.SEVERAL:
        return reader.follow_all(relation.kind, sources, named)
    if relation.cardinality is Cardinality.COMPANION:
        return reader.lookup(relation.kind, sources, named)
    return reader.follow(relation.kind, sources, named)


@dataclass(slots=True)
class Called:
    """A field whose resolver is called for each object."""

    run: Run
    field: Field
    call: Call
    arguments: dict[str, Any]
    level: Level

    def values(self, objects: Sequence[Any]) -> Values:
        if len(objects) <= _STRETCH or self.call.column is not None:
            return self._come(self.returned(objects, 0))
        return self._by_and_by(objects)

    async def _by_and_by(self, objects: Sequence[Any]) -> list[Any]:
        returned: list[Any] = []
        for start in range(0, len(objects), _STRETCH):
            returned += self.returned(objects[start : start + _STRETCH], start)
            await self.run.pace.breathe()
        found = self._come(returned)
        return found if isinstance(found, list) else await found

    def returned(self, objects: Sequence[Any], start: int) -> list[Any]:
        """What the resolver returned, or raised, of each object; the first is that row of the level."""
        call = self.call
        if call.column is not None and not self.arguments:
            surroundings = [] if call.info is None else [info(self.run, FieldRows(self.level, self.field), start)]
            try:
                return list(call.column(objects, *surroundings))
            except Exception:  # the resolver tells which row, and why
                return self._each(objects, start)
        if call.alone and not self.arguments:
            return _mapped(call, objects)
        return self._each(objects, start)

    def _each(self, objects: Sequence[Any], start: int) -> list[Any]:
        call, rows = self.call, FieldRows(self.level, self.field)
        returned: list[Any] = []
        for row, parent in enumerate(objects, start):
            said = dict(self.arguments)
            if call.root is not None:
                said[call.root] = parent
            if call.info is not None:
                said[call.info] = info(self.run, rows, row)
            try:
                returned.append(call.function(**said))
            except Exception as error:
                returned.append(error)
        return returned

    def _come(self, returned: list[Any]) -> Values:
        listed = self.field.completed.items_nullable is not None
        if any_awaitable(returned) or (listed and any(isinstance(v, list) and any_awaitable(v) for v in returned)):
            return self._awaited(returned)
        return self._told(returned)

    async def _awaited(self, returned: list[Any]) -> list[Any]:
        found = await awaited(returned)
        for row, value in enumerate(found):
            if isinstance(value, list) and any_awaitable(value):
                found[row] = await awaited(value)
        if self.level.weights is not None:
            raise Anomaly  # what goes wrong must be told as often as the row occurs
        return self._told(found)

    def _told(self, found: list[Any]) -> list[Any]:
        if self.level.above is None:
            self.run.roots[self.field.key] = found[0]
        if any_error(found):
            for row, value in enumerate(found):
                if isinstance(value, BaseException):
                    self.run.failed(self.level, self.field, row, value)
                    found[row] = None
        return found


def _mapped(call: Call, objects: Sequence[Any]) -> list[Any]:
    returned: list[Any] = []
    calls = map(call.function, objects)
    while True:
        try:
            for value in calls:
                returned.append(value)
        except Exception as error:
            returned.append(error)
        else:
            return returned


def info(run: Run, rows: FieldRows, row: int, context: Context | None = None) -> Any:
    """What a resolver may ask about where it stands. context: where that is not the run's."""
    raw = ResolveInfo(
        rows,
        row,
        context or run.context,
        run.schema._schema,
        run.plan.fragments,
        run.plan.operation,
        run.variables,
        run.root_value,
    )
    declared = rows.field.declared
    assert declared is not None
    return run.schema.config.info_class(_raw_info=cast("GraphQLResolveInfo[Any]", raw), _field=declared)
