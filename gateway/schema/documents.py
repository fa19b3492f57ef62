"""Documents read once: parsed, and held against the schema, whoever executes them. The latest are kept.

They take the place of Strawberry's two caches, which count documents whatever their size, and which only Strawberry
can read from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from cachetools import LRUCache
from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    parse,
    specified_rules,
    validate,
)
from graphql.validation import ASTValidationRule, NoSchemaIntrospectionCustomRule
from strawberry.extensions import SchemaExtension
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from gateway.beside import Beside
from gateway.faults import ErrorCode, extensions
from gateway.limits import DocumentLimits, Exceeded, read
from gateway.schema.prices import Given, Price
from gateway.schema.pricing import Prices

MOST_TEXT = 300_000
"""Characters of the documents that are kept. Each takes up to 140 bytes, parsed, and one object for the collector."""

LARGE = 4_000
"""Characters from which a new document is read beside the event loop: some of 13,000 take 2 s to be refused."""

MOST_FOUND = 20
"""Errors after which a document is not looked at any more; those that say the same are told as one."""

UNTOLD = "the document does not fit the schema"
"""All that is told of what is wrong with a document where the schema may not be asked for."""

_RULES = tuple(specified_rules)
_ALL_RULES: tuple[type[ASTValidationRule], ...] = (*_RULES, MaybeNullValidationRule, OneOfInputValidationRule)
"""Strawberry's own, too."""


@dataclass(frozen=True, slots=True)
class Document:
    """size: characters. ast: None if it does not parse. errors: why it is not executed.

    operations: how many it holds. prices: of those that were asked for.
    """

    size: int
    ast: DocumentNode | None
    errors: tuple[GraphQLError, ...]
    operations: int
    prices: Prices = field(default_factory=Prices)


class CheckedDocuments:
    """The documents of one schema. limits: those that are larger are refused; None: all are read.

    introspection: whether the schema may be asked for. If not, errors tell nothing of it either.
    """

    def __init__(
        self, schema: GraphQLSchema, limits: DocumentLimits | None = None, *, introspection: bool = True
    ) -> None:
        self._schema = schema
        self.limits = limits
        self._introspection = introspection
        self._kept: LRUCache[str, Document] = LRUCache(MOST_TEXT, lambda document: document.size)
        self._beside = Beside("documents")

    def kept(self, text: str) -> Document | None:
        """One that was read before, if it is still there."""
        try:
            return self._kept[text]
        except KeyError:
            return None

    def price(self, document: Document, name: str | None, given: Given) -> Price | None:
        """What an operation costs; None where there is no such, or the document is not executed."""
        if document.ast is None or document.errors:
            return None
        return document.prices.of(self._schema, document.ast, name, given)

    def read(self, text: str) -> Document:
        return self.kept(text) or self._keep(text, self._read(text))

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
            ast = read(text, self.limits) if self.limits is not None else parse(text)
        except Exceeded as error:
            refused = GraphQLError(error.message, error.nodes, extensions=extensions(ErrorCode.DOCUMENT_LIMIT))
            return Document(len(text), None, (refused,), 0)
        except GraphQLError as error:
            return Document(len(text), None, (error.with_traceback(None),), 0)
        operations = sum(isinstance(part, OperationDefinitionNode) for part in ast.definitions)
        return Document(len(text), ast, tuple(self._errors(ast)), operations)

    def _errors(self, ast: DocumentNode) -> Iterable[GraphQLError]:
        if self._introspection:
            return _together(validate(self._schema, ast, _ALL_RULES, MOST_FOUND))
        rules = (*_ALL_RULES, NoSchemaIntrospectionCustomRule)
        found = validate(self._schema, ast, rules, MOST_FOUND, hide_suggestions=True)
        return _together([GraphQLError(UNTOLD, error.nodes) for error in found])


def _together(errors: Iterable[GraphQLError]) -> Iterator[GraphQLError]:
    """Errors of the same words as one, with all their places."""
    places: dict[str, list[Node]] = {}
    for error in errors:
        places.setdefault(error.message, []).extend(error.nodes or ())
    return (GraphQLError(message, nodes or None) for message, nodes in places.items())


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
    def _documents(self) -> CheckedDocuments:
        return cast("CheckedDocuments", cast("Any", self.execution_context.schema).documents)
