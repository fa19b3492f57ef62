"""How often a source and a host are asked, by a clock that the tests set."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from typing import Any

import httpx2
import pytest

from adapters.client import SourceClient
from adapters.dialect import EVERY_DAY, WEEKDAYS, Capabilities, Hours, OAuth2, Pace, StaticBearer
from adapters.errors import Denied, Overloaded
from adapters.hosts import Hosts
from adapters.pacing import MAX_CONCURRENCY, STAGGER, Days, Pacer
from adapters.spec import SourceSpec
from tests.adapters.school import TEN, School, spec
from tests.clock import Clock

AUCKLAND = "Pacific/Auckland"
CHICAGO = "America/Chicago"
SCHOOL_HOURS = (Hours(WEEKDAYS, 7 * 60, 16 * 60),)
NIGHT = (Hours(EVERY_DAY, 22 * 60, 29 * 60),)


def paced(zone: str = "UTC", at_once: int = 8, **pace: Any) -> SourceSpec:
    made = spec(StaticBearer(), Capabilities(max_concurrency=at_once), timezone=zone)
    return with_pace(made, **pace)


def with_pace(made: SourceSpec, **pace: Any) -> SourceSpec:
    return replace(made, dialect=replace(made.dialect, pace=Pace(**pace)))


def pacer(made: SourceSpec, clock: Clock, hosts: Hosts | None = None) -> Pacer:
    return Pacer(made, hosts, wall=clock, monotonic=clock, sleep=clock.sleep)


async def send(by: Pacer) -> None:
    async with by.turn() as turn:
        by.sends(turn)


class Server:
    """Work that stays in flight until it is let go, by name in the order in which it came."""

    def __init__(self) -> None:
        self.came: list[str] = []
        self.inside: dict[str, asyncio.Event] = {}
        self.peak = 0

    async def visit(self, by: Pacer, name: str) -> None:
        async with by.turn() as turn:
            by.sends(turn)
            self.came.append(name)
            self.inside[name] = asyncio.Event()
            self.peak = max(self.peak, len(self.inside))
            try:
                await self.inside[name].wait()
            finally:
                del self.inside[name]

    async def let_go(self, *names: str) -> None:
        for name in names or tuple(self.inside):
            self.inside[name].set()
        await settle()


async def settle() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


@asynccontextmanager
async def visitors(server: Server, by: Callable[[int], Pacer], count: int) -> AsyncIterator[list[asyncio.Task[None]]]:
    """So many who want to be asked at once, named by their number; gone with the block."""
    tasks = [asyncio.create_task(server.visit(by(n), str(n))) for n in range(count)]
    await settle()
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


# ---------------------------------------------------------------- the day's requests


@pytest.mark.anyio
async def test_a_day_has_so_many_requests_and_the_last_of_them_is_sent() -> None:
    clock = Clock("2030-01-15 18:00", AUCKLAND)
    by = pacer(paced(AUCKLAND, requests_per_day=5), clock)
    for left in range(5, 0, -1):
        assert by.left_today() == left
        await send(by)
    assert by.left_today() == 0
    with pytest.raises(Overloaded) as caught:
        await send(by)
    assert caught.value.retry_after == 6 * 3600
    assert caught.value.message == (
        "its 5 requests of the day are spent; nothing was sent, "
        "and it can be asked again from 2030-01-16 00:00 (Pacific/Auckland)"
    )


@pytest.mark.anyio
async def test_the_day_ends_at_midnight_of_the_source() -> None:
    clock = Clock("2030-01-15 23:59:59.5", AUCKLAND)  # in UTC it is noon
    by = pacer(paced(AUCKLAND, requests_per_day=1), clock)
    await send(by)
    with pytest.raises(Overloaded) as caught:
        await send(by)
    assert caught.value.retry_after == 1
    clock.now += 1
    assert by.left_today() == 1
    await send(by)
    clock.set("2030-01-16 00:00:01", "UTC")  # midnight elsewhere, one in the afternoon of the same day here
    assert by.left_today() == 0


@pytest.mark.anyio
@pytest.mark.parametrize(("day", "length"), [("2030-01-18", 24), ("2030-03-10", 23), ("2030-11-03", 25)])
async def test_on_a_day_on_which_the_clocks_are_set_the_wait_is_right(day: str, length: int) -> None:
    clock = Clock(f"{day} 00:00", CHICAGO)
    by = pacer(paced(CHICAGO, requests_per_day=1), clock)
    await send(by)
    with pytest.raises(Overloaded) as caught:
        await send(by)
    assert caught.value.retry_after == length * 3600
    clock.now += length * 3600 - 1
    with pytest.raises(Overloaded):
        await send(by)
    clock.now += 1
    await send(by)


@pytest.mark.anyio
async def test_requests_at_once_do_not_spend_more_than_there_is() -> None:
    server, by = Server(), pacer(paced(requests_per_day=3), Clock())
    async with visitors(server, lambda _: by, 6) as tasks:
        assert len(server.came) == 3
        assert [isinstance(t.exception(), Overloaded) for t in tasks if t.done()] == [True] * 3
        await server.let_go()
    assert by.left_today() == 0


@pytest.mark.anyio
async def test_who_waited_while_others_spent_the_day_is_refused_in_turn() -> None:
    server, by = Server(), pacer(paced(at_once=1, requests_per_day=2), Clock())
    async with visitors(server, lambda _: by, 3) as tasks:
        assert by.left_today() == 1
        await server.let_go("0")
        await server.let_go("1")
        assert server.came == ["0", "1"]
        assert isinstance(tasks[2].exception(), Overloaded)


@pytest.mark.anyio
async def test_who_cannot_be_sent_today_is_told_without_waiting() -> None:
    server, by = Server(), pacer(paced(at_once=1, requests_per_day=1), Clock())
    async with visitors(server, lambda _: by, 1):
        late = asyncio.create_task(send(by))
        await settle()
        assert isinstance(late.exception(), Overloaded)


@pytest.mark.anyio
async def test_a_request_that_was_not_sent_after_all_is_not_spent() -> None:
    by = pacer(paced(requests_per_day=1), Clock())
    async with by.turn():
        assert by.left_today() == 0
    assert by.left_today() == 1


def test_a_source_without_a_limit_has_no_number_left() -> None:
    assert pacer(paced(), Clock()).left_today() is None


@pytest.mark.anyio
async def test_when_the_day_begins_in_quiet_hours_they_are_waited_for_too() -> None:
    clock = Clock("2030-01-15 21:00")
    by = pacer(paced(requests_per_day=1, quiet=NIGHT), clock)
    await send(by)
    with pytest.raises(Overloaded) as caught:
        await send(by)
    assert caught.value.retry_after == 8 * 3600


# ---------------------------------------------------------------- the minute's requests


async def sent_at(by: Pacer, clock: Clock, count: int) -> list[float]:
    """Seconds after now at which so many requests leave that are all wanted now."""
    began, times = clock(), []

    async def one() -> None:
        async with by.turn() as turn:
            by.sends(turn)
            times.append(clock() - began)

    await asyncio.gather(*(one() for _ in range(count)))
    return times


@pytest.mark.anyio
@pytest.mark.parametrize("most", [1, 2, 3, 7, 100, 1000])
async def test_no_sixty_seconds_see_more_requests_than_a_minute_may(most: int) -> None:
    clock = Clock()
    by = pacer(paced(requests_per_minute=most), clock)
    began = clock()
    times = await sent_at(by, clock, 2 * most)
    clock.now += 31.7  # in which half of a minute comes back
    pause = clock() - began
    times += [pause + t for t in await sent_at(by, clock, most)]
    assert times[0] == 0
    assert max(sum(first <= t < first + 60 - 1e-3 for t in times) for first in times) == most


@pytest.mark.anyio
async def test_half_of_a_minute_is_there_at_once_and_the_rest_comes_evenly() -> None:
    clock = Clock()
    times = await sent_at(pacer(paced(requests_per_minute=100), clock), clock, 120)
    assert times[49] == 0
    assert [later - earlier for earlier, later in pairwise(times[49:])] == pytest.approx([60 / 51] * 70, abs=1e-4)


@pytest.mark.anyio
async def test_a_minute_that_was_not_used_is_there_again() -> None:
    clock = Clock()
    by = pacer(paced(requests_per_minute=10), clock)
    await sent_at(by, clock, 10)
    clock.now += 60
    assert (await sent_at(by, clock, 5))[-1] == 0


# ---------------------------------------------------------------- quiet hours


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2030-01-15 22:00", "2030-01-16 05:00"),
        ("2030-01-15 04:59:59", "2030-01-15 05:00"),
        ("2030-03-09 23:00", "2030-03-10 05:00"),  # one hour short
        ("2030-11-02 23:00", "2030-11-03 05:00"),  # one hour more
    ],
)
@pytest.mark.parametrize("token", [False, True])
async def test_in_quiet_hours_nothing_is_sent_and_their_end_is_told(now: str, opens: str, token: bool) -> None:
    clock = Clock(now, CHICAGO)
    by = pacer(paced(CHICAGO, quiet=NIGHT), clock)
    with pytest.raises(Overloaded) as caught:
        async with by.turn(token=token):
            pytest.fail("it was let through")
    assert caught.value.retry_after == Clock(opens, CHICAGO)() - clock()
    assert caught.value.transient
    assert f"quiet hours; nothing was sent, and it can be asked again from {opens}" in caught.value.message
    clock.set(opens, CHICAGO)
    await send(by)


@pytest.mark.anyio
async def test_who_still_waits_when_quiet_hours_begin_is_refused_then() -> None:
    clock, server = Clock("2030-01-15 21:59:50"), Server()
    by = pacer(paced(at_once=1, quiet=NIGHT), clock)
    async with visitors(server, lambda _: by, 3) as tasks:
        assert server.came == ["0"]
        clock.set("2030-01-15 22:00:10")
        await server.let_go("0")
        assert server.came == ["0"]
        assert [type(t.exception()) for t in tasks] == [type(None), Overloaded, Overloaded]


# ---------------------------------------------------------------- how many at once


@pytest.mark.anyio
@pytest.mark.parametrize(("provider", "setting", "most"), [(3, 8, 3), (8, 2, 2), (50, 50, MAX_CONCURRENCY)])
async def test_the_smallest_of_the_limits_holds(provider: int, setting: int, most: int) -> None:
    made = spec(StaticBearer(), Capabilities(max_concurrency=provider), max_concurrency=setting)
    server, by = Server(), Pacer(made)
    async with visitors(server, lambda _: by, 20):
        assert len(server.inside) == by.at_once() == by.most == most


@pytest.mark.anyio
async def test_peak_hours_let_fewer_run_and_nobody_is_forgotten_when_they_begin_or_end() -> None:
    clock, server = Clock("2030-01-14 06:59", CHICAGO), Server()  # a Monday
    by = pacer(paced(CHICAGO, at_once=5, peak=SCHOOL_HOURS), clock)
    async with visitors(server, lambda _: by, 30) as tasks:
        assert len(server.inside) == by.at_once() == 5
        clock.set("2030-01-14 07:00", CHICAGO)
        assert by.at_once() == 1
        for still in (4, 3, 2, 1, 1, 1):  # those of before end, and only then the next comes
            await server.let_go(next(iter(server.inside)))
            assert len(server.inside) == still
        clock.set("2030-01-14 16:00", CHICAGO)
        await server.let_go()
        assert len(server.inside) == 5
        while server.inside:
            await server.let_go()
        assert all(t.done() for t in tasks)
    assert server.came == [str(n) for n in range(30)]
    assert server.peak == 5


@pytest.mark.anyio
async def test_peak_hours_never_let_more_run_than_other_hours() -> None:
    made = paced(at_once=2, peak=(Hours(EVERY_DAY, 0, 24 * 60),), peak_concurrency=6)
    assert pacer(made, Clock()).at_once() == 2


@pytest.mark.anyio
async def test_who_goes_away_gives_the_place_to_the_next() -> None:
    server, by = Server(), pacer(paced(at_once=1), Clock())
    async with visitors(server, lambda _: by, 4) as tasks:
        tasks[1].cancel()  # stands in the door
        tasks[2].cancel()  # stands behind it
        await settle()
        tasks[0].cancel()  # is in flight
        await settle()
        assert server.came == ["0", "3"]


@pytest.mark.anyio
async def test_who_goes_away_while_the_minute_is_waited_for_is_not_counted() -> None:
    clock = Clock()
    asleep = asyncio.Event()

    async def sleep(seconds: float) -> None:
        asleep.set()
        await asyncio.Event().wait()

    by = Pacer(paced(requests_per_minute=1, requests_per_day=9), wall=clock, monotonic=clock, sleep=sleep)
    await send(by)
    waiting = asyncio.create_task(send(by))
    await asleep.wait()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    clock.now += 60
    await send(by)
    assert by.left_today() == 7


# ---------------------------------------------------------------- hosts


def neighbours(count: int, hosts: Hosts, host: str = "proxy.example") -> list[Pacer]:
    return [Pacer(spec(StaticBearer(), key=f"k{n}", base_url=f"https://{host}/{n}"), hosts) for n in range(count)]


@pytest.mark.anyio
async def test_three_hundred_sources_of_one_host_are_asked_as_the_host_bears() -> None:
    server, sources = Server(), neighbours(300, Hosts(per_host=20, in_all=100))
    async with visitors(server, lambda n: sources[n % 300], 900) as tasks:
        assert len(server.inside) == 20
        while server.inside:
            await server.let_go()
        assert all(t.done() and t.exception() is None for t in tasks)
    assert server.peak == 20
    assert len(server.came) == 900


@pytest.mark.anyio
async def test_a_source_with_much_to_ask_is_not_ahead_of_its_neighbours() -> None:
    server, sources = Server(), neighbours(3, Hosts(per_host=2))
    async with visitors(server, lambda n: sources[0 if n < 40 else n - 39], 42):
        assert server.came == ["0", "1"]
        await server.let_go("0")
        await server.let_go("1")
        await server.let_go("2")
        assert server.came == ["0", "1", "2", "40", "41"]


@pytest.mark.anyio
async def test_hosts_do_not_wait_for_each_other_unless_the_process_is_full() -> None:
    server, hosts = Server(), Hosts(per_host=2, in_all=5)
    sources = [
        *neighbours(4, hosts, "a.example"),
        *neighbours(4, hosts, "b.example"),
        *neighbours(4, hosts, "c.example"),
    ]
    async with visitors(server, lambda n: sources[n], 12):
        assert server.came == ["0", "1", "4", "5", "8"]
        await server.let_go("0")
        assert server.came[5:] == ["9"]  # who waited for the process comes before who waited for the host
        await server.let_go("1", "4")
        assert server.came[6:] == ["2", "3"]


@pytest.mark.anyio
async def test_who_goes_away_from_the_line_at_a_host_gives_every_place_back() -> None:
    server, hosts = Server(), Hosts(per_host=1, in_all=1)
    sources = neighbours(4, hosts)
    async with visitors(server, lambda n: sources[n], 4) as tasks:
        tasks[1].cancel()
        tasks[2].cancel()
        await settle()
        await server.let_go("0")
        assert server.came == ["0", "3"]
        await server.let_go("3")
        again = asyncio.create_task(server.visit(sources[1], "again"))
        await settle()
        assert server.came[2:] == ["again"]
        await server.let_go("again")
        await again


@pytest.mark.anyio
async def test_a_minute_of_a_host_is_shared_by_its_sources_in_turn() -> None:
    clock = Clock()
    hosts = Hosts(monotonic=clock, sleep=clock.sleep)
    said = [("a.example", 6), ("a.example", 9), ("a.example", None), ("b.example", None)]
    sources = [
        with_pace(spec(StaticBearer(), key=f"k{n}", base_url=f"https://{host}/{n}"), requests_per_minute_per_host=limit)
        for n, (host, limit) in enumerate(said)
    ]
    at = [pacer(made, clock, hosts) for made in sources]
    began = clock()
    sent: list[tuple[int, float]] = []

    async def ask(n: int, times: int) -> None:
        for _ in range(times):
            await send(at[n])
            sent.append((n, clock() - began))

    await asyncio.gather(ask(0, 20), ask(1, 2), ask(2, 2))
    times = [when for _, when in sent]
    assert len(times) == 24
    for first, seventh in zip(times, times[6:], strict=False):
        assert seventh - first >= 59.99
    assert [n for n, _ in sent[:8]] == [0, 0, 0, 0, 1, 2, 0, 1]  # three at once; then those who wait take turns
    before = clock()
    await ask(3, 20)
    assert clock() == before


@pytest.mark.anyio
async def test_no_order_of_coming_and_going_ends_in_a_standstill() -> None:
    """All three lines are short, and every fourth goes away at some time or other."""
    hosts = Hosts(per_host=2, in_all=3)
    sources = [
        Pacer(spec(StaticBearer(), Capabilities(max_concurrency=2), base_url=f"https://h{n % 3}.example"), hosts)
        for n in range(9)
    ]
    inside = peak = done = 0

    async def ask(n: int) -> None:
        nonlocal inside, peak, done
        async with sources[n % 9].turn():
            inside += 1
            peak = max(peak, inside)
            try:
                for _ in range(n % 5):
                    await asyncio.sleep(0)
            finally:
                inside -= 1
        done += 1

    async with asyncio.timeout(20):
        tasks = [asyncio.create_task(ask(n)) for n in range(400)]
        for n, task in enumerate(tasks):
            if n % 4 == 0:
                for _ in range(n % 7):
                    await asyncio.sleep(0)
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert done >= 300
        assert peak == 3
        async with AsyncExitStack() as held:  # every place is free again
            for n in range(3):
                await held.enter_async_context(sources[n].turn())


@pytest.mark.anyio
async def test_sources_count_their_days_by_themselves_and_a_new_pacer_counts_on() -> None:
    clock, days = Clock("2030-01-15 12:00", CHICAGO), Days()
    made = {zone: replace(paced(zone, requests_per_day=3), key=zone[:3].lower()) for zone in (CHICAGO, AUCKLAND)}

    def anew(zone: str) -> Pacer:
        return Pacer(made[zone], None, days, wall=clock, monotonic=clock, sleep=clock.sleep)

    await send(anew(CHICAGO))
    await send(anew(CHICAGO))
    await send(anew(AUCKLAND))
    assert (anew(CHICAGO).left_today(), anew(AUCKLAND).left_today()) == (1, 2)
    clock.set("2030-01-15 23:59", AUCKLAND)
    assert (anew(CHICAGO).left_today(), anew(AUCKLAND).left_today()) == (1, 3)


# ---------------------------------------------------------------- background work


@pytest.mark.anyio
async def test_work_that_nobody_waits_for_begins_later_but_in_time() -> None:
    clock = Clock()
    began = clock()
    by = Pacer(paced(), wall=clock, sleep=clock.sleep, chance=lambda: 0.5)
    await by.stagger()
    assert clock() == began + STAGGER / 2
    await by.stagger(at_most=1.0)
    assert clock() == began + STAGGER / 2 + 0.5


# ---------------------------------------------------------------- through the client


def clients(school: School, clock: Clock, **pace: Any) -> SourceClient:
    made = with_pace(spec(OAuth2(token_path="/token"), timezone=CHICAGO), **pace)
    return SourceClient(made, httpx2.MockTransport(school), pacer=pacer(made, clock))


@pytest.mark.anyio
async def test_tokens_are_no_requests_of_the_day() -> None:
    school = School()
    asked = clients(school, Clock(), requests_per_day=2)
    assert await asked.check_token() == ()
    await asked.page(TEN)
    await asked.page(TEN)
    with pytest.raises(Overloaded):
        await asked.page(TEN)
    assert (school.issued, len(school.log), asked.requests) == (1, 2, 3)
    await asked.check_token()
    assert school.issued == 2


@pytest.mark.anyio
async def test_a_request_repeated_with_a_new_token_is_two_of_the_day() -> None:
    school = School()
    asked = clients(school, Clock(), requests_per_day=4)
    await asked.page(TEN)
    school.valid.clear()
    await asked.page(TEN)
    assert len(school.log) == 3
    assert asked.pacer.left_today() == 1
    school.valid.clear()
    with pytest.raises(Overloaded, match="4 requests of the day"):  # the last one found the token stale
        await asked.page(TEN)
    assert len(school.log) == 4


@pytest.mark.anyio
async def test_a_day_is_not_spent_on_tokens_that_are_not_to_be_had() -> None:
    async def refuse(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(401, json={"error": "invalid_client"})

    made = with_pace(spec(OAuth2(token_path="/token")), requests_per_day=2)
    asked = SourceClient(made, httpx2.MockTransport(refuse), pacer=pacer(made, Clock()))
    for _ in range(3):
        with pytest.raises(Denied):
            await asked.page(TEN)
    assert asked.pacer.left_today() == 2


@pytest.mark.anyio
async def test_quiet_hours_let_neither_tokens_nor_data_through() -> None:
    school = School()
    asked = clients(school, Clock("2030-01-15 23:00", CHICAGO), quiet=NIGHT)
    with pytest.raises(Overloaded):
        await asked.page(TEN)
    with pytest.raises(Overloaded):
        await asked.check_token()
    assert (school.issued, school.log) == (0, [])
