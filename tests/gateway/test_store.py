"""The store: what is saved comes back whole or not at all, and says nothing to whoever lacks the secret."""

from __future__ import annotations

import asyncio
import logging
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.endpoints import Collection
from adapters.records import Enrollment, Org, Provenance, Record, RecordStatus, User
from adapters.secret import Secret
from gateway.config import GatewaySettings
from gateway.roster.guard import Hold
from gateway.roster.store import Files, NoStore, Snapshot, Store, open_store
from gateway.roster.store.packing import SLICE, Packing

SECRET = Secret("made-up and long enough: 7f9c2ba4e88f827d")
CANARY = "Canary-Quill-91"


def user(sourced_id: str = "u1", **fields: Any) -> User:
    return User(provenance=Provenance("maple"), sourced_id=sourced_id, status=RecordStatus.ACTIVE, **fields)


def snapshot(*rows: Record, source: str = "maple", collection: Collection = Collection.USERS, **facts: Any) -> Snapshot:
    told = {"generation": 7, "read_at": 1_763_000_000.5, "proof": "total"} | facts
    return Snapshot(source=source, collection=collection, records=list(rows), **told)


def plain(loaded: Snapshot | None) -> Snapshot:
    assert loaded is not None
    return msgspec.structs.replace(loaded, records=list(loaded.records))


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def store(state: Path) -> Store:
    return Store(state, SECRET)


def table(state: Path, source: str = "maple", collection: Collection = Collection.USERS) -> Path:
    return Files(state).path(source, collection)


def aside(state: Path) -> list[str]:
    return sorted(p.name for p in state.rglob("*.set-aside-*"))


# ---------------------------------------------------------------- what is saved comes back


@pytest.mark.anyio
async def test_a_table_of_many_slices_comes_back_in_its_order_with_all_that_is_known_of_it(store: Store) -> None:
    rows = [
        Enrollment(
            provenance=Provenance("maple"),
            sourced_id=f"e{i:05}",
            status=RecordStatus.ACTIVE,
            user_id=f"u{i % 9000}",
            class_id=f"c{i % 300}" if i % 11 else None,
            begin_date="2025-08-01",
            date_last_modified=f"2025-11-01T00:00:00.{i % 1000:03}Z",
        )
        for i in range(3 * SLICE + 17)
    ]
    hold = Hold(200, 3, ("e1", "e2"), held_at=1_763_000_100.0)
    kept = snapshot(
        *rows,
        collection=Collection.ENROLLMENTS,
        rejected=3,
        high_water="2025-11-01T00:00:00.999Z",
        revision='"a1"',
        held=hold,
    )

    await store.save(kept)
    back = await store.load("maple", Collection.ENROLLMENTS)
    summary = await store.summary("maple", Collection.ENROLLMENTS)

    assert plain(back) == kept
    assert summary is not None
    assert (summary.size, summary.held, summary.generation) == (len(rows), hold, 7)
    await store.close()


def test_an_empty_table_is_kept_too(store: Store) -> None:
    store.write(snapshot())

    assert plain(store.read("maple", Collection.USERS)) == snapshot()


