"""Lists, held against plain Python: generated filters, orders and windows over sources of every kind, alone and in
groups, held before or asked for.

What is published is read from the servers' JSON (`published_facts`), and what a list has is worked out from that by
rules of its own (`plain_lists`).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from operator import methodcaller
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.endpoints import ENTITIES, Collection
from adapters.filtering import pushdown
from adapters.records import RecordStatus
from gateway.access.grant import EVERYTHING
from gateway.roster.deadline import Deadline
from gateway.roster.listing import List, ListQuery, come
from gateway.roster.listing import listed as listed_by_us
from gateway.roster.reading import BY_DEFAULT
from gateway.sandbox.district import generate
from gateway.sandbox.filters import parse
from gateway.sandbox.kinds import KINDS
from gateway.sandbox.server import Server, make_server
from gateway.sandbox.truth import Affiliation, Class, District
from gateway.schema.listed import asked, extent
from gateway.schema.roots import narrowed
from tests.gateway.generated_lists import NAMES, TYPES, queries
from tests.gateway.plain_lists import Query, Word, listed, printed
from tests.gateway.published_facts import Facts, facts_of
from tests.gateway.support import World, here
from tests.gateway.test_schema_filters import filter_of

CASES = {"orgs": 240, "academicSessions": 240, "courses": 240, "classes": 440, "users": 500, "enrollments": 400}
"""More than 2,000 in all."""
ALWAYS = settings(
    deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck), report_multiple_bugs=False
)

METADATA = ("ic.counselor.email", "tags", "seats", "house")
# What the server of this kind was measured to do, beyond what its dialect says.
CAPABILITIES: dict[str, dict[str, Any]] = {
    "wide": {"filter_clauses": 100, "max_url": 8_000},
    "infinite-campus-1.2": {"dotted_filters": ["school.sourcedId", "user.sourcedId", "class.sourcedId"]},
    "standard-1.1": {"max_limit": 40},
    "alpha": {"filter_clauses": 10},
}
INCLUSIVE = frozenset({"synergy", "synergy-1.2", "aeries", "classlink", "skyward", "timeback"})
ZONES = {"aeries": "Pacific/Kiritimati", "skyward": "Pacific/Pago_Pago"}
AWKWARD = frozenset({"standard-1.1", "classlink", "synergy-1.2"})


def key_of(kind: str) -> str:
    return kind.replace(".", "-")


def district(seed: int, kind: str) -> District:
    """A generated one with what is rare: words of several spellings, ties, gaps, several roles with dates, strays."""
    style = "awkward" if kind in AWKWARD else "plain"
    made = generate(seed, students=50, id_style=style, today=datetime.now(UTC).date())
    for n, user in enumerate(list(made.users)):
        family = (user.family, "Strauß", "STRAUSS", "strauss", "de la Cruz", "De La Cruz")[n % 6]
        modified = f"{user.modified[:17]}00.000{'' if n % 2 else '400'}Z" if n % 3 == 0 else user.modified
        grades = (*user.grades, "99") if n % 4 == 1 and user.grades else user.grades
        made.update(
            user, family=family, grades=grades, modified=modified, status="inactive" if n % 31 == 5 else user.status
        )
    aide = next(u for u in made.users if u.role == "aide")
    days = {"first_day": made.today - timedelta(90), "last_day": made.today - timedelta(9)}
    past = Affiliation("teacher", made.schools[-1].id, False, **days)
    made.update(aide, roles=(*aide.roles, past, replace(past, org=aide.roles[0].org, last_day=made.today)))
    for n, taught in enumerate(list(made.classes)):
        _unsettle(made, n, taught)
    one = made.enrollments[0]
    made.add(replace(one, id="stray-1", serial=90_001, user="nobody", last_day=made.today))
    made.add(replace(one, id="stray-2", serial=90_002, school="nowhere", primary=True, first_day=None, last_day=None))
    return made


def _unsettle(made: District, n: int, taught: Class) -> None:
    match n % 8:
        case 1:
            made.update(taught, title=taught.title.upper())
        case 2:
            made.update(taught, terms=())
        case 3:
            made.update(taught, terms=("gone",), code="")
        case 5:
            made.update(taught, title="", course=None, terms=())


class Town:
    """Every kind of server, each before a district of its own, and the gateway over them."""

    def __init__(self) -> None:
        self.servers = {
            key_of(kind): make_server(
                kind,
                district(seed, kind),
                inclusive_end=kind in INCLUSIVE,
                max_limit=40 if kind == "standard-1.1" else None,
            )
            for seed, kind in enumerate(sorted(KINDS), 1)
        }
        for server in list(self.servers.values())[::2]:
            server.kind = replace(server.kind, grammar=replace(server.kind.grammar, freely=True))
        self.names = dict(zip(NAMES, METADATA, strict=True))
        self.tables = {key: self._table(server.slug) for key, server in self.servers.items()}
        self.facts = {key: self._facts(key) for key in self.servers}
        self.warm = self.world(self.servers)
        self.cases = Counter[str]()
        self.filtered = Counter[str]()
        self.pushed = Counter[str]()
        self.places = {each.key: place for place, each in enumerate(self.warm.settings.sources)}

    def _table(self, kind: str) -> dict[str, Any]:
        return {
            "metadata": {name: {"key": key, "class": "RAW"} for name, key in self.names.items()},
            "former_keys": [f"old-{key_of(kind)}"],
            "timezone": ZONES.get(kind, "UTC"),
            "capabilities": {"end_date_inclusive": kind in INCLUSIVE, **CAPABILITIES.get(kind, {})},
        }

    def _facts(self, key: str) -> Facts:
        table = self.tables[key]
        return facts_of(key, self.servers[key], former=table["former_keys"], names=self.names, zone=table["timezone"])

    def world(self, keys: Any) -> World:
        return World({key: self.servers[key] for key in keys}, self.tables)


@dataclass(frozen=True)
class Window:
    """walk: all pages of so many; else one page at a place. cold: nothing is held."""

    size: int
    backwards: bool
    walk: bool
    place: int
    counted: bool
    cold: bool


WINDOWS = st.builds(
    Window,
    size=st.sampled_from((1, 2, 3, 7, 20, 200)),
    backwards=st.booleans(),
    walk=st.booleans(),
    place=st.integers(0, 60),
    counted=st.booleans(),
    cold=st.integers(1, 99).map(lambda n: n % 3 == 0),
)


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def town(loop: asyncio.Runner) -> Iterator[Town]:
    made = Town()
    loop.run(_read_all(made))
    yield made
    loop.run(made.warm.sources.close())


async def _read_all(town: Town) -> None:
    reading = town.warm.reading(seconds=60)
    for source in town.warm.sources:
        for collection in map(Collection, TYPES):
            await source.ask(collection, methodcaller("matching", collection, None), reading.deadline)


class Asker:
    """One list, asked of the gateway page by page."""

    def __init__(self, world: World, query: Query, counted: bool) -> None:
        self._world = world
        self._query = query
        self._counted = counted
        self._kind = ENTITIES[Collection(query.collection)].type
        self.wanted = asked(self._kind, self._said())

    async def page(self, *, first: int | None = None, after: str | None = None, **said: Any) -> List:
        said = {**self._said(), "first": first, "after": after, **said}
        wanted = asked(self._kind, said)
        reading = self._world.reading(seconds=60)
        query = ListQuery(
            kind=self._kind,
            sources=narrowed(reading, self._query.sources, BY_DEFAULT, wanted.where),
            where=wanted.where,
            order=wanted.order,
            everywhere=self._counted,
        )
        found = await come(listed_by_us(reading, here, query, extent(said)))
        assert found.page.complete, [o for o in found.page.outcomes if o.state.value != "FRESH"]
        return found

    def _said(self) -> dict[str, Any]:
        query, name = self._query, TYPES[self._query.collection]
        text = query.text and " OR ".join(" AND ".join(f"{f}{op}'{v}'" for f, op, v in term) for term in query.text)
        keys = ({"field": Word(field), "direction": Word("DESC" if down else "ASC")} for field, down in query.order)
        return {
            "filter_": None if query.filter is None else filter_of(f"{name}Filter", printed(query.filter)),
            "effective_on": query.effective_on,
            "status": None if query.status is None else [RecordStatus(word) for word in query.status],
            "filter_text": text,
            "search": query.search,
            "order_by": [filter_of(f"{name}Order", printed(key)) for key in keys],
        }


def ids(found: List) -> list[tuple[str, str]]:
    return [(record.source, record.sourced_id) for record in found.page.records]


async def total_is_right(found: List, whole: list[tuple[str, str]], counted: bool) -> None:
    if counted:
        assert await found.total() == len(whole)


async def walked(asker: Asker, whole: list[tuple[str, str]], window: Window) -> None:
    size = max(window.size, -(-len(whole) // 6))
    seen: list[tuple[str, str]] = []
    cursor = None
    while True:
        if window.backwards:
            found = await asker.page(last=size, before=cursor)
            seen = ids(found) + seen
            more = found.page.has_previous
            assert seen == whole[len(whole) - len(seen) :]
        else:
            found = await asker.page(first=size, after=cursor)
            seen += ids(found)
            more = found.page.has_next
            assert seen == whole[: len(seen)]
        assert more is (len(seen) < len(whole))
        assert len(found.page.records) == size or not more
        await total_is_right(found, whole, window.counted)
        if not more:
            return
        cursor = found.cursor(0 if window.backwards else size - 1)


async def looked_at(asker: Asker, whole: list[tuple[str, str]], window: Window) -> None:
    """One page from anywhere: before or after a record whose cursor came with a page of another size."""
    place = window.place % (len(whole) + 1)
    cursor = None
    if place:
        head = await asker.page(first=place)
        assert ids(head) == whole[:place]
        cursor = head.cursor(place - 1)
    if window.backwards:
        end = place - 1 if place else len(whole)
        found = await asker.page(last=window.size, before=cursor)
        assert ids(found) == whole[max(0, end - window.size) : end]
        assert found.page.has_previous is (end > window.size)
    else:
        found = await asker.page(first=window.size, after=cursor)
        assert ids(found) == whole[place : place + window.size]
        assert found.page.has_next is (place + window.size < len(whole))
    await total_is_right(found, whole, window.counted)


async def nothing_is_kept_back(town: Town, query: Query, asker: Asker) -> None:
    """What each source would be sent keeps all records of the list; where that is called exact, no others."""
    where, collection = asker.wanted.where, Collection(query.collection)
    for key in query.sources:
        source, server = town.warm.sources.get(key, EVERYTHING), town.servers[key]
        assert source is not None
        own = (await source.resolved(collection, where, Deadline(60))).found
        pushed = pushdown(town.warm.settings.sources[town.places[key]].spec.dialect, collection, own, room=4_000)
        if pushed.text is None or told_otherwise(server, query.collection, pushed.text):
            continue
        town.pushed[query.collection] += 1
        kept = filtered(server, query.collection, pushed.text)
        wanted = {sourced_id for _, sourced_id in listed(replace(query, sources=(key,)), town.facts)}
        assert wanted <= kept, pushed
        assert wanted == kept or not pushed.exact, pushed


def told_otherwise(server: Server, collection: str, text: str) -> bool:
    """Whether the server publishes a field otherwise than it filters by it, as Aeries' does with types of sessions."""
    rows = server.publication.rows(collection)
    names = {clause.field.partition(".")[0] for term in parse(text, server.kind.grammar) for clause in term}
    pairs = list(zip(rows.wire, rows.plain, strict=True))
    return any(name in sent and sent[name] != made.get(name) for name in names for sent, made in pairs)


