"""What a case is given: a dialect, and servers of its provider to ask through the real client.

The servers are the sandbox's, which never read a dialect; `conformance.facts` holds what they do not show.
"""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any
from urllib.parse import parse_qs

import httpx2

from adapters.client import PageRequest, SourceClient
from adapters.dialect import SCOPE_PREFIX, Capabilities, Dialect, FilterLevel, Op, Service, Version
from adapters.endpoints import Collection
from adapters.pacing import Pacer
from adapters.records import Record
from adapters.secret import Secret
from adapters.spec import Credentials, SourceSpec
from conformance.facts import FACTS, Facts, narrowed
from gateway.sandbox.district import generate
from gateway.sandbox.exact import exact_district
from gateway.sandbox.kinds import KINDS
from gateway.sandbox.scope import copy_of
from gateway.sandbox.server import Seen, Server, make_server
from gateway.sandbox.truth import District
from gateway.sandbox.wire import service_of
from tests.clock import Clock

ADDRESS = "https://sandbox.example"
SOURCE = "northfield"
SINCE_1_2 = frozenset({"scoreScales", "assessmentLineItems", "assessmentResults"})
TOKEN = "POST token"

Alter = Callable[[httpx2.Request, httpx2.Response], httpx2.Response]


@cache
def _district(size: str) -> District:
    """small: fifty students with every oddity. awkward: the same with ids that must be escaped. large: one collection
    longer than the largest page. All in an order that is not that of their ids."""
    match size:
        case "large":
            return exact_district(7, users=650, classes=50, courses=20, enrollments=5_200)
        case "awkward":
            made = generate(7, 50, id_style="awkward")
        case _:
            made = generate(7, 50)
    for records in (made.courses, made.classes, made.users, made.enrollments, made.demographics):
        records.reverse()
    return made


class Way(httpx2.AsyncBaseTransport):
    """The way to a server: notes what is sent, and may alter what is answered."""

    def __init__(self, server: Server, alter: Alter | None = None) -> None:
        self.sent: list[httpx2.Request] = []
        self._inner = httpx2.ASGITransport(app=server.app)
        self._alter = alter

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.sent.append(request)
        response = await self._inner.handle_async_request(request)
        if self._alter is None:
            return response
        await response.aread()
        return self._alter(request, response)


@dataclass(frozen=True)
class Subject:
    """dialect: under test, perhaps a mutant. known: the registry's own, for asking what the server could do."""

    dialect: Dialect
    known: Dialect
    kind: str
    facts: Facts
    served: dict[str, Server] = field(default_factory=dict, repr=False, compare=False)

    @property
    def capabilities(self) -> Capabilities:
        return self.dialect.capabilities

    @cached_property
    def server(self) -> Server:
        """A server that cases only read from."""
        return self._kept("small")

    @cached_property
    def awkward(self) -> Server:
        return self._kept("awkward")

    @cached_property
    def large(self) -> Server:
        return self._kept("large")

    def _kept(self, size: str) -> Server:
        if size not in self.served:
            self.served[size] = self.new_server(size)
        self.served[size].reset()
        return self.served[size]

    def new_server(self, size: str = "small", *, over_limit: str | None = None, **options: Any) -> Server:
        """A server of its own, with a district that may be changed."""
        server = make_server(self.kind, copy_of(_district(size)), **options)
        server.kind = narrowed(server.kind)
        if over_limit is not None:
            server.kind = dataclasses.replace(server.kind, over_limit=over_limit)
        return server

    def client(
        self,
        server: Server,
        dialect: Dialect | None = None,
        *,
        way: Way | None = None,
        clock: Clock | None = None,
        **changes: Any,
    ) -> SourceClient:
        """A client of the dialect under test, or of another, as the settings of the server say.

        clock: what it is paced by, else one of its own that shows a night without school; never the true time.
        """
        spec, clock = self.spec(server, dialect, **changes), clock or Clock("2030-01-20 03:00")
        pacer = Pacer(spec, wall=clock, monotonic=clock, sleep=clock.sleep)
        return SourceClient(spec, way or Way(server), pacer=pacer, monotonic=clock, sleep=clock.sleep)

    def spec(self, server: Server, dialect: Dialect | None = None, **changes: Any) -> SourceSpec:
        said = {name: str(value) for name, value in server.settings(ADDRESS).items()}
        credentials = Credentials(
            **{name: Secret(said[name]) for name in ("client_id", "client_secret", "token") if name in said}
        )
        given: dict[str, Any] = {
            "key": SOURCE,
            "dialect": dialect or self.dialect,
            "base_url": said["base_url"],
            "token_url": said.get("token_url"),
            "credentials": credentials,
        }
        return SourceSpec(**{**given, **changes})

    def claiming(self, server: Server, **claims: Any) -> SourceClient:
        """A client of the known dialect with other claims: what could the server do?"""
        return self.client(server, self.known.with_capabilities(**claims))

    def claims_every_filter(self, **claims: Any) -> dict[str, Any]:
        """Claims under which every single clause is sent."""
        return {
            "filter_level": FilterLevel.FIELDS,
            "filter_operators": frozenset(Op),
            "filter_clauses": max(1, self.known.capabilities.filter_clauses),
            "unfilterable": {},
            "dotted_filters": True,
            **claims,
        }

    def serves(self, template: str) -> bool:
        """Whether the server has a route, such as `schools/{id}/classes`."""
        return template.strip("/").replace("{cid}", "{id}") in self.server.kind.routes


