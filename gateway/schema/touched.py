"""Which records and which classes of personal data an operation asks for: read off its document, not off its answer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cachetools import LRUCache
from graphql import (
    DocumentNode,
    EnumValueNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
)

from gateway.schema.documents import CheckedDocuments
from gateway.schema.node import KINDS
from gateway.schema.personal import PII

_MOST_TEXT: Final = 300_000
_BESIDES: Final = frozenset({"Node", "RosterObject", "Hold"})
"""Types that tell of records without being one: any record, and what lost some."""


@dataclass(frozen=True, slots=True)
class Touched:
    """hash: SHA-256 of the document's text. types: of records that are asked for, counted or grouped, by their names.

    classes: of the fields asked for, and of what their arguments name. varying: variables whose values may name more,
    each with its type. size: characters of the text.
    """

    hash: str
    kind: OperationType
    name: str | None
    types: tuple[str, ...]
    classes: frozenset[str]
    varying: tuple[tuple[str, GraphQLNamedType], ...]
    size: int

    @property
    def records(self) -> bool:
        """Whether it may read any record, or change what is read."""
        return bool(self.types) or self.kind is not OperationType.QUERY

    def classes_with(self, variables: Mapping[str, Any] | None) -> tuple[str, ...]:
        """All classes, those that the values of variables name among them."""
        found = self.classes
        for name, kind in self.varying:
            if variables and (value := variables.get(name)) is not None:
                found = found.union(_in_value(kind, value))
        return tuple(sorted(found))


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
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    chosen = [o for o in operations if name is None or (o.name is not None and o.name.value == name)]
    if len(chosen) != 1:
        return None
    [operation] = chosen
    root = schema.get_root_type(operation.operation)
    assert root is not None
    looking = _Looking(schema, {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)})
    looking.at(root, operation.selection_set)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    named = operation.name.value if operation.name is not None else None
    types, classes = tuple(sorted(looking.types)), frozenset(looking.classes)
    return Touched(digest, operation.operation, named, types, classes, tuple(looking.varying.items()), len(text))


@dataclass(slots=True)
class _Looking:
    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    types: set[str] = field(default_factory=set)
    classes: set[str] = field(default_factory=set)
    varying: dict[str, GraphQLNamedType] = field(default_factory=dict)
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
        self._class(definition)
        for argument in node.arguments or ():
            declared = definition.args[argument.name.value]
            self._class(declared)
            self._value(get_named_type(declared.type), argument.value)
        kind = get_named_type(definition.type)
        self._type(kind)
        self.at(kind, node.selection_set)

    def _type(self, kind: Any) -> None:
        listed = getattr(kind, "fields", {}).get("nodes")  # of a page: it lists, counts or groups these
        name = get_named_type(listed.type).name if listed is not None else kind.name
        if name in KINDS or name in _BESIDES:
            self.types.add(name)

    def _class(self, element: Any) -> None:
        if (found := element.extensions.get(PII)) is not None:
            self.classes.add(str(found))

    def _value(self, kind: Any, node: ValueNode) -> None:
        """What a value of the document names: fields to filter by, keys to order by."""
        if isinstance(node, VariableNode):
            if isinstance(kind, GraphQLInputObjectType | GraphQLEnumType):
                self.varying[node.name.value] = kind
        elif isinstance(node, ListValueNode):
            for each in node.values:
                self._value(kind, each)
        elif isinstance(node, ObjectValueNode) and isinstance(kind, GraphQLInputObjectType):
            for member in node.fields:
                if (declared := kind.fields.get(member.name.value)) is not None:
                    self._class(declared)
                    self._value(get_named_type(declared.type), member.value)
        elif isinstance(node, EnumValueNode) and isinstance(kind, GraphQLEnumType):
            self.classes.update(_classes([kind.values.get(node.value)]))


def _in_value(kind: Any, value: Any) -> Iterator[str]:
    """The same of the value of a variable, as the client sent it."""
    if isinstance(value, list):
        for each in value:
            yield from _in_value(kind, each)
    elif isinstance(kind, GraphQLEnumType) and isinstance(value, str):
        yield from _classes([kind.values.get(value)])
    elif isinstance(kind, GraphQLInputObjectType) and isinstance(value, dict):
        for name, each in value.items():
            if (declared := kind.fields.get(name)) is not None:
                yield from _classes([declared])
                yield from _in_value(get_named_type(declared.type), each)


def _classes(elements: Iterable[Any]) -> Iterator[str]:
    for element in elements:
        if element is not None and (found := element.extensions.get(PII)) is not None:
            yield str(found)
