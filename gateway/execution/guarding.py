"""A guarded field of many objects: of which it is shown as it is, of which something less, of which nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

import msgspec

from gateway.access.field_class import FieldClass
from gateway.execution.following import Shared
from gateway.execution.level import FieldRows
from gateway.roster.reading import Reading
from gateway.schema.personal import Guard, Lesser


class Parted(msgspec.Struct, frozen=True):
    """shown: the objects of which the field is as it is, by number; None: all. withheld: of which it is null, each with
    the class for lack of which. lesser: of which something less is made, each with what makes it.
    """

    shown: Sequence[int] | None
    sources: Sequence[str]
    withheld: Mapping[int, FieldClass]
    lesser: Mapping[int, Lesser]

    @classmethod
    def of(cls, reading: Reading, guard: Guard, sources: Sequence[str], arguments: Mapping[str, Any]) -> Parted:
        verdicts = {source: guard.verdict(reading, source, arguments) for source in dict.fromkeys(sources)}
        [verdict, *others] = set(verdicts.values()) or {None}
        if not others:
            every = range(len(sources))
            if verdict is None:
                return cls(None, sources, {}, {})
            if isinstance(verdict, FieldClass):
                return cls((), sources, dict.fromkeys(every, verdict), {})
            return cls((), sources, {}, dict.fromkeys(every, verdict))
        shown, withheld, lesser = list[int](), dict[int, FieldClass](), dict[int, Lesser]()
        for row, source in enumerate(sources):
            verdict = verdicts[source]
            if verdict is None:
                shown.append(row)
            elif isinstance(verdict, FieldClass):
                withheld[row] = verdict
            else:
                lesser[row] = verdict
        return cls(shown, sources, withheld, lesser)

    def tell(self, reading: Reading, rows: FieldRows) -> None:
        """What is withheld: of the first object, for as many as they are."""
        if self.withheld:
            [first, *_] = self.withheld
            count = len(self.withheld) if rows.level.weights is None else sum(map(rows.weight, self.withheld))
            reading.outcomes.withheld(rows.place(first), self.sources[first], self.withheld[first], count)

    def values(self, objects: Sequence[Any]) -> list[Any]:
        """A value for each object: None of those that are shown as they are."""
        values: list[Any] = [None] * len(objects)
        for row, make in self.lesser.items():
            values[row] = make(objects[row])
        return values

    def filled(self, values: list[Any], own: Sequence[Any]) -> list[Any]:
        """The same, with what it is of those that are shown."""
        if isinstance(own, Shared):
            own = list(map(dict(zip(own.distinct, own, strict=True)).__getitem__, own.keys))
        for row, value in zip(self.shown or (), own, strict=True):
            values[row] = value
        return values

    async def coming(self, values: list[Any], own: Awaitable[list[Any]]) -> list[Any]:
        return self.filled(values, await own)