Case = Callable[[Subject], Awaitable[None]]


def needs(*names: str) -> Callable[[Case], Case]:
    """Marks a case that reads these routes: where the dialect declares one absent, `Unsupported` is expected."""

    def marked(case: Case) -> Case:
        case.needs = names  # type: ignore[attr-defined]
        return case

    return marked


def only(applies: Callable[[Dialect], bool]) -> Callable[[Case], Case]:
    """Marks a case that asks for what some dialects have no part in."""

    def marked(case: Case) -> Case:
        case.applies = applies  # type: ignore[attr-defined]
        return case

    return marked


def applies(case: Case, dialect: Dialect) -> bool:
    """Whether the dialect has a part in what the case asks for."""
    test: Callable[[Dialect], bool] = getattr(case, "applies", lambda _: True)
    return test(dialect)


def declared_gap(case: Case, dialect: Dialect) -> str | None:
    """Whose word it is that a route which the case needs is not served; None for no gap."""
    names: tuple[str, ...] = getattr(case, "needs", ())
    return next((gap for name in names if (gap := gap_of(dialect, name))), None)


def gap_of(dialect: Dialect, name: str) -> str | None:
    """Why a collection is not to be had: by the dialect, by the version, or because nobody tells of its service."""
    if (absent := dialect.absent.get(name)) is not None:
        return absent.source
    service = Service(service_of(name))
    if (absent := dialect.without.get(service)) is not None:
        return absent.source
    if name in SINCE_1_2 and dialect.version is Version.V1P1:
        return f"OneRoster {dialect.version}, which has no {name}"
    return "nobody tells of it" if service in FACTS[dialect.name].undescribed else None


def described(collection: str) -> Callable[[Dialect], bool]:
    """Whether somebody tells, of a dialect's provider, that it has the collection's service or that it lacks it."""
    return lambda dialect: service_of(collection) not in FACTS[dialect.name].undescribed


async def everything(client: SourceClient, endpoint: str, *ids: str, **request: Any) -> list[Record]:
    found = await client.scan(PageRequest(endpoint, ids, **request))
    assert found.complete, found.reason
    return list(found.records)


def published(server: Server, collection: Collection | str) -> list[dict[str, Any]]:
    """What the server publishes of a base collection; where it has no sessions but terms, these are they."""
    name = str(collection)
    if name == "academicSessions" and name not in server.kind.routes:
        name = "terms"
    return server.published(name)


def plain(server: Server, collection: Collection) -> dict[str, dict[str, Any]]:
    """The standard's own form of what is published, by published sourcedId."""
    rows = server.publication.rows(collection)
    return {sent["sourcedId"]: made for sent, made in zip(rows.wire, rows.plain, strict=True)}


def data_requests(server: Server) -> list[Seen]:
    return [seen for seen in server.log if seen.route != TOKEN]


def token_requests(server: Server) -> int:
    return Counter(seen.route for seen in server.log)[TOKEN]


def sent_filters(server: Server) -> list[str]:
    """The filter of each data request that had one."""
    return [f for seen in data_requests(server) for f in parse_qs(seen.query).get("filter", [])]


def scope_uri(version: Version, name: str) -> str:
    return SCOPE_PREFIX[version] + name


def altered_json(change: Callable[[dict[str, Any]], Any]) -> Alter:
    """Changes each JSON object that comes from a data route."""

    def alter(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        if request.method != "GET" or response.status_code != 200:
            return response
        body = json.loads(response.content)
        body = change(body) or body
        headers = [(n, v) for n, v in response.headers.raw if n.lower() != b"content-length"]
        return httpx2.Response(200, headers=headers, content=json.dumps(body).encode())

    return alter


def subject_of(dialect: Dialect, known: Dialect | None = None, served: dict[str, Server] | None = None) -> Subject:
    known = known or dialect
    kind = f"{known.name}-{known.version}"
    return Subject(
        dialect, known, kind if kind in KINDS else known.name, FACTS[known.name], served if served is not None else {}
    )
