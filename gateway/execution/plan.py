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
from gateway.access.field_class import FieldClass
from gateway.execution import generate
from gateway.execution.generate import Build, Column
from gateway.schema.arguments import given
from gateway.schema.personal import Guard, Lesser, Verdict
from gateway.schema.relations import Cardinality, Relation

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
    nothing but the value, so that it can be made once. nodes: each of them counts in what the answer costs.
    """

    declared: GraphQLObjectType | GraphQLAbstractType
    selections: Mapping[str, Selection]
    shareable: bool
    nodes: bool
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


@dataclass(frozen=True, slots=True)
class FromVariable:
    """An argument that is a variable and no more. name: in Python. convert: to what resolvers take, where it is not."""

    name: str
    variable: str
    nullable: bool
    required: bool
    convert: Callable[[Any], Any] | None


@dataclass(frozen=True, slots=True)
class Varying:
    """Arguments of which some are variables. said: all of them, where no variable is given."""

    said: Said
    named: tuple[FromVariable, ...]

    def taken(self, given: Mapping[str, Any]) -> dict[str, Any] | None:
        """The arguments by the values of variables that are given; None where these do not fit."""
        values = self.said.taken()
        for each in self.named:
            if each.variable not in given:
                if each.required:
                    return None
                continue
            value = given[each.variable]
            if value is None and not each.nullable:
                return None
            values[each.name] = value if each.convert is None or value is None else each.convert(value)
        return values


Origin: TypeAlias = Constant | Attribute | Call | Follow


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """One field of a selection. key: its name in the answer. nodes: where the document asks for it.

    said: its arguments; None where they depend on variables, or have to be made anew for each run. varying: how they
    depend on variables, where that is simple. complete: of leaves, a column of values to what is answered of them.
    guard: what may withhold it from the clients for which the plan was made. verdict: the guard's, where it is the same
    of every source. guessed: how many objects it has is not known from the document.
    """

    key: str
    nodes: tuple[FieldNode, ...]
    parent: GraphQLObjectType
    definition: GraphQLField
    declared: StrawberryField | None
    origin: Origin
    shape: Shape | None
    said: Said | None = None
    varying: Varying | None = None
    complete: Make | None = None
    guard: Guard | None = None
    verdict: Verdict = None
    guessed: bool = False

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
    """What is asked of objects of one type. The code that builds rows is made when it is first needed.

    begins: its rows are what others begin with.
    """

    type: GraphQLObjectType
    fields: tuple[Field, ...]
    begins: bool = False

    @cached_property
    def columns(self) -> tuple[Field, ...]:
        """The fields whose values differ from row to row."""
        return tuple(each for each in self.fields if not isinstance(each.origin, Constant))

    @cached_property
    def leaves(self) -> tuple[tuple[int, Make, Make], ...]:
        """Of each column of leaves that is made of the objects alone: its number, how it is made and completed. So is
        what is null of all of them.
        """
        made = [(number, _leaf(each)) for number, each in enumerate(self.columns)]
        return tuple((number, *leaf) for number, leaf in made if leaf is not None)

    @cached_property
    def withheld(self) -> tuple[tuple[Field, FieldClass], ...]:
        """The fields that are null of all objects, each with the class for lack of which."""
        return tuple((each, each.verdict) for each in self.columns if isinstance(each.verdict, FieldClass))

    @cached_property
    def others(self) -> tuple[tuple[int, Field], ...]:
        """The other columns."""
        simple = {number for number, _, _ in self.leaves}
        return tuple((number, each) for number, each in enumerate(self.columns) if number not in simple)

    @property
    def taken(self) -> Mapping[int, generate.Taken]:
        """How the columns of leaves are made, by number."""
        return {number: _taken(self.columns[number], make, complete) for number, make, complete in self.leaves}

    @cached_property
    def all_leaves(self) -> generate.Leaves:
        """All columns of leaves, of many objects."""
        return generate.leaves(len(self.columns), self.taken)

    @cached_property
    def branches(self) -> tuple[Branch, ...] | None:
        """The other columns, where all of them are relations to records of which no more is asked than that; else None.

        What stands in them can be read in one go then (`gateway.execution.at_once`).
        """
        found = [_branch(number, each) for number, each in self.others]
        known = tuple(branch for branch in found if branch is not None)
        return known if len(known) == len(found) else None

    @cached_property
    def own(self) -> Selection | None:
        """What is asked of the objects themselves: all of it, or the leaves, where branches come after all of them."""
        branches = self.branches
        if not branches:
            return None if branches is None else self
        first = self.fields.index(self.columns[branches[0].number])
        leaves = len(self.columns) - len(branches)
        return Selection(self.type, self.fields[:first], begins=True) if 0 < leaves == branches[0].number else None

    @cached_property
    def parts(self) -> tuple[Part, ...] | None:
        """The other columns, where each is objects that the parents hold, of which no more is asked than can be made in
        one go; else None.
        """
        found = [_part(number, each, _own(each)) for number, each in self.others]
        known = tuple(part for part in found if part is not None)
        return known if len(known) == len(found) else None

    @cached_property
    def roots(self) -> tuple[Part, ...] | None:
        """The same of the outermost selection, whose resolvers are told where they stand."""
        calls = all(isinstance(each.origin, Call) and not each.origin.waits for each in self.columns)
        found = [_part(number, each, _asked) for number, each in enumerate(self.columns)] if calls else []
        known = tuple(part for part in found if part is not None and not part.many)
        return known if known and len(known) == len(self.columns) else None

    @property
    def keys(self) -> generate.Keys:
        return [(f.key, f.origin.value if isinstance(f.origin, Constant) else None) for f in self.fields]

    @cached_property
    def dicts(self) -> Build:
        return generate.dicts(self.keys)

    @cached_property
    def structs(self) -> Build:
        return generate.structs(self.keys)

    @cached_property
    def joined(self) -> Build:
        """Rows of what is kept of `own`, and of the branches."""
        assert self.own is not None
        return generate.structs([(self.fields[0].key, None), *self.keys[len(self.own.fields) :]])


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """A column of records, or of lists of them. of: the one type that they have, by its name, and what is asked of it.

    ids: of the parents, the ids by which the records are found: their own for lists of children, else the records'.
    """

    number: int
    field: Field
    relation: Relation
    many: bool
    ids: Make
    where: Predicate | None
    of: Objects
    name: str
    below: Selection


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A column of objects, or of lists of them, that are there with their parents. make: of the parents, the column.

    of: the one type that they have, by its name, and what is asked of it.
    """

    number: int
    field: Field
    make: Make
    many: bool
    of: Objects
    name: str
    below: Selection


