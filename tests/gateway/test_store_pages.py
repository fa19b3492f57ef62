"""The pages that a table came in, as they are kept; and a table that is no longer to be kept at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.caching import Mark
from adapters.endpoints import Collection
from adapters.secret import Secret
from gateway.roster.guard import Hold
from gateway.roster.store import Files, Snapshot, Store
from tests.gateway.test_store import user

pytestmark = pytest.mark.anyio


def mark(*ids: str, offset: int = 0) -> Mark:
    return Mark(f"https://m.example/users?offset={offset}", ids, f'W/"{offset}"', None, 4, frozenset({"x-total-count"}))


def snapshot(*marks: Mark, collection: Collection = Collection.USERS, held: Hold | None = None) -> Snapshot:
    return Snapshot(
        source="maple",
        collection=collection,
        generation=1,
        read_at=1.0,
        proof="total",
        held=held,
        max_age=300.0,
        records=[user(f"u{n}") for n in range(4)] if collection is Collection.USERS else [],
        marks=marks,
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path, Secret("made-up and long enough: 7f9c2ba4e88f827d"))


async def test_pages_come_back_with_the_ids_of_their_records(store: Store) -> None:
    marks = (mark("u2", "u3", offset=2), mark("u0", "u1"))
    await store.save(snapshot(*marks))
    kept = await store.load("maple", Collection.USERS)
    assert kept is not None
    assert (kept.marks, kept.max_age) == (marks, 300.0)


@pytest.mark.parametrize("other", [mark("u3", "u2", offset=2), mark("u2", "gone", offset=2)])
async def test_pages_that_are_no_runs_of_the_records_are_not_kept(store: Store, other: Mark) -> None:
    await store.save(snapshot(mark("u0", "u1"), other))
    kept = await store.load("maple", Collection.USERS)
    assert kept is not None
    assert kept.marks == ()


async def test_one_table_is_erased_with_all_that_belongs_to_it_and_no_other(store: Store, tmp_path: Path) -> None:
    path = Files(tmp_path).path("maple", Collection.USERS)
    await store.save(snapshot())
    await store.save_held(snapshot(held=Hold(9, 4, ())))
    path.with_name("users.table.set-aside-1").write_bytes(b"x")
    await store.save(snapshot(collection=Collection.ORGS))
    assert len(list(path.parent.iterdir())) == 4
    await store.erase("maple", Collection.USERS)
    assert [p.name for p in path.parent.iterdir()] == ["orgs.table"]
    await store.erase("maple", Collection.ORGS)
    assert not path.parent.exists()
    await store.erase("maple", Collection.ORGS)
