"""A sandbox server: one district served over HTTP as one kind of product would. `make_server` builds it.

Routing works on the segments of the raw path, so that an id with an escaped slash stays one segment.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import unquote

import msgspec
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from gateway.sandbox.asgi import Asked, answer, asked_by, read_body
from gateway.sandbox.caching import NOTHING_SAID, Caching
from gateway.sandbox.faults import Faults, WrongFault, switched
from gateway.sandbox.gate import (
    ASSESSMENT,
    CORE,
    DEMOGRAPHICS,
    FULL,
    GRADEBOOK,
    GRADEBOOK_CORE,
    RESOURCES,
    RESOURCES_CORE,
    Denied,
    Gate,
    NoToken,
)
from gateway.sandbox.kind import COLLECTIONS, ClientCredentials, Kind, StaticBearer
from gateway.sandbox.kinds import KINDS
from gateway.sandbox.publication import Publication
from gateway.sandbox.query import Answer, Desk, read
from gateway.sandbox.refusals import Refusal, body_of
from gateway.sandbox.truth import District
from gateway.sandbox.wire import service_of, service_root

CLIENT_SECRET: Final = "sandbox-secret"
_SINGULAR: Final = {
    "academicSessions": "academicSession", "terms": "academicSession", "gradingPeriods": "academicSession",
    "orgs": "org", "schools": "org", "courses": "course", "classes": "class", "enrollments": "enrollment",
    "users": "user", "students": "user", "teachers": "user", "demographics": "demographics",
    "categories": "category", "lineItems": "lineItem", "results": "result", "scoreScales": "scoreScale",
    "assessmentLineItems": "assessmentLineItem", "assessmentResults": "assessmentResult", "resources": "resource",
}  # fmt: skip
_PLURAL: Final = {
    "schools": "orgs", "terms": "academicSessions", "gradingPeriods": "academicSessions", "students": "users",
    "teachers": "users", "agents": "users", "linked-users": "users",
}  # fmt: skip
JSON_TYPE: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it was logged."""

    method: str
    path: str
    query: str
    status: int
    route: str


