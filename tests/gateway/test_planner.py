from __future__ import annotations

import time
from dataclasses import replace

import pytest

from adapters import registry
from adapters.dialect import Dialect, Op, Totals
from adapters.endpoints import Collection
from adapters.errors import Unsupported
from adapters.predicate import AnyOf, Compare, equals, every, folded
from gateway.roster.needs import (
    Batches,
    ByIds,
    Changes,
    ChildrenOf,
    Cut,
    Everything,
    Filtered,
    Held,
    Known,
    Need,
    Nested,
    ParentScoped,
    Plan,
    Scan,
    Singles,
    Window,
)
from gateway.roster.planner import plan

STANDARD = registry.get("standard", "1.2")
WIDE = STANDARD.with_capabilities(filter_clauses=100, max_url=8000)
ROOM = 200
ACTIVE = equals("status", "ACTIVE")


def ids(count: int) -> tuple[str, ...]:
    return tuple(f"{n:08d}-0000-4000-8000-000000000000" for n in range(count))


def planned(need: Need, size: int | None = None, dialect: Dialect = STANDARD, known: Known | None = None) -> Plan:
    return plan(need, replace(known or Known(), size=size), dialect, ROOM)


def test_one_record_is_read_by_its_own_route() -> None:
    assert planned(ByIds(Collection.USERS, ids(1)), 2000).path == Singles()


def test_a_small_collection_is_read_whole_rather_than_record_by_record() -> None:
    found = planned(ByIds(Collection.ORGS, ids(5)), 10)
    assert found.path == Scan()
    assert (found.requests, found.rows, found.assumed) == (1, 10, False)


def test_many_ids_go_into_filters_as_wide_as_the_source_takes() -> None:
    found = planned(ByIds(Collection.CLASSES, ids(90)), 5000, WIDE)
    assert isinstance(found.path, Batches)
    assert found.requests == 1
    assert sum(map(len, found.path.groups)) == 90


def test_the_in_operator_carries_more_than_clauses_would() -> None:
    lists = STANDARD.with_capabilities(in_operator=True)
    found = planned(ByIds(Collection.CLASSES, ids(30)), 50_000, lists)
    assert (found.path.label, found.requests) == ("in-operator batches", 1)
    assert planned(ByIds(Collection.CLASSES, ids(30)), 50_000).requests == 15


def test_two_clauses_a_filter_lose_to_reading_everything() -> None:
    found = planned(ChildrenOf(Collection.ENROLLMENTS, "user_id", ids(50)), 10_000)
    assert found.path == Scan()
    assert found.requests == 10


def test_two_clauses_a_filter_win_over_a_large_collection() -> None:
    found = planned(ChildrenOf(Collection.ENROLLMENTS, "user_id", ids(50)), 800_000)
    assert isinstance(found.path, Batches)
    assert found.requests == 25


@pytest.mark.parametrize("field", ["username", "email", "user_master_identifier", "user_ids.identifier"])
def test_people_are_told_apart_by_some_fields(field: str) -> None:
    """Of a source of a hundred thousand, one page holds those with one of two usernames."""
    asked = Window(Collection.USERS, AnyOf(field, frozenset({"Ines", "ines"})), None, None)
    found = planned(asked, 100_000)
    assert (found.path, found.requests, found.rows) == (Filtered(), 1, 2)
    children = planned(ChildrenOf(Collection.USERS, field, ("Ines", "ines")), 100_000)
    assert (children.path, children.requests, children.rows) == (Batches(field, (("Ines", "ines"),)), 1, 2)


def test_a_field_without_regard_to_case_is_asked_for_as_it_is_spelled() -> None:
    found = planned(ChildrenOf(Collection.USERS, folded("username"), ("ines",)), 100_000)
    assert (found.path, found.requests) == (Batches("username", (("ines",),)), 1)


def test_a_size_that_was_never_told_is_said_to_be_assumed() -> None:
    found = planned(ChildrenOf(Collection.ENROLLMENTS, "user_id", ids(500)))
    assert found.path == Scan()
    assert found.assumed
    assert found.why.endswith("rests on a guess")


def test_of_a_guess_no_more_is_predicted_than_is_certain() -> None:
    guessed = planned(ChildrenOf(Collection.ENROLLMENTS, "user_id", ids(500)))
    assert (guessed.requests, guessed.certain) == (20, 1)
    uneven = planned(ChildrenOf(Collection.ENROLLMENTS, "user_id", ids(10)), 1_000_000, WIDE, Known(parents=5_000))
    assert (uneven.path.label, uneven.requests, uneven.certain, uneven.assumed) == ("filter batches", 2, 1, True)
    told = planned(ChildrenOf(Collection.ENROLLMENTS, "user_id", ids(500)), 10_000)
    assert (told.requests, told.certain, told.assumed) == (10, 10, False)
    long = planned(Window(Collection.USERS, None, 3000))
    assert (long.requests, long.certain) == (3, 1)


FEW = ByIds(Collection.CLASSES, ids(8))


