"""`[sources.pace]`: how often a source may be asked, and the hours in which it may not."""

from typing import Any

import pytest

from adapters.dialect import EVERY_DAY, WEEKDAYS, Hours, Pace
from gateway.config import Mistake, Settings, from_tables

CAMPUS: dict[str, Any] = {
    "key": "springfield",
    "timezone": "America/Chicago",
    "provider": "infinite-campus",
    "version": "1.2",
    "base_url": "https://campus.springfield.example",
    "token_url": "https://campus.springfield.example/token",
    "client_id": "id",
    "client_secret": "made-up",
}


def read(pace: dict[str, Any] | None = None, defaults: dict[str, Any] | None = None) -> Settings:
    source = CAMPUS if pace is None else {**CAMPUS, "pace": pace}
    providers = {"infinite-campus": {"pace": defaults}} if defaults is not None else {}
    return from_tables({"sources": [source], "providers": providers})


def pace_of(settings: Settings) -> Pace:
    (source,) = settings.sources
    return source.spec.dialect.pace


def mistake(**pace: Any) -> Mistake:
    (found,) = read(pace).mistakes
    return found


def test_a_source_that_says_nothing_is_paced_as_its_provider_asks() -> None:
    assert pace_of(read()) == Pace(peak=(Hours(WEEKDAYS, 420, 960),), peak_concurrency=1)


def test_a_pace_is_reckoned_by_the_zone_of_the_source() -> None:
    assert read().sources[0].spec.timezone == "America/Chicago"


def test_what_a_source_says_of_its_pace_comes_before_what_its_provider_does() -> None:
    pace = pace_of(read({"requests_per_day": 500, "peak": []}, {"requests_per_day": 9, "requests_per_minute": 30}))
    assert pace == Pace(requests_per_day=500, requests_per_minute=30)


@pytest.mark.parametrize(
    ("written", "hours"),
    [
        ("22:00-05:00", Hours(EVERY_DAY, 1320, 1740)),
        ("mon-fri 07:00-16:00", Hours(WEEKDAYS, 420, 960)),
        ("sat 8:30 - 12:00", Hours(frozenset({5}), 510, 720)),
        ("Sat,Sun 00:00-24:00", Hours(frozenset({5, 6}), 0, 1440)),
        ("fri-mon 18:00-00:00", Hours(frozenset({4, 5, 6, 0}), 1080, 1440)),
        ("mon,wed-thu 01:00–02:15", Hours(frozenset({0, 2, 3}), 60, 135)),
        ("sun-sun 10:00-11:00", Hours(frozenset({6}), 600, 660)),
    ],
)
def test_a_span_is_read_as_it_is_meant(written: str, hours: Hours) -> None:
    assert pace_of(read({"quiet": [written]})).quiet == (hours,)


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("nightly", "entry 1: this is no span of the day"),
        ("22-05", "entry 1: this is no span of the day"),
        ("22:00-05:00 mon", "entry 1: this is no span of the day"),
        ("25:00-05:00", "entry 1: 25:00 is later than 23:59"),
        ("24:00-05:00", "entry 1: 24:00 is later than 23:59"),
        ("22:00-24:01", "entry 1: 24:01 is later than 24:00"),
        ("22:60-23:00", "entry 1: 22:60 is later than 23:59"),
        ("07:00-07:00", "entry 1: it ends when it begins; a whole day is 00:00-24:00"),
        ("mon-fry 07:00-16:00", 'entry 1: no day is written "fry"; did you mean "fri"?'),
        ("weekdays 07:00-16:00", 'entry 1: no day is written "weekdays"'),
        ("mon, fri 07:00-16:00", "entry 1: this is no span of the day"),
        (7, "entry 1: this is a whole number: write it in quotes"),
    ],
)
def test_a_span_that_is_none_says_why(written: object, problem: str) -> None:
    found = mistake(peak=[written])
    assert found.problem.startswith(problem)
    assert found.path == "sources[1] (springfield).pace.peak"
    assert "mon-fri 07:00-16:00" in found.allowed


def test_every_mistake_of_a_pace_is_told_at_once() -> None:
    wrong = {"requests_per_day": 0, "requests_per_minute": "many", "peak": "07:00-16:00", "quite": ["22:00-05:00"]}
    found = {m.path.rpartition(".")[2]: m.problem for m in read(wrong).mistakes}
    assert found == {
        "requests_per_day": "this is too small",
        "requests_per_minute": "this is text, not a whole number",
        "peak": "this is text, not a list",
        "quite": 'there is no such setting; did you mean "quiet"?',
    }


@pytest.mark.parametrize("quiet", [["00:00-24:00"], ["mon-fri 06:00-06:30", "sat,sun 00:00-24:00", "06:30-06:00"]])
def test_a_source_that_could_never_be_asked_is_a_mistake(quiet: list[str]) -> None:
    assert mistake(quiet=quiet).problem == "these hours are the whole week: it could never be asked"


def test_a_source_that_can_be_asked_for_a_minute_a_week_is_none() -> None:
    assert read({"quiet": ["mon-sat 00:00-24:00", "sun 00:00-23:59"]}).mistakes == ()


def test_the_process_and_its_hosts_have_limits_of_their_own() -> None:
    gateway = from_tables({"gateway": {"max_concurrency": 40, "max_concurrency_per_host": 3}}).gateway
    assert (gateway.max_concurrency, gateway.max_concurrency_per_host) == (40, 3)
    usual = from_tables({}).gateway
    assert (usual.max_concurrency, usual.max_concurrency_per_host) == (100, 20)
