"""S07: what was read by a wider token, or by other credentials, serves nobody from the moment that these are gone."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from adapters.client import SourceClient
from adapters.endpoints import Collection
from adapters.errors import Denied, SourceError
from adapters.secret import Secret
from adapters.spec import Credentials
from gateway.config import SourceSettings, from_tables, load
from gateway.roster.deadline import Deadline
from gateway.roster.renewing import Renewing
from gateway.roster.source import Source
from gateway.roster.sources import Sources
from gateway.roster.store import open_store
from tests.adapters.school import ROOT, School, user

pytestmark = pytest.mark.anyio

CORE = "https://purl.imsglobal.org/spec/or/v1p1/scope/roster-core.readonly"
MORE = "https://purl.imsglobal.org/spec/or/v1p1/scope/roster-demographics.readonly"
PEOPLE = [user(n) for n in range(8)]
BORN = [{"sourcedId": f"u{n:03}", "status": "active", "birthDate": "2012-03-04"} for n in range(8)]

ORGS = [{"sourcedId": "s1", "name": "Elm", "type": "school"}]


@dataclass
class Server:
    """A school whose tokens have what scopes it grants now; demographics are for those that have theirs."""

    secret: str = "hunter2"
    granted: tuple[str, ...] = (CORE, MORE)
    issued: list[tuple[str, ...]] = field(default_factory=list)
    school: School = field(
        default_factory=lambda: School(
            users=PEOPLE, demographics=BORN, orgs=[{"sourcedId": "s1", "name": "Elm", "type": "school"}]
        )
    )
    asked: list[str] = field(default_factory=list)
    fails: bool = False
    waits: asyncio.Event | None = None

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        if path == "/token":
            if f"client_secret={self.secret}" not in (await request.aread()).decode():
                return httpx2.Response(401, json={"error": "invalid_client"})
            self.issued.append(self.granted)
            token = {"access_token": f"t{len(self.issued)}", "expires_in": 3600, "scope": " ".join(self.granted)}
            return httpx2.Response(200, json=token)
        number = int(request.headers["authorization"].removeprefix("Bearer t"))
        if number != len(self.issued):
            return httpx2.Response(401)
        self.asked.append(path.removeprefix(f"{ROOT}/"))
        forbidden = "demographics" in path and MORE not in self.issued[-1]
        if self.waits is not None:
            await self.waits.wait()
        if self.fails:
            return httpx2.Response(503)
        if forbidden:
            return httpx2.Response(403)
        return self.school.data(path.removeprefix(ROOT), request.url)

    def revoke(self) -> None:
        """The token that is held is worth nothing from now on."""
        self.issued.append(())


@pytest.fixture
def server() -> Server:
    return Server()


def settings(folder: Path | None = None, secret: str = "hunter2") -> Any:
    source = {
        "key": "a",
        "provider": "standard",
        "version": "1.1",
        "base_url": "https://h.example",
        "token_url": "https://h.example/token",
        "client_id": "id",
        "client_secret": secret,
        "auth": {"kind": "oauth2", "scopes": [CORE, MORE], "credentials": "body"},
        "retries": {"attempts": 1},
    }
    gateway = {} if folder is None else {"state_dir": str(folder), "secret": "a secret of the gateway"}
    made = from_tables({"sources": [source], "gateway": gateway})
    assert not made.mistakes, made.mistakes
    return made


def opened(server: Server, folder: Path | None = None, secret: str = "hunter2") -> tuple[Sources, Source]:
    made = settings(folder, secret)

    def connect(own: SourceSettings) -> SourceClient:
        return SourceClient(own.spec, httpx2.MockTransport(server))

    sources = Sources.open(made, connect, open_store(made.gateway))
    [source] = sources
    return sources, source


async def until(so: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not so():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


def kept(folder: Path) -> list[Path]:
    return list(folder.rglob("*users*"))


async def ids(source: Source, collection: Collection) -> list[str]:
    answer = await source.ask(collection, lambda reads: reads.matching(collection, None), Deadline(5))
    return [record.sourced_id for record in answer.found.records]


async def test_S07_what_a_token_may_no_longer_read_is_served_no_more_as_soon_as_it_comes(server: Server) -> None:
    sources, source = opened(server)
    assert len(await ids(source, Collection.USERS)) == len(await ids(source, Collection.DEMOGRAPHICS)) == 8
    asked = len(server.asked)
    await ids(source, Collection.DEMOGRAPHICS)
    assert len(server.asked) == asked  # it is held
    server.granted = (CORE,)
    server.revoke()
    source.refresh(Collection.USERS, full=True)  # anything that has a token asked for
    await until(lambda: len(server.issued) == 3 and not source.loading(Collection.USERS))
    with pytest.raises(SourceError, match="403") as denied:
        await ids(source, Collection.DEMOGRAPHICS)
    assert "roster-demographics.readonly" in str(denied.value)
    assert not source.tables[Collection.DEMOGRAPHICS].load[0]
    server.fails = True  # nor does an older copy stand in for it
    with pytest.raises(SourceError):
        await ids(source, Collection.DEMOGRAPHICS)
    server.fails = False
    assert len(await ids(source, Collection.USERS)) == 8
    server.granted = (CORE, MORE)
    server.revoke()
    source.refresh(Collection.USERS, full=True)
    await until(lambda: len(server.issued) == 5 and not source.loading(Collection.USERS))
    asked = len(server.asked)
    assert len(await ids(source, Collection.USERS)) == 8
    assert len(server.asked) == asked  # a token that may read more takes nothing away
    await sources.close()


async def test_S07_what_is_on_its_way_by_a_wider_token_is_joined_by_nobody_and_kept_for_nobody(server: Server) -> None:
    sources, source = opened(server)
    await ids(source, Collection.USERS)
    server.waits = asyncio.Event()
    before = asyncio.create_task(ids(source, Collection.DEMOGRAPHICS))
    await until(lambda: "demographics" in server.asked[-1])
    waits, server.waits = server.waits, None
    server.granted = (CORE,)
    server.issued[-1:] = [(CORE, MORE), ()]
    source.refresh(Collection.USERS, full=True)
    await until(lambda: not source.loading(Collection.USERS))
    with pytest.raises(SourceError, match="403"):
        await ids(source, Collection.DEMOGRAPHICS)
    waits.set()
    assert len(await before) == 8  # who asked before has it
    assert not source.tables[Collection.DEMOGRAPHICS].load[0]
    await sources.close()


async def test_S07_a_source_whose_tokens_always_lack_a_scope_is_read_once(server: Server) -> None:
    server.granted = (CORE,)
    sources, source = opened(server)
    await ids(source, Collection.USERS)
    server.revoke()
    with pytest.raises(SourceError, match="403"):
        await ids(source, Collection.DEMOGRAPHICS)
    asked = len(server.asked)
    await ids(source, Collection.USERS)
    assert len(server.asked) == asked
    await sources.close()


async def test_S07_a_copy_on_disk_is_taken_up_by_the_credentials_that_it_was_read_by_alone(
    server: Server, tmp_path: Path
) -> None:
    sources, source = opened(server, tmp_path)
    await ids(source, Collection.USERS)
    await sources.close()

    sources, source = opened(server, tmp_path)
    asked = len(server.asked)
    assert len(await ids(source, Collection.USERS)) == 8
    assert len(server.asked) == asked  # it was taken up
    await sources.close()

    assert kept(tmp_path)
    sources, source = opened(server, tmp_path, secret="neither")
    await source.survey()
    assert source.tables[Collection.USERS].read_at is None
    with pytest.raises(Denied):
        await ids(source, Collection.USERS)
    await sources.close()
    assert kept(tmp_path) == []  # nor is it kept for anybody


async def test_S07_a_copy_on_disk_that_a_wider_token_read_is_not_taken_up_by_a_narrower_one(
    server: Server, tmp_path: Path
) -> None:
    sources, source = opened(server, tmp_path)
    for collection in (Collection.USERS, Collection.DEMOGRAPHICS):
        await ids(source, collection)
    await sources.close()
    server.granted = (CORE,)
    server.revoke()
    sources, source = opened(server, tmp_path)
    await ids(source, Collection.ORGS)  # has a token asked for
    with pytest.raises(SourceError, match="403"):
        await ids(source, Collection.DEMOGRAPHICS)
    await sources.close()


async def test_S07_other_credentials_begin_with_nothing_held(server: Server) -> None:
    sources, source = opened(server)
    assert len(await ids(source, Collection.USERS)) == 8
    server.secret = "other"
    server.revoke()
    source.renew(Credentials(client_id=Secret("id"), client_secret=Secret("wrong")))
    with pytest.raises(Denied):
        await ids(source, Collection.USERS)
    asked = len(server.asked)
    source.renew(Credentials(client_id=Secret("id"), client_secret=Secret("other")))
    await asyncio.sleep(1.05)  # a token that was refused is not asked for again for a second; these are others, though
    assert len(await ids(source, Collection.USERS)) == 8
    assert len(server.asked) > asked
    await sources.close()


TOML = """
[[sources]]
key = "a"
provider = "standard"
version = "1.1"
base_url = "https://h.example"
token_url = "https://h.example/token"
client_id = "id"
client_secret = '{reference}'
auth = {{ kind = "oauth2", credentials = "body" }}
retries = {{ attempts = 1 }}
"""


def referring(server: Server, folder: Path, reference: str) -> tuple[Sources, Source, Renewing, list[float]]:
    """The last of these is the time, which is for the test to set."""
    path, now = folder / "gateway.toml", [0.0]
    path.write_text(TOML.format(reference=reference))
    made = load(path, {"NAMED": "hunter2"})
    assert not made.mistakes, made.mistakes
    sources = Sources.open(made, lambda own: SourceClient(own.spec, httpx2.MockTransport(server)))
    [source] = sources
    return sources, source, Renewing(sources, lambda: now[0]), now


async def test_S09_a_secret_in_a_file_is_read_anew_without_a_restart(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    sources, source, renewing, _ = referring(server, tmp_path, "file:secret")
    await ids(source, Collection.USERS)
    await renewing.look()
    asked = len(server.asked)
    await ids(source, Collection.USERS)
    assert len(server.asked) == asked  # the same secret: nothing is read anew
    server.secret = "next"
    secret.write_text("next")
    with caplog.at_level(logging.INFO):
        await renewing.look()
        assert len(await ids(source, Collection.USERS)) == 8
        assert len(server.asked) > asked
        secret.unlink()
        await renewing.look()
        await renewing.look()
    assert [line for line in caplog.messages if "cannot be read" in line] == [
        "a: its credentials cannot be read any more; it is asked by those of before"
    ]
    assert "next" not in caplog.text
    await sources.close()


async def test_S09_a_command_is_run_anew_once_a_source_refuses_what_it_said(server: Server, tmp_path: Path) -> None:
    (tmp_path / "said.py").write_text("print(open('secret').read()); open('ran', 'a').write('x')")
    (tmp_path / "secret").write_text("first")
    server.secret = "first"
    sources, source, renewing, now = referring(server, tmp_path, f"command:{sys.executable} said.py")
    ran = tmp_path / "ran"
    await ids(source, Collection.USERS)
    await renewing.look()
    assert ran.read_text() == "x"
    server.secret = "next"
    server.revoke()
    source.refresh(Collection.USERS, full=True)
    await until(lambda: not source.loading(Collection.USERS))
    await renewing.look()
    await renewing.look()
    assert ran.read_text() == "xx"  # it said the same, and is not asked all the time
    (tmp_path / "secret").write_text("next")
    now[0] = 61.0
    await renewing.look()
    assert ran.read_text() == "xxx"
    assert len(await ids(source, Collection.USERS)) == 8
    await sources.close()


async def test_S09_where_secrets_cannot_change_nothing_is_watched(server: Server, tmp_path: Path) -> None:
    sources, _, renewing, _ = referring(server, tmp_path, "env:NAMED")
    await asyncio.wait_for(renewing.watch(), 1)
    await sources.close()
