"""The exit to bytes: an operation asked over a transport of ours, answered as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec
from graphql import GraphQLError
from strawberry.types.execution import ExecutionResult, PreExecutionError
from strawberry.types.graphql import OperationType

from gateway.schema import Schema
from gateway.schema.context import Context

QUERIES = frozenset({OperationType.QUERY})
READS_AND_WRITES = frozenset({OperationType.QUERY, OperationType.MUTATION})


class Asked(msgspec.Struct, frozen=True):
    """An operation as a client sent it."""

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = None


class Answer(msgspec.Struct, frozen=True):
    """body: JSON, in UTF-8. executed: false for a document that was refused: it does not parse or fit the schema, its
    variables do not fit, or it holds no such operation; `data` is absent then. codes: of its errors. empty: all of its
    data is null.
    """

    body: bytes
    executed: bool
    codes: tuple[str, ...] = ()
    empty: bool = False


async def respond(
    schema: Schema, asked: Asked, context: Context, allowed: frozenset[OperationType] = READS_AND_WRITES
) -> Answer:
    """allowed: which operations may be asked so.

    Raises:
    strawberry.exceptions.InvalidOperationTypeError: another one was asked.
    """
    result = await schema.execute(
        asked.query,
        asked.variables,
        context,
        operation_name=asked.operation_name,
        allowed_operation_types=allowed,
        to_encode=True,
    )
    executed = _executed(result)
    shown: dict[str, Any] = {"data": result.data} if executed else {}
    if result.errors:
        shown["errors"] = [error.formatted for error in result.errors]
    if result.extensions:
        shown["extensions"] = result.extensions
    if not result.errors:
        return Answer(_encoded(shown), executed)
    return Answer(_encoded(shown), executed, _codes(result.errors), _empty(result.data))


def _codes(errors: Sequence[GraphQLError]) -> tuple[str, ...]:
    return tuple(sorted({str(error.extensions["code"]) for error in errors if error.extensions}))


def _empty(data: Any) -> bool:
    """Whether there is nothing in the outermost row."""
    if isinstance(data, msgspec.Struct):
        return all(value is None for value in msgspec.structs.astuple(data))
    return not data or all(value is None for value in data.values())


def _encoded(shown: dict[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(shown)
    except UnicodeEncodeError:  # an error tells of a client's text that is half a character: only escapes can
        return msgspec.json.encode({**shown, "errors": msgspec.Raw(json.dumps(shown["errors"]).encode())})


def _executed(result: ExecutionResult) -> bool:
    """Whether any field was: variables that do not fit are noticed last, by errors that stand at no field."""
    if isinstance(result, PreExecutionError):
        return False
    return result.data is not None or any(error.path is not None for error in result.errors or ())
