"""Request-scoped loaders, from two factories: records by id, and children of a parent.

One loader per source, so that a slow source holds up nobody else's level. A loader answers every key, with an exception
value for keys whose source failed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Any, TypeVar

from adapters.endpoints import Collection
from adapters.errors import SourceError
from adapters.records import Record
from gateway.faults import DeadlineExceeded
from gateway.roster.batching import Batches
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
        self._made: dict[Hashable, Batches[Any]] = {}

    def standing(self, source: str, collection: Collection) -> Standing | None:
        """Why an older copy stood in when the collection was last loaded from, if one did."""
        return self._standings.get((source, collection))

    async def by_id(self, source: Source, collection: Collection, sourced_id: str) -> Record | None:
        return _had(await self._by_id(source, collection).one(sourced_id))

    async def records(
        self, source: Source, collection: Collection, ids: Sequence[str]
    ) -> dict[str, Record | SourceError | None]:
        """As `by_id`, for many at once; what failed is a value."""
        return await self._by_id(source, collection).many(ids)

    async def children(self, source: Source, collection: Collection, field: str, parent: str) -> tuple[Record, ...]:
        return _had(await self._children(source, collection, field).one(parent))

    async def broods(
        self, source: Source, collection: Collection, field: str, parents: Sequence[str]
    ) -> dict[str, tuple[Record, ...] | SourceError]:
        """As `children`, of many parents at once; what failed is a value."""
        return await self._children(source, collection, field).many(parents)

    def _by_id(self, source: Source, collection: Collection) -> Batches[Record | SourceError | None]:
        since, began = self._terms.since, self._terms.began

        async def read(ids: list[str]) -> Answer[dict[str, Record | SourceError | None]]:
            return await source.ask(
                collection, lambda reader: reader.by_ids(collection, ids, since, began), self._deadline, self._terms
            )

        return self._loader(source, collection, "", read)

    def _children(
        self, source: Source, collection: Collection, field: str
    ) -> Batches[tuple[Record, ...] | SourceError]:
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
    ) -> Batches[Any]:
        name = (source.key, collection, field)
        loader = self._made.get(name)
        if loader is None:

            async def batch(keys: list[str]) -> dict[str, Any]:
                try:
                    answer = await read(keys)
                except SourceError as error:
                    return dict.fromkeys(keys, error)
                except asyncio.CancelledError:
                    if not self._deadline.over:
                        raise
                    # Whoever still waits, though nobody waits for them, would do so for ever.
                    return dict.fromkeys(keys, DeadlineExceeded(source.key, "the operation is over"))
                self._standings[source.key, collection] = answer.standing
                found = answer.found
                return {k: found.get(k, answer.lacks) for k in keys}

            loader = self._made[name] = Batches(batch)
        return loader


def _had(found: V | SourceError) -> V:
    if isinstance(found, SourceError):
        raise found
    return found