@dataclass(frozen=True, slots=True)
class Canned:
    """An answer that a test puts in the place of a data request's own."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] | None = None


class Server:
    """One district, one kind. `app` is the ASGI application; the rest is for tests, benchmarks and the demo."""

    def __init__(
        self,
        kind: Kind,
        district: District,
        gate: Gate,
        *,
        latency: float = 0.0,
        school: str | None = None,
        requests_per_minute: int | None = None,
        caching: Caching = NOTHING_SAID,
    ) -> None:
        self.kind = kind
        self.district = district
        self.gate = gate
        self.latency = latency
        self.school = school
        self.down = False
        self.requests_per_minute = requests_per_minute
        self.caching = caching
        self.faults = Faults()
        self.sent_bytes = 0
        self._recent: deque[float] = deque()
        self.requests: Counter[str] = Counter()
        self.log: deque[Seen] = deque(maxlen=10_000)
        self.in_flight = 0
        self.unanswered = 0
        """Requests whose answer has not left in full."""
        self.in_flight_peak = 0
        self.canned: deque[Canned] = deque()
        self.root = kind.root.format(app=district.slug)
        self._desk: Desk | None = None
        self.app = Starlette(routes=[Mount("/", app=self._asgi)])

    @property
    def slug(self) -> str:
        return self.kind.slug

    @property
    def publication(self) -> Publication:
        return self.desk.publication

    @property
    def desk(self) -> Desk:
        """Made anew when the district has changed."""
        if self._desk is None or self._desk.publication.revision != self.district.revision:
            known = self.district
            if self.kind.prepare is not None:
                known = self.kind.prepare(known, self.school)
            publication = Publication(known, self.kind.wire, self.root, stray_teacher=self.kind.stray_teacher)
            self._desk = Desk(self.kind, self.district, publication)
        return self._desk

    def published(self, collection: str) -> list[dict[str, Any]]:
        """The objects that this server publishes under a collection, in its order, as they are sent."""
        rows = self.publication.rows(collection)
        return [rows.wire[row] for row in self.publication.view(collection)]

    def wire_ids(self, collection: str, truth_id: str) -> list[str]:
        """The sourcedIds under which a truth record is published: several where people are split, none if hidden."""
        rows = self.publication.rows(collection)
        return [rows.wire[row]["sourcedId"] for row in rows.rows_of_truth.get(truth_id, ())]

    def truth_of(self, collection: str, wire_id: str) -> Any:
        """The truth record behind a published sourcedId."""
        rows = self.publication.rows(collection)
        return rows.truths[rows.row_of[wire_id]]

    def settings(self, base: str) -> dict[str, object]:
        """The keys of a `[[sources]]` table that reach this server, when it listens at `base`."""
        base = base.rstrip("/")
        made: dict[str, object] = {"provider": self.kind.provider, "version": self.kind.version}
        made["base_url"] = base + self.root
        auth = self.kind.auth
        if isinstance(auth, StaticBearer):
            made["token"] = self.gate.static_token
        else:
            made["client_id"], made["client_secret"] = self.gate.client_id, self.gate.client_secret
        if isinstance(auth, ClientCredentials):
            query = "&".join(f"{name}={value.format(app=self.district.slug)}" for name, value in auth.query.items())
            made["token_url"] = base + auth.path + (f"?{query}" if query else "")
        made["allow_http"] = True
        return made

    def revoke_tokens(self) -> None:
        self.gate.revoke()

    def reset(self) -> None:
        """Forget counts, log and canned answers; tokens stay."""
        self.requests.clear()
        self.sent_bytes = 0
        self.log.clear()
        self.canned.clear()
        self.in_flight_peak = self.in_flight

    def answer_next(
        self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None, *, times: int = 1
    ) -> None:
        """Answer the next data requests with this instead."""
        self.canned.extend([Canned(status, body, headers)] * times)

    async def _asgi(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = asked_by(scope)
        path = asked.raw_path
        if path.startswith("/_sandbox/"):
            await answer(send, *self._control(asked, await read_body(receive)))
            return
        self.unanswered += 1
        try:
            await self._serve(asked, receive, send)
        finally:
            self.unanswered -= 1

    async def _serve(self, asked: Asked, receive: Receive, send: Send) -> None:
        path = asked.raw_path
        token = path in self.gate.token_paths()
        befalling = self.faults.befalling(token=token)
        if token:
            route = "POST token"
            status, body, headers = self._token(asked, await read_body(receive))
            await self.faults.delay(befalling, receive)
        else:
            route, segments, ids = self._route(path)
            self.in_flight += 1
            self.in_flight_peak = max(self.in_flight_peak, self.in_flight)
            try:
                if self.latency:
                    await asyncio.sleep(self.latency)
                await self.faults.delay(befalling, receive)
                status, body, headers = self._data(asked, route, segments, ids)
            finally:
                self.in_flight -= 1
            self.sent_bytes += len(body)
            route = f"{asked.method} {'/' + route if route else '?'}"
        self.requests[route] += 1
        self.log.append(Seen(asked.method, path, asked.raw_query, status, route))
        await self.faults.reply(befalling, receive, send, (status, body, headers))

    def _route(self, raw_path: str) -> tuple[str, list[str], list[str]]:
        """The route template below the root ('' when there is none), its words and its ids."""
        parts = [unquote(part) for part in raw_path[1:].split("/")]
        for collection in ("users", "lineItems", "resources"):  # one of each service
            root = [unquote(part) for part in service_root(self.root, collection).strip("/").split("/")]
            if parts[: len(root)] == root:
                found = self._route_below(parts[len(root) :])
                if found[0] and service_root(self.root, found[1][-1]) == service_root(self.root, collection):
                    return found
        return "", [], []

    def _route_below(self, rest: list[str]) -> tuple[str, list[str], list[str]]:
        if self.kind.resources_below is not None and rest[-1:] == ["resources"] and len(rest) > 2:
            if len(rest) != 4 or rest[0] != self.kind.resources_below:
                return "", [], []
            rest = rest[1:]
        slashed = len(rest) == 2 and rest[1] == ""
        if slashed:
            rest = rest[:1]
        if slashed != (self.kind.slash and len(rest) == 1) or not rest:
            return "", [], []
        template = "/".join(part if n % 2 == 0 else "{id}" for n, part in enumerate(rest))
        if template not in self.kind.routes:
            return "", [], []
        return template, rest[::2], rest[1::2]

    def _token(self, asked: Asked, body: bytes) -> tuple[int, bytes, dict[str, str]]:
        if self.down:
            return 503, b"", {}
        headers = {"content-type": JSON_TYPE, "cache-control": "no-store"}
        if asked.method != "POST":
            return 405, b"", {"allow": "POST"}
        try:
            token, cookie = self.gate.issue(asked, body)
        except NoToken as no:
            refused = {"error": no.error, "error_description": no.description}
            return no.status, msgspec.json.encode(refused), headers
        if cookie:
            headers["set-cookie"] = cookie
        return 200, msgspec.json.encode(token), headers

    def _data(self, asked: Asked, template: str, words: list[str], ids: list[str]) -> tuple[int, bytes, dict[str, str]]:
        if self.down:
            return 503, b"", {}
        if self._too_many():
            return 429, b"", {"retry-after": "60"}
        if self.canned:
            canned = self.canned.popleft()
            return canned.status, canned.body, dict(canned.headers or {})
        try:
            page = self._answer(asked, template, words, ids)
        except Denied as denied:
            if self.kind.refused_token != 401:
                return self.kind.refused_token, b"", {}
            refusal = Refusal(401, "unauthorisedrequest", str(denied))
        except Refusal as refused:
            refusal = refused
        else:
            return self.caching.stamped(asked.headers, page.body, {"content-type": JSON_TYPE, **page.headers})
        body = msgspec.json.encode(body_of(refusal, self.kind.error))
        headers = {"content-type": JSON_TYPE}
        if refusal.status == 401:
            headers["www-authenticate"] = "Bearer"
        return refusal.status, body, headers

    def _too_many(self) -> bool:
        if self.requests_per_minute is None:
            return False
        now = self.gate.clock()
        while self._recent and now - self._recent[0] >= 60:
            self._recent.popleft()
        if len(self._recent) >= self.requests_per_minute:
            return True
        self._recent.append(now)
        return False

    def _answer(self, asked: Asked, template: str, words: list[str], ids: list[str]) -> Answer:
        size = len(asked.raw_path) + len(asked.raw_query) + 1
        if self.kind.max_url is not None and size > self.kind.max_url:
            raise Refusal(414, "invaliddata", f"the URL is longer than {self.kind.max_url} characters")
        scopes = self.gate.admit(asked)
        if not template:
            raise Refusal(404, "unknownobject", "there is no such path")
        if asked.method != "GET":
            raise Refusal(405, "invaliddata", "read only")
        if service_of(words[-1]) == "gradebook" and self.kind.gradebook_header not in (None, *asked.headers):
            raise Refusal(401, "unauthorisedrequest", f"{self.kind.gradebook_header} is missing")
        _check_scope(template, words[-1], scopes)
        query = read(asked.raw_query, self.kind)
        desk, publication, name = self.desk, self.desk.publication, words[-1]
        if len(words) == len(ids):
            if not publication.has(name, ids[-1]):
                raise Refusal(404, "unknownobject", f"there is no such record in {name}")
            row = publication.rows(name).row_of[ids[-1]]
            return desk.single(name, row, self.kind.keys.get(template, _SINGULAR[name]), query)
        key = self.kind.keys.get(name, _PLURAL.get(name, name))
        base = _PLURAL.get(name, name) if name not in COLLECTIONS else name
        url = (self.kind.link_base or asked.origin) + asked.raw_path
        if not ids:
            return desk.page(base, key, publication.view(name), (name,), query, url)
        rows = publication.related(template, ids)
        if rows is None:
            raise Refusal(404, "unknownobject", "there is no such parent")
        return desk.page(base, key, rows, (template, *ids), query, url)

    def _control(self, asked: Asked, body: bytes) -> tuple[int, bytes, dict[str, str]]:
        """Routes for whoever runs the sandbox. Without authentication: it listens on loopback only."""
        word = asked.raw_path.removeprefix("/_sandbox/").strip("/")
        if asked.method == "POST":
            if word == "latency":
                try:
                    self.latency = max(0.0, msgspec.json.decode(body, type=dict[str, float])["seconds"])
                except (msgspec.MsgspecError, KeyError):
                    return 400, b'{"error":"expected {\\"seconds\\": number}"}', {"content-type": JSON_TYPE}
            elif word == "faults":
                try:
                    self.faults.on = [switched(text) for text in msgspec.json.decode(body, type=list[str])]
                except (msgspec.MsgspecError, WrongFault) as wrong:
                    told = (
                        str(wrong) if isinstance(wrong, WrongFault) else 'expected a list such as ["status=503@0.05"]'
                    )
                    return 400, msgspec.json.encode({"error": told}), {"content-type": JSON_TYPE}
            elif word == "reset":
                self.reset()
            elif word == "revoke":
                self.revoke_tokens()
            else:
                return 404, b"", {}
        elif word:
            return 404, b"", {}
        info = {
            "kind": self.slug,
            "district": self.district.name,
            "latency": self.latency,
            "faults": [str(each) for each in self.faults.on],
            "requests": dict(self.requests),
            "in_flight_peak": self.in_flight_peak,
            "unanswered": self.unanswered,
            "settings": self.settings(asked.origin),
        }
        return 200, msgspec.json.encode(info), {"content-type": JSON_TYPE}


def make_server(
    kind: str,
    district: District,
    *,
    latency: float = 0.0,
    client_id: str | None = None,
    client_secret: str = CLIENT_SECRET,
    school: str | None = None,
    max_limit: int | None = None,
    filter_clauses: int | None = None,
    max_url: int | None = None,
    token_seconds: float | None = None,
    inclusive_end: bool = False,
    requests_per_minute: int | None = None,
    caching: Caching = NOTHING_SAID,
    scopes: Iterable[str] | None = None,
    clock: Callable[[], float] = time.time,
) -> Server:
    """A server of `district`.

    `school`: truth id of the org that a one-school kind serves; None: the first. `inclusive_end`: an endDate is the
    last day itself, as many districts send it. `requests_per_minute`: beyond it the answer is 429. `caching`: what it
    tells of its pages for whoever holds them.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r}; known are {', '.join(sorted(KINDS))}")
    made = KINDS[kind]
    if max_limit is not None:
        made = replace(made, max_limit=max_limit)
    if filter_clauses is not None:
        made = replace(made, grammar=replace(made.grammar, clauses=filter_clauses))
    if max_url is not None:
        made = replace(made, max_url=max_url)
    if inclusive_end:
        made = replace(made, wire=replace(made.wire, exclusive_end=False))
    if token_seconds is None:
        token_seconds = made.token_seconds
    gate = Gate(made, client_id or made.client_id, client_secret, district.slug, scopes, token_seconds, clock)
    return Server(
        made,
        district,
        gate,
        latency=latency,
        school=school,
        requests_per_minute=requests_per_minute,
        caching=caching,
    )


def _check_scope(template: str, collection: str, scopes: frozenset[str]) -> None:
    """OneRoster 1.2: core collections, nested routes, demographics and assessments each need their scope."""
    nested = template.count("/") > 1
    match service_of(collection):
        case "gradebook" if collection.startswith("assessment"):
            needed = {ASSESSMENT}
        case "gradebook":
            needed = {GRADEBOOK} if nested else {GRADEBOOK, GRADEBOOK_CORE}
        case "resources":
            needed = {RESOURCES} if nested else {RESOURCES, RESOURCES_CORE}
        case _ if collection == "demographics":
            needed = {DEMOGRAPHICS}
        case _:
            needed = {FULL} if nested else {CORE, FULL}
    if not needed & scopes:
        raise Refusal(403, "forbidden", f"the token lacks the scope {' or '.join(sorted(needed))}")
