"""Who answers the needs of one source: what a `Source` has of it, be that its `Reader` or less."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from adapters.endpoints import Collection
from gateway.roster.asking import Children, Found
from gateway.roster.pins import Lists


class Version(Protocol):
    """One version of a collection, by its name."""

    @property
    def version(self) -> float: ...


class Reads(Lists, Protocol):
    """Who answers all needs of one source: its `Reader`, what is `Held` of it, or either under a scope."""

    async def by_ids(
        self, collection: Collection, ids: Iterable[str], since: float | None = None, began: float | None = None
    ) -> Found: ...

    async def children(
        self,
        collection: Collection,
        field: str,
        parents: Iterable[str],
        since: float | None = None,
        began: float | None = None,
    ) -> Children: ...

    async def pin(self, collection: Collection, since: float | None = None) -> Version | None: ...
