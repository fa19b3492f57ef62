"""A source's own clock, on ordinary days and on those on which it is set."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from adapters import hours
from adapters.dialect import EVERY_DAY, WEEKDAYS, Hours
from tests.clock import Clock

CHICAGO = ZoneInfo("America/Chicago")
SCHOOL = (Hours(WEEKDAYS, 7 * 60, 16 * 60),)
NIGHT = (Hours(EVERY_DAY, 22 * 60, 29 * 60),)
SMALL_HOURS = (Hours(EVERY_DAY, 60, 150),)
"""01:00 to 02:30."""


def at(wall: str, fold: int = 0) -> float:
    return Clock(wall, CHICAGO.key, fold=fold)()


@pytest.mark.parametrize(
    ("wall", "school"),
    [
        ("2030-01-14 06:59:59", False),  # a Monday
        ("2030-01-14 07:00", True),
        ("2030-01-18 15:59:59", True),  # a Friday
        ("2030-01-18 16:00", False),
        ("2030-01-19 10:00", False),
        ("2030-01-20 10:00", False),
        ("2030-07-15 07:00", True),  # by summer time
        ("2030-07-15 06:59", False),
    ],
)
def test_hours_hold_from_their_first_minute_up_to_their_last_on_their_days(wall: str, school: bool) -> None:
    assert hours.holds(SCHOOL, CHICAGO, at(wall)) is school


def test_hours_that_pass_midnight_belong_to_the_day_on_which_they_begin() -> None:
    friday_night = (Hours(frozenset({4}), 22 * 60, 29 * 60),)
    assert hours.holds(friday_night, CHICAGO, at("2030-01-18 23:00"))
    assert hours.holds(friday_night, CHICAGO, at("2030-01-19 04:59"))
    assert not hours.holds(friday_night, CHICAGO, at("2030-01-18 04:59"))
    assert not hours.holds(friday_night, CHICAGO, at("2030-01-19 22:00"))
    assert hours.over(friday_night, CHICAGO, at("2030-01-18 23:00")) == at("2030-01-19 05:00")


def test_hours_that_touch_are_over_together() -> None:
    parts = (Hours(EVERY_DAY, 22 * 60, 24 * 60), Hours(EVERY_DAY, 0, 3 * 60), Hours(EVERY_DAY, 2 * 60, 5 * 60))
    assert hours.over(parts, CHICAGO, at("2030-01-18 23:00")) == at("2030-01-19 05:00")


def test_what_does_not_hold_is_over() -> None:
    assert hours.over(NIGHT, CHICAGO, at("2030-01-18 12:00")) == at("2030-01-18 12:00")
    assert hours.over((), CHICAGO, at("2030-01-18 12:00")) == at("2030-01-18 12:00")


def test_hours_without_end_are_looked_through_for_a_week() -> None:
    always = (Hours(EVERY_DAY, 0, 24 * 60),)
    now = at("2030-01-18 12:00")
    assert 7 * 86_400 <= hours.over(always, CHICAGO, now) - now <= 8 * 86_400


@pytest.mark.parametrize(
    ("evening", "seconds"), [("2030-01-18", 7 * 3600), ("2030-03-09", 6 * 3600), ("2030-11-02", 8 * 3600)]
)
def test_a_night_lasts_as_long_as_the_clocks_make_it(evening: str, seconds: int) -> None:
    begins = at(f"{evening} 22:00")
    assert hours.over(NIGHT, CHICAGO, begins) - begins == seconds


def test_hours_that_come_twice_hold_twice() -> None:
    first, second = at("2030-11-03 01:10"), at("2030-11-03 01:10", fold=1)
    assert second - first == 3600
    half = (Hours(EVERY_DAY, 60, 90),)
    assert [hours.holds(half, CHICAGO, t) for t in (first, first + 1800, second, second + 1800)] == [
        True,
        False,
        True,
        False,
    ]
    assert hours.over(half, CHICAGO, first) == first + 1200
    assert hours.over(half, CHICAGO, second) == second + 1200


def test_hours_that_do_not_come_are_over_when_the_clock_has_jumped() -> None:
    before = at("2030-03-10 01:30")  # half an hour before 02:00 becomes 03:00
    after = hours.over(SMALL_HOURS, CHICAGO, before)
    assert not hours.holds(SMALL_HOURS, CHICAGO, before + 1800)
    assert before + 1800 <= after <= before + 3600


@pytest.mark.parametrize(
    ("day", "following", "length"),
    [("2030-01-18", "2030-01-19", 24), ("2030-03-10", "2030-03-11", 23), ("2030-11-03", "2030-11-04", 25)],
)
def test_a_day_is_as_long_as_the_clocks_make_it(day: str, following: str, length: int) -> None:
    begins = at(f"{day} 00:00")
    assert hours.next_day(CHICAGO, begins) - begins == length * 3600
    assert hours.today(CHICAGO, hours.next_day(CHICAGO, begins)) == date.fromisoformat(following)
    assert hours.today(CHICAGO, hours.next_day(CHICAGO, begins) - 1) == date.fromisoformat(day)


def test_a_day_that_has_no_midnight_begins_when_it_begins() -> None:
    cairo = ZoneInfo("Africa/Cairo")  # on 2024-04-26 the clocks went from 00:00 to 01:00
    evening = Clock("2024-04-25 20:00", cairo.key)()
    begins = hours.next_day(cairo, evening)
    assert begins - evening == 4 * 3600
    assert hours.today(cairo, begins) == date(2024, 4, 26)
    assert hours.today(cairo, begins - 1) == date(2024, 4, 25)
