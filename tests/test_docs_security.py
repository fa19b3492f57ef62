"""docs/security-tests.md has every row, and names files that have tests of it; the promises rest on such rows alone."""

import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parent.parent
TESTS = ROOT / "tests"
ROWS = [f"B{n:02}" for n in range(1, 18)] + [f"S{n:02}" for n in range(1, 14)]
LINES = re.findall(
    r"^\| ([BS]\d\d) \| .+ \| (`.+`) \|$", (ROOT / "docs" / "security-tests.md").read_text("utf-8"), re.MULTILINE
)
TOLD = {row: re.findall(r"`(test_\w+\.py)`", files) for row, files in LINES}


def held() -> dict[str, set[str]]:
    """Row to the files that have a test whose name, or the id of whose parameters, begins with it."""
    found = defaultdict(set)
    for file in TESTS.rglob("test_*.py"):
        for row in re.findall(r"def test_([A-Z]+\d*)_|\"([BS]\d\d)-", file.read_text("utf-8")):
            found["".join(row)].add(file.name)
    return found


def test_every_row_is_told_once_in_order_with_files_that_have_tests_of_it() -> None:
    assert [row for row, _ in LINES] == ROWS
    there = held()
    for row, files in TOLD.items():
        assert files, row
        assert set(files) <= there[row], row


def test_every_test_of_a_row_is_of_one_that_there_is() -> None:
    assert {row for row in held() if re.fullmatch(r"[BS]\d+", row)} == set(ROWS)


def test_every_promise_is_shown_by_rows_that_have_tests() -> None:
    page = (ROOT / "docs" / "security.md").read_text("utf-8")
    promises = re.findall(r"^\| (\d+) \| (\*\*.+) \| ([A-Z0-9 –]+) \|$", page, re.MULTILINE)
    assert [int(number) for number, _, _ in promises] == list(range(1, len(promises) + 1))
    shown = {row for _, _, rows in promises for row in _spread(rows)}
    there = held()
    assert all(there[row] for row in shown if row[0] != "F")  # those are held by test_docs_reliability.py
    assert set(ROWS) <= shown
    attackers = re.findall(r"^\| \*\*.+\| ([\d–, ]+)(?:: .*)? \|$", page, re.MULTILINE)
    assert len(attackers) == 7
    named = {int(n) for numbers in attackers for each in numbers.split(", ") for n in _range(each)}
    assert named == set(range(1, len(promises) + 1))


def _spread(rows: str) -> list[str]:
    """`B01–B03 S04` → each of them."""
    found: list[str] = []
    for part in rows.split():
        first, _, last = part.partition("–")
        found += [f"{first[0]}{n:02}" for n in range(int(first[1:]), int(last[1:]) + 1)] if last else [part]
    return found


def _range(text: str) -> range:
    first, _, last = text.strip().partition("–")
    return range(int(first), int(last or first) + 1)
