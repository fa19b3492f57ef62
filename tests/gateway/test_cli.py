"""The command line as its users meet it: good settings, settings with mistakes, a taken port, a source that is down."""

from __future__ import annotations

import gc
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from typer.testing import CliRunner

from adapters import registry
from gateway.access.clients import Client, Row, changing
from gateway.cli import app
from gateway.sandbox.district import generate
from gateway.sandbox.server import make_server
from gateway.serve import CannotListen, address, listen
from tests.serving import served

RUN = CliRunner()
BROKEN = """
[[sources]]
key = "springfield"
name = "Springfield"
provider = "infinite-campos"
version = "1.2"
base_url = "https://campus.springfield.example/campus"

[[sources]]
key = "Shelbyville!"
name = "Shelbyville"
provider = "classlink"
base_url = "ftp://shelbyville.example"
client_id = "env:NOT_SET_ANYWHERE"
client_secret = "in the clear"
timezone = "America/Chicgo"
colour = "blue"
"""


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    """Settings with one source, that is served over real HTTP."""
    server = make_server("infinite-campus-1.2", generate(1, students=60))
    with served(server.app) as url:
        told = server.settings(url)
        (tmp_path / "secret").write_text(str(told.pop("client_secret")))
        lines = [f"{name} = {'true' if value is True else repr(value)}" for name, value in told.items()]
        path = tmp_path / "gateway.toml"
        path.write_text(
            '[[sources]]\nkey = "maple"\nname = "Maple"\nclient_secret = "file:secret"\n' + "\n".join(lines) + "\n"
        )
        yield path


def test_a_server_that_does_not_start_leaves_the_collector_on(tmp_path: Path) -> None:
    assert RUN.invoke(app, ["serve", "--config", str(tmp_path / "nowhere.toml")]).exit_code == 2
    assert gc.isenabled()


def test_check_counts_every_collection_of_a_source(config: Path) -> None:
    result = RUN.invoke(app, ["check", "--config", str(config)])
    assert result.exit_code == 0, result.output
    for collection in ("orgs", "academicSessions", "courses", "classes", "users", "enrollments", "demographics"):
        assert collection in result.output
    assert " or more" not in result.output


