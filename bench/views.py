"""The graph behind one of two views, by the gateway's own server: `python -m bench.views plain` or `gateway`.

Both read the same district, which is reached within the process; they differ in the view and in the executor alone.
"""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL

from bench.held import district, plain, reading
from gateway.app import build
from gateway.roster.sources import Sources
from gateway.schema import Schema
from gateway.schema.context import Context
from gateway.serve import listen, serve


class View(GraphQL[Context, None]):
    """Strawberry's, as it comes."""

    def __init__(self, schema: Schema, context: Callable[[], Context]) -> None:
        super().__init__(schema)
        self._context = context

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        return self._context()


def gateway() -> Callable[..., Any]:
    return build(*district())


def strawberry() -> Callable[..., Any]:
    sources = Sources.open(*district())

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await sources.close()

    return Starlette(routes=[Route("/graphql", View(plain(), reading(sources)))], lifespan=lifespan)


VIEWS = {"plain": strawberry, "gateway": gateway}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.views", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("view", choices=VIEWS)
    app = VIEWS[parser.parse_args().view]()
    bound = listen("127.0.0.1", 0)
    serve(app, bound, lambda: print(bound.getsockname()[1], flush=True))


if __name__ == "__main__":
    main()
