"""What a document may be, told before any work is done for it: one walk, which reads each fragment once.

GraphQL lets a document of a kilobyte ask for millions of fields, by fragments that spread fragments. So what fragments
spread to is reckoned from what each of them holds, and spread in fact only when that is known to be little.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSyntaxError,
    InlineFragmentNode,
    ListValueNode,
    Node,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
)

_Part: TypeAlias = OperationDefinitionNode | FragmentDefinitionNode

_INTROSPECTION: Final = frozenset({"__schema", "__type"})


@dataclass(frozen=True, slots=True)
class DocumentLimits:
    """The most that a document may have. All but tokens, directives, fragments and variables count what is there once
    fragments are spread.

    characters, tokens: of the text. depth: fields below one another. root_fields: of one operation. repeats: of one
    name in the answer, at one place of the answer. nesting: lists and objects within one another, in one value.
    introspection_depth, introspection_fields: of what stands below `__schema` and `__type`, which counts for itself.
    objects: in the values of variables together: each condition of a filter is one, and is held against many records.
    cost: nodes that an answer may have, as they are predicted (`gateway.schema.pricing`) and in fact.
    """

    characters: int = 32_768
    tokens: int = 1_000
    depth: int = 12
    root_fields: int = 20
    aliases: int = 30
    directives: int = 20
    fragments: int = 30
    variables: int = 50
    repeats: int = 10
    fields: int = 1_000
    nesting: int = 30
    objects: int = 500
    introspection_depth: int = 20
    introspection_fields: int = 1_000
    cost: int = 50_000


class Exceeded(GraphQLError):
    """A document is more than is answered. Its message says what of, how much, and how much may be."""


def read(text: str, limits: DocumentLimits) -> DocumentNode:
    """The document, if it is within the limits.

    Raises:
        GraphQLSyntaxError: it is none.
        Exceeded: it is larger than documents may be.
    """
    if len(text) > limits.characters:
        raise Exceeded(_over("characters", len(text), limits.characters))
    try:
        document = parse(text, max_tokens=limits.tokens, allow_empty_selection_sets=False)
    except GraphQLSyntaxError as error:
        if f"more than {limits.tokens} " in error.description:
            raise Exceeded(f"the document has more than {limits.tokens:,} tokens, which are the most") from None
        if "nested too deeply" in error.description:
            raise Exceeded("the document is nested more deeply than it can be read") from None
        raise
    for exceeded in _Walk(document, limits).exceeded():
        raise exceeded
    return document


def nested(value: Any, most: int) -> bool:
    """Whether lists and objects stand more than `most` deep within one another in a JSON value."""
    level = [value]
    for _ in range(most + 1):
        level = [each for each in level if isinstance(each, dict | list)]
        if not level:
            return False
        level = [item for each in level for item in (each.values() if isinstance(each, dict) else each)]
    return True


def objects_in(value: Any) -> int:
    """How many objects a JSON value has, itself included."""
    found, left = 0, [value]
    while left:
        each = left.pop()
        if isinstance(each, dict):
            found += 1
            left += each.values()
        elif isinstance(each, list):
            left += each
    return found


@dataclass(slots=True)
class _Sizes:
    """Of a selection, fragments spread: of the graph's own fields, and of what asks for the schema."""

    fields: int = 0
    aliases: int = 0
    depth: int = 0
    schema_fields: int = 0
    schema_depth: int = 0

    def add(self, other: _Sizes) -> None:
        self.fields += other.fields
        self.aliases += other.aliases
        self.depth = max(self.depth, other.depth)
        self.schema_fields += other.schema_fields
        self.schema_depth = max(self.schema_depth, other.schema_depth)


