"""The graph: GraphQL types and fields over records. Knows no HTTP and no provider; reads through one `Reading`."""

import copy
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import nullcontext
from typing import Any

import msgspec
import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.exceptions import CannotGetOperationTypeError
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from gateway.access.rates import TooOften
from gateway.faults import BadInput
from gateway.limits import DocumentLimits
from gateway.schema import personal
from gateway.schema.answers import complete
from gateway.schema.bounding import BoundedExecutor
from gateway.schema.context import Context
from gateway.schema.documents import CheckedDocuments, Document, KeptDocuments
from gateway.schema.enums import FieldClass
from gateway.schema.mutation import Mutation
from gateway.schema.query import Query
from gateway.schema.scalars import SCALARS
from gateway.schema.sdl import printed


class Attempt(msgspec.Struct, frozen=True):
    """What became of an operation that was led elsewhere than to graphql-core. result: None if it is left to that one.

    path: the way it took, and why.
    """

    result: ExecutionResult | None
    path: str


Lead = Callable[[str, dict[str, Any] | None, Context, Any, str | None, bool], Awaitable[Attempt]]
"""Executes a document with variables, context, root value and the operation's name, or leaves it. Last, whether the
data is for nothing but to be encoded.
"""


class Schema(strawberry.Schema):
    """Strawberry's, with our last step after every execution. `documents` keeps what was read; the fallback reads from
    there too if `KeptDocuments` is among the extensions. `taken` counts operations by the way that they took.
    """

    _lead: Lead | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        personal.declare(self._schema)
        self.documents = CheckedDocuments(self._schema)
        self.taken = Counter[str]()

    def bounded(self, limits: DocumentLimits, *, introspection: bool) -> "Schema":
        """The same, but larger documents are refused; so is asking for the schema without `introspection`."""
        made = copy.copy(self)
        made.documents = CheckedDocuments(self._schema, limits, introspection=introspection)
        return made

    def led_by(self, lead: Lead) -> "Schema":
        """The same, but `lead` has the first try at every query."""
        made = copy.copy(self)
        made._lead = lead
        made.taken = Counter()
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
        *,
        to_encode: bool = False,
    ) -> ExecutionResult:
        """to_encode: the data is for nothing but msgspec to encode, and need not be dictionaries."""
        document = None
        if query is not None:
            document = self.documents.kept(query) or await self.documents.read_beside(query)
        if document is not None and operation_name is None and document.operations > 1:
            self.taken["refused"] += 1
            message = "the document has several operations: name the one to run in `operationName`"
            return complete(PreExecutionError(data=None, errors=[BadInput(message)]), None)
        refused = self._priced(document, operation_name, variable_values or {}, context_value)
        if refused is not None:
            self.taken["refused"] += 1
            return refused
        reading = context_value.reading if context_value is not None else None
        with reading.under_way() if reading is not None else nullcontext():
            result, path = None, "fallback: no plans are made here"
            queries = allowed_operation_types is None or OperationType.QUERY in allowed_operation_types
            if self._lead is not None and query is not None and context_value is not None and queries:
                attempt = await self._lead(query, variable_values, context_value, root_value, operation_name, to_encode)
                result, path = attempt.result, attempt.path
            if reading is not None:
                reading.executed(path)
            if document is not None and document.ast is None:
                result = PreExecutionError(data=None, errors=list(document.errors))
            if result is None:
                try:
                    result = await super().execute(
                        query,
                        variable_values,
                        context_value,
                        root_value,
                        operation_name,
                        allowed_operation_types,
                        operation_extensions,
                    )
                except CannotGetOperationTypeError:
                    named = "no operation" if operation_name is None else f"no operation named `{operation_name}`"
                    result = PreExecutionError(data=None, errors=[BadInput(f"the document has {named}")])
                if context_value is not None and context_value.shown is not None:
                    context_value.shown.settle(result.data)
        way = "refused" if isinstance(result, PreExecutionError) else path.partition(":")[0]
        self.taken[way] += 1
        if context_value is not None and context_value.cost.limit is not None and way != "refused":
            if way != "compiled":  # what is null in the end was met all the same
                context_value.cost.count(result.data)
            shown = {"cost": context_value.cost.extension()}
            result.extensions = {**result.extensions, **shown} if result.extensions else shown
        if context_value is not None and context_value.points is not None:
            context_value.points.give_back(context_value.cost.unused)
        return complete(result, reading)

    def _priced(
        self, document: Document | None, name: str | None, given: dict[str, Any], context: Context | None
    ) -> ExecutionResult | None:
        """Tells the context what an operation costs. What is answered, if that is too much."""
        limits = self.documents.limits
        if limits is None or document is None or context is None:
            return None
        price = self.documents.price(document, name, given)
        if price is None:
            return None
        cost = context.cost
        cost.predict(price, given, limits.cost)
        if cost.requested <= limits.cost:
            if context.points is not None and (wait := context.points.take(cost.charged)):
                raise TooOften(wait, "this client asks for more than it may in so short a time")
            return None
        refused = PreExecutionError(data=None, errors=[cost.exceeded()], extensions={"cost": cost.extension()})
        return complete(refused, None)

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Nothing: `complete` reports what is ours, without a person's data."""


SCHEMA = Schema(
    Query,
    Mutation,
    types=[FieldClass],
    config=StrawberryConfig(scalar_map=SCALARS),
    extensions=[KeptDocuments],
    execution_context_class=BoundedExecutor,
)


def sdl() -> str:
    """The schema as `schema.graphql` holds it."""
    return printed(SCHEMA._schema)
