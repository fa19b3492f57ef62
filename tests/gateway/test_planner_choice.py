"""The choice between ways, against every way there is: legality and cost are worked out here once more, by hand.

What is to be least is the number of requests, likely ones where nobody has told a size. With one exception: a scan
whose requests rest on such a guess does not count beside a way that is certain, answered after one latency, and no
longer than the scan were the guess four times too low.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters import registry
from adapters.dialect import Dialect, Totals
from adapters.endpoints import Collection
from adapters.predicate import equals, every
from gateway.roster.needs import ByIds, ChildrenOf, Everything, Known, Need, Window
from gateway.roster.planner import plan

STANDARD = registry.get("standard", "1.2")
OVERHEAD = 120

# The standard's routes and wire words for the needs below.
NESTED_ROUTES = {("classes", "school_id"), ("classes", "course_id")}
WIRE = {"sourced_id": "sourcedId", "user_id": "user.sourcedId", "class_id": "class.sourcedId"} | {
    "school_id": "school.sourcedId",
    "course_id": "course.sourcedId",
}
GUESSED = {"users": 10_000, "classes": 2_000, "enrollments": 20_000, "courses": 1_000, "orgs": 50}
PARENTS = {"user_id": "users", "class_id": "classes", "school_id": "orgs", "course_id": "courses"}


def keys(count: int) -> tuple[str, ...]:
    return tuple(f"{n:08x}-1111-4000-8000-00000000beef" for n in range(count))


@dataclass(frozen=True)
class Way:
    """single: of every list that it asks for, it is certain that one request is enough."""

    requests: int
    single: bool = False


@dataclass(frozen=True)
class Case:
    dialect: Dialect
    known: Known
    need: Need

    def page(self) -> int:
        return min(self.dialect.capabilities.max_limit, 5000, self.known.page_size or 5000)

    def size(self) -> int:
        told = self.known.size
        return GUESSED[self.need.collection.value] if told is None else told

    def whole(self, rows: int) -> int:
        """Requests of a list that is asked for without saying how much of it."""
        return 1 if self.dialect.capabilities.all_without_limit else self.stepwise(rows)

    def stepwise(self, rows: int) -> int:
        can = self.dialect.capabilities
        if self.known.tells_end is True or (self.known.tells_end is None and can.totals is Totals.HEADER):
            return self.seen(rows)
        if can.short_page_ends:
            return self.seen(rows + 1)
        return self.seen(rows) + (rows > 0)

    def seen(self, rows: int) -> int:
        """Requests until so many records have come. Pages begin with the last record of the one before: always where no
        total is told, else where that makes no more than a fiftieth more of them."""
        apart = max(1, ceil(rows / self.page()))
        if self.page() == 1:
            return apart
        reaching = max(1, ceil((rows - 1) / (self.page() - 1)))
        dear = self.dialect.capabilities.totals is Totals.HEADER and 50 * (reaching - apart) > apart
        return apart if dear else reaching

    def groups(self, field: str, values: tuple[str, ...]) -> list[int] | None:
        """How many values each filter takes, packed one after another."""
        can = self.dialect.capabilities
        if can.filter_clauses < 1 or ("." in WIRE[field] and not can.dotted_filters):
            return None
        sizes = [0]
        batch: list[str] = []
        for value in values:
            longer = [*batch, value]
            if can.in_operator and len(longer) > 1:
                text, clauses = f"{WIRE[field]}@'{','.join(longer)}'", 1
            else:
                text, clauses = " OR ".join(f"{WIRE[field]}='{v}'" for v in longer), len(longer)
            fits = len(quote(text, safe="")) <= can.max_url - OVERHEAD
            joins = clauses == 1 or (can.or_filters and clauses <= can.filter_clauses)
            if not batch and not fits:
                return None
            if fits and joins:
                batch, sizes[-1] = longer, len(longer)
            else:
                batch = [value]
                sizes.append(1)
        return sizes

    def batches(self, groups: list[int]) -> str:
        return "in-operator batches" if self.dialect.capabilities.in_operator and max(groups) > 1 else "filter batches"

    def lists(self, rows: list[int]) -> Way:
        """Lists of about so many records, side by side."""
        return Way(sum(map(self.whole, rows)), {self.whole(m) for n in rows for m in (0, n, 4 * n)} == {1})

    def ways(self) -> dict[str, Way]:
        """Every legal way by its name."""
        need, can, size = self.need, self.dialect.capabilities, self.size()
        found = {"scan": Way(self.whole(size))}
        if isinstance(need, ByIds):
            if can.single_reads:
                found["single reads"] = Way(len(need.ids), single=True)
            if (groups := self.groups("sourced_id", need.ids)) is not None:
                each = [1 if can.all_without_limit else self.seen(n) for n in groups]
                found[self.batches(groups)] = Way(sum(each), set(each) == {1})
        if isinstance(need, ChildrenOf):
            there = self.known.parents or GUESSED[PARENTS[need.field]]

            def children(parents: int) -> int:
                return min(size, ceil(size * parents / there))

            if (groups := self.groups(need.field, need.parents)) is not None:
                found[self.batches(groups)] = self.lists([children(n) for n in groups])
            if can.nested_reads and (need.collection.value, need.field) in NESTED_ROUTES:
                found["below each parent"] = self.lists([children(1)] * len(need.parents))
            schools = {self.known.scope_of.get(p) for p in need.parents}
            if can.nested_reads and need.field == "class_id" and None not in schools and self.known.scopes:
                below = min(size, ceil(size / self.known.scopes))
                found["below the parents' schools"] = self.lists([below] * len(schools))
        if isinstance(need, Window):
            assert need.limit is not None
            likely = self.known.matching if need.where is not None else size
            narrow = need.where is not None and "family_name" in repr(need.where)
            if likely is None:
                likely = ceil(size / 10) if narrow else size
            clauses = 0 if need.where is None else 2 if narrow else 1
            if can.sort and self.known.sorted and need.offset is not None and clauses <= can.filter_clauses:
                ahead = max(0, likely - need.offset)
                cut = self.seen(need.limit) if ahead >= need.limit else self.stepwise(ahead)
                found["window"] = Way(cut)
            if narrow and can.filter_clauses > 0:
                found["filtered list"] = Way(self.whole(likely))
        if self.known.changes:
            found["changes"] = Way(1)
        return found

    def worth(self, ways: dict[str, Way]) -> dict[str, Way]:
        """Without a scan that is not worth its risk."""
        guess = GUESSED[self.need.collection.value]
        low, lower = self.whole(guess), self.whole(4 * guess)
        if self.known.size is not None or low == lower:
            return ways
        if isinstance(self.need, Window | Everything) or self.need.foreseen:
            return ways
        most = min(lower, self.known.in_flight, 8 - self.known.spent)
        handful = any(way.single and way.requests <= most for way in ways.values())
        return {name: way for name, way in ways.items() if name != "scan" or not handful}


STATUS = equals("status", "ACTIVE")
NARROW = every(STATUS, equals("family_name", "Example"))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    some = draw
    dialect = STANDARD.with_capabilities(
        filter_clauses=some(st.sampled_from([0, 1, 2, 5, 20, 100])),
        max_url=some(st.sampled_from([400, 2000, 8000])),
        max_limit=some(st.sampled_from([10, 100, 1000, 10_000])),
        or_filters=some(st.booleans()),
        in_operator=some(st.booleans()),
        dotted_filters=some(st.booleans()),
        single_reads=some(st.booleans()),
        nested_reads=some(st.booleans()),
        totals=some(st.sampled_from([Totals.HEADER, Totals.NONE])),
        short_page_ends=some(st.booleans()),
        all_without_limit=some(st.sampled_from([False, False, False, True])),
        sort=some(st.booleans()),
    )
    count = some(st.integers(1, 12) | st.integers(1, 120))
    foreseen = some(st.sampled_from([False, False, False, True]))
    needs: list[Need] = [
        ByIds(Collection.USERS, keys(count), foreseen),
        ByIds(Collection.CLASSES, keys(count), foreseen),
        ChildrenOf(Collection.ENROLLMENTS, "user_id", keys(count), foreseen),
        ChildrenOf(Collection.ENROLLMENTS, "class_id", keys(count), foreseen),
        ChildrenOf(Collection.CLASSES, "course_id", keys(count), foreseen),
        ChildrenOf(Collection.CLASSES, "school_id", keys(count), foreseen),
        Window(Collection.USERS, None, count, some(st.none() | st.integers(0, 200))),
        Window(Collection.USERS, STATUS, count, some(st.none() | st.integers(0, 200))),
        Window(Collection.USERS, NARROW, count, some(st.none() | st.integers(0, 200))),
        Everything(Collection.ENROLLMENTS),
    ]
    sizes = st.integers(0, 300) | st.integers(0, 200_000)
    schools = some(st.none() | st.integers(1, 30))
    known = Known(
        changes=some(st.sampled_from([False, False, False, True])),
        size=some(st.none() | sizes),
        parents=some(st.none() | st.integers(1, 20_000)),
        matching=some(st.none() | st.integers(0, 2000)),
        page_size=some(st.none() | st.integers(1, 5000)),
        tells_end=some(st.none() | st.booleans()),
        sorted=some(st.booleans()),
        scope_of={k: f"s{n % 3}" for n, k in enumerate(keys(some(st.sampled_from([0, 40, 120]))))},
        scopes=schools,
        latency=some(st.none() | st.floats(0.01, 5)),
        seconds_per_row=some(st.none() | st.floats(0, 0.001)),
        spent=some(st.integers(0, 9)),
        requests_left=some(st.none() | st.integers(0, 60)),
        in_flight=some(st.integers(1, 8)),
    )
    return Case(dialect, known, some(st.sampled_from(needs)))


@settings(max_examples=300, deadline=None)
@given(case=cases())
def test_no_way_that_could_be_taken_is_much_shorter_than_the_one_that_is(case: Case) -> None:
    chosen = plan(case.need, case.known, case.dialect, OVERHEAD)
    ways, left = case.ways(), case.known.requests_left
    fitting = {name: way for name, way in ways.items() if left is None or way.requests <= left}
    counted = case.worth(fitting) if fitting else ways
    best = min(way.requests for way in counted.values())
    assert chosen.path.label in counted
    assert chosen.requests == ways[chosen.path.label].requests
    assert chosen.requests <= 1.2 * best
    if left is not None and best <= left:
        assert chosen.requests <= left
    assert chosen.certain <= chosen.requests
