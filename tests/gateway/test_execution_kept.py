"""Rows stay encoded while their record is held. They never serve another one, nor anybody who may not see it."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import tracemalloc
import weakref
from collections.abc import Sequence
from itertools import product
from random import Random
from typing import Any

import msgspec
import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type, is_required_argument, parse

from adapters.endpoints import Collection
from adapters.records import Enrollment
from gateway.access.grant import ALL, EVERYTHING, Grant
from gateway.execution import filling
from gateway.execution.answering import Asked, respond
from gateway.execution.compiling import compiled, operation_of
from gateway.execution.executor import Executor
from gateway.execution.kept import KeptRows, Shelf
from gateway.execution.plan import Objects, Selection
from gateway.execution.rows import Form
from gateway.execution.run import Run
from gateway.execution.variables import NONE
from gateway.roster.reading import Reading
from gateway.roster.source import Source
from gateway.sandbox.exact import exact_district
from gateway.sandbox.server import make_server
from gateway.schema import SCHEMA
from gateway.schema.context import Context
from tests.gateway.damaged_worlds import Damage, DamagedWorld
from tests.gateway.same_answers import same, told, told_on_wire
from tests.gateway.support import MakeWorld, World

pytestmark = pytest.mark.anyio

FIELDS = "id sourcedId givenName role grades enabledUser dateLastModified"
HELD = (Collection.USERS, Collection.CLASSES, Collection.ENROLLMENTS, Collection.COURSES, Collection.ORGS)
USERS = f"query Users($first: Int = 40) {{ users(first: $first, sources: %s) {{ nodes {{ {FIELDS} }} }} }}"
OF_A, OF_BOTH = USERS % '["a"]', USERS % "null"


@pytest.fixture
async def made(world: MakeWorld) -> World:
    """Two sources with equal sourcedIds, whose people are held whole."""
    districts = [exact_district(7, users=30, classes=6, courses=3, enrollments=120) for _ in range(2)]
    made = world(**{key: make_server("standard-1.2", each) for key, each in zip("ab", districts, strict=True)})
    for source, collection in product(made.sources, HELD):
        await read(source, collection)
    return made


async def read(source: Source, collection: Collection = Collection.USERS) -> None:
    source.refresh(collection, full=True)
    while source.loading(collection):  # noqa: ASYNC110  # it ends in the background
        await asyncio.sleep(0)
    assert source.tables[collection].whole is not None


class Asking:
    """Asks for bytes, and holds what comes to what graphql-core says."""

    def __init__(self, made: World, rows: KeptRows | None = None) -> None:
        self.made = made
        self.rows = rows or KeptRows()
        self.schema = SCHEMA.led_by(Executor(SCHEMA, self.rows))

    async def __call__(self, query: str, grant: Grant = EVERYTHING, **variables: object) -> str:
        theirs = await SCHEMA.execute(query, variables, Context(self.made.reading(grant, 60)))
        ours = await respond(self.schema, Asked(query, variables), Context(self.made.reading(grant, 60)))
        body = json.loads(ours.body)
        assert same(told(theirs), told_on_wire(body))
        assert json.dumps(body["data"]) == json.dumps(theirs.data), "to the order of the keys"
        return ours.body.decode()


async def test_rows_are_kept_from_the_second_time_that_a_list_is_asked_for(made: World) -> None:
    asking = Asking(made)
    first = await asking(OF_A)
    assert asking.rows.bytes == 0
    assert await asking(OF_A) == first
    kept = asking.rows.bytes
    assert kept > 0
    assert await asking(OF_A) == first
    assert asking.rows.bytes == kept


def source_a(made: World) -> Source:
    return next(each for each in made.sources if each.key == "a")


async def test_what_is_kept_is_not_made_again(made: World) -> None:
    asking = Asking(made)
    for _ in range(2):
        await asking(OF_A)
    whole = source_a(made).tables[Collection.USERS].whole
    assert whole is not None
    msgspec.structs.force_setattr(whole.rows[3], "given_name", "Nobody does this to a record")
    with pytest.raises(AssertionError):
        await asking(OF_A)


async def test_another_record_in_the_same_place_of_memory_is_another_record(made: World) -> None:
    whole = source_a(made).tables[Collection.USERS].whole
    assert whole is not None
    plan = compiled(SCHEMA, operation_of(parse(OF_A), None), {})
    connection = plan.root.columns[0].completed.of
    assert isinstance(connection, Objects)
    nodes = connection.selections["UserConnection"].columns[0].completed.of
    assert isinstance(nodes, Objects)
    rows, reading = KeptRows(), made.reading()
    for number in range(5):
        for _ in range(2):
            records = [msgspec.structs.replace(each, given_name=f"Nr. {number}") for each in whole.rows]
            found = rows.rows(reading, nodes.selections["User"], records)
            assert found is None or all(f"Nr. {number}" in bytes(each).decode() for each in found)
            del records
    assert rows.bytes > 0


TREE = (
    'query Tree { users(first: 40, sources: ["a"]) { nodes { __typename id sourcedId name: givenName role '
    "enrollments { id role primary class { title status classCode course { title courseCode org { name } } } "
    "was: __typename user { givenName familyName username } } } } }"
)


async def test_what_rows_begin_with_is_kept_where_relations_follow(made: World) -> None:
    asking = Asking(made, KeptRows(rows_from=4))
    first = await asking(TREE)
    for _ in range(3):
        assert await asking(TREE) == first
    whole = source_a(made).tables[Collection.ENROLLMENTS].whole
    assert whole is not None
    record = whole.rows[3]
    assert isinstance(record, Enrollment)
    msgspec.structs.force_setattr(record, "primary", not record.primary)
    with pytest.raises(AssertionError):
        await asking(TREE)


async def test_a_tree_of_records_that_changed_is_answered_as_it_is_now(made: World) -> None:
    asking, district = Asking(made), made.servers["a"].district
    for _ in range(3):
        before = await asking(TREE)
    changes: dict[Collection, tuple[Any, dict[str, Any]]] = {
        Collection.CLASSES: (district.classes[0], {"title": "Changed"}),
        Collection.ENROLLMENTS: (district.enrollments[0], {"primary": not district.enrollments[0].primary}),
    }
    for collection, (entity, change) in changes.items():
        district.update(entity, **change)
        await read(source_a(made), collection)
        for _ in range(3):
            after = await asking(TREE)
            assert after != before
        before = after


async def test_who_walks_a_list_to_its_end_has_nothing_kept(made: World) -> None:
    asking, after = Asking(made, KeptRows(rows_from=5)), None
    query = (
        'query Walk($after: String) { users(first: 9, after: $after, sources: ["a"]) '
        "{ nodes { id givenName role } pageInfo { endCursor } } }"
    )
    for _ in range(3):
        after = json.loads(await asking(query, after=after))["data"]["users"]["pageInfo"]["endCursor"]
    assert asking.rows.bytes == 0
    for _ in range(2):
        await asking(query, after=None)
    assert asking.rows.bytes > 0


async def test_a_record_that_changed_is_answered_as_it_is_now(made: World) -> None:
    asking, district = Asking(made), made.servers["a"].district
    for _ in range(3):
        before = await asking(OF_A)
    district.update(district.users[3], given="Changed")
    await read(source_a(made))
    for _ in range(3):
        after = await asking(OF_A)
        assert after != before
        assert "Changed" in after


async def test_rows_go_with_the_copy_that_their_records_were_held_in(made: World) -> None:
    asking = Asking(made)
    for _ in range(2):
        await asking(OF_A)
    assert asking.rows.bytes > 0
    source_a(made).tables[Collection.USERS].let_go()
    gc.collect()
    assert asking.rows.bytes == 0


async def test_rows_of_pages_are_kept_as_long_as_pages_are(world: MakeWorld) -> None:
    asking = Asking(world(a="standard-1.2"))
    for _ in range(3):
        await asking(OF_A)
    table = source_a(asking.made).tables[Collection.USERS]
    assert table.whole is None
    assert asking.rows.bytes > 0
    apart = table.apart
    assert table.apart is apart
    apart.until = table.clock()
    del apart
    assert table.apart.until > table.clock()
    gc.collect()
    assert asking.rows.bytes == 0, "they have aged"
    for _ in range(2):
        await asking(OF_A)
    assert asking.rows.bytes > 0
    table.expire()
    gc.collect()
    assert asking.rows.bytes == 0


async def test_rows_go_with_their_plan(made: World) -> None:
    asking = Asking(made)
    for _ in range(2):
        await asking(OF_A)
    executor = asking.schema._lead
    assert isinstance(executor, Executor)
    executor._kept.clear()
    gc.collect()
    assert asking.rows.bytes == 0


async def test_a_grant_that_does_not_reach_a_source_is_shown_nothing_that_was_kept_of_it(made: World) -> None:
    asking, of_b = Asking(made), Grant({"b": ALL})
    for _ in range(3):
        await asking(OF_A)
    kept = asking.rows.bytes
    for _ in range(3):
        assert json.loads(await asking(OF_BOTH, of_b))["data"]["users"]["nodes"][0]["id"].startswith("User:b:")
    assert asking.rows.bytes > kept


async def test_a_list_that_goes_on_in_another_source_takes_the_rows_of_each(made: World) -> None:
    asking = Asking(made)
    for _ in range(2):
        await asking(OF_A)
    kept = asking.rows.bytes
    for _ in range(3):
        found = json.loads(await asking(OF_BOTH))["data"]["users"]["nodes"]
        assert {each["id"].partition(":")[2][0] for each in found} == {"a", "b"}
    of_both = asking.rows.bytes - kept
    source_a(made).tables[Collection.USERS].let_go()
    gc.collect()
    assert 0 < asking.rows.bytes < of_both / 2, "what is left is the rows of the other source"


async def test_a_list_whose_order_mixes_sources_is_made_anew(made: World) -> None:
    asking = Asking(made)
    for _ in range(3):
        found = json.loads(await asking(OF_BOTH.replace("sources", "orderBy: [{ field: FAMILY_NAME }], sources")))
        sources = [each["id"].partition(":")[2][0] for each in found["data"]["users"]["nodes"]]
        assert sources != sorted(sources)
    assert asking.rows.bytes == 0


async def test_a_longer_list_has_only_the_rest_of_it_kept(made: World) -> None:
    asking = Asking(made)
    for _ in range(2):
        await asking(OF_A, first=20)
    kept = asking.rows.bytes
    for _ in range(2):
        await asking(OF_A)
    assert 1.4 * kept < asking.rows.bytes < 1.6 * kept


async def test_a_record_amiss_is_told_with_care_and_nothing_is_kept_of_its_list(made: World) -> None:
    asking = Asking(made)
    whole = source_a(made).tables[Collection.USERS].whole
    assert whole is not None
    msgspec.structs.force_setattr(whole.rows[3], "enabled_user", "perhaps")
    for _ in range(3):
        body = json.loads(await asking(OF_A))
        assert [error["path"] for error in body["errors"]] == [["users", "nodes", 3, "enabledUser"]]
        assert asking.rows.bytes == 0


async def test_more_than_a_moments_work_is_kept_as_well(made: World) -> None:
    query = "{" + OF_A.partition("{")[2].replace("$first", "40")
    plan, rows, found = compiled(SCHEMA, operation_of(parse(query), None), {}), KeptRows(), []
    for _ in range(3):
        run = Run(plan, SCHEMA, Context(made.reading(seconds=60)), NONE, form=Form.STRUCTS, kept=rows)
        run.allowance.values = 5
        found.append(msgspec.json.encode(await filling.data(run)))
    assert found[0] == found[1] == found[2]
    assert rows.bytes > 0


async def test_no_more_is_kept_than_is_allowed(made: World) -> None:
    asking = Asking(made)
    for _ in range(2):
        await asking(OF_A)
    most = asking.rows.bytes + 100
    asking = Asking(made, KeptRows(most))
    other = OF_A.replace("givenName", "familyName username")
    for query in (OF_A, OF_A, other, other, OF_A, OF_A):
        await asking(query)
        assert asking.rows.bytes <= most
    assert asking.rows.bytes > 0, "what was asked longest ago makes room"
    asking = Asking(made, KeptRows(most // 2))
    for _ in range(3):
        await asking(OF_A)
    assert asking.rows.bytes == 0, "what is too much by itself is not kept"


async def test_what_is_kept_is_let_go_of_beside_the_event_loop() -> None:
    class Watched:
        pass

    records: list[Any] = [Watched() for _ in range(20_000)]
    gone: list[int] = []
    watching = [weakref.ref(each, lambda _: gone.append(threading.get_ident())) for each in records]
    shelf = Shelf()
    shelf.keep(records, [msgspec.Raw(b"{}")] * len(records), 0)
    del records
    assert not gone
    del shelf
    while len(gone) < len(watching):  # noqa: ASYNC110  # nobody tells
        await asyncio.sleep(0.01)
    assert threading.get_ident() not in gone


async def test_what_is_kept_takes_no_more_memory_than_is_reckoned(made: World) -> None:
    asking = Asking(made)
    await asking(OF_A)
    gc.collect()
    tracemalloc.start()
    try:
        await respond(asking.schema, Asked(OF_A), Context(made.reading(seconds=60)))
        gc.collect()
        taken = sum(
            each.size
            for each in tracemalloc.take_snapshot().statistics("filename")
            if each.traceback[0].filename.endswith(("execution/kept.py", "execution/rows.py"))
        )
    finally:
        tracemalloc.stop()
    assert 0 < taken < asking.rows.bytes


# ------------------------------------------------------------------ generated lists

LISTS = {"users": "User", "classes": "Class", "enrollments": "Enrollment", "courses": "Course", "orgs": "Org"}


RELATIONS = {
    "User": {"enrollments": "Enrollment", "orgs": "Org"},
    "Class": {"course": "Course", "school": "Org", "enrollments": "Enrollment"},
    "Enrollment": {"class": "Class", "user": "User"},
    "Course": {"org": "Org"},
    "Org": {"parent": "Org"},
}


def leaves(name: str) -> list[str]:
    kind = SCHEMA._schema.get_type(name)
    assert isinstance(kind, GraphQLObjectType)
    fields = kind.fields.items()
    return [
        key
        for key, field in fields
        if is_leaf_type(get_named_type(field.type)) and not any(map(is_required_argument, field.args.values()))
    ]


def asked(random: Random, name: str, deep: int = 0) -> str:
    """Some leaves of a type, and up to two relations, most often after them."""
    keys = random.sample(leaves(name), random.randint(1, 8))
    shown = [f"{random.choice(['', f'k{n}: '])}{key}" for n, key in enumerate(keys)]
    relations = random.sample(list(RELATIONS[name]), random.randint(0, 2 if len(RELATIONS[name]) > 1 else 1))
    for relation in relations if deep < 3 else ():
        place = random.choice([len(shown), len(shown), random.randrange(len(shown))])
        shown.insert(place, f"{relation} {{ {asked(random, RELATIONS[name][relation], deep + 1)} }}")
    return " ".join(random.choice([shown, ["__typename", *shown], [*shown, "__typename"]]))


class Counting(KeptRows):
    """Counts lists that were had from what is kept, or kept, and those that others begin with."""

    served = 0
    began = 0

    def rows(
        self, reading: Reading, selection: Selection, records: Sequence[Any], source: str = ""
    ) -> list[msgspec.Raw] | None:
        found = super().rows(reading, selection, records, source)
        self.served += found is not None
        self.began += found is not None and selection.begins
        return found


@pytest.mark.parametrize("seed", range(4))
async def test_generated_lists_of_records_that_change_and_are_damaged_are_answered_alike(seed: int) -> None:
    """Each is asked several times, while records change and copies are let go."""
    random = Random(seed)
    district = exact_district(seed, users=30, classes=8, courses=4, enrollments=60)
    made = DamagedWorld({"a": make_server("standard-1.2", district)}, damage=Damage(f"{seed}", 0.01 * seed))
    rows = Counting(random.choice([9_000, 1_000_000]), rows_from=1, columns_from=1)
    asking, [source] = Asking(made, rows), made.sources
    for _ in range(25):
        name = random.choice(list(LISTS))
        shown = asked(random, LISTS[name])
        query = f"query List($first: Int) {{ {name}(first: $first) {{ nodes {{ {shown} }} }} }}"
        for _ in range(random.randint(2, 4)):
            match random.randrange(8):
                case 0:
                    user = random.choice(district.users)
                    district.update(user, given=f"{user.given} {random.randrange(99)}")
                case 1:
                    source.tables[random.choice(HELD)].let_go()
            for collection in HELD:
                if source.tables[collection].whole is None or random.random() < 0.1:
                    await read(source, collection)
            await asking(query, first=random.choice([3, 20, 100]))
    assert rows.served > 10
    assert rows.began > 0
