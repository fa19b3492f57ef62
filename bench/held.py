"""A district of exact sizes held whole in this process, and the ways to answer from it that are compared."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any, Final

import httpx2
import msgspec
import orjson
from strawberry.http import process_result
from strawberry.schema.config import StrawberryConfig

from adapters.client import SourceClient
from adapters.endpoints import Collection
from bench.processes import SECRETS
from bench.queries import IN_FLIGHT, PAGE_LIMIT, WIDE
from bench.truth import exact
from gateway.access.field_class import FieldClass
from gateway.access.grant import EVERYTHING, Access, Grant
from gateway.config import Settings, SourceSettings, from_tables
from gateway.execution import compiling
from gateway.execution.answering import Asked, respond
from gateway.identity import CursorCodec
from gateway.roster.reading import Reading
from gateway.roster.source import Source
from gateway.roster.sources import Sources
from gateway.roster.tables import Table
from gateway.roster.whole import Whole
from gateway.sandbox.server import Server, make_server
from gateway.schema import SCHEMA, Schema
from gateway.schema.context import Context
from gateway.schema.mutation import Mutation
from gateway.schema.query import Query
from gateway.schema.scalars import SCALARS

KEY: Final = "measured"
HELD: Final = (Collection.ORGS, Collection.COURSES, Collection.CLASSES, Collection.USERS, Collection.ENROLLMENTS)
DEADLINE: Final = 120.0

Way = Callable[[str, Context], Awaitable[bytes]]
"""Executes a document and encodes what came of it."""


def plain() -> Schema:
    """This graph by Strawberry alone, as a team has it that asks for nothing more."""
    return Schema(Query, Mutation, config=StrawberryConfig(scalar_map=SCALARS))


def ways() -> Mapping[str, Way]:
    bare, led = plain(), compiling(SCHEMA)

    async def by_strawberry(query: str, context: Context) -> bytes:
        return json.dumps(process_result(await bare.execute(query, None, context))).encode()

    async def with_caches(query: str, context: Context) -> bytes:
        return orjson.dumps(process_result(await SCHEMA.execute(query, None, context)))

    async def by_plan(query: str, context: Context) -> bytes:
        return (await respond(led, Asked(query), context)).body

    return MappingProxyType({"plain": by_strawberry, "cached": with_caches, "ours": by_plan})


def district() -> tuple[Settings, Callable[[SourceSettings], SourceClient]]:
    """Settings with one source, and how it is reached: within this process."""
    server: Server = make_server(WIDE.kind, exact())
    capabilities = {
        "max_limit": PAGE_LIMIT,
        "filter_clauses": WIDE.clauses,
        "max_url": WIDE.max_url,
        "max_concurrency": IN_FLIGHT,
    }
    settings = from_tables(
        {
            "gateway": {"secret": SECRETS["BENCH_GATEWAY_SECRET"], "deadline": f"{DEADLINE:.0f}s"},
            "sources": [
                {
                    "key": KEY,
                    **server.settings(f"http://{KEY}.test"),
                    "capabilities": capabilities,
                    "cache": {"fresh_for": dict.fromkeys(HELD, "1d")},
                }
            ],
        }
    )
    assert not settings.mistakes, settings.mistakes
    return settings, lambda each: SourceClient(each.spec, httpx2.ASGITransport(server.app))


@asynccontextmanager
async def held() -> AsyncIterator[Sources]:
    """The district's tables, read whole."""
    settings, connect = district()
    sources = Sources.open(settings, connect)
    try:
        [source] = sources
        for collection in HELD:
            await read_whole(source, collection)
        yield sources
    finally:
        await sources.close()


async def read_whole(source: Source, collection: Collection) -> None:
    source.refresh(collection, full=True)
    while source.loading(collection):  # noqa: ASYNC110  # it ends in the background, and tells nobody
        await asyncio.sleep(0.01)
    assert source.tables[collection].whole is not None, source.last_error


def reading(sources: Sources, grant: Grant = EVERYTHING) -> Callable[[], Context]:
    """What each operation is handed: the caller's grant, a deadline, loaders of its own."""
    codec = CursorCodec(SECRETS["BENCH_GATEWAY_SECRET"].encode())
    return lambda: Context(Reading(sources, grant, codec, DEADLINE))


def lacking(*classes: FieldClass) -> Grant:
    """All of the district but fields of these classes."""
    return Grant({KEY: Access(classes=frozenset(FieldClass).difference(classes))})


@asynccontextmanager
async def spoiled(sources: Sources) -> AsyncIterator[None]:
    """One user holds what is no boolean, and one class has no status, which no class may be without."""
    [source] = sources
    changes: dict[Collection, dict[str, Any]] = {
        Collection.USERS: {"enabled_user": "perhaps"},
        Collection.CLASSES: {"status": None},
    }
    before: list[tuple[Table, Whole]] = []
    for collection, change in changes.items():
        table = source.tables[collection]
        whole = table.whole
        assert whole is not None
        record = msgspec.structs.replace(whole.rows[len(whole) // 4], **change)
        before.append((table, whole))
        table.keep_changed(await whole.overlaid([record], read_at=whole.read_at, high_water=whole.high_water))
    try:
        yield
    finally:
        for table, whole in before:
            table.keep_changed(whole)
