"""A collection held whole is refreshed by what changed: what is asked, what becomes of it, and when all is read."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.endpoints import Collection
from adapters.secret import Secret
from gateway.faults import SourceState
from gateway.roster.store import Store
from gateway.sandbox.exact import exact_district
from gateway.sandbox.server import make_server
from tests.gateway.following import Followed, followed

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]

LATER = "2026-03-01T10:00:00.000Z"


def scanned(it: Followed) -> float:
    assert it.table.scanned_at is not None
    return it.table.scanned_at


async def test_after_one_in_a_hundred_changed_a_refresh_takes_one_request_per_collection() -> None:
    district = exact_district(4, users=600, classes=20, courses=10, enrollments=2000)
    async with followed(server=make_server("standard-1.2", district), can={"max_limit": 1000}) as it:
        for collection in (Collection.USERS, Collection.ENROLLMENTS, Collection.CLASSES):
            await it.refresh(collection)
        for user in list(district.users)[::100]:
            district.update(user, family="Changed", modified=LATER)
        for enrollment in list(district.enrollments)[::100]:
            district.update(enrollment, role="aide", modified=LATER)
        for collection in (Collection.USERS, Collection.ENROLLMENTS, Collection.CLASSES):
            assert await it.refresh(collection) == 1
            assert "dateLastModified>='" in (it.filters()[0] or "")
            assert "status" not in (it.filters()[0] or "")
        assert it.held() == it.truth()
        users = it.reader.tables[Collection.USERS].whole
        assert users is not None
        assert sum(getattr(r, "family_name", None) == "Changed" for r in users.rows) == 6


async def test_a_refresh_is_a_new_generation_as_of_now_built_on_the_last_full_reading() -> None:
    async with followed() as it:
        await it.refresh()
        before, full, generation = it.table.read_at, scanned(it), it.table.generation
        it.district.update(it.district.enrollments[0], role="aide", modified=LATER)
        await asyncio.sleep(0.01)
        assert await it.refresh() == 1
        assert before is not None
        assert it.table.read_at is not None
        assert it.table.read_at > before
        assert scanned(it) == full
        assert it.table.generation == generation + 1


async def test_what_comes_again_unchanged_leaves_copy_and_indexes_as_they_are() -> None:
    async with followed() as it:
        await it.refresh()
        await it.below("class_id", [it.district.classes[0].id])
        held = it.table.whole
        assert held is not None
        assert await it.refresh() == 1
        now = it.table.whole
        assert now is not None
        assert now is not held
        assert now.rows is held.rows
        assert now.has_index("class_id")


async def test_a_tombstone_stays_as_a_record_and_a_moved_enrollment_is_found_where_it_went() -> None:
    async with followed() as it:
        await it.refresh()
        old, new = it.district.classes[:2]
        await it.below("class_id", [old.id])
        gone, moved = it.district.enrollments_in(old.id)[:2]
        it.district.update(gone, status="tobedeleted", modified=LATER)
        it.district.update(moved, class_id=new.id, modified=LATER)
        assert await it.refresh() == 1
        assert it.held() == it.truth()
        assert it.held()[gone.id][0] == "TOBEDELETED"
        below = await it.below("class_id", [old.id, new.id])
        assert moved.id not in below[old.id]
        assert moved.id in below[new.id]
        assert gone.id in below[old.id]


async def test_a_record_that_is_gone_without_a_word_shows_once_everything_is_read() -> None:
    async with followed() as it:
        await it.refresh()
        gone = it.district.enrollments[0]
        it.district.remove(gone)
        assert await it.refresh() == 1
        assert gone.id in it.held()
        assert await it.refresh(full=True) == 6
        assert it.filters() == [None] * 6
        assert it.held() == it.truth()


async def test_after_rescan_every_everything_is_read() -> None:
    async with followed(rescan_every=0.2) as it:
        assert await it.refresh() == 6
        assert await it.refresh() == 1
        await asyncio.sleep(0.25)
        assert await it.refresh() == 6


@pytest.mark.parametrize(
    "can",
    [
        {"delta": False},
        {"filter_level": "status"},
        {"filter_operators": ["="]},
        {"unfilterable": {"enrollments": ["*"]}},
    ],
    ids=str,
)
async def test_where_a_source_cannot_be_asked_for_changes_everything_is_read(can: dict[str, Any]) -> None:
    async with followed(can=can) as it:
        for _ in range(2):
            assert await it.refresh() == 6
            assert it.filters() == [None] * 6


async def test_records_without_dates_or_all_of_one_date_are_read_in_full() -> None:
    for stamp in (None, LATER):
        async with followed() as it:
            for enrollment in list(it.district.enrollments)[:: 1 if stamp else 50]:
                it.district.update(enrollment, modified=stamp)
            for _ in range(2):
                assert await it.refresh() == 6


async def test_where_more_than_half_changed_everything_is_read() -> None:
    async with followed() as it:
        await it.refresh()
        full = scanned(it)
        for enrollment in list(it.district.enrollments)[:61]:
            it.district.update(enrollment, role="aide", modified=LATER)
        it.district.remove(it.district.enrollments[-1])
        await it.refresh()
        assert it.filters()[-6:] == [None] * 6
        assert scanned(it) > full
        assert it.held() == it.truth()


@pytest.mark.parametrize("status", [400, 404])
async def test_a_source_that_refuses_the_filter_is_read_in_full(status: int) -> None:
    async with followed() as it:
        await it.refresh()
        assert await it.refresh(before={1: lambda: status}) == 7
        assert it.table.standing is None


async def test_a_source_that_ignores_the_filter_is_read_in_full() -> None:
    async with followed() as it:
        await it.refresh()
        grammar = replace(it.server.kind.grammar, blind=frozenset({"enrollments"}))
        it.server.kind = replace(it.server.kind, grammar=grammar)
        it.district.remove(it.district.enrollments[0])
        await it.refresh()
        assert it.held() == it.truth()


async def test_a_delta_that_fails_changes_nothing_and_the_next_brings_all() -> None:
    async with followed() as it:
        await it.refresh()
        before = it.held()
        for enrollment in list(it.district.enrollments)[:30]:
            it.district.update(enrollment, role="aide", modified=LATER)
        await it.refresh(before={2: lambda: 500})
        assert it.held() == before
        assert it.table.standing is not None
        assert it.table.standing.state is SourceState.STALE
        assert await it.refresh() == 2
        assert it.held() == it.truth()
        assert it.table.standing is None


async def test_one_date_far_ahead_hides_no_change() -> None:
    async with followed() as it:
        it.district.update(it.district.enrollments[0], modified="2099-01-01T00:00:00.000Z")
        await it.refresh()
        now = it.table.whole
        assert now is not None
        assert now.high_water is not None
        assert now.high_water < "2099"


async def test_a_full_reading_asked_for_during_a_delta_follows_it() -> None:
    async with followed() as it:
        await it.refresh()
        full = scanned(it)

        def ask() -> None:
            it.reader.refresh(Collection.ENROLLMENTS, full=True)

        assert await it.refresh(before={1: ask}) == 7
        assert scanned(it) > full
        assert await it.refresh() == 1


async def test_changes_go_on_from_what_was_kept_over_a_restart(tmp_path: Path) -> None:
    secret = Secret("a secret of the thirty-two characters that it takes")
    async with followed(store=Store(tmp_path, secret)) as it:
        await it.refresh()
        full, server = scanned(it), it.server
        it.district.update(it.district.enrollments[0], role="aide", modified=LATER)
        await it.refresh()
    server.district.update(server.district.enrollments[1], status="tobedeleted", modified=LATER)
    async with followed(store=Store(tmp_path, secret), server=server) as it:
        assert await it.refresh() == 1
        assert it.held() == it.truth()
        assert scanned(it) == full
