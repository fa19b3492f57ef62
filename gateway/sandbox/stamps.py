"""Moments at which records were last changed, spread over the year before a district's today."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random


class Stamps:
    def __init__(self, rng: Random, today: date) -> None:
        now = datetime(today.year, today.month, today.day, 3, 0, tzinfo=UTC)
        self._all = [_text(now - timedelta(seconds=rng.randrange(60, 300 * 86_400))) for _ in range(509)]
        self._at = 0

    def next(self) -> str:
        self._at = (self._at + 1) % len(self._all)
        return self._all[self._at]


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
