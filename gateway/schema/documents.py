"""Documents read once: parsed, and held against the schema, whoever executes them. The latest are kept.

They take the place of Strawberry's two caches, which count documents whatever their size, and which only Strawberry
can read from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from cachetools import LRUCache
from graphql import DocumentNode, GraphQLError, GraphQLSchema, OperationDefinitionNode, parse, specified_rules
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema import validate_document

MOST_TEXT = 400_000
"""Characters of the documents that are kept. Each takes up to 140 bytes, parsed."""

_RULES = tuple(specified_rules)


@dataclass(frozen=True, slots=True)
class Document:
    """size: characters. ast: None if it does not parse. errors: why it is not executed.

    operations: how many it holds.
    """

    size: int
    ast: DocumentNode | None
    errors: tuple[GraphQLError, ...]
    operations: int


class Documents:
    """The documents of one schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._kept: LRUCache[str, Document] = LRUCache(MOST_TEXT, lambda document: document.size)

    def read(self, text: str) -> Document:
        found = self._kept.get(text)
        if found is None:
            found = self._read(text)
            if found.size <= MOST_TEXT:
                self._kept[text] = found
        return found

    def _read(self, text: str) -> Document:
        try:
            ast = parse(text)
        except GraphQLError as error:
            return Document(len(text), None, (error.with_traceback(None),), 0)
        errors = validate_document(self._schema, ast, _RULES)
        operations = sum(isinstance(part, OperationDefinitionNode) for part in ast.definitions)
        return Document(len(text), ast, tuple(errors), operations)


class KeptDocuments(SchemaExtension):
    """Strawberry's steps of parsing and validation, by what the schema keeps. For a `gateway.schema.Schema`."""

    def on_parse(self) -> Iterator[None]:
        context = self.execution_context
        if context.query:
            context.graphql_document = self._documents.read(context.query).ast
        yield

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        if context.query and context.validation_rules == _RULES:
            context.pre_execution_errors = list(self._documents.read(context.query).errors)
        yield

    @property
    def _documents(self) -> Documents:
        return cast("Documents", cast("Any", self.execution_context.schema).documents)
