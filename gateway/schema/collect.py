"""Which fields a selection has for one concrete type: through fragments, without what @skip and @include leave out.

Follows "Field Collection" of the GraphQL specification; what a directive says is known when an operation is compiled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    VariableNode,
    is_abstract_type,
    is_object_type,
    value_from_ast_untyped,
)


class NotCollected(Exception):
    """A directive is none of these, or says nothing. The message holds nothing of a client's values."""


@dataclass(frozen=True, slots=True)
class Collector:
    """booleans: the values of all variables that stand in @skip and @include."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    booleans: Mapping[str, Any]

    def fields(
        self, kind: GraphQLObjectType, selections: Iterable[SelectionSetNode | None]
    ) -> dict[str, list[FieldNode]]:
        """The fields by their name in the answer, in its order; fields of one name are merged."""
        found: dict[str, list[FieldNode]] = {}
        visited: set[str] = set()
        for selection in selections:
            if selection is not None:
                for node in self._nodes(kind, selection, visited):
                    found.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
        return found

    def _nodes(self, kind: GraphQLObjectType, selection: SelectionSetNode, visited: set[str]) -> Iterator[FieldNode]:
        for node in selection.selections:
            if not self._wanted(node.directives):
                continue
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                if condition is None or self._fits(kind, condition.name.value):
                    yield from self._nodes(kind, node.selection_set, visited)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in visited:
                visited.add(node.name.value)
                fragment = self.fragments[node.name.value]
                if fragment.directives:
                    raise NotCollected("a directive on a fragment")
                if self._fits(kind, fragment.type_condition.name.value):
                    yield from self._nodes(kind, fragment.selection_set, visited)

    def _fits(self, kind: GraphQLObjectType, name: str) -> bool:
        condition = self.schema.type_map[name]
        if is_object_type(condition):
            return condition is kind
        return is_abstract_type(condition) and self.schema.is_sub_type(condition, kind)

    def _wanted(self, directives: Iterable[DirectiveNode] | None) -> bool:
        wanted = True
        for directive in directives or ():
            name = directive.name.value
            if name not in ("skip", "include"):
                raise NotCollected(f"directive @{name}")
            [argument] = directive.arguments or ()
            said = value_from_ast_untyped(argument.value, dict(self.booleans))
            if not isinstance(said, bool):
                raise NotCollected(f"@{name} without a boolean")
            wanted = wanted and (said is (name == "include"))
        return wanted


def switches(node: Any) -> Iterator[str]:
    """The variables that stand in @skip and @include of a part of a document."""
    for directive in getattr(node, "directives", None) or ():
        for argument in directive.arguments:
            if directive.name.value in ("skip", "include") and isinstance(argument.value, VariableNode):
                yield argument.value.name.value
    selection = getattr(node, "selection_set", None)
    for part in selection.selections if selection is not None else ():
        yield from switches(part)
