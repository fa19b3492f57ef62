"""Scalars of the graph. Records hold them as they are answered, so that none is converted while answering."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

Date = NewType("Date", str)
DateTime = NewType("DateTime", str)
JSON = NewType("JSON", object)

SCALARS: Mapping[object, ScalarDefinition] = {
    Date: strawberry.scalar(name="Date", description="ISO 8601 date, such as 2026-08-31."),
    DateTime: strawberry.scalar(name="DateTime", description="ISO 8601 instant in UTC, such as 2026-08-31T06:00:00Z."),
    JSON: strawberry.scalar(name="JSON", description="Any JSON value, as the source sent it."),
}


def instant(seconds: float | None) -> str | None:
    """An instant from seconds since the epoch."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
