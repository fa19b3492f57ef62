"""The outermost row, made in one go: root fields whose objects are there at once, and what these hold, such as the
records of a page. Below records it goes on as in `gateway.execution.at_once`.

Where an operation asks for little, frames and levels would cost more than what is in them. What cannot be made so is
left to frames, with what the root fields' resolvers returned. Nothing was told by then.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from gateway.execution.completing import Anomaly
from gateway.execution.generate import Column
from gateway.execution.level import TOP, FieldRows
from gateway.execution.plan import Call, Part, Selection
from gateway.execution.rows import Form
from gateway.execution.run import Run
from gateway.execution.values import arguments_of, info
from gateway.roster.reading import Reading


def row(run: Run) -> Any | None:
    """The row; None where it is left to frames, which find in `run.called` what the resolvers returned.

    Raises:
    Anomaly: the answer is not as the schema has it.
    """
    selection, called = run.plan.root, run.called
    roots = selection.roots
    if roots is None or not _asked(run, roots):
        return None
    columns: list[Column] = []
    try:
        for part in roots:
            value = called[part.field.key]
            if value is None:
                columns.append([None])
                continue
            run.context.cost.actual += part.of.nodes
            rows = _rows(run, run.reading_below(part.field.key), part.below, [value])
            if rows is None:
                run.forget_met()
                return None
            columns.append(rows)
    except Exception as error:
        run.roots |= called
        raise Anomaly from error
    return _built(run, selection, 1, columns)[0]


def _asked(run: Run, roots: Sequence[Part]) -> bool:
    """Whether all root fields have what they are to have, now that their resolvers were called."""
    known = True
    for part in roots:
        each, call = part.field, part.field.origin
        assert isinstance(call, Call)
        try:
            said = arguments_of(run, each)
        except Exception:  # told where it is noticed again
            return False
        if call.root is not None:
            said[call.root] = run.root_value
        if call.info is not None:
            said[call.info] = info(run, FieldRows(TOP, each), 0)
        try:
            value = call.function(**said)
        except Exception as error:
            value = error
        run.called[each.key] = value
        if part.of.types.get(type(value)) != part.name and not (value is None and each.completed.nullable):
            known = False
    return known


def _rows(run: Run, reading: Reading, selection: Selection, objects: Sequence[Any]) -> list[Any] | None:
    """The rows of objects of one class; None where they cannot be made so."""
    if selection.branches is not None:
        return run.allowance.rows(reading, selection, objects, len(objects))
    columns = selection.all_leaves(objects)
    for part in selection.parts or ():
        column = (_lists if part.many else _singles)(run, reading, part, part.make(objects))
        if column is None:
            return None
        columns[part.number] = column
    if run.context.shown is not None:
        run.context.shown.add(selection.type.name, objects)
    return _built(run, selection, len(objects), columns)


def _singles(run: Run, reading: Reading, part: Part, values: Column) -> Column | None:
    kind, *others = set(map(type, values))
    if part.of.nodes:
        run.context.cost.actual += len(values)
    return None if others or part.of.types.get(kind) != part.name else _rows(run, reading, part.below, values)


def _lists(run: Run, reading: Reading, part: Part, values: Column) -> Column | None:
    if not _PLAIN.issuperset(map(type, values)):
        return None
    rows: Column | None = values[0] if len(values) == 1 else list(chain.from_iterable(values))
    if rows:
        rows = _singles(run, reading, part, rows)
        if rows is None:
            return None
    if len(values) == 1:
        return [list(rows or ())]
    end = 0
    return [rows[end : (end := end + len(each))] for each in values] if rows is not None else None


def _built(run: Run, selection: Selection, count: int, columns: Sequence[Column]) -> list[Any]:
    return (selection.dicts if run.form is Form.DICTS else selection.structs)(count, columns)


_PLAIN = frozenset({list, tuple})
