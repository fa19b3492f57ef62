"""From a document to the price of its operations.

Of a document that was validated a tree is made of those fields whose values are objects; what each of these may have is
known but for arguments that are variables. Selections that stand in several places are read once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    ListValueNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_operation_ast,
    is_composite_type,
    is_list_type,
    is_non_null_type,
    value_from_ast_untyped,
)

from gateway.schema.arguments import DEFAULT_FIRST, MAX_FIRST
from gateway.schema.collect import Collector, switches
from gateway.schema.prices import MOST, Asked, Given, Price, Size
from gateway.schema.sizes import COUNTED, EXPECTED, PART_OF

MOST_FIELDS: Final = 20_000
"""Fields that are looked at. Documents within the limits have less."""

_MOST_KEPT: Final = 64
"""Prices of one document."""

_PAGED: Final = ("nodes", "edges")
"""The lists of a page, as long as it is."""


@dataclass(slots=True, eq=False)
class Prices:
    """Of a document's operations, by what @skip and @include leave of them."""

    _switches: tuple[str, ...] | None = None
    _kept: dict[tuple[Any, ...], Price | None] = field(default_factory=dict)

    def of(self, schema: GraphQLSchema, document: DocumentNode, name: str | None, given: Given) -> Price | None:
        """Of an operation of the document, which was validated; None where it has none of that name."""
        if self._switches is None:
            parts = document.definitions
            self._switches = tuple(dict.fromkeys(variable for part in parts for variable in switches(part)))
        said = tuple([given.get(each, ...) for each in self._switches]) if self._switches else ()
        # What is no boolean is refused, or left out as what it stands for: it need not be told apart.
        key = (name, *[each if each is ... or isinstance(each, bool) else None for each in said])
        if key not in self._kept:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            booleans = {each: value for each, value in zip(self._switches, said, strict=True) if value is not ...}
            self._kept[key] = _price(schema, document, name, booleans)
        return self._kept[key]


def _price(schema: GraphQLSchema, document: DocumentNode, name: str | None, booleans: Given) -> Price | None:
    operation = get_operation_ast(document, name)
    if operation is None:
        return None
    kind = schema.get_root_type(operation.operation)
    if kind is None:
        return None
    fragments = {part.name.value: part for part in document.definitions if isinstance(part, FragmentDefinitionNode)}
    defaults = {
        each.variable.name.value: value_from_ast_untyped(each.default_value)
        for each in operation.variable_definitions or ()
        if each.default_value is not None
    }
    walk = _Walk(schema, _Wanted(schema, fragments, {**defaults, **booleans}), defaults)
    try:
        return Price(walk.selection(kind, [operation.selection_set], {}), walk.guessed, walk.varying)
    except (_TooMuch, RecursionError):
        return Price((Asked("", MOST, counted=True),))


class _TooMuch(Exception):
    """There are more fields than are looked at."""


@dataclass(frozen=True, slots=True)
class _Wanted(Collector):
    """Takes what its directives do not leave out for sure: what they say may be no boolean."""

    def _wanted(self, directives: Any) -> bool:
        for directive in directives or ():
            left_out = {"skip": True, "include": False}.get(directive.name.value)
            for argument in directive.arguments or ():
                if value_from_ast_untyped(argument.value, dict(self.booleans)) is left_out:
                    return False
        return True


