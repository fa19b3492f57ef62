"""Rows of objects with all that is below them, in one go: where everything is held, and there is not much of it.

What cannot be read so is left to frames (`gateway.execution.below`): they can wait, and know where rows stand, so that
what went wrong there can be told. Nothing was told by then; only that fields are withheld is told of what is made here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from operator import mul
from typing import Any

from gateway.execution.completing import Anomaly
from gateway.execution.generate import Column
from gateway.execution.kept import KeptRows
from gateway.execution.level import Later, Level
from gateway.execution.plan import Branch, Selection
from gateway.execution.reached import FindLevel, Reached
from gateway.execution.rows import OFTEN, Form, as_bytes
from gateway.roster.levels import held_children
from gateway.roster.outcomes import LONGEST_LIST
from gateway.roster.reading import Reading
from gateway.schema.cost import Cost
from gateway.schema.fields import sources_of
from gateway.schema.relations import Cardinality
from gateway.schema.shown import Shown

MOST = 25_000
"""Values of an operation that are made so: the event loop is held for as long as that takes."""


class NotAtOnce(Exception):
    """There is too much of it, it is not held, or something is to be told of it."""


@dataclass(slots=True)
class Allowance:
    """What one operation may have made at once. values: how many more; none, once it was too much or in vain.

    cost: is told of all nodes below the rows that are made. shown: of all that was made. withheld: what stands in the
    answer without some of its fields.
    """

    form: Form
    kept: KeptRows
    cost: Cost
    values: int = MOST
    shown: Shown | None = None
    withheld: list[Reached] = field(default_factory=list)

    def met(self, selection: Selection, objects: Sequence[Any], times: int, level: FindLevel) -> None:
        """Objects that stand in the answer."""
        if self.shown is not None:
            self.shown.add(selection.type.name, objects)
        if selection.withheld:
            self.withheld.append(Reached(selection, objects, times, level))

    def rows(
        self,
        reading: Reading,
        selection: Selection,
        objects: Sequence[Any],
        times: int,
        level: FindLevel,
        weights: Sequence[int] | None = None,
    ) -> list[Any] | None:
        """The rows of objects of one class, if they can be made so. times: in how many places of the answer they stand,
        all together. weights: in how many each does, if that is not one.

        Raises:
        Anomaly: a value is none of its field's type.
        """
        branches = selection.branches
        if branches is None or (branches and len(objects) * len(selection.columns) > self.values):
            return None
        met, left = self.cost.actual, self.cost.left
        try:
            source, *others = set(sources_of(objects)) if branches else ("",)
            if others:
                return None
            making = _Making(self, reading, source)
            rows = making.rows(selection, objects, times, level, weights)
        except NotAtOnce:
            self.values, self.cost.actual, self.cost.left = 0, met, left
            return None
        except Exception as error:
            raise Anomaly from error
        for reached in making.made:
            self.met(*reached)
        return rows

    def take(self, values: int) -> None:
        self.values -= values
        if self.values < 0:
            raise NotAtOnce


@dataclass(slots=True)
class _Making:
    """source: that of the objects, and so of all that is below them; empty where nothing is. made: what rows were made
    of, where that is to be told.
    """

    allowance: Allowance
    reading: Reading
    source: str
    made: list[Reached] = field(default_factory=list)

    def rows(
        self,
        selection: Selection,
        objects: Sequence[Any],
        times: int,
        level: FindLevel,
        weights: Sequence[int] | None,
    ) -> list[Any]:
        count, branches = len(objects), selection.branches or ()
        if selection.withheld or self.allowance.shown is not None:
            self.made.append(Reached(selection, objects, times, level))
        kept = self._kept(selection.own, objects)
        if kept is not None and not branches:
            return kept
        self.allowance.take(count * len(selection.columns))
        columns = selection.all_leaves(objects) if kept is None else [kept] * len(selection.columns)
        for branch in branches:
            make = self._lists if branch.many else self._records
            columns[branch.number] = make(branch, objects, times, level, weights)
        if kept is not None:
            return selection.joined(count, columns[-len(branches) - 1 :])
        return (selection.dicts if self.allowance.form is Form.DICTS else selection.structs)(count, columns)

    def _kept(self, own: Selection | None, objects: Sequence[Any]) -> list[Any] | None:
        allowance = self.allowance
        if own is None or allowance.form is Form.DICTS or len(objects) < allowance.kept.rows_from:
            return None
        return allowance.kept.rows(self.reading, own, objects, self.source)

    def _records(
        self, branch: Branch, objects: Sequence[Any], times: int, level: FindLevel, weights: Sequence[int] | None
    ) -> Column:
        """A row, or null, for each of the objects; one for all that lead to the same."""
        ids = branch.ids(objects)
        distinct = dict.fromkeys(ids)
        names = [each for each in distinct if each is not None]
        found = self.reading.held_named(branch.relation.kind, self.source, names) if names else []
        if found is None:
            raise NotAtOnce
        if not all(found):
            if branch.relation.cardinality is not Cardinality.COMPANION:
                raise NotAtOnce
            names = [name for name, record in zip(names, found, strict=True) if record is not None]
            found = [record for record in found if record is not None]

        def below() -> Level:
            return level().below(branch.field, Later(lambda: _firsts(ids, names)), None)

        if len(found) == len(ids):
            return self._below(branch, found, times, below, weights)
        shared = Later(lambda: _places(ids, weights, names))
        rows = self._below(branch, found, times if len(names) == len(distinct) else sum(shared), below, shared)
        if self.allowance.form is Form.STRUCTS and len(ids) >= OFTEN * len(rows):
            rows = as_bytes(rows)
        return list(map(dict(zip(names, rows, strict=True)).get, ids))

    def _lists(
        self, branch: Branch, objects: Sequence[Any], times: int, level: FindLevel, weights: Sequence[int] | None
    ) -> Column:
        """A list of rows for each of the objects."""
        relation, ids = branch.relation, branch.ids(objects)
        broods = held_children(self.reading, relation.kind, relation.key, self.source, ids, branch.where)
        if broods is None:
            raise NotAtOnce
        lengths = list(map(len, broods))
        if max(lengths) > LONGEST_LIST:
            raise NotAtOnce
        records = list(chain.from_iterable(broods))
        times = len(records) if weights is None else sum(map(mul, weights, lengths))
        if not self.allowance.cost.take(branch.field.nodes[0], times):
            raise NotAtOnce
        below = None if weights is None else Later(lambda: list(chain.from_iterable(map(repeat, weights, lengths))))
        rows = self._below(branch, records, times, lambda: level().listed(branch.field, lengths), below)
        end = 0
        return [rows[end : (end := end + length)] for length in lengths]

    def _below(
        self, branch: Branch, records: Sequence[Any], times: int, level: FindLevel, weights: Sequence[int] | None
    ) -> list[Any]:
        if not records:
            return []
        kind, *others = set(map(type, records))
        if others or branch.of.types.get(kind) != branch.name:
            raise NotAtOnce  # what is of a class that has not come so far, too
        self.allowance.cost.actual += times  # what relations lead to are nodes, all of them
        return self.rows(branch.below, records, times, level, weights)


def _firsts(ids: Sequence[str | None], names: Iterable[str]) -> list[int]:
    """The numbers of those that name first what is named."""
    found = {each: number for number, each in reversed([*enumerate(ids)])}
    return [found[name] for name in names]


def _places(ids: Sequence[str | None], weights: Sequence[int] | None, names: Iterable[str]) -> list[int]:
    """In how many places of the answer what is named stands. weights: in how many what names it does."""
    counts = Counter[str | None]()
    if weights is None:
        counts.update(ids)
    else:
        for each, weight in zip(ids, weights, strict=True):
            counts[each] += weight
    return [counts[name] for name in names]
