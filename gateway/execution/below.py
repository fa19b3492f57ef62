"""From the values of a field to the frames below it: objects by their types, those that stand in several places once.

What the rows of these frames become so as to be the field's column is kept as steps, and done when they are built.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice, repeat
from types import NoneType
from typing import Any

from graphql import located_error
from graphql.pyutils import is_iterable

from gateway.execution.completing import Anomaly, type_name
from gateway.execution.frame import Below, Frame
from gateway.execution.generate import Column
from gateway.execution.level import FieldRows, Later, Level
from gateway.execution.plan import Call, Field, Follow, Objects, Origin
from gateway.execution.run import Run
from gateway.execution.values import info
from gateway.schema.relations import Cardinality

_NAMED = frozenset({Cardinality.ONE, Cardinality.SEVERAL, Cardinality.COMPANION})


@dataclass(frozen=True, slots=True)
class Descent:
    """The way down from one field of a frame, whose values are objects or lists of objects.

    Its methods that yield do so where others may have the event loop.
    """

    run: Run
    frame: Frame
    number: int
    below: Below

    @property
    def field(self) -> Field:
        return self.frame.selection.columns[self.number]

    def take(self, values: list[Any]) -> Iterator[None]:
        """Opens the frames of these values.

        Raises:
        Anomaly: a value is none of the field's type, or what is wrong with it cannot be told from where it stands.
        """
        if self.field.completed.items_nullable is None:
            yield from self._single(values)
        else:
            yield from self._listed(values)

    def _single(self, values: list[Any]) -> Iterator[None]:
        level = self.frame.level.below(self.field, range(len(values)), None)
        times = len(values) if level.weights is None else self.frame.times
        return self._present(values, self.field.completed.nullable, level, times)

    def _listed(self, values: list[Any]) -> Iterator[None]:
        plain = set(map(type, values)) <= {list, tuple}
        lists: list[Any] = values if plain else [self._list(value) for value in values]
        flat = list(chain.from_iterable(lists if plain else filter(None, lists)))
        if self.frame.level.above is None:
            self.run.roots[self.field.key] = lists[0]
        yield
        if any(issubclass(kind, Exception) for kind in set(map(type, flat))):
            lists = [self._told(row, each) for row, each in enumerate(lists)]
            flat = list(chain.from_iterable(filter(None, lists)))
        lengths = [0 if each is None else len(each) for each in lists]
        level = self.frame.level.below(
            self.field,
            Later(lambda: list(chain.from_iterable(map(repeat, range(len(lengths)), lengths)))),
            Later(lambda: list(chain.from_iterable(map(range, lengths)))),
        )
        times = len(flat) if level.weights is None else self.frame.times * max(lengths, default=0)
        yield from self._present(flat, bool(self.field.completed.items_nullable), level, times)
        self.below.steps.append(lambda rows: _cut(lists, lengths, rows))

    def _list(self, value: Any) -> list[Any] | None:
        if value is None and self.field.completed.nullable:
            return None
        if not is_iterable(value):
            raise Anomaly
        return list(value)

    def _told(self, row: int, items: list[Any] | None) -> list[Any] | None:
        """A list with null for what failed, and that told."""
        if items is None:
            return None
        path = FieldRows(self.frame.level, self.field).path(row)
        for number, item in enumerate(items):
            if isinstance(item, Exception):
                if not self.field.completed.items_nullable or self.frame.level.weights is not None:
                    raise Anomaly from item
                self.run.errors.append(located_error(item, list(self.field.nodes), [*path, number]))
        return [None if isinstance(item, Exception) else item for item in items]

    # -------------------------------------------------------------- objects

    def _present(self, values: list[Any], nullable: bool, level: Level, times: int) -> Iterator[None]:
        """Those that are not null."""
        kinds = set(map(type, values))
        if NoneType not in kinds:
            yield from self._once(values, kinds, level, times)
            return
        if not nullable:
            raise Anomaly
        kinds.discard(NoneType)
        present = level.only(Later(lambda: [row for row, value in enumerate(values) if value is not None]))
        yield from self._once([value for value in values if value is not None], kinds, present, times)
        self.below.steps.append(lambda rows: _with_nulls(values, rows))

    def _once(self, objects: list[Any], kinds: set[type], level: Level, times: int) -> Iterator[None]:
        """What is the same object makes one row, where nothing tells its places apart."""
        of, origin = self.field.completed.of, self.field.origin
        assert isinstance(of, Objects)
        yield
        if of.shareable and _names(origin):
            names = list(map(id, objects))
            distinct = dict(zip(names, objects, strict=True))
            if len(distinct) < len(objects):
                yield
                self._typed(of, list(distinct.values()), kinds, level.shared(names), times)
                self.below.steps.append(lambda rows: _spread(distinct, names, rows))
                return
        self._typed(of, objects, kinds, level, times)

    def _typed(self, of: Objects, objects: list[Any], kinds: set[type], level: Level, times: int) -> None:
        """Objects, each after its type."""
        names = {kind: self._type_of(of, kind, objects, level) for kind in kinds}
        if len(set(names.values())) == 1:
            selection = of.selections[next(iter(names.values()))]
            self.below.frames.append((self.run.open(selection, objects, level, times), ()))
            return
        for name in dict.fromkeys(names.values()):
            rows = [row for row, thing in enumerate(objects) if names[type(thing)] == name]
            frame = self.run.open(of.selections[name], [objects[row] for row in rows], level.only(rows), times)
            self.below.frames.append((frame, rows))

    def _type_of(self, of: Objects, kind: type, objects: list[Any], level: Level) -> str:
        """The name of the type of values of a class: what one of them is, all are."""
        known = of.types.get(kind)
        if known is not None:
            return known
        sample = next(thing for thing in objects if type(thing) is kind)
        raw = info(self.run, FieldRows(self.frame.level, self.field), level.parents[0])._raw_info
        name = type_name(of, sample, raw, self.run.schema._schema)
        if name not in of.selections:
            raise Anomaly
        of.types[kind] = name
        return name


def _names(origin: Origin) -> bool:
    """Whether several objects are likely to lead to the same one."""
    if isinstance(origin, Follow):
        return origin.relation.cardinality in _NAMED
    return isinstance(origin, Call) and origin.column is not None


def _with_nulls(values: list[Any], rows: Column) -> Column:
    following = iter(rows)
    return [None if value is None else next(following) for value in values]


def _spread(distinct: dict[int, Any], names: list[int], rows: Column) -> Column:
    return list(map(dict(zip(distinct, rows, strict=True)).__getitem__, names))


def _cut(lists: list[Any], lengths: list[int], rows: Column) -> Column:
    following = iter(rows)
    return [
        None if each is None else list(islice(following, length)) for each, length in zip(lists, lengths, strict=True)
    ]
