"""Parts of an answer with which something is wrong, and what becomes null because of it.

A part that stands in several places is completed once. What is wrong with it is told for each of its places, in the
order of the document: a null that is not allowed takes the nearest null that is, and what would have come after it,
below that null, is not told. One error is told of each null.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from graphql import GraphQLError, located_error

from gateway.execution.plan import Field
from gateway.roster.outcomes import Fault, Outcomes, Path, Place

_STRETCH = 100
"""Items that something is wrong with between two looks at the clock."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A value that is not there, or not of its type."""

    error: Exception


@dataclass(frozen=True, slots=True)
class Beside:
    """A value, and what went wrong with sources when it was read."""

    value: Any
    faults: Sequence[Fault]


@dataclass(frozen=True, slots=True)
class Row:
    """An object of the answer with these fields wrong, in their order."""

    values: dict[str, Any]
    wrong: Sequence[Field]


@dataclass(frozen=True, slots=True)
class Items:
    """A list of the answer with these items wrong, by number."""

    values: Sequence[Any]
    wrong: Sequence[int]


@dataclass(frozen=True, slots=True)
class Cells:
    """What one field, or one list, is answered as: values as they are, but for those of these numbers, which are one of
    the four above.
    """

    values: Sequence[Any]
    wrong: Collection[int] = ()


Wrong: TypeAlias = Failed | Beside | Row | Items


class _Nulled(Exception):
    """On its way to the nearest value that may be null."""

    def __init__(self, error: GraphQLError) -> None:
        self.error = error


@dataclass(slots=True)
class Nulling:
    """Tells `outcomes` what went wrong with sources, and collects all other errors."""

    outcomes: Outcomes
    breathe: Callable[[], Awaitable[None]]
    errors: list[GraphQLError] = field(default_factory=list)
    _copies: dict[int, tuple[dict[str, Any], Row]] = field(default_factory=dict)

    def row_of(self, part: Any) -> Any:
        """Of what became a part of the data, the row that it was."""
        copy = self._copies.get(id(part))
        return part if copy is None else copy[1]

    async def data(self, root: Any) -> Any:
        """The answer with its nulls; None where they reach its root."""
        if not isinstance(root, Row):
            return root
        try:
            return await self._row(root, ())
        except _Nulled as nulled:
            self.errors = [nulled.error]
            return None

    async def _row(self, row: Row, path: Path) -> dict[str, Any]:
        values = row.values.copy()
        self._copies[id(values)] = values, row
        for each in row.wrong:
            values[each.key] = await self._or_null(each, values[each.key], (*path, each.key), each.completed.nullable)
        return values

    async def _items(self, each: Field, items: Items, path: Path) -> list[Any]:
        values, nullable = list(items.values), bool(each.completed.items_nullable)
        for count, number in enumerate(items.wrong, 1):
            values[number] = await self._or_null(each, values[number], (*path, number), nullable)
            if count % _STRETCH == 0:
                await self.breathe()
        return values

    async def _or_null(self, each: Field, wrong: Wrong, path: Path, nullable: bool) -> Any:
        told = len(self.errors)
        try:
            return await self._value(each, wrong, path)
        except _Nulled as nulled:
            if not nullable:
                raise
            del self.errors[told:]  # of what is no more
            self.errors.append(nulled.error)
            return None

    async def _value(self, each: Field, wrong: Any, path: Path) -> Any:
        match wrong:
            case Row():
                return await self._row(wrong, path)
            case Items():
                return await self._items(each, wrong, path)
            case Failed(error):
                raise _Nulled(located_error(error, list(each.nodes), list(path)))
            case Beside(value, faults):
                for fault in faults:
                    self.outcomes.told(Place(path, each.nodes), fault)
                return await self._value(each, value, path)
        return wrong
