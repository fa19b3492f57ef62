"""One page of a route: how it is asked for, and what counts of the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import compress
from operator import attrgetter
from typing import TypeAlias, cast

import httpx2

from adapters import lowering
from adapters.addresses import encoded, query_text
from adapters.answers import Answer, says_no_such_parent
from adapters.caching import Earlier, Mark, cache_control, validators
from adapters.dialect import Service, Totals
from adapters.errors import SourceError, Unsupported
from adapters.exchange import Exchange
from adapters.lowering import Route
from adapters.normalise import NormalisedPage, Normaliser, names
from adapters.paging import Came, PageSeen, count, links
from adapters.predicate import compile_columns
from adapters.records import Record
from adapters.scanning import NOTHING, Fetched, Page
from adapters.spec import SourceSpec

_TOTAL = "x-total-count"

MAX_LIMIT = 5_000
"""Records of one page, whatever a source would serve."""

Refuse: TypeAlias = Callable[[str, Answer, bool], SourceError]
"""The error that an answer other than 2xx stands for: by route and answer, and whether the collection is optional."""


class Fetcher:
    """Fetches the pages of one source, whose services are at `bases`."""

    def __init__(
        self,
        spec: SourceSpec,
        bases: Mapping[Service, str],
        exchange: Exchange,
        normaliser: Normaliser,
        refuse: Refuse,
        wall: Callable[[], float],
    ) -> None:
        self._spec = spec
        self._dialect = spec.dialect
        self._can = spec.dialect.capabilities
        self._bases = bases
        self._exchange = exchange
        self._normaliser = normaliser
        self._refuse = refuse
        self._wall = wall
        self._turn_to_read = asyncio.Lock()
        self._answered: set[str] = set()
        self._bare: set[str] = set()
        self.mislabelled = 0
        """Good answers that were not said to be JSON."""

    def order(self, route: Route) -> str | None:
        """The wire field by which records are asked to be ordered."""
        if not self._can.sort:
            return None
        return names.wire_field(route.entity.collection, "sourced_id", self._dialect.version)

    def url(self, route: Route, limit: int | None, offset: int) -> str:
        """The address of a page, without a filter."""
        parameters: list[tuple[str, str]] = []
        if limit is not None:
            parameters.append(("limit", str(limit)))
        if limit is not None or offset:
            parameters.append(("offset", str(offset)))
        order = self.order(route)
        if order is not None:
            parameters += [("sort", order), ("orderBy", "asc")]
        return self._bases[route.entity.service] + route.path + (f"?{query_text(parameters)}" if parameters else "")

    async def page(
        self,
        route: Route,
        limit: int | None,
        offset: int,
        *,
        needs_filter: bool = False,
        earlier: Earlier | None = None,
        marked: bool = True,
    ) -> Fetched:
        """One page, as large as asked or as the source serves in full. earlier: a page that is as it was is not sent.
        marked: it may be asked for so later.

        Raises:
            Unsupported: it `needs_filter`, and the source cannot be sent one.
            SourceError: no page was had.
        """
        most = min(self._can.max_limit, MAX_LIMIT)
        if limit is not None or not self._can.all_without_limit:
            limit = most if limit is None else max(1, min(limit, most))
        url = self.url(route, limit, offset)
        room = self._can.max_url - len(url) - len("&filter=")
        pushed = lowering.pushdown(self._dialect, route.entity.collection, route.asked, room=room, after=route.after)
        if (needs_filter or route.after is not None) and pushed.text is None:
            raise Unsupported(self._spec.key, f"{route.name} cannot be filtered by sourcedId")
        if pushed.text is not None:
            url = _filtered(url, pushed.text)
        answer, mark = await self._ask(route, url, earlier)
        if earlier is not None and mark is not None:
            return self._as_it_was(mark, earlier.records(mark), answer, limit, offset)
        below = lowering.endpoint(route.name).nested and not route.lowered
        # Some servers have no word of their own for a route they lack: only one that has answered is believed.
        unknown = below and route.name in self._answered and says_no_such_parent(start(answer))
        if answer.status_code == 204 or unknown:
            return Fetched(NOTHING, Came(PageSeen(received=0, limit=limit, offset=offset, new=0), (), None))
        if not answer.is_success:
            raise self._refuse(route.name, start(answer), route.entity.optional and not below)
        self._answered.add(route.name)
        came = await self._normalised(route, answer.content)
        self.mislabelled += "json" not in answer.headers.get("content-type", "").lower()
        records = came.records
        if route.where is not None:
            records = tuple(compress(records, compile_columns(route.where)(records)))
        seen = self._seen(answer, limit, offset, came.received, came.total)
        if earlier is not None:
            earlier.heard(seen.total)
        exact = pushed.exact and len(records) == len(came.records)
        page = Page(records, tuple(came.rejected), came.received, seen.total, exact, None)
        odd = tuple(r.sourced_id for r in came.rejected if r.sourced_id is not None)
        nameless = len(came.rejected) - len(odd)
        ids = tuple(map(_ID, came.records))
        filtered = pushed.text is not None
        # A page that is not sent is made of what is held: all of it has to be.
        if marked and exact and ids and not came.rejected and not filtered and route.name not in self._bare:
            mark = self._mark(url, ids, seen.total, answer)
        return Fetched(page, Came(seen, ids, came.last, odd, nameless, filtered), mark, cache_control(answer.headers))

    async def _ask(self, route: Route, url: str, earlier: Earlier | None) -> tuple[httpx2.Response, Mark | None]:
        """The answer, and the mark of the page as it was if it still is so."""
        mark = earlier.mark(url) if earlier is not None and route.name not in self._bare else None
        if earlier is None or mark is None:
            return await self._exchange.get(route.name, url, service=route.entity.service), None
        answer = await self._exchange.get(route.name, url, mark.condition, route.entity.service)
        if answer.status_code != 304:
            return answer, None
        earlier.heard(self._total(answer, mark.total))
        if not mark.told <= self._told(answer):
            self._bare.add(
                route.name
            )  # it does not say whether more has come behind this page; the next will not either
        elif earlier.mark(url) is not None:
            return answer, mark
        return await self._exchange.get(route.name, url, service=route.entity.service), None

    def _as_it_was(
        self, mark: Mark, records: tuple[Record, ...], answer: httpx2.Response, limit: int | None, offset: int
    ) -> Fetched:
        seen = self._seen(answer, limit, offset, len(records), mark.total)
        page = Page(records, (), len(records), seen.total, True, None)
        return Fetched(
            page,
            Came(seen, mark.ids, mark.ids[-1], unchanged=True),
            replace(mark, total=seen.total),
            cache_control(answer.headers),
        )

    def _mark(self, url: str, ids: tuple[str, ...], total: int | None, answer: httpx2.Response) -> Mark | None:
        etag, modified = validators(answer.headers, self._wall())
        if etag is None and modified is None:
            return None
        return Mark(url, ids, etag, modified, total, self._told(answer))

    def _told(self, answer: httpx2.Response) -> frozenset[str]:
        """What the answer's headers say of the whole list."""
        names = ["link"]
        if self._can.totals is Totals.HEADER:
            names.append(_TOTAL)
        if self._dialect.revision_header is not None:
            names.append(self._dialect.revision_header.lower())
        return frozenset(name for name in names if name in answer.headers)

    def _seen(
        self, answer: httpx2.Response, limit: int | None, offset: int, received: int, total_in_body: int | None
    ) -> PageSeen:
        linked = answer.headers.get_list("link")
        return PageSeen(
            received=received,
            limit=limit,
            offset=offset,
            total=self._total(answer, total_in_body),
            link_seen=bool(linked),
            next_link=links(", ".join(linked)).get("next") if linked else None,
            new=received,
            revision=self._revision(answer),
        )

    async def _normalised(self, route: Route, body: bytes) -> NormalisedPage:
        """The page read in steps, one page after another, so that many or large ones do not hold up everything else."""
        steps = self._normaliser.page_by_steps(route.entity, body)
        async with self._turn_to_read:
            while True:
                await asyncio.sleep(0)
                try:
                    next(steps)
                except StopIteration as end:
                    return cast(NormalisedPage, end.value)

    def _revision(self, answer: httpx2.Response) -> str | None:
        header = self._dialect.revision_header
        return answer.headers.get(header) if header else None

    def _total(self, answer: httpx2.Response, in_body: int | None) -> int | None:
        match self._can.totals:
            case Totals.HEADER:
                return count(answer.headers.get(_TOTAL))
            case Totals.BODY:
                return in_body
            case Totals.NONE:
                return None


_ID = attrgetter("sourced_id")


def _filtered(url: str, text: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}filter={encoded(text)}"


def start(answer: httpx2.Response) -> Answer:
    """What is looked at of an answer that is not a success."""
    return Answer(answer.status_code, answer.headers, answer.content)
