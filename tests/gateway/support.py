"""Sources over sandbox servers in this process: the real client, the real reading, no network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2

from adapters.client import SourceClient
from adapters.predicate import Predicate, equals
from adapters.records import RecordType
from gateway.access.clients import Row
from gateway.access.field_class import FieldClass
from gateway.access.grant import EVERYTHING, Grant
from gateway.access.scope import READS, Scope
from gateway.config import Settings, SourceSettings, from_tables
from gateway.identity import CursorCodec
from gateway.roster.listing import Extent, List, ListQuery, come, listed
from gateway.roster.reading import OnSourceFailure, Place, Reading, ReadOptions
from gateway.roster.sources import Sources
from gateway.sandbox.server import Server

ACTIVE = equals("status", "ACTIVE")


def reading_all(*scopes: Scope, **given: Any) -> Row:
    """A row that gives everything of its sources to be read; scopes: what it allows besides."""
    return Row(scopes=(*READS, *scopes), fields=tuple(FieldClass), **given)


def here() -> Place:
    return Place(("field",), ())


SECRET = "the secret of a gateway, of many characters"

ONE_TRY = {"retries": {"attempts": 1}, "breaker": {"faults": 1_000_000, "calls": 1_000_000}}
"""What one failing answer leads to is looked at, whatever failed before: a source's settings say so else."""


@dataclass
class World:
    """Sandbox servers by source key, and the sources that read them."""

    servers: dict[str, Server]
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.settings: Settings = from_tables(
            {
                "gateway": {"secret": SECRET},
                "sources": [
                    {
                        "key": key,
                        "name": key.title(),
                        **server.settings(f"http://{key}.test"),
                        **ONE_TRY,
                        **self.tables.get(key, {}),
                    }
                    for key, server in self.servers.items()
                ],
            }
        )
        assert not self.settings.mistakes, self.settings.mistakes
        self.sources = Sources.open(self.settings, self.connect)

    def connect(self, settings: SourceSettings) -> SourceClient:
        transport = httpx2.ASGITransport(self.servers[settings.key].app)
        return SourceClient(settings.spec, transport, monotonic=lambda: asyncio.get_running_loop().time())

    def reading(self, grant: Grant = EVERYTHING, seconds: float = 10) -> Reading:
        return Reading(self.sources, grant, CursorCodec(b"secret"), seconds)

    def requests(self, key: str) -> int:
        """Data requests that a server has seen."""
        counted = self.servers[key].requests
        return sum(n for route, n in counted.items() if route != "POST token")


MakeWorld = Callable[..., World]


async def page(
    reading: Reading,
    kind: RecordType = RecordType.USER,
    where: Predicate | None = ACTIVE,
    first: int = 50,
    after: str | None = None,
    sources: list[str] | None = None,
    mode: OnSourceFailure = OnSourceFailure.REPORT,
) -> List:
    read = ReadOptions(on_source_failure=mode)
    query = ListQuery(kind=kind, sources=sources, where=where, read=read)
    return await come(listed(reading, here, query, Extent(size=first, cursor=after)))
