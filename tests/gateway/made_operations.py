"""Valid operations made up at random over a schema: fields, arguments, aliases, fragments, directives, variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_composite_type,
    is_leaf_type,
    is_required_argument,
    parse,
    validate,
)

Values = Mapping[str, Callable[[Random], Any]]
"""What may be said for arguments, by name: a JSON value; enum members as `Word`."""


class Word(str):
    """Written without quotes where it stands in a document."""


@dataclass(frozen=True, slots=True)
class Made:
    text: str
    variables: dict[str, Any]


@dataclass(slots=True)
class Maker:
    """most: fields of one selection. deepest: objects within objects. without: fields that are not asked for, such
    as "Source.state".
    """

    schema: GraphQLSchema
    values: Values
    random: Random
    deepest: int = 4
    most: int = 5
    without: frozenset[str] = frozenset()
    _declared: dict[str, tuple[str, Any]] = field(default_factory=dict)
    _fragments: dict[str, str] = field(default_factory=dict)
    _count: int = 0

    def operation(self) -> Made:
        """A query that the schema takes."""
        while True:
            self._declared, self._fragments, self._count = {}, {}, 0
            assert self.schema.query_type is not None
            body = self._selection(self.schema.query_type, self.deepest)
            declared = ", ".join(f"${name}: {kind}" for name, (kind, _) in self._declared.items())
            head = f"query Made({declared})" if declared else "query Made"
            text = "\n".join([f"{head} {body}", *self._fragments.values()])
            if not validate(self.schema, parse(text)):
                return Made(text, {name: value for name, (_, value) in self._declared.items()})

    def _selection(self, kind: GraphQLObjectType | GraphQLInterfaceType, depth: int) -> str:
        parts = [self._part(kind, depth) for _ in range(self.random.randint(1, self.most))]
        chosen = [part for part in parts if part]
        return "{ " + " ".join(chosen or ["__typename"]) + " }"

    def _part(self, kind: GraphQLObjectType | GraphQLInterfaceType, depth: int) -> str:
        chance = self.random.random()
        if chance < 0.05:
            return "__typename"
        if chance < 0.13:
            return self._fragment(kind, depth)
        names = [
            name
            for name, each in kind.fields.items()
            if f"{kind.name}.{name}" not in self.without
            and (
                is_leaf_type(get_named_type(each.type)) or (depth > 0 and is_composite_type(get_named_type(each.type)))
            )
        ]
        if depth == self.deepest and kind is self.schema.query_type:
            names = [n for n in names if is_composite_type(get_named_type(kind.fields[n].type))]
        name = self.random.choice(names)
        each = kind.fields[name]
        said = self._arguments(each.args)
        if said is None:
            return ""
        alias = ""
        if said or self.random.random() < 0.1:
            alias = f"{self._next('a')}: "
        below = ""
        named = get_named_type(each.type)
        if isinstance(named, GraphQLObjectType | GraphQLInterfaceType):
            below = " " + self._selection(named, depth - 1)
        return f"{alias}{name}{said}{self._directive()}{below}"

    def _fragment(self, kind: GraphQLObjectType | GraphQLInterfaceType, depth: int) -> str:
        fitting: list[GraphQLObjectType | GraphQLInterfaceType] = [kind, *kind.interfaces]
        if isinstance(kind, GraphQLInterfaceType):
            fitting += self.schema.get_possible_types(kind)
        chosen = self.random.choice(fitting)
        body = self._selection(chosen, depth)
        if self.random.random() < 0.5:
            condition = "" if self.random.random() < 0.3 and chosen is kind else f" on {chosen.name}"
            return f"...{condition}{self._directive()} {body}"
        if self._fragments and self.random.random() < 0.3:
            return f"...{self.random.choice(list(self._fragments))}{self._directive()}"
        name = self._next("F")
        self._fragments[name] = f"fragment {name} on {chosen.name} {body}"
        return f"...{name}{self._directive()}"

    def _directive(self) -> str:
        if self.random.random() > 0.08:
            return ""
        name, value = self.random.choice(["skip", "include"]), self.random.random() < 0.5
        return f" @{name}(if: {self._said('Boolean!', value)})"

    def _arguments(self, declared: Mapping[str, GraphQLArgument]) -> str | None:
        """None: one is needed of which no value is known."""
        said = []
        for name, argument in declared.items():
            make = self.values.get(name)
            if make is None or (not is_required_argument(argument) and self.random.random() < 0.6):
                if is_required_argument(argument):
                    return None
                continue
            said.append(f"{name}: {self._said(str(argument.type), make(self.random))}")
        return f"({', '.join(said)})" if said else ""

    def _said(self, kind: str, value: Any) -> str:
        if self.random.random() < 0.3:
            name = self._next("v")
            self._declared[name] = (kind, value)
            return f"${name}"
        return literal(value)

    def _next(self, start: str) -> str:
        self._count += 1
        return f"{start}{self._count}"


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
