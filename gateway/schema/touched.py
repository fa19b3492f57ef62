"""Which records and which classes of personal data an operation asks for: read off its document, not off its answer.

What a document leaves open is told by its variables, and by the names of metadata that sources declare.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from cachetools import LRUCache
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationType,
    SelectionSetNode,
    Undefined,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    get_operation_ast,
    value_from_ast_untyped,
)

from adapters.endpoints import COLLECTIONS, ENTITIES, Collection
from adapters.filter_text import FilterSyntaxError, read
from adapters.predicate import fields
from gateway.access.personal import class_of
from gateway.config import MetadataName
from gateway.schema.documents import CheckedDocuments
from gateway.schema.fields import ClassesAsked
from gateway.schema.matches import MetadataFilter
from gateway.schema.node import KINDS
from gateway.schema.personal import PII, guard_of

_MOST_TEXT: Final = 300_000
_BESIDES: Final = frozenset({"Node", "RosterObject", "Hold"})
"""Types that tell of records without being one: any record, and what lost some."""

_FILTER_TEXT: Final = "filterText"

Declared: TypeAlias = Mapping[str, MetadataName]
"""The names of metadata that a source declares."""

_Arguments: TypeAlias = Mapping[str, tuple[Any, ValueNode]]
"""What is said for arguments, by their names: the type of each, and its value as it stands in the document."""


@dataclass(frozen=True, slots=True)
class Open:
    """What an operation leaves open of the classes that it asks for.

    names: of metadata that it goes by. inputs: what filters and orders by variables, each with its type. texts: filter
    texts, each with what it is about. fields: those whose classes depend on their arguments. All with values as they
    stand in the document.
    """

    names: frozenset[str]
    inputs: tuple[tuple[GraphQLNamedType, ValueNode], ...]
    texts: tuple[tuple[Collection, ValueNode], ...]
    fields: tuple[tuple[ClassesAsked, _Arguments], ...]

    def classes(self, given: dict[str, Any], declared: Sequence[Declared]) -> Iterator[str]:
        """given: the values of all variables. declared: by each of the sources."""
        names = set(self.names)
        for kind, node in self.inputs:
            yield from _in_value(kind, value_from_ast_untyped(node, given), names)
        for each in declared:
            yield from (each[name].field_class for name in names if name in each)
        for collection, node in self.texts:
            text = value_from_ast_untyped(node, given)
            if isinstance(text, str):
                yield from _in_text(collection, text)
        for classes_asked, arguments in self.fields:
            said = {name: _said(kind, node, given) for name, (kind, node) in arguments.items()}
            for each in declared:
                yield from classes_asked(each, said)


@dataclass(frozen=True, slots=True)
class Touched:
    """hash: SHA-256 of the document's text. types: of records that are asked for, counted or grouped, by their names.

    classes: of the fields asked for, and of what their arguments name. open: what may be of further ones. defaults: of
    variables. size: characters of the text.
    """

    hash: str
    kind: OperationType
    name: str | None
    types: tuple[str, ...]
    classes: frozenset[str]
    open: Open
    defaults: Mapping[str, Any]
    size: int

    @property
    def records(self) -> bool:
        """Whether it may read any record, or change what is read."""
        return bool(self.types) or self.kind is not OperationType.QUERY

    def classes_with(self, variables: Mapping[str, Any] | None, declared: Sequence[Declared]) -> tuple[str, ...]:
        """All classes, those that the values of variables name among them. declared: by each source that was read."""
        given = {**self.defaults, **(variables or {})}
        return tuple(sorted({*self.classes, *map(str, self.open.classes(given, declared))}))


@dataclass(slots=True)
class TouchedBy:
    """What the operations of one schema's documents touch; that of the latest is kept."""

    schema: GraphQLSchema
    documents: CheckedDocuments
    _kept: LRUCache[tuple[str, str | None], Touched] = field(
        default_factory=lambda: LRUCache(_MOST_TEXT, lambda kept: kept.size)
    )

    async def operation(self, text: str, name: str | None) -> Touched | None:
        """None where there is no such operation, or its document is refused: then nothing is read at all."""
        try:
            return self._kept[text, name]
        except KeyError:
            pass
        document = await self.documents.read_beside(text)
        if document.ast is None or document.errors:
            return None
        found = _touched(self.schema, document.ast, text, name)
        if found is not None and len(text) < _MOST_TEXT:
            self._kept[text, name] = found
        return found


def _touched(schema: GraphQLSchema, document: DocumentNode, text: str, name: str | None) -> Touched | None:
    operation = get_operation_ast(document, name)
    if operation is None:
        return None
    root = schema.get_root_type(operation.operation)
    assert root is not None
    looking = _Looking(schema, {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)})
    looking.at(root, operation.selection_set)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    named = operation.name.value if operation.name is not None else None
    return Touched(
        digest,
        operation.operation,
        named,
        tuple(sorted(looking.types)),
        frozenset(looking.classes),
        Open(frozenset(looking.names), tuple(looking.inputs), tuple(looking.texts), tuple(looking.fields)),
        {
            each.variable.name.value: value_from_ast_untyped(each.default_value)
            for each in operation.variable_definitions or ()
            if each.default_value is not None
        },
        len(text),
    )


