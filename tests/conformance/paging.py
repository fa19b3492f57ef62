"""Paging: every end is found, every page is as large as it may be, and no more is asked at once than is allowed."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any
from urllib.parse import parse_qs

import httpx2

from adapters.client import Page, PageRequest, Progress
from adapters.dialect import OAuth1, Totals
from adapters.endpoints import Collection
from adapters.errors import PagingBroken, Redirected, SourceError
from conformance.subjects import Case, Subject, Way, data_requests, everything, only, published

_ALL = "enrollments"
_LARGEST = 5_000


def _ids(made: list[dict[str, Any]]) -> Counter[str]:
    return Counter(one["sourcedId"] for one in made)


async def an_empty_collection_has_no_records(subject: Subject) -> None:
    server = subject.new_server()
    server.district.enrollments.clear()
    server.district.revision += 1
    assert await everything(subject.client(server), _ALL) == []
    assert len(data_requests(server)) == 1


async def pages_that_fit_exactly_or_not_hold_every_record_once(subject: Subject) -> None:
    server = subject.server
    expected = _ids(published(server, Collection.CLASSES))
    size = len(expected)
    for limit in (size, size - 1, size + 1, size // 2):
        got = await everything(subject.client(server), "classes", limit=limit)
        assert Counter(r.sourced_id for r in got) == expected


async def pages_cut_by_the_server_lose_nothing(subject: Subject) -> None:
    server = subject.new_server(max_limit=97, over_limit="clamp")
    got = await everything(subject.client(server), _ALL, limit=200)
    assert Counter(r.sourced_id for r in got) == _ids(published(server, _ALL))


async def pages_cut_by_the_server_lose_nothing_when_nothing_tells_the_total(subject: Subject) -> None:
    """A short page is no end: totals and links may be lost behind a proxy. One reading shows all the same that nothing
    left meanwhile: each page begins with the last record of the one before.
    """

    def without_totals(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        if request.method != "GET":
            return response
        body = {n: v for n, v in json.loads(response.content).items() if n not in ("total", "totalCount", "pageCount")}
        return httpx2.Response(response.status_code, content=json.dumps(body).encode())

    server = subject.new_server(max_limit=97, over_limit="clamp")
    got = await everything(subject.client(server, way=Way(server, without_totals)), _ALL, limit=200)
    assert Counter(r.sourced_id for r in got) == _ids(published(server, _ALL))
    assert len(data_requests(server)) == 1 + -(-(len(got) - 97) // 96) + 1


async def a_link_to_another_host_is_refused_but_where_a_proxy_stands_between(subject: Subject) -> None:
    def elsewhere(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        if request.method != "GET":
            return response
        headers = {n: v for n, v in response.headers.items() if n not in ("content-length", "content-encoding")}
        link = {"link": '<http://10.0.0.1/orgs?offset=1>; rel="next"'}
        return httpx2.Response(response.status_code, headers=headers | link, content=response.content)

    server = subject.new_server()
    reading = subject.client(server, way=Way(server, elsewhere)).page(PageRequest("orgs"))
    try:
        read = len((await reading).records)
    except Redirected:
        read = None
    assert read == (len(published(server, Collection.ORGS)) if subject.kind == "classlink-proxy" else None)


async def a_collection_that_shrinks_between_pages_loses_none_of_those_that_stay(subject: Subject) -> None:
    server = subject.new_server()
    district = server.district
    client = subject.client(server)
    seen: Counter[str] = Counter()
    removed: set[str] = set()

    def look(_: Progress, page: Page) -> None:
        seen.update(r.sourced_id for r in page.records)
        if not removed:
            gone = [server.truth_of(_ALL, r.sourced_id) for r in page.records[:5]]
            removed.update(r.sourced_id for r in page.records[:5])
            for enrollment in gone:
                district.remove(enrollment)

    scanned = await client.scan(PageRequest(_ALL, limit=60), on_page=look)
    staying = set(_ids(published(server, _ALL)))
    assert scanned.complete
    assert staying <= {r.sourced_id for r in scanned.records} <= set(seen)
    assert set(seen) - staying == removed
    assert max(seen.values()) == 1


@only(lambda dialect: dialect.capabilities.totals is not Totals.NONE)
async def pages_after_the_first_come_side_by_side_and_none_is_asked_for_in_vain(subject: Subject) -> None:
    server = subject.new_server(latency=0.002)
    expected = _ids(published(server, _ALL))
    limit = expected.total() // 20 + 1
    client = subject.client(server)
    await client.page(PageRequest("orgs"))
    server.reset()
    scanned = await client.scan(PageRequest(_ALL, limit=limit))
    assert (scanned.complete, scanned.attempts) == (True, 1)
    assert Counter(r.sourced_id for r in scanned.records) == expected
    assert len(data_requests(server)) == scanned.requests == -(-expected.total() // limit)
    assert server.in_flight_peak == subject.facts.at_once


async def the_revision_is_told_where_the_source_has_one(subject: Subject) -> None:
    server, sent = subject.new_server(), set()

    def look(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        if request.method == "GET":
            sent.add(response.headers.get("x-perm-rev"))
        return response

    scanned = await subject.client(server, way=Way(server, look)).scan(PageRequest("orgs"))
    assert scanned.complete
    assert {scanned.revision} == sent


@only(lambda dialect: not isinstance(dialect.auth, OAuth1))  # a request changed on its way is not the one signed
async def a_server_that_repeats_itself_is_noticed(subject: Subject) -> None:
    """A server that ignores the offset sends its first page for ever."""
    server = subject.new_server()

    class Repeating(Way):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            offset = request.url.params.get("offset", "0")
            if request.method == "GET" and offset != "0":
                request.url = request.url.copy_set_param("offset", "0")
            return await super().handle_async_request(request)

    client = subject.client(server, way=Repeating(server))
    try:
        found = await client.scan(PageRequest(_ALL, limit=50))
    except PagingBroken:
        return
    assert not found.complete, "a scan that never got past its first page was called complete"


async def a_page_is_as_large_as_the_server_serves_in_full(subject: Subject) -> None:
    server = subject.large
    page = await subject.client(server).page(PageRequest(_ALL, limit=_LARGEST))
    asked = int(parse_qs(data_requests(server)[-1].query)["limit"][0])
    assert asked == min(subject.capabilities.max_limit, _LARGEST)
    assert page.received == asked, "the server cuts a page of the size that the dialect claims"
    if asked < _LARGEST:
        assert not await _serves_page_of(subject, asked + 1), "the server serves larger pages than the dialect claims"


async def _serves_page_of(subject: Subject, size: int) -> bool:
    client = subject.claiming(subject.large, max_limit=size)
    try:
        return (await client.page(PageRequest(_ALL, limit=size))).received == size
    except SourceError:
        return False


async def no_limit_is_sent_where_that_means_everything_and_only_there(subject: Subject) -> None:
    server = subject.server
    whole = _ids(published(server, _ALL))
    got = await everything(subject.client(server), _ALL)
    assert Counter(r.sourced_id for r in got) == whole
    limits = [parse_qs(seen.query).get("limit") for seen in data_requests(server)]
    unlimited = subject.claiming(server, all_without_limit=True)
    all_at_once = (await unlimited.page(PageRequest(_ALL))).received == whole.total()
    assert (limits == [None]) is all_at_once


async def totals_are_told_where_the_dialect_says(subject: Subject) -> None:
    server = subject.server
    size = len(published(server, _ALL))
    page = await subject.client(server).page(PageRequest(_ALL, limit=10))
    told = {
        place: (await subject.claiming(server, totals=place).page(PageRequest(_ALL, limit=10))).total == size
        for place in (Totals.HEADER, Totals.BODY)
    }
    assert (page.total == size) is any(told.values())
    assert (page.total is None) is (subject.capabilities.totals is Totals.NONE)


async def records_come_in_the_order_of_their_ids_where_sorting_is_claimed(subject: Subject) -> None:
    server = subject.server

    async def orders(client: Any) -> list[bool]:
        made = [[r.sourced_id for r in await everything(client, c)] for c in ("users", "courses", _ALL)]
        return [ids == sorted(ids) for ids in made]

    works = all(await orders(subject.claiming(server, sort=True)))
    assert subject.capabilities.sort is works
    server.reset()
    sorted_pages = all(await orders(subject.client(server)))
    assert sorted_pages or not works
    assert all(("sort" in parse_qs(seen.query)) is works for seen in data_requests(server))


async def no_more_requests_run_at_once_than_are_allowed_and_no_fewer(subject: Subject) -> None:
    server = subject.new_server()
    client = subject.client(server)
    await client.page(PageRequest("orgs"))
    server.latency = 0.005
    server.reset()
    await asyncio.gather(*(client.page(PageRequest("orgs", limit=n + 1)) for n in range(12)))
    assert server.in_flight_peak == subject.facts.at_once


async def a_source_can_be_asked_more_gently_than_its_provider_allows(subject: Subject) -> None:
    server = subject.new_server(latency=0.002)
    client = subject.client(server, max_concurrency=2)
    await asyncio.gather(*(client.page(PageRequest("orgs", limit=n + 1)) for n in range(6)))
    assert server.in_flight_peak <= 2


CASES: list[Case] = [
    an_empty_collection_has_no_records,
    pages_that_fit_exactly_or_not_hold_every_record_once,
    pages_cut_by_the_server_lose_nothing,
    pages_cut_by_the_server_lose_nothing_when_nothing_tells_the_total,
    a_link_to_another_host_is_refused_but_where_a_proxy_stands_between,
    a_collection_that_shrinks_between_pages_loses_none_of_those_that_stay,
    pages_after_the_first_come_side_by_side_and_none_is_asked_for_in_vain,
    the_revision_is_told_where_the_source_has_one,
    a_server_that_repeats_itself_is_noticed,
    no_limit_is_sent_where_that_means_everything_and_only_there,
    totals_are_told_where_the_dialect_says,
    records_come_in_the_order_of_their_ids_where_sorting_is_claimed,
    no_more_requests_run_at_once_than_are_allowed_and_no_fewer,
    a_source_can_be_asked_more_gently_than_its_provider_allows,
    a_page_is_as_large_as_the_server_serves_in_full,
]
