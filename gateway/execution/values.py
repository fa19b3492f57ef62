"""What a field is of each object of a level, before it is completed: by its attribute, its relation or its resolver.

A column is there at once where nothing has to be awaited for it, else it is awaited.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from graphql import GraphQLResolveInfo

from gateway.execution.arguments import Arguments
from gateway.execution.completing import Anomaly, any_awaitable, any_error, awaited, is_awaitable
from gateway.execution.following import Values, follow
from gateway.execution.guarding import Parted
from gateway.execution.level import FieldRows, Level, ResolveInfo
from gateway.execution.plan import Attribute, Call, Field, Follow
from gateway.execution.run import Run
from gateway.schema.arguments import given
from gateway.schema.context import Context
from gateway.schema.fields import sources_of
from gateway.schema.personal import Guard

_STRETCH = 500
"""Objects whose resolvers are called at a stretch."""


def values_of(run: Run, each: Field, objects: Sequence[Any], level: Level) -> Values:
    """None where the field failed, or is withheld, and that is told."""
    if each.guard is not None:
        return _guarded(run, each, each.guard, objects, level)
    return _unguarded(run, each, objects, level)


def _guarded(run: Run, each: Field, guard: Guard, objects: Sequence[Any], level: Level) -> Values:
    try:
        reading, arguments = run.reading(level), arguments_of(run, each)
        parted = Parted.of(reading, guard, sources_of(objects), arguments)
    except Exception as error:
        raise Anomaly from error
    if parted.shown is None:
        return _unguarded(run, each, objects, level)
    parted.tell(reading, FieldRows(level, each))
    values = parted.values(objects)
    if not parted.shown:
        return values
    own = _unguarded(run, each, [objects[row] for row in parted.shown], level.only(parted.shown))
    return parted.filled(values, own) if isinstance(own, list) else parted.coming(values, own)


def _unguarded(run: Run, each: Field, objects: Sequence[Any], level: Level) -> Values:
    origin, said = each.origin, each.said
    if level.above is None and each.key in run.called:
        assert isinstance(origin, Call)
        return Called(run, each, origin, {}, level).come([run.called.pop(each.key)])
    try:
        if isinstance(origin, Attribute):
            return origin.column(objects)
        arguments = said.values if said is not None else arguments_of(run, each)
        if isinstance(origin, Follow):
            relation = origin.relation
            if not any(given(arguments.get(name)) is not None for name in relation.alone):
                return follow(run, each, relation, arguments, objects, level)
            origin = origin.call
    except Exception as error:
        raise Anomaly from error
    assert isinstance(origin, Call), "a constant has no values"
    if said is not None and said.lists:
        arguments = said.taken()
    return Called(run, each, origin, arguments, level).values(objects)


def arguments_of(run: Run, each: Field) -> dict[str, Any]:
    """The field's arguments, as its resolver takes them. Raises what coercion and conversion raise."""
    if each.said is not None:
        return each.said.taken()
    taken = each.varying.taken(run.variables.coerced) if each.varying is not None else None
    if taken is not None:
        return taken
    assert each.declared is not None
    return Arguments(run.schema).of(each.definition, each.declared, each.nodes[0], run.variables)


@dataclass(slots=True)
class Called:
    """A field whose resolver is called for each object."""

    run: Run
    field: Field
    call: Call
    arguments: Mapping[str, Any]
    level: Level

    def values(self, objects: Sequence[Any]) -> Values:
        if len(objects) <= _STRETCH or self.call.column is not None:
            return self.come(self.returned(objects, 0))
        return self._by_and_by(objects)

    async def _by_and_by(self, objects: Sequence[Any]) -> list[Any]:
        returned: list[Any] = []
        for start in range(0, len(objects), _STRETCH):
            returned += self.returned(objects[start : start + _STRETCH], start)
            await self.run.pace.breathe()
        found = self.come(returned)
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

    def come(self, returned: list[Any]) -> Values:
        """What was returned, once nothing of it has to be awaited."""
        kinds = set(map(type, returned))
        if any(map(is_awaitable, kinds)) or (
            list in kinds
            and self.field.completed.items_nullable is not None
            and any(isinstance(each, list) and any_awaitable(each) for each in returned)
        ):
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
