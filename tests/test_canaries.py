"""The net under the run of the tests (`tests/canaries.py`) holds: what is planted is found wherever it turns up."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.access.api_keys import make
from gateway.sandbox.district import generate
from gateway.sandbox.server import make_server
from tests.canaries import MEANT, ORDINARY, TOKEN, UPSTREAM, caught
from tests.faults import district

LEAKING = """
import logging, subprocess, sys, warnings
import pytest
from click.testing import CliRunner
from gateway.endpoint.refusal import Refusal
from tests.canaries import answered
from typer import Typer, echo

@pytest.mark.parametrize("name", ["Okonski", "p.okonski7@cedar.example", "hunter2", "sandbox-secret"])
def test_logged(name):
    logging.getLogger("some.library").debug("asking for %s", name)

def test_traceback():
    try:
        raise ValueError("Lindqvist")
    except ValueError:
        logging.getLogger("gateway").exception("a request failed")

def test_printed():
    print("Wójcik")

def test_error_output():
    print("kanarius", file=sys.stderr)

def test_process():
    subprocess.run([sys.executable, "-c", "print('Thackeray')"], capture_output=True, check=True)

def test_command():
    from typer.main import get_command
    app = Typer()
    app.command()(lambda: echo("Ramaswamy"))
    CliRunner().invoke(get_command(app), [])

def test_refusal():
    Refusal(400, "nobody is called Zielinski").response()

def test_explained():
    answered(b'{"data": {}, "extensions": {"explain": {"reads": ["familyName=Oyelaran"]}}}', "an answer")

def test_recorded(tmp_path):
    from gateway.audit.files import AuditFiles
    files = AuditFiles(tmp_path, 1_000_000)
    files.open()
    files.append(b'{"operation": "query Whitlock"}\\n', 1)
    files.close()

def test_data_is_meant():
    answered(b'{"data": {"users": [{"familyName": "Oyelaran"}]}, "errors": [{"message": "no"}]}', "an answer")

def test_clean():
    logging.getLogger("some.library").debug("asking for somebody")
    print("nobody")
"""


def test_S06_a_leak_fails_the_test_in_whose_time_it_happens_and_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "test_leaking.py").write_text(LEAKING)
    (tmp_path / "conftest.py").write_text('pytest_plugins = ("tests.canaries",)')
    root = Path(__file__).parent.parent
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
        "-q",
        str(tmp_path),
    ]
    environ = {**os.environ, "PYTHONPATH": str(root), "PYTEST_ADDOPTS": ""}
    # Not by `communicate`: the net around this test would find what the net within it found.
    with subprocess.Popen(command, cwd=tmp_path, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.read()
    assert process.returncode == 1
    assert "14 passed, 12 errors" in said  # each did what it does; what was found is told beside
    for place in (
        "log some.library",
        "log gateway",
        "printed, Captured stdout",
        "printed, Captured stderr",
        "a refusal",
    ):
        assert place in said
    for place in ("output of ", "an answer: 'oyelaran'", "the audit: "):
        assert place in said
    assert "test_clean" not in said
    assert "test_data_is_meant" not in said


@pytest.mark.parametrize("kind", ["classlink", "infinite-campus-1.2", "xporter"])
def test_S06_the_people_of_make_believe_districts_carry_what_is_looked_for(kind: str) -> None:
    people = generate(1, students=60).users
    marked = [person for person in people if caught(f"{person.given} {person.family}")]
    assert len(marked) > len(people) * 0.7
    assert len(ORDINARY) < 20
    settings = make_server(kind, generate(1, students=60)).settings("http://x.test")
    assert caught(str(settings))


def test_S06_each_kind_of_thing_that_is_secret_is_known_for_one() -> None:
    for text in (
        f"Bearer {make().reveal()}",
        f"Bearer {TOKEN}-x",
        UPSTREAM,
        *district.CANARIES,
        "P.KOBAYASHI12@x.example",
    ):
        assert caught(f"a line with {text} in it")
    assert caught("nothing to see: http://127.0.0.1:8000/graphql, orgw_12345678, User:a:1") is None


def test_S06_what_is_meant_to_be_seen_has_a_reason() -> None:
    assert all(len(reason) > 20 for reason in MEANT.values())
