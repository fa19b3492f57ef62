"""The composition root: settings become sources, sources become a graph, the graph becomes routes."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.datastructures import State
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from adapters.client import SourceClient
from adapters.hosts import Hosts
from adapters.pacing import Days, Pacer
from adapters.secret import Secret
from gateway import telemetry
from gateway.access.callers import Callers, Keys
from gateway.access.clients import ClientFile
from gateway.access.grant import Grant
from gateway.access.granting import Granted
from gateway.access.issuer import Issuer
from gateway.access.points import Points
from gateway.access.rates import Rates
from gateway.audit.files import AuditFiles
from gateway.audit.subjects import Subjects
from gateway.audit.trail import Trail
from gateway.config import DocumentPolicy, GetPolicy, Settings, SourceSettings
from gateway.endpoint.asgi import App, Receive, Scope, Send
from gateway.endpoint.auditing import PURPOSE, Auditing
from gateway.endpoint.gate import HostGate, Routes
from gateway.endpoint.refusals import Refusals
from gateway.endpoint.request_ids import REQUEST_ID
from gateway.endpoint.route import EXPLAIN, GraphQLRoute
from gateway.execution import compiling
from gateway.faults import ErrorCode
from gateway.identity import CursorCodec
from gateway.roster.reading import Reading
from gateway.roster.renewing import Renewing
from gateway.roster.source import Source
from gateway.roster.sources import Sources
from gateway.roster.store import Store, open_store
from gateway.schema import SCHEMA, Schema
from gateway.schema.touched import TouchedBy
from gateway.vetting import open_documents
from gateway.web import pages

if TYPE_CHECKING:  # what tokens take is loaded where there are any
    from gateway.access.tokens import Tokens

LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")
"""Where the gateway may listen, and the names by which it answers, until clients can be told apart.

