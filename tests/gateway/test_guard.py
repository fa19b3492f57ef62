"""What a hold says of the reading that it holds back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.roster.guard import SAMPLE, hold

IDS = st.sets(st.text("abc01-", min_size=1, max_size=4), max_size=60).map(sorted)


@given(IDS, IDS)
def test_a_hold_counts_and_shows_the_first_that_are_missing(before: list[str], now: list[str]) -> None:
    made = hold(before, now)
    assert (made.rows_before, made.rows_now) == (len(before), len(now))
    assert made.sample == tuple(sorted(set(before) - set(now))[:SAMPLE])


@given(IDS, IDS, IDS)
def test_two_readings_are_the_same_where_the_same_ids_came(before: list[str], now: list[str], other: list[str]) -> None:
    assert (hold(before, now).reading == hold(other, other).reading) == (now == other)
