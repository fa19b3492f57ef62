"""Executes queries by their plans, which are kept. What has none is left to graphql-core, and why is told."""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass, field
from typing import Any

from cachetools import LRUCache
from graphql import DocumentNode
from graphql.execution.values import VariableValues, get_variable_values
from strawberry.types import ExecutionResult

from gateway.execution.careful import execute_carefully
from gateway.execution.compiling import Operation, compiled, operation_of
from gateway.execution.completing import Anomaly
from gateway.execution.plan import CannotCompile, Plan
from gateway.execution.run import Run
from gateway.schema import Attempt, Schema
from gateway.schema.context import Context
from gateway.schema.documents import MOST_TEXT, KeptDocuments

log = logging.getLogger(__name__)

MOST_FIELDS = 100_000
"""Fields of the plans that are kept."""

_HARMLESS = (KeptDocuments,)
"""Extensions that change no answer."""


@dataclass(frozen=True, slots=True)
class Known:
    """A document that was read. size: characters."""

    size: int
    document: DocumentNode
    operation: Operation


@dataclass(frozen=True, slots=True)
class Refused:
    """What cannot be compiled, and why."""

    size: int
    reason: str


@dataclass(slots=True)
class Executor:
    """Documents and plans of `schema` are kept, the latest used; also that a document has none, and why."""

    schema: Schema
    _documents: LRUCache[tuple[str, str | None], Known | Refused] = field(
        default_factory=lambda: LRUCache(MOST_TEXT, _size)
    )
    _plans: LRUCache[tuple[str, str | None, tuple[Any, ...]], Plan | Refused] = field(
        default_factory=lambda: LRUCache(MOST_FIELDS, _size)
    )

    async def __call__(
        self, query: str, variables: dict[str, Any] | None, context: Context, root: Any, name: str | None
    ) -> Attempt:
        try:
            known = self._known(query, name)
            inputs = get_variable_values(
                self.schema._schema, known.operation.node.variable_definitions or (), variables or {}, max_errors=50
            )
            if not isinstance(inputs, VariableValues):
                raise CannotCompile("variables that do not fit")
            plan = self._plan(query, name, known.operation, inputs)
        except CannotCompile as reason:
            return Attempt(None, f"fallback: {reason}")
        run = Run(plan, self.schema, context, inputs, root)
        try:
            data = await run.data()
        except Exception as error:
            if not isinstance(error, Anomaly):  # a mistake of ours; its words may hold a person's data
                where = "".join(traceback.format_tb(error.__traceback__))
                log.error("a plan could not be run: %s\n%s", type(error).__name__, where)
            return Attempt(await execute_carefully(self.schema, known.document, name, variables, run), "careful")
        return Attempt(ExecutionResult(data=data, errors=run.errors or None), "compiled")

    def _known(self, query: str, name: str | None) -> Known:
        found = self._documents.get((query, name))
        if found is None:
            try:
                found = self._read(query, name)
            except CannotCompile as reason:
                found = Refused(len(query), str(reason))
            if found.size <= MOST_TEXT:
                self._documents[query, name] = found
        if isinstance(found, Refused):
            raise CannotCompile(found.reason)
        return found

    def _read(self, query: str, name: str | None) -> Known:
        if any(extension not in _HARMLESS for extension in self.schema.extensions):
            raise CannotCompile("the schema has an extension")
        if self.schema.schema_converter.exception_handlers:
            raise CannotCompile("the schema has exception handlers")
        document = self.schema.documents.read(query)
        if document.ast is None:
            raise CannotCompile("the document does not parse")
        if document.errors:
            raise CannotCompile("the document does not fit the schema")
        return Known(len(query), document.ast, operation_of(document.ast, name))

    def _plan(self, query: str, name: str | None, operation: Operation, inputs: VariableValues) -> Plan:
        booleans = {each: inputs.coerced.get(each) for each in operation.switches}
        key = (query, name, tuple(booleans.values()))
        found = self._plans.get(key)
        if found is None:
            try:
                found = compiled(self.schema._schema, operation, booleans)
            except CannotCompile as reason:
                found = Refused(1, str(reason))
            except RecursionError:
                found = Refused(1, "nested too deeply")
            self._plans[key] = found
        if isinstance(found, Refused):
            raise CannotCompile(found.reason)
        return found


def _size(kept: Known | Refused | Plan) -> int:
    return kept.size
