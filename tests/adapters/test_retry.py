"""What is tried again, how often and when. By a clock of the test's own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import pairwise

import pytest

from adapters.breaker import wanted_by
from adapters.errors import (
    Denied,
    Failing,
    Malformed,
    Mismatched,
    Overloaded,
    PagingBroken,
    Redirected,
    Refused,
    SourceError,
    Throttled,
    TimedOut,
    TlsFailed,
    Truncated,
    Unreachable,
    Unsupported,
)
from adapters.retry import Retrier, Retries
from tests.clock import Clock

pytestmark = pytest.mark.anyio

FAULT = Failing("a", "503, the server failed")


class Upstream:
    """Answers after so many errors."""

    def __init__(self, *errors: SourceError) -> None:
        self.errors = list(errors)
        self.calls = 0

    async def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


@pytest.fixture
def clock() -> Clock:
    return Clock()


def retrier(clock: Clock, chance: float = 1.0, **limits: float) -> Retrier:
    return Retrier(Retries(**limits), monotonic=clock, sleep=clock.sleep, chance=lambda: chance)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "error", [FAULT, Unreachable("a", "x"), TimedOut("a", "x"), Truncated("a", "x"), Throttled("a", "x")]
)
async def test_what_may_pass_is_tried_three_times_in_all(clock: Clock, error: SourceError) -> None:
    upstream = Upstream(error, error)
    assert await retrier(clock).run(upstream) == "answer"
    assert upstream.calls == 3

    upstream = Upstream(*[error] * 5)
    with pytest.raises(type(error)):
        await retrier(clock).run(upstream)
    assert upstream.calls == 3


@pytest.mark.parametrize(
    "error",
    [
        *(TlsFailed("a", "x"), Denied("a", "x"), Malformed("a", "x"), Mismatched("a", "x"), Redirected("a", "x")),
        *(Refused("a", "x", http_status=400), Unsupported("a", "x"), PagingBroken("a", "x"), Overloaded("a", "x")),
    ],
)
async def test_what_will_not_pass_is_tried_once(clock: Clock, error: SourceError) -> None:
    upstream = Upstream(error)
    with pytest.raises(type(error)):
        await retrier(clock).run(upstream)
    assert upstream.calls == 1


@pytest.mark.parametrize(
    ("error", "chance", "waited"),
    [
        (FAULT, 1.0, [0.05, 0.1, 0.2, 0.4]),
        (FAULT, 0.5, [0.025, 0.05, 0.1, 0.2]),
        (FAULT, 0.0, [0, 0, 0, 0]),
        (Throttled("a", "x"), 1.0, [1, 2, 4, 5]),
        (Throttled("a", "x", retry_after=7), 0.3, [7, 7, 7, 7]),
        (Throttled("a", "x", retry_after=0.5), 1.0, [1, 2, 4, 5]),
    ],
)
async def test_pauses_double_are_left_to_chance_and_never_shorter_than_asked_for(
    clock: Clock, error: SourceError, chance: float, waited: list[float]
) -> None:
    at: list[float] = []

    async def upstream() -> str:
        at.append(clock.now)
        raise error

    with pytest.raises(type(error)):
        await retrier(clock, chance, attempts=5, at_least=10).run(upstream)
    assert [later - earlier for earlier, later in pairwise(at)] == pytest.approx(waited, abs=1e-6)


async def test_what_would_come_too_late_is_not_waited_for(clock: Clock) -> None:
    upstream = Upstream(Throttled("a", "x", retry_after=86_400))
    with pytest.raises(Throttled):
        await retrier(clock).run(upstream)
    assert upstream.calls == 1

    token = wanted_by.set(clock.now + 0.04)
    upstream = Upstream(FAULT)
    with pytest.raises(Failing):
        await retrier(clock).run(upstream)
    assert upstream.calls == 1
    wanted_by.reset(token)


async def many(run: Callable[[Upstream], Awaitable[str]], times: int, *errors: SourceError) -> int:
    """Calls of that many runs, each of which meets these errors first."""
    calls = 0
    for _ in range(times):
        upstream = Upstream(*errors)
        with suppress(SourceError):
            await run(upstream)
        calls += upstream.calls
    return calls


async def test_a_source_that_fails_for_all_is_not_asked_three_times_by_each(clock: Clock) -> None:
    made = retrier(clock)
    assert await many(made.run, 10, *[FAULT] * 9) == 10 + 3
    assert await many(made.run, 90, *[FAULT] * 9) == 90 + 7
    assert made.retries == 10


async def test_retries_of_long_ago_do_not_count(clock: Clock) -> None:
    made = retrier(clock)
    assert await many(made.run, 1, *[FAULT] * 9) == 3
    assert await many(made.run, 2, *[FAULT] * 9) == 2 + 1
    clock.now += 121
    assert await many(made.run, 1, *[FAULT] * 9) == 3


async def test_one_in_twenty_that_fails_at_random_is_hardly_noticed(clock: Clock) -> None:
    made = retrier(clock)
    for number in range(5000):
        await made.run(Upstream(*([FAULT] if number % 20 == 7 else [])))
        clock.now += 0.02
    assert made.retries == 250


async def test_that_it_was_not_asked_again_hides_no_fault(clock: Clock) -> None:
    """Between two attempts of one call, others may fail often enough for the source to be left alone."""
    upstream = Upstream(Unreachable("a", "no connection"), Overloaded("a", "not asked", retry_after=30))
    with pytest.raises(Unreachable, match="no connection"):
        await retrier(clock).run(upstream)
    assert upstream.calls == 2
