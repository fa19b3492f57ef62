"""One source that is followed by what changes in it: its district, the way to its server, and the reader."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

from adapters.client import SourceClient
from adapters.endpoints import Collection
from adapters.records import Enrollment
from gateway.config import from_tables
from gateway.roster.reader import Reader
from gateway.roster.store import Store
from gateway.roster.tables import Table
from gateway.sandbox.exact import exact_district
from gateway.sandbox.scope import copy_of
from gateway.sandbox.server import Server, make_server
from gateway.sandbox.truth import District
from tests.gateway.support import ONE_TRY

DISTRICT = exact_district(3, users=60, classes=6, courses=3, enrollments=120)

Told = dict[str, tuple[str, str | None, str | None, str | None, str | None]]
"""Enrollments by id: status, date, person, class and role, as told."""


@dataclass
class Way(httpx2.AsyncBaseTransport):
    """The way to the server. `before`: what happens before a data request, by its number from now on."""

    server: Server
    before: dict[int, Callable[[], int | None]] = field(default_factory=dict)
    sent: list[httpx2.Request] = field(default_factory=list)

    def begin(self, before: dict[int, Callable[[], int | None]] | None = None) -> None:
        self.before, self.sent = before or {}, []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            self.sent.append(request)
            happens = self.before.pop(len(self.sent), None)
            status = happens() if happens else None
            if status is not None:
                return httpx2.Response(status)
        return await httpx2.ASGITransport(self.server.app).handle_async_request(request)


@dataclass
class Followed:
    district: District
    server: Server
    way: Way
    reader: Reader

    @property
    def table(self) -> Table:
        return self.reader.tables[Collection.ENROLLMENTS]

    async def refresh(
        self,
        collection: Collection = Collection.ENROLLMENTS,
        *,
        full: bool = False,
        before: dict[int, Callable[[], int | None]] | None = None,
    ) -> int:
        """How many requests it took."""
        self.way.begin(before)
        self.reader.refresh(collection, full)
        while self.reader.loading(collection):  # noqa: ASYNC110  # it ends in the background, and tells nobody
            await asyncio.sleep(0)
        return len(self.way.sent)

    def filters(self) -> list[str | None]:
        return [request.url.params.get("filter") for request in self.way.sent]

    def held(self) -> Told:
        whole = self.table.last_good
        assert whole is not None
        assert list(whole.ids) == sorted(set(whole.ids))
        return _told(whole.rows)

    async def below(self, name: str, parents: list[str]) -> dict[str, set[str]]:
        """sourcedIds by parent, as the index has them."""
        found = await self.reader.children(Collection.ENROLLMENTS, name, parents)
        return {parent: {r.sourced_id for r in rows} for parent, rows in found.items()}

    def truth(self) -> Told:
        return {
            row["sourcedId"]: (
                row["status"].upper(),
                row["dateLastModified"],
                row["user"]["sourcedId"],
                row["class"]["sourcedId"],
                row["role"].upper(),
            )
            for row in self.server.published("enrollments")
        }


def _told(rows: Any) -> Told:
    found = {}
    for r in rows:
        assert isinstance(r, Enrollment)
        found[r.sourced_id] = (r.status.value, r.date_last_modified, r.user_id, r.class_id, r.role)
    return found


@asynccontextmanager
async def followed(
    kind: str = "standard-1.2",
    *,
    store: Store | None = None,
    server: Server | None = None,
    can: dict[str, Any] | None = None,
    **cache: Any,
) -> AsyncIterator[Followed]:
    district = server.district if server is not None else copy_of(DISTRICT)
    server = server or make_server(kind, district, max_limit=20)
    table = {
        "key": "a",
        "name": "A",
        **server.settings("http://a.test"),
        "capabilities": {"max_limit": 20, "delta": True, **(can or {})},
        "cache": cache,
        **ONE_TRY,
    }
    [settings] = from_tables({"sources": [table]}).sources
    way = Way(server)
    reader = Reader(SourceClient(settings.spec, way), settings, store)
    try:
        yield Followed(district, server, way, reader)
    finally:
        await reader.close()