def test_check_tells_of_orgs_and_rows_that_name_nothing_there_is(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slip in an id would give a client an empty view, and nobody a word of it."""
    orgs = make_server("infinite-campus-1.2", generate(1, students=60)).published("orgs")
    school = next(org["sourcedId"] for org in orgs if org["type"] == "school")
    monkeypatch.setenv("GATEWAY_SECRET", "a secret of the gateway, of many characters")
    text = f'schools = ["{school}", "no-school"]\n'
    config.write_text(
        '[gateway]\nsecret = "env:GATEWAY_SECRET"\n[access]\nclients = "clients.json"\n' + config.read_text() + text
    )
    row = Row(sources=("maple",), orgs=(school, "no-school", "nowhere"))
    rows = (row, Row(sources=("mapel",)), Row(labels=("pilot",)), Row(labels=("over",), expires=1), row)
    with changing(config.parent / "clients.json") as clients:
        clients["app"] = Client("app", (), rows)
    result = RUN.invoke(app, ["check", "--config", str(config)], env={"COLUMNS": "300"})
    assert result.exit_code == 1
    told = [line.strip() for line in result.output.splitlines() if "has no org" in line or "of no source" in line]
    assert sorted(told) == [
        "app: its row 2 is of no source that there is",
        "app: its row 3 is of no source that there is",
        "it has no org no-school, to which `schools` and app would hold it",
        "it has no org nowhere, to which app would hold it",
    ]
    assert "clients.json: 1 client" in result.output
    (config.parent / "clients.json").write_text("{")
    broken = RUN.invoke(app, ["check", "--config", str(config)])
    assert broken.exit_code == 1
    assert "this is not JSON" in broken.output.replace("\n", "")


def test_check_says_what_to_do_about_a_source_that_is_down(config: Path) -> None:
    closed = listen("127.0.0.1", 0)
    config.write_text(re.sub(r"http://127\.0\.0\.1:\d+", address(closed), config.read_text()))
    result = RUN.invoke(app, ["check", "--config", str(config), "maple"])
    closed.close()
    assert result.exit_code == 1
    assert "UPSTREAM_UNREACHABLE" in result.output
    assert "check base_url and token_url" in result.output


def test_check_with_a_wrong_secret_names_it_and_never_shows_it(config: Path) -> None:
    (config.parent / "secret").write_text("wrong-and-private")
    result = RUN.invoke(app, ["check", "--config", str(config)])
    assert result.exit_code == 1
    assert "UPSTREAM_AUTH" in result.output
    assert "client_secret" in result.output
    assert "wrong-and-private" not in result.output


def test_every_mistake_of_a_settings_file_is_told_at_once(tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text(BROKEN)
    result = RUN.invoke(app, ["check", "--config", str(config)])
    assert result.exit_code == 1
    for told in (
        "infinite-campos",
        "infinite-campus",
        "Shelbyville!",
        "ftp://shelbyville.example",
        "NOT_SET_ANYWHERE",
        "America/Chicago",
        "colour",
    ):
        assert told in result.output, told
    assert "in the clear" not in result.output


def test_check_tells_how_many_trusted_documents_there_are_or_what_is_wrong_with_them(config: Path) -> None:
    config.write_text('[http]\ndocuments = "trusted"\ndocuments_dir = "documents"\n' + config.read_text())
    folder = config.parent / "documents"
    folder.mkdir()
    (folder / "people.graphql").write_text("{ users { totalCount } }")
    result = RUN.invoke(app, ["check", "--config", str(config)])
    assert result.exit_code == 0
    assert f"{folder}: 1 trusted document\n" in result.output

    (folder / "people.graphql").write_text("{\n  users { shoes }\n}")
    (folder / "orgs.graphql").write_text("{")
    result = RUN.invoke(app, ["check", "--config", str(config)])
    assert result.exit_code == 1
    assert f"{folder}: 2 mistakes in trusted documents" in result.output
    assert f"{folder}/people.graphql, people, line 2: Cannot query field 'shoes'" in result.output
    assert "maple" in result.output


def test_serve_does_not_start_while_a_trusted_document_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text('[gateway]\nport = 0\n[http]\ndocuments_dir = "."\n')
    (tmp_path / "people.graphql").write_text("{ users { shoes } }")
    result = RUN.invoke(app, ["serve", "--config", str(tmp_path / "gateway.toml")])
    assert result.exit_code == 2
    assert "people.graphql, people, line 1: Cannot query field 'shoes'" in result.output


def test_an_unknown_source_is_named_with_those_there_are(config: Path) -> None:
    result = RUN.invoke(app, ["check", "--config", str(config), "birch"])
    assert result.exit_code == 2
    assert "no source named birch; there are: maple" in result.output


def test_a_settings_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    for command in ("check", "serve"):
        result = RUN.invoke(app, [command, "--config", str(tmp_path / "none.toml")])
        assert result.exit_code == 2
        assert "none.toml" in result.output


def test_serve_tells_in_its_debug_log_what_each_need_took(config: Path) -> None:
    command = [sys.executable, "-m", "gateway", "serve", "--debug", "--port", "0", "--config", str(config)]
    environ = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = re.findall(r"http://\S+", process.stdout.readline())[0]
        answer = httpx2.post(url, json={"query": "{ users { nodes { id } } }"}, timeout=60, trust_env=False)
        process.send_signal(signal.SIGINT)
        _, log = process.communicate(timeout=60)
    assert answer.json()["data"]["users"]["nodes"]
    assert re.search(r"gateway\.roster\.explain source='maple' need='window of users' path='window' .*requests=1", log)
    assert "http" not in log


def test_serve_refuses_to_be_reached_from_elsewhere(tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text('[gateway]\nhost = "0.0.0.0"\n')
    result = RUN.invoke(app, ["serve", "--config", str(config)])
    assert result.exit_code == 1
    assert "will not listen on 0.0.0.0" in result.output
    assert "127.0.0.1" in result.output


@pytest.mark.parametrize("command", [["demo"], ["serve", "--config"]])
def test_a_taken_port_is_said_and_nothing_is_started(command: list[str], tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text("")
    taken = listen("127.0.0.1", 0)
    taken.listen()
    port = taken.getsockname()[1]
    arguments = [*command, str(config)] if command[-1] == "--config" else command
    result = RUN.invoke(app, arguments, env={"PORT": str(port)})
    taken.close()
    assert result.exit_code == 1
    assert f"port {port} is taken" in result.output


def test_only_loopback_may_be_listened_on() -> None:
    for host in ("0.0.0.0", "::", "10.0.0.1", "example.org"):
        with pytest.raises(CannotListen, match="only loopback"):
            listen(host, 0)


def test_providers_lists_every_dialect() -> None:
    result = RUN.invoke(app, ["providers"])
    for dialect in registry.dialects():
        assert dialect.name in result.output


def test_schema_prints_what_is_committed() -> None:
    result = RUN.invoke(app, ["schema"])
    assert result.output == (Path(__file__).parents[2] / "schema.graphql").read_text("utf-8")
