"""S04, S05, S06, S07: what clients of generated grants are answered, judged by what was planted and by twins."""

from __future__ import annotations

import pytest

from tests.gateway.granted import EACH, Tally, judge

CASES = 5


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, CASES, 5), ids=lambda start: f"S04-S05-S06-S07-{start}")
def test_nothing_is_answered_beyond_a_grant(start: int) -> None:
    """Of 200 operations. More: `.ci/run`, `make test-long`."""
    tally = Tally()
    for number in range(start, start + 5):
        judge(number, tally, EACH)
    assert not tally.findings, "\n\n".join(map(str, tally.findings))
    assert tally.operations >= 5 * EACH
    assert tally.refusals > 0.1 * tally.operations
    assert tally.withheld > 0.1 * tally.operations
    assert tally.values > tally.operations
    assert tally.paths["compiled"] > 0.3 * tally.operations
    assert min(tally.paths["careful"], tally.paths["fallback"]) > 0.05 * tally.operations


@pytest.mark.slow
@pytest.mark.parametrize("number", range(100, 104), ids=lambda number: f"S04-{number}")
def test_a_gateway_that_does_not_look_at_grants_is_found_out(number: int) -> None:
    tally = Tally()
    judge(number, tally, EACH, unguarded=True)
    assert tally.findings
