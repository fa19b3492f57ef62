"""What a masked client is answered: invented people, the same each time, of whom nothing leads to the real ones."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from random import Random
from typing import Any

import msgspec
import pytest
from graphql import GraphQLObjectType, get_named_type, is_composite_type, is_leaf_type, is_required_argument
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.endpoints import ENTITIES, Collection
from adapters.records import Record, RecordType
from adapters.secret import Secret
from gateway.access.grant import EVERYTHING, Access, Grant
from gateway.execution import compiling
from gateway.execution.answering import Asked, respond
from gateway.execution.executor import Executor
from gateway.execution.kept import KeptRows
from gateway.identity import global_id
from gateway.roster.listing import Extent, ListQuery, come, listed
from gateway.roster.masking.attributes import ATTRIBUTES, How
from gateway.roster.masking.mask import Mask
from gateway.roster.ordering import By
from gateway.roster.reading import Reading
from gateway.roster.sources import Sources
from gateway.sandbox.faults import switched
from gateway.sandbox.server import Server, make_server
from gateway.schema import SCHEMA
from gateway.schema.context import Context
from gateway.schema.node import parse_id
from tests.districts import generate
from tests.gateway.generated_cases import values
from tests.gateway.made_operations import Maker
from tests.gateway.support import SECRET, MakeWorld, World, here

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]

MASKED = Grant({key: Access(masked=True) for key in ("a", "b")})
COMPILED = compiling(SCHEMA)
KIND = "standard-1.2"


def mask(key: str = "a", secret: str = SECRET) -> Mask:
    return Mask(secret.encode(), key)


async def ask(made: World, query: str, grant: Grant = MASKED, **variables: Any) -> Any:
    result = await COMPILED.execute(query, variables, Context(made.reading(grant)))
    assert not result.errors, result.errors
    return result.data


# ---------------------------------------------------------------- nothing real


async def all_records(made: World, key: str) -> list[Record]:
    reading = made.reading()
    found: list[Record] = []
    for entity in ENTITIES.values():
        query = ListQuery(kind=entity.type, sources=[key], where=None)
        found += (await come(listed(reading, here, query, Extent(size=10_000)))).page.records
    return found


def hidden(struct: msgspec.Struct) -> Iterator[str]:
    """The texts of a record that no mask lets through."""
    for name, how in ATTRIBUTES[type(struct)].items():
        value = getattr(struct, name)
        for each in value if isinstance(value, tuple) else (value,):
            match how:
                case How.PARTS:
                    yield from hidden(each)
                case How.NULLED if isinstance(each, bytes):
                    yield from (v for v in map(str, msgspec.json.decode(each).values()) if len(v) > 4)
                case How.KEPT | How.TITLE | How.FLAG | How.SEX:
                    pass
                case How.CODE if each and len(each) < 6:
                    pass  # one short number for another is bound to be somebody's
                case _ if each:
                    yield str(each)


def leaves(answer: Any) -> Iterator[str]:
    if isinstance(answer, Mapping):
        for value in answer.values():
            yield from leaves(value)
    elif isinstance(answer, list):
        for value in answer:
            yield from leaves(value)
    elif isinstance(answer, str):
        yield answer
        if (named := parse_id(answer)) is not None:
            yield named.sourced_id


def selection(kind: GraphQLObjectType, deep: int, without: frozenset[str] = frozenset()) -> str:
    """All that can be asked of a type without arguments, so deep."""
    parts = []
    for name, field in kind.fields.items():
        of = get_named_type(field.type)
        if any(map(is_required_argument, field.args.values())) or name in without:
            continue
        if is_leaf_type(of):
            parts.append(name)
        elif deep and isinstance(of, GraphQLObjectType):
            parts.append(f"{name} {{ {selection(of, deep - 1, without)} }}")
        elif deep and is_composite_type(of):
            parts.append(f"{name} {{ __typename ... on RosterObject {{ id sourcedId metadata }} }}")
    return " ".join(parts)


DECLARED = {
    "a": {"metadata": {"counselor": {"key": "ic.counselor.email", "class": "CONTACT"}}},
    "b": {"metadata": {"counselor": {"key": "ic.counselor.email", "class": "CONTACT"}}},
}


@cache
def canaries(kind: str, seed: int) -> Server:
    """A district whose birth dates and phone numbers are like none that a mask makes of others."""
    district = generate(seed, students=50)
    for n, own in enumerate(list(district.demographics)):
        district.update(own, birth=date(1600, 1, 1) + timedelta(days=400 * n))
    for n, person in enumerate(list(district.users)):
        district.update(person, phone=person.phone and f"+99 1{n:09d}", sms=person.sms and f"+99 2{n:09d}")
    return make_server(kind, district)


@pytest.mark.parametrize("kind", [KIND, "infinite-campus-1.1", "infinite-campus-1.2", "classlink"])
async def test_MASK_no_value_of_a_masked_attribute_is_in_any_answer(world: MakeWorld, kind: str) -> None:
    made = world(DECLARED, a=canaries(kind, 1))
    records = await all_records(made, "a")
    real = {text for record in records for text in hidden(record)}
    assert len(real) > 500
    query_type = SCHEMA._schema.query_type
    assert query_type is not None
    asked = 0
    for name, field in query_type.fields.items():
        of = get_named_type(field.type)
        required = [a for a, argument in field.args.items() if is_required_argument(argument)]
        if required or not isinstance(of, GraphQLObjectType) or "first" not in field.args:
            continue
        size = "(first: 9, status: null)" if "status" in field.args else "(first: 9)"
        query = f"{{ {name}{size} {{ {selection(of, 3, frozenset({'edges'}))} }} }}"
        context = Context(made.reading(MASKED))
        result = await COMPILED.execute(query, {}, context)
        assert result.data is not None
        told = {*leaves(result.data), *leaves([error.formatted for error in result.errors or ()])}
        asked += len(told)
        assert told & real == set(), name
    assert asked > 1_000


async def test_MASK_generated_operations_tell_nothing_real_in_either_way(world: MakeWorld) -> None:
    servers = {"a": canaries(KIND, 1), "b": canaries("infinite-campus-1.1", 2)}
    made = world(DECLARED, **servers)
    real = {text for key in servers for record in await all_records(made, key) for text in hidden(record)}
    known = values(servers)

    def masked_id(text: str) -> str:
        found = parse_id(text)
        return text if found is None else global_id(found.type, found.source, mask(found.source).id(found.sourced_id))

    def shown(said: Any) -> Any:
        if isinstance(said, str):
            return masked_id(said) if type(said) is str else said
        if isinstance(said, list):
            return [shown(each) for each in said]
        return {k: shown(v) for k, v in said.items()} if isinstance(said, dict) else said

    random = Random("masks")
    found = 0
    for number in range(120):
        of_masks = {name: (lambda r, say=say: shown(say(r))) for name, say in known.items()}
        said = of_masks if number % 3 else known
        operation = Maker(SCHEMA._schema, said, random, deepest=6, size=25, widest=100).operation()
        for schema in (SCHEMA, COMPILED):
            result = await schema.execute(operation.text, operation.variables, Context(made.reading(MASKED)))
            asked = set(leaves(operation.variables))
            told = {*leaves(result.data), *leaves([error.formatted for error in result.errors or ()])}
            echoed = {text for text in told & real if text in asked or text in operation.text}
            assert told & real == echoed, operation
            found += len(told)
    assert found > 1_500


@pytest.mark.parametrize("explain", [True, False])
async def test_MASK_no_real_id_is_in_an_explanation_or_an_error(world: MakeWorld, explain: bool) -> None:
    made = world(a=KIND)
    people = made.servers["a"].published("users")
    reading = Reading(made.sources, MASKED, made.reading().codec, 10, explain=explain)
    await ask(made, PEOPLE)
    made.servers["a"].faults.on = [switched("status=500")]
    query = "{ users(first: 500, status: null) { nodes { id enrollments { class { title } } } } }"
    result = await COMPILED.execute(query, {}, Context(reading))
    assert result.errors
    told = json.dumps([e.formatted for e in result.errors])
    if reading.explanation is not None:
        extension = reading.explanation.extension()
        assert extension["reads"]
        told += json.dumps(extension)
    assert not [p["sourcedId"] for p in people if str(p["sourcedId"]) in told]


# ---------------------------------------------------------------- the same each time, and the way back

PEOPLE = "{ users(first: 500, status: null) { nodes { id sourcedId source { key } givenName email orgs { id } } } }"


async def people(made: World, grant: Grant = MASKED) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await ask(made, PEOPLE, grant))["users"]["nodes"]
    return rows


async def test_MASK_is_the_same_after_a_restart_and_another_with_another_secret(world: MakeWorld) -> None:
    first, again = await people(world(a=KIND)), await people(world(a=KIND))
    assert first == again
    other = world(a=KIND)
    other.sources = Sources.open(
        replace(other.settings, gateway=replace(other.settings.gateway, secret=Secret("another"))), other.connect
    )
    ids = {row["id"] for row in first}
    assert ids.isdisjoint(row["id"] for row in await people(other))


async def test_MASK_two_sources_of_the_same_records_have_nothing_in_common(world: MakeWorld) -> None:
    server = canaries(KIND, 1)
    made = world(a=server, b=server)
    rows = await people(made)
    of = {key: {row["sourcedId"] for row in rows if row["source"]["key"] == key} for key in "ab"}
    assert len(of["a"]) == len(of["b"]) > 40
    assert of["a"].isdisjoint(of["b"])


LOOKUPS = """query ($id: ID!, $own: String!) {
  user(id: $id) { sourcedId givenName }
  own: user(source: "a", sourcedId: $own) { sourcedId }
  node(id: $id) { ... on User { sourcedId } }
  nodes(ids: [$id]) { ... on User { sourcedId } }
  users(filter: { sourcedId: { eq: $own } }, status: null) { totalCount nodes { sourcedId } }
  enrollments(filter: { user: { eq: $id } }, status: null, first: 100) { nodes { userRef { sourcedId } } }
}"""


async def test_MASK_an_id_that_was_shown_leads_back_and_a_real_one_nowhere(world: MakeWorld) -> None:
    made = world(a=KIND)
    row = next(row for row in await people(made) if row["orgs"])
    own = row["sourcedId"]
    found = await ask(made, LOOKUPS, id=row["id"], own=own)
    assert found["user"] == {"sourcedId": own, "givenName": row["givenName"]}
    assert found["own"] == found["node"] == found["nodes"][0] == {"sourcedId": own}
    assert found["users"] == {"totalCount": 1, "nodes": [{"sourcedId": own}]}
    assert {e["userRef"]["sourcedId"] for e in found["enrollments"]["nodes"]} <= {own}
    fresh = world(a=KIND)
    real = mask().real_id(own)
    assert real is not None
    assert (await ask(fresh, LOOKUPS, EVERYTHING, id=f"User:a:{real}", own=real))["user"]["sourcedId"] == real
    fresh = world(a=KIND)
    found = await ask(fresh, LOOKUPS, id=f"User:a:{real}", own=real)
    assert found["user"] is found["own"] is found["node"] is found["nodes"][0] is None
    assert found["users"] == {"totalCount": 0, "nodes": []}
    assert found["enrollments"] == {"nodes": []}
    assert fresh.requests("a") == 0


async def test_MASK_a_former_id_that_was_shown_leads_to_the_record_of_today(world: MakeWorld) -> None:
    made = world(a="infinite-campus-1.2")
    query = "{ users(first: 500) { nodes { id formerSourcedIds } } }"
    rows = [row for row in (await ask(made, query))["users"]["nodes"] if row["formerSourcedIds"]]
    assert len(rows) > 20
    for row in rows[:5]:
        [former] = row["formerSourcedIds"]
        real = mask().real_id(former)
        assert real is not None
        for own in (former, mask().id(f"s{real}")):
            found = await ask(made, 'query ($own: String!) { user(source: "a", sourcedId: $own) { id } }', own=own)
            assert found["user"] == {"id": row["id"]}


# ---------------------------------------------------------------- the same world, seen through the mask


def unmasked(answer: Any) -> Any:
    """An answer with its ids as they are."""
    if isinstance(answer, dict):
        return {name: unmasked(value) for name, value in answer.items()}
    if isinstance(answer, list):
        return [unmasked(value) for value in answer]
    if isinstance(answer, str):
        named = parse_id(answer)
        source = named.source if named is not None else "a"
        own = mask(source).real_id(named.sourced_id if named is not None else answer)
        if own is not None:
            return global_id(named.type, named.source, own) if named is not None else own
    return answer


def sort(answer: Any) -> Any:
    if isinstance(answer, dict):
        return {name: sort(value) for name, value in answer.items()}
    return sorted(map(sort, answer), key=repr) if isinstance(answer, list) else answer


SHAPES = [
    "{ users(first: 500) { totalCount complete nodes { id status role grades samePerson { id }"
    " guardians { id } agentRefs { id } classes { id } orgs { id name } } } }",
    "{ classes(first: 500, status: null) { totalCount nodes { id studentCount primaryTeacher { id }"
    " teachers { id } students { id } course { id title } school { id name } terms { id title } } } }",
    "{ orgs(first: 100) { nodes { id name children { id } users(first: 500) { totalCount nodes { id } }"
    " classes(first: 500) { totalCount } } } }",
    "{ classes(filter: { enrollments: { role: [TEACHER], count: { eq: 0 } } }) { totalCount nodes { id } } }",
    "{ users(filter: { role: { eq: TEACHER }, orgCount: { gt: 0 } }, first: 500) { totalCount nodes { id } } }",
    "{ enrollments(filter: { dangling: true }, status: null, first: 500) { totalCount nodes { id } } }",
    '{ enrollments(effectiveOn: "today", first: 500) { totalCount nodes { id userRef { id } user { id } } } }',
    '{ results(filter: { dateLastModified: { gte: "2000-01-01T00:00:00Z" } }, first: 500)'
    " { totalCount nodes { id score class { id } student { id } lineItem { id dueDate } } } }",
    "{ classes { groups(by: [SCHOOL]) { count keys { name value record { id } } } } }",
    "{ users(filter: { role: { eq: STUDENT } }) { groups(by: [GRADE]) { count keys { name value } } } }",
    '{ orgs(filter: { name: { contains: "e" } }) { totalCount nodes { id } } }',
]


@pytest.mark.parametrize("query", SHAPES)
@pytest.mark.parametrize("kind", [KIND, "infinite-campus-1.1"])
async def test_MASK_everything_hangs_together_as_it_does_without_one(world: MakeWorld, kind: str, query: str) -> None:
    plain = await COMPILED.execute(query, {}, Context(world(a=kind).reading()))
    masked = world(a=kind)
    for schema in (SCHEMA, COMPILED, COMPILED):
        shown = await schema.execute(query, {}, Context(masked.reading(MASKED)))
        assert sort(unmasked(shown.data)) == sort(plain.data)
        assert [e.extensions for e in shown.errors or ()] == [e.extensions for e in plain.errors or ()]


async def test_MASK_titles_are_searched_and_compared_as_they_are_shown(world: MakeWorld) -> None:
    district = generate(1, students=50)
    lesson = district.classes[0]
    district.update(lesson, title="Ms Okonski Period 2")
    made = world(a=make_server(KIND, district))
    shown = mask().title("Ms Okonski Period 2")
    query = "query ($t: String!) { classes(filter: { title: { eq: $t } }) { totalCount nodes { title } } }"
    assert (await ask(made, query, t="Ms Okonski Period 2"))["classes"] == {"totalCount": 0, "nodes": []}
    assert (await ask(made, query, t=shown))["classes"] == {"totalCount": 1, "nodes": [{"title": shown}]}


async def test_MASK_ids_are_compared_in_order_as_they_are_shown(world: MakeWorld) -> None:
    made = world(a=KIND)
    ids = sorted(row["sourcedId"] for row in await people(made))
    query = "query ($f: String!) { users(filterText: $f, status: null, first: 500) { totalCount nodes { sourcedId } } }"
    found = (await ask(made, query, f=f"sourcedId>'{ids[20]}'"))["users"]
    assert [row["sourcedId"] for row in found["nodes"]] == ids[21:]
    assert found["totalCount"] == len(ids) - 21


# ---------------------------------------------------------------- lists

ORDERS = [(), (By("sourced_id"),), (By("sourced_id", descending=True),), (By("status"),), (By("date_last_modified"),)]


@pytest.mark.parametrize("kind", [KIND, "xporter-generic", "infinite-campus-1.1"])
@settings(deadline=None, max_examples=12, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
async def test_MASK_a_walk_shows_every_record_once(kind: str, data: st.DataObject) -> None:
    made = World({"a": make_server(kind, generate(1, students=50)), "b": make_server(KIND, generate(2, students=50))})
    try:
        order, size = data.draw(st.sampled_from(ORDERS)), data.draw(st.integers(1, 40))
        backwards, what = data.draw(st.booleans()), data.draw(st.sampled_from([RecordType.USER, RecordType.CLASS]))
        query = ListQuery(kind=what, sources=None, where=None, order=order, pinned=data.draw(st.booleans()))
        whole = (await come(listed(made.reading(MASKED), here, query, Extent(size=10_000)))).page.records
        real = (await come(listed(made.reading(), here, query, Extent(size=10_000)))).page.records
        assert {mask(r.source).id(r.sourced_id) for r in real} == {r.sourced_id for r in whole}
        assert len(real) == len(whole)
        if not order:
            assert [(r.source, r.sourced_id) for r in whole] == sorted((r.source, r.sourced_id) for r in whole)
        seen: list[Record] = []
        cursor, snapshot = None, None
        while True:
            read = replace(query.read, snapshot=snapshot)
            walked = replace(query, read=read)
            extent = Extent(size=size, cursor=cursor, backwards=backwards)
            found = await come(listed(made.reading(MASKED), here, walked, extent))
            rows = list(found.page.records)
            seen = rows + seen if backwards else seen + rows
            if not (found.page.has_previous if backwards else found.page.has_next):
                break
            cursor, snapshot = found.cursor(0 if backwards else len(rows) - 1), found.snapshot
        assert seen == list(whole)
        assert await found.total() == len(whole)
    finally:
        await made.sources.close()


async def test_MASK_the_pages_below_a_record_show_each_once(world: MakeWorld) -> None:
    made = world(a=KIND)
    query = """query ($id: ID!, $after: String) { org(id: $id) { users(first: 7, after: $after, status: null) {
      totalCount pageInfo { hasNextPage endCursor } nodes { id } } } }"""
    orgs = (await ask(made, "{ orgs(first: 100) { nodes { id } } }"))["orgs"]["nodes"]
    walked = 0
    for org in orgs:
        ids: list[str] = []
        after = None
        while True:
            page = (await ask(made, query, id=org["id"], after=after))["org"]["users"]
            ids += [row["id"] for row in page["nodes"]]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
        assert ids == sorted(ids)
        assert len(set(ids)) == len(ids) == page["totalCount"]
        walked += len(ids) > 14
    assert walked


async def test_MASK_a_list_that_is_held_is_ordered_once(world: MakeWorld) -> None:
    made = world(a="xporter-generic")
    await people(made)
    source = made.sources.get("a", MASKED)
    assert source is not None

    async def rows() -> Any:
        answer = await source.ask(
            Collection.USERS, lambda r: r.matching(Collection.USERS, None), made.reading().deadline
        )
        return answer.found.records

    assert await rows() is await rows()


# ---------------------------------------------------------------- operators, and who has no secret


async def test_MASK_what_is_held_back_is_told_by_masked_ids(world: MakeWorld) -> None:
    tables = {"a": {"guard": {"min_records": 1}}}
    made = world(tables, a="xporter-generic")
    await people(made)
    real = {str(p["sourcedId"]) for p in made.servers["a"].published("users")}
    district = made.servers["a"].district
    for person in list(district.users)[:30]:
        district.remove(person)
    source = made.sources.get("a", EVERYTHING)
    assert source is not None
    source.refresh(Collection.USERS)
    for _ in range(2000):
        if not source.loading(Collection.USERS):
            break
        await asyncio.sleep(0.005)
    query = "{ sources { nodes { holds { sampleSourcedIds } } } }"
    [hold] = (await ask(made, query))["sources"]["nodes"][0]["holds"]
    assert hold["sampleSourcedIds"]
    assert {mask().real_id(i) for i in hold["sampleSourcedIds"]} <= real


async def test_MASK_takes_a_secret(world: MakeWorld) -> None:
    made = world(a=KIND)
    bare = replace(made.settings, gateway=replace(made.settings.gateway, secret=None))
    made.sources = Sources.open(bare, made.connect)
    result = await COMPILED.execute("{ users { nodes { id } complete } }", {}, Context(made.reading(MASKED)))
    assert result.data == {"users": {"nodes": [], "complete": False}}
    assert result.errors
    error = result.errors[0]
    assert error.extensions is not None
    assert error.extensions["code"] == "SOURCE_MISCONFIGURED"
    assert "secret" in error.message
    assert made.requests("a") == 0


# ---------------------------------------------------------------- beside clients without a mask

QUESTIONS = [
    "{ users(first: 500, status: null) { nodes { id givenName email enrollments { class { id title } } } } }",
    "{ classes(first: 500) { nodes { id title enrollments { user { id displayName demographics { birthDate } } } } } }",
    "{ users(first: 500, filter: { role: { eq: STUDENT } }) { nodes { id samePerson { id } agents { familyName } } } }",
]


@pytest.mark.parametrize("query", QUESTIONS)
@pytest.mark.parametrize("first", [MASKED, EVERYTHING], ids=["masked first", "full first"])
async def test_MASK_rows_that_are_kept_for_one_client_are_not_shown_to_the_other(
    world: MakeWorld, query: str, first: Grant
) -> None:
    made = world(a=canaries(KIND, 1), b=canaries("xporter-generic", 2))
    encoding = COMPILED.led_by(Executor(COMPILED, KeptRows(rows_from=1, columns_from=1)))
    real = {text for key in "ab" for record in await all_records(made, key) for text in hidden(record)}
    told: dict[bool, set[str]] = {True: set(), False: set()}
    for grant in (first, EVERYTHING, MASKED, EVERYTHING, EVERYTHING, MASKED, MASKED):
        answer = await respond(encoding, Asked(query), Context(made.reading(grant)))
        body = msgspec.json.decode(answer.body)
        assert body["data"]
        told[grant is MASKED] |= set(leaves(body))
    assert told[True] & real == set()
    assert len(told[False] & real) > 50


REFUSED = [
    'users(filter: { familyName: { eq: "Okonski" } }) { totalCount }',
    'users(filter: { email: { contains: "a" } }) { totalCount }',
    'users(search: "a") { totalCount }',
    "users(orderBy: [{ field: FAMILY_NAME, direction: ASC }]) { totalCount }",
    "users(filterText: \"username='x'\") { totalCount }",
    'usersByIdentity(identity: { username: "x" }, sources: ["a"]) { totalCount }',
    'users(filter: { metadata: { name: "counselor", value: { isNull: false } } }) { totalCount }',
    'demographics(filter: { birthDate: { gte: "2010-01-01" } }) { totalCount }',
]


@pytest.mark.parametrize("root", REFUSED)
async def test_MASK_what_is_invented_cannot_be_asked_by(world: MakeWorld, root: str) -> None:
    made = world(DECLARED, a=KIND)
    result = await COMPILED.execute(f"{{ {root} }}", {}, Context(made.reading(Grant({"a": MASKED.at("a")}))))
    assert [e.extensions and e.extensions["code"] for e in result.errors or ()] == ["FORBIDDEN_FIELD"]
    assert made.requests("a") == 0
