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

from gateway.beside import Beside

MOST_TEXT = 300_000
"""Characters of the documents that are kept. Each takes up to 140 bytes, parsed, and one object for the collector."""

LARGE = 4_000
"""Characters from which a new document is read beside the event loop: some of 13,000 take 2 s to be refused."""

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
        self._beside = Beside("documents")

    def read(self, text: str) -> Document:
        found = self._kept.get(text)
        return self._keep(text, self._read(text)) if found is None else found

    async def read_beside(self, text: str) -> Document:
        """The same, without holding the event loop up: a large one that is new is read by a thread, one at a time."""
        if len(text) < LARGE or text in self._kept:
            return self.read(text)
        return self._keep(text, await self._beside.do(self._read, text))

    def _keep(self, text: str, found: Document) -> Document:
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
