"""Execution by graphql-core of what a plan was to answer: the last resort, should a plan with care fail as well.

It is handed what the root fields were read to be, and everything below is in the operation's loaders or held, so no
source is asked a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import isawaitable
from typing import Any

from graphql import DocumentNode, GraphQLResolveInfo, execute
from strawberry.schema import Schema
from strawberry.types import ExecutionResult

from gateway.execution.run import Run


async def executed_anew(
    schema: Schema, document: DocumentNode, name: str | None, variables: dict[str, Any] | None, run: Run
) -> ExecutionResult:
    """What `run` was to answer. What it told of below its root fields is told anew."""
    run.context.reading.outcomes.forget_below_roots()
    run.forget_met()
    result = execute(
        schema._schema,
        document,
        run.root_value,
        run.context,
        variables,
        name,
        middleware=[_remembered(run.roots)],
        executor_class=schema.execution_context_class,
    )
    found = await result if isawaitable(result) else result
    if run.context.shown is not None:
        run.context.shown.settle(found.data)
    return ExecutionResult(data=found.data, errors=found.errors)


def _remembered(roots: Mapping[str, Any]) -> Callable[..., Any]:
    def resolve(following: Callable[..., Any], parent: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        if info.path.prev is None and info.path.key in roots:
            found = roots[str(info.path.key)]
            if isinstance(found, BaseException):
                raise found
            return found
        return following(parent, info, **arguments)

    return resolve
