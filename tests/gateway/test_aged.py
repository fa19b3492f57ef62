"""What is kept for a while, held against the plainest model of it."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from gateway.roster.aged import Aged

SECONDS = 10.0
MOST = 6

KEYS = st.sampled_from("abcde")
STEPS = st.lists(
    st.tuples(st.just("wait"), st.sampled_from([1.0, 4.0, SECONDS]))
    | st.tuples(st.just("update"), st.dictionaries(KEYS, st.integers(0, 8), max_size=3)),
    max_size=20,
)


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@given(STEPS)
def test_values_are_kept_for_so_long_and_the_first_that_was_read_goes_for_want_of_room(
    steps: list[tuple[str, float | dict[str, int]]],
) -> None:
    clock = Clock()
    aged: Aged[str, int] = Aged(MOST, SECONDS, clock, weigh=lambda value: value)
    kept: list[tuple[float, str, int]] = []
    for _, what in steps:
        if isinstance(what, dict):
            aged.update(what.items())
            kept = [entry for entry in kept if entry[0] > clock.now and entry[1] not in what]
            kept += [(clock.now + SECONDS, key, value) for key, value in what.items() if value <= MOST]
            while sum(value for _, _, value in kept) > MOST:
                del kept[0]
        else:
            clock.now += what
            kept = [entry for entry in kept if entry[0] > clock.now]
        expected = {key: value for _, key, value in kept}
        assert {key: aged.get(key) for key in expected} == expected == dict(aged.now())
        assert all(aged.get(key) is None for key in set("abcde").difference(expected))
        assert aged.weight == sum(expected.values())


@given(STEPS)
def test_values_that_are_not_weighed_count_as_one_each(steps: list[tuple[str, float | dict[str, int]]]) -> None:
    clock, other = Clock(), Clock()
    aged: Aged[str, int] = Aged(2, SECONDS, clock)
    weighed: Aged[str, int] = Aged(2, SECONDS, other, weigh=lambda _: 1)
    for _, what in steps:
        if isinstance(what, dict):
            aged.update(what.items())
            weighed.update(what.items())
        else:
            clock.now = other.now = clock.now + what
        assert list(aged.now().items()) == list(weighed.now().items())
        assert aged.weight == weighed.weight == len(aged.now()) <= 2


def test_what_is_cleared_is_gone() -> None:
    aged: Aged[str, int] = Aged(MOST, SECONDS, Clock())
    aged.update((key, 1) for key in "abcdefgh")
    assert list(aged.now()) == list("cdefgh")
    aged.clear()
    assert (aged.weight, dict(aged.now()), aged.get("c")) == (0, {}, None)
