"""Where the rows of a level stand in the answer. Paths are worked out only when something went wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import chain, repeat
from typing import Any, overload

import msgspec
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
)
from graphql.pyutils import Path, is_awaitable

from gateway.execution.plan import Field
from gateway.roster.outcomes import FindPlace, Place
from gateway.schema.context import Context


class Later(Sequence[int]):
    """Numbers that are hardly ever asked for: worked out when they are."""

    __slots__ = ("_found", "_work")

    def __init__(self, work: Callable[[], Sequence[int]]) -> None:
        self._work = work
        self._found: Sequence[int] | None = None

    @property
    def _numbers(self) -> Sequence[int]:
        if self._found is None:
            self._found = self._work()
        return self._found

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[int]:
        return iter(self._numbers)

    @overload
    def __getitem__(self, place: int) -> int: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[int]: ...
    def __getitem__(self, place: int | slice) -> int | Sequence[int]:
        return self._numbers[place]


class Level(msgspec.Struct, eq=False):
    """parents: the row of the level above that each row is below. items: its place in that row's list, if it has one.

    weights: how often each row occurs, where rows that occur several times were made one; the place is the first then.
    """

    above: Level | None
    field: Field | None
    parents: Sequence[int]
    items: Sequence[int] | None = None
    weights: Sequence[int] | None = None

    def path(self, row: int) -> tuple[str | int, ...]:
        if self.above is None or self.field is None:
            return ()
        path = (*self.above.path(self.parents[row]), self.field.key)
        return path if self.items is None else (*path, self.items[row])

    def below(self, field: Field, parents: Sequence[int], items: Sequence[int] | None) -> Level:
        """Of the objects that a field of these rows has."""
        known = self.weights
        weights = None if known is None else Later(lambda: [known[row] for row in parents])
        return Level(self, field, parents, items, weights)

    def listed(self, field: Field, lengths: Sequence[int]) -> Level:
        """Of the objects in the lists that a field of these rows has, by how long they are."""
        return self.below(
            field,
            Later(lambda: list(chain.from_iterable(map(repeat, range(len(lengths)), lengths)))),
            Later(lambda: list(chain.from_iterable(map(range, lengths)))),
        )

    def only(self, rows: Sequence[int], weights: Sequence[int] | None = None) -> Level:
        """Of some of these rows. weights: where they differ from what they were."""
        items, known = self.items, self.weights
        if weights is None and known is not None:
            weights = Later(lambda: [known[row] for row in rows])
        return Level(
            self.above,
            self.field,
            Later(lambda: [self.parents[row] for row in rows]),
            None if items is None else Later(lambda: [items[row] for row in rows]),
            weights,
        )

    def shared(self, what: Sequence[Hashable]) -> Level:
        """Of the first of all rows that stand for the same; `what` each stands for."""

        def firsts() -> list[int]:
            found: dict[Hashable, int] = {}
            for row, each in enumerate(what):
                found.setdefault(each, row)
            return list(found.values())

        def weights() -> list[int]:
            if self.weights is None:
                return list(Counter(what).values())
            counts: dict[Hashable, int] = {}
            for row, each in enumerate(what):
                counts[each] = counts.get(each, 0) + self.weight(row)
            return list(counts.values())

        return self.only(Later(firsts), Later(weights))

    @property
    def depth(self) -> int:
        return 0 if self.above is None else 1 + self.above.depth

    @property
    def root(self) -> str | None:
        """The root field that the level is below, by its name in the answer."""
        level: Level | None = self
        name = None
        while level is not None and level.field is not None:
            name, level = level.field.key, level.above
        return name

    def weight(self, row: int) -> int:
        return 1 if self.weights is None else self.weights[row]

    def times(self, rows: Sequence[int]) -> int:
        """How often some rows occur, all together."""
        weights = self.weights
        return len(rows) if weights is None else sum([weights[row] for row in rows])


TOP = Level(None, None, (0,))
"""The outermost, of one row."""


class FieldRows(msgspec.Struct, eq=False):
    """One field of the rows of a level."""

    level: Level
    field: Field

    def path(self, row: int) -> tuple[str | int, ...]:
        return (*self.level.path(row), self.field.key)

    def place(self, row: int) -> FindPlace:
        return lambda: Place(path=self.path(row), nodes=self.field.nodes)

    def weight(self, row: int) -> int:
        return self.level.weight(row)


class ResolveInfo(msgspec.Struct, eq=False):
    """What a resolver may ask about where it stands: as graphql-core's `GraphQLResolveInfo`, made without its cost."""

    rows: FieldRows
    row: int
    context: Context
    schema: GraphQLSchema
    fragments: dict[str, FragmentDefinitionNode]
    operation: OperationDefinitionNode
    variable_values: Any
    root_value: Any = None

    @staticmethod
    def is_awaitable(value: Any) -> bool:
        return is_awaitable(value)

    @property
    def field_name(self) -> str:
        return self.rows.field.nodes[0].name.value

    @property
    def field_nodes(self) -> list[FieldNode]:
        return list(self.rows.field.nodes)

    @property
    def return_type(self) -> GraphQLOutputType:
        return self.rows.field.definition.type

    @property
    def parent_type(self) -> GraphQLObjectType:
        return self.rows.field.parent

    @property
    def path(self) -> Path:
        path: Path | None = None
        for key in self.rows.path(self.row):
            path = Path(path, key, None)
        assert path is not None
        return path