def test_what_was_never_saved_is_nothing_and_no_warning(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    assert store.read("maple", Collection.USERS) is None
    assert store.read_summary("maple", Collection.USERS) is None
    assert caplog.records == []


def test_the_last_saved_stands(store: Store) -> None:
    store.write(snapshot(user("u1"), user("u2"), generation=1))
    store.write(snapshot(user("u3"), generation=2))

    assert plain(store.read("maple", Collection.USERS)) == snapshot(user("u3"), generation=2)


def test_a_reference_is_the_very_text_of_the_record_that_it_names(store: Store) -> None:
    people = [user(f"u{i}", primary_org_id=f"o{i % 2}") for i in range(10)]
    orgs = [Org(provenance=Provenance("maple"), sourced_id=f"o{i}", status=RecordStatus.ACTIVE) for i in range(2)]
    enrollments = [
        Enrollment(provenance=Provenance("maple"), sourced_id=f"e{i}", status=RecordStatus.ACTIVE, user_id=f"u{i % 10}")
        for i in range(30)
    ]
    store.write(snapshot(*people))
    store.write(snapshot(*orgs, collection=Collection.ORGS))
    store.write(snapshot(*enrollments, collection=Collection.ENROLLMENTS))

    held = {c: store.read("maple", c) for c in (Collection.USERS, Collection.ORGS, Collection.ENROLLMENTS)}
    by_id = {r.sourced_id: r for s in held.values() if s for r in s.records}

    for record in by_id.values():
        for field in ("user_id", "primary_org_id"):
            if (named := getattr(record, field, None)) is not None:
                assert by_id[named].sourced_id is named


# ---------------------------------------------------------------- what cannot be trusted is put aside


@pytest.fixture
def saved(store: Store, state: Path) -> bytes:
    store.write(snapshot(*(user(f"u{i}", given_name=CANARY, email=f"{CANARY}@maple.example") for i in range(9))))
    return table(state).read_bytes()


def test_nothing_of_a_table_can_be_read_in_its_file(saved: bytes, state: Path) -> None:
    for text in (CANARY, "maple.example", "given_name", "users", "total", SECRET.reveal()):
        assert text.encode() not in saved
    assert {p.name for p in state.rglob("*")} == {"tables", "maple", "users.table"}


def test_the_same_table_is_never_the_same_bytes(saved: bytes, store: Store, state: Path) -> None:
    kept = store.read("maple", Collection.USERS)
    assert kept is not None
    store.write(kept)
    again = table(state).read_bytes()

    assert saved[25:53] != again[25:53]  # salt and nonce
    assert saved[57:] != again[57:]


def test_a_change_of_any_byte_is_noticed(saved: bytes, store: Store, state: Path) -> None:
    path = table(state)
    for place in range(len(saved)):
        changed = bytearray(saved)
        changed[place] ^= 1 << place % 8
        path.write_bytes(changed)
        assert store.read("maple", Collection.USERS) is None, place
        assert not path.exists()
    path.write_bytes(saved)
    assert store.read("maple", Collection.USERS) is not None


def test_a_file_of_any_shorter_length_is_noticed(saved: bytes, store: Store, state: Path) -> None:
    for length in range(len(saved)):
        table(state).write_bytes(saved[:length])
        assert store.read("maple", Collection.USERS) is None, length


def test_frames_cannot_be_left_out_moved_or_added(store: Store, state: Path) -> None:
    store.write(snapshot(*(user(f"u{i}") for i in range(2 * SLICE + 1))))
    whole = table(state).read_bytes()
    start, frames, place = whole[:53], [], 53
    while place < len(whole):
        end = place + 4 + int.from_bytes(whole[place : place + 4], "big")
        frames.append(whole[place:end])
        place = end
    assert len(frames) == 4

    head, one, two, three = frames
    for order in ([head, one, two], [head, one, three], [head, two, one, three], [*frames, three], [head], [one, two]):
        table(state).write_bytes(start + b"".join(order))
        assert store.read("maple", Collection.USERS) is None
    table(state).write_bytes(start + b"".join(frames))
    assert store.read("maple", Collection.USERS) is not None


def test_another_secret_reads_nothing_and_the_right_one_still_does(saved: bytes, state: Path) -> None:
    assert Store(state, Secret("another")).read("maple", Collection.USERS) is None
    [name] = aside(state)
    assert name == "users.table.set-aside-1"

    table(state).with_name(name).rename(table(state))
    assert Store(state, SECRET).read("maple", Collection.USERS) is not None


@pytest.mark.parametrize(
    ("source", "collection"), [("oak", Collection.USERS), ("maple", Collection.DEMOGRAPHICS), ("oak", Collection.ORGS)]
)
def test_a_file_moved_to_another_table_is_refused(
    saved: bytes, store: Store, state: Path, source: str, collection: Collection
) -> None:
    path = table(state, source, collection)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(saved)

    assert store.read(source, collection) is None
    assert store.read_summary("maple", Collection.USERS) is not None


def test_records_of_another_version_are_put_aside_not_misread(
    saved: bytes, state: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("gateway.roster.store.store._PACKINGS", {Collection.USERS: Packing(_LaterUser)})

    assert Store(state, SECRET).read("maple", Collection.USERS) is None
    assert "another version" in caplog.text
    assert aside(state) == ["users.table.set-aside-1"]


class _LaterUser(Record, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """As a later version might have it."""

    given_name: str | None = None
    nickname: str | None = None


def test_a_message_about_a_bad_file_says_why_and_shows_nothing_of_it(
    saved: bytes, store: Store, state: Path, caplog: pytest.LogCaptureFixture
) -> None:
    table(state).write_bytes(saved[:-1])
    with caplog.at_level(logging.DEBUG):
        assert store.read("maple", Collection.USERS) is None

    assert "users.table.set-aside-1" in caplog.text
    assert "changed" in caplog.text or "too soon" in caplog.text
    assert CANARY not in caplog.text
    assert SECRET.reveal() not in caplog.text


def test_few_files_put_aside_are_kept(saved: bytes, store: Store, state: Path) -> None:
    for number in range(6):
        table(state).write_bytes(b"no table %d" % number)
        assert store.read("maple", Collection.USERS) is None

    assert aside(state) == ["users.table.set-aside-5", "users.table.set-aside-6"]
    assert table(state).with_name("users.table.set-aside-6").read_bytes() == b"no table 5"


# ---------------------------------------------------------------- writing


class _PowerCut(BaseException):
    pass


def cut_off() -> Iterator[Record]:
    yield from (user(f"new{i}") for i in range(SLICE + 1))
    raise _PowerCut


class _CutOff(list[Record]):
    """Records that end in the middle."""

    def __iter__(self) -> Iterator[Record]:
        return cut_off()


def test_a_write_that_is_cut_off_leaves_what_was_there(saved: bytes, store: Store, state: Path) -> None:
    broken = msgspec.structs.replace(snapshot(), records=_CutOff())
    with pytest.raises(_PowerCut):
        store.write(broken)

    assert table(state).read_bytes() == saved
    assert [p.name for p in table(state).parent.iterdir()] == ["users.table"]


def test_what_a_crash_left_before_the_rename_is_removed_at_the_start(saved: bytes, state: Path) -> None:
    left = table(state).with_name("users.table.0123456789abcdef.writing")
    left.write_bytes(saved[:100])

    store = Store(state, SECRET)

    assert not left.exists()
    assert store.read("maple", Collection.USERS) is not None
    assert aside(state) == []


def test_nobody_else_may_look_inside(saved: bytes, state: Path) -> None:
    def mode(path: Path) -> int:
        return stat.S_IMODE(path.stat().st_mode)

    assert [mode(p) for p in (state, state / "tables", state / "tables" / "maple")] == [0o700] * 3
    assert mode(table(state)) == 0o600


def test_a_directory_that_others_could_read_is_closed_to_them(state: Path) -> None:
    (state / "tables").mkdir(parents=True, mode=0o755)
    Store(state, SECRET)

    assert stat.S_IMODE((state / "tables").stat().st_mode) == 0o700


@pytest.mark.parametrize("key", ["", "..", "../oak", "a/b", "Maple", "a.b", "x" * 64, "a\0b", "-", "ä"])
def test_what_is_no_key_of_a_source_names_no_file(store: Store, key: str) -> None:
    with pytest.raises(ValueError, match="not the key"):
        store.write(snapshot(source=key))
    with pytest.raises(ValueError, match="not the key"):
        store.read(key, Collection.USERS)


@pytest.mark.anyio
async def test_saving_and_loading_do_not_hold_up_the_event_loop(store: Store) -> None:
    rows = snapshot(*(user(f"u{i:06}", email=f"{i}@maple.example") for i in range(8 * SLICE)))
    turns, done = 0, asyncio.Event()

    async def turn() -> None:
        nonlocal turns
        while not done.is_set():
            await asyncio.sleep(0)
            turns += 1

    turning = asyncio.create_task(turn())
    started = time.process_time()
    await store.save(rows)
    assert plain(await store.load("maple", Collection.USERS)) == rows
    took = time.process_time() - started
    done.set()
    await turning
    await store.close()

    assert turns > took / 0.05


# ---------------------------------------------------------------- which there are, and forgetting them


@pytest.mark.anyio
async def test_forgetting_erases_every_file_of_a_source_and_of_no_other(store: Store, state: Path) -> None:
    for source in ("maple", "oak", "maple-2"):
        for collection in (Collection.USERS, Collection.ORGS):
            store.write(snapshot(source=source, collection=collection))
    table(state).with_name("users.table.set-aside-3").write_bytes(b"old")
    assert store.sources() == dict.fromkeys(("maple", "maple-2", "oak"), (Collection.ORGS, Collection.USERS))

    erased = await store.forget("maple")

    assert [p.name for p in erased] == ["orgs.table", "users.table", "users.table.set-aside-3"]
    assert set(store.sources()) == {"maple-2", "oak"}
    assert not (state / "tables" / "maple").exists()
    assert await store.forget("maple") == []
    assert store.read("oak", Collection.USERS) is not None
    await store.close()


@pytest.mark.anyio
async def test_what_was_waiting_to_be_saved_is_forgotten_too(store: Store) -> None:
    saving = asyncio.ensure_future(store.save(snapshot(user())))
    await asyncio.sleep(0)
    await store.forget("maple")
    await saving

    assert await store.load("maple", Collection.USERS) is None
    await store.close()


# ---------------------------------------------------------------- opening


def test_without_a_state_dir_there_is_no_store() -> None:
    assert open_store(GatewaySettings(secret=SECRET)) is None


def test_without_a_secret_there_is_no_store_and_a_message_says_why(state: Path) -> None:
    with pytest.raises(NoStore, match=r"gateway\.secret"):
        open_store(GatewaySettings(state_dir=state))
    assert not state.exists()


def test_a_state_dir_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(NoStore, match="state"):
        open_store(GatewaySettings(state_dir=tmp_path / "state", secret=SECRET))


def test_a_store_is_opened_where_the_settings_say(state: Path) -> None:
    store = open_store(GatewaySettings(state_dir=state, secret=SECRET))
    assert store is not None
    store.write(snapshot(user()))

    assert table(state).exists()
