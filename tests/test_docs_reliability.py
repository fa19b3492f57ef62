"""docs/reliability.md has every fault, and names the tests that hold what it says of it."""

import re
from collections import defaultdict
from pathlib import Path

import pytest

from adapters.breaker import BreakerLimits
from adapters.pacing import MAX_CONCURRENCY
from adapters.retry import Retries
from adapters.spec import SourceSpec, Timeouts
from adapters.transport import AnswerLimits
from gateway.config import from_tables
from tests.faults.faults import FAULTS

ROOT = Path(__file__).parent.parent
FAULT_TESTS = ROOT / "tests" / "faults"
PAGE = (ROOT / "docs" / "reliability.md").read_text("utf-8")
ROWS = [f"F{n:02}" for n in range(1, 30)]


def told() -> dict[str, set[str]]:
    """Row to the files that are said to hold it."""
    lines = re.findall(r"^\| (F\d\d) \|.*\| ([^|]+) \|$", PAGE, re.MULTILINE)
    assert len(lines) == len(dict(lines))
    return {row: set(re.findall(r"`(test_\w+\.py)`", files)) for row, files in lines}


def held() -> dict[str, set[str]]:
    """Row to the files that have a test whose id carries it."""
    found = defaultdict(set)
    for file in FAULT_TESTS.glob("test_*.py"):
        for name in re.findall(r"^(?:async )?def (test_\w+)", file.read_text("utf-8"), re.MULTILINE):
            for row in re.findall(r"F\d\d", name):
                found[row].add(file.name)
    for fault in FAULTS:
        found[fault.name[:3]].add("test_rules.py")
    return found


def test_every_fault_is_told_and_its_tests_are_those_that_there_are() -> None:
    assert list(told()) == ROWS
    assert told() == held()


TIMEOUTS, RETRIES, BREAKER, ANSWERS = Timeouts(), Retries(), BreakerLimits(), AnswerLimits()
GATEWAY = from_tables({"sources": []}).gateway


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ([TIMEOUTS.connect, TIMEOUTS.pool, TIMEOUTS.attempt], "| 3 s; 2 s; 15 s |"),
        ([RETRIES.attempts], "| attempts, in all | 3 |"),
        ([RETRIES.after_fault * 1000, RETRIES.after_throttling], "| 50 ms, 1 s; twice as long each time"),
        ([RETRIES.longest], "twice as long each time, up to 5 s |"),
        ([RETRIES.share * 100, RETRIES.at_least], "| 10 % in two minutes; 3 always |"),
        ([BREAKER.faults], "| 5; half |"),
        ([BREAKER.calls], "or of 20 calls or more in a minute"),
        (
            [BREAKER.open_for, 2 * BREAKER.open_for, 3 * BREAKER.open_for, BREAKER.longest],
            "| 30 s, 60 s, 90 s … up to 300 s |",
        ),
        ([MAX_CONCURRENCY, GATEWAY.max_concurrency_per_host, GATEWAY.max_concurrency], "| 8, 20, 100 |"),
        (
            [ANSWERS.wire >> 20, ANSWERS.body >> 20, 1, ANSWERS.ratio, ANSWERS.headers >> 10],
            "| 16 MiB, 64 MiB, 1 : 100, 64 KiB |",
        ),
    ],
)
def test_limits_that_are_told_are_the_defaults(what: list[float], said: str) -> None:
    assert said in PAGE
    assert [float(number) for number in re.findall(r"\d+", said)] == what
    assert (RETRIES.window, BREAKER.window, BREAKER.share) == (120, 60, 0.5)


def test_the_most_records_of_a_scan_are_told() -> None:
    [most] = [f.default for f in SourceSpec.__dataclass_fields__.values() if f.name == "max_records"]
    assert f"{most:,} records" in PAGE
