"""Secrets by reference: followed where they lead, and never told."""

import sys
from pathlib import Path

import pytest

from adapters.secret import Secret
from gateway.config import ConfigError, Mistake, describe, load
from gateway.config import secrets as references

TEMPLATE = """
[[sources]]
key = "riverton"
provider = "classlink"
base_url = "https://riverton.example"
client_id = "plain-id"
client_secret = '{reference}'
"""


def write(folder: Path, reference: str) -> Path:
    path = folder / "gateway.toml"
    path.write_text(TEMPLATE.replace("{reference}", reference))
    return path


def secret(folder: Path, reference: str, environ: dict[str, str] | None = None) -> Secret | None:
    settings = load(write(folder, reference), environ or {})
    assert settings.mistakes == (), describe(settings.mistakes)
    return settings.sources[0].spec.credentials.client_secret


def mistake(folder: Path, reference: str, environ: dict[str, str] | None = None) -> Mistake:
    settings = load(write(folder, reference), environ or {})
    assert settings.sources == ()
    (found,) = settings.mistakes
    assert found.path == "sources[1] (riverton).client_secret"
    assert found.value == "***"
    return found


def printing(text: str) -> str:
    return f'command:{sys.executable} -c "print({text})"'


def test_an_environment_variable(tmp_path: Path) -> None:
    assert secret(tmp_path, "env:RIVERTON", {"RIVERTON": "canary"}) == Secret("canary")


def test_a_file_beside_the_settings_without_its_last_newline(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b" canary \r\n")

    assert secret(tmp_path, "file:kept") == Secret(" canary ")


def test_a_path_in_which_the_source_s_key_is_filled_in(tmp_path: Path) -> None:
    (tmp_path / "riverton.secret").write_text("canary")

    assert secret(tmp_path, "file:{key}.secret") == Secret("canary")


def test_a_reference_in_an_included_file_starts_from_that_file(tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text('include = ["sources.d/*.toml"]')
    inner = tmp_path / "sources.d"
    inner.mkdir()
    write(inner, "file:kept").rename(inner / "riverton.toml")
    (inner / "kept").write_text("canary")

    (read,) = load(tmp_path / "gateway.toml", {}).sources

    assert read.spec.credentials.client_secret == Secret("canary")


def test_the_first_line_that_a_command_prints(tmp_path: Path) -> None:
    assert secret(tmp_path, printing(r"\"canary\nmore\"")) == Secret("canary")


def test_a_command_runs_beside_the_settings_without_a_shell(tmp_path: Path) -> None:
    (tmp_path / "print.py").write_text("import os, sys; print(os.path.exists('gateway.toml'), sys.argv[1:])")

    read = secret(tmp_path, f"command:{sys.executable} print.py {{key}} $HOME; *")

    assert read == Secret("True ['riverton', '$HOME;', '*']")


def test_a_client_id_may_stand_in_the_file(tmp_path: Path) -> None:
    settings = load(write(tmp_path, "env:S"), {"S": "s"})

    assert settings.sources[0].spec.credentials.client_id == Secret("plain-id")


def test_a_secret_in_the_file_is_refused_with_the_ways_to_keep_it(tmp_path: Path) -> None:
    found = mistake(tmp_path, "canary")

    assert "canary" not in str(found)
    assert "env:NAME, file:PATH or command:" in found.allowed


@pytest.mark.parametrize(
    ("reference", "named"),
    [
        ("env:RIVERTON", "RIVERTON is not set"),
        ("env:EMPTY", "env:EMPTY is empty"),
        ("env:LINES", "env:LINES holds more than one line"),
        ("env:", "nothing follows env:"),
        ("file:nowhere", "file:nowhere) cannot be read: no such file"),
        ("file:gateway.toml", "file:gateway.toml holds more than one line"),
        ("file:binary", "file:binary is not UTF-8"),
        ("command:no-such-program --canary", "command:no-such-program could not be started: no such file"),
        ('command:echo "canary', "never closed"),
        (f"command:{sys.executable} -c 'raise SystemExit(3)'".replace("'", '"'), "exit status 3"),
        (f"command:{sys.executable} -c pass", "is empty"),
    ],
)
def test_a_reference_that_leads_nowhere_is_named(tmp_path: Path, reference: str, named: str) -> None:
    (tmp_path / "binary").write_bytes(b"canary\xff")

    found = mistake(tmp_path, reference, {"EMPTY": " ", "LINES": "canary\ncanary"})

    assert named in found.problem
    assert "canary" not in str(found)


def test_what_a_failing_command_prints_is_not_repeated(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code = 'import sys; print(\\"canary\\"); sys.exit(\\"canary\\")'
    found = mistake(tmp_path, f'command:{sys.executable} -c "{code}"')

    assert "exit status 1" in found.problem
    assert "canary" not in str(found) + "".join(capfd.readouterr())


def test_a_command_that_does_not_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(references, "COMMAND_SECONDS", 0.2)

    found = mistake(tmp_path, f'command:{sys.executable} -c "import time; time.sleep(60)"')

    assert "longer than 0.2 s" in found.problem


def test_a_command_shared_by_sources_runs_once(tmp_path: Path) -> None:
    (tmp_path / "count.py").write_text("open('ran', 'a').write('x'); print('canary')")
    path = write(tmp_path, f"command:{sys.executable} count.py")
    path.write_text(path.read_text() + path.read_text().replace('"riverton"', '"harbor"'))

    assert len(load(path, {}).sources) == 2
    assert (tmp_path / "ran").read_text() == "x"


def test_the_gateways_own_secret_that_leads_nowhere_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text('[gateway]\nsecret = "file:{key}"')

    with pytest.raises(ConfigError, match="none here") as caught:
        load(path, {})
    assert [found.path for found in caught.value.mistakes] == ["gateway.secret"]
