"""What is to be done for an operation, worked out once: values. `compiling` makes plans, `run` runs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLAbstractType,
    GraphQLField,
    GraphQLObjectType,
    OperationDefinitionNode,
)
from strawberry.types.field import StrawberryField

from adapters.predicate import Predicate
from gateway.execution import generate
from gateway.execution.generate import Build, Column
from gateway.schema.relations import Relation

Make: TypeAlias = Callable[[Column], Column]
"""Of many values, what is made of each."""


class CannotCompile(Exception):
    """The operation is left to graphql-core. The message says why, and holds nothing of a client's values."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar or an enum. ready: classes whose instances are answered as they are; None: all.

    table: what each member of an enum is answered as. convert: the type's own coercion, for all else.
    """

    ready: frozenset[type] | None
    table: Mapping[Any, str] | None
    member: type | None
    convert: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Objects:
    """selections: what is asked of each concrete type that values may have, by the type's name.

    types: the type of values of each class, as far as they have come. shareable: what is made of a value depends on
    nothing but the value, so that it can be made once.
    """

    declared: GraphQLObjectType | GraphQLAbstractType
    selections: Mapping[str, Selection]
    shareable: bool
    types: dict[type, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a field's type says. items_nullable: None where it is no list."""

    nullable: bool
    items_nullable: bool | None
    of: Leaf | Objects


@dataclass(frozen=True, slots=True)
class Constant:
    """`__typename`."""

    value: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """The value of the attribute of this name. column: of many objects."""

    name: str
    column: Callable[[Column], list[Any]]


@dataclass(frozen=True, slots=True)
class Call:
    """What the field's resolver returns. root, info: the names of the parameters that take the parent and the field's
    surroundings. waits: it is a coroutine function.

    alone: it may be handed the parent, by place, and nothing else. column: the same of many parents, in one call.
    """

    function: Callable[..., Any]
    root: str | None
    info: str | None
    waits: bool
    alone: bool = False
    column: Callable[..., Column] | None = None


@dataclass(frozen=True, slots=True)
class Follow:
    """Records that a relation leads to, read for all parents at once. call: where its arguments say too much."""

    relation: Relation
    call: Call


@dataclass(frozen=True, slots=True)
class Said:
    """Arguments that are the same in every run: given as literals, or left out. where: what they ask of a relation.

    lists: those whose values are lists, which a resolver is handed copies of.
    """

    values: Mapping[str, Any]
    lists: tuple[str, ...] = ()
    where: Predicate | None = None

    def taken(self) -> dict[str, Any]:
        values = dict(self.values)
        for name in self.lists:
            values[name] = list(values[name])
        return values


Origin: TypeAlias = Constant | Attribute | Call | Follow


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """One field of a selection. key: its name in the answer. nodes: where the document asks for it.

    said: its arguments; None where they depend on variables, or have to be made anew for each run. complete: of leaves,
    a column of values to what is answered of them.
    """

    key: str
    nodes: tuple[FieldNode, ...]
    parent: GraphQLObjectType
    definition: GraphQLField
    declared: StrawberryField | None
    origin: Origin
    shape: Shape | None
    said: Said | None = None
    complete: Make | None = None

    @property
    def completed(self) -> Shape:
        """The shape, of a field that is no constant."""
        assert self.shape is not None
        return self.shape

    @property
    def name(self) -> str:
        return f"{self.parent.name}.{self.nodes[0].name.value}"


@dataclass(frozen=True, eq=False)
class Selection:
    """What is asked of objects of one type. The code that builds rows is made when it is first needed."""

    type: GraphQLObjectType
    fields: tuple[Field, ...]

    @cached_property
    def columns(self) -> tuple[Field, ...]:
        """The fields whose values differ from row to row."""
        return tuple(each for each in self.fields if not isinstance(each.origin, Constant))

    @cached_property
    def leaves(self) -> tuple[tuple[int, Make, Make], ...]:
        """Of each column of leaves that is made of the objects alone: its number, how it is made and completed."""
        return tuple(
            (number, each.origin.column, each.complete)
            for number, each in enumerate(self.columns)
            if each.complete is not None
            and isinstance(each.origin, Attribute | Call)
            and each.origin.column is not None
            and (isinstance(each.origin, Attribute) or (each.origin.info is None and not each.definition.args))
        )

    @cached_property
    def others(self) -> tuple[tuple[int, Field], ...]:
        """The other columns."""
        simple = {number for number, _, _ in self.leaves}
        return tuple((number, each) for number, each in enumerate(self.columns) if number not in simple)

    @property
    def keys(self) -> generate.Keys:
        return [(f.key, f.origin.value if isinstance(f.origin, Constant) else None) for f in self.fields]

    @cached_property
    def dicts(self) -> Build:
        return generate.dicts(self.keys)

    @cached_property
    def structs(self) -> Build:
        return generate.structs(self.keys)


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A compiled operation. It holds nothing of one request: variables come when it is run. size: its fields."""

    size: int
    root: Selection
    operation: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]
