"""The graph as it is declared: its text, its descriptions, and that what it declares is there in the records."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    build_schema,
    is_introspection_type,
    is_specified_scalar_type,
    parse,
    validate,
)

from adapters import gradebook, records
from adapters.endpoints import ENTITIES
from adapters.records import RecordType
from gateway.schema import SCHEMA, sdl
from gateway.schema.node import KINDS
from gateway.schema.relations import MODULES, Cardinality, Relation
from gateway.schema.roots import Root
from gateway.schema.users import AssignedRole

GRAPH = SCHEMA._schema
TYPES = [t for t in GRAPH.type_map.values() if not (is_introspection_type(t) or is_specified_scalar_type(t))]
CLASSES: dict[str, type] = {entity.record.__name__: entity.record for entity in ENTITIES.values()} | {
    "RoleAssignment": AssignedRole,
    "UserId": records.UserId,
    "UserProfile": records.UserProfile,
    "ScoreScaleValue": gradebook.ScoreScaleValue,
    "LearningObjectiveSet": gradebook.LearningObjectiveSet,
    "LearningObjectiveScoreSet": gradebook.LearningObjectiveScoreSet,
    "LearningObjectiveResult": gradebook.LearningObjectiveResult,
}
"""What stands behind the graph's object types of records and of what is in them."""


def elements() -> Iterator[tuple[str, Any]]:
    """Every type, field, argument, input field and enum value, by name."""
    for named in TYPES:
        yield named.name, named
        if isinstance(named, GraphQLEnumType):
            yield from ((f"{named.name}.{name}", value) for name, value in named.values.items())
        if isinstance(named, GraphQLInputObjectType):
            yield from ((f"{named.name}.{name}", field) for name, field in named.fields.items())
        if isinstance(named, GraphQLObjectType | GraphQLInterfaceType):
            for name, field in named.fields.items():
                yield f"{named.name}.{name}", field
                yield from ((f"{named.name}.{name}({argument}:)", a) for argument, a in field.args.items())


def declared(type_name: str) -> Iterator[tuple[str, Any]]:
    """The fields of an object type as Strawberry knows them."""
    named = GRAPH.type_map[type_name]
    assert isinstance(named, GraphQLObjectType)
    yield from ((name, field.extensions["strawberry-definition"]) for name, field in named.fields.items())


def test_schema_graphql_is_the_printed_schema() -> None:
    kept = Path(__file__).parents[2] / "schema.graphql"
    assert kept.read_text("utf-8") == sdl(), "write it anew with `oneroster-gateway schema > schema.graphql`"


def test_the_printed_schema_leaves_out_no_type() -> None:
    printed = sdl()
    assert [t.name for t in TYPES if f" {t.name} " not in printed.replace("\n", " ")] == []


def test_inputs_that_take_exactly_one_of_several_say_so_to_clients() -> None:
    printed = build_schema(sdl())
    names = [t.name for t in printed.type_map.values() if isinstance(t, GraphQLInputObjectType) and t.is_one_of]
    assert names == ["IdentityInput"]
    asked = SCHEMA.execute_sync('{ __type(name: "IdentityInput") { isOneOf } }')
    assert asked.data == {"__type": {"isOneOf": True}}


def test_the_printed_schema_is_read_from_top_to_bottom() -> None:
    order = re.findall(r"^(?:type|interface|input|enum|scalar) (\w+)", sdl(), re.MULTILINE)
    assert len(order) == len(set(order)) == len(TYPES)
    assert order[:3] == ["Query", "Viewer", "Grant"]
    for earlier, later in [
        *(
            ("RosterObject", "Org"),
            ("Grant", "RecordRef"),
            ("User", "RoleAssignment"),
            ("RoleAssignment", "Enrollment"),
        ),
        *(("Enrollment", "LineItem"), ("ScoreScale", "ScoreScaleValue"), ("ScoreScaleValue", "Resource")),
        *(("AssessmentResult", "Source"), ("Source", "SourceCollection"), ("Hold", "OrgConnection")),
        *(("OrgConnection", "OrgEdge"), ("OrgEdge", "ClassConnection"), ("ClassConnection", "Mutation")),
        *(
            ("Mutation", "OrgFilter"),
            ("ClassFilter", "StringFilter"),
            ("StringFilter", "RecordStatus"),
            ("Sex", "Date"),
        ),
    ]:
        assert order.index(earlier) < order.index(later), (earlier, later)


def test_everything_is_described_in_sentences() -> None:
    found = list(elements())
    assert len(found) > 500
    assert [name for name, e in found if len(e.description or "") < 6 or not e.description.endswith(".")] == []


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_a_plain_field_is_an_attribute_of_its_record(name: str) -> None:
    missing = [
        field.python_name
        for _, field in declared(name)
        if field.is_basic_field and not hasattr(CLASSES[name], field.python_name)
    ]
    assert missing == []


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_a_relation_goes_by_an_attribute_that_is_there_and_may_be_null(name: str) -> None:
    for graph_name, field in declared(name):
        relation = field.metadata.get("relation")
        if relation is None:
            continue
        assert isinstance(relation, Relation)
        held_by_child = relation.cardinality in (Cardinality.CHILDREN, Cardinality.PAGE)
        holder = (
            next(e.record for e in ENTITIES.values() if e.type is relation.kind) if held_by_child else CLASSES[name]
        )
        assert hasattr(holder, relation.key), graph_name
        named = GRAPH.type_map[name]
        assert isinstance(named, GraphQLObjectType)
        assert not isinstance(named.fields[graph_name].type, GraphQLNonNull), graph_name