def _leaf(each: Field) -> tuple[Make, Make] | None:
    """How a column of leaves, or of nulls, is made and completed."""
    if isinstance(each.verdict, FieldClass):
        return _nulls, _unchanged
    make = _own(each) if each.complete is not None else None
    return None if make is None or each.complete is None else (make, each.complete)


def _nulls(objects: Column) -> Column:
    return [None] * len(objects)


def _unchanged(values: Column) -> Column:
    return values


def _lesser(made: Lesser) -> Make:
    return lambda objects: list(map(made, objects))


def _own(each: Field) -> Make | None:
    """How a column is made of the objects and nothing else; None where it takes more than they are."""
    origin = each.origin
    if each.guard is not None:
        return None if each.verdict is None or isinstance(each.verdict, FieldClass) else _lesser(each.verdict)
    if isinstance(origin, Attribute):
        return origin.column
    if not isinstance(origin, Call) or origin.info is not None or origin.waits or each.definition.args:
        return None
    if origin.column is not None:
        return origin.column
    function = origin.function
    return (lambda objects: list(map(function, objects))) if origin.alone else None


def _asked(objects: Column) -> Column:
    raise AssertionError("a root field is asked of its resolver")


def _part(number: int, each: Field, make: Make | None) -> Part | None:
    of = each.completed.of
    if make is None or not isinstance(of, Objects) or len(of.selections) > 1:
        return None
    [(name, below)] = of.selections.items()
    if below.branches is None and below.parts is None:
        return None
    return Part(number, each, make, each.completed.items_nullable is not None, of, name, below)


def _branch(number: int, each: Field) -> Branch | None:
    origin, of, said = each.origin, each.completed.of, each.said
    if not isinstance(origin, Follow) or not isinstance(of, Objects) or said is None or not each.completed.nullable:
        return None
    if each.guard is not None:
        return None
    relation = origin.relation
    if relation.cardinality is Cardinality.SEVERAL or not of.shareable or len(of.selections) > 1:
        return None
    if any(given(said.values.get(name)) is not None for name in relation.alone):
        return None
    [(name, selection)] = of.selections.items()
    if selection.branches is None:
        return None
    many = relation.cardinality is Cardinality.CHILDREN
    ids = generate.attribute("sourced_id" if many else relation.key)
    return Branch(number, each, relation, many, ids, said.where, of, name, selection)


def _taken(each: Field, make: Make, complete: Make) -> generate.Taken:
    """How a column of leaves is made."""
    of = each.completed.of
    name = each.origin.name if isinstance(each.origin, Attribute) and each.guard is None else None
    if make is _nulls or not isinstance(of, Leaf) or each.completed.items_nullable is not None:
        return generate.Taken(None, make, complete)
    table: dict[Any, str | None] | None = None if of.table is None else {**of.table}
    if table is not None and each.completed.nullable:
        table[None] = None
    nulls = frozenset({type(None)}) if each.completed.nullable else frozenset()
    return generate.Taken(name, make, complete, table, of.ready | nulls if of.ready else None)


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A compiled operation. It holds nothing of one request: variables come when it is run. size: its fields."""

    size: int
    root: Selection
    operation: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]
