"""Executes queries by their plans, which are kept. What has none is left to graphql-core, and why is told."""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass, field
from typing import Any

from cachetools import LRUCache
from graphql import DocumentNode
from graphql.execution.values import VariableValues
from strawberry.types import ExecutionResult

from gateway.access.grant import Withheld
from gateway.execution import filling
from gateway.execution.anew import executed_anew
from gateway.execution.careful import Careful
from gateway.execution.compiling import Operation, compiled, operation_of
from gateway.execution.completing import Anomaly
from gateway.execution.kept import KeptRows
from gateway.execution.plan import CannotCompile, Plan
from gateway.execution.rows import Form
from gateway.execution.run import Run
from gateway.execution.variables import Variables
from gateway.schema import Attempt, Schema
from gateway.schema.context import Context
from gateway.schema.documents import KeptDocuments

log = logging.getLogger(__name__)

MOST = 500_000
"""What is kept of plans with their documents, in characters of text. Each takes up to 140 bytes, parsed."""

_PER_FIELD = 15
"""Characters that a field of a plan counts for."""

AGAIN = "careful: left to graphql-core"
"""The way of an operation whose plan could not even be run with care."""

_HARMLESS = (KeptDocuments,)
"""Extensions that change no answer."""


@dataclass(slots=True, eq=False)
class Known:
    """A document that was read, and its plans by the values of its switches and the classes that clients lack."""

    document: DocumentNode
    operation: Operation
    variables: Variables
    characters: int
    plans: dict[tuple[tuple[Any, ...], Withheld], Plan | Refused] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return self.characters + sum(plan.size * _PER_FIELD for plan in self.plans.values())


@dataclass(frozen=True, slots=True)
class Refused:
    """What cannot be compiled, and why."""

    size: int
    reason: str


@dataclass(slots=True)
class Executor:
    """Documents and their plans are kept, the latest used; also that a document has none, and why."""

    schema: Schema
    rows: KeptRows = field(default_factory=KeptRows)
    _kept: LRUCache[tuple[str, str | None], Known | Refused] = field(
        default_factory=lambda: LRUCache(MOST, lambda kept: kept.size)
    )

    async def __call__(
        self,
        query: str,
        variables: dict[str, Any] | None,
        context: Context,
        root: Any,
        name: str | None,
        to_encode: bool = False,
    ) -> Attempt:
        try:
            known = self._known(query, name)
            inputs = known.variables.of(variables)
            if inputs is None:
                raise CannotCompile("variables that do not fit")
            plan = self._plan(query, name, known, inputs, context.reading.grant.withheld)
        except CannotCompile as reason:
            return Attempt(None, f"fallback: {reason}")
        run = Run(plan, self.schema, context, inputs, root, Form.STRUCTS if to_encode else Form.DICTS, self.rows)
        try:
            data = await filling.data(run)
        except Exception as error:
            if not isinstance(error, Anomaly):
                _report("a plan could not be run", error)
            try:
                return Attempt(await Careful(run).answer(), "careful")
            except Exception as another:
                _report("a plan could not be run with care", another)
                return Attempt(await executed_anew(self.schema, known.document, name, variables, run), AGAIN)
        return Attempt(ExecutionResult(data=data, errors=run.errors or None), "compiled")

    def _known(self, query: str, name: str | None) -> Known:
        try:
            found = self._kept[query, name]
        except KeyError:
            try:
                found = self._read(query, name)
            except CannotCompile as reason:
                found = Refused(len(query), str(reason))
            self._keep(query, name, found)
        if isinstance(found, Refused):
            raise CannotCompile(found.reason)
        return found

    def _keep(self, query: str, name: str | None, found: Known | Refused) -> None:
        if found.size <= MOST:
            self._kept[query, name] = found

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
        operation = operation_of(document.ast, name)
        return Known(document.ast, operation, Variables(self.schema._schema, operation.node), len(query))

    def _plan(
        self,
        query: str,
        name: str | None,
        known: Known,
        inputs: VariableValues,
        withheld: Withheld,
    ) -> Plan:
        switches = known.operation.switches
        values = tuple([inputs.coerced.get(each) for each in switches]) if switches else ()
        key = values, withheld
        found = known.plans.get(key)
        if found is None:
            booleans = dict(zip(switches, values, strict=True))
            try:
                found = compiled(self.schema, known.operation, booleans, withheld)
            except CannotCompile as reason:
                found = Refused(1, str(reason))
            except RecursionError:
                found = Refused(1, "nested too deeply")
            if known.size + found.size * _PER_FIELD > MOST:
                known.plans.clear()
            known.plans[key] = found
            self._keep(query, name, known)
        if isinstance(found, Refused):
            raise CannotCompile(found.reason)
        return found


def _report(what: str, error: Exception) -> None:
    """Of a mistake of ours: where it is; its words may hold a person's data."""
    where = "".join(traceback.format_tb(error.__traceback__))
    log.error("%s: %s\n%s", what, type(error).__name__, where)
