"""The baseline: what a careful team writes by hand, Strawberry over loaders that fold keys into filters.

Asked by limit and offset; it has no errors, no limits of its own, no access control, no second source: remember that
when comparing. Silently wrong, too, where one filter matches more rows than the source serves in a page.

    UPSTREAM=http://127.0.0.1:4100/ims/oneroster/rostering/v1p2 TOKEN=... python -m bench.plain_strawberry

CLAUSES: keys folded into one filter. CACHE_TTL: seconds for which upstream GETs are kept, 0 to ask every time.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

import httpx2
import msgspec
import strawberry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.schema.config import StrawberryConfig
from strawberry.types import Info

from bench.serving import serve

Row = dict[str, Any]
Loaders = dict[str, DataLoader[str, Any]]
USER_FIELDS = (
    "sourcedId", "status", "dateLastModified", "username", "givenName", "familyName", "middleName", "identifier",
    "email", "phone",
)  # fmt: skip


class Upstream:
    """GETs of one OneRoster source, kept for a while if wanted; equal ones in flight are then asked once."""

    def __init__(self, base: str, token: str, *, keep: float, in_flight: int = 8) -> None:
        # Shorter than the 5 s after which uvicorn closes idle connections: one that closes while in use fails.
        limits = httpx2.Limits(max_connections=in_flight, max_keepalive_connections=in_flight, keepalive_expiry=2)
        self._client = httpx2.AsyncClient(timeout=60, headers={"Authorization": f"Bearer {token}"}, limits=limits)
        self._base, self._keep = base, keep
        self._kept: dict[Any, tuple[float, asyncio.Task[list[Row]]]] = {}

    async def close(self) -> None:
        await self._client.aclose()

    async def rows(self, collection: str, **params: str | int) -> list[Row]:
        if not self._keep:
            return await self._ask(collection, params)
        key = (collection, *params.items())
        expires, task = self._kept.get(key, (0.0, None))
        if task is None or expires <= time.monotonic():
            task = asyncio.ensure_future(self._ask(collection, params))
            self._kept[key] = (time.monotonic() + self._keep, task)
        return await asyncio.shield(task)

    async def _ask(self, collection: str, params: dict[str, str | int]) -> list[Row]:
        response = await self._client.get(f"{self._base}/{collection}", params=params)
        response.raise_for_status()
        rows: list[Row] = msgspec.json.decode(response.content)[collection]
        return rows


upstream: Upstream
CLAUSES = int(os.environ.get("CLAUSES", "100"))


def folded(collection: str, field: str, *, many: bool) -> Callable[[list[str]], Awaitable[list[Any]]]:
    """A batch function: the row of each key, or its rows."""
    first, _, rest = field.partition(".")

    async def ask(keys: Iterable[str]) -> list[Row]:
        return await upstream.rows(collection, filter=" OR ".join(f"{field}='{key}'" for key in keys), limit=5000)

    async def load(keys: list[str]) -> list[Any]:
        parts = [keys[n : n + CLAUSES] for n in range(0, len(keys), CLAUSES)]
        found: dict[str, Any] = {}
        for rows in await asyncio.gather(*map(ask, parts)):
            for row in rows:
                key = row[first][rest] if rest else row[first]
                if many:
                    found.setdefault(key, []).append(row)
                else:
                    found[key] = row
        return [found.get(key, [] if many else None) for key in keys]

    return load


def loaders() -> Loaders:
    return {
        "enrollments": DataLoader(load_fn=folded("enrollments", "user.sourcedId", many=True)),
        "classes": DataLoader(load_fn=folded("classes", "sourcedId", many=False)),
        "courses": DataLoader(load_fn=folded("courses", "sourcedId", many=False)),
    }


@strawberry.type
class Course:
    sourcedId: str
    title: str | None


@strawberry.type
class Class:
    sourcedId: str
    title: str | None
    course_id: strawberry.Private[str]

    @strawberry.field
    async def course(self, info: Info) -> Course | None:
        row = await info.context["courses"].load(self.course_id)
        return row and Course(sourcedId=row["sourcedId"], title=row["title"])


@strawberry.type
class Enrollment:
    sourcedId: str
    role: str | None
    class_id: strawberry.Private[str]

    @strawberry.field(name="class")  # type: ignore[untyped-decorator]
    async def class_(self, info: Info) -> Class | None:
        row = await info.context["classes"].load(self.class_id)
        return row and Class(sourcedId=row["sourcedId"], title=row["title"], course_id=row["course"]["sourcedId"])


@strawberry.type
class User:
    sourcedId: str
    status: str | None
    dateLastModified: str | None
    username: str | None
    givenName: str | None
    familyName: str | None
    middleName: str | None
    identifier: str | None
    email: str | None
    phone: str | None

    @strawberry.field
    async def enrollments(self, info: Info) -> list[Enrollment]:
        rows = await info.context["enrollments"].load(self.sourcedId)
        return [Enrollment(sourcedId=r["sourcedId"], role=r["role"], class_id=r["class"]["sourcedId"]) for r in rows]


@strawberry.type
class Query:
    @strawberry.field
    async def users(self, limit: int = 100, offset: int = 0) -> list[User]:
        rows = await upstream.rows("users", limit=limit, offset=offset, sort="sourcedId", orderBy="asc")
        fields: list[Row] = [{name: row.get(name) for name in USER_FIELDS} for row in rows]
        return [User(**each) for each in fields]


class View(GraphQL[Loaders, None]):
    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Loaders:
        return loaders()

    def encode_json(self, data: object) -> bytes:
        return msgspec.json.encode(data)


@contextlib.asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[None]:
    global upstream
    environ = os.environ
    upstream = Upstream(environ["UPSTREAM"], environ["TOKEN"], keep=float(environ.get("CACHE_TTL", "0")))
    yield
    await upstream.close()


schema = strawberry.Schema(Query, config=StrawberryConfig(auto_camel_case=False))
app = Starlette(routes=[Route("/graphql", View(schema), methods=["GET", "POST"])], lifespan=lifespan)

if __name__ == "__main__":
    serve(app)
