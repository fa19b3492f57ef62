"""Walks through lists that change between the pages: who stays is shown once, whoever comes and goes meanwhile.

Generated histories: people join, leave, are buried or renamed; what is held is read anew or not; the source cuts the
list itself, or is read whole.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Literal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.endpoints import Collection
from gateway.sandbox.exact import exact_district
from gateway.sandbox.scope import copy_of
from gateway.sandbox.server import Server, make_server
from gateway.sandbox.truth import DELETED, User
from tests.gateway.plain_lists import Query, listed
from tests.gateway.published_facts import facts_of
from tests.gateway.support import World
from tests.gateway.test_lists_property import Asker, ids

DISTRICT = exact_district(5, users=24, classes=2, courses=1, enrollments=24)
NAMES = ("Adler", "adler", "Moss", "Zhou")
KINDS = {"a": "standard-1.2", "b": "ed-fi", "c": "timeback"}


@dataclass(frozen=True)
class Change:
    deed: Literal["join", "leave", "bury", "rename"]
    source: str
    which: int
    name: str


@dataclass(frozen=True)
class Walk:
    """Changes before each of its pages but the first, and whether what is held is read anew after them."""

    sources: tuple[str, ...]
    size: int
    backwards: bool
    order: tuple[tuple[str, bool], ...]
    counted: bool
    between: list[tuple[list[Change], bool]]


ORDERS = st.sampled_from(
    ((), (), (("FAMILY_NAME", False),), (("FAMILY_NAME", True), ("SOURCED_ID", True)), (("DATE_LAST_MODIFIED", True),))
)
CHANGES = st.builds(
    Change,
    deed=st.sampled_from(("join", "join", "leave", "bury", "rename")),
    source=st.sampled_from(sorted(KINDS)),
    which=st.integers(0, 99),
    name=st.sampled_from(NAMES),
)
WALKS = st.builds(
    Walk,
    sources=st.sampled_from((("a",), ("b",), ("c",), ("a", "c"), ("a", "b"))),
    size=st.integers(3, 9),
    backwards=st.booleans(),
    order=ORDERS,
    counted=st.booleans(),
    between=st.lists(st.tuples(st.lists(CHANGES, max_size=3), st.booleans()), min_size=1, max_size=8),
)


class Living:
    """Districts that change, and the gateway over them."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.servers = {key: make_server(KINDS[key], copy_of(DISTRICT)) for key in walk.sources}
        self.world = World(dict(self.servers))
        self.query = Query("users", walk.sources, order=walk.order)
        self._joined = 0

    def listed(self) -> list[tuple[str, str]]:
        return listed(self.query, {key: facts_of(key, server) for key, server in self.servers.items()})

    def happens(self, change: Change) -> Any:
        """The published ids of whom it happens to."""
        server = self.servers.get(change.source)
        if server is None:
            return ()
        users = server.district.users
        one = users[change.which % len(users)]
        touched = [(change.source, i) for i in server.wire_ids("users", one.id)]
        match change.deed:
            case "join":
                self._join(server, one, change.name)
                return ()
            case "leave" if len(users) > 12:
                server.district.remove(one)
            case "bury":
                server.district.update(one, status=DELETED)
            case "rename":
                server.district.update(one, family=change.name, modified="2026-04-01T00:00:00.000Z")
        return touched

    def _join(self, server: Server, beside: User, name: str) -> None:
        self._joined += 1
        changes = {"id": f"{beside.id}-{self._joined}", "serial": 1_000 + self._joined, "family": name}
        server.district.add(User(**{field: getattr(beside, field) for field in User.__dataclass_fields__} | changes))

    async def read_anew(self) -> None:
        for source in self.world.sources:
            source.refresh(Collection.USERS)
            while source.loading(Collection.USERS):  # noqa: ASYNC110  # it ends in the background, and tells nobody
                await asyncio.sleep(0)


async def lived(walk: Walk) -> None:
    it = Living(walk)
    asker = Asker(it.world, it.query, walk.counted)
    staying = it.listed()
    lengths = {len(staying)}
    touched: set[tuple[str, str]] = set()
    shown: list[tuple[str, str]] = []
    cursor = None
    try:
        for changes, anew in [([], False), *walk.between, *[([], False)] * 40]:
            for change in changes:
                touched.update(it.happens(change))
            if anew:
                await it.read_anew()
            lengths.add(len(it.listed()))
            if walk.backwards:
                found = await asker.page(last=walk.size, before=cursor)
                shown = ids(found) + shown
            else:
                found = await asker.page(first=walk.size, after=cursor)
                shown += ids(found)
            if walk.counted:
                assert await found.total() in lengths
            if not (found.page.has_previous if walk.backwards else found.page.has_next):
                break
            cursor = found.cursor(0 if walk.backwards else walk.size - 1)
        else:
            raise AssertionError("the walk does not end")
    finally:
        await it.world.sources.close()
    # Who was renamed may be met twice, or not at all, in a list by name.
    settled = [one for one in shown if one not in touched]
    assert len(settled) == len(set(settled))
    assert [one for one in settled if one in staying] == [one for one in staying if one not in touched]


@given(WALKS)
@settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
def test_who_stays_is_shown_once_and_in_order_whatever_happens_between_pages(walk: Walk) -> None:
    asyncio.run(lived(walk))
