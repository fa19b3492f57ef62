"""The last step of every answer, whoever executed it: outcomes of sources join it, and each error gets its code.

What went wrong in our own code is masked: its text may hold anything, a person's data included.
"""

import logging
import traceback
from collections.abc import Sequence
from typing import Any, TypeVar

from graphql import FieldNode, GraphQLError, GraphQLSyntaxError
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from gateway.faults import ErrorCode, answering, extensions
from gateway.roster.reading import Reading

log = logging.getLogger(__name__)

R = TypeVar("R", bound=ExecutionResult)

MOST_ERRORS = 20
"""Told of an operation that is not executed. What fails while one is executed is told wherever data is missing."""


def complete(result: R, reading: Reading | None) -> R:
    """`result` with the outcomes of the sources that it was read from, and with a code in every error."""
    executed = not isinstance(result, PreExecutionError)
    reported: set[int] = set()
    errors = [coded(error, executed, reported) for error in _few(result.errors or ())]
    if reading is not None:
        errors += reading.outcomes.errors()
        sources = reading.outcomes.extension()
        shown: dict[str, Any] = {} if sources is None else {"sources": sources}
        if reading.explanation is not None:
            shown["explain"] = reading.explanation.extension()
        if shown:
            result.extensions = {**result.extensions, **shown} if result.extensions else shown
    result.errors = errors or None
    return result


def _few(errors: Sequence[GraphQLError]) -> Sequence[GraphQLError]:
    if len(errors) <= MOST_ERRORS or any(error.path is not None for error in errors):
        return errors
    more = GraphQLError("there are more errors, which are not told", extensions=errors[0].extensions)
    return [*errors[: MOST_ERRORS - 1], more]


def coded(error: GraphQLError, executed: bool, reported: set[int]) -> GraphQLError:
    """`error` as it may be shown: with a code, and without the words of a mistake of ours.

    reported: mistakes that were. One that shows in several places is logged once, with the first.
    """
    if error.extensions and "code" in error.extensions:
        return error
    code = _code(error, executed)
    if code is ErrorCode.INTERNAL and id(error.original_error or error) not in reported:
        reported.add(id(error.original_error or error))
        _report(error)
    message = "internal error" if code is ErrorCode.INTERNAL else error.message
    return GraphQLError(
        message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions=extensions(code),
    )


def _code(error: GraphQLError, executed: bool) -> ErrorCode:
    if error.original_error is not None and not isinstance(error.original_error, GraphQLError):
        return ErrorCode.INTERNAL
    if isinstance(error, GraphQLSyntaxError):
        return ErrorCode.GRAPHQL_PARSE_FAILED
    if not executed:
        return ErrorCode.GRAPHQL_VALIDATION_FAILED
    # What was thrown in the course of execution is about a value that we made, unless it points at the client's.
    ours = error.path is not None and all(isinstance(node, FieldNode) for node in error.nodes or ())
    return ErrorCode.INTERNAL if ours else ErrorCode.BAD_USER_INPUT


def _report(error: GraphQLError) -> None:
    """Tells where it happened; not its words, which may hold a person's data."""
    cause = error.original_error or error
    where = "".join(traceback.format_tb(cause.__traceback__))
    what = type(cause).__name__
    log.error("request %s: internal error at %s: %s\n%s", answering.get(), _field(error.path), what, where)


def _field(path: Sequence[Any] | None) -> str:
    return ".".join(str(part) for part in path or ())
