"""A source that says by what to ask whether a page changed, and how its answers may be held: what becomes of both."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.endpoints import Collection
from adapters.secret import Secret
from gateway.faults import SourceState
from gateway.roster.store import Files, Store
from gateway.sandbox.caching import Caching
from gateway.sandbox.scope import copy_of
from gateway.sandbox.server import Server, make_server
from gateway.sandbox.truth import Enrollment
from tests.gateway.following import DISTRICT, Followed, followed

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]

LATER = "2026-03-01T10:00:00.000Z"
SECRET = Secret("a secret of the thirty-two characters that it takes")
WEAK = Caching(etag="weak")


@asynccontextmanager
async def asking(
    caching: Caching = WEAK, *, store: Store | None = None, server: Server | None = None, **cache: Any
) -> AsyncIterator[Followed]:
    """A source of 120 enrollments in 6 pages, of which it does not tell the changes alone."""
    server = server or serving(caching)
    async with followed(server=server, store=store, can={"delta": False}, **cache) as it:
        yield it


def serving(caching: Caching = WEAK, kind: str = "standard-1.2") -> Server:
    return make_server(kind, copy_of(DISTRICT), max_limit=20, caching=caching)


def statuses(it: Followed) -> list[int]:
    """Of the requests since the last `reset`, in their order."""
    return [seen.status for seen in it.server.log if seen.route != "POST token"]


def in_order(it: Followed) -> list[Enrollment]:
    return sorted(it.district.enrollments, key=lambda e: e.id)


async def again(it: Followed, **how: Any) -> list[int]:
    it.server.reset()
    await it.refresh(**how)
    return statuses(it)


# ---------------------------------------------------------------- pages that are as they were


@pytest.mark.parametrize(
    "caching", [Caching(etag="strong"), WEAK, Caching(etag="gzip"), Caching(modified=True)], ids=repr
)
async def test_a_collection_that_is_as_it_was_is_not_sent_again(caching: Caching) -> None:
    async with asking(caching) as it:
        assert await again(it) == [200] * 6
        whole, read_at, everything = it.table.last_good, it.table.read_at, it.server.sent_bytes
        assert whole is not None
        assert read_at is not None
        assert everything > 20_000
        await whole.indexed("class_id")
        await asyncio.sleep(0.01)

        assert await again(it) == [304] * 6
        assert it.server.sent_bytes == 0
        assert it.held() == it.truth()
        now = it.table.whole
        assert now is not None
        assert now.rows is whole.rows
        assert now.has_index("class_id")
        assert it.table.read_at is not None
        assert it.table.read_at > read_at
        assert it.table.scanned_at == whole.scanned_at


async def test_a_source_that_says_nothing_is_sent_no_condition() -> None:
    async with asking(Caching()) as it:
        assert await again(it) == [200] * 6
        assert await again(it) == [200] * 6
        assert not any("if-none-match" in r.headers or "if-modified-since" in r.headers for r in it.way.sent)


async def test_only_the_pages_that_changed_are_sent_and_found() -> None:
    async with asking() as it:
        await it.refresh()
        rows, scanned_at = in_order(it), it.table.scanned_at
        it.district.update(rows[25], role="aide", modified=LATER)
        it.district.update(rows[26], class_id=it.district.classes[-1].id, modified=LATER)
        answered = await again(it)
        assert sorted(answered) == [200] + [304] * 5
        assert it.held() == it.truth()
        assert rows[26].id in (await it.below("class_id", [it.district.classes[-1].id]))[it.district.classes[-1].id]
        assert it.table.scanned_at == scanned_at  # not everything was sent
        assert await again(it) == [304] * 6


async def test_a_record_that_is_gone_or_new_is_seen_though_most_pages_are_as_they_were() -> None:
    async with asking() as it:
        await it.refresh()
        last = in_order(it)[-1]
        it.district.remove(last)
        assert sorted(await again(it)) == [200] + [304] * 5
        assert last.id not in it.held()
        assert it.held() == it.truth()
        it.district.add(replace(last, id="zz-new", modified=LATER))
        assert sorted(await again(it)) == [200] + [304] * 5
        assert it.held() == it.truth()


async def test_a_full_last_page_behind_which_more_has_come_is_not_the_end() -> None:
    async with asking() as it:
        await it.refresh()
        it.district.add(replace(it.district.enrollments[-1], id="zz-new", modified=LATER))
        assert await again(it) == [304] * 6 + [200]
        assert it.held() == it.truth()


async def test_a_304_that_does_not_tell_the_total_again_is_not_believed() -> None:
    async with asking(replace(WEAK, bare=True)) as it:
        await it.refresh()
        it.district.add(replace(it.district.enrollments[-1], id="zz-new", modified=LATER))
        assert await again(it) == [304] + [200] * 7
        assert it.held() == it.truth()
        assert await again(it) == [200] * 7


async def test_a_list_that_ends_sooner_is_shorter_though_all_that_is_left_is_as_it_was() -> None:
    async with asking() as it:
        await it.refresh()
        for enrollment in in_order(it)[100:]:
            it.district.remove(enrollment)
        assert await again(it) == [304] * 5
        assert len(it.held()) == 100
        assert it.held() == it.truth()


async def test_a_last_modified_is_not_believed_once_the_total_is_another() -> None:
    async with asking(Caching(modified=True)) as it:
        await it.refresh()
        it.district.remove(in_order(it)[30])
        assert await again(it) == [304] + [200] * 6
        assert it.held() == it.truth()


async def test_where_the_first_page_tells_another_total_no_last_modified_is_asked_by() -> None:
    async with asking(Caching(modified=True)) as it:
        await it.refresh()
        it.district.add(replace(in_order(it)[0], id="00-new", modified=LATER))
        assert await again(it) == [200] * 7
        assert ["if-modified-since" in r.headers for r in it.way.sent] == [True] + [False] * 6
        assert it.held() == it.truth()


async def test_a_scan_that_is_torn_while_most_is_as_it_was_is_read_for_real() -> None:
    async with asking() as it:
        await it.refresh()

        def leaves() -> None:
            it.district.remove(in_order(it)[0])

        answered = await again(it, before={4: leaves})
        assert answered.count(304) < 6
        assert it.truth().items() <= it.held().items()  # what left was there for a while


async def test_a_304_that_was_not_asked_for_leaves_the_older_copy_standing() -> None:
    async with asking(Caching()) as it:
        await it.refresh()
        it.server.answer_next(304)
        await it.refresh()
        standing = it.table.standing
        assert standing is not None
        assert (standing.state, standing.code) == (SourceState.STALE, "UPSTREAM_BAD_CONTENT")
        assert it.held() == it.truth()


async def test_a_page_of_which_something_could_not_be_read_is_read_again() -> None:
    async with asking() as it:
        it.server.publication.rows("enrollments").wire[45]["sourcedId"] = ""
        await it.refresh()
        assert it.table.last_good is not None
        assert it.table.last_good.rejected == 1
        assert sorted(await again(it)) == [200] + [304] * 5
        assert it.table.last_good.rejected == 1


async def test_what_lost_too_much_is_held_back_by_304_too() -> None:
    async with asking() as it:
        await it.refresh()
        for enrollment in list(it.district.enrollments)[40:]:
            it.district.remove(enrollment)
        await it.refresh()
        assert it.table.hold is not None
        assert await again(it) == [200] * 2  # what is held back has to come again


async def test_one_answer_that_holds_everything_is_not_sent_again_either() -> None:
    async with asking(server=serving(kind="xporter-generic")) as it:
        assert await again(it) == [200]
        assert await again(it) == [304]
        assert it.held() == it.truth()


async def test_the_records_of_a_page_come_in_its_order() -> None:
    async with asking() as it:
        await it.refresh()
        whole = it.table.whole
        assert whole is not None
        ids = whole.ids
        for page in (ids[20:40], ids[::-7], [ids[3], ids[2]], ids[-2:], []):
            assert [r.sourced_id for r in whole.of(page)] == page


# ---------------------------------------------------------------- when everything is sent nevertheless


async def test_a_refresh_in_full_sends_no_condition() -> None:
    async with asking() as it:
        await it.refresh()
        assert await again(it, full=True) == [200] * 6
        assert await again(it) == [304] * 6


async def test_a_refresh_in_full_that_comes_while_pages_are_asked_for_is_still_to_come() -> None:
    async with asking() as it:
        await it.refresh()

        def meanwhile() -> None:
            it.reader.refresh(Collection.ENROLLMENTS, full=True)

        assert await again(it, before={3: meanwhile}) == [304] * 6 + [200] * 6


async def test_after_rescan_every_everything_is_sent() -> None:
    async with asking(rescan_every=0.3) as it:
        await it.refresh()
        assert await again(it) == [304] * 6
        await asyncio.sleep(0.35)
        assert await again(it) == [200] * 6


async def test_a_source_whose_headers_are_ignored_is_sent_no_condition() -> None:
    async with asking(headers="ignore") as it:
        await it.refresh()
        assert await again(it) == [200] * 6


async def test_where_changes_are_told_they_are_asked_for_alone() -> None:
    async with followed(server=serving()) as it:
        await it.refresh()
        assert await again(it) == [200]
        assert (it.filters()[0] or "").startswith("dateLastModified>=")


# ---------------------------------------------------------------- over a restart


async def test_after_a_restart_too_only_what_changed_is_sent(tmp_path: Path) -> None:
    server = serving()
    async with asking(server=server, store=Store(tmp_path, SECRET)) as it:
        await it.refresh()
    server.district.update(server.district.enrollments[3], role="aide", modified=LATER)
    async with asking(server=server, store=Store(tmp_path, SECRET)) as it:
        assert sorted(await again(it)) == [200] + [304] * 5
        assert it.held() == it.truth()


async def test_pages_that_are_no_runs_of_ids_are_forgotten_over_a_restart(tmp_path: Path) -> None:
    server = serving(kind="xporter-generic")
    ids = [row["sourcedId"] for row in server.published("enrollments")]
    assert ids != sorted(ids)
    async with asking(server=server, store=Store(tmp_path, SECRET)) as it:
        await it.refresh()
    async with asking(server=server, store=Store(tmp_path, SECRET)) as it:
        assert await again(it) == [200]
        assert await again(it) == [304]


# ---------------------------------------------------------------- no-store


def kept(folder: Path) -> bool:
    return Files(folder).path("a", Collection.ENROLLMENTS).exists()


SPRING = "no-cache, no-store, max-age=0, must-revalidate"


@pytest.mark.parametrize("said", ["no-store", SPRING])
async def test_what_may_not_be_stored_is_held_in_memory_alone(
    tmp_path: Path, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    server = serving(Caching(cache_control=said))
    caplog.set_level(logging.WARNING)
    async with asking(server=server, store=Store(tmp_path, SECRET)) as it:
        await it.refresh()
        await it.refresh()
        assert it.held() == it.truth()
        assert it.table.lifetime == it.table.fresh_for
    assert not kept(tmp_path)
    [told] = [r.getMessage() for r in caplog.records if "no-store" in r.getMessage()]
    assert told.startswith("a: enrollments is held in memory only")
    async with asking(server=server, store=Store(tmp_path, SECRET)) as it:
        assert await again(it) == [200] * 6


@pytest.mark.parametrize("caching", [Caching(), WEAK], ids=["changed", "unchanged"])
async def test_what_was_stored_is_erased_once_it_may_not_be(tmp_path: Path, caching: Caching) -> None:
    server = serving(caching)
    async with asking(server=server, store=Store(tmp_path, SECRET)) as it:
        await it.refresh()
    assert kept(tmp_path)
    server.caching = replace(caching, cache_control="no-store")
    async with asking(server=server, store=Store(tmp_path, SECRET)) as it:
        assert await again(it) == [304 if caching.etag else 200] * 6
    assert not kept(tmp_path)


async def test_no_store_is_as_nothing_where_headers_are_ignored(tmp_path: Path) -> None:
    async with asking(Caching(cache_control=SPRING), store=Store(tmp_path, SECRET), headers="ignore") as it:
        await it.refresh()
    assert kept(tmp_path)


# ---------------------------------------------------------------- max-age


@pytest.mark.parametrize(
    ("said", "age", "seconds"),
    [
        ("max-age=300", None, 300),
        ("private, max-age=300", 100, 200),
        ("max-age=5", None, 60),
        ("max-age=300", 900, 60),
        ("max-age=31536000", None, 7200),
        ("no-cache, max-age=300", None, 900),
        ("max-age=0, must-revalidate", None, 900),
    ],
)
async def test_the_source_says_for_how_long_it_is_fresh(said: str, age: int | None, seconds: float) -> None:
    async with asking(Caching(cache_control=said, age=age), stale_for="2h") as it:
        await it.refresh()
        assert it.table.lifetime == seconds
        assert it.table.fresh_left == pytest.approx(seconds, abs=2)


@pytest.mark.parametrize("cache", [{"fresh_for": {"enrollments": "10m"}}, {"headers": "ignore", "fresh_for": {}}])
async def test_what_the_operator_said_comes_first(cache: dict[str, Any]) -> None:
    async with asking(Caching(cache_control="max-age=300"), **cache) as it:
        await it.refresh()
        assert it.table.lifetime == it.table.fresh_for == (600 if cache["fresh_for"] else 900)


async def test_a_304_says_anew_for_how_long(tmp_path: Path) -> None:
    server = serving(replace(WEAK, cache_control="max-age=300"))
    async with asking(server=server, store=Store(tmp_path, SECRET)) as it:
        await it.refresh()
        server.caching = replace(WEAK, cache_control="max-age=600")
        assert await again(it) == [304] * 6
        assert it.table.lifetime == 600


async def test_how_long_it_is_fresh_outlasts_a_restart(tmp_path: Path) -> None:
    server = serving(Caching(cache_control="max-age=300"))
    async with asking(server=server, store=Store(tmp_path, SECRET)) as it:
        await it.refresh()
    async with asking(server=server, store=Store(tmp_path, SECRET)) as it:
        await it.reader.children(Collection.ENROLLMENTS, "class_id", [it.district.classes[0].id])
        assert it.way.sent == []
        assert it.table.fresh_left == pytest.approx(300, abs=5)
