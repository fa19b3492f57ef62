"""What outlasts a restart: tables, their age, and what the shrink guard knows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from adapters.client import SourceClient
from adapters.endpoints import Collection
from adapters.records import RecordType
from adapters.secret import Secret
from gateway.access.grant import EVERYTHING
from gateway.config import from_tables
from gateway.faults import ErrorCode, SourceState
from gateway.identity import CursorCodec
from gateway.roster.listing import List
from gateway.roster.operating import Complaint
from gateway.roster.reading import HeldBack, HoldChoice, Reading
from gateway.roster.sources import Sources
from gateway.roster.store import Store
from gateway.sandbox.server import Server, make_server
from gateway.schema import SCHEMA
from gateway.schema.context import Context
from gateway.schema.scalars import instant
from tests.districts import generate
from tests.gateway.support import page

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]

SECRET = Secret("a secret of the thirty-two characters that it takes")


@asynccontextmanager
async def process(folder: Path, server: Server, fresh_for: float = 60) -> AsyncIterator[Sources]:
    """One life of a gateway over one source; what it keeps is in `folder`."""
    fresh = {collection.value: fresh_for for collection in Collection}
    table = {"key": "a", "name": "A", **server.settings("http://a.test"), "cache": {"fresh_for": fresh}}
    sources = Sources.open(
        from_tables({"sources": [table]}),
        lambda settings: SourceClient(settings.spec, httpx2.ASGITransport(server.app)),
        Store(folder, SECRET),
    )
    try:
        yield sources
    finally:
        await sources.close()


SHOWN = "{ sources { nodes { collections { type state rows asOf lastFullScanAt } } } }"
REFRESHED = """mutation { refreshSource(input: { source: "a" }) {
  source { collections { type state } } userErrors { message }
} }"""


async def asking(sources: Sources, query: str) -> Any:
    result = await SCHEMA.execute(query, {}, Context(Reading(sources, EVERYTHING, CursorCodec(b"x"), 10)))
    assert not result.errors, result.errors
    return result.data


async def everyone(sources: Sources) -> List:
    reading = Reading(sources, EVERYTHING, CursorCodec(b"x"), 10)
    return await page(reading, RecordType.USER, first=10_000)


def asked(server: Server) -> int:
    return sum(n for route, n in server.requests.items() if route != "POST token")


async def test_after_a_restart_what_was_read_serves_at_once_with_its_real_age(tmp_path: Path) -> None:
    server = make_server("xporter-generic", generate(1, students=60))
    async with process(tmp_path, server) as sources:
        before = await everyone(sources)
    server.reset()
    async with process(tmp_path, server) as sources:
        after = await everyone(sources)
        assert [r.sourced_id for r in after.page.records] == [r.sourced_id for r in before.page.records]
        assert after.page.as_of == before.page.as_of
        assert after.page.outcomes[0].state is SourceState.FRESH
    assert asked(server) == 0


async def test_an_old_copy_serves_at_once_says_so_and_is_read_anew_meanwhile(tmp_path: Path) -> None:
    server = make_server("xporter-generic", generate(1, students=60))
    async with process(tmp_path, server, fresh_for=0.4) as sources:
        before = await everyone(sources)
    await asyncio.sleep(0.5)
    server.reset()
    async with process(tmp_path, server, fresh_for=0.4) as sources:
        at_once = await everyone(sources)
        assert at_once.page.as_of == before.page.as_of
        assert at_once.page.outcomes[0].state is SourceState.STALE
        assert at_once.page.complete
        await asyncio.sleep(0.2)
        later = await everyone(sources)
        assert later.page.outcomes[0].state is SourceState.FRESH
        assert later.page.as_of is not None
        assert time.time() - later.page.as_of < 0.5
    assert asked(server) == 1


async def test_a_source_that_is_down_after_a_restart_is_answered_from_what_was_kept(tmp_path: Path) -> None:
    server = make_server("xporter-generic", generate(1, students=60))
    async with process(tmp_path, server, fresh_for=0.2) as sources:
        before = await everyone(sources)
    await asyncio.sleep(0.3)
    server.down = True
    async with process(tmp_path, server, fresh_for=0.2) as sources:
        for _ in range(3):
            found = await everyone(sources)
            assert len(found.page.records) == len(before.page.records)
            assert found.page.outcomes[0].state is SourceState.STALE
            await asyncio.sleep(0.15)


async def test_the_guard_remembers_the_last_good_copy_over_a_restart(tmp_path: Path) -> None:
    district = generate(3, students=120)
    server = make_server("xporter-generic", district)
    async with process(tmp_path, server, fresh_for=0.2) as sources:
        before = await everyone(sources)
    for user in list(district.users)[: len(district.users) * 2 // 3]:
        district.remove(user)
    await asyncio.sleep(0.3)
    async with process(tmp_path, server, fresh_for=0.2) as sources:
        await everyone(sources)
        await asyncio.sleep(0.3)
        held = await everyone(sources)
        assert held.page.outcomes[0].state is SourceState.HELD
        assert len(held.page.records) == len(before.page.records)
    async with process(tmp_path, server, fresh_for=60) as sources:
        again = await everyone(sources)
        assert again.page.outcomes[0].state is SourceState.HELD
        assert len(again.page.records) == len(before.page.records)


async def shrunken(folder: Path) -> tuple[Server, int]:
    """A server that lost most of its people, which a gateway with this folder noticed; how many there were."""
    district = generate(3, students=120)
    server = make_server("xporter-generic", district)
    async with process(folder, server, fresh_for=0.2) as sources:
        before = len((await everyone(sources)).page.records)
        for user in list(district.users)[: len(district.users) * 2 // 3]:
            district.remove(user)
        await asyncio.sleep(0.3)
        await everyone(sources)
    server.reset()
    return server, before


def held_of(sources: Sources) -> list[HeldBack]:
    return [held for source in sources for held in source.holds]


async def decide(sources: Sources, accept: bool) -> tuple[list[HeldBack], list[Complaint]]:
    reading = Reading(sources, EVERYTHING, CursorCodec(b"x"), 10)
    return await reading.decide_holds(HoldChoice(sources=["a"]), accept)


@pytest.mark.parametrize("read_before", [False, True])
async def test_what_was_held_back_before_a_restart_is_accepted_without_a_new_reading(
    tmp_path: Path, read_before: bool
) -> None:
    server, before = await shrunken(tmp_path)
    async with process(tmp_path, server) as sources:
        [held] = held_of(sources)
        assert (held.kind, held.hold.rows_now < before / 2) == (RecordType.USER, True)
        if read_before:
            assert len((await everyone(sources)).page.records) == before
        assert await decide(sources, accept=True) == ([held], [])
        accepted = await everyone(sources)
        assert accepted.page.outcomes[0].state is SourceState.FRESH
        assert len(accepted.page.records) < before / 2
    async with process(tmp_path, server) as sources:
        assert held_of(sources) == []
        assert len((await everyone(sources)).page.records) == len(accepted.page.records)
    assert asked(server) == 0
    assert not any("held" in name for name in names(tmp_path))


async def test_what_was_held_back_before_a_restart_can_be_refused(tmp_path: Path) -> None:
    server, before = await shrunken(tmp_path)
    async with process(tmp_path, server) as sources:
        decided, complaints = await decide(sources, accept=False)
        assert (len(decided), complaints, held_of(sources)) == (1, [], [])
    async with process(tmp_path, server) as sources:
        assert held_of(sources) == []
        assert len((await everyone(sources)).page.records) == before
    assert asked(server) == 0
    assert not any("held" in name for name in names(tmp_path))


async def test_a_held_reading_that_cannot_be_read_any_more_must_come_again(tmp_path: Path) -> None:
    server, before = await shrunken(tmp_path)
    async with process(tmp_path, server) as sources:
        cut_short(tmp_path, "users.held.table")
        decided, complaints = await decide(sources, accept=True)
        assert decided == []
        assert [(c.code, "read again" in c.message) for c in complaints] == [(ErrorCode.SOURCE_HELD, True)]
        assert len((await everyone(sources)).page.records) == before
        reading = Reading(sources, EVERYTHING, CursorCodec(b"x"), 10)
        assert (await reading.refresh("a", None))[1] == []
        await asyncio.sleep(0.3)
        decided, complaints = await decide(sources, accept=True)
        assert ([h.kind for h in decided], complaints) == ([RecordType.USER], [])
        assert len((await everyone(sources)).page.records) < before / 2


async def test_what_is_held_back_is_not_kept_in_memory_as_well(tmp_path: Path) -> None:
    server, _ = await shrunken(tmp_path)
    async with process(tmp_path, server, fresh_for=0.1) as sources:
        await everyone(sources)
        await asyncio.sleep(0.3)
        await everyone(sources)
        await asyncio.sleep(0.3)
        [held] = held_of(sources)
        assert held.source.tables[Collection.USERS].held_back is None
        assert (await decide(sources, accept=True))[1] == []


def cut_short(folder: Path, name: str = "users.table") -> None:
    [path] = folder.rglob(name)
    path.write_bytes(path.read_bytes()[:-7])


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*")]


async def test_what_is_kept_is_seen_and_refreshed_before_anybody_reads_it(tmp_path: Path) -> None:
    server = make_server("xporter-generic", generate(1, students=60))
    async with process(tmp_path, server, fresh_for=0.2) as sources:
        before = await everyone(sources)
    await asyncio.sleep(0.3)
    server.reset()
    async with process(tmp_path, server, fresh_for=0.2) as sources:
        shown = (await asking(sources, SHOWN))["sources"]["nodes"][0]["collections"]
        [people] = [c for c in shown if c["rows"] is not None]
        assert (people["type"], people["state"], people["rows"]) == ("USER", "STALE", len(server.published("users")))
        assert before.page.as_of is not None
        assert people["asOf"] == people["lastFullScanAt"] == instant(before.page.as_of)
        assert asked(server) == 0, "to look is not to ask"
        done = (await asking(sources, REFRESHED))["refreshSource"]
        assert done["userErrors"] == []
        loading = [c["type"] for c in done["source"]["collections"] if c["state"] == "LOADING"]
        assert loading == ["USER"]
        later = await everyone(sources)
        assert later.page.outcomes[0].state is SourceState.FRESH
    assert asked(server) == 1


async def test_a_source_that_is_refreshed_before_anybody_looked_remembers_what_is_kept(tmp_path: Path) -> None:
    server = make_server("xporter-generic", generate(1, students=60))
    async with process(tmp_path, server) as sources:
        await everyone(sources)
    async with process(tmp_path, server) as sources:
        done = (await asking(sources, REFRESHED))["refreshSource"]
        assert [c["type"] for c in done["source"]["collections"] if c["state"] == "LOADING"] == ["USER"]


async def test_a_kept_table_that_is_cut_short_is_set_aside_and_read_anew(tmp_path: Path) -> None:
    server = make_server("xporter-generic", generate(1, students=60))
    async with process(tmp_path, server) as sources:
        await everyone(sources)
    cut_short(tmp_path)
    server.reset()
    async with process(tmp_path, server) as sources:
        found = await everyone(sources)
        assert found.page.complete
        assert found.page.records
    assert asked(server) == 1
    assert any("set-aside" in name for name in names(tmp_path))


async def test_beyond_the_budget_what_was_read_longest_ago_is_let_go_of_and_taken_up_again(tmp_path: Path) -> None:
    servers = {key: make_server("xporter-generic", generate(seed, students=60)) for seed, key in enumerate("abc", 1)}
    most = max(len(server.published("users")) for server in servers.values())
    tables = [{"key": key, "name": key, **server.settings(f"http://{key}.test")} for key, server in servers.items()]
    settings = from_tables({"gateway": {"max_held_records": 2 * most}, "sources": tables})
    sources = Sources.open(
        settings,
        lambda source: SourceClient(source.spec, httpx2.ASGITransport(servers[source.key].app)),
        Store(tmp_path, SECRET),
    )
    reading = Reading(sources, EVERYTHING, CursorCodec(b"x"), 10)

    async def people(key: str) -> int:
        return len((await page(reading, RecordType.USER, first=10_000, sources=[key])).page.records)

    def held() -> set[str]:
        return {s.key for s in sources if s.tables[Collection.USERS].whole is not None}

    try:
        counted = {key: await people(key) for key in "ab"}
        assert held() == {"a", "b"}
        await people("a")
        await people("c")
        assert held() == {"a", "c"}
        await asyncio.sleep(0.2)
        assert await people("b") == counted["b"]
        assert held() == {"b", "c"}
        assert asked(servers["b"]) == 1
    finally:
        await sources.close()
