"""Several things read side by side: each is waited for, whatever becomes of the others. Nothing reads on behind the
back of an operation whose answer is out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar, overload

A = TypeVar("A")
B = TypeVar("B")


@overload
async def together(one: Awaitable[A], other: Awaitable[B], /) -> tuple[A, B]: ...
@overload
async def together(*work: Awaitable[A]) -> tuple[A, ...]: ...
async def together(*work: Awaitable[Any]) -> tuple[Any, ...]:
    """What comes of each, in their order. Raises what the first of them raised, in this order too."""
    found = await asyncio.gather(*work, return_exceptions=True)
    for each in found:
        if isinstance(each, BaseException):
            raise each
    return tuple(found)
