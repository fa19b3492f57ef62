"""What a run measured: numbers by name, from which the tables and `--json` are made, and the counts that must hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from statistics import median

Figures = dict[str, float]

LIMITS = {"w2.wide.cold.requests": 6, "w2.wide.warm.requests": 0}
"""Most upstream requests, by name. Counts do not depend on the machine; times are never held against anyone."""


class Samples:
    """Several measurements under each name, brought to one number at the end."""

    def __init__(self) -> None:
        self._seen: defaultdict[str, list[float]] = defaultdict(list)

    def add(self, name: str, value: float) -> None:
        self._seen[name].append(value)

    def extend(self, name: str, values: Iterable[float]) -> None:
        self._seen[name].extend(values)

    def figures(self) -> Figures:
        """Times are medians of the runs. Requests are the most of any run. p50 and p99 are of all waits together."""
        made: Figures = {}
        for name, values in self._seen.items():
            if name.endswith(".waits"):
                stem = name.removesuffix(".waits")
                made[f"{stem}.p50_ms"] = 1000 * percentile(values, 0.50)
                made[f"{stem}.p99_ms"] = 1000 * percentile(values, 0.99)
                made[f"{stem}.answers"] = len(values)
            else:
                made[name] = _reduce(name)(values)
        return {name: round(value, 3) for name, value in sorted(made.items())}


def _reduce(name: str) -> Callable[[list[float]], float]:
    return max if name.endswith(("requests", "in_flight")) else median


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered) - 1, -int(-share * len(ordered) // 1) - 1))]


def broken(figures: Figures, limits: Mapping[str, float] = LIMITS) -> list[str]:
    """The limits that do not hold, in words. One that was not measured is not judged."""
    return [
        f"{name} is {figures[name]:g}, and may be at most {most}"
        for name, most in limits.items()
        if figures.get(name, 0) > most
    ]


def unmeasured(figures: Figures, promised: Collection[str]) -> list[str]:
    """What was promised and is not there, in words."""
    return [f"{name} was not measured" for name in sorted(promised) if name not in figures]