def test_a_certain_handful_is_preferred_to_a_scan_of_a_size_that_nobody_told() -> None:
    """It is answered after one latency; the scan's first page may have been asked for in vain."""
    found = planned(FEW)
    assert (found.path.label, found.requests, found.certain, found.assumed) == ("filter batches", 4, 4, False)
    assert found.why == "certain, and answered at once: filter batches 4, scan 2, single reads 8"
    assert planned(ChildrenOf(Collection.CLASSES, "course_id", ids(4))).path.label == "filter batches"


def test_a_size_that_was_told_is_no_risk() -> None:
    assert planned(FEW, 2000).path == Scan()
    assert planned(ByIds(Collection.ORGS, ids(5))).path == Scan(), "nor is one that is small whatever the guess"


@pytest.mark.parametrize(
    ("need", "known"),
    [
        (replace(FEW, foreseen=True), Known()),
        (FEW, Known(spent=5)),
        (FEW, Known(in_flight=3)),
        (ByIds(Collection.COURSES, ids(10)), Known()),
        (ByIds(Collection.CLASSES, ids(18)), Known()),
    ],
    ids=["foreseen", "handfuls add up", "not at once", "longer than four times the guess", "more than a handful"],
)
def test_otherwise_the_risk_is_taken(need: Need, known: Known) -> None:
    assert planned(need, known=known).path == Scan()


def test_a_copy_that_can_be_brought_up_to_date_is() -> None:
    stale = Known(changes=True)
    for need in (FEW, ByIds(Collection.CLASSES, ids(1)), Window(Collection.CLASSES, ACTIVE, 50)):
        found = planned(need, 50_000, known=stale)
        assert (found.path, found.requests, found.certain) == (Changes(), 1, 1)
    assert planned(Everything(Collection.CLASSES), 50_000, known=stale).path == Changes()
    assert planned(FEW, 50_000, known=replace(stale, held=True)).path == Held()


def test_to_plan_for_five_thousand_ids_takes_less_than_the_loop_may_be_held() -> None:
    need = ChildrenOf(Collection.ENROLLMENTS, "user_id", ids(5000))
    for dialect in (STANDARD, WIDE, STANDARD.with_capabilities(in_operator=True)):
        took = []
        for _ in range(3):
            began = time.thread_time()
            planned(need, 50_000_000, dialect)
            took.append(time.thread_time() - began)
        assert min(took) < 0.05


def test_a_guess_that_makes_no_difference_is_none() -> None:
    assert not planned(Everything(Collection.ORGS)).assumed


def test_a_page_size_that_was_learned_counts_for_more_than_the_dialects() -> None:
    assert planned(Everything(Collection.USERS), 1000, known=Known(page_size=100)).requests == 10


def test_many_children_of_one_parent_are_counted_in_pages() -> None:
    need = ChildrenOf(Collection.ENROLLMENTS, "user_id", ids(10))
    crowded = planned(need, 1_000_000, WIDE, Known(parents=100))
    assert crowded.requests == 101  # so many pages overlap: it costs one in a hundred
    assert planned(need, 1_000_000, WIDE, Known(parents=100_000)).requests == 1


def test_a_source_that_tells_no_end_is_asked_once_more() -> None:
    silent = STANDARD.with_capabilities(totals=Totals.NONE)
    assert planned(Everything(Collection.USERS), 1500, silent).requests == 3
    assert planned(Everything(Collection.USERS), 0, silent).requests == 1
    assert planned(Everything(Collection.USERS), 1500, silent, Known(tells_end=True)).requests == 2
    short = silent.with_capabilities(short_page_ends=True)
    assert planned(Everything(Collection.USERS), 1500, short).requests == 2
    assert planned(Everything(Collection.USERS), 2000, short).requests == 3
    whole = silent.with_capabilities(all_without_limit=True)
    assert planned(Everything(Collection.USERS), 1500, whole).requests == 1


def test_a_route_below_the_parent_is_taken_where_it_is_the_shortest_way() -> None:
    unfiltered = STANDARD.with_capabilities(filter_clauses=0)
    found = planned(ChildrenOf(Collection.CLASSES, "course_id", ids(2)), 9000, unfiltered)
    assert found.path == Nested("classesForCourse")
    assert found.requests == 2


CLASS = ChildrenOf(Collection.ENROLLMENTS, "class_id", ids(3))
UNFILTERED = STANDARD.with_capabilities(dotted_filters=False)
KNOWN_SCHOOLS = Known(parents=2000, scopes=20, scope_of=dict.fromkeys(ids(3), "s1"))


def test_classes_of_one_known_school_are_asked_below_it() -> None:
    found = planned(CLASS, 100_000, UNFILTERED, KNOWN_SCHOOLS)
    assert found.path == ParentScoped("enrollmentsForSchool", ("s1",))
    assert found.requests == 5


@pytest.mark.parametrize(
    "known",
    [
        replace(KNOWN_SCHOOLS, scope_of={}),
        replace(KNOWN_SCHOOLS, scopes=None),
        replace(KNOWN_SCHOOLS, refused=frozenset({"enrollmentsForSchool"})),
    ],
    ids=["school", "number", "refused"],
)
def test_below_a_school_is_no_way_unless_it_is_known_to_be_one(known: Known) -> None:
    assert planned(CLASS, 100_000, UNFILTERED, known).path == Scan()


