"""S01: keys have 256 random bits, are known for keys by their shape, and are kept by nobody."""

from __future__ import annotations

import asyncio
import json
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.secret import Secret
from gateway.access import clients as module
from gateway.access.api_keys import hashed, id_of, make
from gateway.access.callers import Callers, Keys, Unauthenticated
from gateway.access.clients import BadFile, Client, ClientFile, Kept, Row, changing, read
from gateway.access.field_class import FieldClass
from gateway.access.grant import ALL, Grant
from gateway.access.granting import Granted
from gateway.access.scope import READS, Scope

SECRET = Secret("a secret of the gateway, of many characters")


def client(*keys: str, name: str = "homework-app") -> Client:
    kept = tuple(Kept(id_of(key) or "", hashed(key, SECRET), 1_790_000_000) for key in keys)
    return Client(name, kept, (Row(sources=("springfield",)),))


SPRINGFIELD = Granted("springfield", "Springfield", frozenset({"pilot"}))
SHELBYVILLE = Granted("shelbyville", None, frozenset({"pilot", "state:IL"}))


def callers(file: Path, secret: Secret = SECRET, now: Callable[[], float] = lambda: 100.5) -> Callable[[str], Grant]:
    """From a key to what its client was granted."""
    found = Callers([SPRINGFIELD, SHELBYVILLE], Keys(ClientFile(file), secret), now=now)
    return lambda key: asyncio.run(found.caller(f"Bearer {key}")).grant


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "clients.json"


def write(file: Path, *written: Client) -> None:
    with changing(file) as clients:
        clients.clear()
        clients.update({each.name: each for each in written})


def test_S01_a_key_is_told_from_other_texts_by_its_shape_and_checksum() -> None:
    key = make().reveal()
    assert re.fullmatch(r"orgw_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}", key)
    assert id_of(key) == key[5:13]
    for at in range(len(key)):  # one wrong character is noticed without asking anything
        other = "a" if key[at] != "a" else "b"
        assert id_of(key[:at] + other + key[at + 1 :]) is None
    assert [id_of(text) for text in ("", key[:-1], key + "x", key.upper(), f" {key}")] == [None] * 5


def test_S01_no_two_keys_are_alike_and_all_of_a_key_is_random() -> None:
    keys = [make().reveal() for _ in range(500)]
    assert len({id_of(key) for key in keys}) == len(set(keys)) == 500
    for at in range(
        15, 56
    ):  # the first of the random characters says little: 62 to the 43rd is more than 2 to the 256th
        assert len({key[at] for key in keys}) > 40


def test_S01_what_is_kept_of_a_key_needs_the_secret_to_be_made() -> None:
    key = make().reveal()
    assert hashed(key, SECRET) == hashed(key, SECRET) != hashed(key, Secret("another secret"))
    assert len(hashed(key, SECRET)) == 64


def test_S01_no_key_is_in_the_file_which_is_for_its_owner_alone(file: Path) -> None:
    key = make().reveal()
    write(file, client(key))
    text = file.read_text()
    assert key not in text
    assert key[14:57] not in text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert read(file)["homework-app"] == client(key)


