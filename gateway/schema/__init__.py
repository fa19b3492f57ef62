"""The graph: GraphQL types and fields over records. Knows no HTTP and no provider; reads through one `Reading`."""

from collections.abc import Iterable
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.graphql import OperationType

from gateway.schema.answers import complete
from gateway.schema.context import Context
from gateway.schema.query import Query
from gateway.schema.scalars import SCALARS
from gateway.schema.sdl import printed


class Schema(strawberry.Schema):
    """Strawberry's, with our last step after every execution."""

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
        result = await super().execute(
            query,
            variable_values,
            context_value,
            root_value,
            operation_name,
            allowed_operation_types,
            operation_extensions,
        )
        return complete(result, context_value.reading if context_value is not None else None)

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Nothing: `complete` reports what is ours, without a person's data."""


SCHEMA = Schema(Query, config=StrawberryConfig(scalar_map=SCALARS), extensions=[ParserCache, ValidationCache])


def sdl() -> str:
    """The schema as `schema.graphql` holds it."""
    return printed(SCHEMA._schema)