def test_people_are_not_sought_below_a_school() -> None:
    """They may be enrolled at another that their record does not name."""
    need = ChildrenOf(Collection.ENROLLMENTS, "user_id", ids(3))
    assert planned(need, 100_000, UNFILTERED, KNOWN_SCHOOLS).path == Scan()


def test_what_is_held_costs_nothing() -> None:
    for need in (ByIds(Collection.USERS, ids(3)), Window(Collection.USERS, ACTIVE, 10), Everything(Collection.USERS)):
        assert planned(need, 50, known=Known(held=True)).path == Held()
    assert planned(ByIds(Collection.USERS, ()), 50).requests == 0


def test_a_window_is_cut_by_a_source_that_sorts_and_filters_as_asked() -> None:
    assert planned(Window(Collection.USERS, ACTIVE, 50), 10_000).path == Cut()
    assert planned(Window(Collection.USERS, ACTIVE, 50, offset=None), 10_000).path == Scan()
    assert planned(Window(Collection.USERS, ACTIVE, 50), 10_000, known=Known(sorted=False)).path == Scan()
    unsorted = STANDARD.with_capabilities(sort=False)
    assert planned(Window(Collection.USERS, ACTIVE, 50), 10_000, unsorted).path == Scan()
    narrowed = every(ACTIVE, equals("family_name", "Example"))
    assert planned(Window(Collection.USERS, narrowed, 50), 10_000, unsorted).path == Filtered()


def test_a_window_of_named_ids_is_read_by_id() -> None:
    assert planned(Window(Collection.USERS, every(ACTIVE, equals("sourced_id", "a")), 50), 10_000).path == Singles()
    named = planned(Window(Collection.USERS, AnyOf("sourced_id", frozenset(ids(40))), 50), 10_000, WIDE)
    assert isinstance(named.path, Batches)


def test_a_window_longer_than_a_page_takes_several() -> None:
    small = STANDARD.with_capabilities(max_limit=20)
    assert planned(Window(Collection.USERS, None, 51), 10_000, small).requests == 3
    assert planned(Window(Collection.USERS, None, 51), 30, small).requests == 2
    assert planned(Window(Collection.USERS, equals("email", "a@b.example"), 51), 10_000, small).requests == 1


def test_a_condition_that_says_little_leaves_the_prediction_assumed() -> None:
    small = STANDARD.with_capabilities(max_limit=20)
    where = every(ACTIVE, Compare("family_name", Op.EQ, "Example"))
    assert planned(Window(Collection.USERS, where, 51), 10_000, small).assumed
    told = planned(Window(Collection.USERS, where, 51), 10_000, small, Known(matching=45))
    assert (told.requests, told.assumed) == (3, False)


def test_a_way_that_today_does_not_allow_is_left_for_one_that_fits() -> None:
    slow = Known(latency=1.0, in_flight=8)
    need = ChildrenOf(Collection.ENROLLMENTS, "user_id", ids(21))
    assert isinstance(planned(need, 10_000, known=slow).path, Batches)
    assert planned(need, 10_000, known=slow).requests == 11
    fitting = planned(need, 10_000, known=replace(slow, requests_left=10))
    assert fitting.path == Scan()
    nothing_fits = planned(need, 10_000, known=replace(slow, requests_left=3))
    assert nothing_fits.requests == 10
    assert nothing_fits.why.endswith("only 3 may still be sent today")


def test_of_nearly_equal_ways_the_faster_is_taken() -> None:
    need = ChildrenOf(Collection.ENROLLMENTS, "user_id", ids(22))
    rows_are_dear = Known(latency=0.1, seconds_per_row=0.001)
    assert isinstance(planned(need, 10_000, known=rows_are_dear).path, Batches)
    far_away = Known(latency=5.0, seconds_per_row=0.0, in_flight=2)
    assert planned(need, 10_000, known=far_away).path == Scan()


def test_the_reason_names_every_way_with_its_requests() -> None:
    why = planned(ByIds(Collection.CLASSES, ids(90)), 5000).why
    assert why == "the fewest requests: scan 5, filter batches 45, single reads 90"
    assert planned(Everything(Collection.CLASSES), 5000).why == "the only way: scan 5"


@pytest.mark.parametrize("dialect", registry.dialects(), ids=lambda d: f"{d.name}-{d.version}")
@pytest.mark.parametrize("count", [1, 2, 30, 400])
def test_every_dialect_has_a_way_that_covers_every_key(dialect: Dialect, count: int) -> None:
    for collection in Collection:
        try:
            found = planned(ByIds(collection, ids(count)), 10_000, dialect)
        except Unsupported:
            continue
        assert found.requests >= 1
        if isinstance(found.path, Batches):
            assert [i for group in found.path.groups for i in group] == list(ids(count))
        if isinstance(found.path, Singles):
            assert found.requests == count
