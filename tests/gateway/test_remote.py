"""The commands that ask a running gateway, as an operator meets them: over HTTP, to a gateway over sandbox servers."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from typer.testing import CliRunner

from gateway.app import build
from gateway.cli import app
from gateway.config import DocumentPolicy, HttpSettings
from gateway.sandbox.district import generate
from gateway.sandbox.server import make_server
from gateway.serve import address, listen
from tests.gateway.support import World
from tests.serving import served

RUN = CliRunner()
READ = "{ users(status: null, first: 10000) { totalCount } }"


@dataclass(frozen=True)
class Running:
    """A gateway over maple and birch, which hold their people whole."""

    made: World
    url: str

    def run(self, *arguments: str) -> Result:
        return RUN.invoke(app, [*arguments, "--url", self.url])

    def people(self) -> int:
        request = urllib.request.Request(f"{self.url}/graphql", json.dumps({"query": READ}).encode())
        request.add_header("content-type", "application/json")
        with urllib.request.urlopen(request) as answer:
            count: int = json.load(answer)["data"]["users"]["totalCount"]
        return count

    def published(self) -> int:
        return sum(len(server.published("users")) for server in self.made.servers.values())

    def lose(self) -> None:
        """Two thirds of the people of each source are gone, and that is noticed."""
        for key, server in self.made.servers.items():
            for user in list(server.district.users)[: len(server.district.users) * 2 // 3]:
                server.district.remove(user)
            assert self.run("refresh", key, "--wait").exit_code == 0


@contextmanager
def running(**http: Any) -> Iterator[Running]:
    kinds = {key: make_server("xporter-generic", generate(n, students=120)) for n, key in enumerate(("maple", "birch"))}
    made = World(kinds, {"maple": {"labels": ["rollover"]}})
    with served(build(dataclasses.replace(made.settings, http=HttpSettings(**http)), made.connect)) as url:
        yield Running(made, url)
    asyncio.run(made.sources.close())


@pytest.fixture
def gateway() -> Iterator[Running]:
    with running() as found:
        yield found


def test_refresh_reads_again_what_was_read(gateway: Running) -> None:
    before = gateway.people()
    district = gateway.made.servers["maple"].district
    district.remove(district.users[0])
    assert gateway.people() == before
    result = gateway.run("refresh", "maple", "--wait")
    assert result.exit_code == 0, result.output
    [head, row] = result.output.splitlines()
    assert head.split() == ["maple", "state", "records", "as", "of"]
    count = str(len(gateway.made.servers["maple"].published("users")))
    assert row.split()[:3] == ["users", "FRESH", count]
    assert gateway.people() == before - 1


def test_refresh_says_at_once_what_is_being_read(gateway: Running) -> None:
    gateway.made.servers["maple"].latency = 0.5
    result = gateway.run("refresh", "maple", "orgs", "academicsessions")
    assert result.exit_code == 0, result.output
    assert [line.split() for line in result.output.splitlines()[1:]] == [
        ["orgs", "LOADING"],
        ["academicSessions", "LOADING"],
    ]


def test_where_trusted_documents_alone_are_answered_the_commands_are_to_be_trusted_first(tmp_path: Path) -> None:
    (tmp_path / "types.graphql").write_text("{ __typename }")
    trusted = {"documents": DocumentPolicy.TRUSTED, "documents_dir": tmp_path}
    with running(**trusted) as gateway:
        result = gateway.run("refresh", "maple", "orgs")
        assert result.exit_code == 1
        assert "put what `oneroster-gateway documents` prints into its documents_dir" in result.output

    (tmp_path / "commands.json").write_text(RUN.invoke(app, ["documents"]).output)
    with running(**trusted) as gateway:
        for arguments in (("refresh", "maple", "orgs", "--wait"), ("holds", "list"), ("holds", "accept", "maple")):
            result = gateway.run(*arguments)
            assert result.exit_code == 0, result.output


def test_refresh_of_a_source_that_was_never_read_asks_for_collections(gateway: Running) -> None:
    result = gateway.run("refresh", "birch")
    assert result.exit_code == 0
    assert "name the collections" in result.output


def test_refresh_waits_for_a_source_that_is_down_and_fails(gateway: Running) -> None:
    gateway.people()
    gateway.made.servers["maple"].down = True
    assert gateway.run("refresh", "maple").exit_code == 0
    result = gateway.run("refresh", "maple", "--wait")
    assert result.exit_code == 1
    assert "STALE" in result.output


def test_refresh_tells_what_it_could_not_begin(gateway: Running) -> None:
    unknown = gateway.run("refresh", "nowhere")
    assert unknown.exit_code == 1
    assert "NOT_FOUND: no source named nowhere; there are: birch, maple" in unknown.output
    absent = gateway.run("refresh", "maple", "demographics", "orgs")
    assert absent.exit_code == 1
    assert "UNSUPPORTED" in absent.output
    assert "orgs" in absent.output


def test_a_collection_that_does_not_exist_is_told_with_those_that_do(gateway: Running) -> None:
    for command in (["refresh", "maple", "pupils"], ["holds", "list", "--collection", "pupils"]):
        result = gateway.run(*command)
        assert result.exit_code == 2
        assert "no collection named pupils; there are: orgs, academicSessions" in result.output


def test_holds_are_listed_and_accepted_for_several_sources_at_once(gateway: Running) -> None:
    before = gateway.people()
    assert "nothing is held back" in gateway.run("holds").output
    gateway.lose()
    assert gateway.people() == before
    listed = gateway.run("holds")
    assert listed.exit_code == 0
    head, *rows = listed.output.splitlines()
    assert head.split() == ["source", "collection", "held", "at", "before", "now", "missing", "id"]
    assert [row.split()[:2] for row in rows] == [["birch", "users"], ["maple", "users"]]
    assert sum(int(row.split()[3]) for row in rows) == before
    assert sum(int(row.split()[4]) for row in rows) == gateway.published()
    accepted = gateway.run("holds", "accept", "maple", "Source:birch")
    assert accepted.exit_code == 0, accepted.output
    assert "accepted" in accepted.output
    assert gateway.people() == gateway.published()
    assert "nothing is held back" in gateway.run("holds").output


def test_a_hold_is_accepted_by_the_id_that_was_listed_unless_another_reading_has_come(gateway: Running) -> None:
    gateway.people()
    gateway.lose()
    birch, maple = (row.split()[-1] for row in gateway.run("holds").output.splitlines()[1:])
    district = gateway.made.servers["maple"].district
    district.remove(district.users[0])
    assert gateway.run("refresh", "maple", "--wait").exit_code == 0
    result = gateway.run("holds", "accept", birch, maple)
    assert result.exit_code == 1
    assert "NOT_FOUND: maple: this is not held back any more" in result.output
    [row] = gateway.run("holds").output.splitlines()[1:]
    assert (row.split()[0], row.split()[-1] == maple) == ("maple", False)
    assert gateway.run("holds", "refuse", row.split()[-1]).exit_code == 0
    assert "nothing is held back" in gateway.run("holds").output
    assert gateway.run("holds", "accept", birch, "maple").exit_code == 2


def test_holds_are_chosen_by_label_and_collection(gateway: Running) -> None:
    gateway.people()
    gateway.lose()
    assert "birch" not in gateway.run("holds", "list", "--label", "rollover").output
    assert "nothing is held back" in gateway.run("holds", "list", "birch", "--collection", "classes").output
    assert "nothing is held back" in gateway.run("holds", "refuse", "birch", "--collection", "classes").output
    refused = gateway.run("holds", "refuse", "--label", "rollover", "--collection", "users")
    assert refused.exit_code == 0
    assert "refused" in refused.output
    assert [row.split()[0] for row in gateway.run("holds").output.splitlines()[1:]] == ["birch"]


def test_holds_are_never_decided_for_all_sources_by_accident(gateway: Running) -> None:
    gateway.people()
    gateway.lose()
    for choice in ([], ["--collection", "users"], ["nowhere", "maple"], ["--label", "rolover"]):
        result = gateway.run("holds", "accept", *choice)
        assert result.exit_code == 1
        assert "BAD_USER_INPUT" in result.output or "NOT_FOUND" in result.output
    assert len(gateway.run("holds").output.splitlines()) == 3
    assert gateway.run("holds", "list", "nowhere").exit_code == 1


COMMANDS = [["refresh", "maple"], ["holds"], ["holds", "accept", "maple"]]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_gateway_that_is_not_there_is_said(command: list[str]) -> None:
    closed = listen("127.0.0.1", 0)
    url = address(closed)
    closed.close()
    result = RUN.invoke(app, [*command, "--url", url])
    assert result.exit_code == 1
    assert f"no gateway answers at {url}" in result.output
    assert "oneroster-gateway serve" in result.output


@pytest.mark.parametrize("command", COMMANDS)
def test_something_else_than_a_gateway_is_said(command: list[str]) -> None:
    async def hello(_: object) -> PlainTextResponse:
        return PlainTextResponse("hello")

    routes = [Route("/other/graphql", hello, methods=["POST"])]
    with served(Starlette(routes=routes)) as url:
        assert "is not this gateway" in RUN.invoke(app, [*command, "--url", f"{url}/other"]).output
        result = RUN.invoke(app, [*command, "--url", url])
    assert result.exit_code == 1
    assert "HTTP status 404" in result.output


def test_only_addresses_of_the_web_are_asked() -> None:
    result = RUN.invoke(app, ["holds", "--url", "file:///etc"])
    assert result.exit_code == 1
    assert "is not the address of a gateway" in result.output


def test_the_address_may_be_that_of_the_graph(gateway: Running) -> None:
    result = RUN.invoke(app, ["holds", "--url", f"{gateway.url}/graphql"])
    assert result.exit_code == 0, result.output


def test_refresh_in_full_shows_what_was_deleted_without_a_word() -> None:
    server = make_server("standard-1.2", generate(1, students=60))
    made = World({"maple": server}, {"maple": {"capabilities": {"delta": True}}})
    with served(build(made.settings, made.connect)) as url:

        def rows(*options: str) -> int:
            result = RUN.invoke(app, ["refresh", "maple", "users", "--wait", *options, "--url", url])
            assert result.exit_code == 0, result.output
            return int(result.output.splitlines()[1].split()[2])

        before = rows()
        server.district.remove(server.district.users[0])
        assert rows() == before
        assert rows("--full") == before - 1
    asyncio.run(made.sources.close())


def test_a_key_goes_to_the_gateway_and_nowhere_else() -> None:
    seen: list[tuple[str, str | None]] = []

    async def note(request: Request) -> Response:
        seen.append((request.url.path, request.headers.get("authorization")))
        if request.url.path == "/graphql":
            return RedirectResponse("/elsewhere", 303)
        return JSONResponse({"data": {"sources": {"nodes": []}}})

    with served(Starlette(routes=[Route("/{path:path}", note, methods=["GET", "POST"])])) as url:
        result = RUN.invoke(app, ["holds", "--url", url], env={"GATEWAY_KEY": "a-key"})
        assert result.exit_code == 0, result.output
    assert seen == [("/graphql", "Bearer a-key"), ("/elsewhere", None)]


def test_a_key_is_not_sent_where_others_could_read_it() -> None:
    result = RUN.invoke(app, ["holds", "--url", "http://gateway.example", "--key", "a-key"])
    assert result.exit_code == 1
    assert "over plain http" in result.output
    assert "a-key" not in result.output
