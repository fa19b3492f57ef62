"""AUDIT: what stands in the record of an operation, of which operations there is one, and what is answered without."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
from typer.testing import CliRunner

from gateway.access.api_keys import hashed, id_of, make
from gateway.access.clients import Client, Kept, Row, changing
from gateway.access.field_class import FieldClass
from gateway.access.scope import Scope
from gateway.app import Gateway, build
from gateway.audit.files import files_in
from gateway.audit.subjects import Subjects
from gateway.cli import app as commands
from gateway.config import AccessSettings, AuditSettings
from tests.gateway.plain_asgi import leaving
from tests.gateway.support import MakeWorld, World, reading_all
from tests.gateway.test_clients_http import SECRET

pytestmark = pytest.mark.anyio

PEOPLE = "query People($n: Int) { users(first: $n) { nodes { givenName enrollments { role } } } }"


class Recorded:
    """A gateway that records; with clients, by name, if any are given."""

    def __init__(self, app: Gateway, client: httpx2.AsyncClient, keys: dict[str, str], folder: Path) -> None:
        self.app = app
        self.keys = keys
        self.folder = folder
        self._client = client

    async def post(self, query: str, name: str = "", headers: dict[str, str] | None = None, **given: Any) -> Any:
        said = {"authorization": f"Bearer {self.keys[name]}"} if name else {}
        return await self._client.post("/graphql", json={"query": query, **given}, headers=said | (headers or {}))

    async def get(self, path: str) -> httpx2.Response:
        return await self._client.get(path)

    @property
    def text(self) -> str:
        return "".join(path.read_text() for path in files_in(self.folder))

    @property
    def records(self) -> list[Any]:
        return [line for text in self.text.splitlines() if "event" not in (line := json.loads(text))]

    @property
    def last(self) -> Any:
        return self.records[-1]


@asynccontextmanager
async def recording(
    made: World, folder: Path, *, subjects: bool = False, compiled: bool = True, **rows: Sequence[Row]
) -> AsyncIterator[Recorded]:
    keys = {name: make().reveal() for name in rows}
    with changing(folder / "clients.json") as clients:
        for name, key in keys.items():
            clients[name] = Client(name, (Kept(id_of(key) or "", hashed(key, SECRET), 0),), tuple(rows[name]))
    settings = replace(
        made.settings,
        gateway=replace(made.settings.gateway, secret=SECRET),
        access=AccessSettings(clients=folder / "clients.json" if rows else None),
        audit=AuditSettings(dir=folder / "audit", subjects=subjects),
    )
    app = build(settings, made.connect, compiled=compiled)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost") as client:
        yield Recorded(app, client, keys, folder / "audit")
    await app.state.sources.close()


async def test_AUDIT_a_record_says_who_asked_for_what_and_how_much_was_shown(world: MakeWorld, tmp_path: Path) -> None:
    made = world(a="standard-1.2", b="classlink")
    row = msgspec.structs.replace(reading_all(every=True), purpose="homework reminders")
    async with recording(made, tmp_path, app=[row]) as gateway:
        answer = await gateway.post(PEOPLE, "app", {"x-purpose": "nightly sync"}, variables={"n": 500})
        nodes = answer.json()["data"]["users"]["nodes"]
        record = gateway.last
        assert answer.headers["x-request-id"] == record["request"]
        assert record["client"] == "app"
        assert record["key"] == id_of(gateway.keys["app"])
        assert (record["purpose"], record["purposes"]) == ("nightly sync", ["homework reminders"])
        assert record["operation"] == {
            "type": "query",
            "name": "People",
            "hash": hashlib.sha256(PEOPLE.encode()).hexdigest(),
        }
        assert record["types"] == ["Enrollment", "User"]
        assert record["outcome"] == "ok"
        assert "codes" not in record
        assert "subjects" not in record
        counts = record["records"]
        assert set(counts) == {"a", "b"} <= set(record["sources"])
        assert sum(each["User"] for each in counts.values()) == len(nodes) > 70
        assert sum(each.get("Enrollment", 0) for each in counts.values()) == sum(len(n["enrollments"]) for n in nodes)


async def test_AUDIT_no_value_of_a_record_a_variable_or_a_filter_is_in_it(world: MakeWorld, tmp_path: Path) -> None:
    made = world(a="standard-1.2")
    async with recording(made, tmp_path, subjects=True) as gateway:
        everything = "{ users(first: 500) { nodes { sourcedId givenName familyName email username identifier } } }"
        people = (await gateway.post(everything)).json()["data"]["users"]["nodes"]
        person = people[0]
        query = """query Q($f: UserFilter, $s: String!) {
            users(filter: $f) { nodes { id } }
            user(source: "a", sourcedId: $s) { id }
            named: users(filterText: "familyName='Zauberstab'") { totalCount }
            searched: users(search: "Zauberstab") { totalCount }
        }"""
        variables = {"f": {"familyName": {"eq": "Zauberstab"}}, "s": person["sourcedId"]}
        assert (await gateway.post(query, variables=variables)).status_code == 200
        assert len(gateway.records) == 2
        text = gateway.text
        values = {value for each in people for value in each.values() if value and len(value) > 3} | {"Zauberstab"}
        assert len(values) > 100
        assert not [value for value in values if value in text]


@pytest.mark.parametrize(
    "query",
    [
        "{ __schema { types { name } } }",
        "{ viewer { name } }",
        "{ sources { nodes { key state collections { rows } } } }",
        "{ users { nodes { nonsense } } }",
        "{ users(first: -1) ",
        "query A { users { totalCount } } query B { users { totalCount } }",
        "query ($n: Int!) { users(first: $n) { totalCount } }",
    ],
    ids=["schema", "viewer", "sources", "misfit", "no-document", "of-several", "no-variable"],
)
async def test_AUDIT_what_reads_no_record_has_none(world: MakeWorld, tmp_path: Path, query: str) -> None:
    async with recording(world(a="standard-1.2"), tmp_path) as gateway:
        answer = await gateway.post(query)
        assert "x-request-id" in answer.headers
        assert not gateway.records


@pytest.mark.parametrize(
    ("query", "types", "outcome"),
    [
        ("{ users(first: 0) { totalCount } }", ["User"], "ok"),
        ("{ users { groups(by: [ROLE]) { count } } }", ["User"], "ok"),
        ('{ node(id: "User:a:nobody") { id } }', ["Node"], "ok"),
        ('{ node(id: "User:a:nobody") { ... on Result { score } } }', ["Node", "Result"], "ok"),
        ('{ source(id: "a") { currentSession { title } } }', ["AcademicSession"], "ok"),
        ('{ source(id: "a") { holds { sampleSourcedIds } } }', ["Hold"], "ok"),
        ('{ usersByIdentity(identity: { email: "x@y.example" }) { nodes { id } } }', ["User"], "ok"),
        ('{ users(sources: ["nowhere"]) { totalCount } }', ["User"], "failed"),
        ('{ users(sources: ["nowhere"]) { totalCount } orgs { totalCount } }', ["Org", "User"], "partial"),
        ('mutation { refreshSource(input: { source: "a" }) { userErrors { code } } }', None, "ok"),
        ('mutation { decideHolds(input: { sources: ["a"], accept: true }) { holds { id } } }', ["Hold"], "ok"),
    ],
)
async def test_AUDIT_whatever_may_read_a_record_or_change_what_is_read_has_one(
    world: MakeWorld, tmp_path: Path, query: str, types: list[str] | None, outcome: str
) -> None:
    async with recording(world(a="standard-1.2"), tmp_path) as gateway:
        answer = await gateway.post(query)
        assert answer.status_code == 200, answer.json()
        [record] = gateway.records
        assert record.get("types") == types
        assert record["outcome"] == outcome
        assert record["operation"]["type"] == ("mutation" if query.startswith("mutation") else "query")
        codes = sorted({error["extensions"]["code"] for error in answer.json().get("errors", ())})
        assert record.get("codes", []) == codes


SEVERAL = ("query A { orgs { totalCount } }", "query A { orgs { totalCount } } query B { users { totalCount } }")


@pytest.mark.parametrize("compiled", [True, False], ids=["plan", "graphql-core"])
@pytest.mark.parametrize("name", ["", "A", "B", "C", None])
async def test_AUDIT_whatever_is_executed_of_a_document_is_recorded(
    world: MakeWorld, tmp_path: Path, name: str | None, compiled: bool
) -> None:
    async with recording(world(a="standard-1.2"), tmp_path, compiled=compiled) as gateway:
        for query in SEVERAL:
            before = len(gateway.records)
            answer = (await gateway.post(query, operationName=name)).json()
            assert len(gateway.records) - before == ("data" in answer)
            if "data" in answer:
                [field] = answer["data"]
                assert [field.title()[:-1]] == gateway.last["types"]
            assert "data" in answer or name != "A"


async def test_AUDIT_of_people_who_are_shown_invented_nobody_is_told(world: MakeWorld, tmp_path: Path) -> None:
    made = world(a="standard-1.2", b="classlink")
    masked = msgspec.structs.replace(reading_all(every=True), mask=True)
    mixed = [msgspec.structs.replace(masked, every=False, sources=("a",)), reading_all(sources=("b",))]
    async with recording(made, tmp_path, subjects=True, shown=[masked], mixed=mixed) as gateway:
        query = "{ users(first: 500) { nodes { id } } }"
        await gateway.post(query, "shown")
        assert gateway.last["masked"] is True
        assert gateway.last["subjects"] == []
        assert set(gateway.last["records"]) == {"a", "b"}
        await gateway.post(query, "mixed")
        assert "masked" not in gateway.last
        assert len(gateway.last["subjects"]) == gateway.last["records"]["b"]["User"] > 0


@pytest.mark.parametrize(
    ("query", "outcome", "code"),
    [
        ("{ resources(read: { onSourceFailure: FAIL }) { nodes { title } } }", "refused", "FORBIDDEN_SCOPE"),
        ("{ resources { nodes { title } } }", "partial", "FORBIDDEN_SCOPE"),
        ("{ users(first: 2) { nodes { email } } resources { totalCount } }", "partial", "FORBIDDEN_SCOPE"),
        ("{ users(first: 2) { nodes { givenName email } } }", "partial", "FORBIDDEN_FIELD"),
        ("{ users(first: 2) { nodes { role } } }", "ok", None),
    ],
)
async def test_AUDIT_what_a_client_may_not_read_is_recorded_as_refused(
    world: MakeWorld, tmp_path: Path, query: str, outcome: str, code: str | None
) -> None:
    row = Row(every=True, scopes=(Scope.ROSTER_CORE,), fields=(FieldClass.NAME,))
    async with recording(world(a="standard-1.2"), tmp_path, app=[row]) as gateway:
        await gateway.post(query, "app")
        record = gateway.last
        assert record["outcome"] == outcome
        assert code is None or code in record["codes"]
        assert record["sources"] == ["a"]
        assert record.get("records", {}) == ({"a": {"User": 2}} if "users" in query else {})
        assert record.get("classes", []) == [c for c, f in (("CONTACT", "email"), ("NAME", "givenName")) if f in query]


async def test_AUDIT_metadata_is_recorded_with_the_class_that_its_source_declares(
    world: MakeWorld, tmp_path: Path
) -> None:
    declared = {"metadata": {"bus": {"key": "sis.bus", "class": "CONTACT"}}}
    async with recording(world({"a": declared}, a="standard-1.2"), tmp_path) as gateway:
        await gateway.post('{ users(first: 1) { nodes { metadataValue(name: "bus") } } }')
        assert gateway.last["classes"] == ["CONTACT"]


QUERIES = (
    "{ users(first: 30) { nodes { givenName agentRefs { id } enrollments { class { title school { name } } } } } }",
    "{ classes(first: 9) { edges { node { title terms { title } enrollments { userRef { id } } } } } }",
    "{ orgs { nodes { name parent { name } users(first: 3) { nodes { givenName } } } } }",
    "{ users(first: 5) { nodes { demographics { sex } results(first: 2) { nodes { score } } guardians { id } } } }",
)


@pytest.mark.parametrize("query", QUERIES)
async def test_AUDIT_the_same_is_counted_whoever_executes_the_operation(
    world: MakeWorld, tmp_path: Path, query: str
) -> None:
    found: list[Any] = []
    for compiled in (True, False):
        folder = tmp_path / str(compiled)
        folder.mkdir()
        async with recording(world(a="standard-1.2"), folder, subjects=True, compiled=compiled) as gateway:
            for _ in range(3):  # of what has to be asked for, of what is held, of what was kept
                await gateway.post(query)
            found += [(each["records"], each["subjects"]) for each in gateway.records]
    assert len(found) == 6
    assert all(each == found[0] for each in found)
    assert found[0][0]["a"]


async def test_AUDIT_people_are_found_again_by_the_hashes_of_their_ids(world: MakeWorld, tmp_path: Path) -> None:
    made = world(a="standard-1.2")
    async with recording(made, tmp_path, subjects=True) as gateway:
        asked = "{ users(first: 200) { nodes { sourcedId role enrollments { id } agentRefs { sourcedId } } } }"
        nodes = (await gateway.post(asked)).json()["data"]["users"]["nodes"]
        child = next(n["sourcedId"] for n in nodes if n["role"] == "STUDENT" and n["enrollments"] and n["agentRefs"])
        parent = next(n["agentRefs"][0]["sourcedId"] for n in nodes if n["sourcedId"] == child)
        only, whose = f'(source: "a", sourcedId: "{child}")', f'{{ user: {{ sourcedId: "{child}" }} }}'
        queries = {
            "Own": f"query Own {{ user{only} {{ givenName }} }}",
            "Birth": f"query Birth {{ user{only} {{ demographics {{ birthDate }} }} }}",
            "Class": f"query Class {{ enrollments(filter: {whose}) {{ nodes {{ role }} }} }}",
            "Named": f'query Named {{ user(source: "a", sourcedId: "{parent}") {{ agentRefs {{ id }} }} }}',
            "Nobody": "query Nobody { users(first: 0) { totalCount } classes { nodes { title } } }",
        }
        for query in queries.values():
            answer = await gateway.post(query)
            assert "errors" not in answer.json(), answer.json()
        hash_ = Subjects(SECRET).hash("a", child)
        told = [each["operation"]["name"] for each in gateway.records if hash_ in each["subjects"]]
        assert told[0] is None
        assert set(told[1:]) >= {"Own", "Birth", "Class"}
        assert "Nobody" not in told
        assert gateway.last["subjects"] == []


async def test_AUDIT_a_command_lists_what_told_of_a_person_over_all_files(world: MakeWorld, tmp_path: Path) -> None:
    for _ in range(2):
        async with recording(world(a="standard-1.2"), tmp_path, subjects=True) as gateway:
            [person] = (await gateway.post("{ users(first: 1) { nodes { sourcedId } } }")).json()["data"]["users"][
                "nodes"
            ]
            await gateway.post("{ users(first: 0) { totalCount } }")
    with files_in(tmp_path / "audit")[-1].open("ab") as file:
        file.write(b'{"time":"2026-')  # as of a process that was killed
    (tmp_path / "secret").write_text(SECRET.reveal())
    config = tmp_path / "gateway.toml"
    config.write_text('[gateway]\nsecret = "file:secret"\n[audit]\ndir = "audit"\nsubjects = true\n')

    def find(source: str, sourced_id: str) -> Any:
        asked = ["audit", "find", "--source", source, "--sourced-id", sourced_id, "--config", str(config)]
        return CliRunner().invoke(commands, asked)

    found = find("a", person["sourcedId"])
    assert found.exit_code == 0
    records = [json.loads(line) for line in found.stdout.splitlines()]
    assert [each["records"] for each in records] == [{"a": {"User": 1}}] * 2
    assert not any("subjects" in each for each in records)
    assert "2 of 4 records in 2 files tell of this person" in found.stderr
    assert "1 lines are cut short" in found.stderr
    assert find("b", person["sourcedId"]).stdout == find("a", "nobody").stdout == ""
    (tmp_path / "secret").write_text("another secret of the gateway, of many characters")
    other = find("a", person["sourcedId"])
    assert other.stdout == ""
    assert "2 files were written with another gateway.secret" in other.stderr


@pytest.mark.parametrize(
    ("sent", "taken"),
    [("7f3a-11:x.y_z", True), ("", False), ("x" * 101, False), ("a b", False), ('x"y', False), ("ü", False)],
)
async def test_AUDIT_a_request_has_the_clients_name_if_that_is_in_good_form_else_a_new_one(
    world: MakeWorld, tmp_path: Path, sent: str, taken: bool
) -> None:
    async with recording(world(a="standard-1.2"), tmp_path) as gateway:
        query = "{ orgs { totalCount } }"
        first, second = [
            await gateway.post(query, headers={"x-request-id": sent.encode("latin-1")})  # type: ignore[dict-item]
            for _ in range(2)
        ]
        names = [answer.headers["x-request-id"] for answer in (first, second)]
        assert (names == [sent, sent]) is taken
        assert len(set(names)) == (1 if taken else 2)
        assert [record["request"] for record in gateway.records] == names


@pytest.mark.parametrize("said", ["x" * 201, "ünlesbar", "tab\there"])
async def test_AUDIT_a_purpose_that_is_not_in_good_form_is_refused(world: MakeWorld, tmp_path: Path, said: str) -> None:
    async with recording(world(a="standard-1.2"), tmp_path) as gateway:
        answer = await gateway.post("{ orgs { totalCount } }", headers={"x-purpose": said.encode()})  # type: ignore[dict-item]
        assert answer.status_code == 400
        assert "x-purpose takes up to 200" in answer.json()["errors"][0]["message"]
        assert not gateway.records


async def test_AUDIT_what_cannot_be_recorded_is_not_answered_nor_changed(world: MakeWorld, tmp_path: Path) -> None:
    made = world(a="standard-1.2")
    async with recording(made, tmp_path) as gateway:
        query = "{ users(first: 2) { nodes { givenName } } }"
        assert (await gateway.post(query)).json()["data"]["users"]["nodes"]
        disk_is_full(gateway)
        moved = gateway.folder.rename(tmp_path / "moved")
        gateway.folder.write_text("no folder, so that no other file is begun")
        answer = await gateway.post(query)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        [error] = answer.json()["errors"]
        assert error["extensions"] == {"code": "AUDIT_UNAVAILABLE", "retryable": True, "retryAfter": 1}
        assert "data" not in answer.json()
        before = sum(made.servers["a"].requests.values())
        refresh = 'mutation { refreshSource(input: { source: "a", collections: [USER] }) { userErrors { code } } }'
        assert (await gateway.post(refresh)).status_code == 503
        await asyncio.sleep(0.1)
        assert sum(made.servers["a"].requests.values()) == before
        assert (await gateway.post("{ viewer { name } }")).status_code == 200
        ready = await gateway.get("/readyz")
        assert (ready.status_code, ready.json()) == (503, {"status": "not recording"})
        figures = (await gateway.get("/metrics")).text
        assert "gateway_audit_failing 1.0" in figures
        assert "gateway_audit_unrecorded_total 2.0" in figures
        gateway.folder.unlink()
        moved.rename(gateway.folder)
        while (await gateway.get("/readyz")).status_code == 503:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        assert (await gateway.post(query)).status_code == 200


def disk_is_full(gateway: Recorded) -> None:
    """What a full disk says, said by the file that is written just now."""
    mine = {os.path.realpath(f"/proc/self/fd/{fd}"): int(fd) for fd in os.listdir("/proc/self/fd")}
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, mine[os.path.realpath(files_in(gateway.folder)[-1])])
    os.close(full)


async def test_AUDIT_a_client_that_leaves_before_its_answer_is_recorded_as_such(
    world: MakeWorld, tmp_path: Path
) -> None:
    made = world(a="standard-1.2")
    async with recording(made, tmp_path, subjects=True) as gateway:
        made.servers["a"].latency = 60
        gone = asyncio.Event()
        asking = asyncio.ensure_future(leaving(gateway.app, "{ users(first: 2) { nodes { givenName } } }", gone))
        while not made.servers["a"].in_flight:  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0.01)
        gone.set()
        assert await asking == []
        record = gateway.last
        assert record["outcome"] == "left"
        assert "records" not in record
        assert record["subjects"] == []


@pytest.mark.parametrize(("command", "status"), [("check", 1), ("serve", 2)])
def test_AUDIT_a_folder_that_cannot_be_written_is_told_before_anything_is_asked(
    tmp_path: Path, command: str, status: int
) -> None:
    (tmp_path / "file").write_text("")
    config = tmp_path / "gateway.toml"
    config.write_text('[gateway]\nport = 0\n[audit]\ndir = "file/audit"\n')
    told = CliRunner().invoke(commands, [command, "--config", str(config)])
    assert told.exit_code == status
    assert "operations cannot be recorded there: Not a directory" in told.stderr


def test_AUDIT_a_folder_that_can_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text('[audit]\ndir = "not/there"\n')
    told = CliRunner().invoke(commands, ["check", "--config", str(config)])
    assert "operations can be recorded there" in told.stdout
    assert [each.name for each in tmp_path.iterdir()] == ["gateway.toml"]


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ('fsync = "always"', "nothing is recorded unless dir says where"),
        ('dir = "audit"\nsubjects = true', "ids of people are hashed with a secret"),
        ('dir = "audit"\nfsync = "sometimes"', "always"),
    ],
)
def test_AUDIT_settings_that_make_no_sense_are_mistakes(tmp_path: Path, said: str, problem: str) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text(f"[audit]\n{said}\n")
    told = CliRunner().invoke(commands, ["check", "--config", str(config)])
    assert told.exit_code == 2
    assert problem in told.stderr
