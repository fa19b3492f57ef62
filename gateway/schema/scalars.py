"""Scalars of the graph. Records hold them as they are answered, so that none is converted while answering."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

from gateway.roster.reading import TODAY

Date = NewType("Date", str)
Day = NewType("Day", str)
DateTime = NewType("DateTime", str)
JSON = NewType("JSON", object)


def _date(value: object) -> str:
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise ValueError(f"{value!r} is not an ISO 8601 date, such as 2026-08-31") from None


def _day(value: object) -> str:
    if value == TODAY:
        return TODAY
    try:
        return _date(value)
    except ValueError:
        raise ValueError(f"{value!r} is neither an ISO 8601 date, such as 2026-08-31, nor the word {TODAY}") from None


def _moment(value: object) -> str:
    """As records hold it: UTC, with three decimals. Without a zone it would be anybody's."""
    try:
        moment = datetime.fromisoformat(str(value))
        if moment.tzinfo is None:
            raise ValueError
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{value!r} is not an ISO 8601 instant with its zone, such as 2026-08-31T06:00:00Z") from None
    return f"{moment.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


SCALARS: Mapping[object, ScalarDefinition] = {
    Date: strawberry.scalar(name="Date", description="ISO 8601 date, such as 2026-08-31.", parse_value=_date),
    Day: strawberry.scalar(
        name="Day",
        description="A day to look at: an ISO 8601 date, or the word `today`, which is the date that each source has, "
        "by its own time zone.",
        parse_value=_day,
    ),
    DateTime: strawberry.scalar(
        name="DateTime",
        description="ISO 8601 instant: answered in UTC, such as 2026-08-31T06:00:00Z; taken with any zone.",
        parse_value=_moment,
    ),
    JSON: strawberry.scalar(name="JSON", description="Any JSON value, as the source sent it."),
}


def instant(seconds: float | None) -> str | None:
    """An instant from seconds since the epoch."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
