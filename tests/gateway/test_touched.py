"""AUDIT: which records, and which classes of personal data, an operation asks for."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema

from gateway.access.field_class import FieldClass
from gateway.config import MetadataName
from gateway.schema import SCHEMA
from gateway.schema.documents import CheckedDocuments
from gateway.schema.personal import PII
from gateway.schema.touched import Touched, TouchedBy

pytestmark = pytest.mark.anyio

CLASSES = {
    ("User", "givenName"): FieldClass.NAME,
    ("User", "email"): FieldClass.CONTACT,
    ("User", "metadata"): FieldClass.RAW,
    ("UserFilter", "familyName"): FieldClass.NAME,
    ("UserFilter", "phone"): FieldClass.CONTACT,
    ("UserOrderField", "FAMILY_NAME"): FieldClass.NAME,
    ("Demographics", "sex"): FieldClass.DEMOGRAPHICS,
}


@pytest.fixture
def graph() -> GraphQLSchema:
    """A small graph in which some elements have a class, as our own says them."""
    made = build_schema(
        """
        type Query {
          users(filter: UserFilter, orderBy: [UserOrder!], search: String): UserConnection
          node(id: ID!): Node
          sources: [Source!]
        }
        type Mutation { refreshSource(source: ID!): Source }
        interface Node { id: ID! }
        type User implements Node {
          id: ID! givenName: String email: String metadata(keys: [String!]): String demographics: Demographics
        }
        type Demographics implements Node { id: ID! sex: String }
        type UserConnection { nodes: [User!]! totalCount: Int }
        type Source { key: ID! }
        input UserFilter { familyName: String phone: String and: [UserFilter!] role: String }
        input UserOrder { field: UserOrderField! }
        enum UserOrderField { FAMILY_NAME ROLE }
        """
    )
    for (name, element), found in CLASSES.items():
        kind: Any = made.type_map[name]
        (kind.values if hasattr(kind, "values") else kind.fields)[element].extensions[PII] = found
    assert made.query_type is not None
    made.query_type.fields["users"].args["search"].extensions[PII] = FieldClass.NAME
    return made


async def touched(graph: GraphQLSchema, text: str, name: str | None = None) -> Touched | None:
    return await TouchedBy(graph, CheckedDocuments(graph)).operation(text, name)


@pytest.mark.parametrize(
    ("query", "types", "classes"),
    [
        ("{ users { nodes { id } } }", ["User"], []),
        ("{ users { totalCount } }", ["User"], []),
        ("{ users { nodes { givenName x: email } } }", ["User"], ["CONTACT", "NAME"]),
        ("{ users { nodes { demographics { sex } } } }", ["Demographics", "User"], ["DEMOGRAPHICS"]),
        ('{ node(id: "x") { id } }', ["Node"], []),
        ('{ node(id: "x") { ...on Demographics { sex } } }', ["Demographics", "Node"], ["DEMOGRAPHICS"]),
        (
            "{ users { ...A } } fragment A on UserConnection { nodes { ...B } } fragment B on User { email }",
            ["User"],
            ["CONTACT"],
        ),
        ("{ users { nodes { email @include(if: false) } } }", ["User"], ["CONTACT"]),
        ('{ users(filter: { and: [{ phone: "1" }] }) { totalCount } }', ["User"], ["CONTACT"]),
        ('{ users(filter: { role: "x" }) { totalCount } }', ["User"], []),
        ("{ users(orderBy: [{ field: FAMILY_NAME }]) { totalCount } }", ["User"], ["NAME"]),
        ("{ users(orderBy: [{ field: ROLE }]) { totalCount } }", ["User"], []),
        ('{ users(search: "x") { totalCount } }', ["User"], ["NAME"]),
        ("{ sources { key } }", [], []),
        ("{ __typename __schema { types { name } } }", [], []),
    ],
)
async def test_AUDIT_a_document_tells_which_records_and_classes_it_asks_for(
    graph: GraphQLSchema, query: str, types: list[str], classes: list[str]
) -> None:
    found = await touched(graph, query)
    assert found is not None
    assert list(found.types) == types
    assert list(found.classes_with({}, [{}])) == classes
    assert found.records is bool(types)


@pytest.mark.parametrize(
    ("variables", "classes"),
    [
        ({}, []),
        ({"f": None, "o": None}, []),
        ({"f": {"familyName": "x"}}, ["NAME"]),
        ({"f": {"and": [{"role": "x"}, {"and": [{"phone": "1"}]}]}}, ["CONTACT"]),
        ({"o": [{"field": "ROLE"}, {"field": "FAMILY_NAME"}]}, ["NAME"]),
        ({"o": {"field": "FAMILY_NAME"}, "f": {"phone": None}}, ["CONTACT", "NAME"]),
        ({"f": ["nonsense", 1, {"none": {}}], "o": "FAMILY_NAME"}, []),
    ],
)
async def test_AUDIT_so_do_the_values_of_its_variables(
    graph: GraphQLSchema, variables: dict[str, Any], classes: list[str]
) -> None:
    found = await touched(
        graph, "query ($f: UserFilter, $o: [UserOrder!]) { users(filter: $f, orderBy: $o) { totalCount } }"
    )
    assert found is not None
    assert list(found.classes_with(variables, [{}])) == classes


@pytest.mark.parametrize(
    ("query", "variables", "classes"),
    [
        ('query ($f: UserFilter = { phone: "1" }) { users(filter: $f) { totalCount } }', {}, ["CONTACT"]),
        ('query ($f: UserFilter = { phone: "1" }) { users(filter: $f) { totalCount } }', {"f": None}, []),
        (
            'query ($f: UserFilter = { phone: "1" }) { users(filter: $f) { totalCount } }',
            {"f": {"familyName": "x"}},
            ["NAME"],
        ),
        (
            "query ($o: UserOrderField! = FAMILY_NAME) { users(orderBy: [{ field: $o }]) { totalCount } }",
            None,
            ["NAME"],
        ),
    ],
)
async def test_AUDIT_what_variables_are_by_default_counts_where_nothing_else_is_said(
    graph: GraphQLSchema, query: str, variables: dict[str, Any] | None, classes: list[str]
) -> None:
    found = await touched(graph, query)
    assert found is not None
    assert list(found.classes_with(variables, [{}])) == classes


BUS = {"bus": MetadataName(key="sis.bus", field_class=FieldClass.CONTACT)}
PEN = {"bus": MetadataName(key="pen", field_class=FieldClass.SENSITIVE)}


@pytest.mark.parametrize(
    ("query", "variables", "classes"),
    [
        ('{ users { nodes { metadataValue(name: "bus") } } }', {}, ["CONTACT", "SENSITIVE"]),
        ('{ users { nodes { metadataValue(name: "none") } } }', {}, []),
        ("query ($n: String!) { users { nodes { metadataValue(name: $n) } } }", {"n": "bus"}, ["CONTACT", "SENSITIVE"]),
        ("query ($n: String!) { users { nodes { metadataValue(name: $n) } } }", {}, []),
        ("{ users { nodes { metadata } } }", {}, ["CONTACT", "RAW", "SENSITIVE"]),
        ('{ users { nodes { metadata(keys: ["sis.bus"]) } } }', {}, ["CONTACT", "RAW"]),
        ("query ($k: [String!]) { users { nodes { metadata(keys: $k) } } }", {"k": "note"}, ["RAW"]),
        (
            '{ users(filter: { metadata: { name: "bus", value: { eq: "7" } } }) { totalCount } }',
            {},
            ["CONTACT", "SENSITIVE"],
        ),
        (
            "query ($f: UserFilter) { users(filter: $f) { totalCount } }",
            {"f": {"not": {"metadata": {"name": "bus", "value": {"eq": "7"}}}}},
            ["CONTACT", "SENSITIVE"],
        ),
        ("{ users(filterText: \"familyName='x' OR status='active'\") { totalCount } }", {}, ["NAME"]),
        ("query ($t: String) { orgs(filterText: $t) { totalCount } }", {"t": "identifier='1'"}, []),
        ("query ($t: String) { users(filterText: $t) { totalCount } }", {"t": "identifier='1'"}, ["IDENTIFIER"]),
        ("query ($t: String) { users(filterText: $t) { totalCount } }", {"t": "no text"}, []),
        ("query ($t: String) { users(filterText: $t) { totalCount } }", {}, []),
    ],
)
async def test_AUDIT_metadata_has_the_classes_that_its_sources_declare_and_filter_text_those_of_its_fields(
    query: str, variables: dict[str, Any], classes: list[str]
) -> None:
    found = await touched(SCHEMA._schema, query)
    assert found is not None
    assert list(found.classes_with(variables, [BUS, PEN])) == classes


async def test_AUDIT_of_several_operations_it_is_the_one_that_is_asked_for(graph: GraphQLSchema) -> None:
    text = """
        query A { users { nodes { email } } }
        query B { sources { key } }
        mutation C { refreshSource(source: 1) { key } }
    """
    a, b, c = [await touched(graph, text, name) for name in "ABC"]
    assert a is not None and (a.name, a.types, a.records) == ("A", ("User",), True)  # noqa: PT018
    assert b is not None and (b.name, b.types, b.records) == ("B", (), False)  # noqa: PT018
    assert c is not None and (c.kind.value, c.types, c.records) == ("mutation", (), True)  # noqa: PT018
    assert [await touched(graph, text, name) for name in (None, "D", "")] == [None] * 3
    assert await touched(graph, "{ nonsense }") is None
    assert await touched(graph, "{ ") is None


async def test_AUDIT_every_list_and_lookup_of_the_graph_is_one_of_records() -> None:
    """But for those of sources and of the client itself."""
    by = TouchedBy(SCHEMA._schema, CheckedDocuments(SCHEMA._schema))
    assert SCHEMA._schema.query_type is not None
    told = set()
    for name, field in SCHEMA._schema.query_type.fields.items():
        needed = [f"{argument}: $a" for argument, each in field.args.items() if str(each.type).endswith("!")]
        variables = "($a: [ID!]!)" if name == "nodes" else "($a: ID!)" if name in ("node", "source") else ""
        if name == "usersByIdentity":
            variables = "($a: IdentityInput!)"
        elif needed and not variables:
            variables = f"($a: {next(each.type for each in field.args.values() if str(each.type).endswith('!'))})"
        said = f"({', '.join(needed)})" if needed else ""
        found = await by.operation(f"query {variables} {{ {name}{said} {{ __typename }} }}", None)
        assert found is not None, name
        if not found.types:
            told.add(name)
    assert told == {"viewer", "source", "sources"}
