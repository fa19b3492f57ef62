"""A collection in process that changes while it is read, and how a source shows it: pages, totals, revisions, links."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from adapters.dialect import Capabilities
from adapters.paging import Came, PageSeen, next_offset
from adapters.records import Org, Provenance, RecordStatus
from adapters.scanning import Fetched, Page, Scan
from adapters.stepping import After

Change = tuple[str, int]
"""("join" | "leave", where): where is taken modulo what there is."""


def org(sourced_id: str) -> Org:
    return Org(provenance=Provenance("s"), sourced_id=sourced_id, status=RecordStatus.ACTIVE)


def after(seen: PageSeen) -> int | None:
    return next_offset(seen, Capabilities(), source="s")


@dataclass
class Book:
    """changes: before each page that is served, in the order in which they are; the first page sees none. delays: turns
    of the event loop before and after a page is served, by number of the request. shuffled: a new order for every page.
    """

    size: int
    limit: int
    total: bool = True
    revision: bool = False
    ordered: bool = True
    clamp: int | None = None
    claims: int = 0
    changes: Sequence[Sequence[Change]] = ()
    delays: Sequence[tuple[int, int]] = ((0, 0),)
    asked: list[int] = field(default_factory=list)
    served: int = 0
    changed: int = 0
    under_way: int = 0
    peak: int = 0

    def __post_init__(self) -> None:
        self.rows = [f"{n:05}" for n in range(0, self.size * 10, 10)]
        if not self.ordered:
            self.rows.sort(key=lambda i: (int(i) * 7919) % 10007)
        self.throughout = set(self.rows)
        self.ever = set(self.rows)

    def change(self, kind: str, where: int) -> None:
        self.changed += 1
        if kind == "leave" and self.rows:
            self.throughout.discard(self.rows.pop(where % len(self.rows)))
        if kind == "join":
            new = f"{where % (self.size * 10 + 10):05}+{self.changed:03}"
            self.ever.add(new)
            self.rows.append(new)
            if self.ordered:
                self.rows.sort()

    async def fetch(self, offset: int, limit: int | None) -> Fetched:
        before, behind = self.delays[len(self.asked) % len(self.delays)]
        self.asked.append(offset)
        self.under_way += 1
        self.peak = max(self.peak, self.under_way)
        for _ in range(before):
            await asyncio.sleep(0)
        if 0 < self.served <= len(self.changes):
            for kind, where in self.changes[self.served - 1]:
                self.change(kind, where)
        self.served += 1
        fetched = self.page(offset, limit)
        for _ in range(behind):
            await asyncio.sleep(0)
        self.under_way -= 1
        return fetched

    def page(self, offset: int, limit: int | None) -> Fetched:
        limit = self.limit if limit is None else limit
        rows = self.rows[offset : offset + min(limit, self.clamp or limit)]
        seen = PageSeen(
            received=len(rows),
            limit=limit,
            offset=offset,
            total=len(self.rows) + self.claims if self.total else None,
            new=len(rows),
            revision=f"r{self.changed}" if self.revision else None,
        )
        page = Page(tuple(map(org, rows)), (), len(rows), seen.total, True, None)
        return Fetched(page, Came(seen, tuple(rows), rows[-1] if rows else None))

    def scan(self, *, most: int = 10_000, at_once: int = 4, after: After = after, sorts: bool | None = None) -> Scan:
        sorts = self.ordered if sorts is None else sorts
        return Scan(
            "s",
            "orgs",
            self.fetch,
            after,
            start=0,
            most=most,
            at_once=lambda: at_once,
            sorts=sorts,
        )
