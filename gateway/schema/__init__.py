"""The graph: GraphQL types and fields over records. Knows no HTTP and no provider; reads through one `Reading`."""

import copy
import re
from collections.abc import Awaitable, Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import strawberry
from graphql import GraphQLError, OperationDefinitionNode, parse
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from gateway.faults import BadInput
from gateway.schema.answers import complete
from gateway.schema.context import Context
from gateway.schema.mutation import Mutation
from gateway.schema.query import Query
from gateway.schema.scalars import SCALARS
from gateway.schema.sdl import printed

_OPERATION = re.compile(r"\b(query|mutation|subscription)\b")


@lru_cache(128)
def operations(query: str) -> int:
    """How many named operations a document holds; 0 for one that does not parse."""
    if len(_OPERATION.findall(query)) < 2:
        return 1
    try:
        return sum(isinstance(part, OperationDefinitionNode) for part in parse(query).definitions)
    except (GraphQLError, RecursionError):
        return 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of an operation that was led elsewhere than to graphql-core. result: None if it is left to that one.

    path: the way it took, and why.
    """

    result: ExecutionResult | None
    path: str


Lead = Callable[[str, dict[str, Any] | None, Context, Any, str | None], Awaitable[Attempt]]
"""Executes a document with variables, context, root value and the operation's name, or leaves it."""


class Schema(strawberry.Schema):
    """Strawberry's, with our last step after every execution."""

    _lead: Lead | None = None

    def led_by(self, lead: Lead) -> "Schema":
        """The same, but `lead` has the first try at every query."""
        made = copy.copy(self)
        made._lead = lead
        return made

    async def execute(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Context | None = None,
        root_value: Any | None = None,
        operation_name: str | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
        operation_extensions: dict[str, Any] | None = None,
    ) -> ExecutionResult:
        if operation_name is None and query is not None and operations(query) > 1:
            message = "the document has several operations: name the one to run in `operationName`"
            return complete(PreExecutionError(data=None, errors=[BadInput(message)]), None)
        reading = context_value.reading if context_value is not None else None
        with reading.under_way() if reading is not None else nullcontext():
            result, path = None, "fallback: no plans are made here"
            queries = allowed_operation_types is None or OperationType.QUERY in allowed_operation_types
            if self._lead is not None and query is not None and context_value is not None and queries:
                attempt = await self._lead(query, variable_values, context_value, root_value, operation_name)
                result, path = attempt.result, attempt.path
            if reading is not None:
                reading.executed(path)
            if result is None:
                result = await super().execute(
                    query,
                    variable_values,
                    context_value,
                    root_value,
                    operation_name,
                    allowed_operation_types,
                    operation_extensions,
                )
        return complete(result, reading)

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Nothing: `complete` reports what is ours, without a person's data."""


SCHEMA = Schema(Query, Mutation, config=StrawberryConfig(scalar_map=SCALARS), extensions=[ParserCache, ValidationCache])


def sdl() -> str:
    """The schema as `schema.graphql` holds it."""
    return printed(SCHEMA._schema)
