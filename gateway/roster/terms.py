"""How a list and all that follows from it is read: what a client says of it, and what that comes to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from gateway.roster.pins import Pins

MOST_ASKED = 20
"""Sources that one list asks, unless it says that all of its sources are to be asked."""


class OnSourceFailure(StrEnum):
    """REPORT: data and an entry in errors. ACCEPT: data, no entry. FAIL: null and an error."""

    REPORT = "REPORT"
    ACCEPT = "ACCEPT"
    FAIL = "FAIL"


class Reach(StrEnum):
    """AUTO: asks up to MOST_ASKED sources, and none where there are more. HELD: asks none. UPSTREAM: asks all."""

    AUTO = "AUTO"
    HELD = "HELD"
    UPSTREAM = "UPSTREAM"

    def asks(self, sources: int) -> bool:
        """Whether a list over so many sources may ask them."""
        return self is Reach.UPSTREAM or (self is Reach.AUTO and sources <= MOST_ASKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """labels, districts, providers: only sources that have one of these; None: any.

    max_age: seconds; what was read longer ago is to be asked for anew. seconds: until the list must be answered, where
    that is sooner than the operation. snapshot: the version of the data to read, as an earlier page told it.
    """

    labels: tuple[str, ...] | None = None
    districts: tuple[str, ...] | None = None
    providers: tuple[str, ...] | None = None
    max_age: float | None = None
    reach: Reach = Reach.AUTO
    on_source_failure: OnSourceFailure = OnSourceFailure.REPORT
    seconds: float | None = None
    snapshot: str | None = None


BY_DEFAULT = ReadOptions()


class Terms(msgspec.Struct, frozen=True):
    """asks: whether a source may be asked for what is not held. since: epoch seconds; what was read before that is to
    be asked for anew. pins: the version of the data that is read, for lists that keep to one. began: epoch seconds;
    what was read whole since then is as fresh as can be, however short the time for which it may be held.
    """

    asks: bool = True
    since: float | None = None
    pins: Pins | None = None
    began: float | None = None


USUAL = Terms()
