"""Whether two executions of one operation gave the same answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from strawberry.types import ExecutionResult

from gateway.faults import ErrorCode, SourceState, rank

Collections: TypeAlias = Mapping[tuple[str, str], tuple[SourceState, ErrorCode | None]]
"""How those stood that were not fresh, by source and collection."""

_VARYING = re.compile(r'"(?:[\w-]{28,}|[\d-]{10}T[\d:]{8}Z)"')
"""Cursors, which are encrypted, and instants by our own clock, which have no milliseconds."""


class Told(NamedTuple):
    """What must be the same of an answer. sources: what is told of them in `errors`; nulls: where fields are null
    because of another error; shown: what `extensions` say of sources.

    Of several errors below one null a server may tell any, by the GraphQL specification.
    """

    data: str
    sources: list[str]
    nulls: list[str]
    shown: str


def told(result: ExecutionResult) -> Told:
    errors = [error.formatted for error in result.errors or ()]
    return told_on_wire({"data": result.data, "errors": errors, "extensions": result.extensions})


def told_on_wire(answer: Mapping[str, Any]) -> Told:
    """Data to the order of its keys; of each null, whether what went wrong is below it."""
    data = answer.get("data")
    ours, others = [], []
    for error in answer.get("errors") or ():
        extensions, path = error.get("extensions") or {}, error.get("path") or ()
        if "source" in extensions:
            said = {k: v for k, v in extensions.items() if k != "retryAfter"}  # runs by the clock
            ours.append(json.dumps([path, said, error["message"], _lines(error)]))
        else:
            null = nulled(data, path)
            others.append(json.dumps([null, extensions.get("code"), len(path) > len(null)]))
    shown = (answer.get("extensions") or {}).get("sources")
    return Told(_VARYING.sub('"…"', json.dumps(data)), sorted(ours), sorted(set(others)), json.dumps(shown))


def same(expected: Told, given: Told) -> bool:
    """Whether `given` is what graphql-core answers. Where an error below takes a null with it, graphql-core leaves what
    it was reading there, and a plan does not: no more than that may be told besides, and none of it elsewhere.
    """
    nulls = [_fields(null) for null, _, below in map(json.loads, expected.nulls) if below]
    if not nulls:
        return expected == given

    def elsewhere(entries: list[str]) -> list[str]:
        paths = [(each, _fields(json.loads(each)[0])) for each in entries]
        return [each for each, path in paths if not any(path[: len(null)] == null for null in nulls)]

    return (
        (expected.data, expected.nulls) == (given.data, given.nulls)
        and elsewhere(expected.sources) == elsewhere(given.sources)
        and _no_better(_collections(given), _collections(expected))
    )


def _no_better(given: Collections, expected: Collections) -> bool:
    """All that is `expected` is given, or worse of the same collection."""
    return all(each in given and rank(*given[each]) <= rank(*stood) for each, stood in expected.items())


def _collections(told: Told) -> Collections:
    shown = json.loads(told.shown)
    return {
        (each["source"], each["collection"]): (
            SourceState(each["state"]),
            ErrorCode(each["code"]) if "code" in each else None,
        )
        for each in (shown["notFresh"] if shown else ())
    }


def _fields(path: Sequence[str | int]) -> list[str]:
    return [part for part in path if isinstance(part, str)]


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
