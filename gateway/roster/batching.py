"""What several places of an operation want by key, read together, and each key once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

V = TypeVar("V")


class Batches(Generic[V]):
    """Values by key. What is wanted by all that is ready to run now is one batch.

    read: has a value for each of the keys.
    """

    def __init__(self, read: Callable[[list[str]], Awaitable[Mapping[str, V]]]) -> None:
        self._read = read
        self._wanted: list[str] = []
        self._next: asyncio.Task[Mapping[str, V]] | None = None
        self._coming: dict[str, asyncio.Task[Mapping[str, V]]] = {}

    async def one(self, key: str) -> V:
        return (await self.many((key,)))[key]

    async def many(self, keys: Sequence[str]) -> dict[str, V]:
        """The value of each key. One who waits being cancelled cancels nothing for the others."""
        coming = self._coming
        if new := [key for key in dict.fromkeys(keys) if key not in coming]:
            if self._next is None:
                self._next = asyncio.create_task(self._batch())
            self._wanted += new
            coming.update(dict.fromkeys(new, self._next))
        parts = {coming[key] for key in keys}
        if len(parts) == 1:
            found = await asyncio.shield(parts.pop())
            return {key: found[key] for key in keys}
        await asyncio.shield(asyncio.gather(*parts))
        return {key: coming[key].result()[key] for key in keys}

    async def _batch(self) -> Mapping[str, V]:
        await asyncio.sleep(0)  # what others want, who had to be begun themselves, belongs to it too
        wanted, self._wanted, self._next = self._wanted, [], None
        return await self._read(wanted)
