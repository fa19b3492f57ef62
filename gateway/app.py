"""The composition root: settings become sources, sources become a graph, the graph becomes routes."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec
from cross_web import HTTPException
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL

from adapters.client import SourceClient
from adapters.hosts import Hosts
from adapters.pacing import Days, Pacer
from gateway import telemetry
from gateway.access.grant import EVERYTHING
from gateway.config import Settings, SourceSettings
from gateway.execution import compiling
from gateway.faults import ErrorCode, extensions
from gateway.identity import CursorCodec
from gateway.roster.reading import Reading
from gateway.roster.sources import Sources
from gateway.roster.store import Store, open_store
from gateway.schema import SCHEMA, Schema
from gateway.schema.context import Context
from gateway.web import pages

LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")
"""Where the gateway may listen, and the names by which it answers, until clients can be told apart.

Answering to no other name keeps a web page elsewhere from reading rosters through a name that it points here.
"""

MAX_BODY = 256 * 1024
"""Bytes of a request."""

EXPLAIN = "x-gateway-explain"
"""Header with which a client asks to be shown, at `1`, what its operation took."""


def connect(settings: SourceSettings, hosts: Hosts | None = None, days: Days | None = None) -> SourceClient:
    """hosts, days: shared with the other sources of the process."""
    return SourceClient(settings.spec, pacer=Pacer(settings.spec, hosts, days))


def build(
    settings: Settings,
    connect: Callable[[SourceSettings], SourceClient] | None = None,
    *,
    compiled: bool = True,
) -> Starlette:
    """The gateway as an ASGI application. `app.state.sources` holds its sources.

    connect: how a source is reached; over the network, within the limits of the process and of each host, if None.
    compiled: queries are executed by plans where they can be; else graphql-core executes everything.

    Raises:
        NoStore: the settings ask for a store on disk that cannot be had.
    """
    store = open_store(settings.gateway)
    connect = connect or _connected(settings, store)
    sources = Sources.open(settings, connect, store)
    secret = settings.gateway.secret
    codec = CursorCodec(secret.reveal().encode() if secret is not None else secrets.token_bytes(32))

    def reading(explain: bool) -> Reading:
        return Reading(sources, EVERYTHING, codec, settings.gateway.deadline, explain=explain)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.warming = asyncio.create_task(sources.warm())
        yield
        app.state.warming.cancel()
        await sources.close()

    async def front(request: Request) -> Response:
        return pages.front(request, [s.settings.name for s in sources])

    async def ready(request: Request) -> Response:
        if settings.gateway.wait_for_warm and not request.app.state.warming.done():
            return JSONResponse({"status": "warming"}, status_code=503, headers={"Retry-After": "1"})
        return JSONResponse({"status": "ready", "sources": len(list(sources))})

    told = telemetry.exposition(sources)

    async def metrics(request: Request) -> Response:
        return Response(told(), headers={"Content-Type": telemetry.CONTENT_TYPE, "Cache-Control": "no-store"})

    middleware = [Middleware(TrustedHostMiddleware, allowed_hosts=list(LOOPBACK))]
    if settings.gateway.cors_origins:
        middleware.append(
            Middleware(
                CORSMiddleware,
                allow_origins=settings.gateway.cors_origins,
                allow_methods=["POST"],
                allow_headers=["content-type", "authorization", EXPLAIN],
            )
        )
    app = Starlette(
        routes=[
            Route("/", front, methods=["GET"]),
            Route("/graphql", GraphQLEndpoint(reading, compiling(SCHEMA) if compiled else SCHEMA)),
            Route("/readyz", ready, methods=["GET"]),
            Route("/metrics", metrics, methods=["GET"]),
            *pages.routes(),
        ],
        middleware=middleware,
        lifespan=lifespan,
    )
    app.state.sources = sources
    return app


def _connected(settings: Settings, store: Store | None) -> Callable[[SourceSettings], SourceClient]:
    hosts = Hosts(settings.gateway.max_concurrency_per_host, settings.gateway.max_concurrency)
    days = store.days if store is not None else Days()
    return lambda source: connect(source, hosts, days)


class GraphQLEndpoint:
    """POST asks the graph; GET shows GraphiQL to a browser. Whatever goes wrong is answered as JSON."""

    def __init__(self, reading: Callable[[bool], Reading], schema: Schema) -> None:
        self._view = _View(reading, schema)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        await (await self._answer(request))(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.method in ("GET", "HEAD") and pages.accepts_html(request):
            return pages.graphiql(request)
        if request.method != "POST":
            return _refusal(405, "ask with POST and a JSON body; a browser gets GraphiQL", headers={"Allow": "POST"})
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return _refusal(415, "the body must be application/json")
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:
                return _refusal(413, f"the body must be at most {MAX_BODY} bytes")
        try:
            response = await self._view.run(Request(request.scope, _replay(bytes(body))))
        except HTTPException as error:
            return _refusal(error.status_code, error.reason)
        response.headers["Cache-Control"] = "no-store"
        return response


class _View(GraphQL[Context, None]):
    """Strawberry's view over one POST: our JSON, our context."""

    def __init__(self, reading: Callable[[bool], Reading], schema: Schema) -> None:
        super().__init__(schema, graphql_ide=None, allow_queries_via_get=False, subscription_protocols=())
        self._reading = reading

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        return Context(reading=self._reading(request.headers.get(EXPLAIN) == "1"))

    def decode_json(self, data: str | bytes) -> object:
        try:
            decoded = msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise HTTPException(400, "the body is not JSON in UTF-8, or is nested too deeply") from error
        if not isinstance(decoded, dict):
            raise HTTPException(400, "the body must be a JSON object with a `query`; several at once are not taken")
        return decoded

    def encode_json(self, data: object) -> bytes:
        return msgspec.json.encode(data)


def _replay(body: bytes) -> Receive:
    """A body that was read, to be read once more."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _refusal(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    error = {"message": message, "extensions": extensions(ErrorCode.BAD_USER_INPUT)}
    return JSONResponse({"errors": [error]}, status, headers={"Cache-Control": "no-store", **(headers or {})})
