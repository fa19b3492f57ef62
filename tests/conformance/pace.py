"""Cases: how often the source is asked, at which hours, and how many at once then. By a clock that the cases set."""

from __future__ import annotations

import asyncio

from adapters.client import PageRequest
from conformance.subjects import Case, Subject
from tests.clock import Clock

ZONE = "America/Chicago"

MOMENTS = {
    "2030-01-14 06:59": False,  # a Monday
    "2030-01-14 07:00": True,
    "2030-01-14 15:59": True,
    "2030-01-14 16:00": False,
    "2030-01-18 12:00": True,
    "2030-01-19 12:00": False,
}
"""What the clock shows at the source, and whether it is then a time at which school is kept."""


async def no_minute_sees_more_requests_than_are_allowed_and_no_fewer(subject: Subject) -> None:
    clock = Clock()
    client = subject.client(subject.new_server(), clock=clock)
    began, times = clock(), []
    allowed = subject.facts.per_minute
    for _ in range((allowed or 20) + 1):
        await client.page(PageRequest("orgs", limit=1))
        times.append(clock() - began)
    if allowed is None:
        assert times[-1] == 0
    else:
        assert sum(t < 59.99 for t in times) == allowed


async def as_many_requests_run_at_once_as_the_hour_allows(subject: Subject) -> None:
    server = subject.new_server()
    for moment, school in MOMENTS.items():
        client = subject.client(server, clock=Clock(moment, ZONE), timezone=ZONE)
        server.latency = 0.0
        await client.page(PageRequest("orgs"))
        server.latency = 0.002
        server.reset()
        await asyncio.gather(*(client.page(PageRequest("orgs", limit=n + 1)) for n in range(8)))
        facts = subject.facts
        allowed = facts.at_once_in_school_hours if school and facts.at_once_in_school_hours else facts.at_once
        assert server.in_flight_peak == allowed, moment


async def it_is_asked_at_any_hour_and_as_often_as_needed(subject: Subject) -> None:
    clock = Clock("2030-01-16 00:00", ZONE)
    client = subject.client(subject.new_server(), clock=clock, timezone=ZONE)
    for _ in range(8):
        await client.page(PageRequest("orgs", limit=1))
        clock.now += 3 * 3600
    assert client.pacer.left_today() is None


CASES: list[Case] = [
    no_minute_sees_more_requests_than_are_allowed_and_no_fewer,
    as_many_requests_run_at_once_as_the_hour_allows,
    it_is_asked_at_any_hour_and_as_often_as_needed,
]
