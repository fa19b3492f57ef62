"""Pages of as many records as their source serves at once: one request each, and all that the list has there."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import httpx2
import pytest

from adapters.client import SourceClient
from adapters.endpoints import Collection
from adapters.predicate import Predicate, equals
from gateway.access.grant import EVERYTHING
from gateway.config import from_tables
from gateway.identity import CursorCodec
from gateway.roster.listing import List
from gateway.roster.reading import Reading
from gateway.roster.sources import Sources
from gateway.sandbox.district import generate
from gateway.sandbox.server import make_server
from tests.gateway.support import ACTIVE, ONE_TRY, page

pytestmark = pytest.mark.anyio

MOST = 10
"""Records that the source serves at once, and that a page is asked to have."""

Behind = Callable[[str, str], bool]


class People(httpx2.AsyncBaseTransport):
    """A source's list of people, in the order of their ids. behind: whether one id comes after another where that is
    filtered by; None: such a filter is refused. claims: what is said of the size of a list, from it and that of all.
    """

    def __init__(self, ids: list[str]) -> None:
        self.ids = ids
        self.server = make_server("standard-1.2", generate(1, students=50))
        self.behind: Behind | None = str.__gt__
        self.claims: Callable[[int, int], int | None] = lambda matching, every: matching
        self.asked: list[str] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method != "GET":
            return await httpx2.ASGITransport(self.server.app).handle_async_request(request)
        asked = request.url.params
        self.asked.append(asked.get("filter", ""))
        rows, after = sorted(self.ids), re.search(r"sourcedId>'([^']*)'", asked.get("filter", ""))
        if after is not None:
            if self.behind is None:
                return httpx2.Response(400, json={"imsx_codeMajor": "failure", "imsx_severity": "error"})
            rows = [row for row in rows if self.behind(row, after[1])]
        total = self.claims(len(rows), len(self.ids))
        start = int(asked["offset"])
        users = [
            {"sourcedId": row, "status": "active", "givenName": "Some", "familyName": "Body", "enabledUser": "true"}
            for row in rows[start : start + min(MOST, int(asked["limit"]))]
        ]
        told = {} if total is None else {"x-total-count": str(total)}
        return httpx2.Response(200, json={"users": users}, headers=told)


@dataclass
class Walked:
    """A gateway over one list of people, and what its source was asked."""

    people: People
    sources: Sources

    async def page(self, after: str | None = None, first: int = MOST, where: Predicate | None = ACTIVE) -> List:
        found = await page(Reading(self.sources, EVERYTHING, CursorCodec(b"secret"), 10), first=first, after=after,
                           where=where)  # fmt: skip
        assert found.page.complete
        return found

    def asked(self) -> list[str]:
        """The filters of the requests since this was last asked."""
        asked, self.people.asked = self.people.asked, []
        return asked

    def forget(self) -> None:
        source = self.sources.get("a", EVERYTHING)
        assert source is not None
        source.tables[Collection.USERS].expire()


@pytest.fixture
async def walked(anyio_backend: str) -> AsyncIterator[Walked]:
    people = People([f"{n:03}" for n in range(35)])
    table: dict[str, Any] = {
        "key": "a",
        "name": "A",
        **people.server.settings("http://a.test"),
        **ONE_TRY,
        "capabilities": {"max_limit": MOST},
    }
    settings = from_tables({"sources": [table]})
    assert not settings.mistakes

    def connect(settings: Any) -> SourceClient:
        return SourceClient(settings.spec, people, monotonic=lambda: asyncio.get_running_loop().time())

    made = Walked(people, Sources.open(settings, connect))
    yield made
    await made.sources.close()


def end(found: List) -> str:
    return found.cursor(len(found.page.records) - 1)


def ids(found: List) -> list[str]:
    return [record.sourced_id for record in found.page.records]


async def test_each_page_of_a_walk_takes_one_request(walked: Walked) -> None:
    seen, after, more = list[str](), None, True
    while more:
        found = await walked.page(after)
        assert len(walked.asked()) == 1
        seen += ids(found)
        after, more = end(found), found.page.has_next
    assert seen == walked.people.ids


async def test_the_last_page_that_is_full_says_that_no_other_follows(walked: Walked) -> None:
    del walked.people.ids[2 * MOST :]
    first = await walked.page()
    last = await walked.page(end(first))
    assert len(walked.asked()) == 2
    assert (first.page.has_next, last.page.has_next) == (True, False)
    assert await last.total() == 2 * MOST
    assert walked.asked() == []


async def test_what_was_asked_for_is_held_as_long_as_else(walked: Walked) -> None:
    first = await walked.page()
    second = await walked.page(end(first))
    assert len(walked.asked()) == 2
    for _ in range(2):
        assert ids(await walked.page()) == ids(first)
        again = await walked.page(end(first))
        assert ids(again) == ids(second)
        assert again.page.has_next
    assert walked.asked() == []
    assert end(again) == end(second)


async def test_a_condition_goes_with_the_id_as_long_as_both_can_be_sent(walked: Walked) -> None:
    first = await walked.page(where=None)
    second = await walked.page(end(first), where=None)
    assert ids(second) == walked.people.ids[MOST : 2 * MOST]
    assert walked.asked() == ["", "sourcedId>'009'"]
    narrow = equals("family_name", "Body"), equals("given_name", "Some"), ACTIVE
    for where in narrow:
        first = await walked.page(where=where)
        assert ids(await walked.page(end(first), where=where)) == walked.people.ids[MOST : 2 * MOST]
        assert walked.asked()[1].startswith("sourcedId>'009' AND ")


@pytest.mark.parametrize("size", [MOST - 2, 2 * MOST])
async def test_pages_of_other_sizes_are_asked_for_by_their_place(walked: Walked, size: int) -> None:
    first = await walked.page(first=size)
    second = await walked.page(end(first), first=size)
    assert ids(first) + ids(second) == walked.people.ids[: 2 * size]
    assert not any("sourcedId" in asked for asked in walked.asked())


CHANGES: dict[str, Callable[[list[str]], object]] = {
    "nothing": lambda people: None,
    "one left before the page": lambda people: people.remove("004"),
    "one left from the page": lambda people: people.remove("013"),
    "the one before the page left": lambda people: people.remove("009"),
    "one joined before the page": lambda people: people.append("0045"),
    "one joined in the page": lambda people: people.append("0135"),
    "one left before the page, another joined behind it": lambda people: (people.remove("004"), people.append("090")),
    "one left behind the page, another joined before it": lambda people: (people.remove("030"), people.append("0045")),
    "all behind it left": lambda people: people.__delitem__(slice(MOST, None)),
    "all left": lambda people: people.clear(),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_list_that_has_moved_goes_on_behind_the_id(walked: Walked, change: str) -> None:
    first = await walked.page()
    walked.forget()
    CHANGES[change](walked.people.ids)
    second = await walked.page(end(first))
    behind = sorted(i for i in walked.people.ids if i > "009")
    assert ids(second) == behind[:MOST]
    assert second.page.has_next == (len(behind) > MOST)
    if behind:
        assert await second.total() == len(walked.people.ids)
        third = await walked.page(end(second))
        assert ids(third) == behind[MOST : 2 * MOST]


async def test_once_a_list_has_moved_its_pages_take_one_request_again(walked: Walked) -> None:
    first = await walked.page()
    walked.forget()
    walked.people.ids.append("0045")
    second = await walked.page(end(first))
    walked.asked()
    third = await walked.page(end(second))
    fourth = await walked.page(end(third))
    assert ids(second) + ids(third) + ids(fourth) == sorted(walked.people.ids)[MOST + 1 :]
    walked.forget()
    walked.asked()
    again = await walked.page()
    assert ids(await walked.page(end(again))) == sorted(walked.people.ids)[MOST : 2 * MOST]
    assert len(walked.asked()) == 2


def of_any_case(one: str, other: str) -> bool:
    return one.lower() > other.lower()


def nothing_is_left_out(one: str, other: str) -> bool:
    return True


def from_the_id_on(one: str, other: str) -> bool:
    return one >= other


@pytest.mark.parametrize("behind", [None, of_any_case, nothing_is_left_out, from_the_id_on, str.__lt__])
@pytest.mark.parametrize("seed", range(5))
async def test_a_source_that_compares_ids_otherwise_loses_nothing(
    walked: Walked, behind: Behind | None, seed: int
) -> None:
    chance = Random(seed)
    letters = [chance.choice("abcABC") + chance.choice("abcABC") + str(n) for n in range(40)]
    walked.people.ids, walked.people.behind = sorted(letters), behind
    seen, after, more = list[str](), None, True
    while more:
        found = await walked.page(after)
        seen += ids(found)
        after, more = end(found), found.page.has_next
    assert seen == walked.people.ids
    walked.asked()
    walked.forget()
    first = await walked.page()
    assert ids(await walked.page(end(first))) == walked.people.ids[MOST : 2 * MOST]
    if behind is not of_any_case:
        assert not any("sourcedId" in asked for asked in walked.asked()), "asked again for what is answered otherwise"


@pytest.mark.parametrize(
    "claims", [lambda matching, every: every, lambda matching, every: None, lambda matching, every: matching + 1]
)
async def test_totals_that_prove_nothing_are_not_believed(
    walked: Walked, claims: Callable[[int, int], int | None]
) -> None:
    first = await walked.page()
    walked.people.claims = claims
    second = await walked.page(end(first))
    assert ids(second) == walked.people.ids[MOST : 2 * MOST]
    assert second.page.has_next


async def test_a_total_that_is_no_total_of_what_was_asked_is_tried_once(walked: Walked) -> None:
    walked.people.claims = lambda matching, every: every
    first = await walked.page()
    for _ in range(3):
        walked.forget()
        assert ids(await walked.page(end(first))) == walked.people.ids[MOST : 2 * MOST]
    assert sum("sourcedId" in asked for asked in walked.asked()) == 1
