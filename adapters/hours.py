"""A source's own clock: which hours hold now, when they end, and when its next day begins. Pure.

Hours are read off the wall: what says 02:00 to 03:00 lasts two hours on the night on which 02:30 comes twice, and none
on the night on which it does not come.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from adapters.dialect import Hours

_DAY = timedelta(days=1)
_WEEK = 7 * 86_400.0


def today(zone: ZoneInfo, now: float) -> date:
    """The source's date at `now`, in epoch seconds."""
    return datetime.fromtimestamp(now, zone).date()


def next_day(zone: ZoneInfo, now: float) -> float:
    """When the source's next date begins."""
    return datetime.combine(today(zone, now) + _DAY, time(), zone).timestamp()


def holds(hours: Iterable[Hours], zone: ZoneInfo, now: float) -> bool:
    """Whether any of `hours` holds at `now`."""
    hours = tuple(hours)
    return bool(hours) and _ends(hours, _wall(zone, now)) is not None


def over(hours: Iterable[Hours], zone: ZoneInfo, now: float) -> float:
    """When none of `hours` holds any more; `now`, if none does. Those that touch are one. Looks a week ahead."""
    hours, moment = tuple(hours), now
    while hours and moment < now + _WEEK:
        end = _ends(hours, _wall(zone, moment))
        if end is None:
            break
        # What the wall shows twice, or never, has two readings: the next of them.
        readings = (end.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1))
        moment = min(reading for reading in readings if reading > moment)
    return moment


def _wall(zone: ZoneInfo, now: float) -> datetime:
    return datetime.fromtimestamp(now, zone).replace(tzinfo=None)


def _ends(hours: Iterable[Hours], wall: datetime) -> datetime | None:
    """When the longest of the hours that hold ends, on the wall."""
    midnight = datetime.combine(wall.date(), time())
    ends = [
        day + timedelta(minutes=each.ends)
        for each in hours
        for day in (midnight - _DAY, midnight)
        if day.weekday() in each.days
        and day + timedelta(minutes=each.begins) <= wall < day + timedelta(minutes=each.ends)
    ]
    return max(ends, default=None)
