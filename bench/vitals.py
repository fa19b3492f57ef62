"""What a running gateway holds: memory, sockets and files, tasks; and whether that grows."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from prometheus_client.parser import text_string_to_metric_families

from bench.figures import Figures
from bench.load import connected
from bench.processes import Running

_POINTS = 300
"""Of a fit, at most: every pair of them is looked at."""
LONG = 10 * 60.0
"""Seconds of load from which a slope of the memory means something."""


@dataclass(frozen=True, slots=True)
class Vitals:
    """tasks: of its event loop. files: open ones, sockets among them."""

    rss_mb: float
    files: int
    tasks: int

    def within(self, baseline: Vitals, share: float = 0.05) -> bool:
        """Whether sockets and tasks are back at what they were, or so near."""
        return all(
            now <= before * (1 + share) + 1
            for now, before in ((self.files, baseline.files), (self.tasks, baseline.tasks))
        )


async def metrics(gateway: Running) -> Mapping[str, float]:
    """Each figure of `/metrics`, summed over its labels."""
    async with connected(gateway.port) as connection:
        told = (await connection.ask("GET", "/metrics")).decode()
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(told):
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, 0.0) + sample.value
    return found


async def vitals(gateway: Running) -> Vitals:
    tasks = (await metrics(gateway))["gateway_tasks"]
    return Vitals(gateway.rss_mb(), len(os.listdir(Path(f"/proc/{gateway.process.pid}/fd"))), int(tasks))


def starved(gateway: Running) -> float:
    """Seconds for which its event loop could have run and had no processor; 0 where the system does not tell."""
    pid = gateway.process.pid
    with contextlib.suppress(FileNotFoundError):
        return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text("ascii").split()[1]) / 1e9
    return 0.0


def growth(points: Sequence[tuple[float, float]]) -> float:
    """By how much the second grows for one of the first: the median of the slopes between any two points (Theil-Sen),
    which a few odd ones do not move.
    """
    some = points[:: -(-len(points) // _POINTS)]
    slopes = [(y2 - y1) / (x2 - x1) for n, (x1, y1) in enumerate(some) for x2, y2 in some[n + 1 :]]
    return median(slopes) if slopes else 0.0


def memory(points: Sequence[tuple[float, float]]) -> Figures:
    """Of what was measured once a second, without the first fifth, in which everything is read and built once."""
    began, ended = points[0][0], points[-1][0]
    warm = [(at, mb) for at, mb in points if at >= began + (ended - began) / 5]
    typical = median(mb for _, mb in warm)
    figures = {"soak.rss_mb": typical}
    if ended - began >= LONG:
        figures["soak.rss_percent_per_10_min"] = 100 * growth(warm) * 600 / typical
    else:
        tenth = max(1, len(warm) // 10)
        first, last = (median(mb for _, mb in part) for part in (warm[:tenth], warm[-tenth:]))
        figures["soak.rss_mb.grown"] = last - first
    return figures
