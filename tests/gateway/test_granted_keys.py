"""What `oneroster-gateway key` writes is what a running gateway answers, from the next second on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from adapters.secret import Secret
from gateway.access import clients
from gateway.app import build
from gateway.cli import app
from gateway.config import AccessSettings
from tests.gateway.support import SECRET, MakeWorld, World

pytestmark = pytest.mark.anyio

RUN = CliRunner()
SETTINGS = """
[gateway]
secret = "env:GATEWAY_SECRET"

[access]
clients = "clients.json"

[[sources]]
key = "a"
name = "A"
provider = "standard"
version = "1.2"
base_url = "https://a.example"
token_url = "https://a.example/token"
client_id = "gateway"
client_secret = "env:GATEWAY_SECRET"
"""
QUERY = """
{
  users(first: 1, filter: { role: { eq: STUDENT } }) { totalCount nodes { givenName email demographics { birthDate } } }
  classes(first: 1) { nodes { title enrollments { user { familyName } } } }
}
"""
MORE = ("--sources", "a", "--scopes", "roster.readonly,gradebook.readonly", "--fields", "all")


class Operator:
    """Who has the command, and a clock."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._config = folder / "gateway.toml"
        self._config.write_text(SETTINGS)
        self._at = 100.0
        monkeypatch.setenv("GATEWAY_SECRET", SECRET)
        monkeypatch.setattr(clients.time, "monotonic", lambda: self._at)

    def key(self, *said: str) -> str:
        """What the command says to be kept: of `create`, the key."""
        result = RUN.invoke(app, ["key", *said, "--config", str(self._config)])
        assert result.exit_code == 0, result.output
        self._at += 1
        return result.stdout.strip()


@asynccontextmanager
async def asking(made: World, folder: Path, key: str) -> AsyncIterator[Callable[[str], Any]]:
    settings = replace(
        made.settings,
        gateway=replace(made.settings.gateway, secret=Secret(SECRET)),
        access=AccessSettings(clients=folder / "clients.json"),
    )
    served = build(settings, made.connect)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(served), base_url="https://roster.example") as client:

        async def ask(query: str) -> Any:
            answer = await client.post("/graphql", json={"query": query}, headers={"authorization": f"Bearer {key}"})
            return answer.json() if answer.status_code == 200 else answer.status_code

        yield ask
    await served.state.sources.close()


def codes(answer: Any) -> dict[str, str]:
    """By the field of the document."""
    return {
        ".".join(step for step in error["path"] if isinstance(step, str)): error["extensions"]["code"]
        for error in answer.get("errors", ())
    }


def asked_for_demographics(made: World) -> bool:
    return any("demographics" in endpoint.lower() for endpoint in made.servers["a"].requests)


async def test_S06_a_client_is_answered_what_the_command_granted_until_it_takes_it_back(
    world: MakeWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, operator = world(a="standard-1.2"), Operator(tmp_path, monkeypatch)
    made_key = operator.key("create", "app", "--sources", "a", "--scopes", "roster-core.readonly", "--fields", "NAME")
    async with asking(made, tmp_path, made_key) as ask:
        first = await ask(QUERY)
        (user,), (klass,) = first["data"]["users"]["nodes"], first["data"]["classes"]["nodes"]
        assert user["givenName"]
        assert klass["enrollments"][0]["user"]["familyName"]
        assert (user["email"], user["demographics"]) == (None, None)
        assert codes(first) == {
            "users.nodes.email": "FORBIDDEN_FIELD",
            "users.nodes.demographics": "FORBIDDEN_FIELD",
        }
        assert not asked_for_demographics(made)

        operator.key("grant", "app", *MORE)
        wide = await ask(QUERY)
        assert codes(wide) == {}
        assert wide["data"]["users"]["nodes"][0]["demographics"]["birthDate"]
        assert asked_for_demographics(made)

        operator.key("grant", "app", "--replace", "--sources", "a", "--scopes", "resource.readonly")
        narrow = await ask(QUERY)
        assert narrow["data"] == {"users": {"totalCount": None, "nodes": []}, "classes": {"nodes": []}}
        assert codes(narrow) == {"users": "FORBIDDEN_SCOPE", "classes": "FORBIDDEN_SCOPE"}

        operator.key("ungrant", "app", "1")
        assert (await ask("{ sources { totalCount } }"))["data"] == {"sources": {"totalCount": 0}}

        operator.key("revoke", "app")
        assert await ask(QUERY) == 401


async def test_S04_a_row_for_a_school_holds_over_http(
    world: MakeWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, operator = world(a="standard-1.2"), Operator(tmp_path, monkeypatch)
    everything = operator.key("create", "all", *MORE)
    schools = "orgs(filter: { type: { eq: SCHOOL } }) { nodes { sourcedId users { totalCount } } }"
    async with asking(made, tmp_path, everything) as ask:
        whole = (await ask(f"{{ {schools} users {{ totalCount }} }}"))["data"]
    first, *others = whole["orgs"]["nodes"]
    assert others
    limited = operator.key("create", "app", *MORE, "--orgs", first["sourcedId"])
    async with asking(made, tmp_path, limited) as ask:
        found = (await ask(f"{{ {schools} users {{ totalCount }} }}"))["data"]
    assert found == {"orgs": {"nodes": [first]}, "users": first["users"]}
    assert found["users"]["totalCount"] < whole["users"]["totalCount"]
