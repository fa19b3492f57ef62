"""Where the rows of a level stand in the answer. Paths are worked out only when something went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
)
from graphql.pyutils import Path

from gateway.execution.plan import Field
from gateway.roster.outcomes import FindPlace, Place
from gateway.schema.context import Context


@dataclass(frozen=True, slots=True, eq=False)
class Level:
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


@dataclass(frozen=True, slots=True)
class FieldRows:
    """One field of the rows of a level."""

    level: Level
    field: Field

    def path(self, row: int) -> tuple[str | int, ...]:
        return (*self.level.path(row), self.field.key)

    def place(self, row: int) -> FindPlace:
        return lambda: Place(path=self.path(row), nodes=self.field.nodes)

    def weight(self, row: int) -> int:
        return self.level.weight(row)


@dataclass(slots=True, eq=False)
class ResolveInfo:
    """What a resolver may ask about where it stands: as graphql-core's `GraphQLResolveInfo`, made without its cost."""

    rows: FieldRows
    row: int
    context: Context
    schema: GraphQLSchema
    fragments: dict[str, FragmentDefinitionNode]
    operation: OperationDefinitionNode
    variable_values: Any
    root_value: Any = None

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
