"""Whether two executions of one operation gave the same answer."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from graphql import GraphQLError
from strawberry.types import ExecutionResult

_VARYING = re.compile(r'"(?:[\w-]{28,}|[\d-]{10}T[\d:]{8}Z)"')
"""Cursors, which are encrypted, and instants by our own clock, which have no milliseconds."""


def told(result: ExecutionResult) -> tuple[str, list[str], list[str], str]:
    """What must be the same: the data to the order of its keys, what is told of sources, where fields are null because
    of an error, and what the answer says of its sources.

    Of several errors below one null a server may tell any, by the GraphQL specification.
    """
    data = _VARYING.sub('"…"', json.dumps(result.data))
    ours, others = [], []
    for error in result.errors or ():
        if "source" in (error.extensions or {}):
            path = [p for p in error.path or () if isinstance(p, str)]
            said = {k: v for k, v in (error.extensions or {}).items() if k != "retryAfter"}  # runs by the clock
            ours.append(json.dumps([path, said, error.message, _lines(error)]))
        else:
            others.append(json.dumps([nulled(result.data, error.path or ()), (error.extensions or {}).get("code")]))
    extensions = {k: v for k, v in (result.extensions or {}).items() if k == "sources"}
    return data, sorted(ours), sorted(set(others)), json.dumps(extensions)


def nulled(data: Any, path: Sequence[str | int]) -> list[str | int]:
    """The part of a path that leads to a null of the answer."""
    at = data
    for number, part in enumerate(path):
        if at is None:
            return list(path[:number])
        at = at[part]
    assert at is None, f"an error at {path}, where there is a value"
    return list(path)


def _lines(error: GraphQLError) -> list[tuple[int, int]]:
    return sorted((place.line, place.column) for place in error.locations or ())
