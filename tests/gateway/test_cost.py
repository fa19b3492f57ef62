"""What an operation costs, told before it is executed and held to while it is (L06, L07)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    is_composite_type,
    is_list_type,
    parse,
)

from bench.queries import QUESTIONS
from gateway.access.grant import EVERYTHING
from gateway.execution import compiling
from gateway.execution.answering import Asked, respond
from gateway.execution.careful import Careful
from gateway.execution.compiling import compiled, operation_of
from gateway.execution.rows import Form
from gateway.execution.run import Run
from gateway.execution.variables import NONE
from gateway.limits import DocumentLimits
from gateway.sandbox.exact import exact_district
from gateway.sandbox.server import make_server
from gateway.schema import SCHEMA, Schema
from gateway.schema.answers import complete
from gateway.schema.context import Context
from gateway.schema.pricing import Prices, is_counted
from gateway.schema.sizes import EXPECTED
from gateway.web import cookbook
from tests.gateway.support import MakeWorld, World
from tests.gateway.test_document_limits import WITHIN, calls, fan_out, overlapping, through_two_types
from tests.gateway.test_http import gateway

pytestmark = pytest.mark.anyio

LIMITS = DocumentLimits()
BOUNDED = SCHEMA.bounded(LIMITS, introspection=True)
PEOPLE = "nodes { enrollments { role class { title course { title } } } }"
EACH = 1 + 8 * 3
"""Nodes of one person, with these."""


def cost(text: str, name: str | None = None, **variables: Any) -> int:
    document = BOUNDED.documents.read(text)
    assert document.errors == ()
    price = BOUNDED.documents.price(document, name, variables)
    assert price is not None
    return price.requested(variables)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ __typename }", 0),
        ("{ users { totalCount } }", 0),
        ("{ users(first: 10000) { totalCount complete pageInfo { endCursor } } }", 0),
        ("{ users(first: 0) { nodes { id } } }", 0),
        ("{ users { nodes { id givenName familyName } } }", 50),
        ("{ users(first: 10000) { nodes { id } } }", 10_000),
        ("{ users(first: null) { nodes { id } } }", 50),
        ("{ users(last: 7) { nodes { id } } }", 7),
        ("{ users(first: 3) { nodes { id } edges { cursor node { id } } } }", 6),
        (f"{{ users(first: 100) {{ {PEOPLE} }} }}", 100 * EACH),
        ("{ a: users(first: 2) { nodes { id } } b: users(first: 3) { nodes { id } } }", 5),
        ("{ users(first: 2) { nodes { orgs { id } } } users(first: 2) { nodes { orgs { name } id } } }", 2 * 3),
        ("{ users(first: 2) { ...A ...A } } fragment A on UserConnection { nodes { ...B } } "
         "fragment B on User { orgs { id } ... { orgs { name } } }", 2 * 3),
        ("{ users(first: 2) { nodes { id source { key } primaryOrg { id } orgs @skip(if: true) { id } } } }", 4),
        ("{ enrollments(first: 9) { nodes { userRef { id } classRef { id } user { userIds { type } } } } }", 18),
        ('{ node(id: "x") { id ... on User { enrollments { id } } ... on Class { students { id } } } }', 26),
        ('{ nodes(ids: ["a", "b", "c"]) { id } }', 3),
        ('{ nodes(ids: "a") { ... on Org { children { id } } ... on RosterObject { id } } }', 11),
        ("{ users(first: 0) { groups(by: [ORG, ROLE]) { keys { record { id ... on Org { parent { id } } } } } } }",
         100 * (1 + 2 * 2)),
        ("{ org(id: \"x\") { classes(first: 20) { nodes { teachers { id } } } } }", 1 + 20 * 3),
        ("{ sources(first: 4) { nodes { key collections { type } } countByState { count } } }", 4 * 15 + 11),
        ("mutation { decideHolds(input: { accept: true }) { holds { id } } }", 10),
        ("{ users(first: -1) { nodes { id } } }", 0),
        ("{ users(first: 10001) { nodes { id } } }", 0),
    ],
)  # fmt: skip
def test_L06_a_query_costs_the_nodes_that_its_answer_may_have(text: str, expected: int) -> None:
    assert cost(text) == expected


def test_L06_variables_count_with_their_values_and_defaults() -> None:
    page = "query P($n: Int = 20, $last: Int) { users(first: $n, last: $last) { nodes { id } } }"
    assert [cost(page), cost(page, n=3), cost(page, n=None), cost(page, n=None, last=4)] == [20, 3, 50, 4]
    assert [cost(page, n=n) for n in (0, 10_000, 10_001, -5, 5.0, "7", [1])] == [0, 10_000, 0, 0, 5, 0, 0]
    several = "query N($ids: [ID!]!) { nodes(ids: $ids) { id ... on User { orgs { id } } } }"
    assert [cost(several, ids=["a"] * count) for count in (0, 1, 1000)] == [0, 3, 3000]
    groups = "query G($by: [UserGroupKey!]!) { users { groups(by: $by) { keys { record { id } } } } }"
    assert [cost(groups, by=["ORG"]), cost(groups, by=["ORG", "ROLE"])] == [200, 300]


def test_L06_what_directives_leave_out_costs_nothing() -> None:
    text = (
        "query S($with: Boolean!, $without: Boolean = true) { users(first: 2) { nodes { "
        "orgs @include(if: $with) { id } agents @skip(if: $without) { id } } } }"
    )
    assert cost(text, **{"with": True}) == 6
    assert cost(text, **{"with": False}) == 2
    assert cost(text, **{"with": False, "without": False}) == 6
    for wrong in (None, "true", [], 1):  # is refused by whoever executes it, and left out by nobody
        assert cost(text, **{"with": wrong, "without": wrong}) == 10


def test_L06_operations_of_one_document_are_told_apart() -> None:
    text = "query A { users(first: 1) { nodes { id } } } query B { users(first: 2) { nodes { id } } }"
    assert [cost(text, "A"), cost(text, "B")] == [1, 2]


def test_L06_every_list_is_bounded_by_its_arguments_or_has_an_expected_length() -> None:
    leads: dict[str, bool] = {}

    def to_nodes(kind: Any) -> bool:
        """Whether a node may stand in what a field of this type has."""
        if kind.name not in leads:
            leads[kind.name] = False
            possible = SCHEMA._schema.get_possible_types(kind) if not isinstance(kind, GraphQLObjectType) else [kind]
            below = [(n, get_named_type(f.type)) for each in possible for n, f in each.fields.items()]
            leads[kind.name] = any(is_counted(n, k) or (is_composite_type(k) and to_nodes(k)) for n, k in below)
        return leads[kind.name]

    lacking = []
    expected = dict.fromkeys(EXPECTED, False)
    for kind in SCHEMA._schema.type_map.values():
        if not isinstance(kind, GraphQLObjectType) or kind.name.startswith("__"):
            continue
        for name, each in kind.fields.items():
            named, listed = get_named_type(each.type), each.type.of_type if hasattr(each.type, "of_type") else each.type
            if not isinstance(named, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType):
                continue
            if not (is_list_type(listed) or is_list_type(each.type)):
                continue
            known = [f"{owner.name}.{name}" for owner in (kind, *kind.interfaces) if f"{owner.name}.{name}" in EXPECTED]
            expected |= dict.fromkeys(known, True)
            paged = name in ("nodes", "edges", "keys") or "ids" in each.args
            if not known and not paged and (is_counted(name, named) or to_nodes(named)):
                lacking.append(f"{kind.name}.{name}")
    assert lacking == []
    assert all(expected.values())


DOCUMENTED = re.findall(r"^```graphql\n(.*?)^```", Path("README.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)
FREQUENT = {
    **{recipe.title: recipe.query for recipe in cookbook.load()},
    **{name: question.of_gateway for name, question in QUESTIONS.items()},
    **{f"README {number}": text for number, text in enumerate(DOCUMENTED)},
}


@pytest.mark.parametrize("title", FREQUENT)
def test_L06_the_queries_of_the_documentation_and_of_the_benchmarks_cost_less_than_half_of_what_they_may(
    title: str,
) -> None:
    assert cost(FREQUENT[title]) <= LIMITS.cost / 2


def test_L06_the_documentation_has_the_lengths_that_are_expected() -> None:
    page = Path("docs/http.md").read_text("utf-8")
    told = {name: int(length) for name, length in re.findall(r"\| `(\w+\.\w+)` \| (\d+) (?=\|)", page)}
    assert told == dict(EXPECTED)
    [example] = re.findall(r"^```graphql\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert f"{cost(example):,}:" in page


# ------------------------------------------------------------------ what is refused


async def test_L06_an_operation_that_costs_too_much_is_refused_before_anything_is_read(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    async with gateway(made) as client:
        text = f"{{ users(first: 2001) {{ {PEOPLE} }} }}"
        for accept, status in (("application/json", 200), ("application/graphql-response+json", 400)):
            answer = await client.post("/graphql", json={"query": text}, headers={"accept": accept})
            assert answer.status_code == status
            told = answer.json()
            assert "data" not in told
            [error] = told["errors"]
            figures = {"requested": 50_025, "limit": 50_000}
            assert error["extensions"] == {"code": "COST_EXCEEDED", "retryable": False, **figures}
            assert told["extensions"] == {"cost": {**figures, "actual": 0}}
            assert "`users.nodes.enrollments` may have 16,008" in error["message"]
            assert "pages of 2,000" in error["message"]
        assert made.requests("a") == 0
        within = await client.post("/graphql", json={"query": text.replace("2001", "2000")})
        assert within.json()["extensions"]["cost"]["requested"] == 50_000
        assert within.json()["data"]["users"]["nodes"]


async def test_L06_no_operation_that_is_named_otherwise_goes_unreckoned(world: MakeWorld) -> None:
    made, text = world(a="standard-1.2"), f"query Q {{ users(first: 10000) {{ {PEOPLE} }} }}"
    for name in ("", "Nobody", "q"):
        answer = await BOUNDED.execute(text, None, Context(made.reading()), operation_name=name)
        assert answer.data is None
        assert answer.errors
    assert made.requests("a") == 0


@pytest.mark.parametrize("leave", ["", "__schema { queryType { name } }"], ids=["compiled", "fallback"])
async def test_L06_it_is_refused_on_whichever_way_it_would_have_been_executed(world: MakeWorld, leave: str) -> None:
    made, schema = world(a="standard-1.2"), compiling(BOUNDED)
    text = f"query Q($n: Int) {{ {leave} users(first: $n) {{ {PEOPLE} }} }}"
    answer = json.loads((await respond(schema, Asked(text, {"n": 10_000}), Context(made.reading()))).body)
    assert answer["errors"][0]["extensions"]["code"] == "COST_EXCEEDED"
    assert schema.taken == {"refused": 1}
    assert made.requests("a") == 0


def test_L06_what_multiplies_beyond_all_measure_is_still_a_number() -> None:
    page = "classes(first: 10000) { nodes { course { "
    text = "{ " + page * 3 + "id" + " } } }" * 3 + " }"
    assert cost(text) == 2 * (10_000 + 10_000**2 + 10_000**3)
    deep = "{ " + page * 40 + "id" + " } } }" * 40 + " }"
    price = Prices().of(SCHEMA._schema, parse(deep), None, {})
    assert price is not None
    assert price.requested({}) == 2**53 - 1


HOSTILE: Mapping[str, Any] = {
    "B01-each-fragment-spreads-the-next-twice": lambda n: fan_out(3 * n, "NEXT NEXT", "users { nodes { id } }"),
    "B01-each-fragment-asks-the-next-twice": lambda n: fan_out(
        3 * n, "a: node(id: 1) { ... on Node { id } } b: users { nodes { id } } NEXT", "users { nodes { id } }"
    ),
    "B02-through-two-types": lambda n: through_two_types(3 * n),
    "B02-with-aliases": lambda n: through_two_types(3 * n).replace("user {", "a: user { id } b: user {"),
    "B02-two-branches-at-each-level": lambda n: fan_out(
        3 * n, "a: orgs { children { users { nodes { NEXT } } } } b: orgs { children { users { nodes { NEXT } } } }",
        "id", "User",
    ),
    "B02-overlapping-fragments": lambda n: overlapping(3 * n),
    "interfaces": lambda n: "{ "
    + " ".join(f"n{k}: node(id: 1) {{ ... on RosterObject {{ source {{ holds {{ id }} }} }} }}" for k in range(n))
    + " }",
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_L06_reckoning_takes_no_power_of_a_documents_length_whatever_it_is(kind: str) -> None:
    """Far beyond the limits of documents, which would have refused most of these."""

    def took(size: int) -> int:
        document = parse(HOSTILE[kind](size), no_location=True)
        return calls(lambda: Prices().of(SCHEMA._schema, document, None, {}))

    small, large = took(1), took(100)
    assert large < 2 * 100 * small


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("size", [1, 3, 10, 30, 100])
def test_L06_reckoning_takes_less_than_a_tenth_of_a_second(kind: str, size: int) -> None:
    document = parse(HOSTILE[kind](size), no_location=True)
    variables = {"with": True}
    assert calls(lambda: Prices().of(SCHEMA._schema, document, None, variables)) < WITHIN


def test_L06_the_price_of_a_document_is_reckoned_once() -> None:
    text = "query P($n: Int, $on: Boolean!) { users(first: $n) { nodes { orgs @include(if: $on) { id } } } }"
    document = BOUNDED.documents.read(text)
    first = [BOUNDED.documents.price(document, None, {"n": 1, "on": on}) for on in (True, False)]
    again = [BOUNDED.documents.price(document, None, {"n": 2, "on": on}) for on in (True, False)]
    assert first[0] is again[0]
    assert first[1] is again[1]
    assert first[0] is not first[1]
    assert calls(lambda: BOUNDED.documents.price(document, None, {"n": 3, "on": True})) < 20


# ------------------------------------------------------------------ what there is in fact

WAYS = ("graphql-core", "plan", "bytes", "careful")
CROWDED = {
    "{ classes(first: 2) { nodes { sourcedId enrollments { user { sourcedId } } } } }": (260, 500),
    "{ classes(first: 2) { edges { node { sourcedId students(on: null) { sourcedId primaryOrg { name } } } } } }": (
        300,
        500,
    ),
    "{ users(first: 1) { nodes { enrollments { class { enrollments { class { enrollments { role } } } } } } } }": (
        8_000,
        11_000,
    ),
}
"""What is expected to have less than it has; a limit by which some of it is too much, and one by which nothing is."""


def crowded() -> World:
    """Classes of a hundred: more than is expected of any."""
    district = exact_district(1, users=300, classes=3, courses=2, enrollments=300)
    return World({"a": make_server("standard-1.2", district)})


async def answered(way: str, made: World, text: str, most: int) -> dict[str, Any]:
    schema, context = SCHEMA.bounded(replace(LIMITS, cost=most), introspection=True), Context(made.reading(EVERYTHING))
    if way == "careful":
        return await with_care(schema, context, text, most)
    if way == "bytes":
        found: dict[str, Any] = json.loads((await respond(compiling(schema), Asked(text), context)).body)
        return found
    result = await (schema if way == "graphql-core" else compiling(schema)).execute(text, None, context)
    errors = [error.formatted for error in result.errors or ()]
    return {"data": result.data, "errors": errors, "extensions": result.extensions}


async def with_care(schema: Schema, context: Context, text: str, most: int) -> dict[str, Any]:
    """As if something were wrong with a record."""
    document = schema.documents.read(text)
    price = schema.documents.price(document, None, {})
    assert document.ast is not None
    assert price is not None
    context.cost.predict(price, {}, most)
    run = Run(compiled(schema, operation_of(document.ast, None), {}), schema, context, NONE, form=Form.STRUCTS)
    result = complete(await Careful(run).answer(), context.reading)
    context.cost.count(result.data)
    errors = [error.formatted for error in result.errors or ()]
    extensions = {"cost": context.cost.extension()}
    return {"data": json.loads(msgspec.json.encode(result.data)), "errors": errors, "extensions": extensions}


@pytest.mark.parametrize("text", CROWDED)
@pytest.mark.parametrize("way", WAYS)
async def test_L07_a_list_with_which_the_answer_would_be_too_large_is_null_and_that_is_told(
    way: str, text: str
) -> None:
    made, (little, enough) = crowded(), CROWDED[text]
    for most in (little, enough, little):  # held from the second time on
        answer = await answered(way, made, text, most)
        figures, lists = answer["extensions"]["cost"], lists_in(answer["data"])
        assert figures["requested"] <= most
        assert figures["actual"] <= most
        told = [error["extensions"] for error in answer.get("errors") or ()]
        assert {(error["code"], error["source"]) for error in told} == (
            {("TOO_LONG", "a")} if most == little else set()
        )
        assert (None in lists) == (most == little)
        assert lists <= {100, 95, 1, 2, None}, "a list is whole, or not there: 95 of the 100 are still counted"


@pytest.mark.parametrize("way", WAYS)
async def test_L07_groups_with_which_the_answer_would_be_too_large_are_null_and_that_is_told(way: str) -> None:
    many = "{ classes(first: 0) { a: groups(by: [COURSE]) { count } b: groups(by: [COURSE]) { count } } }"
    district = exact_district(1, users=9, classes=130, courses=130, enrollments=9)
    made = World({"a": make_server("standard-1.2", district)})
    assert cost(many) == 200
    for _ in range(2):
        answer = await answered(way, made, many, 220)
        assert answer["extensions"]["cost"]["actual"] <= 220
        groups = answer["data"]["classes"]
        assert sorted(value is None for value in groups.values()) == [False, True]
        [error] = answer["errors"]
        assert error["extensions"]["code"] == "TOO_LONG"
        assert error["path"][0] == "classes"
        assert groups[error["path"][1]] is None


@pytest.mark.parametrize("text", CROWDED)
async def test_L07_what_there_is_in_fact_is_the_same_on_every_way(text: str) -> None:
    made, found = crowded(), []
    for way in WAYS:
        for _ in range(2):  # the second time all is held
            found.append((await answered(way, made, text, 50_000))["extensions"]["cost"]["actual"])
    assert len(set(found)) == 1
    assert found[0] > 0


def lists_in(value: Any, key: str = "") -> set[int | None]:
    """How long the lists of an answer are; None for those that are not there."""
    if isinstance(value, dict):
        return {length for name, each in value.items() for length in lists_in(each, name)}
    if isinstance(value, list):
        return {len(value), *(length for each in value for length in lists_in(each))}
    return {None} if value is None and key in ("enrollments", "students") else set()


@pytest.mark.parametrize("first", [-1, 10_001, 1_000_000])
@pytest.mark.parametrize("argument", ["first", "last"])
async def test_L07_a_page_of_another_length_than_pages_may_have_is_refused_and_no_source_asked(
    world: MakeWorld, argument: str, first: int
) -> None:
    made = world(a="standard-1.2")
    async with gateway(made) as client:
        answer = await client.post("/graphql", json={"query": f"{{ users({argument}: {first}) {{ nodes {{ id }} }} }}"})
        [error] = answer.json()["errors"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert made.requests("a") == 0
