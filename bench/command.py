"""What the benchmarks of several parts have in common, as commands."""

from __future__ import annotations

import asyncio
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import msgspec

from bench.figures import Figures
from bench.truth import WrongAnswer


def say(stage: str) -> None:
    print(f"{time.strftime('%X')} {stage} …", file=sys.stderr)


def run(
    measure: Callable[[Path], Coroutine[Any, Any, Figures]],
    told: Callable[[Figures], str],
    faults: Callable[[Figures], Sequence[str]],
    *,
    as_json: bool,
) -> int:
    """Measures in a folder of its own, and shows the figures. 1 if an answer was wrong, or there are faults."""
    began = time.perf_counter()
    figures: Figures | None = None
    with tempfile.TemporaryDirectory() as folder:
        try:
            figures = asyncio.run(measure(Path(folder)))
        except* WrongAnswer as wrong:
            print(f"a wrong answer: {wrong.exceptions[0]}", file=sys.stderr)
    if figures is None:
        return 1
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(figures)).decode())
    else:
        load = ", ".join(f"{n:.1f}" for n in os.getloadavg())
        print(told(figures))
        print(
            f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, "
            f"load average {load}; {time.perf_counter() - began:.0f} s"
        )
    found = faults(figures)
    for fault in found:
        print(fault, file=sys.stderr)
    return 1 if found else 0