def test_S01_two_live_keys_are_taken_and_a_revoked_one_is_refused_within_five_seconds(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = make().reveal(), make().reveal()
    write(file, client(first, second))
    clock = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    name = callers(file)
    assert name(first).name == name(second).name == "homework-app"

    kept = [msgspec.structs.replace(k, revoked=1 if k.id == id_of(first) else None) for k in client(first, second).keys]
    write(file, Client("homework-app", tuple(kept), (Row(every=True),)))
    clock[0] += 5
    with pytest.raises(Unauthenticated):
        name(first)
    assert name(second).name == "homework-app"


@pytest.mark.parametrize(
    "change",
    [lambda key: key[:14] + make().reveal()[14:], lambda key: make().reveal(), lambda key: "letmein"],
    ids=["another-text-of-its-id", "nobodys", "no-key"],
)
def test_S01_all_wrong_keys_are_refused_with_the_same_words(file: Path, change: Callable[[str], str]) -> None:
    key = make().reveal()
    write(file, client(key))
    with pytest.raises(Unauthenticated, match=r"^this key is not one of a client here$"):
        callers(file)(change(key))


def test_a_key_of_another_secret_is_refused(file: Path) -> None:
    key = make().reveal()
    write(file, client(key))
    with pytest.raises(Unauthenticated):
        callers(file, Secret("rotated"))(key)


def test_a_file_that_cannot_be_read_changes_nothing_and_is_told_once(
    file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    key = make().reveal()
    write(file, client(key))
    clock = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    name = callers(file)
    file.write_text('{"version": 1, "clients": [{"name": "Maria Example"}]}')
    for _ in range(3):
        clock[0] += 5
        assert name(key).name == "homework-app"
    assert [record.getMessage() for record in caplog.records] == [
        f"clients stay as they were: {file}: Object missing required field `keys` - at `$.clients[0]`"
    ]


def test_S01_a_key_revoked_while_the_file_could_not_be_read_is_refused_as_soon_as_it_can(
    file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    key = make().reveal()
    write(file, client(key))
    clock = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    name = callers(file)
    write(file)
    reads, failing = [0], module.read

    def read_or_not(path: Path) -> Any:
        reads[0] += 1
        if reads[0] < 3:  # such as when the process has no file handles left: the file is as it was
            raise BadFile(f"{path}: Too many open files")
        return failing(path)

    monkeypatch.setattr(module, "read", read_or_not)
    for _ in range(2):
        clock[0] += 1
        assert name(key).name == "homework-app"
    clock[0] += 1
    with pytest.raises(Unauthenticated):
        name(key)
    assert [record.getMessage() for record in caplog.records] == [
        f"clients stay as they were: {file}: Too many open files"
    ]


def test_S01_with_the_file_gone_nobody_is_known(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = make().reveal()
    write(file, client(key))
    clock = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    name = callers(file)
    file.unlink()
    clock[0] += 1
    with pytest.raises(Unauthenticated):
        name(key)


def test_S01_a_changed_file_is_for_those_for_whom_it_was_before(file: Path) -> None:
    write(file, client(make().reveal()))
    for given, kept in ((0o640, 0o640), (0o666, 0o640), (0o400, 0o600)):
        file.chmod(given)
        write(file, client(make().reveal()))
        assert stat.S_IMODE(file.stat().st_mode) == kept


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file to somebody")
def test_S01_a_file_that_root_changes_stays_with_whoever_runs_the_gateway(file: Path) -> None:
    write(file, client(make().reveal()))
    os.chown(file, 65534, 65534)
    write(file, client(make().reveal()))
    assert (file.stat().st_uid, file.stat().st_gid) == (65534, 65534)


def book(version: int, **row: Any) -> str:
    return json.dumps({"version": version, "clients": [{"name": "app", "keys": [], "rows": [row]}]})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "this is not JSON"),
        ("[]", "Expected `object`, got `array`"),
        ('{"version": 3, "clients": []}', "only versions 1 and 2"),
        ('{"clients": []}', "missing required field `version`"),
        ('{"version": 2, "clients": [], "more": 1}', "unknown field `more`"),
        ('{"version": 1, "clients": [], "more": 1}', "unknown field `more`"),
        (book(1, fields=["NAME"]), "unknown field `fields`"),
        (book(1, scopes=["roster.readonly"]), "Invalid enum value 'roster.readonly'"),
        (book(2, scopes=["roster.readwrite"]), "Invalid enum value 'roster.readwrite'"),
        (book(2, fields=["NAMES"]), "Invalid enum value 'NAMES'"),
        (book(2).replace('"app"', '" "'), "a client has no name"),
        (book(1).replace('"app"', '""'), "a client has no name"),
        (book(2, sources=["a"], orgs=[]), "`orgs` names none"),
        (book(2, sources=["a", "b"], orgs=["1"]), "`orgs` takes one source"),
        (book(2, every=True, orgs=["1"]), "`orgs` takes one source"),
        (book(2, sources=["a"], labels=["pilot"], orgs=["1"]), "`orgs` takes one source"),
    ],
)
def test_a_file_that_nobody_wrote_so_is_refused_with_its_name_and_place(file: Path, text: str, told: str) -> None:
    file.write_text(text)
    with pytest.raises(BadFile, match=told) as caught:
        read(file)
    assert str(file) in str(caught.value)


def test_rows_are_read_as_they_were_written(file: Path) -> None:
    rows = (
        Row(sources=("springfield",), scopes=(Scope.ROSTER,), fields=(FieldClass.NAME,), orgs=("1", "2"), mask=True),
        Row(every=True, scopes=tuple(Scope), fields=tuple(FieldClass), expires=100, purpose="all"),
    )
    written = msgspec.structs.replace(client(make().reveal()), rows=rows)
    write(file, written)
    assert read(file)["homework-app"] == written
    assert json.loads(file.read_text())["version"] == 2


def test_rows_of_version_1_give_all_that_they_gave_and_are_told_of(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file.write_text(book(1, labels=["pilot"], scopes=["explain"], expires=100, purpose="before"))
    (row,) = read(file)["app"].rows
    assert (row.labels, row.expires, row.purpose) == (("pilot",), 100, "before")
    assert row.access == ALL
    assert set(row.scopes) == {*READS, Scope.EXPLAIN}
    assert [record.getMessage() for record in caplog.records] == [
        f"{file}: of version 1, whose rows give all of their sources, personal data included; "
        "`oneroster-gateway key grant --replace` narrows them"
    ]
    with changing(file):
        pass
    caplog.clear()
    assert read(file)["app"].rows == (row,)
    assert not caplog.records


def test_two_clients_of_one_name_or_keys_of_one_id_are_refused(file: Path) -> None:
    key = make().reveal()
    write(file, client(key), client(key, name="other"))
    with pytest.raises(BadFile, match="two keys have one id"):
        read(file)
    book = json.loads(file.read_text())
    book["clients"][1] = {**book["clients"][0], "keys": []}
    file.write_text(json.dumps(book))
    with pytest.raises(BadFile, match="two clients have one name"):
        read(file)


def test_a_change_that_fails_changes_nothing(file: Path) -> None:
    write(file, client(make().reveal()))
    before = file.read_bytes()
    with pytest.raises(ZeroDivisionError), changing(file) as clients:
        clients["homework-app"] = 1 / 0  # type: ignore[assignment]
    assert file.read_bytes() == before
    assert {p.name for p in file.parent.iterdir()} == {"clients.json", "clients.json.lock"}


def test_before_there_is_a_file_nobody_is_known(file: Path) -> None:
    name = callers(file)
    with pytest.raises(Unauthenticated):
        name(make().reveal())


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer  ", "Basic abc", "orgw_x", "Bearerabc"])
def test_a_header_without_a_key_is_refused_with_how_to_send_one(file: Path, header: str) -> None:
    with pytest.raises(Unauthenticated, match="Authorization: Bearer"):
        asyncio.run(Callers([], Keys(ClientFile(file), SECRET)).caller(header))


def test_the_scheme_of_the_header_is_read_as_the_standard_has_it(file: Path) -> None:
    key = make().reveal()
    write(file, client(key))
    for header in (f"bearer {key}", f"BEARER   {key} "):
        found = asyncio.run(Callers([], Keys(ClientFile(file), SECRET)).caller(header))
        assert (found.name, found.key_id) == ("homework-app", id_of(key))


@pytest.mark.parametrize(
    ("rows", "reached"),
    [
        ([Row(every=True)], {"springfield", "shelbyville"}),
        ([Row(sources=("shelbyville",))], {"shelbyville"}),
        ([Row(districts=("Springfield",))], {"springfield"}),
        ([Row(labels=("state:IL", "other"))], {"shelbyville"}),
        ([Row(labels=("pilot",), expires=100)], set()),
        ([Row(sources=("gone",)), Row(districts=("Nowhere",))], set()),
        ([Row(sources=("springfield",), expires=101), Row(sources=("shelbyville",), expires=100)], {"springfield"}),
        ([], set()),
        ([Row()], set()),
    ],
)
def test_a_client_reaches_the_sources_that_its_rows_choose_while_they_hold(
    file: Path, rows: list[Row], reached: set[str]
) -> None:
    key = make().reveal()
    write(file, msgspec.structs.replace(client(key), rows=tuple(rows)))
    assert set(callers(file)(key).sources or ()) == reached


def test_what_is_allowed_besides_holds_for_the_sources_of_its_row_alone_and_ends_with_it(file: Path) -> None:
    key, clock = make().reveal(), [0.0]
    rows = (Row(sources=("springfield",), scopes=(Scope.REFRESH,)), Row(every=True, scopes=(Scope.HOLDS,), expires=100))
    write(file, msgspec.structs.replace(client(key), rows=rows))
    granted = callers(file, now=lambda: clock[0])

    def allowed() -> set[tuple[str, str]]:
        grant = granted(key)
        return {(s, k) for s in Scope for k in ("springfield", "shelbyville") if grant.allows(s, k)}

    assert allowed() == {("refresh", "springfield"), ("holds", "springfield"), ("holds", "shelbyville")}
    clock[0] = 100.0
    assert allowed() == {("refresh", "springfield")}
    assert set(granted(key).sources or ()) == {"springfield"}


def test_S04_what_a_client_lost_it_has_lost_within_five_seconds(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, clock = make().reveal(), [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    wide = Row(every=True, scopes=tuple(READS), fields=tuple(FieldClass))
    write(file, msgspec.structs.replace(client(key), rows=(wide,)))
    granted = callers(file)
    assert granted(key).at("springfield") is ALL
    narrow = Row(sources=("springfield",), scopes=(Scope.ROSTER_CORE,))
    write(file, msgspec.structs.replace(client(key), rows=(narrow,)))
    clock[0] += 5
    assert granted(key).at("springfield") == narrow.access
    assert not granted(key).reaches("shelbyville")


def test_S04_each_row_ends_at_its_time_while_the_client_goes_on_asking(file: Path) -> None:
    key, clock = make().reveal(), [0.0]
    rows = (
        Row(sources=("springfield",), scopes=(Scope.ROSTER_CORE,), fields=(FieldClass.NAME,)),
        Row(sources=("springfield",), scopes=(Scope.ROSTER_CORE,), fields=(FieldClass.CONTACT,), expires=100),
        Row(sources=("springfield",), scopes=(Scope.GRADEBOOK,), expires=200),
        Row(every=True, scopes=(Scope.RESOURCE,), expires=300, mask=True),
    )
    write(file, msgspec.structs.replace(client(key), rows=rows))
    granted = callers(file, now=lambda: clock[0])
    seen = []
    for clock[0] in (0.0, 99.9, 100.0, 199.9, 200.0, 299.9, 300.0, 1e9):
        grant = granted(key)
        access = grant.at("springfield")
        seen.append((len(access.collections), {each.value for each in access.classes}, access.masked, grant.sources))
    assert [each[:3] for each in seen] == [
        (13, {"NAME", "CONTACT"}, True),
        (13, {"NAME", "CONTACT"}, True),
        (13, {"NAME"}, True),
        (13, {"NAME"}, True),
        (7, {"NAME"}, True),
        (7, {"NAME"}, True),
        (6, {"NAME"}, False),
        (6, {"NAME"}, False),
    ]
    assert [len(each[3] or ()) for each in seen] == [2, 2, 2, 2, 2, 2, 1, 1]
