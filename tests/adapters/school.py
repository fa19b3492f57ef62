"""A small OneRoster 1.1 server in process, and the client that asks it."""

import asyncio
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import httpx2

from adapters.client import Page, PageRequest, SourceClient
from adapters.dialect import BASE_PATH, Auth, Capabilities, Dialect, OAuth2, Version
from adapters.secret import Secret
from adapters.spec import Credentials, SourceSpec

ROOT = BASE_PATH[Version.V1P1]
SINGULAR = {"classes": "class", "demographics": "demographics"}
CLAUSE = re.compile(r"([\w.]+)='([^']*)'")

Raw = dict[str, Any]


def user(n: int, role: str = "student", **members: Any) -> Raw:
    return {
        "sourcedId": f"u{n:03}",
        "status": "active",
        "givenName": "Ann",
        "familyName": f"N{n}",
        "role": role,
        "orgs": [{"sourcedId": "s1"}],
        **members,
    }


class School:
    """A OneRoster 1.1 server: bearer tokens, limit and offset, equality filters joined by AND or OR, totals, links.

    Its faults are attributes, so that a test can turn on one.
    """

    def __init__(self, **tables: list[Raw]) -> None:
        self.tables = {"users": [user(n) for n in range(25)], **tables}
        self.valid: set[str] = set()
        self.issued = 0
        self.log: list[str] = []
        self.headers: list[httpx2.Headers] = []
        self.clamp = 1000
        self.says_total = True
        self.says_links = False
        self.link_host = "https://h.example"
        self.ignores_offset = False
        self.ignores_filter = False
        self.stale_status = 401
        self.before_page: Callable[[int], None] = lambda offset: None
        self.answer: Callable[[httpx2.Request], httpx2.Response | None] = lambda request: None

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        assert request.url.host == "h.example"
        path = request.url.raw_path.partition(b"?")[0].decode()
        await asyncio.sleep(0)
        if path == "/token":
            self.issued += 1
            self.valid.add(f"t{self.issued}")
            return httpx2.Response(200, json={"access_token": f"t{self.issued}", "expires_in": 3600})
        self.log.append(path.removeprefix(ROOT))
        self.headers.append(request.headers)
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.valid:
            return httpx2.Response(self.stale_status)
        return self.answer(request) or self.data(path.removeprefix(ROOT), request.url)

    def data(self, path: str, url: httpx2.URL) -> httpx2.Response:
        _, name, *rest = path.split("/")
        base = {"students": "users", "teachers": "users"}.get(name, name)
        if base not in self.tables:
            return httpx2.Response(404, json={"imsx_codeMinor": "unknownobject"})
        rows = self.tables[base]
        if rest:
            found = [r for r in rows if r["sourcedId"] == unquote(rest[0])]
            if not found:
                return httpx2.Response(404, json={"imsx_codeMinor": "unknownobject"})
            return httpx2.Response(200, json={SINGULAR.get(base, base.removesuffix("s")): found[0]})
        query = url.params
        offset = 0 if self.ignores_offset else int(query.get("offset", 0))
        self.before_page(offset)
        if "filter" in query and not self.ignores_filter:
            rows = [r for r in rows if self.holds(r, query["filter"])]
        limit = min(int(query.get("limit", 100)), self.clamp)
        headers = {"X-Total-Count": str(len(rows))} if self.says_total else {}
        if self.says_links:
            after = offset + limit
            rels = ['rel="first"'] + (['rel="next"'] if after < len(rows) else [])
            links = (f"<{self.link_host}{ROOT}/{name}?limit={limit}&offset={after}>; {rel}" for rel in rels)
            headers["Link"] = ", ".join(links)
        return httpx2.Response(200, json={base: rows[offset : offset + limit]}, headers=headers)

    @staticmethod
    def holds(row: Raw, text: str) -> bool:
        join = any if " OR " in text else all
        return join(School.value(row, field) == value for field, value in CLAUSE.findall(text))

    @staticmethod
    def value(row: Raw, field: str) -> Any:
        for name in field.split("."):
            row = row.get(name, {})
        return row


def spec(auth: Auth | None = None, can: Capabilities | None = None, **settings: Any) -> SourceSpec:
    dialect = Dialect(
        name="northfield",
        version=Version.V1P1,
        title="Northfield",
        docs="d",
        base_path=ROOT,
        auth=auth or OAuth2(token_path="/token"),
        capabilities=can or Capabilities(),
    )
    credentials = Credentials(client_id=Secret("id"), client_secret=Secret("hunter2"), token=Secret("hunter2"))
    return SourceSpec(
        **{"key": "k", "dialect": dialect, "base_url": "https://h.example", "credentials": credentials} | settings
    )


def client(server: School, can: Capabilities | None = None, **settings: Any) -> SourceClient:
    return SourceClient(spec(can=can, **settings), httpx2.MockTransport(server))


async def scanned(asked: SourceClient, request: PageRequest | str) -> list[Page]:
    request = PageRequest(request) if isinstance(request, str) else request
    pages: list[Page] = []
    found = await asked.scan(request, on_page=lambda _, page: pages.append(page))
    assert found.complete, found.reason
    return pages


def ids(pages: list[Page]) -> list[str]:
    return [r.sourced_id for page in pages for r in page.records]


ALL = [f"u{n:03}" for n in range(25)]
TEN = PageRequest("users", limit=10)
