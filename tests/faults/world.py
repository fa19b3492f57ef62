"""The whole gateway over a source at the raw socket, `a`, and a good one in process, `b`.

What leaves the gateway is looked at here: each answer on its own, and whether its parts agree.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from adapters.client import SourceClient
from adapters.exchange import network
from adapters.hosts import Hosts
from adapters.pacing import Pacer
from adapters.reaching import LookUp, look_up
from gateway.app import Gateway, build
from gateway.config import SourceSettings, from_tables
from gateway.roster.source import Source
from gateway.roster.sources import Sources
from gateway.sandbox.server import Server, make_server
from tests.districts import generate
from tests.faults.clock import loop
from tests.faults.district import CANARIES, FAMILY, SECRET, TOKEN, USERS
from tests.faults.server import FaultServer

_FILES = Path("/proc/self/fd")

DEADLINE = 7.5

LISTS = ("users", "orgs", "classes")

WHOLE = """
query Whole($name: String!) {
  users(first: 500, filter: { not: { givenName: { eq: $name } } }) {
    totalCount complete nodes { sourcedId source { key } givenName orgs { sourcedId } }
    sources { source { key } state code rejected }
  }
  orgs(first: 50) {
    complete nodes { sourcedId source { key } name }
    sources { source { key } state code rejected }
  }
  classes(first: 500) {
    complete nodes { sourcedId source { key } title course { title } school { name } }
    sources { source { key } state code rejected }
  }
}
"""
STATE = "{ sources { nodes { key state lastError } } }"


@dataclass
class Told:
    """One answer, and what the gateway said of its sources afterwards."""

    body: dict[str, Any]
    seconds: float
    states: dict[str, tuple[str, str | None]] = field(default_factory=dict)

    @property
    def data(self) -> dict[str, Any]:
        return self.body["data"]  # type: ignore[no-any-return]

    @property
    def errors(self) -> list[dict[str, Any]]:
        return self.body.get("errors", [])  # type: ignore[no-any-return]

    @property
    def codes(self) -> set[str]:
        return {error["extensions"]["code"] for error in self.errors}

    def rows(self, of: str, source: str) -> list[str]:
        return [node["sourcedId"] for node in self.data[of]["nodes"] if node["source"]["key"] == source]

    def report(self, of: str, source: str = "a") -> dict[str, Any] | None:
        return next((said for said in self.data[of]["sources"] if said["source"]["key"] == source), None)


@dataclass
class World:
    """settings: of `a`, over those that reach it."""

    server: FaultServer
    good: Server
    gateway: Gateway
    http: httpx2.AsyncClient
    client: SourceClient

    @property
    def sources(self) -> Sources:
        return self.gateway.state.sources  # type: ignore[no-any-return]

    @property
    def source(self) -> Source:
        return next(source for source in self.sources if source.key == "a")

    async def ask(self, query: str, **variables: Any) -> Told:
        """An answer, held to rule 1: well-formed, strict JSON, in time."""
        began = asyncio.get_running_loop().time()
        answer = await self.http.post("/graphql", json={"query": query, "variables": variables})
        seconds = asyncio.get_running_loop().time() - began
        assert seconds <= DEADLINE + 0.5
        assert answer.status_code == 200, answer.text[:200]
        return Told(strict(answer.content), seconds)

    async def whole(self, users: int = USERS, ahead: frozenset[str] = frozenset()) -> Told:
        """An answer over both sources, held to rules 1 and 2. ahead: what may be told of what was read ahead alone."""
        told = await self.ask(WHOLE, name=FAMILY)
        state = await self.ask(STATE)
        told.states = {s["key"]: (s["state"], s["lastError"]) for s in state.data["sources"]["nodes"]}
        hold_together(told, self.good, users, ahead | {"UPSTREAM_OVERLOADED"})
        return told

    async def recovers(self, period: float = 30.0) -> None:
        """Rule 4: after the fault, all is as it was within one breaker's period and a second."""
        await self._later(period)
        await self.whole()  # the first to ask is the one that finds out; the others are not let through beside it
        await self._later(1.0)
        told = await self.whole()
        assert told.errors == [], told.errors
        assert len(told.rows("users", "a")) == USERS

    async def _later(self, seconds: float) -> None:
        """Sets the clock forward, once nothing is under way: that would be late at once."""
        for _ in range(100):
            if not self.client.traffic.in_flight:
                break
            await asyncio.sleep(0.02)
        await loop().forward(seconds)


def strict(content: bytes) -> dict[str, Any]:
    def refuse(constant: str) -> Any:
        raise AssertionError(f"{constant} is no JSON")

    body = json.loads(content.decode("utf-8"), parse_constant=refuse)
    assert isinstance(body, dict)
    assert "data" in body or body["errors"]
    return body


