"""One page of a route: how it is asked for, and what counts of the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias, cast

import httpx2

from adapters import lowering
from adapters.addresses import query_text
from adapters.answers import Answer, says_no_such_parent
from adapters.coverage import Came
from adapters.dialect import Totals
from adapters.errors import SourceError, Unsupported
from adapters.exchange import Exchange
from adapters.lowering import Route
from adapters.normalise import NormalisedPage, Normaliser, names
from adapters.paging import PageSeen, count, links
from adapters.predicate import compile_test
from adapters.scanning import NOTHING, Fetched, Page
from adapters.spec import SourceSpec

MAX_LIMIT = 5_000
"""Records of one page, whatever a source would serve."""

Refuse: TypeAlias = Callable[[str, Answer, bool], SourceError]
"""The error that an answer other than 2xx stands for: by route and answer, and whether the collection is optional."""


class Fetcher:
    """Fetches the pages of one source, whose base URL is `base`."""

    def __init__(self, spec: SourceSpec, base: str, exchange: Exchange, normaliser: Normaliser, refuse: Refuse) -> None:
        self._spec = spec
        self._dialect = spec.dialect
        self._can = spec.dialect.capabilities
        self._base = base
        self._exchange = exchange
        self._normaliser = normaliser
        self._refuse = refuse
        self._turn_to_read = asyncio.Lock()
        self._answered: set[str] = set()

    def order(self, route: Route) -> str | None:
        """The wire field by which records are asked to be ordered."""
        if not self._can.sort:
            return None
        return names.wire_field(route.entity.collection, "sourced_id", self._dialect.version)

    def url(self, route: Route, limit: int | None, offset: int, filter_text: str = "") -> str:
        parameters: list[tuple[str, str]] = []
        if limit is not None:
            parameters.append(("limit", str(limit)))
        if limit is not None or offset:
            parameters.append(("offset", str(offset)))
        order = self.order(route)
        if order is not None:
            parameters += [("sort", order), ("orderBy", "asc")]
        if filter_text:
            parameters.append(("filter", filter_text))
        return self._base + route.path + (f"?{query_text(parameters)}" if parameters else "")

    async def page(self, route: Route, limit: int | None, offset: int, *, needs_filter: bool = False) -> Fetched:
        """One page, as large as asked or as the source serves in full.

        Raises:
            Unsupported: it `needs_filter`, and the source cannot be sent one.
            SourceError: no page was had.
        """
        most = min(self._can.max_limit, MAX_LIMIT)
        if limit is not None or not self._can.all_without_limit:
            limit = most if limit is None else max(1, min(limit, most))
        room = self._can.max_url - len(self.url(route, limit, offset)) - len("&filter=")
        pushed = lowering.pushdown(self._dialect, route.entity.collection, route.asked, room=room)
        if needs_filter and pushed.text is None:
            raise Unsupported(self._spec.key, f"{route.name} cannot be filtered by sourcedId")
        answer = await self._exchange.get(route.name, self.url(route, limit, offset, pushed.text or ""))
        below = lowering.endpoint(route.name).nested and not route.lowered
        # Some servers have no word of their own for a route they lack: only one that has answered is believed.
        unknown = below and route.name in self._answered and says_no_such_parent(start(answer))
        if answer.status_code == 204 or unknown:
            return Fetched(NOTHING, Came(PageSeen(received=0, limit=limit, offset=offset, new=0), ()))
        if not answer.is_success:
            raise self._refuse(route.name, start(answer), route.entity.optional and not below)
        self._answered.add(route.name)
        came = await self._normalised(route, answer.content)
        holds = compile_test(route.where)
        records = tuple(record for record in came.records if holds(record))
        said = links(", ".join(answer.headers.get_list("link")))
        seen = PageSeen(
            received=came.received,
            limit=limit,
            offset=offset,
            total=self._total(answer, came.total),
            link_seen="link" in answer.headers,
            next_link=said.get("next"),
            new=came.received,
            revision=self._revision(answer),
        )
        exact = pushed.exact and len(records) == len(came.records)
        page = Page(records, tuple(came.rejected), came.received, seen.total, exact, None)
        odd = tuple(r.sourced_id for r in came.rejected if r.sourced_id is not None)
        nameless = len(came.rejected) - len(odd)
        ids = tuple(r.sourced_id for r in came.records)
        return Fetched(page, Came(seen, ids, odd, nameless, filtered=pushed.text is not None))

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
                return count(answer.headers.get("x-total-count"))
            case Totals.BODY:
                return in_body
            case Totals.NONE:
                return None


def start(answer: httpx2.Response) -> Answer:
    """What is looked at of an answer that is not a success."""
    return Answer(answer.status_code, answer.headers, answer.content)