def test_every_kind_of_record_has_its_type() -> None:
    assert set(MODULES) == set(RecordType)
    assert set(KINDS.values()) == set(MODULES), "what has an id can be fetched by it"
    interface = GRAPH.type_map["RosterObject"]
    assert isinstance(interface, GraphQLInterfaceType)
    assert {t.name for t in GRAPH.get_possible_types(interface)} == {e.record.__name__ for e in ENTITIES.values()}


@pytest.mark.parametrize("kind", list(RecordType))
def test_every_kind_of_record_has_its_list(kind: RecordType) -> None:
    assert GRAPH.query_type is not None
    roots = [field.extensions["strawberry-definition"].metadata for field in GRAPH.query_type.fields.values()]
    assert Root(kind, many=True) in [metadata.get("root") for metadata in roots]


def test_root_fields_are_nullable_so_that_one_refusal_leaves_the_others() -> None:
    assert GRAPH.query_type is not None
    strict = [n for n, f in GRAPH.query_type.fields.items() if isinstance(f.type, GraphQLNonNull)]
    assert strict == ["nodes", "viewer"]


@pytest.mark.parametrize(
    ("field", "arguments"),
    [
        ("users", "sources: [ID!], filter: UserFilter, status: [RecordStatus!] = [ACTIVE], first: Int = 50"),
        ("enrollments", "filter: EnrollmentFilter, after: String, read: ReadOptions"),
        ("class", "id: ID, source: ID, sourcedId: String"),
        ("nodes", "ids: [ID!]!"),
    ],
)
def test_arguments_read_as_documented(field: str, arguments: str) -> None:
    lines = [line.strip() for line in sdl().splitlines()]
    start = lines.index(f"{field}(")
    end = next(i for i, line in enumerate(lines[start:], start) if line.startswith(")"))
    for argument in arguments.split(", "):
        assert argument in lines[start:end]


@pytest.mark.parametrize(
    "query",
    [
        "{ users { nodes { givenName enrollments { role class { title course { title } } } } } }",
        """query Rosters($school: ID!) {
             org(id: $school) {
               name
               classes(first: 200) {
                 complete
                 pageInfo { hasNextPage endCursor }
                 nodes { id title periods enrollments(role: [TEACHER]) { user { id } } }
               }
             }
           }""",
        """query Pull($src: ID!, $after: String) {
             enrollments(
               sources: [$src], status: null, first: 10000, after: $after, read: { onSourceFailure: FAIL }
             ) {
               totalCount
               complete
               pageInfo { hasNextPage endCursor }
               nodes { id status dateLastModified role primary beginDate endDate userRef { id } classRef { id } }
             }
           }""",
        """query SignIn($mail: String!, $src: [ID!]) {
             usersByIdentity(identity: { email: $mail }, sources: $src) {
               complete
               sources { source { key } state }
               nodes {
                 id source { key name } roleGroup enabledUser samePerson { id role } classes { id title }
               }
             }
           }""",
        "query Mine($ids: [ID!]!) { nodes(ids: $ids) { id ... on User { sourcedId status formerSourcedIds } } }",
        """query Fleet {
             sources(filter: { states: [FAILED, PARTIAL, MISCONFIGURED] }, first: 100) {
               totalCount
               nodes {
                 key name provider state lastError lastSuccessAt
                 collections { type state supported rows rejected asOf lastFullScanAt nextRefreshAt }
               }
             }
           }""",
        """query Holds {
             sources(filter: { hasHold: true }, first: 200) {
               nodes { key holds { id collection heldAt rowsBefore rowsNow sampleSourcedIds } }
             }
           }""",
        """mutation Rollover {
             decideHolds(input: { labels: ["rollover:july"], collections: [ENROLLMENT, CLASS], accept: true }) {
               holds { id }
               userErrors { code message field }
             }
           }""",
        """mutation Again {
             refreshSource(input: { source: "a", collections: [USER], full: true }) {
               source { collections { type state } }
               userErrors { code message field }
             }
           }""",
        """{ users(filter: {
             or: [{ email: { eqIgnoreCase: "a@b.example" } }, { not: { role: { in: [STUDENT] } } }]
             orgs: { in: ["Org:a:1"] }
             enabledUser: { eq: true }
           }) { totalCount } }""",
    ],
)
def test_the_queries_of_the_first_month_fit(query: str) -> None:
    assert validate(GRAPH, parse(query)) == []


@pytest.mark.parametrize("absent", ["changes"])
def test_what_is_not_built_is_absent(absent: str) -> None:
    assert GRAPH.query_type is not None
    assert absent not in GRAPH.query_type.fields
