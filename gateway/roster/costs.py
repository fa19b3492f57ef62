"""The ways that are open for a need, and what each would take. Which of them is taken is `gateway.roster.planner`'s."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from types import MappingProxyType

from adapters import lowering
from adapters.dialect import Dialect, Totals
from adapters.endpoints import Collection, single
from adapters.predicate import Predicate, unfolded
from gateway.roster.needs import (
    TELLING,
    AccessPath,
    Batches,
    ByIds,
    Changes,
    ChildrenOf,
    Cut,
    Everything,
    Filtered,
    Known,
    Need,
    Nested,
    ParentScoped,
    Scan,
    Singles,
    Window,
    but_status,
    telling,
)
from gateway.roster.pages import Pages

NEAR = 1.2
"""Times the fewest requests: up to there, ways count as nearly equal."""

LATENCY = 0.2
SECONDS_PER_ROW = 20e-6
"""Of a request, and of a record in it, until the source has been measured."""

MARGIN = 4
"""A number of requests rests on a guess if it would be another, were the guess wrong so many times."""

SELECTED = 10
"""One in so many records satisfies a condition of which nothing is known."""

_MANY = 200
"""Values that are split over filters without asking whether that can pay."""

ASSUMED_SIZE: Mapping[Collection, int] = MappingProxyType(
    {
        Collection.ORGS: 50,
        Collection.ACADEMIC_SESSIONS: 50,
        Collection.COURSES: 1_000,
        Collection.CLASSES: 2_000,
        Collection.USERS: 10_000,
        Collection.ENROLLMENTS: 20_000,
        Collection.DEMOGRAPHICS: 5_000,
        Collection.CATEGORIES: 1_000,
        Collection.LINE_ITEMS: 20_000,
        Collection.RESULTS: 200_000,
        Collection.SCORE_SCALES: 200,
        Collection.ASSESSMENT_LINE_ITEMS: 500,
        Collection.ASSESSMENT_RESULTS: 20_000,
        Collection.RESOURCES: 500,
    }
)
"""How many records a collection has, until its source has told."""

PARENTS: Mapping[str, Collection] = MappingProxyType(
    {
        "user_id": Collection.USERS,
        "class_id": Collection.CLASSES,
        "course_id": Collection.COURSES,
        "school_id": Collection.ORGS,
        "org_id": Collection.ORGS,
        "org_ids": Collection.ORGS,
        "line_item_id": Collection.LINE_ITEMS,
        "student_id": Collection.USERS,
        "agent_ids": Collection.USERS,
        "category_id": Collection.CATEGORIES,
        "assessment_line_item_id": Collection.ASSESSMENT_LINE_ITEMS,
        "parent_assessment_line_item_id": Collection.ASSESSMENT_LINE_ITEMS,
        "resource_ids": Collection.RESOURCES,
    }
)
"""Which records a field refers to, where their number tells how many children each has."""

NESTED: Mapping[tuple[Collection, str], str] = MappingProxyType(
    {
        (Collection.CLASSES, "school_id"): "classesForSchool",
        (Collection.CLASSES, "course_id"): "classesForCourse",
        (Collection.USERS, "agent_ids"): "linkedUsersForUser",
        (Collection.ENROLLMENTS, "user_id"): "enrollmentsForUser",
        (Collection.ENROLLMENTS, "class_id"): "enrollmentsForClass",
        (Collection.LINE_ITEMS, "class_id"): "lineItemsForClass",
        (Collection.SCORE_SCALES, "class_id"): "scoreScalesForClass",
    }
)
"""Routes that answer exactly the children of one parent.

/schools/{id}/courses, /terms/{id}/classes and the like are left out: servers differ on what they include.
"""


@dataclass(frozen=True, slots=True)
class Scope:
    """What parents lie in: `field` of theirs names it. endpoint: the route that answers the children of all within."""

    endpoint: str
    field: str
    of: str


SCOPED: Mapping[tuple[Collection, str], Scope] = MappingProxyType(
    {
        (Collection.ENROLLMENTS, "class_id"): Scope("enrollmentsForSchool", "school_id", "schools"),
        (Collection.RESULTS, "line_item_id"): Scope("resultsForClass", "class_id", "classes"),
    }
)
"""Routes that answer the children of all parents of one school, or of one class.

