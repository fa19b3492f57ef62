"""Request-scoped data loaders, from two factories: records by id, and children of a parent.

One loader per source, so that a slow source holds up nobody else's level. A loader answers every key, with an exception
value for keys whose source failed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

from aiodataloader import DataLoader

from adapters.endpoints import Collection
from adapters.errors import SourceError
from adapters.records import Record
from gateway.roster.deadline import Deadline
from gateway.roster.sources import Source

V = TypeVar("V")


class Loaders:
    """The loaders of one operation."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._made: dict[Hashable, DataLoader[str, Any]] = {}

    async def by_id(self, source: Source, collection: Collection, sourced_id: str) -> Record | None:
        async def read(ids: list[str]) -> dict[str, Record | None]:
            return await source.ask(collection, lambda reader: reader.by_ids(collection, ids), self._deadline)

        return await self._load((source.key, collection), read, sourced_id)

    async def children(self, source: Source, collection: Collection, field: str, parent: str) -> tuple[Record, ...]:
        async def read(parents: list[str]) -> dict[str, tuple[Record, ...]]:
            return await source.ask(
                collection, lambda reader: reader.children(collection, field, parents), self._deadline
            )

        return await self._load((source.key, collection, field), read, parent)

    async def _load(self, name: Hashable, read: Callable[[list[str]], Awaitable[dict[str, V]]], key: str) -> V:
        loader = self._made.get(name)
        if loader is None:

            async def batch(keys: list[str]) -> list[Any]:
                try:
                    found = await read(keys)
                except SourceError as error:
                    return [error] * len(keys)
                return [found[k] for k in keys]

            loader = self._made[name] = DataLoader(batch)
        # The future is shared by all who want the key; one of them being cancelled must not cancel it for the others.
        value: V = await asyncio.shield(loader.load(key))
        return value
