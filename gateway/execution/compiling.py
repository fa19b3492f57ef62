"""A validated operation to a plan. What cannot be compiled says why, and is left to graphql-core as a whole.

Fields are read as they are declared: attributes, resolvers and relations. Nothing here knows a field by its name.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import EnumType
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLUnionType,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_operation_ast,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.type.scalars import GraphQLBoolean, GraphQLID, GraphQLString
from strawberry.schema import Schema
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import (
    CLS_PARAMSPEC,
    INFO_PARAMSPEC,
    PARENT_PARAMSPEC,
    ROOT_PARAMSPEC,
    SELF_PARAMSPEC,
)
from strawberry.types.scalar import identity

from adapters.records import RecordType
from gateway.access.field_class import FieldClass
from gateway.access.grant import NONE_WITHHELD, Withheld
from gateway.execution.arguments import Arguments
from gateway.execution.completing import completer
from gateway.execution.generate import attribute
from gateway.execution.plan import (
    Attribute,
    Call,
    CannotCompile,
    Constant,
    Field,
    Follow,
    Leaf,
    Objects,
    Origin,
    Plan,
    Selection,
    Shape,
)
from gateway.schema.collect import Collector, NotCollected, switches
from gateway.schema.personal import guard_of
from gateway.schema.pricing import is_counted, is_guessed
from gateway.schema.relations import Cardinality, Relation

MOST_FIELDS = 5000
"""Fields of a plan. Fragments within fragments can make a document of a few lines into one of millions of fields."""

_AT_ONCE = frozenset({Cardinality.ONE, Cardinality.SEVERAL, Cardinality.COMPANION, Cardinality.CHILDREN})

_BY_PLACE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)

_READY: Mapping[GraphQLLeafType, frozenset[type]] = {
    GraphQLString: frozenset({str}),
    GraphQLID: frozenset({str}),
    GraphQLBoolean: frozenset({bool}),
}


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of a validated document, with the fragments and the variables that decide what it is."""

    node: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]
    switches: tuple[str, ...]


def operation_of(document: DocumentNode, name: str | None) -> Operation:
    """Raises:
    CannotCompile: there is no such query.
    """
    node = get_operation_ast(document, name)
    if node is None:
        raise CannotCompile("no operation of that name")
    if node.operation is not OperationType.QUERY:
        raise CannotCompile(f"a {node.operation.value}")
    if node.directives:
        raise CannotCompile("a directive on the operation")
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    found = dict.fromkeys(v for part in (node, *fragments.values()) for v in switches(part))
    return Operation(node, fragments, tuple(found))


def compiled(
    schema: Schema,
    operation: Operation,
    booleans: Mapping[str, Any],
    withheld: Withheld = NONE_WITHHELD,
) -> Plan:
    """withheld: of the clients for which the plan is made; what is of another class is not guarded.

    Raises:
    CannotCompile: some part is more than a plan can say.
    """
    graph = schema._schema
    compiler = _Compiler(graph, Collector(graph, operation.fragments, booleans), Arguments(schema), withheld)
    assert graph.query_type is not None
    try:
        root = compiler.selection(graph.query_type, [operation.node.selection_set])
    except NotCollected as reason:
        raise CannotCompile(str(reason)) from None
    return Plan(compiler.count, root, operation.node, operation.fragments)


