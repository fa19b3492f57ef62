"""Spans of a source's day, as settings write them: `mon-fri 07:00-16:00`, or `22:00-05:00` for every day."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from adapters.dialect import EVERY_DAY, Hours
from gateway.config.mistakes import did_you_mean
from gateway.config.values import Kind, Wrong, list_of, type_of

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = 24 * 60
_SPAN = re.compile(r"(?:(?P<days>[^\d\s:][^\s:]*) +)?(?P<begins>\d\d?:\d\d) *[-–] *(?P<ends>\d\d?:\d\d)")


def covers_the_week(hours: Iterable[Hours]) -> bool:
    """Whether there is no minute left of any week."""
    minutes: set[int] = set()
    for each in hours:
        for day in each.days:
            minutes.update(m % (7 * _DAY) for m in range(day * _DAY + each.begins, day * _DAY + each.ends))
    return len(minutes) == 7 * _DAY


def _hours(value: Any) -> Hours:
    if not isinstance(value, str):
        raise Wrong(f"this is {type_of(value)}: write it in quotes")
    match = _SPAN.fullmatch(value.strip().lower())
    if match is None:
        raise Wrong("this is no span of the day, such as 22:00-05:00")
    begins, ends = _minute(match["begins"], _DAY - 1), _minute(match["ends"], _DAY)
    if begins == ends:
        raise Wrong("it ends when it begins; a whole day is 00:00-24:00")
    return Hours(_days(match["days"]), begins, ends if ends > begins else ends + _DAY)


def _minute(text: str, latest: int) -> int:
    hour, minute = map(int, text.split(":"))
    if minute > 59 or hour * 60 + minute > latest:
        raise Wrong(f"{text} is later than {latest // 60}:{latest % 60:02}")
    return hour * 60 + minute


def _days(text: str | None) -> frozenset[int]:
    if text is None:
        return EVERY_DAY
    days: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        begins, ends = _day(first), _day(last or first)
        days.update((begins + n) % 7 for n in range((ends - begins) % 7 + 1))
    return frozenset(days)


def _day(text: str) -> int:
    if text not in _DAYS:
        raise Wrong(f'no day is written "{text}"{did_you_mean(text, _DAYS)}')
    return _DAYS.index(text)


_ALLOWED = (
    '"22:00-05:00" for every day, or days before it: "mon-fri 07:00-16:00", "sat,sun 00:00-24:00"; one that passes '
    "midnight belongs to the day on which it begins"
)
HOURS = list_of(Kind("span", _ALLOWED, _hours))
