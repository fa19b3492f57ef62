"""Request-scoped data loaders, from two factories: records by id, and children of a parent.

One loader per source, so that a slow source holds up nobody else's level. A loader answers every key, with an exception
value for keys whose source failed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Any, TypeVar

from aiodataloader import DataLoader

from adapters.endpoints import Collection
from adapters.errors import SourceError
from adapters.records import Record
from gateway.faults import DeadlineExceeded
from gateway.roster.deadline import Deadline
from gateway.roster.source import Answer, Source
from gateway.roster.terms import USUAL, Terms
from gateway.roster.whole import Standing

V = TypeVar("V")


class Loaders:
    """The loaders of one operation, for what is read on the same terms."""

    def __init__(self, deadline: Deadline, terms: Terms = USUAL) -> None:
        self._deadline = deadline
        self._terms = terms
        self._standings: dict[tuple[str, Collection], Standing | None] = {}
        self._made: dict[Hashable, DataLoader[str, Any]] = {}

    def standing(self, source: str, collection: Collection) -> Standing | None:
        """Why an older copy stood in when the collection was last loaded from, if one did."""
        return self._standings.get((source, collection))

    async def by_id(self, source: Source, collection: Collection, sourced_id: str) -> Record | None:
        found = await _shared(self._by_id(source, collection).load(sourced_id))
        assert not isinstance(found, SourceError), "a DataLoader raises what is an exception"
        return found

    async def records(
        self, source: Source, collection: Collection, ids: Sequence[str]
    ) -> dict[str, Record | SourceError | None]:
        """As `by_id`, for many at once; what failed is a value."""
        return await _all(self._by_id(source, collection), ids)

    async def children(self, source: Source, collection: Collection, field: str, parent: str) -> tuple[Record, ...]:
        found = await _shared(self._children(source, collection, field).load(parent))
        assert not isinstance(found, SourceError), "a DataLoader raises what is an exception"
        return found

    async def broods(
        self, source: Source, collection: Collection, field: str, parents: Sequence[str]
    ) -> dict[str, tuple[Record, ...] | SourceError]:
        """As `children`, of many parents at once; what failed is a value."""
        return await _all(self._children(source, collection, field), parents)

    def _by_id(self, source: Source, collection: Collection) -> DataLoader[str, Record | SourceError | None]:
        since, began = self._terms.since, self._terms.began

        async def read(ids: list[str]) -> Answer[dict[str, Record | SourceError | None]]:
            return await source.ask(
                collection, lambda reader: reader.by_ids(collection, ids, since, began), self._deadline, self._terms
            )

        return self._loader(source, collection, "", read)

    def _children(
        self, source: Source, collection: Collection, field: str
    ) -> DataLoader[str, tuple[Record, ...] | SourceError]:
        since, began = self._terms.since, self._terms.began

        async def read(parents: list[str]) -> Answer[dict[str, tuple[Record, ...]]]:
            return await source.ask(
                collection,
                lambda reader: reader.children(collection, field, parents, since, began),
                self._deadline,
                self._terms,
            )

        return self._loader(source, collection, field, read)

    def _loader(
        self, source: Source, collection: Collection, field: str, read: Callable[[list[str]], Awaitable[Answer[Any]]]
    ) -> DataLoader[str, Any]:
        name = (source.key, collection, field)
        loader = self._made.get(name)
        if loader is None:

            async def batch(keys: list[str]) -> list[Any]:
                try:
                    answer = await read(keys)
                except SourceError as error:
                    return [error] * len(keys)
                except asyncio.CancelledError:
                    if not self._deadline.over:
                        raise
                    # Whoever still waits, though nobody waits for them, would do so for ever.
                    return [DeadlineExceeded(source.key, "the operation is over")] * len(keys)
                self._standings[source.key, collection] = answer.standing
                found = answer.found
                return [found.get(k, answer.lacks) for k in keys]

            loader = self._made[name] = DataLoader(batch)
        return loader


async def _shared(coming: asyncio.Future[V]) -> V:
    """What is shared by all who want the key: one of them being cancelled must not cancel it for the others."""
    coming.add_done_callback(_seen)
    return await asyncio.shield(coming)


def _seen(done: asyncio.Future[Any]) -> None:
    """Who waited may be gone when it fails, which is no mistake to log."""
    if not done.cancelled():
        done.exception()


async def _all(loader: DataLoader[str, V | SourceError], keys: Sequence[str]) -> dict[str, V | SourceError]:
    coming = asyncio.gather(*map(loader.load, keys), return_exceptions=True)
    found: dict[str, V | SourceError] = {}
    for key, value in zip(keys, await asyncio.shield(coming), strict=True):
        if isinstance(value, BaseException) and not isinstance(value, SourceError):
            raise value
        found[key] = value
    return found