@dataclass(slots=True)
class _Looking:
    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    types: set[str] = field(default_factory=set)
    classes: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    inputs: list[tuple[GraphQLNamedType, ValueNode]] = field(default_factory=list)
    texts: list[tuple[Collection, ValueNode]] = field(default_factory=list)
    fields: list[tuple[ClassesAsked, _Arguments]] = field(default_factory=list)
    _spread: set[str] = field(default_factory=set)

    def at(self, parent: Any, selections: SelectionSetNode | None) -> None:
        for node in selections.selections if selections is not None else ():
            if isinstance(node, FieldNode):
                self._field(parent, node)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                self._within(parent if condition is None else self._named(condition.name.value), node.selection_set)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in self._spread:
                self._spread.add(node.name.value)
                fragment = self.fragments[node.name.value]
                self._within(self._named(fragment.type_condition.name.value), fragment.selection_set)

    def _named(self, name: str) -> GraphQLNamedType:
        return self.schema.type_map[name]

    def _within(self, kind: GraphQLNamedType, selections: SelectionSetNode) -> None:
        self._type(kind)
        self.at(kind, selections)

    def _field(self, parent: Any, node: FieldNode) -> None:
        definition = getattr(parent, "fields", {}).get(node.name.value)
        if definition is None:  # __typename, __schema
            return
        said = {each.name.value: (definition.args[each.name.value], each.value) for each in node.arguments or ()}
        guard = guard_of(definition)
        if guard is not None and guard.personal.asked is not None:
            self.fields.append((guard.personal.asked, {name: (to.type, value) for name, (to, value) in said.items()}))
        else:
            self._class(definition)
        kind = get_named_type(definition.type)
        for name, (declared, value) in said.items():
            self._argument(_listed(kind), name, declared, value)
        self._type(kind)
        self.at(kind, node.selection_set)

    def _argument(self, listed: str, name: str, declared: Any, value: ValueNode) -> None:
        self._class(declared)
        kind = get_named_type(declared.type)
        if name == _FILTER_TEXT and listed in KINDS:
            self.texts.append((COLLECTIONS[KINDS[listed]], value))
        elif _varies(value):
            self.inputs.append((kind, value))
        else:
            self.classes.update(_in_value(kind, value_from_ast_untyped(value), self.names))

    def _type(self, kind: Any) -> None:
        name = _listed(kind)
        if name in KINDS or name in _BESIDES:
            self.types.add(name)

    def _class(self, element: Any) -> None:
        if (found := element.extensions.get(PII)) is not None:
            self.classes.add(str(found))


def _listed(kind: Any) -> str:
    """The type of what a page lists, counts or groups; of what is no page, its own."""
    listed = getattr(kind, "fields", {}).get("nodes")
    name: str = get_named_type(listed.type).name if listed is not None else kind.name
    return name


def _varies(node: ValueNode) -> bool:
    """Whether there is a variable in a value."""
    if isinstance(node, ListValueNode):
        return any(map(_varies, node.values))
    if isinstance(node, ObjectValueNode):
        return any(_varies(each.value) for each in node.fields)
    return isinstance(node, VariableNode)


def _in_value(kind: Any, value: Any, names: set[str]) -> Iterator[str]:
    """The classes of what a value names: fields to filter by, keys to order by. names: takes those of metadata."""
    if isinstance(value, list):
        for each in value:
            yield from _in_value(kind, each, names)
    elif isinstance(kind, GraphQLEnumType) and isinstance(value, str):
        yield from _classes([kind.values.get(value)])
    elif isinstance(kind, GraphQLInputObjectType) and isinstance(value, dict):
        if kind.name == MetadataFilter.__name__ and isinstance(value.get("name"), str):
            names.add(value["name"])
        for name, each in value.items():
            if (declared := kind.fields.get(name)) is not None:
                inner = get_named_type(declared.type)
                if inner.name != MetadataFilter.__name__:  # of the class that is declared with its name
                    yield from _classes([declared])
                yield from _in_value(inner, each, names)


def _in_text(collection: Collection, text: str) -> Iterator[str]:
    try:
        where = read(collection, text)
    except FilterSyntaxError:  # it is refused, and nothing is read for it
        return
    found = (class_of(ENTITIES[collection].record, path) for path in fields(where))
    yield from filter(None, found)


def _said(kind: Any, node: ValueNode, given: dict[str, Any]) -> Any:
    """What is said for an argument, as whoever executes is given it; None for what is not said."""
    value = value_from_ast_untyped(node, given)
    if isinstance(get_nullable_type(kind), GraphQLList) and isinstance(value, str):
        return [value]
    return None if value is Undefined else value


def _classes(elements: Iterable[Any]) -> Iterator[str]:
    for element in elements:
        if element is not None and (found := element.extensions.get(PII)) is not None:
            yield str(found)
