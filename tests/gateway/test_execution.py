"""What is compiled, what is not and why, and how an operation tells which way it took."""

from __future__ import annotations

from typing import Any

import pytest
import strawberry
from graphql import is_object_type
from starlette.testclient import TestClient
from strawberry.extensions import MaxAliasesLimiter
from strawberry.permission import BasePermission
from strawberry.schema.config import StrawberryConfig

from gateway.app import build
from gateway.execution import compiling, generate
from gateway.execution.compiling import declared_as, origin
from gateway.execution.plan import CannotCompile
from gateway.roster.reading import Reading
from gateway.schema import SCHEMA, Schema
from gateway.schema.context import Context
from gateway.schema.query import Query
from gateway.schema.scalars import SCALARS
from tests.gateway.support import MakeWorld, World

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]

COMPILING = compiling(SCHEMA)

LEFT_TO_GRAPHQL_CORE: dict[str, str] = {}
"""Fields that no plan can have, and why."""


async def way(made: World, query: str, schema: Schema = COMPILING, **variables: Any) -> tuple[str, Any]:
    reading = Reading(made.sources, made.reading().grant, made.reading().codec, 10, explain=True)
    result = await schema.execute(query, variables, Context(reading))
    return (result.extensions or {})["explain"]["execution"], result


def test_every_field_can_be_compiled_but_those_with_a_reason() -> None:
    refused = {}
    for kind in SCHEMA._schema.type_map.values():
        if is_object_type(kind) and not kind.name.startswith("__") and kind is not SCHEMA._schema.mutation_type:
            for name, each in kind.fields.items():
                try:
                    origin(declared_as(each, f"{kind.name}.{name}"), f"{kind.name}.{name}")
                except CannotCompile as reason:
                    refused[f"{kind.name}.{name}"] = str(reason)
    assert refused == LEFT_TO_GRAPHQL_CORE


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("{ __schema { queryType { name } } }", "fallback: introspection"),
        ("{ users {", "fallback: the document does not parse"),
        ("{ nobody }", "fallback: the document does not fit the schema"),
        ("{ usersByIdentity(identity: {}) { complete } }", "fallback: the document does not fit the schema"),
        ("query ($n: Int!) { users(first: $n) { complete } }", "fallback: variables that do not fit"),
        ('mutation { refreshSource(input: { source: "a" }) { __typename } }', "fallback: a mutation"),
        ("{ users(first: 1) { nodes { id enrollments { class { title } } } } }", "compiled"),
        ("{ users(first: -1) { complete } orgs { complete } }", "compiled"),
    ],
)
async def test_an_operation_tells_which_way_it_took(world: MakeWorld, query: str, why: str) -> None:
    told, _ = await way(world(a="standard-1.2"), query)
    assert told == why


async def test_a_plan_serves_every_value_of_variables_but_those_of_switches(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    query = "query ($n: Int, $s: Boolean!) { users(first: $n) { complete @skip(if: $s) nodes { id } } }"
    for first, skip in ((1, True), (2, True), (2, False)):
        told, result = await way(made, query, n=first, s=skip)
        assert told == "compiled"
        assert len(result.data["users"]["nodes"]) == first
        assert ("complete" in result.data["users"]) is not skip


@pytest.mark.parametrize("condition", ["{ eq: $role }", "{ in: [$role] }"])
async def test_what_a_list_comes_to_is_not_kept_where_a_variable_has_a_say(world: MakeWorld, condition: str) -> None:
    made = world(a="standard-1.2")
    query = f"query ($role: UserRole!) {{ users(filter: {{ role: {condition} }}) {{ nodes {{ role }} }} }}"
    for role in ("STUDENT", "TEACHER", "STUDENT"):
        for schema in (COMPILING, SCHEMA):
            _, result = await way(made, query, schema, role=role)
            assert {node["role"] for node in result.data["users"]["nodes"]} == {role}


class Nobody(BasePermission):
    message = "not you"

    def has_permission(self, source: Any, info: Any, **_: Any) -> bool:
        return False


@strawberry.type(name="Query")
class GuardedQuery(Query):
    @strawberry.field(permission_classes=[Nobody])
    def secret(self) -> str | None:
        return "secret"


async def test_a_permission_is_not_passed_over(world: MakeWorld) -> None:
    schema = compiling(Schema(GuardedQuery, config=StrawberryConfig(scalar_map=SCALARS)))
    told, result = await way(world(a="standard-1.2"), "{ secret }", schema)
    assert told == "fallback: Query.secret has an extension"
    assert result.data == {"secret": None}
    assert result.errors


async def test_an_extension_of_the_schema_is_not_passed_over(world: MakeWorld) -> None:
    limited = Schema(Query, config=StrawberryConfig(scalar_map=SCALARS), extensions=[lambda: MaxAliasesLimiter(0)])
    told, result = await way(world(a="standard-1.2"), "{ a: users { complete } }", compiling(limited))
    assert told == "fallback: the schema has an extension"
    assert result.data is None


async def test_fragments_within_fragments_make_no_endless_plan(world: MakeWorld) -> None:
    parts = [f"fragment F{n} on Org {{ a: parent {{ ...F{n + 1} }} b: parent {{ ...F{n + 1} }} }}" for n in range(20)]
    query = "\n".join(['{ org(source: "a", sourcedId: "x") { ...F0 } }', *parts, "fragment F20 on Org { id }"])
    told, _ = await way(world(a="standard-1.2"), query)
    assert told == "fallback: too many fields"


async def test_the_gateway_compiles_unless_told_otherwise(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    asked = {"json": {"query": "{ users(first: 1) { nodes { id } } }"}, "headers": {"X-Gateway-Explain": "1"}}
    for settings, expected in (({}, "compiled"), ({"compiled": False}, "fallback: no plans are made here")):
        with TestClient(build(made.settings, made.connect, **settings), base_url="http://127.0.0.1") as client:
            answer = client.post("/graphql", **asked).json()
        assert answer["extensions"]["explain"]["execution"] == expected
        assert len(answer["data"]["users"]["nodes"]) == 1


def test_names_of_the_answer_enter_the_code_as_literals_only() -> None:
    made = generate.display([("a", None), ("b", "Org"), ("c", None)])
    assert made == "lambda count, columns: [{'a': v0, 'b': 'Org', 'c': v2} for v0, v2 in zip(*columns)]"
    assert generate.dicts([("a", None), ("b", "Org")])(2, [[1, 2]]) == [{"a": 1, "b": "Org"}, {"a": 2, "b": "Org"}]
    assert generate.dicts([("b", "Org")])(2, []) == [{"b": "Org"}, {"b": "Org"}]
