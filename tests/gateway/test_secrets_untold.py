"""S09: a secret is shown by nothing that shows things, from the settings that refer to it to the commands over them."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import pprint
import sys
import traceback
from dataclasses import asdict
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from typer.main import get_command

from adapters.secret import Secret
from gateway.cli import app
from gateway.config import Settings, load
from gateway.sandbox.district import generate
from gateway.sandbox.server import make_server
from tests.serving import served

CANARY = "canary-5e1f"
HELD = Secret(CANARY)

SETTINGS = """
[gateway]
secret = "env:GATEWAY"
state_dir = "state"

[[sources]]
key = "env"
provider = "classlink"
base_url = "https://a.example"
client_id = "env:ID"
client_secret = "env:SECRET"

[[sources]]
key = "file"
provider = "classlink"
base_url = "https://b.example"
client_id = "plain"
client_secret = "file:kept"

[[sources]]
key = "command"
provider = "classlink"
base_url = "https://c.example"
client_id = "plain"
client_secret = 'command:PYTHON -c "print(\\"canary-5e1f-command\\")"'
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "kept").write_text(f"{CANARY}-file\n")
    path = tmp_path / "gateway.toml"
    path.write_text(SETTINGS.replace("PYTHON", sys.executable))
    environ = {"GATEWAY": f"{CANARY}-gateway", "ID": f"{CANARY}-id", "SECRET": f"{CANARY}-env"}
    read = load(path, environ)
    assert read.mistakes == ()
    return read


def test_S09_a_secret_prints_as_stars_whatever_prints_it() -> None:
    shown = [str(HELD), repr(HELD), f"{HELD}", f"{HELD:>20}", f"{HELD!r}", f"{[HELD]}", pprint.pformat({1: HELD})]
    assert all("***" in text and CANARY not in text for text in shown)
    assert not hasattr(HELD, "__dict__")
    assert HELD.reveal() == CANARY


def test_S09_a_secret_cannot_be_encoded_by_accident() -> None:
    for encode in (json.dumps, msgspec.json.encode, pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError) as raised:
            encode(HELD)
        assert CANARY not in str(raised.value)


def test_S09_settings_hold_what_was_referred_to_and_no_dump_of_them_tells_it(settings: Settings) -> None:
    held = {source.key: source.spec.credentials for source in settings.sources}
    assert {key: each.client_secret for key, each in held.items()} == {
        key: Secret(f"{CANARY}-{key}") for key in ("env", "file", "command")
    }
    assert held["env"].client_id == Secret(f"{CANARY}-id")
    for dump in (repr(settings), str(settings), pprint.pformat(settings), msgspec.json.encode(settings, enc_hook=repr)):
        assert CANARY not in str(dump)
        assert "***" in str(dump)
    with pytest.raises(TypeError):  # it copies what it finds, and a secret is not copied
        asdict(settings)


def test_S09_no_traceback_tells_a_secret_that_a_frame_holds(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """Tools that show the values of variables beside the lines (as `cgitb` did) show them by `repr`."""

    def fails(secret: Secret, within: Settings) -> None:
        raise ValueError("wrong", secret)

    try:
        fails(HELD, settings)
    except ValueError as error:
        told = traceback.TracebackException.from_exception(error, capture_locals=True)
        logging.getLogger("gateway").exception("wrong: %s", HELD)
    text = "".join(told.format())
    assert "secret = ***" in text
    assert CANARY not in text + caplog.text


@pytest.mark.parametrize("right", [True, False], ids=["the right secret", "another one"])
def test_S09_check_tells_how_a_source_answers_and_not_by_what_it_was_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, right: bool
) -> None:
    server = make_server("infinite-campus-1.2", generate(1, students=60), client_secret=f"{CANARY}-right")
    with served(server.app) as url:
        told = server.settings(url)
        kept = str(told.pop("client_secret"))
        monkeypatch.setenv("KEPT", kept if right else f"{CANARY}-wrong")
        lines = [f"{name} = {'true' if value is True else repr(value)}" for name, value in told.items()]
        path = tmp_path / "gateway.toml"
        path.write_text('[[sources]]\nkey = "maple"\nclient_secret = "env:KEPT"\n' + "\n".join(lines))
        done = CliRunner().invoke(get_command(app), ["check", "--config", str(path)])
    assert (done.exit_code == 0) is right
    assert ("invalid_client" in done.output) is not right
    assert CANARY not in done.output
    assert server.requests
