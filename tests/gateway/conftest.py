from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from gateway.sandbox.server import Server, make_server
from tests.districts import generate
from tests.gateway.support import MakeWorld, World


@pytest.fixture
async def world(anyio_backend: str) -> AsyncIterator[MakeWorld]:
    """`world(a="wide", b="xporter")`: a small district behind each kind of server, or a server that was made before."""
    async with AsyncExitStack() as stack:

        def make(tables: dict[str, dict[str, Any]] | None = None, **kinds: str | Server) -> World:
            servers = {
                key: kind if isinstance(kind, Server) else make_server(kind, generate(seed, students=60))
                for seed, (key, kind) in enumerate(kinds.items(), 1)
            }
            made = World(servers, tables or {})
            stack.push_async_callback(made.sources.close)
            return made

        yield make
