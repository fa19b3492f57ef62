"""The ways that are open for a need, and what each would take. Which of them is taken is `gateway.roster.planner`'s."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from types import MappingProxyType

from adapters import lowering
from adapters.dialect import Dialect, Totals
from adapters.endpoints import Collection, single
from adapters.predicate import Predicate
from gateway.roster.needs import (
    AccessPath,
    Batches,
    ByIds,
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
    names_one,
)

PAGE = 5000
"""Records a page, at most, whatever the source would serve."""

NEAR = 1.2
"""Times the fewest requests: up to there, ways count as nearly equal."""

LATENCY = 0.2
SECONDS_PER_ROW = 20e-6
"""Of a request, and of a record in it, until the source has been measured."""

MARGIN = 4
"""A prediction is called assumed if it would be another, were the guess that it rests on wrong so many times."""

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
    }
)
"""Which records a field refers to, where their number tells how many children each has."""

NESTED: Mapping[tuple[Collection, str], str] = MappingProxyType(
    {
        (Collection.CLASSES, "school_id"): "classesForSchool",
        (Collection.CLASSES, "course_id"): "classesForCourse",
        (Collection.ENROLLMENTS, "user_id"): "enrollmentsForUser",
        (Collection.ENROLLMENTS, "class_id"): "enrollmentsForClass",
    }
)
"""Routes that answer exactly the children of one parent.

/schools/{id}/courses, /terms/{id}/classes and the like are left out: servers differ on what they include.
"""

SCOPED: Mapping[tuple[Collection, str], str] = MappingProxyType(
    {(Collection.ENROLLMENTS, "class_id"): "enrollmentsForSchool"}
)
"""Routes that answer the children of all parents of one school.

