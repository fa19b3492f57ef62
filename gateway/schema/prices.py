"""What an operation costs: the nodes that its answer may have, by its document, its variables and its arguments alone.

Of a document that was validated a tree is made of those fields whose values are objects; what each of these may have is
known but for arguments that are variables. Selections that stand in several places are read once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

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
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
    value_from_ast_untyped,
)

from gateway.schema.arguments import DEFAULT_FIRST, MAX_FIRST
from gateway.schema.collect import Collector, switches
from gateway.schema.sizes import COUNTED, EXPECTED, PART_OF

Given: TypeAlias = Mapping[str, Any]
"""Variables as a client gave them: what does not fit is not executed."""

Size: TypeAlias = int | Callable[[Given], int]
"""How many, or how many by the variables."""

MOST: Final = 2**53 - 1
"""What costs more is said to cost this: the largest number that every client reads as it is."""

MOST_FIELDS: Final = 20_000
"""Fields that are looked at. Documents within the limits have less."""

_MOST_KEPT: Final = 64
"""Prices of one document."""

_RECORD: Final = "RosterObject"

_PAGED: Final = ("nodes", "edges")
"""The lists of a page, as long as it is."""


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A field whose values are objects, with what is asked of these: for each type that they may have, if that differs.

    times: how many values it has for each object that it is asked of. guessed: that this is what is expected. counted:
    each of them is a node. total: nodes, with all that is below, for each object that it is asked of; None where
    variables have a say. paged: `first` or `last` says how many.
    """

    key: str
    counted: bool
    guessed: bool
    times: Size
    below: tuple[tuple[Asked, ...], ...]
    total: int | None
    paged: bool = False


@dataclass(slots=True, eq=False)
class Price:
    """Of one operation, with the same fields left out."""

    roots: tuple[Asked, ...]
    guessed: Mapping[int, Sequence[Asked]] = field(default_factory=dict)
    """What is guessed, by the field of the document: several, where that one stands in several places."""

    fixed: int | None = field(init=False)

    def __post_init__(self) -> None:
        totals = [each.total for each in self.roots]
        self.fixed = None if None in totals else _bounded(sum(filter(None, totals)))

    def requested(self, given: Given) -> int:
        """The nodes that the answer may have."""
        return self.fixed if self.fixed is not None else _bounded(_sum(self.roots, given, {}))

    def certain(self, given: Given) -> int:
        """The same without what is guessed."""
        return _bounded(_certain(self.roots, given))

    def each(self, node: FieldNode, given: Given) -> int:
        """The nodes that each value of a guessed field takes with it, at most, without what is guessed below."""
        return _most(
            asked.counted + _most(_certain(part, given) for part in asked.below)
            for asked in self.guessed.get(id(node), ())
        )

    def dearest(self, given: Given, limit: int) -> Dearest:
        """Where most of it comes from."""
        memo: dict[int, int] = {}
        path, parts, times = list[str](), list(self.roots), 1
        found, most, fits = "", 0, None
        while parts:
            each = max(parts, key=lambda asked: _total(asked, given, memo))
            count = _size(each.times, given)
            if each.paged and times == 1 and count:
                total = _total(each, given, memo)
                fits = (limit - self.requested(given) + total) * count // total if total else None
            times = _bounded(times * count)
            path.append(each.key)
            if each.counted and times > most:
                found, most = ".".join(path), times
            parts = [asked for part in each.below for asked in part]
        return Dearest(found, most, fits)


@dataclass(frozen=True, slots=True)
class Dearest:
    """The field of an operation that has the most nodes. fits: how long its page, or the page that it is below, may be
    for the operation to cost no more than it may; None where it is on no page.
    """

    path: str
    nodes: int
    fits: int | None


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
    operations = [part for part in document.definitions if isinstance(part, OperationDefinitionNode)]
    chosen = [each for each in operations if name is None or (each.name is not None and each.name.value == name)]
    if len(chosen) != 1:
        return None
    [operation] = chosen
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
        return Price(walk.selection(kind, [operation.selection_set], {}), walk.guessed)
    except (_TooMuch, RecursionError):
        return Price((Asked("", True, False, MOST, (), MOST),))


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
            total = None if callable(times) else _fixed(times, counted, alternatives)
            asked = Asked(key, counted, guessed, times, alternatives, total, name in _PAGED)
            self._asked[same] = asked
            if guessed:
                self.guessed.setdefault(id(nodes[0]), []).append(asked)
        return asked

    # -------------------------------------------------------------- arguments

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
    """Whether a field is a relation of a record that may have more than is expected, or be null if that is too many."""
    record = any(each.name == _RECORD for each in parent.interfaces)
    return record and not is_non_null_type(definition.type) and expected_of(parent, name) is not None


# ------------------------------------------------------------------ sums


def _bounded(nodes: int) -> int:
    return min(nodes, MOST)


def _size(size: Size, given: Given) -> int:
    return size(given) if callable(size) else size


def _most(parts: Iterable[int]) -> int:
    return max(parts, default=0)


def _fixed(times: int, counted: bool, below: Iterable[Iterable[Asked]]) -> int | None:
    """What is asked of the objects, where no variable has a say."""
    sums = []
    for part in below:
        totals = [each.total for each in part]
        if None in totals:
            return None
        sums.append(sum(filter(None, totals)))
    return _bounded(times * (counted + _most(sums)))


def _total(asked: Asked, given: Given, memo: dict[int, int]) -> int:
    if asked.total is not None:
        return asked.total
    known = memo.get(id(asked))
    if known is None:
        each = asked.counted + _most(_sum(part, given, memo) for part in asked.below)
        known = memo[id(asked)] = _bounded(_size(asked.times, given) * each)
    return known


def _sum(part: Iterable[Asked], given: Given, memo: dict[int, int]) -> int:
    return sum(_total(each, given, memo) for each in part)


def _certain(part: Iterable[Asked], given: Given) -> int:
    memo: dict[int, int] = {}

    def certain(asked: Asked) -> int:
        if asked.guessed:
            return 0
        known = memo.get(id(asked))
        if known is None:
            each = asked.counted + _most(sum(map(certain, below)) for below in asked.below)
            known = memo[id(asked)] = _size(asked.times, given) * each
        return known

    return sum(map(certain, part))
