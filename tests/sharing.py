"""How the tests are shared out where several processes run them: `pytest -n 2`."""

from __future__ import annotations

from typing import Any

from xdist.scheduler import LoadScopeScheduling

LONG = (
    "tests/clients/",
    "tests/bench/",
    "tests/gateway/test_execution_alike.py",
    "tests/gateway/test_granted.py",
    "tests/gateway/test_masks.py",
    "tests/conformance/",
    "tests/faults/",
    "tests/test_cookbook.py",
)
"""Begun first, so that none is left at the end for one process alone."""

EACH_ALONE = (
    "tests/bench/",
    "tests/gateway/test_execution_alike.py",
    "tests/gateway/test_granted.py",
    "tests/conformance/test_mutations.py",
)
"""Tests that have no costly fixture in common, and of which a file would be too much for one process."""

TOGETHER = "tests/clients/"
"""Its tests share what npm installed, and what is built with that."""


def rank(test: str) -> int:
    """When it is begun: the lowest first, and as collected among equals."""
    return next((place for place, long in enumerate(LONG) if test.startswith(long)), len(LONG))


def unit(test: str) -> str:
    """Tests of one unit run in one process, one after the other: those of a file, whose fixtures are then made once."""
    if test.startswith(TOGETHER):
        return TOGETHER
    return test if test.startswith(EACH_ALONE) else test.partition("::")[0]


class Sharing(LoadScopeScheduling):  # type: ignore[misc, unused-ignore]  # the library is not typed
    def __init__(self, config: Any, log: Any) -> None:
        config.option.loadscopereorder = False  # by `rank`, not by how many tests there are in a unit
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return unit(nodeid)
