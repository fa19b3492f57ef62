"""Which relations a document follows from a list, for reading to begin before their parents are there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from weakref import finalize

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    value_from_ast_untyped,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter

from adapters.records import RecordType
from gateway.roster.listing import Extent, ListQuery
from gateway.roster.reading import Ahead
from gateway.schema.arguments import PAGING
from gateway.schema.context import Info
from gateway.schema.node import TYPE_NAMES
from gateway.schema.relations import Cardinality, Relation


@dataclass(slots=True, eq=False)
class Below:
    """What the document asks of a list. fields: of the list. ahead: the relations that it follows from the records.

    lasts: no variable has a say in this, nor in the field's arguments, but for those of its pages. turns: one has in
    those. query, extent: what the arguments come to, once that is known, as far as no variable has a say.
    """

    fields: frozenset[str]
    ahead: tuple[Ahead, ...]
    lasts: bool = False
    turns: bool = False
    query: ListQuery | None = None
    extent: Extent | None = None


def below_list(info: Info, kind: RecordType) -> Below:
    """Of the list that is being resolved; worked out once for its place in a document, if no variable has a say."""
    nodes = info._raw_info.field_nodes
    node, alone = nodes[0], len(nodes) == 1
    kept = _KEPT.get(id(node)) if alone else None
    if kept is not None:
        return kept
    walk = _Walk(info)
    selections = [node.selection_set for node in nodes]
    fields = frozenset(field.name.value for field in walk.fields(selections))
    found = Below(fields, walk.from_records(kind, walk.records(selections)))
    if alone and not walk.varies:
        varying = {argument.name.value for argument in node.arguments or () if _varies(argument.value)}
        found.lasts, found.turns = varying <= PAGING, not varying.isdisjoint(PAGING)
        _KEPT[id(node)] = found
        finalize(node, _KEPT.pop, id(node), None).atexit = False
    return found


_KEPT: dict[int, Below] = {}
"""By fields of documents, for as long as they are there."""


def _varies(value: ValueNode) -> bool:
    """Whether a variable stands in an argument's value."""
    if isinstance(value, VariableNode):
        return True
    if isinstance(value, ListValueNode):
        return any(map(_varies, value.values))
    return isinstance(value, ObjectValueNode) and any(_varies(part.value) for part in value.fields)


class _Walk:
    def __init__(self, info: Info) -> None:
        self._fragments = info._raw_info.fragments
        self._types = info._raw_info.schema.type_map
        self._variables = info.variable_values
        self.varies = False
        """Whether a variable was looked at."""

    def records(self, lists: Sequence[SelectionSetNode | None]) -> list[SelectionSetNode | None]:
        """What is asked of each record of lists, whether as `nodes` or as `edges { node }`."""
        found = []
        for field in self.fields(lists):
            if field.name.value == "nodes":
                found.append(field.selection_set)
            elif field.name.value == "edges":
                found += [f.selection_set for f in self.fields([field.selection_set]) if f.name.value == "node"]
        return found

    def from_records(self, kind: RecordType, selections: Sequence[SelectionSetNode | None]) -> tuple[Ahead, ...]:
        record = self._types[TYPE_NAMES[kind]]
        assert isinstance(record, GraphQLObjectType)
        return tuple(
            ahead
            for field in self.fields(selections)
            if field.name.value in record.fields
            for ahead in self._along(field, record.fields[field.name.value].extensions)
        )

    def _along(self, field: FieldNode, extensions: dict[str, object]) -> Iterator[Ahead]:
        definition = extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
        relation = getattr(definition, "metadata", {}).get("relation")
        if not isinstance(relation, Relation) or relation.cardinality is Cardinality.COMPANION:
            return
        below: list[SelectionSetNode | None] = [field.selection_set]
        if relation.cardinality is Cardinality.PAGE:
            below = self.records(below)
        children = relation.cardinality in (Cardinality.CHILDREN, Cardinality.PAGE)
        gone_by = not _GOES_BY.isdisjoint(argument.name.value for argument in field.arguments or ())
        yield Ahead(relation.kind, relation.key, children, self.from_records(relation.kind, below), gone_by)

    def fields(self, selections: Sequence[SelectionSetNode | None]) -> Iterator[FieldNode]:
        """The fields selected, through fragments; without those that directives leave out."""
        for selected in selections:
            for node in selected.selections if selected is not None else ():
                if node.directives and self._left_out(node):
                    continue
                if isinstance(node, FieldNode):
                    yield node
                elif isinstance(node, FragmentSpreadNode):
                    yield from self.fields([self._fragments[node.name.value].selection_set])
                elif isinstance(node, InlineFragmentNode):
                    yield from self.fields([node.selection_set])

    def _left_out(self, node: SelectionNode) -> bool:
        arguments = (argument for directive in node.directives or () for argument in directive.arguments or ())
        self.varies = self.varies or any(isinstance(argument.value, VariableNode) for argument in arguments)
        return any(
            value_from_ast_untyped(argument.value, self._variables) is _LEAVES_OUT.get(directive.name.value)
            for directive in node.directives or ()
            for argument in directive.arguments or ()
        )


_GOES_BY = {"filter", "orderBy"}
"""Arguments that name fields of the records."""

_LEAVES_OUT = {"skip": True, "include": False}
"""The value of `if` at which a directive leaves out what it stands at."""