Answering to no other name keeps a web page elsewhere from reading rosters through a name that it points here.
"""

UNTRUSTED = (
    "Trusted documents alone are answered here: what is written below is refused, and so is asking for the schema."
)
KEYED = (
    'Whoever asks here has a key: write {"Authorization": "Bearer …"} under Headers, then fetch the schema again. '
    "The page forgets it when it is left."
)
CHOSEN = "Here are keys to choose from; one of your own goes under Headers."
"""What GraphiQL tells its user where that is so."""

GRAPHQL = "/graphql"
"""Where the graph is asked."""


def connect(settings: SourceSettings, hosts: Hosts | None = None, days: Days | None = None) -> SourceClient:
    """hosts, days: shared with the other sources of the process."""
    return SourceClient(settings.spec, pacer=Pacer(settings.spec, hosts, days))


@dataclass(frozen=True, slots=True)
class Gateway:
    """The gateway as an ASGI application. `state.sources` holds its sources."""

    app: App
    state: State

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)  # a plain function is not taken for an application of ASGI 3


def build(
    settings: Settings,
    connect: Callable[[SourceSettings], SourceClient] | None = None,
    *,
    compiled: bool = True,
    keys: Mapping[str, str] | None = None,
) -> Gateway:
    """connect: how a source is reached; over the network, within the limits of the process and of each host, if None.
    compiled: queries are executed by plans where they can be; else graphql-core executes everything.
    keys: what whoever opens GraphiQL may ask with, by what is seen with each: of a demo, on loopback alone.

    Raises:
        NoStore: the settings ask for a store on disk that cannot be had.
        Untrusted: the folder of trusted documents has mistakes.
        BadFile: the file of clients cannot be read.
        CannotRecord: operations are to be recorded where nothing can be written.
    """
    documents = open_documents(settings)
    store = open_store(settings.gateway)
    connect = connect or _connected(settings, store)
    sources = Sources.open(settings, connect, store)
    secret = settings.gateway.secret
    callers = _callers(settings, sources)
    codec = CursorCodec(secret.reveal().encode() if secret is not None else secrets.token_bytes(32))

    def reading(grant: Grant, explain: bool) -> Reading:
        return Reading(sources, grant, codec, settings.gateway.deadline, explain=explain)

    page = _graphiql(settings.http.documents, callers is not None, keys) if settings.http.graphiql else None
    bounded = SCHEMA.bounded(settings.limits, introspection=settings.http.introspection)
    schema = compiling(bounded) if compiled else bounded
    origins = settings.gateway.cors_origins
    audit = _auditing(settings, schema)
    refusals = Refusals()
    graphql = GraphQLRoute(
        schema, reading, page, documents, settings.http.get, settings.limits, callers, origins, audit, refusals
    )
    trail = None if audit is None else audit.trail
    rest = _rest(settings, sources, graphql, telemetry.exposition(sources, schema.taken, trail, refusals.counted))
    app: App = Routes(GRAPHQL, graphql, rest)
    if settings.gateway.cors_origins:
        app = CORSMiddleware(
            app,
            allow_origins=settings.gateway.cors_origins,
            allow_methods=["POST"] if settings.http.get is GetPolicy.OFF else ["GET", "POST"],
            allow_headers=["content-type", "authorization", EXPLAIN, PURPOSE, REQUEST_ID],
            expose_headers=[REQUEST_ID],
        )
    return Gateway(HostGate(app, LOOPBACK, refusals) if callers is None or keys else app, rest.state)


def _callers(settings: Settings, sources: Iterable[Source]) -> Callers | None:
    access, secret = settings.access, settings.gateway.secret
    if not access.told_apart:
        return None
    granted = [Granted(s.key, next(iter(s.traits("districts")), None), s.traits("labels"), s.keys) for s in sources]
    keys = Keys(ClientFile(access.clients), secret) if access.clients is not None and secret is not None else None
    tokens = _tokens(access.jwt) if access.jwt is not None else None
    return Callers(granted, keys, tokens, Rates(access.requests_per_second), Points(access.points_per_minute))


def _auditing(settings: Settings, schema: Schema) -> Auditing | None:
    audit, secret = settings.audit, settings.gateway.secret
    if audit.dir is None:
        return None
    subjects = Subjects(secret) if audit.subjects and secret is not None else None
    files = AuditFiles(audit.dir, audit.max_file_bytes, subjects.check if subjects is not None else None)
    return Auditing(Trail(files, audit.fsync), TouchedBy(schema._schema, schema.documents), subjects)


def _tokens(issuer: Issuer) -> Tokens:
    from gateway.access.key_sets import KeySet
    from gateway.access.tokens import Tokens

    return Tokens(issuer, KeySet(issuer.jwks))


def _rest(settings: Settings, sources: Sources, graphql: GraphQLRoute, figures: Callable[[], bytes]) -> Starlette:
    """Everything but the graph; of that one, the addresses that are almost its own."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.warming = asyncio.create_task(sources.warm())
        renewing = asyncio.create_task(Renewing(sources).watch())
        yield
        app.state.warming.cancel()
        renewing.cancel()
        await sources.close()
        if graphql.audit is not None:
            await graphql.audit.trail.close()

    async def front(request: Request) -> Response:
        names = [s.settings.name for s in sources] if graphql.callers is None else None
        return pages.front(request, names, shown=settings.http.graphiql)

    async def beside(request: Request) -> Response:
        """From the address with a slash to that without; which host and scheme lead here, a proxy may know alone."""
        query = request.url.query
        return RedirectResponse(f"..{GRAPHQL}{'?' if query else ''}{query}", 307)

    async def ready(request: Request) -> Response:
        if graphql.audit is not None and graphql.audit.trail.problem is not None:
            return JSONResponse({"status": "not recording"}, status_code=503, headers={"Retry-After": "1"})
        if settings.gateway.wait_for_warm and not request.app.state.warming.done():
            return JSONResponse({"status": "warming"}, status_code=503, headers={"Retry-After": "1"})
        return JSONResponse({"status": "ready", "sources": len(list(sources))})

    async def metrics(request: Request) -> Response:
        token = settings.http.metrics_token
        if token is not None and not _has(request.headers.get("authorization", ""), token):
            graphql.refusals.tell(401, (ErrorCode.UNAUTHENTICATED,))
            return PlainTextResponse(
                "ask with the `metrics_token` of the settings",
                401,
                {"WWW-Authenticate": "Bearer", "Cache-Control": "no-store"},
            )
        return Response(figures(), headers={"Content-Type": telemetry.CONTENT_TYPE, "Cache-Control": "no-store"})

    app = Starlette(
        routes=[
            Route("/", front, methods=["GET"]),
            Route(GRAPHQL, graphql),
            Route(f"{GRAPHQL}/", beside, methods=["GET", "POST"]),
            Route("/readyz", ready, methods=["GET"]),
            Route("/metrics", metrics, methods=["GET"]),
            *(pages.routes() if settings.http.graphiql else ()),
        ],
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.sources = sources
    return app


def _has(header: str, token: Secret) -> bool:
    scheme, _, given = header.partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.reveal().encode())


def _graphiql(documents: DocumentPolicy, keyed: bool, keys: Mapping[str, str] | None) -> App:
    notes = [UNTRUSTED] if documents is DocumentPolicy.TRUSTED else []
    notes += [CHOSEN] if keys else [KEYED] if keyed else []
    note = " ".join(notes) or None

    async def graphiql(scope: Scope, receive: Receive, send: Send) -> None:
        await pages.graphiql(Request(scope), note, keys)(scope, receive, send)

    return graphiql


def _connected(settings: Settings, store: Store | None) -> Callable[[SourceSettings], SourceClient]:
    hosts = Hosts(settings.gateway.max_concurrency_per_host, settings.gateway.max_concurrency)
    days = store.days if store is not None else Days()
    return lambda source: connect(source, hosts, days)
