"""The shrink guard: a reading that lost too much is held back until somebody decides.

A district's export that breaks half-way looks like a district that sent most of its pupils home. The last good table
goes on serving, marked, until an operator accepts what came.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.config.settings import GuardSettings

_USUAL = GuardSettings()

SAMPLE = 20
"""sourcedIds of lost records that a hold shows."""


@dataclass(frozen=True, slots=True)
class Guard:
    """max_loss: share of the records that one reading may lose. min_records: how many it must lose to be held."""

    max_loss: float = _USUAL.max_loss
    min_records: int = _USUAL.min_records

    def holds(self, before: int, now: int) -> bool:
        """Whether a reading of `now` records after one of `before` is held: too many lost, or suddenly none left."""
        lost = before - now
        return lost > 0 and (now == 0 or (lost >= self.min_records and lost > self.max_loss * before))


@dataclass(frozen=True, slots=True)
class Hold:
    """A reading held back. sample: some of the records that it lacks. reading: the same where the same ids came."""

    rows_before: int
    rows_now: int
    sample: tuple[str, ...]
    reading: str = "unknown"
    held_at: float = field(default_factory=time.time)


def hold(before: Sequence[str], now: Sequence[str]) -> Hold:
    """The hold of a reading with the sourcedIds `now` where there were those of `before`, both in order.

    Every step is a small one: in a thread of its own it lets the others run.
    """
    digest = hashlib.blake2b(digest_size=6)
    for each in now:
        digest.update(each.encode() + b"\n")
    there, lost = iter(now), list[str]()
    at: str | None = ""
    for each in before:
        while at is not None and at < each:
            at = next(there, None)
        if at != each:
            lost.append(each)
            if len(lost) == SAMPLE:
                break
    return Hold(len(before), len(now), tuple(lost), digest.hexdigest())
