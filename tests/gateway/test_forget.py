"""`oneroster-gateway forget`: what is kept on disk of a source is erased, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.endpoints import Collection
from adapters.secret import Secret
from gateway.cli import app
from gateway.roster.store import Files, Snapshot, Store

RUN = CliRunner()


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The file of a table that is kept."""
    state = tmp_path / "state"
    told = Snapshot(source="maple", collection=Collection.USERS, generation=1, read_at=1.0, proof="total", records=[])
    Store(state, Secret("made-up")).write(told)
    return Files(state).path("maple", Collection.USERS)


def gateway_toml(folder: Path, text: str = 'state_dir = "state"') -> str:
    path = folder / "gateway.toml"
    path.write_text(f"[gateway]\n{text}\n", encoding="utf-8")
    return str(path)


def test_the_command_erases_a_source_that_no_settings_name(kept: Path, tmp_path: Path) -> None:
    result = RUN.invoke(app, ["forget", "maple", "--config", gateway_toml(tmp_path)])

    assert result.exit_code == 0, result.output
    assert "users.table" in result.output
    assert not kept.parent.exists()


def test_the_command_says_when_there_is_nothing_to_erase(kept: Path, tmp_path: Path) -> None:
    result = RUN.invoke(app, ["forget", "oak", "--config", gateway_toml(tmp_path)])

    assert result.exit_code == 0
    assert "nothing" in result.output
    assert kept.exists()


@pytest.mark.parametrize("key", ["../maple", "Maple", ""])
def test_the_command_refuses_what_is_no_key(kept: Path, tmp_path: Path, key: str) -> None:
    result = RUN.invoke(app, ["forget", key, "--config", gateway_toml(tmp_path)])

    assert result.exit_code == 2
    assert "not the key" in result.output
    assert kept.exists()


def test_the_command_without_a_state_dir_says_so(tmp_path: Path) -> None:
    result = RUN.invoke(app, ["forget", "maple", "--config", gateway_toml(tmp_path, "port = 8000")])

    assert result.exit_code == 2
    assert "state_dir" in result.output