A class lies in one school, and an enrollment names the school of its class; a line item lies in one class. A person may
be enrolled at a school that their own record does not name, and a course belongs to none: for their children such a
route would not be whole.
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """One way and what it would take.

    requests: as many as are likely. certain: those of them that rest on no guess. at_worst: were the guess `MARGIN`
    times too low. rounds: how many answers must be waited for one after another.
    """

    path: AccessPath
    requests: int
    rounds: int
    rows: int
    certain: int
    at_worst: int

    @property
    def assumed(self) -> bool:
        return self.certain != self.requests or self.at_worst != self.requests

    def seconds(self, known: Known) -> float:
        latency = LATENCY if known.latency is None else known.latency
        each = SECONDS_PER_ROW if known.seconds_per_row is None else known.seconds_per_row
        return self.rounds * latency + self.rows * each


class Costs:
    """What lists cost at one source, as far as it is known."""

    def __init__(self, known: Known, dialect: Dialect, url_overhead: int) -> None:
        self._known = known
        self._dialect = dialect
        self._can = dialect.capabilities
        self._overhead = url_overhead
        self._pages = Pages(known, self._can)

    def ways(self, need: Need) -> Iterator[Cost]:
        """Every way that is open for `need`; of ways that are equal in all, the first is the better one."""
        if self._known.changes:
            yield Cost(Changes(), 1, 1, 0, certain=1, at_worst=MARGIN)
        scan = self.scan(need.collection)
        yield scan
        match need:
            case ByIds(collection, ids):
                if lowering.served(self._dialect, single(collection).name) is not None:
                    count = len(ids)
                    yield Cost(Singles(), count, self._rounds(count), count, certain=count, at_worst=count)
                yield from self._batches(collection, "sourced_id", ids, scan.requests)
            case ChildrenOf(collection, field, parents):
                yield from self._nested(need)
                yield from self._scoped(need)
                yield from self._batches(collection, field, parents, scan.requests)
            case Window():
                yield from self._cut(need)
                yield from self._filtered(need)
            case Everything():
                pass

    # -------------------------------------------------------------- each way

    def scan(self, collection: Collection) -> Cost:
        size, told = self._size(collection), self._known.size is not None
        requests = self._pages.whole(size)
        # The first page tells the total; then the others can be asked side by side.
        together = self._can.totals is not Totals.NONE
        rounds = min(requests, 1 + self._rounds(requests - 1)) if together else requests
        certain = self._pages.least(size if told else 0)
        return Cost(Scan(), requests, rounds, size, certain, self._pages.whole(size if told else size * MARGIN))

    def _batches(self, collection: Collection, field: str, values: tuple[str, ...], scan: int) -> Iterator[Cost]:
        if len(values) > max(_MANY, NEAR * scan * self._widest(values)):
            return  # the scan is shorter however they were split, and to split so many takes time
        field = unfolded(field)
        groups = lowering.batches(self._dialect, collection, field, values, self._overhead)
        if groups is None:
            return
        path = Batches(field, tuple(groups), self._can.in_operator and len(groups) < len(values))
        if field != "sourced_id":
            yield self._lists(path, [self._children(collection, field, len(g)) for g in groups])
            return
        each = [self._pages.named(len(g)) for g in groups]
        requests = sum(each)
        rounds = self._rounds(requests, max(each))
        yield Cost(path, requests, rounds, len(values), certain=requests, at_worst=requests)

    def _nested(self, need: ChildrenOf) -> Iterator[Cost]:
        name = NESTED.get((need.collection, need.field))
        if name is not None and self._open(name):
            yield self._lists(Nested(name), [self._children(need.collection, need.field, 1)] * len(need.parents))

    def _scoped(self, need: ChildrenOf) -> Iterator[Cost]:
        scope, known = SCOPED.get((need.collection, need.field)), self._known
        if scope is None or not self._open(scope.endpoint) or known.scopes is None:
            return
        if any(p not in known.scope_of for p in need.parents):
            return
        scopes = tuple(sorted({known.scope_of[p] for p in need.parents}))
        path = ParentScoped(scope.endpoint, scopes, scope.of)
        yield self._lists(path, [_share(self._size(need.collection), 1, known.scopes)] * len(scopes))

    def _lists(self, path: AccessPath, rows: list[int]) -> Cost:
        """Lists of about so many records, asked for side by side: by an average, which nobody has to keep to."""
        pages = self._pages
        each = [pages.whole(n) for n in rows]
        requests = sum(each)
        # What holds for an empty list, a likely one and a long one is certain; else that each is asked for.
        sure = all(pages.least(0) == pages.least(n) == pages.whole(n) == pages.whole(n * MARGIN) for n in rows)
        certain = requests if sure else len(rows)
        at_worst = sum(pages.whole(n * MARGIN) for n in rows)
        return Cost(path, requests, self._rounds(requests, max(each)), sum(rows), certain, at_worst)

    def _cut(self, need: Window) -> Iterator[Cost]:
        sorts = self._can.sort and self._known.sorted
        if need.limit is None or need.offset is None or not sorts or not self._exact(need.collection, need.where):
            return
        limit, pages = need.limit, self._pages
        low, likely, high = (max(0, n - need.offset) for n in self._matching(need))
        requests = pages.window(limit, likely)
        # Where nothing tells the end, a list that fills its window takes fewer than one that nearly does.
        could_be = {low, likely, high} if low == high else {low, likely, min(high, limit - 1), high}
        certain = min(pages.least_window(limit, n) for n in could_be)
        at_worst = max(pages.window(limit, n) for n in could_be)
        yield Cost(Cut(), requests, requests, min(limit, likely), certain, at_worst)

    def _filtered(self, need: Window) -> Iterator[Cost]:
        if lowering.pushdown(self._dialect, need.collection, but_status(need.where)).text is None:
            return
        low, likely, high = self._matching(need)
        requests = self._pages.whole(likely)
        yield Cost(Filtered(), requests, requests, likely, self._pages.least(low), self._pages.whole(high))

    def _rounds(self, requests: int, least: int = 0) -> int:
        return max(least, ceil(requests / max(1, self._known.in_flight)))

    # -------------------------------------------------------------- estimates

    def _size(self, collection: Collection) -> int:
        return ASSUMED_SIZE[collection] if self._known.size is None else self._known.size

    def _children(self, collection: Collection, field: str, parents: int) -> int:
        """Records that name one of so many parents, if every parent has as many."""
        if field in TELLING:
            return parents
        of = PARENTS.get(field)
        there = self._known.parents or (ASSUMED_SIZE[of] if of is not None else 1)
        return _share(self._size(collection), parents, there)

    def _matching(self, need: Window) -> tuple[int, int, int]:
        """How many records satisfy a window's condition: at least, likely, at most."""
        size, known = self._size(need.collection), self._known
        if need.where is not None and known.matching is not None:
            return (known.matching,) * 3
        told = telling(need.where)
        if told is not None:
            return 0, len(told[1]), len(told[1])
        high = size if known.size is not None else size * MARGIN
        if need.where is None:
            return (size,) * 3 if known.size is not None else (0, size, high)
        likely = size if but_status(need.where) is None else ceil(size / SELECTED)
        return 0, likely, high

    def _widest(self, values: tuple[str, ...]) -> int:
        """How many of the values one filter could carry, at most."""
        by_length = self._can.max_url // (1 + min(map(len, values)))
        return max(1, by_length if self._can.in_operator else min(by_length, self._can.filter_clauses))

    # -------------------------------------------------------------- what is served

    def _exact(self, collection: Collection, where: Predicate | None) -> bool:
        return lowering.pushdown(self._dialect, collection, where).exact

    def _open(self, name: str) -> bool:
        return name not in self._known.refused and lowering.served(self._dialect, name) is not None


def _share(whole: int, part: int, of: int) -> int:
    return min(whole, ceil(whole * part / max(1, of)))
