"""A command that hangs says on what, and ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import asyncio, time
from tests.watchdog import watched

async def waits():
    await asyncio.Event().wait()

async def works():
    time.sleep(60)

async def main():
    await asyncio.gather({work})

with asyncio.Runner() as runner, watched(runner.get_loop(), "case 7", {seconds}):
    runner.run(main())
"""

LEFT = """
import threading
print([timer for timer in threading.enumerate() if isinstance(timer, threading.Timer) and not timer.finished.is_set()])
"""
"""Who would still end the process later."""


def ended(*command: str) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[1]
    return subprocess.run([sys.executable, *command], cwd=root, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("work", ["waits(), waits()", "waits(), works()"])
def test_what_hangs_is_told_with_its_tasks_and_ends_as_failed(work: str) -> None:
    done = ended("-c", SCRIPT.format(work=work, seconds=0.5))
    assert done.returncode == 1
    assert "case 7 is not over after 0.5 s" in done.stderr
    assert "waits:6 > Event.wait:" in done.stderr
    assert ("in works" in done.stderr) is ("works" in work)


def test_what_is_over_in_time_is_left_alone() -> None:
    done = ended("-c", SCRIPT.format(work="asyncio.sleep(0)", seconds=60) + LEFT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


def test_the_case_that_hangs_is_told_by_its_number() -> None:
    done = ended("-m", "tests.gateway.alike", "40", "3", "--patience", "0.01")
    assert done.returncode == 1
    assert "case 3 is not over after 0.01 s" in done.stderr
