"""Operations made up at random over a schema, which it takes as they are: fields, arguments, aliases, fragments,
directives, variables with and without defaults.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeAlias

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
    is_required_input_field,
)

from gateway.schema.sizes import EXPECTED

Values = Mapping[str, Callable[[Random], Any]]
"""What may be said for arguments: a JSON value; enum members as `Word`, what is to be left out as ABSENT. By their
name, or else by their type's; enums, lists and input objects need none.

Under "Query.user", all arguments of a field at once: values by name.
"""

Composite: TypeAlias = GraphQLObjectType | GraphQLInterfaceType

ABSENT = object()

ODD_NAMES = ("None", "self", "def", "v0", "columns", "_", "__class__", "__slots__", "id0", "lambda", "encode", "async")
"""Names that a field may be given, as any other: words of the language that the gateway is written in."""


class Word(str):
    """Written without quotes where it stands in a document."""


@dataclass(frozen=True, slots=True)
class Made:
    text: str
    variables: dict[str, Any]

    def says(self, word: str) -> bool:
        return word in self.text or word in str(self.variables)

    @property
    def guessed(self) -> bool:
        """Whether it asks for a list that nothing bounds."""
        return any(self.says(field.partition(".")[2]) for field in EXPECTED)


@dataclass(slots=True)
class Maker:
    """most: fields of one selection; size: of an operation, about. deepest: objects within objects. widest: objects on
    one level, about, if every list has four. without: fields that are not asked for, such as "Source.state". often:
    those that are asked for more than others: of choices in which they are, so many, `rather`. asked: how often each
    was.
    """

    schema: GraphQLSchema
    values: Values
    random: Random
    deepest: int = 4
    most: int = 5
    size: int = 30
    widest: int = 300
    without: frozenset[str] = frozenset()
    often: frozenset[str] = frozenset()
    rather: float = 0.7
    asked: Counter[str] = field(default_factory=Counter)
    _declared: dict[str, tuple[str, Any]] = field(default_factory=dict)
    _fragments: dict[str, tuple[str, str]] = field(default_factory=dict)
    _again: dict[str, list[tuple[str, GraphQLField]]] = field(default_factory=dict)
    _odd: list[str] = field(default_factory=list)
    _count: int = 0
    _left: int = 0
    _various: dict[str, frozenset[str]] = field(default_factory=dict)

    def operation(self) -> Made:
        """A query that the schema takes."""
        self._declared, self._fragments, self._again, self._count = {}, {}, {}, 0
        self._odd = self.random.sample(ODD_NAMES, len(ODD_NAMES))
        self._left = self.random.randint(self.size // 3, self.size)
        assert self.schema.query_type is not None
        body = self._selection(self.schema.query_type, self.deepest, 1)
        declared = ", ".join(f"${name}: {kind}" for name, (kind, _) in self._declared.items())
        head = f"query Made({declared})" if declared else "query Made"
        fragments = (f"fragment {name} on {kind} {text}" for name, (kind, text) in self._fragments.items())
        given = {name: value for name, (_, value) in self._declared.items() if value is not ABSENT}
        return Made("\n".join([f"{head} {body}", *fragments]), given)

    # -------------------------------------------------------------- selections

    def _selection(self, kind: Composite, depth: int, width: int, inside: str = "") -> str:
        """inside: the type that a fragment is on, for its own fields."""
        count = min(self.random.randint(1, self.most), max(1, self._left))
        parts = [self._part(kind, depth, width, inside) for _ in range(count)]
        return "{ " + " ".join(parts) + " }"

    def _part(self, kind: Composite, depth: int, width: int, inside: str) -> str:
        self._left -= 1
        chance = self.random.random()
        if chance < 0.06:
            return f"{self._alias() if chance < 0.02 else ''}__typename{self._directive()}"
        if chance < 0.16:
            return self._fragment(kind, depth, width)
        if chance < 0.2 and (again := self._again.get(kind.name)):
            said, each = self.random.choice(again)
            if depth > 0 and width * _fan(each) <= self.widest:
                return f"{said}{self._directive()}{self._below(each, depth, width)}"
        names = self._askable(kind, depth, width)
        if not names:
            return "__typename"
        rather = [name for name in names if f"{kind.name}.{name}" in self.often]
        name = self.random.choice(rather if rather and self.random.random() < self.rather else names)
        self.asked[f"{kind.name}.{name}"] += 1
        each = kind.fields[name]
        said = self._arguments(f"{kind.name}.{name}", each.args)
        alias = ""
        if said or self.random.random() < 0.1:
            alias = self._alias()
        elif inside and name in self._same_name(inside):
            alias = f"{name}{inside}: "
        whole = f"{alias}{name}{said}"
        if is_composite_type(get_named_type(each.type)):
            self._again.setdefault(kind.name, []).append((whole, each))
        return f"{whole}{self._directive()}{self._below(each, depth, width)}"

    def _below(self, each: GraphQLField, depth: int, width: int) -> str:
        named = get_named_type(each.type)
        if not isinstance(named, GraphQLObjectType | GraphQLInterfaceType):
            return ""
        return " " + self._selection(named, depth - 1, width * _fan(each))

    def _askable(self, kind: Composite, depth: int, width: int) -> list[str]:
        """Fields of a type that may be asked for here: values, or as often objects, as long as there is room."""
        leaves, objects = [], []
        for name, each in kind.fields.items():
            if f"{kind.name}.{name}" in self.without or not self._known(f"{kind.name}.{name}", each.args):
                continue
            if not is_composite_type(get_named_type(each.type)):
                leaves.append(name)
            elif depth > 0 and width * _fan(each) <= self.widest:
                objects.append(name)
        if kind is self.schema.query_type and objects:
            lists = [name for name in objects if "first" in kind.fields[name].args]
            return lists if lists and self.random.random() < 0.5 else objects
        likely = self.rather if any(f"{kind.name}.{name}" in self.often for name in objects) else 0.5
        if objects and self._left > 0 and (not leaves or self.random.random() < likely):
            return objects
        return leaves

    def _fragment(self, kind: Composite, depth: int, width: int) -> str:
        fitting: list[Composite] = [kind, *kind.interfaces]
        if isinstance(kind, GraphQLInterfaceType):
            below = self.schema.get_implementations(kind)
            fitting += [*below.interfaces, *self.random.sample(below.objects, min(4, len(below.objects)))]
        ready = [name for name, (on, _) in self._fragments.items() if any(on == each.name for each in fitting)]
        if ready and self.random.random() < 0.3:
            return f"...{self.random.choice(ready)}{self._directive()}"
        chosen = self.random.choice(fitting)
        inside = chosen.name if isinstance(chosen, GraphQLObjectType) else ""
        directive = self._directive()
        body = self._selection(chosen, depth, width, inside)
        if self.random.random() < 0.5:
            condition = "" if self.random.random() < 0.3 and chosen is kind else f" on {chosen.name}"
            return f"...{condition}{directive} {body}"
        name = self._next("F")
        self._fragments[name] = chosen.name, body
        return f"...{name}{directive}"

    def _same_name(self, kind: str) -> frozenset[str]:
        """Fields of a type that types beside it have as well, and of another type: they cannot stand side by side."""
        if not self._various:
            types: dict[str, set[str]] = {}
            objects = [each for each in self.schema.type_map.values() if isinstance(each, GraphQLObjectType)]
            for each in objects:
                for name, other in each.fields.items():
                    types.setdefault(name, set()).add(str(other.type))
            for each in objects:
                self._various[each.name] = frozenset(name for name in each.fields if len(types[name]) > 1)
        return self._various[kind]

    def _alias(self) -> str:
        name = self._odd.pop() if self._odd and self.random.random() < 0.2 else self._next("a")
        return f"{name}: "

    def _directive(self) -> str:
        if self.random.random() > 0.08:
            return ""
        name, value = self.random.choice([("skip", False), ("skip", True), ("include", True), ("include", False)])
        if self.random.random() < 0.5:
            return f" @{name}(if: {literal(value)})"
        return f" @{name}(if: {self._variable('Boolean!', value)})"

    # -------------------------------------------------------------- arguments

    def _known(self, place: str, declared: Mapping[str, GraphQLArgument]) -> bool:
        if place in self.values:
            return True
        return all(
            name in self.values or self._makeable(get_named_type(each.type))
            for name, each in declared.items()
            if is_required_argument(each)
        )

    def _makeable(self, kind: Any) -> bool:
        return kind.name in self.values or isinstance(kind, GraphQLEnumType | GraphQLInputObjectType)

    def _arguments(self, place: str, declared: Mapping[str, GraphQLArgument]) -> str:
        chosen: dict[str, Any] = self.values[place](self.random) if place in self.values else {}
        likely = 1.2 / max(1, len(declared))
        for name in declared if place not in self.values else ():
            if is_required_argument(declared[name]) or name == "first" or self.random.random() < likely:
                value = self._value(name, declared[name].type)
                if value is not ABSENT:
                    chosen[name] = value
        said = [f"{name}: {self._said(declared[name].type, value)}" for name, value in chosen.items()]
        return f"({', '.join(said)})" if said else ""

    def _value(self, name: str, kind: GraphQLInputType) -> Any:
        """A value for an argument."""
        make = self.values.get(name)
        return make(self.random) if make is not None else self._of(kind)

    def _of(self, kind: Any) -> Any:
        if isinstance(kind, GraphQLNonNull):
            return self._there(kind.of_type)
        return None if self.random.random() < 0.03 else self._there(kind)

    def _there(self, kind: Any) -> Any:
        if isinstance(kind, GraphQLList):
            return [self._of(kind.of_type) for _ in range(self.random.choice([0, 1, 1, 2]))]
        if kind.name in self.values:
            return self.values[kind.name](self.random)
        if isinstance(kind, GraphQLEnumType):
            return Word(self.random.choice(list(kind.values)))
        if isinstance(kind, GraphQLInputObjectType):
            needed = [name for name, each in kind.fields.items() if is_required_input_field(each)]
            others = [name for name in kind.fields if name not in needed and name not in ("and", "or", "not")]
            if kind.is_one_of:
                name = self.random.choice(others)
                return {name: self._there(kind.fields[name].type)}
            some = self.random.sample(others, min(len(others), self.random.choice([0, 1, 1, 2])))
            return {name: self._of(kind.fields[name].type) for name in [*needed, *some]}
        if kind.name == "Boolean":
            return self.random.random() < 0.5
        raise AssertionError(f"no value is known for {kind}")

    def _said(self, kind: GraphQLInputType, value: Any) -> str:
        """`value` as it stands in the document: as it is, or a variable."""
        chance = self.random.random()
        if chance < 0.3:
            nullable = not is_non_null_type(kind)
            if chance < 0.03 and nullable:
                return self._variable(str(kind), ABSENT)
            if chance < 0.1 and value is not None:
                default = f"{str(kind).rstrip('!')} = {literal(value)}"
                other = ABSENT if self.random.random() < 0.7 or not nullable else None
                return self._variable(default, other)
            return self._variable(str(kind), value)
        named = kind.of_type if is_non_null_type(kind) else kind
        if isinstance(named, GraphQLInputObjectType) and isinstance(value, Mapping) and not named.is_one_of:
            parts = (f"{name}: {self._said(named.fields[name].type, each)}" for name, each in value.items())
            return "{" + ", ".join(parts) + "}"
        return literal(value)

    def _variable(self, kind: str, value: Any) -> str:
        alike = [name for name, (other, given) in self._declared.items() if other == kind and given == value]
        if alike and self.random.random() < 0.5:
            return f"${alike[0]}"
        name = self._next("v")
        self._declared[name] = (kind, value)
        return f"${name}"

    def _next(self, start: str) -> str:
        self._count += 1
        return f"{start}{self._count}"


def _fan(each: GraphQLField) -> int:
    kind = each.type
    return 4 if is_list_type(kind.of_type if is_non_null_type(kind) else kind) else 1


def literal(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case Word():
            return str(value)
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case Mapping():
            return "{" + ", ".join(f"{name}: {literal(each)}" for name, each in value.items()) + "}"
        case Sequence():
            return "[" + ", ".join(map(literal, value)) + "]"
    return str(value)
