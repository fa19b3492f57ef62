"""What is to be done for an operation, worked out once: values. `compiling` makes plans, `run` runs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
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

from gateway.schema.relations import Relation


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
    """The value of the attribute of this name."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """What the field's resolver returns. root, info: the names of the parameters that take the parent and the field's
    surroundings. waits: it is a coroutine function.
    """

    function: Callable[..., Any]
    root: str | None
    info: str | None
    waits: bool


@dataclass(frozen=True, slots=True)
class Follow:
    """Records that a relation leads to, read for all parents at once. call: where its arguments say too much."""

    relation: Relation
    call: Call


Origin: TypeAlias = Constant | Attribute | Call | Follow


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """One field of a selection. key: its name in the answer. nodes: where the document asks for it."""

    key: str
    nodes: tuple[FieldNode, ...]
    parent: GraphQLObjectType
    definition: GraphQLField
    declared: StrawberryField | None
    origin: Origin
    shape: Shape | None

    @property
    def name(self) -> str:
        return f"{self.parent.name}.{self.nodes[0].name.value}"


Column: TypeAlias = Sequence[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """What is asked of objects of one type. build: columns, one for each field that is no constant, to rows."""

    type: GraphQLObjectType
    fields: tuple[Field, ...]
    build: Callable[[int, Sequence[Column]], list[dict[str, Any]]]

    @property
    def columns(self) -> Sequence[Field]:
        return [each for each in self.fields if not isinstance(each.origin, Constant)]


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A compiled operation. It holds nothing of one request: variables come when it is run. size: its fields."""

    size: int
    root: Selection
    operation: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]