def hold_together(told: Told, good: Server, users: int, ahead: frozenset[str]) -> None:
    """No short list without a word, the good source whole, and the same word wherever it is said."""
    not_fresh = told.body["extensions"]["sources"]["notFresh"] if "extensions" in told.body else []
    truth = {"users": users, "orgs": 1, "classes": 4}
    for name in LISTS:
        found = told.data[name]
        assert sorted(told.rows(name, "b")) == sorted(_published(good, name)), name
        ours, said = told.rows(name, "a"), told.report(name)
        assert len(ours) == len(set(ours))
        short = len(ours) < truth[name]
        if short:
            assert not found["complete"], name
            assert said is not None
            assert said["code"] is not None
            assert found.get("totalCount") is None
        if said is None:
            continue
        codes = [e["extensions"]["code"] for e in told.errors if e["path"] == [name] and _is_of(e, "a")]
        listed = {
            (e["state"], e.get("code")) for e in not_fresh if e["source"] == "a" and e["collection"] == _KIND[name]
        }
        assert (said["state"], said["code"]) in listed, (name, said, not_fresh)
        if said["state"] in ("FAILED", "FORBIDDEN", "PARTIAL", "LOADING"):
            assert codes == [said["code"]], (name, said, told.errors)
    for error in told.errors:
        assert error["path"]
        assert error["extensions"]["source"] == "a", error
        assert "retryable" in error["extensions"]
    state, last = told.states["a"]
    if last is not None:
        # What was read ahead, for rows that never came, may have been the last to be refused.
        assert last in told.codes | ahead, (state, last, told.codes)
        assert state in {"FAILED", "FORBIDDEN"}
    assert told.states["b"] == ("FRESH", None)
    for words in (json.dumps(told.errors), json.dumps(told.body.get("extensions", {}))):
        assert not [canary for canary in CANARIES if canary in words]


_KIND = {"users": "USER", "orgs": "ORG", "classes": "CLASS"}


def _is_of(error: Mapping[str, Any], source: str) -> bool:
    return bool(error["extensions"].get("source") == source)


def _published(good: Server, name: str) -> list[str]:
    rows: list[str] = [
        record["sourcedId"] for record in good.published(name) if record["status"] in ("active", "ACTIVE")
    ]
    return rows


@asynccontextmanager
async def nothing_left(server: FaultServer) -> AsyncIterator[None]:
    """Holds that tasks, sockets and connections are back to what they were within a second."""
    tasks, files = len(asyncio.all_tasks()), _files()
    yield
    for _ in range(100):
        if server.open == 0 and len(asyncio.all_tasks()) <= tasks and _files() <= files:
            return
        await asyncio.sleep(0.01)
    left = [task.get_coro() for task in asyncio.all_tasks()]
    raise AssertionError(f"{server.open} connections, {left}, {_files()} files of {files}")


def _files() -> int:
    """Open files and sockets of this process; 0 where the system does not tell."""
    return len(list(_FILES.iterdir())) if _FILES.exists() else 0


def _wall() -> float:
    return time.time()  # looked up each time, so that a test can set it


@asynccontextmanager
async def world(
    server: FaultServer,
    *,
    look_up: LookUp = look_up,
    chance: float = 0.0,
    gateway: Mapping[str, Any] | None = None,
    **settings: Any,
) -> AsyncIterator[World]:
    """Over a server that is being served. chance: what is left to it; with 0 no pause between attempts is waited.
    gateway: its own settings. settings: those of `a`.
    """
    good = make_server("standard-1.2", generate(2, students=50))
    clients: dict[str, SourceClient] = {}
    tables = {
        "a": {
            "provider": "standard",
            "version": "1.1",
            "base_url": server.address,
            "token_url": f"{server.address}/token",
            "auth": {"kind": "bearer"},
            "token": TOKEN,
            "client_id": "canary-id",
            "client_secret": SECRET,
            "allow_http": True,
            "capabilities": {"nested_reads": False},
            "timeouts": {"attempt": 6.0},
        }
        | settings,
        "b": good.settings("http://b.test"),
    }
    short = {"fresh_for": dict.fromkeys(("users", "orgs", "classes", "courses", "enrollments"), 0.01)}
    made = from_tables(
        {
            "gateway": {"deadline": DEADLINE, **(gateway or {})},
            "sources": [{"key": key, "cache": short} | table for key, table in tables.items()],
        }
    )
    assert not made.mistakes, made.mistakes
    clock = loop().time
    hosts = Hosts(monotonic=clock)

    def connect(source: SourceSettings) -> SourceClient:
        spec = source.spec
        pacer = Pacer(spec, hosts, monotonic=clock, wall=_wall, chance=lambda: chance)
        over = httpx2.ASGITransport(good.app) if source.key == "b" else network(spec, pacer.most, look_up)
        clients[source.key] = SourceClient(spec, over, pacer=pacer, monotonic=clock, wall=_wall, chance=lambda: chance)
        return clients[source.key]

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(nothing_left(server))
        app = build(made, connect)
        stack.push_async_callback(app.state.sources.close)
        http = await stack.enter_async_context(
            httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://127.0.0.1")
        )
        yield World(server, good, app, http, clients["a"])
