"""From the values of a field to the frames below it: objects by their types, those that stand in several places once.

What the rows of these frames become so as to be the field's column is kept as steps, and done when they are built.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, islice
from operator import mul
from types import NoneType
from typing import Any

from graphql import located_error
from graphql.pyutils import is_iterable

from gateway.execution.completing import Anomaly, is_error, type_name
from gateway.execution.following import Shared
from gateway.execution.frame import Below, Frame
from gateway.execution.generate import Column
from gateway.execution.level import FieldRows, Level
from gateway.execution.plan import Call, Field, Follow, Objects, Origin
from gateway.execution.room import lacking_room
from gateway.execution.rows import OFTEN, Form, as_bytes
from gateway.execution.run import Run
from gateway.execution.values import info
from gateway.roster.outcomes import no_room
from gateway.schema.cost import NoRoom, source_of
from gateway.schema.relations import Cardinality

_PLAIN = frozenset({list, tuple})


def descend(run: Run, frame: Frame, each: Field, values: list[Any]) -> Below:
    """Opens the frames of what a field has, objects or lists of objects.

    Raises:
    Anomaly: a value is none of the field's type, or what is wrong with it cannot be told from where it stands.
    """
    if each.completed.items_nullable is not None:
        return _listed(run, frame, each, values)
    keys = values.keys if isinstance(values, Shared) else values
    below, level = Below(), frame.level.below(each, range(len(keys)), None)
    times = len(keys) if level.weights is None else frame.times
    kinds = set(map(type, values))
    if isinstance(values, Shared):
        _present(run, each, below, values, kinds, each.completed.nullable, level.shared(keys), times)
        below.steps.append(lambda rows: _spread(values.distinct, keys, rows))
    else:
        _present(run, each, below, values, kinds, each.completed.nullable, level, times)
    return below


def _listed(run: Run, frame: Frame, each: Field, values: list[Any]) -> Below:
    if each.guessed and run.context.cost.limit is not None:
        values = _within_room(run, frame, each, values)
    plain = _PLAIN.issuperset(map(type, values))
    lists: list[Any] = values if plain else [_list(each, value) for value in values]
    if frame.level.above is None:
        run.roots[each.key] = lists[0]
    flat = list(chain.from_iterable(lists if plain else filter(None, lists)))
    kinds = set(map(type, flat))
    if any(map(is_error, kinds)):
        lists = [_told(run, frame, each, row, items) for row, items in enumerate(lists)]
        flat = list(chain.from_iterable(filter(None, lists)))
        kinds = set(map(type, flat))
    lengths = list(map(len, lists)) if plain else [0 if items is None else len(items) for items in lists]
    times = len(flat) if frame.level.weights is None else sum(map(mul, frame.level.weights, lengths))
    level, below = frame.level.listed(each, lengths), Below()
    _present(run, each, below, flat, kinds, bool(each.completed.items_nullable), level, times)
    below.steps.append(lambda rows: _cut(lists, lengths, rows))
    return below


def _list(each: Field, value: Any) -> list[Any] | None:
    if value is None and each.completed.nullable:
        return None
    if not is_iterable(value):
        raise Anomaly
    return list(value)


def _within_room(run: Run, frame: Frame, each: Field, lists: list[Any]) -> list[Any]:
    """Null for lists that the answer has no room for, and that told."""
    lacking = lacking_room(run.context.cost, each.nodes[0], lists, frame.level.weights)
    if not lacking:
        return lists
    rows, outcomes, found = FieldRows(frame.level, each), run.reading(frame.level).outcomes, list(lists)
    for row in lacking:
        source = source_of(frame.objects[row])
        if source is None:
            run.failed(frame.level, each, row, NoRoom())
        else:
            outcomes.fault(rows.place(row), no_room(source, rows.weight(row)))
        found[row] = None
    return found


def _told(run: Run, frame: Frame, each: Field, row: int, items: list[Any] | None) -> list[Any] | None:
    """A list with null for what failed, and that told."""
    if items is None:
        return None
    path = FieldRows(frame.level, each).path(row)
    for number, item in enumerate(items):
        if isinstance(item, Exception):
            if not each.completed.items_nullable or frame.level.weights is not None:
                raise Anomaly from item
            run.errors.append(located_error(item, list(each.nodes), [*path, number]))
    return [None if isinstance(item, Exception) else item for item in items]


# ------------------------------------------------------------------ objects


def _present(
    run: Run, each: Field, below: Below, values: list[Any], kinds: set[type], nullable: bool, level: Level, times: int
) -> None:
    """Of values, those that are not null."""
    if NoneType not in kinds:
        _once(run, each, below, values, kinds, level, times)
        return
    if not nullable:
        raise Anomaly
    kinds.discard(NoneType)
    rows = [row for row, value in enumerate(values) if value is not None]
    times = level.times(rows)
    _once(run, each, below, [values[row] for row in rows], kinds, level.only(rows), times)
    below.steps.append(lambda rows: _with_nulls(values, rows))


def _once(run: Run, each: Field, below: Below, objects: list[Any], kinds: set[type], level: Level, times: int) -> None:
    """What is the same object makes one row, where nothing tells its places apart."""
    of = each.completed.of
    assert isinstance(of, Objects)
    if len(objects) > 1 and of.shareable and _names(each.origin):
        names = list(map(id, objects))
        distinct = dict(zip(names, objects, strict=True))
        if len(distinct) < len(objects):
            _typed(run, each, of, below, list(distinct.values()), kinds, level.shared(names), times)
            below.steps.append(lambda rows: _spread(distinct, names, rows))
            return
    _typed(run, each, of, below, objects, kinds, level, times)


def _names(origin: Origin) -> bool:
    """Whether several objects are likely to lead to the same one."""
    if isinstance(origin, Follow):
        return origin.relation.cardinality is Cardinality.SEVERAL
    return isinstance(origin, Call) and origin.column is not None


def _typed(
    run: Run, each: Field, of: Objects, below: Below, objects: list[Any], kinds: set[type], level: Level, times: int
) -> None:
    """Objects, each after its type."""
    if of.nodes:
        run.context.cost.actual += times
    names = {kind: of.types.get(kind) or _type_of(run, each, of, kind, objects, level) for kind in kinds}
    several = dict.fromkeys(names.values())
    if len(several) == 1:
        [name] = several
        selection = of.selections[name]
        rows = None
        if len(kinds) == 1:
            rows = run.allowance.rows(run.reading(level), selection, objects, times, lambda: level, level.weights)
        if rows is None:
            frame = run.open(selection, objects, level, times)
        else:
            often = run.form is Form.STRUCTS and times >= OFTEN * len(objects)
            frame = Frame(selection, (), level, times, [], as_bytes(rows) if often else rows)
        below.frames.append((frame, ()))
        return
    for name in several:
        rows = [row for row, thing in enumerate(objects) if names[type(thing)] == name]
        part = run.open(of.selections[name], [objects[row] for row in rows], level.only(rows), level.times(rows))
        below.frames.append((part, rows))


def _type_of(run: Run, each: Field, of: Objects, kind: type, objects: list[Any], level: Level) -> str:
    """The name of the type of values of a class: what one of them is, all are."""
    assert level.above is not None
    sample = next(thing for thing in objects if type(thing) is kind)
    raw = info(run, FieldRows(level.above, each), level.parents[0])._raw_info
    name = type_name(of, sample, raw, run.schema._schema)
    if name not in of.selections:
        raise Anomaly
    of.types[kind] = name
    return name


# ------------------------------------------------------------------ steps


def _with_nulls(values: list[Any], rows: Column) -> Column:
    following = iter(rows)
    return [None if value is None else next(following) for value in values]


def _spread(distinct: Iterable[Any], keys: list[Any], rows: Column) -> Column:
    return list(map(dict(zip(distinct, rows, strict=True)).__getitem__, keys))


def _cut(lists: list[Any], lengths: list[int], rows: Column) -> Column:
    if len(lists) == 1 and lists[0] is not None:
        return [rows]
    following = iter(rows)
    return [
        None if items is None else list(islice(following, length)) for items, length in zip(lists, lengths, strict=True)
    ]
