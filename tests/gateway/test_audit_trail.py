"""AUDIT: records stand in files in the order in which they came, or whoever waits for them is told that they do not."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.secret import Secret
from gateway.audit import trail as module
from gateway.audit.files import AuditFiles, files_in
from gateway.audit.subjects import Subjects
from gateway.audit.trail import CannotRecord, Fsync, NotRecorded, Trail

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def lines(folder: Path) -> list[Any]:
    return [json.loads(text) for path in files_in(folder) for text in path.read_bytes().splitlines()]


def numbers(folder: Path) -> list[int]:
    return [line["number"] for line in lines(folder) if "event" not in line]


def record(number: int) -> Any:
    return lambda: json.dumps({"number": number}).encode() + b"\n"


class Slow(AuditFiles):
    """A disk that takes its time, and counts how often it was made to keep what was written."""

    def __init__(self, folder: Path, most: int = 1_000_000) -> None:
        super().__init__(folder, most)
        self.waits = threading.Event()
        self.waits.set()
        self.reached = threading.Event()
        self.appended = self.synced = self.syncs = 0

    def append(self, text: bytes, records: int) -> None:
        self.reached.set()
        self.waits.wait(60)
        super().append(text, records)
        self.appended += records

    def sync(self) -> None:
        self.syncs += 1
        super().sync()
        self.synced = self.appended


@pytest.mark.parametrize("fsync", Fsync)
async def test_AUDIT_records_stand_in_the_order_in_which_they_came(tmp_path: Path, fsync: Fsync) -> None:
    trail = Trail(AuditFiles(tmp_path, 1_000_000), fsync)
    await asyncio.gather(*(trail.record(record(n)) for n in range(500)))
    assert numbers(tmp_path) == list(range(500))
    await trail.close()
    first, *_, last = lines(tmp_path)
    assert (first["event"], last["event"], last["records"]) == ("opened", "closed", 500)
    with pytest.raises(NotRecorded, match="stopping"):
        await trail.record(record(500))


async def test_AUDIT_a_record_stands_there_once_it_was_waited_for(tmp_path: Path) -> None:
    trail = Trail(AuditFiles(tmp_path, 1_000_000), Fsync.NEVER)
    for n in range(20):
        await trail.record(record(n))
        assert numbers(tmp_path)[-1] == n
    await trail.close()


async def test_AUDIT_what_came_meanwhile_is_put_to_disk_once_and_the_event_loop_goes_on(tmp_path: Path) -> None:
    files = Slow(tmp_path)
    trail, before = Trail(files), files.syncs
    files.waits.clear()
    first = asyncio.ensure_future(trail.record(record(0)))
    await asyncio.to_thread(files.reached.wait, 60)  # the thread is at the disk, and this loop is not
    others = [asyncio.ensure_future(trail.record(record(n))) for n in range(1, 300)]
    await asyncio.sleep(0.05)
    assert not first.done()
    files.waits.set()
    await asyncio.gather(first, *others)
    assert files.syncs - before == 2
    assert numbers(tmp_path) == list(range(300))
    await trail.close()


async def test_AUDIT_where_it_is_not_waited_for_the_disk_keeps_it_within_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AGAIN", 0.05)
    files = Slow(tmp_path)
    trail, before = Trail(files, Fsync.INTERVAL), files.syncs
    for n in range(50):
        await trail.record(record(n))
    while files.synced < 50:  # noqa: ASYNC110  # nobody tells
        await asyncio.sleep(0.01)
    synced = files.syncs
    await asyncio.sleep(0.2)
    assert files.syncs == synced < before + 50
    await trail.close()


async def test_AUDIT_files_are_their_owners_alone_and_none_is_opened_twice(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there"
    one, other = Trail(AuditFiles(folder, 1_000_000)), Trail(AuditFiles(folder, 1_000_000))
    await asyncio.gather(one.record(record(1)), other.record(record(2)))
    await one.close()
    third = Trail(AuditFiles(folder, 1_000_000))
    await third.record(record(3))
    found = files_in(folder)
    assert [path.read_bytes().count(b'"number"') for path in found] == [1, 1, 1]
    assert {stat.S_IMODE(path.stat().st_mode) for path in found} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    await other.close()
    await third.close()


async def test_AUDIT_a_new_file_is_begun_before_one_is_too_large_and_each_day(tmp_path: Path) -> None:
    now = [NOON]
    trail = Trail(AuditFiles(tmp_path, 1_000, clock=lambda: now[0]), Fsync.NEVER)
    for n in range(300):
        await trail.record(record(n))
    sizes = [path.stat().st_size for path in files_in(tmp_path)]
    assert len(sizes) > 4
    assert max(sizes) <= 1_000 + 100  # with the line that ends it
    now[0] += timedelta(days=1)
    await trail.record(record(300))
    await trail.close()
    names = [path.name for path in files_in(tmp_path)]
    assert names[0] == "audit-2026-11-22-0001.jsonl"
    assert names[-1] == f"audit-2026-11-23-{len(names):04}.jsonl"
    assert numbers(tmp_path) == list(range(301))
    opened = [line.get("follows") for line in lines(tmp_path) if line.get("event") == "opened"]
    assert opened == [None, *names[:-1]]


async def test_AUDIT_a_record_larger_than_a_file_may_be_has_a_file_of_its_own(tmp_path: Path) -> None:
    trail = Trail(AuditFiles(tmp_path, 500), Fsync.NEVER)
    await trail.record(lambda: json.dumps({"number": 0, "much": "x" * 5_000}).encode() + b"\n")
    await trail.record(record(1))
    await trail.close()
    assert numbers(tmp_path) == [0, 1]


async def test_AUDIT_while_nothing_can_be_written_everybody_is_told_so_and_then_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AGAIN", 0.05)
    folder = tmp_path / "audit"
    files = AuditFiles(folder, 1_000_000)
    trail = Trail(files)
    await trail.record(record(0))
    assert files._descriptor is not None
    os.dup2(os.open("/dev/full", os.O_WRONLY), files._descriptor)
    folder.rename(tmp_path / "moved")
    folder.write_text("no folder")
    with pytest.raises(NotRecorded, match=os.strerror(errno.ENOSPC)):
        await trail.record(record(1))
    for n in (2, 3):
        with pytest.raises(NotRecorded):
            await trail.record(record(n))
    assert (trail.problem, trail.written, trail.lost) == (os.strerror(errno.ENOSPC), 1, 3)
    await asyncio.sleep(0.2)
    assert trail.problem is not None
    folder.unlink()
    while trail.problem is not None:  # noqa: ASYNC110  # nobody tells
        await asyncio.sleep(0.01)
    await trail.record(record(4))
    await trail.close()
    assert numbers(folder) == [4]
    assert numbers(tmp_path / "moved") == [0]


async def test_AUDIT_a_disk_that_hangs_is_one_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AGAIN", 0.05)
    files = Slow(tmp_path)
    trail = Trail(files, patience=0.1)
    files.waits.clear()
    with pytest.raises(NotRecorded, match=r"longer than 0\.1 s"):
        await trail.record(record(0))
    with pytest.raises(NotRecorded):
        trail.record(record(1)).send(None)  # at once: nothing is waited for
    files.waits.set()
    trail._patience = 60
    while trail.problem is not None:  # noqa: ASYNC110  # nobody tells
        await asyncio.sleep(0.01)
    await trail.record(record(2))
    await trail.close()
    assert numbers(tmp_path) == [0, 2]  # more than were answered, never fewer


def test_AUDIT_nothing_begins_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotRecord, match="cannot be recorded there: Not a directory"):
        Trail(AuditFiles(tmp_path / "file" / "audit", 1_000))


def test_AUDIT_people_are_hashed_with_a_key_drawn_from_the_secret() -> None:
    subjects, others = Subjects(Secret("one")), Subjects(Secret("another"))
    assert subjects.hash("a", "1") == Subjects(Secret("one")).hash("a", "1")
    known = {subjects.hash("a", "1"), subjects.hash("a", "2"), subjects.hash("b", "1"), others.hash("a", "1")}
    assert len({*known, subjects.hash("a\0", "1"), subjects.hash("a", "\ud800")}) == 6
    assert {len(each) for each in known} == {22}
    assert subjects.check != others.check
