"""A plain HTTP client for the sandbox's servers, written apart from the gateway's own."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2
import oauthlib.oauth1
import pytest

from gateway.sandbox.server import Server, make_server
from gateway.sandbox.truth import District
from tests.districts import generate

BASE = "http://sandbox.example"
BODY_CREDENTIALS = ("timeback", "powerschool")


@dataclass
class Reach:
    """One server and an authenticated way to it."""

    server: Server
    client: httpx2.AsyncClient
    settings: dict[str, Any] = field(default_factory=dict)
    token: str = ""

    async def ask_token(self, *, scope: str | None = "all", **more: Any) -> httpx2.Response:
        version = self.server.kind.version.replace(".", "p")
        form = {"grant_type": "client_credentials"}
        prefix = f"https://purl.imsglobal.org/spec/or/v{version}/scope/"
        if scope == "all":
            form["scope"] = f"{prefix}roster.readonly {prefix}roster-demographics.readonly"
        elif scope:
            form["scope"] = prefix + scope
        pair = (self.settings["client_id"], more.pop("secret", self.settings["client_secret"]))
        if self.server.slug in BODY_CREDENTIALS:
            return await self.client.post(
                self.settings["token_url"], data={**form, "client_id": pair[0], "client_secret": pair[1]}, **more
            )
        return await self.client.post(self.settings["token_url"], auth=pair, data=form, **more)

    def sign(self, url: str, secret: str | None = None, **more: Any) -> str:
        signer = oauthlib.oauth1.Client(
            self.settings["client_id"],
            client_secret=secret or self.settings["client_secret"],
            **{"signature_method": oauthlib.oauth1.SIGNATURE_HMAC_SHA256, **more},
        )
        return str(signer.sign(url)[1]["Authorization"])

    def url(self, path: str, **params: Any) -> str:
        if self.server.kind.slash and path.count("/") == 1:
            path += "/"
        return str(httpx2.URL(self.settings["base_url"] + path, params=params or None))

    async def get(self, path: str, **params: Any) -> httpx2.Response:
        """GET below the base URL with whatever this kind demands."""
        url = self.url(path, **params)
        if self.server.slug == "classlink":
            return await self.client.get(url, headers={"authorization": self.sign(url)})
        if not self.token:
            static = self.settings.get("token")
            self.token = static or (await self.ask_token()).json()["access_token"]
        return await self.client.get(url, headers={"authorization": f"Bearer {self.token}"})

    async def rows(self, path: str, **params: Any) -> list[dict[str, Any]]:
        response = await self.get(path, **params)
        assert response.status_code == 200, response.text
        return next(value for value in response.json().values() if isinstance(value, list))

    async def ids(self, path: str, **params: Any) -> list[str]:
        return [row["sourcedId"] for row in await self.rows(path, **params)]


Connect = Callable[..., Reach]


@pytest.fixture(scope="session")
def district() -> District:
    """Read only: tests that change a district make their own."""
    return generate(7, 60, id_style="awkward")


@pytest.fixture
async def connect(district: District) -> AsyncIterator[Connect]:
    clients: list[httpx2.AsyncClient] = []

    def make(kind: str, of: District | None = None, **options: Any) -> Reach:
        server = make_server(kind, of or district, **options)
        client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=server.app))
        clients.append(client)
        return Reach(server, client, server.settings(BASE))

    yield make
    for client in clients:
        await client.aclose()
