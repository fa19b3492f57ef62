"""S04, S05, S06, S07: what clients of generated grants are answered, judged by what was planted and by twins."""

from __future__ import annotations

import pytest

from tests.gateway.granted import EACH, Tally, judge

CASES = 25


@pytest.mark.slow
@pytest.mark.parametrize("number", range(100, 104), ids=lambda number: f"S04-{number}")
def test_a_gateway_that_does_not_look_at_grants_is_found_out(number: int) -> None:
    tally = Tally()
    judge(number, tally, EACH, unguarded=True)
    assert tally.findings