A class lies in one school, and an enrollment names the school of its class. A person may be enrolled at a school that
their own record does not name, and a course belongs to none: for their children such a route would not be whole.
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """One way and what it would take.

    rounds: how many answers must be waited for one after another. assumed: `requests` rests on a guess.
    """

    path: AccessPath
    requests: int
    rounds: int
    rows: int
    assumed: bool = False

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
        most = min(self._can.max_limit, PAGE)
        self.page = most if known.page_size is None else max(1, min(known.page_size, most))

    def ways(self, need: Need) -> Iterator[Cost]:
        """Every way that is open for `need`."""
        scan = self.scan(need.collection)
        yield scan
        match need:
            case ByIds(collection, ids):
                if lowering.served(self._dialect, single(collection).name) is not None:
                    yield Cost(Singles(), len(ids), self._rounds(len(ids)), len(ids))
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
        size = self._size(collection)
        requests = self.pages(size)
        # The first page tells the total; then the others can be asked side by side.
        together = self._can.totals is not Totals.NONE
        rounds = min(requests, 1 + self._rounds(requests - 1)) if together else requests
        assumed = self._known.size is None and self.pages(size * MARGIN) != requests
        return Cost(Scan(), requests, rounds, size, assumed or self._blind(size))

    def _batches(self, collection: Collection, field: str, values: tuple[str, ...], scan: int) -> Iterator[Cost]:
        if len(values) > max(_MANY, NEAR * scan * self._widest(values)):
            return  # the scan is shorter however they were split, and to split so many takes time
        groups = lowering.batches(self._dialect, collection, field, values, self._overhead)
        if groups is None:
            return
        by_id = field == "sourced_id"
        count = self._named if by_id else self.pages
        rows = [len(g) if by_id else self._children(collection, field, len(g)) for g in groups]
        each = [count(n) for n in rows]
        assumed = not by_id and self._guessed() and [count(n * MARGIN) for n in rows] != each
        assumed = assumed or (not by_id and self._blind(*rows))
        path = Batches(field, tuple(groups), self._can.in_operator and len(groups) < len(values))
        yield Cost(path, sum(each), self._rounds(sum(each), max(each)), sum(rows), assumed)

    def _nested(self, need: ChildrenOf) -> Iterator[Cost]:
        name = NESTED.get((need.collection, need.field))
        if name is None or not self._open(name):
            return
        rows = self._children(need.collection, need.field, 1)
        each, parents = self.pages(rows), len(need.parents)
        assumed = (self._guessed() and self.pages(rows * MARGIN) != each) or self._blind(rows)
        yield Cost(Nested(name), each * parents, self._rounds(each * parents, each), rows * parents, assumed)

    def _scoped(self, need: ChildrenOf) -> Iterator[Cost]:
        name, known = SCOPED.get((need.collection, need.field)), self._known
        if name is None or not self._open(name) or known.schools is None:
            return
        if any(p not in known.school_of for p in need.parents):
            return
        schools = tuple(sorted({known.school_of[p] for p in need.parents}))
        rows = _share(self._size(need.collection), 1, known.schools)
        each, count = self.pages(rows), len(schools)
        assumed = (known.schools > 1 and self.pages(rows * MARGIN) != each) or self._blind(rows)
        yield Cost(ParentScoped(name, schools), each * count, self._rounds(each * count, each), rows * count, assumed)

    def _cut(self, need: Window) -> Iterator[Cost]:
        sorts = self._can.sort and self._known.sorted
        if need.limit is None or need.offset is None or not sorts or not self._exact(need.collection, need.where):
            return
        low, likely, high = (max(0, n - need.offset) for n in self._matching(need))
        requests = self._window(need.limit, likely)
        # Where nothing tells the end, a list that fills its window takes fewer than one that nearly does.
        could_be = {low, min(high, need.limit - 1), high}
        assumed = low != high and any(self._window(need.limit, n) != requests for n in could_be)
        assumed = assumed or (likely < need.limit and self._blind(likely))
        yield Cost(Cut(), requests, requests, min(need.limit, likely), assumed)

    def _filtered(self, need: Window) -> Iterator[Cost]:
        if lowering.pushdown(self._dialect, need.collection, but_status(need.where)).text is None:
            return
        low, likely, high = self._matching(need)
        requests = self.pages(likely)
        assumed = not self.pages(low) == requests == self.pages(high) or self._blind(likely)
        yield Cost(Filtered(), requests, requests, likely, assumed)

    # -------------------------------------------------------------- requests

    def pages(self, rows: int) -> int:
        """Requests of a list of so many records, asked for whole, from its start to its proved end."""
        return 1 if self._can.all_without_limit else self._steps(rows)

    def _steps(self, rows: int) -> int:
        tells = self._known.tells_end
        if tells or (tells is None and self._can.totals is not Totals.NONE):
            return max(1, ceil(rows / self.page))
        if self._can.short_page_ends:
            return rows // self.page + 1
        return ceil(rows / self.page) + 1 if rows else 1

    def _blind(self, *rows: int) -> bool:
        """Whether lists of so many records could end sooner: until one has ended, links may yet tell the end."""
        if self._known.tells_end is not None or self._can.totals is not Totals.NONE or self._can.all_without_limit:
            return False
        return any(self._steps(n) > ceil(n / self.page) > 0 for n in rows)

    def _named(self, ids: int) -> int:
        """Requests of a filter by so many ids: the last of them is the end, whatever the source tells."""
        return 1 if self._can.all_without_limit else max(1, ceil(ids / self.page))

    def _window(self, limit: int, ahead: int) -> int:
        """Requests of a window, where so many records are left in its list."""
        return max(1, ceil(limit / self.page)) if ahead >= limit else self._steps(ahead)

    def _rounds(self, requests: int, least: int = 0) -> int:
        return max(least, ceil(requests / max(1, self._known.in_flight)))

    # -------------------------------------------------------------- estimates

    def _size(self, collection: Collection) -> int:
        return ASSUMED_SIZE[collection] if self._known.size is None else self._known.size

    def _guessed(self) -> bool:
        return self._known.size is None or self._known.parents is None

    def _children(self, collection: Collection, field: str, parents: int) -> int:
        """Records that name one of so many parents, if every parent has as many."""
        of = PARENTS.get(field)
        there = self._known.parents or (ASSUMED_SIZE[of] if of is not None else 1)
        return _share(self._size(collection), parents, there)

    def _matching(self, need: Window) -> tuple[int, int, int]:
        """How many records satisfy a window's condition: at least, likely, at most."""
        size, known = self._size(need.collection), self._known
        if need.where is not None and known.matching is not None:
            return (known.matching,) * 3
        if names_one(need.where):
            return 0, 1, 1
        high = size if known.size is not None else size * MARGIN
        if need.where is None:
            return (size,) * 3 if known.size is not None else (size // MARGIN, size, high)
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