@dataclass(slots=True)
class _Walk:
    """fragments: by name. sizes: of those that were read; of one that is being read, nothing: validation refuses it."""

    document: DocumentNode
    limits: DocumentLimits
    fragments: dict[str, FragmentDefinitionNode] = field(init=False)
    sizes: dict[str, _Sizes] = field(init=False, default_factory=dict)
    circular: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        parts = self.document.definitions
        self.fragments = {d.name.value: d for d in parts if isinstance(d, FragmentDefinitionNode)}

    def exceeded(self) -> Iterator[Exceeded]:
        """What is passed, the cheapest to find first."""
        limits, parts = self.limits, self.document.definitions
        yield from _told("fragments", sum(isinstance(d, FragmentDefinitionNode) for d in parts), limits.fragments)
        operations = [d for d in parts if isinstance(d, OperationDefinitionNode)]
        for each in operations:
            yield from _told("variables", len(each.variable_definitions or ()), limits.variables, each)
        directives, nesting = _written(self.document)
        yield from _told("directives", directives, limits.directives)
        yield from _told("lists and objects within one another in a value", nesting, limits.nesting)
        for name in self.fragments:  # one that nobody spreads is validated too
            self._fragment(name)
        executable: list[_Part] = [*operations, *self.fragments.values()]
        for part in executable:
            sizes = self._of_part(part)
            yield from _told("aliases", sizes.aliases, limits.aliases, part)
            yield from _told("fields", sizes.fields, limits.fields, part)
            yield from _told("fields of the schema", sizes.schema_fields, limits.introspection_fields, part)
            yield from _told("levels", sizes.depth, limits.depth, part)
            yield from _told("levels of the schema", sizes.schema_depth, limits.introspection_depth, part)
        if self.circular:
            return
        for each in operations:
            yield from _told("fields at its root", self._at_root(each.selection_set), limits.root_fields, each)
        for part in executable:
            yield from self._repeated([part.selection_set], ())

    def _of_part(self, part: _Part) -> _Sizes:
        found = self._sizes(part.selection_set)
        if isinstance(part, FragmentDefinitionNode) and part.type_condition.name.value.startswith("__"):
            return _Sizes(0, found.aliases, 0, schema_fields=found.fields, schema_depth=found.depth)
        return found

    def _fragment(self, name: str) -> _Sizes:
        if name in self.sizes:
            return self.sizes[name]
        self.sizes[name] = _UNDER_WAY
        fragment = self.fragments.get(name)
        found = self.sizes[name] = self._sizes(fragment.selection_set) if fragment is not None else _Sizes()
        return found

    def _sizes(self, selections: SelectionSetNode) -> _Sizes:
        total = _Sizes()
        for node in selections.selections:
            if isinstance(node, FieldNode):
                total.add(self._field(node))
            elif isinstance(node, InlineFragmentNode):
                total.add(self._sizes(node.selection_set))
            elif isinstance(node, FragmentSpreadNode):
                spread = self._fragment(node.name.value)
                self.circular = self.circular or spread is _UNDER_WAY
                total.add(spread)
        return total

    def _field(self, node: FieldNode) -> _Sizes:
        below = self._sizes(node.selection_set) if node.selection_set is not None else _Sizes()
        aliases = below.aliases + (node.alias is not None)
        if node.name.value in _INTROSPECTION:
            fields, depth = below.fields + below.schema_fields, max(below.depth, below.schema_depth)
            return _Sizes(1, aliases, 1, schema_fields=fields, schema_depth=depth)
        schema = below.schema_fields, below.schema_depth
        return _Sizes(below.fields + 1, aliases, below.depth + 1, *schema)

    def _at_root(self, selections: SelectionSetNode) -> int:
        return sum(1 for _ in self._spread([selections]))

    def _spread(self, sets: Iterable[SelectionSetNode]) -> Iterator[FieldNode]:
        """The fields of selections, fragments spread wherever they stand. For what is known to be little."""
        for selections in sets:
            for node in selections.selections:
                if isinstance(node, FieldNode):
                    yield node
                elif isinstance(node, InlineFragmentNode):
                    yield from self._spread([node.selection_set])
                elif isinstance(node, FragmentSpreadNode) and node.name.value in self.fragments:
                    yield from self._spread([self.fragments[node.name.value].selection_set])

    def _repeated(self, sets: Sequence[SelectionSetNode], path: tuple[str, ...]) -> Iterator[Exceeded]:
        """What one place of the answer is asked for too often; fields of one name are answered together."""
        named: dict[str, list[FieldNode]] = {}
        for node in self._spread(sets):
            named.setdefault(node.alias.value if node.alias is not None else node.name.value, []).append(node)
        for name, nodes in named.items():
            where = ".".join((*path, name))
            yield from _told(f"times `{where}`", len(nodes), self.limits.repeats, nodes[-1])
            below = [node.selection_set for node in nodes if node.selection_set is not None]
            if below:
                yield from self._repeated(below, (*path, name))


_UNDER_WAY: Final = _Sizes()


def _written(document: DocumentNode) -> tuple[int, int]:
    """How many directives stand in the text, and how deep its deepest value is nested."""
    directives = deepest = 0
    left: list[tuple[Any, int]] = [(document, 0)]
    while left:
        node, depth = left.pop()
        if isinstance(node, tuple | list):
            left += [(each, depth) for each in node]
        elif isinstance(node, Node):
            directives += isinstance(node, DirectiveNode)
            depth += isinstance(node, ListValueNode | ObjectValueNode)
            deepest = max(deepest, depth)
            left += [(getattr(node, key), depth) for key in node.keys if key != "loc"]
    return directives, deepest


def _told(what: str, count: int, most: int, node: Node | None = None) -> Iterator[Exceeded]:
    if count > most:
        yield Exceeded(_over(what, count, most), node)


def _over(what: str, count: int, most: int) -> str:
    has = f"{count:,}" if count < 10**9 else "billions of"
    return f"the document has {has} {what}; {most:,} are the most"
