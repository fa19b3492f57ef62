"""The demo's districts in this process, the gateway over them, and what the districts know to be true.

A check is registered under the title of its recipe; `tests/test_cookbook.py` runs it.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from gateway.identity import GlobalId
from gateway.sandbox.server import Server
from gateway.sandbox.truth import ACTIVE, Class, District, Enrollment, User
from gateway.web import cookbook
from gateway.web.cookbook import Recipe
from tests.gateway.test_schema_days import covers, of_class, of_enrollment
from tests.test_docs_answers import TODAY, Ask

DAY = date.fromisoformat(TODAY)
Json = dict[str, Any]
Check = Callable[["Kitchen"], Awaitable[None]]
CHECKS: dict[str, Check] = {}

COLLECTIONS = {
    "Org": "orgs",
    "AcademicSession": "academicSessions",
    "Course": "courses",
    "Class": "classes",
    "User": "users",
    "Enrollment": "enrollments",
    "Resource": "resources",
}


def recipe(title: str) -> Callable[[Check], Check]:
    def register(check: Check) -> Check:
        assert title not in CHECKS
        CHECKS[title] = check
        return check

    return register


@dataclass
class Kitchen:
    """One recipe, to be asked of a gateway that has read nothing yet."""

    recipe: Recipe
    servers: dict[str, Server]
    ask: Ask

    @property
    def variables(self) -> Json:
        variables: Json = json.loads(self.recipe.variables or "{}")
        return variables

    async def whole(self, **changes: Any) -> Json:
        """The answer, asked with the page's variables but for `changes`."""
        answer: Json = await self.ask(self.recipe.query, **{**self.variables, **changes})
        return answer

    async def data(self, **changes: Any) -> Json:
        answer = await self.whole(**changes)
        assert "errors" not in answer, answer["errors"]
        data: Json = answer["data"]
        return data

    def requests(self, key: str = "springfield") -> int:
        """What the source was asked, but for tokens."""
        return sum(n for route, n in self.servers[key].requests.items() if route != "POST token")

    def all_requests(self) -> int:
        return sum(map(self.requests, self.servers))

    def told(self, key: str = "springfield") -> Told:
        return Told(key, self.servers[key])

    def named(self, variable: str) -> tuple[Told, Any]:
        """The source and the truth of the record whose global id a variable holds."""
        named = GlobalId.parse(self.variables[variable])
        told = self.told(named.source)
        return told, told.server.truth_of(COLLECTIONS[named.type], named.sourced_id)


@dataclass(frozen=True)
class Told:
    """What is true at one source that publishes each record once, in the graph's words."""

    key: str
    server: Server

    @property
    def truth(self) -> District:
        return self.server.district

    def id(self, kind: str, truth_id: str) -> str:
        return str(GlobalId(kind, self.key, self.sourced_id(kind, truth_id)))

    def sourced_id(self, kind: str, truth_id: str) -> str:
        [only] = self.server.wire_ids(COLLECTIONS[kind], truth_id)
        return only

    def active(self, collection: str) -> list[Any]:
        """The truth that is published as in use."""
        return [
            self.server.truth_of(collection, row["sourcedId"])
            for row in self.server.published(collection)
            if in_use(row)
        ]

    def current(self, classes: list[Class], day: date = DAY) -> list[Class]:
        return [c for c in classes if covers(of_class(self.truth, c), day)]

    def enrollments(self, role: str | None = None, day: date | None = DAY) -> list[Enrollment]:
        """Those in use, on a day."""
        return [
            e
            for e in self.active("enrollments")
            if (role is None or e.role == role) and (day is None or covers(of_enrollment(self.truth, e), day))
        ]

    def members(self, found: Class, role: str, day: date = DAY) -> list[User]:
        ids = {e.user for e in self.enrollments(role, day) if e.class_id == found.id}
        return [u for u in self.active("users") if u.id in ids]

    def primary(self, found: Class) -> User | None:
        """The sandbox flags one teacher of each class."""
        ids = {e.user for e in self.enrollments("teacher") if e.class_id == found.id and e.primary}
        return next((u for u in self.active("users") if u.id in ids), None)

    def name(self, user: User) -> str:
        """OneRoster 1.1 does not tell how somebody prefers to be called."""
        if self.server.kind.version == "1.1":
            return f"{user.given} {user.family}"
        return f"{user.preferred_first or user.given} {user.preferred_last or user.family}"

    def name_of(self, org_id: str | None) -> Json | None:
        return None if org_id is None else {"name": self.truth.org(org_id).name}

    def role(self, role: str) -> str:
        """As the source publishes it, in the graph's spelling."""
        return constant(self.server.kind.wire.roles.get(role, role))


def in_use(row: Json) -> bool:
    """A published object without a status is in use."""
    return str(row.get("status", ACTIVE)).lower() == ACTIVE


def constant(word: str) -> str:
    return re.sub(r"([A-Z])", r"_\1", word).upper()


def ordered(values: list[str]) -> bool:
    return values == sorted(values, key=str.casefold)


def same(found: Any, expected: Any) -> bool:
    """Equal, but for the order of lists."""
    return bool(_unordered(found) == _unordered(expected))


def _unordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _unordered(v) for k, v in value.items()}
    if isinstance(value, list):
        return sorted(map(_unordered, value), key=lambda v: json.dumps(v, sort_keys=True))
    return value


async def settled(kitchen: Kitchen, key: str) -> dict[str, Json]:
    """How those of a source stand, by the page's own recipe, once nothing is being read."""
    [copies] = [r for r in cookbook.load() if r.title == "How old is what I see"]
    async with asyncio.timeout(10):
        while True:
            answer = await kitchen.ask(copies.query, source=key)
            found = {c["type"]: c for c in answer["data"]["source"]["collections"]}
            if all(c["state"] != "LOADING" for c in found.values()):
                return found
            await asyncio.sleep(0.01)