@dataclass(slots=True)
class _Walk:
    """lists: by the lists of a page or group, how long they are. made: selections that were read, by type and place."""

    schema: GraphQLSchema
    collector: Collector
    defaults: Given
    guessed: dict[int, list[Asked]] = field(default_factory=dict)
    count: int = 0
    _made: dict[tuple[Any, ...], tuple[Asked, ...]] = field(default_factory=dict)
    _asked: dict[tuple[Any, ...], Asked] = field(default_factory=dict)
    _sizes: dict[tuple[int, str], Size] = field(default_factory=dict)

    def selection(
        self, kind: GraphQLObjectType, parts: Sequence[SelectionSetNode | None], lists: Mapping[str, Size]
    ) -> tuple[Asked, ...]:
        place = (kind.name, *map(id, parts), *lists.items())
        made = self._made.get(place)
        if made is None:
            found = []
            for key, nodes in self.collector.fields(kind, parts).items():
                self.count += len(nodes)
                if self.count > MOST_FIELDS:
                    raise _TooMuch
                definition = kind.fields.get(nodes[0].name.value)
                if definition is not None and is_composite_type(get_named_type(definition.type)):
                    found.append(self._field(kind, key, nodes, definition, lists))
            made = self._made[place] = tuple(found)
        return made

    def _field(
        self,
        parent: GraphQLObjectType,
        key: str,
        nodes: Sequence[FieldNode],
        definition: GraphQLField,
        lists: Mapping[str, Size],
    ) -> Asked:
        name, named = nodes[0].name.value, get_named_type(definition.type)
        assert isinstance(named, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType)
        kind = definition.type.of_type if is_non_null_type(definition.type) else definition.type
        expected = expected_of(parent, name)
        times: Size = 1
        if name in lists:
            times = lists[name]
        elif is_list_type(kind):
            times = self._length(nodes[0], "ids") if "ids" in definition.args else expected or 1
        inside: Mapping[str, Size] = {}
        if "first" in definition.args:
            inside = dict.fromkeys(_PAGED, self._page(nodes[0]))
        elif "by" in definition.args:
            inside = {"keys": self._length(nodes[0], "by")}
        parts = [node.selection_set for node in nodes]
        possible = [named] if isinstance(named, GraphQLObjectType) else self.schema.get_possible_types(named)
        below = {tuple(map(id, part)): part for part in (self.selection(each, parts, inside) for each in possible)}
        counted = is_counted(name, named)
        guessed = is_guessed(parent, name, definition)
        # One field, whatever types it is asked of: what is below an interface would be reckoned once for each.
        same = (id(nodes[0]), *map(id, nodes[1:]), key, counted, times, *below)
        asked = self._asked.get(same)
        if asked is None:
            alternatives = tuple(below.values())
            asked = Asked(key, times, alternatives, counted, guessed, name in _PAGED)
            self._asked[same] = asked
            if guessed:
                self.guessed.setdefault(id(nodes[0]), []).append(asked)
        return asked

    # -------------------------------------------------------------- arguments

    @property
    def varying(self) -> list[Callable[[Given], int]]:
        """What variables say."""
        return [each for each in self._sizes.values() if callable(each)]

    def _page(self, node: FieldNode) -> Size:
        """How long a page is, at most."""
        made = self._sizes.get((id(node), "first"))
        if made is None:
            made = self._sizes[id(node), "first"] = self._made_page(node)
        return made

    def _made_page(self, node: FieldNode) -> Size:
        said = {argument.name.value: argument.value for argument in node.arguments or ()}
        first, last = said.get("first"), said.get("last")
        if isinstance(first, VariableNode) or isinstance(last, VariableNode):
            return _Page(self._value(first), self._value(last))
        return _page(_literal(first), _literal(last))

    def _length(self, node: FieldNode, name: str) -> Size:
        """How many values a list has that is an argument."""
        value = next((each.value for each in node.arguments or () if each.name.value == name), None)
        if isinstance(value, VariableNode):
            return self._sizes.setdefault((id(node), name), _Length(self._value(value)))
        return len(value.values) if isinstance(value, ListValueNode) else 1

    def _value(self, value: ValueNode | None) -> Callable[[Given], Any]:
        """What comes of an argument."""
        if isinstance(value, VariableNode):
            return _Variable(value.name.value, self.defaults.get(value.name.value))
        literal = _literal(value)
        return lambda _: literal


@dataclass(frozen=True, slots=True, eq=False)
class _Variable:
    name: str
    default: Any

    def __call__(self, given: Given) -> Any:
        return given.get(self.name, self.default)


@dataclass(frozen=True, slots=True, eq=False)
class _Page:
    first: Callable[[Given], Any]
    last: Callable[[Given], Any]

    def __call__(self, given: Given) -> int:
        return _page(self.first(given), self.last(given))


@dataclass(frozen=True, slots=True, eq=False)
class _Length:
    value: Callable[[Given], Any]

    def __call__(self, given: Given) -> int:
        value = self.value(given)
        return len(value) if isinstance(value, list) else 1


def _page(first: Any, last: Any) -> int:
    """0 of what is refused."""
    size = first if last is None else last
    if size is None:
        return DEFAULT_FIRST
    return int(size) if isinstance(size, int | float) and 0 <= size <= MAX_FIRST else 0


def _literal(value: ValueNode | None) -> Any:
    return None if value is None else value_from_ast_untyped(value)


def is_counted(name: str, kind: GraphQLNamedType) -> bool:
    """Whether each object that a field of this name and type has is a node."""
    if name in PART_OF:
        return False
    interfaces = kind.interfaces if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) else ()
    return any(each.name in COUNTED for each in (kind, *interfaces))


def expected_of(parent: GraphQLObjectType, name: str) -> int | None:
    """How many objects a field is expected to have, where nothing else tells."""
    return next(
        (EXPECTED[n] for each in (parent, *parent.interfaces) if (n := f"{each.name}.{name}") in EXPECTED), None
    )


def is_guessed(parent: GraphQLObjectType, name: str, definition: GraphQLField) -> bool:
    """Whether a field is a list that may have more than is expected, or be null if that is too many."""
    return not is_non_null_type(definition.type) and expected_of(parent, name) is not None
