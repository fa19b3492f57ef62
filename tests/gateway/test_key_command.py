"""`oneroster-gateway key` as an operator meets it: what it writes, shows, says of a grant, and refuses."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapters.secret import Secret
from gateway.access.api_keys import hashed, id_of
from gateway.access.clients import Row, read
from gateway.access.field_class import TELLS, FieldClass
from gateway.access.grant import Grant
from gateway.access.granting import Granted, grant_of
from gateway.access.scope import READS, Scope
from gateway.cli import app, keys
from gateway.cli.rows import Options
from gateway.schema.scalars import instant

RUN = CliRunner()
SECRET = "a secret of the gateway, of many characters"
SETTINGS = """
[gateway]
secret = "env:GATEWAY_SECRET"

[access]
clients = "clients.json"

[providers.standard]
version = "1.2"
token_url = "https://roster.example/token"
client_id = "gateway"
client_secret = "env:GATEWAY_SECRET"

[[sources]]
key = "springfield"
name = "Springfield"
provider = "standard"
base_url = "https://springfield.example"
labels = ["pilot"]

[[sources]]
key = "shelbyville"
name = "Shelbyville"
provider = "standard"
base_url = "https://shelbyville.example"
district = "Shelby County"
"""

Key = Callable[..., Result]


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Key:
    monkeypatch.setenv("GATEWAY_SECRET", SECRET)
    (tmp_path / "gateway.toml").write_text(SETTINGS)
    return lambda *said: RUN.invoke(app, ["key", *said, "--config", str(tmp_path / "gateway.toml")])


def done(result: Result) -> Result:
    assert result.exit_code == 0, result.output
    return result


def refused(result: Result) -> str:
    assert result.exit_code == 1, result.output
    return result.stderr


def rows(folder: Path, name: str = "app") -> tuple[Row, ...]:
    return read(folder / "clients.json")[name].rows


def test_a_key_is_made_shown_once_on_its_own_line_and_kept_as_a_hash(key: Key, tmp_path: Path) -> None:
    made = done(key("create", "app", "--sources", "all", "--scopes", "roster-core.readonly")).stdout.strip()
    assert id_of(made) is not None
    (client,) = read(tmp_path / "clients.json").values()
    assert client.rows == (Row(every=True, scopes=(Scope.ROSTER_CORE,)),)
    assert [(kept.id, kept.hash) for kept in client.live] == [(id_of(made), hashed(made, Secret(SECRET)))]


def test_every_option_stands_in_the_row(key: Key, tmp_path: Path) -> None:
    done(key("create", "app", "--districts", "Shelby County", "--labels", "pilot", "--scopes", "refresh"))
    said = ["--sources", "springfield", "--scopes", "roster.readonly, explain", "--fields", "NAME,CONTACT"]
    said += ["--orgs", "42, 43", "--mask", "--expires", "2027-06-30", "--purpose", "homework reminders"]
    done(key("grant", "app", *said))
    assert rows(tmp_path) == (
        Row(districts=("Shelby County",), labels=("pilot",), scopes=(Scope.REFRESH,)),
        Row(
            sources=("springfield",),
            scopes=(Scope.ROSTER, Scope.EXPLAIN),
            fields=(FieldClass.NAME, FieldClass.CONTACT),
            orgs=("42", "43"),
            mask=True,
            expires=1_814_400_000,
            purpose="homework reminders",
        ),
    )
    done(key("grant", "app", "--sources", "all", "--scopes", ",".join(READS), "--fields", "all"))
    assert set(rows(tmp_path)[2].fields) == set(FieldClass)


@pytest.mark.parametrize("name", ["", " ", "two\nlines", "\x1b[2J", "x" * 201])
def test_a_client_without_a_name_that_can_be_told_is_not_made(key: Key, tmp_path: Path, name: str) -> None:
    assert "named by words" in refused(key("create", name, "--sources", "all", "--scopes", "explain"))
    assert not (tmp_path / "clients.json").exists()


def test_a_last_day_is_told_however_late_it_is(key: Key, tmp_path: Path) -> None:
    said = ["--sources", "all", "--scopes", "explain", "--expires", "9999-12-31"]
    assert "ends with 9999-12-31" in done(key("create", "app", *said)).stderr
    (row,) = rows(tmp_path)
    assert instant(row.expires) == "9999-12-31T23:59:59Z"


@pytest.mark.parametrize("command", ["create", "grant"])
def test_both_commands_take_the_same_options_and_their_help_has_them_all(command: str) -> None:
    shown = RUN.invoke(app, ["key", command, "--help"], env={"COLUMNS": "300"}).output
    for each in fields(Options):
        assert f"--{each.name}" in shown
    for word in (*Scope, *FieldClass):
        assert word in shown
    assert "options" not in inspect.signature(getattr(keys, command)).parameters


def test_what_a_client_may_read_now_and_what_is_withheld_is_told(key: Key) -> None:
    told = done(
        key("create", "app", "--sources", "all", "--scopes", "roster-core.readonly,explain", "--fields", "NAME")
    )
    assert told.stderr.splitlines()[:5] == [
        "app at springfield, shelbyville",
        "  reads     orgs, academicSessions, courses, classes, users, enrollments",
        "  with      NAME (names of people)",
        "  without   CONTACT (e-mail addresses, telephone numbers, user names); IDENTIFIER (numbers and ids of people "
        "elsewhere); FAMILY (parents and guardians); SENSITIVE (preferred names, pronouns, comments on results); "
        "RAW (metadata, as each source adds it)",
        "  may       explain",
    ]


def test_without_fields_every_class_is_told_as_withheld(key: Key) -> None:
    told = done(key("create", "app", "--sources", "springfield", "--scopes", ",".join(READS))).stderr
    assert "  with " not in told
    (without,) = [line for line in told.splitlines() if line.startswith("  without")]
    assert [each in without for each in (*FieldClass, *TELLS.values())] == [True] * 16


def test_what_is_read_with_a_class_alone_is_not_told_as_read_without_it(key: Key) -> None:
    both = ("--sources", "springfield", "--scopes", "roster-demographics.readonly,gradebook.readonly")
    told = done(key("create", "app", *both, "--fields", "GRADES")).stderr
    assert "  reads     categories, lineItems, results, scoreScales, assessmentLineItems, assessmentResults\n" in told
    told = done(key("grant", "app", "--replace", *both, "--fields", "DEMOGRAPHICS")).stderr
    assert "  reads     demographics, categories, lineItems, scoreScales, assessmentLineItems\n" in told
    assert "springfield: not any more results, assessmentResults, GRADES\n" in told


def test_losing_orgs_and_what_is_not_reading_is_told(key: Key) -> None:
    row = ("--sources", "springfield", "--scopes", "roster-core.readonly,refresh,explain")
    done(key("create", "app", *row))
    row = ("--sources", "springfield", "--scopes", "roster-core.readonly,refresh", "--orgs", "7,42")
    assert (
        "springfield: not any more what belongs to no org of 42, 7, explain\n"
        in done(key("grant", "app", "--replace", *row)).stderr
    )


def test_a_source_that_has_more_is_told_by_itself_with_its_limits(key: Key) -> None:
    done(key("create", "app", "--sources", "all", "--scopes", "resource.readonly"))
    told = done(
        key(
            "grant",
            "app",
            "--sources",
            "springfield",
            "--scopes",
            "resource.readonly",
            "--mask",
            "--expires",
            "2099-01-31",
        )
    ).stderr
    assert [line for line in told.splitlines() if not line.startswith("  with")] == [
        "app at springfield; some of it ends with 2099-01-31",
        "  reads     resources",
        "  masked    invented people in place of those that there are",
        "app at shelbyville",
        "  reads     resources",
        "springfield: not any more real people",
        "`key ungrant app 2` takes this row back",
    ]  # fmt: skip


def test_a_row_that_takes_something_away_says_what_and_how_to_take_it_back(key: Key, tmp_path: Path) -> None:
    done(
        key(
            "create", "app", "--sources", "springfield", "--scopes", "roster.readonly", "--fields", "all", "--orgs", "1"
        )
    )
    more = ("--sources", "springfield", "--scopes", "roster-core.readonly", "--fields", "NAME", "--orgs", "2")
    told = done(key("grant", "app", *more)).stderr.splitlines()
    assert "  of orgs   1, 2" in told
    assert told[-2:] == [
        "springfield: not any more demographics, CONTACT, IDENTIFIER, FAMILY, SENSITIVE, DEMOGRAPHICS, GRADES, RAW",
        "`key ungrant app 2` takes this row back",
    ]
    back = done(key("ungrant", "app", "2")).stderr
    assert "  of orgs   1\n" in back
    assert "demographics" in back
    assert len(rows(tmp_path)) == 1


def test_a_grant_is_narrowed_without_an_editor(key: Key, tmp_path: Path) -> None:
    done(key("create", "app", "--sources", "all", "--scopes", ",".join(READS), "--fields", "all"))
    done(key("grant", "app", "--sources", "all", "--scopes", "refresh"))
    narrow = ("--sources", "springfield", "--scopes", "roster-core.readonly")
    told = done(key("grant", "app", "--replace", *narrow)).stderr
    assert rows(tmp_path) == (Row(sources=("springfield",), scopes=(Scope.ROSTER_CORE,)),)
    assert "shelbyville: not any more orgs" in told
    assert "takes this row back" not in told
    done(key("grant", "app", "--sources", "shelbyville", "--scopes", "resource.readonly"))
    assert "app at shelbyville" in done(key("ungrant", "app", "1")).stderr
    assert [row.sources for row in rows(tmp_path)] == [("shelbyville",)]
    assert "app may read nothing" in done(key("ungrant", "app", "1")).stderr
    assert rows(tmp_path) == ()
    assert "no row 1" in refused(key("ungrant", "app", "1"))
    assert re.search(r"^app +\w{8} +none$", done(key("list")).stdout, re.MULTILINE)


def test_the_list_shows_all_of_every_row(key: Key) -> None:
    first = [
        "--sources",
        "springfield",
        "--scopes",
        "roster.readonly",
        "--fields",
        "NAME,RAW",
        "--orgs",
        "42",
        "--mask",
    ]
    made = done(key("create", "app", *first, "--purpose", "homework reminders")).stdout.strip()
    second = ["--labels", "pilot", "--districts", "Shelby County", "--scopes", "refresh", "--fields", "all"]
    done(key("grant", "app", *second, "--expires", "2027-06-30"))
    done(key("create", "dashboard", "--sources", "all", "--scopes", "explain"))
    done(key("revoke", "dashboard"))
    lines = [re.split(r" {2,}", line) for line in done(key("list")).stdout.splitlines()]
    assert lines == [
        ["client", "keys", "row", "sources", "scopes", "fields", "orgs", "mask", "until", "purpose"],
        ["app", id_of(made), "1", "springfield", "roster.readonly", "NAME RAW", "42", "mask", "homework reminders"],
        ["", "2", "district Shelby County, label pilot", "refresh", "all", "all", "2027-06-30"],
        ["dashboard", "revoked", "1", "all", "explain", "none", "all"],
    ]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (["--scopes", "explain"], "--sources with their keys or `all`, --districts or --labels"),
        (["--sources", "all"], f"--scopes with one or more of {', '.join(Scope)}"),
        (["--sources", "x", "--scopes", "explain"], "no source is named x; there are shelbyville, springfield"),
        (["--districts", "x", "--scopes", "explain"], "no district is named x; there are Shelby County"),
        (["--labels", "x", "--scopes", "explain"], "no label is named x; there are pilot"),
        (["--sources", "all", "--scopes", "roster"], f"no scope is named roster; there are {', '.join(Scope)}"),
        (["--sources", "all", "--scopes", "explain", "--fields", "NAMES"], f"there are {', '.join(FieldClass)}"),
        (["--sources", "all", "--scopes", "explain", "--orgs", "1"], "takes one source, by its key"),
        (["--sources", "springfield,shelbyville", "--scopes", "explain", "--orgs", "1"], "takes one source"),
        (["--labels", "pilot", "--scopes", "explain", "--orgs", "1"], "takes one source, by its key"),
        (["--sources", "springfield", "--scopes", "explain", "--orgs", ","], "`orgs` names none"),
        (["--sources", "all", "--scopes", "explain", "--expires", "June"], "a day such as 2027-06-30, not June"),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_what_is_allowed_and_change_nothing(
    key: Key, tmp_path: Path, said: list[str], told: str
) -> None:
    assert told in refused(key("create", "app", *said))
    assert not (tmp_path / "clients.json").exists()
    done(key("create", "app", "--sources", "all", "--scopes", "explain"))
    before = (tmp_path / "clients.json").read_bytes()
    assert told in refused(key("grant", "app", *said))
    assert told in refused(key("grant", "app", "--replace", *said))
    assert (tmp_path / "clients.json").read_bytes() == before


def test_a_client_has_two_live_keys_at_most_and_more_rows_by_grant_alone(key: Key) -> None:
    row = ("--sources", "all", "--scopes", "explain")
    done(key("create", "app", *row))
    assert "adds to what it may read" in refused(key("create", "app", *row))
    assert "adds to what it may read" in refused(key("create", "app", "--mask"))
    second = done(key("create", "app")).stdout.strip()
    assert "revoke one first" in refused(key("create", "app"))
    assert "no client is named other; there are app" in refused(key("grant", "other", *row))
    done(key("revoke", id_of(second) or ""))
    done(key("create", "app"))


def test_what_is_told_is_what_a_running_gateway_makes_of_the_same_file(key: Key, tmp_path: Path) -> None:
    done(key("create", "app", "--labels", "pilot", "--scopes", "gradebook.readonly", "--fields", "GRADES"))
    told = done(
        key("grant", "app", "--sources", "all", "--scopes", "roster.readonly", "--fields", "DEMOGRAPHICS")
    ).stderr
    sources = [
        Granted("springfield", None, frozenset({"pilot"})),
        Granted("shelbyville", "Shelby County", frozenset()),
    ]
    grant: Grant = grant_of("app", rows(tmp_path), sources, 0)
    for source, line in zip(sources, re.findall(r"reads +(.*)", told), strict=True):
        reads = grant.at(source.key).collections
        assert set(line.split(", ")) == reads
