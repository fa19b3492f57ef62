"""When a source is left alone, and when it is tried again. By a clock of the test's own."""

from __future__ import annotations

import asyncio

import pytest

from adapters.breaker import Breaker, BreakerLimits, wanted_by
from adapters.errors import (
    Denied,
    Failing,
    Malformed,
    Overloaded,
    Refused,
    SourceError,
    Throttled,
    TimedOut,
    TlsFailed,
    Truncated,
    Unreachable,
)
from tests.clock import Clock

pytestmark = pytest.mark.anyio


@pytest.fixture
def clock() -> Clock:
    return Clock()


FAULT = Failing("a", "503, the server failed")


def breaker(clock: Clock, **limits: float) -> Breaker:
    return Breaker("a", BreakerLimits(**limits), monotonic=clock, sleep=clock.sleep)  # type: ignore[arg-type]


def call(made: Breaker, error: SourceError | None = None) -> None:
    assert made.passable
    if error is None:
        with made.call():
            return
    with pytest.raises(type(error)), made.call():
        raise error


@pytest.mark.parametrize("error", [FAULT, Unreachable("a", "x"), TimedOut("a", "x"), Truncated("a", "x")])
async def test_faults_in_a_row_open_it(clock: Clock, error: SourceError) -> None:
    made = breaker(clock)
    for _ in range(5):
        call(made, error)
    assert made.open
    assert not made.passable
    with pytest.raises(Overloaded, match="failed too often") as told:
        await made.passed()
    assert told.value.retry_after == 30


@pytest.mark.parametrize(
    "error",
    [
        *(TlsFailed("a", "x"), Denied("a", "x"), Malformed("a", "x")),
        *(Refused("a", "x", http_status=400), Throttled("a", "x")),
    ],
)
async def test_an_answer_that_is_no_fault_does_not(clock: Clock, error: SourceError) -> None:
    made = breaker(clock)
    for _ in range(30):
        call(made, error)
    assert made.passable


async def test_a_good_answer_between_them_starts_the_count_anew(clock: Clock) -> None:
    made = breaker(clock, calls=1000)
    for _ in range(10):
        for _ in range(4):
            call(made, FAULT)
        call(made)
    assert made.passable


async def test_half_of_many_opens_it_too_but_not_of_few_or_of_long_ago(clock: Clock) -> None:
    made = breaker(clock)
    for number in range(18):
        call(made, FAULT if number % 2 else None)
    clock.now += 61
    for _ in range(17):
        call(made)
    for _ in range(2):
        call(made, FAULT)
    assert made.passable

    made = breaker(clock)
    for number in range(19):
        call(made, None if number % 2 else FAULT)
    assert made.passable
    call(made, FAULT)
    assert not made.passable


async def test_one_call_tries_whether_it_is_back_and_the_others_go_without(clock: Clock) -> None:
    made = breaker(clock)
    for _ in range(5):
        call(made, FAULT)
    clock.now += 30
    assert made.passable
    with made.call():
        assert not made.passable
        with pytest.raises(Overloaded):
            await made.passed()
    assert not made.open
    assert made.passable


async def test_it_stays_open_longer_each_time_but_not_for_ever(clock: Clock) -> None:
    made = breaker(clock, open_for=30, longest=100)
    for _ in range(5):
        call(made, FAULT)
    for seconds in (30, 60, 90, 100, 100):
        clock.now += seconds - 1
        assert not made.passable
        clock.now += 1
        call(made, FAULT)
    clock.now += 100
    call(made)
    for _ in range(5):
        call(made, FAULT)
    clock.now += 30
    assert made.passable, "it was well in between: the count starts anew"


async def test_a_trying_call_that_is_given_up_lets_another_one_try(clock: Clock) -> None:
    made = breaker(clock)
    for _ in range(5):
        call(made, FAULT)
    clock.now += 30
    with pytest.raises(asyncio.CancelledError), made.call():
        raise asyncio.CancelledError
    assert made.open
    assert made.passable


async def test_a_call_that_began_before_it_opened_opens_it_no_longer(clock: Clock) -> None:
    made = breaker(clock)
    early = made.call()
    early.__enter__()
    for _ in range(5):
        call(made, FAULT)
    early.__exit__(Failing, FAULT, None)
    clock.now += 30
    assert made.passable


async def test_nobody_asks_before_the_time_that_the_source_said(clock: Clock) -> None:
    made = breaker(clock)
    call(made, Throttled("a", "429", retry_after=7))
    assert not made.passable
    before = clock.now
    await made.passed()
    assert clock.now == before + 7
    assert made.passable


async def test_what_is_wanted_sooner_is_told_at_once(clock: Clock) -> None:
    made = breaker(clock)
    made.refused(86_400)
    before = clock.now
    with pytest.raises(Throttled) as told:
        await made.passed()
    assert told.value.retry_after == 86_400
    assert clock.now == before

    made = breaker(clock)
    made.refused(7)
    token = wanted_by.set(clock.now + 6)
    with pytest.raises(Throttled):
        await made.passed()
    wanted_by.reset(token)