@dataclass(slots=True)
class _Compiler:
    schema: GraphQLSchema
    collector: Collector
    arguments: Arguments
    withheld: Withheld
    count: int = field(default=0)

    def selection(self, kind: GraphQLObjectType, parts: Iterable[SelectionSetNode | None]) -> Selection:
        collected = self.collector.fields(kind, parts)
        return Selection(kind, tuple(self._field(kind, key, tuple(nodes)) for key, nodes in collected.items()))

    def _field(self, parent: GraphQLObjectType, key: str, nodes: tuple[FieldNode, ...]) -> Field:
        self.count += 1
        if self.count > MOST_FIELDS:
            raise CannotCompile("too many fields")
        name = nodes[0].name.value
        if name == "__typename":
            first = next(iter(parent.fields.values()))
            return Field(key, nodes, parent, first, None, Constant(parent.name), None)
        if name not in parent.fields:
            raise CannotCompile("introspection")
        definition = parent.fields[name]
        declared = declared_as(definition, f"{parent.name}.{name}")
        comes = origin(declared, f"{parent.name}.{name}")
        said = self.arguments.said(definition, declared, nodes[0], comes)
        varying = self.arguments.varying(definition, declared, nodes[0], comes) if said is None else None
        shape = self._shape(definition.type, nodes)
        guessed = is_guessed(parent, name, definition)
        complete = completer(shape, shape.of) if isinstance(shape.of, Leaf) else None
        guard = guard_of(definition)
        if guard is not None and not guard.concerns(self.withheld):
            guard = None
        verdict = guard.everywhere(self.withheld) if guard is not None and said is not None else None
        return Field(
            key, nodes, parent, definition, declared, comes, shape, said, varying, complete, guard, verdict, guessed
        )

    def _shape(self, kind: GraphQLOutputType, nodes: Sequence[FieldNode]) -> Shape:
        nullable, kind = _unwrapped(kind)
        items: bool | None = None
        if is_list_type(kind):
            items, kind = _unwrapped(kind.of_type)
        if is_list_type(kind):
            raise CannotCompile("a list of lists")
        if is_leaf_type(kind):
            return Shape(nullable, items, leaf(kind))
        assert isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType)
        possible = [kind] if isinstance(kind, GraphQLObjectType) else self.schema.get_possible_types(kind)
        if any(
            map(inspect.iscoroutinefunction, (getattr(kind, "resolve_type", None), *(p.is_type_of for p in possible)))
        ):
            raise CannotCompile(f"{kind.name} is told apart later")
        parts = [node.selection_set for node in nodes]
        selections = {each.name: self.selection(each, parts) for each in possible}
        shareable, counted = all(map(_shareable, selections.values())), is_counted(nodes[0].name.value, kind)
        return Shape(nullable, items, Objects(kind, selections, shareable, counted))


def declared_as(definition: GraphQLField, name: str) -> StrawberryField:
    """Raises:
    CannotCompile: the field is more than its resolver.
    """
    declared = definition.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not isinstance(declared, StrawberryField):
        raise CannotCompile(f"{name} is not declared by Strawberry")
    if declared.extensions or declared.permission_classes or declared.directives:
        raise CannotCompile(f"{name} has an extension")
    return declared


def origin(declared: StrawberryField, name: str) -> Origin:
    """Where the field's value comes from."""
    resolver = declared.base_resolver
    if resolver is None:
        return Attribute(declared.python_name, attribute(declared.python_name))
    reserved = resolver.reserved_parameters
    if any(reserved[spec] is not None for spec in (SELF_PARAMSPEC, CLS_PARAMSPEC, PARENT_PARAMSPEC)):
        raise CannotCompile(f"{name} has a resolver of another make")
    root, info = reserved[ROOT_PARAMSPEC], reserved[INFO_PARAMSPEC]
    function = resolver.wrapped_func
    assert callable(function)
    parameters = list(inspect.signature(function).parameters.values())
    call = Call(
        function,
        root.name if root is not None else None,
        info.name if info is not None else None,
        inspect.iscoroutinefunction(function),
        alone=root is not None and len(parameters) == 1 and parameters[0].kind in _BY_PLACE,
        column=declared.metadata.get("column"),
    )
    relation = declared.metadata.get("relation")
    if not isinstance(relation, Relation) or relation.cardinality not in _AT_ONCE:
        return call
    if relation.cardinality is Cardinality.CHILDREN and relation.where is None:
        return call
    if relation.cardinality is Cardinality.COMPANION and relation.kind is RecordType.USER:
        return call  # people are looked up by ids that they had, too
    return Follow(relation, call)


def leaf(kind: GraphQLLeafType) -> Leaf:
    convert = kind.coerce_output_value
    member = getattr(kind, "wrapped_cls", None)
    if isinstance(member, EnumType):
        values: Iterable[Any] = member
        return Leaf(frozenset(), {each: convert(each) for each in values}, member, convert)
    if convert is identity:  # our own scalars: records hold them as they are answered
        return Leaf(None, None, None, convert)
    return Leaf(_READY.get(kind, frozenset()), None, None, convert)


def _unwrapped(kind: Any) -> tuple[bool, Any]:
    return (False, kind.of_type) if is_non_null_type(kind) else (True, kind)


def _shareable(selection: Selection) -> bool:
    """No resolver below may tell of what went wrong where it stands; relations are told as often as they occur, and
    what no source shows is not resolved.
    """
    for each in selection.fields:
        if isinstance(each.verdict, FieldClass):
            continue
        if isinstance(each.origin, Follow) and each.origin.relation.alone:
            return False
        if isinstance(each.origin, Call) and each.origin.waits:
            return False
        if isinstance(each.shape, Shape) and isinstance(each.shape.of, Objects) and not each.shape.of.shareable:
            return False
    return True
