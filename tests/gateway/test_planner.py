from __future__ import annotations

import pytest

from adapters import registry
from adapters.dialect import Dialect
from adapters.endpoints import Collection
from adapters.errors import Unsupported
from gateway.roster.planner import Batches, ByIds, ChildrenOf, Nested, Scan, Singles, plan

STANDARD = registry.get("standard", "1.2")
WIDE = STANDARD.with_capabilities(filter_clauses=100, max_url=8000)
ROOM = 200


def ids(count: int) -> tuple[str, ...]:
    return tuple(f"{n:08d}-0000-4000-8000-000000000000" for n in range(count))


def test_one_record_is_read_by_its_own_route() -> None:
    assert plan(ByIds(Collection.USERS, ids(1)), 2000, STANDARD, ROOM) == Singles(1)


def test_a_small_collection_is_read_whole_rather_than_record_by_record() -> None:
    assert plan(ByIds(Collection.ORGS, ids(5)), 10, STANDARD, ROOM) == Scan(1, assumed=False)


def test_many_ids_go_into_filters_as_wide_as_the_source_takes() -> None:
    path = plan(ByIds(Collection.CLASSES, ids(90)), 5000, WIDE, ROOM)
    assert isinstance(path, Batches)
    assert path.requests == 1
    assert sum(map(len, path.groups)) == 90


def test_two_clauses_a_filter_lose_to_reading_everything() -> None:
    assert plan(ChildrenOf(Collection.ENROLLMENTS, "user_id", ids(50)), 10_000, STANDARD, ROOM) == Scan(
        10, assumed=False
    )


def test_two_clauses_a_filter_win_over_a_large_collection() -> None:
    path = plan(ChildrenOf(Collection.ENROLLMENTS, "user_id", ids(50)), 800_000, STANDARD, ROOM)
    assert isinstance(path, Batches)
    assert path.requests == 25


def test_a_size_that_was_never_told_is_said_to_be_assumed() -> None:
    path = plan(ChildrenOf(Collection.ENROLLMENTS, "user_id", ids(500)), None, STANDARD, ROOM)
    assert isinstance(path, Scan)
    assert path.assumed


def test_a_route_below_the_parent_is_taken_where_it_is_the_shortest_way() -> None:
    unfiltered = STANDARD.with_capabilities(filter_clauses=0)
    assert plan(ChildrenOf(Collection.CLASSES, "course_id", ids(2)), 9000, unfiltered, ROOM) == Nested(
        "classesForCourse", 2
    )


@pytest.mark.parametrize("dialect", registry.dialects(), ids=lambda d: f"{d.name}-{d.version}")
@pytest.mark.parametrize("count", [1, 2, 30, 400])
def test_every_dialect_has_a_way_that_covers_every_key(dialect: Dialect, count: int) -> None:
    for collection in Collection:
        try:
            path = plan(ByIds(collection, ids(count)), 10_000, dialect, ROOM)
        except Unsupported:
            continue
        assert path.requests >= 1
        if isinstance(path, Batches):
            assert [i for group in path.groups for i in group] == list(ids(count))
        if isinstance(path, Singles):
            assert path.requests == count