def filtered(server: Server, collection: str, text: str) -> set[str]:
    """The sourcedIds that a server answers when it is asked with a filter."""
    grammar, rows = server.kind.grammar, server.publication.rows(collection)
    view = server.publication.view(collection if collection in server.kind.routes else "terms")
    if grammar.ignores(collection, text):
        return {rows.wire[row]["sourcedId"] for row in view}
    clauses = parse(text, grammar)
    assert all(grammar.knows(collection, c.field, server.kind.version) for term in clauses for c in term), text
    return {rows.wire[row]["sourcedId"] for row in rows.matching(clauses, grammar).intersection(view)}


async def agree(town: Town, query: Query, window: Window) -> None:
    whole = listed(query, town.facts)
    town.cases[query.collection] += 1
    world = town.world(query.sources) if window.cold else town.warm
    asker = Asker(world, query, window.counted)
    await nothing_is_kept_back(town, query, asker)
    for key in query.sources:
        town.servers[key].reset()
    try:
        await (walked if window.walk else looked_at)(asker, whole, window)
    finally:
        if window.cold:
            await world.sources.close()
            for key in query.sources:
                town.filtered[query.collection] += sum(
                    "filter" in parse_qs(seen.query) for seen in town.servers[key].log
                )


@pytest.mark.parametrize("collection", CASES)
def test_lists_are_what_plain_python_makes_of_what_is_published(
    town: Town, loop: asyncio.Runner, collection: str
) -> None:
    keys = st.lists(st.sampled_from(sorted(town.servers)), min_size=1, max_size=4, unique=True)
    cases = keys.flatmap(lambda chosen: st.tuples(queries(town.facts, collection, chosen), WINDOWS))

    @given(cases)
    @settings(ALWAYS, max_examples=CASES[collection])
    def agreed(case: tuple[Query, Window]) -> None:
        loop.run(agree(town, *case))

    agreed()
    assert town.cases[collection] >= CASES[collection]
    # Small collections are read whole sooner than by filter.
    assert town.pushed[collection] >= CASES[collection] / 2
    assert town.filtered[collection] >= 25 or collection in ("orgs", "academicSessions", "courses"), town.filtered
