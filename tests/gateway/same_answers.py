"""Whether two executions of one operation gave the same answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from strawberry.types import ExecutionResult

_VARYING = re.compile(r'"(?:[\w-]{28,}|[\d-]{10}T[\d:]{8}Z)"')
"""Cursors, which are encrypted, and instants by our own clock, which have no milliseconds."""

Told: TypeAlias = tuple[str, list[str], list[str], str]


def told(result: ExecutionResult) -> Told:
    """What must be the same of an answer, as `told_on_wire`."""
    errors = [error.formatted for error in result.errors or ()]
    return told_on_wire({"data": result.data, "errors": errors, "extensions": result.extensions})


def told_on_wire(answer: Mapping[str, Any]) -> Told:
    """What must be the same: the data to the order of its keys, what is told of sources, where fields are null because
    of an error, and what the answer says of its sources.

    Of several errors below one null a server may tell any, by the GraphQL specification.
    """
    data = answer.get("data")
    ours, others = [], []
    for error in answer.get("errors") or ():
        extensions, path = error.get("extensions") or {}, error.get("path") or ()
        if "source" in extensions:
            fields = [p for p in path if isinstance(p, str)]
            said = {k: v for k, v in extensions.items() if k != "retryAfter"}  # runs by the clock
            ours.append(json.dumps([fields, said, error["message"], _lines(error)]))
        else:
            others.append(json.dumps([nulled(data, path), extensions.get("code")]))
    shown = {k: v for k, v in (answer.get("extensions") or {}).items() if k == "sources"}
    return _VARYING.sub('"…"', json.dumps(data)), sorted(ours), sorted(set(others)), json.dumps(shown)


def same(expected: Told, given: Told) -> bool:
    """Of what is below a null of an error a server may have read nothing, or something, and tell of it or not."""
    if not expected[2]:
        return expected == given
    nulls = [[part for part in json.loads(each)[0] if isinstance(part, str)] for each in expected[2]]

    def beside(entries: list[str]) -> list[str]:
        return [each for each in entries if not any(json.loads(each)[0][: len(null)] == null for null in nulls)]

    return expected[::2] == given[::2] and beside(expected[1]) == beside(given[1])


def nulled(data: Any, path: Sequence[str | int]) -> list[str | int]:
    """The part of a path that leads to a null of the answer."""
    at = data
    for number, part in enumerate(path):
        if at is None:
            return list(path[:number])
        at = at[part]
    assert at is None, f"an error at {path}, where there is a value"
    return list(path)


def _lines(error: Mapping[str, Any]) -> list[tuple[int, int]]:
    return sorted((place["line"], place["column"]) for place in error.get("locations") or ())
