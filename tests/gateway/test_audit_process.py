"""AUDIT: a real process under load, killed, told to end, or without room on its disk."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.audit.files import files_in
from tests.gateway.audited import Told, killed_under_load, load, missing, recorded, running, settings

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


def names(most: int = 1_000_000) -> Iterator[str]:
    return iter([f"op-{n}" for n in range(most)])


async def test_AUDIT_nothing_is_answered_without_a_record_though_the_process_is_killed_under_load(
    tmp_path: Path,
) -> None:
    told = Told()
    with settings(tmp_path) as config:
        await killed_under_load(config, 1_000, 2, told)
    assert len(told.answered) >= 1_000
    assert not missing(tmp_path / "audit", told)
    unanswered = recorded(tmp_path / "audit").total() - len(told.begun)
    assert 0 <= unanswered <= 2 * 16 + 16  # those under way when it was killed


@pytest.mark.parametrize("fsync", ["always", "interval"])
async def test_AUDIT_a_process_that_is_told_to_end_has_written_everything_and_ends_with_0(
    tmp_path: Path, fsync: str
) -> None:
    told = Told()
    with settings(tmp_path, fsync=f'"{fsync}"') as config:
        async with running(config) as (process, port):
            asking = asyncio.ensure_future(load(port, names(), told))
            while len(told.answered) < 60:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            process.send_signal(signal.SIGTERM)
            with suppress(AssertionError):
                await asking
            assert await asyncio.to_thread(process.wait, 60) == 0
    assert not missing(tmp_path / "audit", told)
    [path] = files_in(tmp_path / "audit")
    last = json.loads(path.read_bytes().splitlines()[-1])
    assert (last["event"], last["records"]) == ("closed", recorded(tmp_path / "audit").total())


async def test_AUDIT_without_room_nothing_is_answered_the_gateway_is_unready_and_then_goes_on(tmp_path: Path) -> None:
    """The system lets files grow to 20,000 bytes: a line is cut short there, and the rest stands in another file."""
    told = Told()
    with settings(tmp_path, fsync='"never"') as config:
        async with (
            running(config, file_bytes=20_000) as (_, port),
            httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
        ):
            await load(port, names(400), told)
            seen: list[Any] = []
            while not seen or seen[-1].status_code != 200:
                seen.append(await client.get("/readyz"))
                await asyncio.sleep(0.05)
            figures = (await client.get("/metrics")).text
    assert set(told.refused.values()) == {503}
    assert not missing(tmp_path / "audit", told)
    assert len(files_in(tmp_path / "audit")) > 1
    cut = [text for path in files_in(tmp_path / "audit") for text in path.read_bytes().splitlines() if not whole(text)]
    assert cut
    if len(seen) > 1:
        assert (seen[0].status_code, seen[0].json()) == (503, {"status": "not recording"})
    assert f"gateway_audit_records_total {float(len(told.answered))}" in figures
    assert f"gateway_audit_unrecorded_total {float(len(told.refused))}" in figures


def whole(text: bytes) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
