"""What a source showed of itself while it was read, for the planner. It outlasts the records that were read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from cachetools import LRUCache

from adapters.client import Page
from adapters.coverage import Proof
from adapters.dialect import Dialect
from adapters.endpoints import Collection
from adapters.pacing import Pacer
from adapters.predicate import Predicate
from adapters.records import Org
from gateway.roster.costs import ASSUMED_SIZE, PARENTS, SCOPED
from gateway.roster.explain import Account
from gateway.roster.needs import ChildrenOf, Known, Need, Window
from gateway.roster.tables import Table

_WEIGHT = 0.3
"""Of a new measurement, against all before it."""

_FEW, _MANY = 20, 200
"""Records a request: up to the one it shows the latency, from the other on what records take."""


class Learned:
    """Of one source. refused: routes that it turned out not to serve. spent: requests for a few records of collections
    whose size it had not told. in_full: collections of which the changes could not be had: they are read in full first.
    """

    def __init__(self, dialect: Dialect, pacer: Pacer) -> None:
        self._dialect = dialect
        self._pacer = pacer
        self.latency: float | None = None
        self.seconds_per_row: float | None = None
        self.tells_end: bool | None = None
        self.schools: int | None = None
        self.refused: set[str] = set()
        self.spent: Counter[Collection] = Counter()
        self.in_full: set[Collection] = set()
        self.page_sizes: dict[Collection, int] = {}
        self._matching: LRUCache[tuple[Collection, Predicate | None], int] = LRUCache(1000)

    def known(self, need: Need, tables: Mapping[Collection, Table]) -> Known:
        """What is known where `need` is planned."""
        table = tables[need.collection]
        field = need.field if isinstance(need, ChildrenOf) else ""
        of = PARENTS.get(field)
        scope = SCOPED.get((need.collection, field))
        schools = self._schools(tables[Collection.ORGS].size)
        classes = tables[Collection.CLASSES].size or ASSUMED_SIZE[Collection.CLASSES]
        scopes = {"school_id": schools, "class_id": classes}
        return Known(
            changes=self.changes(need.collection, table),
            size=table.size,
            parents=schools if of is Collection.ORGS else tables[of].size if of is not None else None,
            matching=self._matching.get((need.collection, need.where)) if isinstance(need, Window) else None,
            page_size=self.page_sizes.get(need.collection),
            tells_end=self.tells_end,
            sorted=not table.unsorted,
            scope_of=_scope_of(need, tables[of], scope.field) if scope is not None and of is not None else {},
            scopes=scopes[scope.field] if scope is not None else None,
            refused=frozenset(self.refused),
            spent=self.spent[need.collection],
            latency=self.latency,
            seconds_per_row=self.seconds_per_row,
            requests_left=self._pacer.left_today(),
            in_flight=self._pacer.at_once(),
        )

    def changes(self, collection: Collection, table: Table) -> bool:
        """Whether an older copy is held whole, and asking for what changed since is likely to bring it up to date."""
        base = table.base if self._dialect.capabilities.delta and collection not in self.in_full else None
        return base is not None and base.high_water is not None

    def _schools(self, orgs: int | None) -> int | None:
        """As many as were counted when all orgs were read, else all orgs but one."""
        return self.schools or (max(1, orgs - 1) if orgs is not None else None)

    # -------------------------------------------------------------- what was seen

    def first(self, collection: Collection, page: Page) -> None:
        """The first page of a collection: one after which more follow is as full as they get."""
        if page.total is not None and 0 < page.received < page.total:
            self.page_sizes[collection] = page.received

    def list(self, collection: Collection, pages: Sequence[Page], proof: Proof | None) -> None:
        """All pages of a collection, in any order, and what showed that there are no more."""
        if collection is Collection.ORGS:
            self.schools = sum(isinstance(r, Org) and r.type == "SCHOOL" for p in pages for r in p.records)
        can = self._dialect.capabilities
        full = [p.received for p in pages if p.received]
        if not full or can.all_without_limit:
            return
        if len(full) > 1:
            self.page_sizes[collection] = max(full)
        if any(p.total is not None for p in pages):
            self.tells_end = True
        elif proof is Proof.EMPTY_PAGE:
            self.tells_end = False
        elif not can.short_page_ends:
            self.tells_end = True  # a link's absence

    def total(self, collection: Collection, where: Predicate | None, table: Table) -> int | None:
        """How many records satisfy `where`, as the source last told."""
        return table.size if where is None else self._matching.get((collection, where))

    def matched(self, collection: Collection, where: Predicate | None, total: int) -> None:
        self._matching[collection, where] = total

    def flown(self, account: Account) -> None:
        """How long the requests of one flight took."""
        if not account.requests:
            return
        each = account.in_requests / account.requests
        rows = account.rows / account.requests
        if rows <= _FEW:
            self.latency = _smoothed(self.latency, each)
        elif rows >= _MANY and self.latency is not None:
            self.seconds_per_row = _smoothed(self.seconds_per_row, max(0.0, each - self.latency) / rows)


def _smoothed(before: float | None, now: float) -> float:
    return now if before is None else before + _WEIGHT * (now - before)


def _scope_of(need: Need, parents: Table, field: str) -> dict[str, str]:
    """What parents lie in, of those that are held."""
    assert isinstance(need, ChildrenOf)
    named = {i: getattr(record, field) for i, record in parents.known(need.parents).items() if record is not None}
    return {i: scope for i, scope in named.items() if scope is not None}
