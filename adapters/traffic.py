"""What goes to a source and what becomes of it, counted: for an operator, not for the way of a request."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

from adapters.errors import (
    Denied,
    Failing,
    Malformed,
    Redirected,
    SourceError,
    Throttled,
    TimedOut,
    TlsFailed,
    Truncated,
    Unreachable,
)

LEFT: Final = "left"
"""Nobody wanted the answer any more."""

_FAULTS: Final[Mapping[type[SourceError], str]] = {
    TimedOut: "timeout",
    TlsFailed: "tls",
    Unreachable: "unreachable",
    Truncated: "truncated",
    Malformed: "malformed",
    Redirected: "3xx",
    Denied: "4xx",
    Throttled: "4xx",
    Failing: "5xx",
}
OUTCOMES: Final = ("2xx", "3xx", "4xx", "5xx", "timeout", "tls", "unreachable", "truncated", "malformed", LEFT)
"""What may become of an attempt: a class of statuses, or why no whole answer came."""


WITHIN: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""Seconds, by which attempts are counted: OpenTelemetry's for requests."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """One source's, since the gateway started. requests: those for tokens included. retries: attempts made since one
    before had failed. in_flight: attempts under way. broken: its breaker is open. mislabelled: good answers that were
    not said to be JSON. outcomes: attempts by `OUTCOMES`. retries_left: that may be made just now. refused: requests
    that its breaker did not let through. scans, pages: lists that were read to their end, and their pages. seconds:
    that attempts took; within: attempts by how long they took, by `WITHIN` and beyond.
    """

    requests: int = 0
    retries: int = 0
    in_flight: int = 0
    broken: bool = False
    mislabelled: int = 0
    outcomes: Mapping[str, int] = field(default_factory=dict)
    retries_left: int = 0
    refused: int = 0
    scans: int = 0
    pages: int = 0
    seconds: float = 0.0
    within: Sequence[int] = ()


class HasStatus(Protocol):
    @property
    def status_code(self) -> int: ...


A = TypeVar("A", bound=HasStatus)


class Tally:
    """Of the attempts of one source. A token that is fetched on the way belongs to the attempt that needs it."""

    def __init__(self) -> None:
        self.in_flight = 0
        self.outcomes: Counter[str] = Counter()
        self.seconds = 0.0
        self.within = [0] * (len(WITHIN) + 1)

    async def attempt(self, sending: Awaitable[A]) -> A:
        """The answer, once it is counted what became of the attempt."""
        outcome, began = LEFT, time.monotonic()
        self.in_flight += 1
        try:
            answer = await sending
            outcome = f"{answer.status_code // 100}xx"
            return answer
        except SourceError as error:
            outcome = next((_FAULTS[kind] for kind in type(error).__mro__ if kind in _FAULTS), LEFT)
            raise
        finally:
            self.in_flight -= 1
            self.outcomes[outcome] += 1
            took = time.monotonic() - began
            self.seconds += took
            self.within[bisect_left(WITHIN, took)] += 1
