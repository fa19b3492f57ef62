"""Clients with keys, over HTTP in this process: who has none is refused, and who has one sees its sources alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from adapters.secret import Secret
from gateway.access.api_keys import hashed, id_of, make
from gateway.access.clients import Client, Kept, Row, changing
from gateway.access.field_class import FieldClass
from gateway.access.scope import Scope
from gateway.app import build
from gateway.config import AccessSettings
from gateway.serve import listen
from tests.gateway.support import MakeWorld, World, reading_all

pytestmark = pytest.mark.anyio

SECRET = Secret("a secret of the gateway, of many characters")
USERS = "{ users(first: 500) { nodes { id } sources { source { key } } } }"


class Clients:
    """A gateway with clients, by name; `rows` of each."""

    def __init__(self, client: httpx2.AsyncClient, keys: dict[str, str]) -> None:
        self._client = client
        self._keys = keys

    async def post(self, name: str, query: str, headers: dict[str, str] | None = None, **variables: Any) -> Any:
        said = {"authorization": f"Bearer {self._keys[name]}", **(headers or {})}
        return await self._client.post("/graphql", json={"query": query, "variables": variables}, headers=said)

    async def ask(self, name: str, query: str, **variables: Any) -> Any:
        answer = await self.post(name, query, **variables)
        assert answer.status_code == 200
        return answer.json()

    async def plain(self, method: str, path: str, **given: Any) -> httpx2.Response:
        return await self._client.request(method, path, **given)


@asynccontextmanager
async def gateway(made: World, folder: Path, **rows: Sequence[Row]) -> AsyncIterator[Clients]:
    keys = {name: make().reveal() for name in rows}
    with changing(folder / "clients.json") as clients:
        for name, key in keys.items():
            clients[name] = Client(name, (Kept(id_of(key) or "", hashed(key, SECRET), 0),), tuple(rows[name]))
    settings = replace(
        made.settings,
        gateway=replace(made.settings.gateway, secret=SECRET),
        access=AccessSettings(clients=folder / "clients.json"),
    )
    app = build(settings, made.connect)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="https://roster.example") as client:
        yield Clients(client, keys)
    await app.state.sources.close()


def asked(made: World) -> Counter[str]:
    return +Counter({key: sum(server.requests.values()) for key, server in made.servers.items()})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer orgw_x"},
        {"authorization": f"Bearer {make().reveal()}"},
        {"authorization": "Basic x"},
    ],
    ids=["none", "no-key", "nobodys-key", "another-scheme"],
)
async def test_S04_without_a_key_nothing_is_answered_and_nobody_asked(
    world: MakeWorld, tmp_path: Path, headers: dict[str, str]
) -> None:
    made = world(a="standard-1.2")
    async with gateway(made, tmp_path, app=[reading_all(every=True)]) as clients:
        for body in ({"query": USERS}, {"query": "{ __schema { types { name } } }"}, {"query": "{ nonsense"}):
            answer = await clients.plain("POST", "/graphql", json=body, headers=headers)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
            assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
            assert "data" not in answer.json()
    assert not asked(made)


async def test_S04_a_client_sees_its_sources_and_no_trace_of_others(world: MakeWorld, tmp_path: Path) -> None:
    made = world(a="standard-1.2", b="classlink")
    async with gateway(made, tmp_path, one=[reading_all(sources=("a",))], both=[reading_all(every=True)]) as clients:
        mine, all_ = [await clients.ask(name, USERS) for name in ("one", "both")]
        seen = [{node["id"].split(":")[1] for node in answer["data"]["users"]["nodes"]} for answer in (mine, all_)]
        assert seen == [{"a"}, {"a", "b"}]
        listed = await clients.ask("one", "{ sources { totalCount nodes { key } } }")
        assert listed["data"]["sources"] == {"totalCount": 1, "nodes": [{"key": "a"}]}
        front = await clients.plain("GET", "/", headers={"accept": "application/json"})
        assert "sources" not in front.json()
        page = await clients.plain("GET", "/", headers={"accept": "text/html"})
        assert "Classlink" not in page.text and made.settings.sources[1].name not in page.text  # noqa: PT018


@pytest.mark.parametrize(
    "query",
    [
        'query { source(id: "KEY") { key } }',
        'query { node(id: "Source:KEY") { id } }',
        'query { node(id: "User:KEY:1") { id } }',
        'query { nodes(ids: ["User:KEY:1", "Org:KEY:1"]) { id } }',
        'query { user(id: "User:KEY:1") { id } }',
        'query { users(sources: ["KEY"]) { totalCount } }',
        'query { users(read: { labels: ["KEY"] }) { totalCount } }',
        'query { viewer { grants(sources: ["KEY"]) { purpose } } }',
        'mutation { refreshSource(input: { source: "KEY" }) { source { key } userErrors { code message } } }',
        'mutation { decideHolds(input: { sources: ["KEY"], accept: true }) { userErrors { code message } } }',
    ],
)
async def test_B13_a_source_that_is_not_ones_own_is_as_one_that_does_not_exist(
    world: MakeWorld, tmp_path: Path, query: str
) -> None:
    made = world({"b": {"labels": ["b"]}}, a="standard-1.2", b="classlink")
    async with gateway(
        made, tmp_path, one=[reading_all(Scope.EXPLAIN, Scope.REFRESH, Scope.HOLDS, sources=("a",))]
    ) as clients:
        foreign, missing = [
            (await clients.post("one", query.replace("KEY", key)))
            .text.replace(f" {key};", " ?;")
            .replace(f" {key}:", " ?:")
            for key in ("b", "x")
        ]
        assert foreign == missing
    assert not asked(made)["b"]


@pytest.mark.parametrize(
    "cut", ["User:b:", "User:b", "User:a:", "User:a", "User::1", "User:", "User", ":", "", "nonsense", "No:a:1"]
)
async def test_B13_an_id_that_is_cut_or_malformed_is_as_one_that_nobody_has(
    world: MakeWorld, tmp_path: Path, cut: str
) -> None:
    made = world(a="standard-1.2", b="classlink")
    query = "query ($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } user(id: $id) { id } }"
    async with gateway(made, tmp_path, one=[reading_all(sources=("a",))]) as clients:
        found, missing = [(await clients.post("one", query, id=id_)).text for id_ in (cut, "User:x:1")]
        assert found == missing
    assert not asked(made)


async def test_what_is_done_to_a_source_needs_a_key_that_allows_it_there(world: MakeWorld, tmp_path: Path) -> None:
    made = world(a="standard-1.2", b="classlink")
    rows = [reading_all(every=True), Row(sources=("b",), scopes=(Scope.REFRESH, Scope.EXPLAIN))]
    async with gateway(made, tmp_path, app=rows, plain=[reading_all(every=True)]) as clients:
        query = "mutation ($s: ID!) { refreshSource(input: { source: $s }) { userErrors { code message } } }"
        refused, done = [(await clients.ask("app", query, s=key))["data"]["refreshSource"] for key in "ab"]
        assert refused["userErrors"] == [
            {"code": "FORBIDDEN_SCOPE", "message": "a: this key does not allow `refresh` there"}
        ]
        assert done["userErrors"] == []
        decide = 'mutation { decideHolds(input: { sources: ["a"], accept: true }) { userErrors { code } } }'
        found = (await clients.ask("app", decide))["data"]["decideHolds"]["userErrors"]
        assert found == [{"code": "FORBIDDEN_SCOPE"}]
        shown = await clients.post("app", USERS, headers={"x-gateway-explain": "1"})
        assert "explain" in shown.json()["extensions"]
        hidden = await clients.post("plain", USERS, headers={"x-gateway-explain": "1"})
        assert (hidden.status_code, hidden.json()["errors"][0]["extensions"]["code"]) == (403, "FORBIDDEN_SCOPE")


async def test_a_row_of_the_key_that_a_source_had_before_is_of_that_source(world: MakeWorld, tmp_path: Path) -> None:
    made = world({"b": {"former_keys": ["old"]}}, a="standard-1.2", b="classlink")
    async with gateway(made, tmp_path, one=[reading_all(sources=("old",))]) as clients:
        answer = await clients.ask("one", "{ sources { nodes { key } } viewer { grants { id } } }")
        assert answer["data"] == {"sources": {"nodes": [{"key": "b"}]}, "viewer": {"grants": [{"id": "Grant:b"}]}}


VIEWER = """
{
  viewer {
    name
    masked
    grants { id source { key } scopes fieldClasses orgs { id sourcedId } masked expiresAt purpose }
  }
}
"""


async def test_a_client_is_shown_who_it_is_and_what_holds_of_all_that_it_was_granted(
    world: MakeWorld, tmp_path: Path
) -> None:
    made = world(a="standard-1.2", b="classlink")
    rows = [
        Row(sources=("a",), scopes=(Scope.ROSTER,), fields=(FieldClass.NAME, FieldClass.RAW), orgs=("2",)),
        Row(
            sources=("a",),
            scopes=(Scope.EXPLAIN, Scope.ROSTER_CORE),
            fields=(FieldClass.NAME,),
            orgs=("10",),
            expires=4_000_000_000,
            purpose="homework",
        ),
        Row(sources=("b",)),
        Row(sources=("b",), scopes=(Scope.RESOURCE,), expires=1),
    ]
    async with gateway(made, tmp_path, app=rows) as clients:
        assert (await clients.ask("app", VIEWER))["data"]["viewer"] == {
            "name": "app",
            "masked": False,
            "grants": [
                {
                    "id": "Grant:a",
                    "source": {"key": "a"},
                    "scopes": ["roster-core.readonly", "explain"],
                    "fieldClasses": ["NAME"],
                    "orgs": [{"id": "Org:a:10", "sourcedId": "10"}, {"id": "Org:a:2", "sourcedId": "2"}],
                    "masked": False,
                    "expiresAt": "2096-10-02T07:06:40Z",
                    "purpose": "homework",
                },
                {
                    "id": "Grant:b",
                    "source": {"key": "b"},
                    "scopes": [],
                    "fieldClasses": [],
                    "orgs": None,
                    "masked": False,
                    "expiresAt": None,
                    "purpose": None,
                },
            ],
        }
    assert not asked(made)


@pytest.mark.parametrize(
    ("granted", "shown"), [(("1", "2"), ["2"]), (("1",), []), (None, ["2", "3"])], ids=["some", "none", "no-limit"]
)
async def test_a_client_is_shown_the_orgs_that_the_settings_leave_of_those_granted(
    world: MakeWorld, tmp_path: Path, granted: tuple[str, ...] | None, shown: list[str]
) -> None:
    made = world({"a": {"schools": ["2", "3"]}}, a="standard-1.2")
    async with gateway(made, tmp_path, app=[Row(sources=("a",), orgs=granted)]) as clients:
        (grant,) = (await clients.ask("app", VIEWER))["data"]["viewer"]["grants"]
        assert [org["sourcedId"] for org in grant["orgs"]] == shown


async def test_a_client_that_sees_masks_is_shown_no_id_of_its_orgs(world: MakeWorld, tmp_path: Path) -> None:
    made = world(a="standard-1.2")
    everything = reading_all(sources=("a",))
    async with gateway(made, tmp_path, all=[everything]) as clients:
        school = (await clients.ask("all", "{ classes(first: 1) { nodes { schoolRef { sourcedId } } } }"))["data"][
            "classes"
        ]["nodes"][0]["schoolRef"]["sourcedId"]
    masked = msgspec.structs.replace(everything, orgs=(school,), mask=True)
    async with gateway(made, tmp_path, app=[masked]) as clients:
        viewer = (await clients.ask("app", VIEWER))["data"]["viewer"]
        (grant,) = viewer["grants"]
        assert viewer["masked"] is grant["masked"] is True
        (shown,) = grant["orgs"]
        assert school not in shown["id"]
        found = await clients.ask("app", "query ($id: ID!) { node(id: $id) { id } }", id=shown["id"])
        assert found["data"]["node"] == {"id": shown["id"]}


async def test_where_clients_are_told_apart_any_address_may_be_listened_on() -> None:
    bound = listen("0.0.0.0", 0, told_apart=True)
    bound.close()


FORGED = (
    *({"host": host} for host in ("evil.example", "127.0.0.1", "", "a b", "[", "@", "a:b:c", "../..", "x" * 5_000)),
    *({name: "127.0.0.1"} for name in ("x-forwarded-for", "x-real-ip", "x-client-ip", "true-client-ip", "forwarded")),
    {"x-forwarded-host": "localhost", "x-forwarded-proto": "https", "x-forwarded-prefix": "/"},
    {"x-forwarded-user": "app", "x-remote-user": "app", "remote-user": "app"},
    {"x-original-url": "/readyz", "x-rewrite-url": "/readyz", "x-http-method-override": "GET"},
)


@pytest.mark.parametrize("said", FORGED, ids=lambda said: "-".join(said) + "=" + next(iter(said.values()))[:12])
async def test_B15_what_a_request_says_of_its_way_changes_nothing(
    world: MakeWorld, tmp_path: Path, said: dict[str, str]
) -> None:
    made = world(a="standard-1.2")
    async with gateway(made, tmp_path, app=[Row(every=True)]) as clients:
        answer = await clients.plain("POST", "/graphql", json={"query": USERS}, headers=said)
        assert answer.status_code == 401
        known = await clients.post("app", "{ viewer { name } }", headers=said)
        assert known.json()["data"]["viewer"]["name"] == "app"


@pytest.mark.parametrize("path", ["/graphql/../metrics", "/%67raphql", "//graphql", "/graphql;x", "/graphql%2f"])
async def test_B15_the_path_is_the_one_that_was_sent(world: MakeWorld, tmp_path: Path, path: str) -> None:
    made = world(a="standard-1.2")
    async with gateway(made, tmp_path, app=[Row(every=True)]) as clients:
        answer = await clients.plain("POST", path, json={"query": USERS})
        assert answer.status_code in (401, 404, 405, 307)
    assert not asked(made)


async def test_B15_no_request_is_sent_on_to_the_host_that_it_names(world: MakeWorld, tmp_path: Path) -> None:
    made = world(a="standard-1.2")
    async with gateway(made, tmp_path, app=[Row(every=True)]) as clients:
        for path, place in (("/graphql/?a=%20%22b", "../graphql?a=%20%22b"), ("/graphql/", "../graphql")):
            answer = await clients.plain("POST", path, headers={"host": "evil.example"})
            assert (answer.status_code, answer.headers["location"]) == (307, place)
        for path in ("/readyz/", "/metrics/", "/assets/", "/graphql//"):
            assert (await clients.plain("GET", path)).status_code == 404


async def test_B15_without_clients_no_header_makes_up_for_a_host_of_this_machine(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    app = build(made.settings, made.connect)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://127.0.0.1") as client:
        forged = {"x-forwarded-host": "127.0.0.1", "x-forwarded-for": "127.0.0.1", "forwarded": "host=127.0.0.1"}
        answer = await client.post("/graphql", json={"query": USERS}, headers={"host": "evil.example", **forged})
        assert answer.status_code == 400
    assert not asked(made)
    await app.state.sources.close()
