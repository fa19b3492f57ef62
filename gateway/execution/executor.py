"""Executes queries by their plans, which are kept. What has none is left to graphql-core, and why is told."""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass, field
from typing import Any

from cachetools import LRUCache
from graphql import DocumentNode, GraphQLError, parse, validate
from graphql.execution.values import VariableValues, get_variable_values
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.types import ExecutionResult

from gateway.execution.careful import execute_carefully
from gateway.execution.compiling import Operation, compiled, operation_of
from gateway.execution.plan import CannotCompile, Plan
from gateway.execution.run import Anomaly, Run
from gateway.schema import Attempt, Schema
from gateway.schema.context import Context

log = logging.getLogger(__name__)

MOST_DOCUMENTS = 256
MOST_PLANS = 512

_HARMLESS = (ParserCache, ValidationCache)
"""Extensions that change no answer: what they keep is kept here too."""


@dataclass(slots=True)
class Executor:
    """Documents and plans of `schema` are kept, the latest used; also that a document has none, and why."""

    schema: Schema
    _documents: LRUCache[tuple[str, str | None], tuple[DocumentNode, Operation] | str] = field(
        default_factory=lambda: LRUCache(MOST_DOCUMENTS)
    )
    _plans: LRUCache[tuple[str, str | None, tuple[Any, ...]], Plan | str] = field(
        default_factory=lambda: LRUCache(MOST_PLANS)
    )

    async def __call__(
        self, query: str, variables: dict[str, Any] | None, context: Context, root: Any, name: str | None
    ) -> Attempt:
        try:
            document, operation = self._known(query, name)
            inputs = get_variable_values(
                self.schema._schema, operation.node.variable_definitions or (), variables or {}, max_errors=50
            )
            if not isinstance(inputs, VariableValues):
                raise CannotCompile("variables that do not fit")
            plan = self._plan(query, name, operation, inputs)
        except CannotCompile as reason:
            return Attempt(None, f"fallback: {reason}")
        run = Run(plan, self.schema, context, inputs, root)
        try:
            data = await run.data()
        except Exception as error:
            if not isinstance(error, Anomaly):  # a mistake of ours; its words may hold a person's data
                where = "".join(traceback.format_tb(error.__traceback__))
                log.error("a plan could not be run: %s\n%s", type(error).__name__, where)
            return Attempt(await execute_carefully(self.schema, document, name, variables, run), "careful")
        return Attempt(ExecutionResult(data=data, errors=run.errors or None), "compiled")

    def _known(self, query: str, name: str | None) -> tuple[DocumentNode, Operation]:
        found = self._documents.get((query, name))
        if found is None:
            try:
                found = self._read(query, name)
            except CannotCompile as reason:
                found = str(reason)
            self._documents[query, name] = found
        if isinstance(found, str):
            raise CannotCompile(found)
        return found

    def _read(self, query: str, name: str | None) -> tuple[DocumentNode, Operation]:
        if any(extension not in _HARMLESS for extension in self.schema.extensions):
            raise CannotCompile("the schema has an extension")
        if self.schema.schema_converter.exception_handlers:
            raise CannotCompile("the schema has exception handlers")
        try:
            document = parse(query)
        except (GraphQLError, RecursionError):
            raise CannotCompile("the document does not parse") from None
        if validate(self.schema._schema, document):
            raise CannotCompile("the document does not fit the schema")
        return document, operation_of(document, name)

    def _plan(self, query: str, name: str | None, operation: Operation, inputs: VariableValues) -> Plan:
        booleans = {each: inputs.coerced.get(each) for each in operation.switches}
        key = (query, name, tuple(booleans.values()))
        found = self._plans.get(key)
        if found is None:
            try:
                found = compiled(self.schema._schema, operation, booleans)
            except CannotCompile as reason:
                found = str(reason)
            except RecursionError:
                found = "nested too deeply"
            self._plans[key] = found
        if isinstance(found, str):
            raise CannotCompile(found)
        return found
