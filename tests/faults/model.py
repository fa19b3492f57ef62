"""Two districts with the same ids, that change and fail while they are read; and what may be said of them.

What there was when is kept beside them, so that each answer can be held against it.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import httpx2

from adapters.client import SourceClient
from adapters.hosts import Hosts
from adapters.pacing import Pacer
from gateway.access.grant import EVERYTHING
from gateway.config import SourceSettings, from_tables
from gateway.execution import compiling
from gateway.execution.answering import Asked, respond
from gateway.identity import CursorCodec
from gateway.roster.reading import Reading
from gateway.roster.sources import Sources
from gateway.schema import SCHEMA
from gateway.schema.context import Context
from tests.adapters.school import School

KEYS = ("a", "b")
IDS = 24
PAGE = 4
DEADLINE = 30.0
ATTEMPT = 5.0

Event = tuple[str, int]
"""Something that happens before a request: a deed and whom it befalls, or a fault."""

FAULTS: Mapping[str, httpx2.Response | None] = {
    "503": httpx2.Response(503),
    "429": httpx2.Response(429, headers={"Retry-After": "2"}),
    "401": httpx2.Response(401),
    "403": httpx2.Response(403),
    "garbage": httpx2.Response(200, text="<html>"),
    "silent": None,
}


class Truth(httpx2.AsyncBaseTransport):
    """One district, and the way to it. asked: data requests. since: from when on what is read may be shown."""

    def __init__(self, key: str, totals: bool) -> None:
        self.key = key
        self.now = self.since = self.asked = 0
        self.events: dict[int, Sequence[Event]] = {}
        self._lived: defaultdict[str, list[list[int]]] = defaultdict(list)
        self.school = School(
            users=[],
            enrollments=[],
            orgs=[{"sourcedId": "s1", "status": "active", "name": f"{key} school", "type": "school"}],
            classes=[
                {
                    "sourcedId": f"c{n}",
                    "status": "active",
                    "title": f"{key} class",
                    "classType": "homeroom",
                    "school": {"sourcedId": "s1"},
                }
                for n in range(2)
            ],
        )
        self.school.clamp = PAGE
        self.school.says_total = totals
        self.school.valid.add("token")
        for n in range(0, IDS, 2):
            self.joins(n)

    def joins(self, n: int) -> None:
        user, enrollment = f"u{n:03}", f"e{n:03}"
        if self.is_there(user):
            return
        of = {"user": {"sourcedId": user}, "class": {"sourcedId": f"c{n % 4 // 2}"}, "school": {"sourcedId": "s1"}}
        self._add("users", {"sourcedId": user, "givenName": self.key, "familyName": "F", "role": "student"})
        self._add("enrollments", {"sourcedId": enrollment, "role": "student", **of})

    def leaves(self, n: int) -> None:
        for name, i in (("users", f"u{n:03}"), ("enrollments", f"e{n:03}")):
            if self.is_there(i):
                self._lived[i][-1][1] = self.now
                self.school.tables[name] = [row for row in self.school.tables[name] if row["sourcedId"] != i]

    def _add(self, name: str, row: dict[str, Any]) -> None:
        rows = [*self.school.tables[name], {"status": "active", "orgs": [{"sourcedId": "s1"}], **row}]
        self.school.tables[name] = sorted(rows, key=lambda each: str(each["sourcedId"]))
        self._lived[row["sourcedId"]].append([self.now, 1_000_000])

    def is_there(self, i: str) -> bool:
        return bool(self._lived[i]) and self._lived[i][-1][1] > self.now

    def was_there(self, i: str, since: int) -> bool:
        return any(end >= since for _, end in self._lived.get(i, ()))

    def stayed(self, prefix: str, since: int) -> set[str]:
        """Who was there all the time since."""
        lived = [(i, spans[-1]) for i, spans in self._lived.items() if spans and i.startswith(prefix)]
        return {i for i, (begin, end) in lived if begin <= since and end > self.now}

    def were_there(self, prefix: str, since: int) -> set[str]:
        return {i for i in self._lived if i.startswith(prefix) and self.was_there(i, since)}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.asked += 1
        self.now += 1
        for what, n in self.events.get(self.asked, ()):
            if what == "joins":
                self.joins(n)
            elif what == "leaves":
                self.leaves(n)
            elif (fault := FAULTS[what]) is not None:
                return httpx2.Response(fault.status_code, headers=fault.headers, content=fault.content)
            else:
                await asyncio.Event().wait()
        return await self.school(request)


class Model:
    """The gateway over both, on a loop whose clock jumps."""

    def __init__(self, totals: bool) -> None:
        clock = asyncio.get_running_loop().time
        self.truths = {key: Truth(key, totals) for key in KEYS}
        hosts = Hosts(monotonic=clock)
        made = from_tables(
            {
                "sources": [
                    {
                        "key": key,
                        "provider": "standard",
                        "version": "1.1",
                        "base_url": "https://h.example",
                        "auth": {"kind": "bearer"},
                        "token": "token",
                        "timeouts": {"attempt": ATTEMPT},
                        "capabilities": {"nested_reads": False},
                        "cache": {"fresh_for": {"users": "1h", "enrollments": "1h"}},
                    }
                    for key in KEYS
                ]
            },
            {},
        )
        assert not made.mistakes, made.mistakes

        def connect(source: SourceSettings) -> SourceClient:
            pacer = Pacer(source.spec, hosts, monotonic=clock)
            over = self.truths[source.key]
            return SourceClient(source.spec, over, pacer=pacer, monotonic=clock, chance=lambda: 0.0)

        self.sources = Sources.open(made, connect)
        self.schema = compiling(SCHEMA)

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        reading = Reading(self.sources, EVERYTHING, CursorCodec(b"secret"), DEADLINE)
        answer = await respond(self.schema, Asked(query, variables), Context(reading))
        found: dict[str, Any] = json.loads(answer.body)
        return found

    def expire(self, key: str) -> None:
        """From now on what was read before serves only to stand in."""
        source = next(source for source in self.sources if source.key == key)
        truth = self.truths[key]
        truth.now += 1
        truth.since = truth.now
        for table in source.tables.values():
            table.expire()

    async def rest(self) -> None:
        """All that is under way comes to its end by itself."""
        mine = asyncio.current_task()
        for _ in range(1000):
            if asyncio.all_tasks() == {mine}:
                return
            await asyncio.sleep(1.0)
        raise AssertionError([task.get_coro() for task in asyncio.all_tasks() if task is not mine])
