"""The critical path of an operation, counted: how many of its requests had to wait for one another."""

from __future__ import annotations

from collections.abc import Iterable

from bench.watched import Visit


def rounds(visits: Iterable[Visit]) -> int:
    """The length of the longest chain of requests each of which came after the answer to the one before had left.

    Requests that overlap share a round. What is counted is order, not seconds: only where the asker's own work before
    a request outlasts a whole latency is there one too many, so the latency is chosen long.
    """
    depths: list[tuple[float, int]] = []
    for visit in sorted(visits, key=lambda each: each.began):
        depth = 1 + max((depth for ended, depth in depths if ended <= visit.began), default=0)
        depths.append((visit.ended, depth))
    return max((depth for _, depth in depths), default=0)
