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
from gateway.execution.reached import FindLevel
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
            rows = _singles(run, run.reading_below(part.field.key), part, [value], lambda: TOP)
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


def _singles(run: Run, reading: Reading, part: Part, values: Column, level: FindLevel) -> Column | None:
    """A row for each of the parents, which stand at `level`; None where they cannot be made so."""
    return _rows(run, reading, part, values, lambda: level().below(part.field, range(len(values)), None))


def _lists(run: Run, reading: Reading, part: Part, values: Column, level: FindLevel) -> Column | None:
    """A list of rows for each."""
    if not _PLAIN.issuperset(map(type, values)):
        return None
    lengths = list(map(len, values))
    rows: Column | None = values[0] if len(values) == 1 else list(chain.from_iterable(values))
    if rows:
        rows = _rows(run, reading, part, rows, lambda: level().listed(part.field, lengths))
        if rows is None:
            return None
    if len(values) == 1:
        return [list(rows or ())]
    end = 0
    return [rows[end : (end := end + length)] for length in lengths] if rows is not None else None


def _rows(run: Run, reading: Reading, part: Part, objects: Sequence[Any], level: FindLevel) -> list[Any] | None:
    """The rows of objects; None where they cannot be made so."""
    kind, *others = set(map(type, objects))
    if part.of.nodes:
        run.context.cost.actual += len(objects)
    if others or part.of.types.get(kind) != part.name:
        return None
    selection = part.below
    if selection.branches is not None:
        return run.allowance.rows(reading, selection, objects, len(objects), level)
    columns = selection.all_leaves(objects)
    for each in selection.parts or ():
        column = (_lists if each.many else _singles)(run, reading, each, each.make(objects), level)
        if column is None:
            return None
        columns[each.number] = column
    run.allowance.met(selection, objects, len(objects), level)
    return _built(run, selection, len(objects), columns)


def _built(run: Run, selection: Selection, count: int, columns: Sequence[Column]) -> list[Any]:
    return (selection.dicts if run.form is Form.DICTS else selection.structs)(count, columns)


_PLAIN = frozenset({list, tuple})
