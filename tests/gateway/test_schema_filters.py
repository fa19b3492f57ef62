"""Filters: what the graph's inputs ask for, held against records."""

from __future__ import annotations

from typing import Any

import pytest
import strawberry
from graphql import GraphQLInputObjectType, parse_value, value_from_ast
from strawberry.types.arguments import convert_argument

from adapters.predicate import NOTHING, AnyOf, compile_test
from adapters.records import Class, ClassType, Enrollment, EnrollmentRole, Provenance, RoleAssignment, User, UserRole
from adapters.records import RecordStatus as Status
from gateway.faults import BadInput
from gateway.schema import SCHEMA
from gateway.schema.arguments import one_of
from gateway.schema.predicates import sources_of, within_one_source
from gateway.schema.translation import predicate_of


def role(kind: UserRole, org: str) -> RoleAssignment:
    return RoleAssignment(role=kind, org_id=org)


USERS = (
    User(
        provenance=Provenance("a"),
        sourced_id="1",
        status=Status.ACTIVE,
        given_name="Ana",
        email="Ana@School.example",
        username="ana",
        enabled_user=True,
        roles=(role(UserRole.TEACHER, "north"), role(UserRole.PARENT, "south")),
    ),
    User(
        provenance=Provenance("a"),
        sourced_id="2",
        status=Status.TOBEDELETED,
        given_name="Ben",
        roles=(role(UserRole.STUDENT, "south"),),
        enabled_user=False,
    ),
    User(
        provenance=Provenance("b"),
        sourced_id="3",
        status=Status.ACTIVE,
        given_name="Cy",
        roles=(role(UserRole.STUDENT, "south"),),
    ),
)
CLASSES = (
    Class(
        provenance=Provenance("a"),
        sourced_id="10",
        status=Status.ACTIVE,
        class_type=ClassType.HOMEROOM,
        term_ids=("t1", "t2"),
    ),
    Class(
        provenance=Provenance("a"),
        sourced_id="11",
        status=Status.ACTIVE,
        class_type=ClassType.SCHEDULED,
        term_ids=("t2",),
    ),
    Class(provenance=Provenance("b"), sourced_id="12", status=Status.ACTIVE, term_ids=("t1",)),
)
ENROLLMENTS = (
    Enrollment(
        provenance=Provenance("a"),
        sourced_id="20",
        status=Status.ACTIVE,
        role=EnrollmentRole.TEACHER,
        primary=True,
        class_id="c/1",
    ),
    Enrollment(
        provenance=Provenance("b"), sourced_id="21", status=Status.ACTIVE, role=EnrollmentRole.STUDENT, class_id="c/1"
    ),
)


def filter_of(type_name: str, text: str) -> Any:
    """The input object that a resolver is handed for a filter written in a document."""
    graph_type = SCHEMA._schema.type_map[type_name]
    assert isinstance(graph_type, GraphQLInputObjectType)
    definition: Any = SCHEMA.get_type_by_name(type_name)
    value = value_from_ast(parse_value(text), graph_type)
    return convert_argument(value, definition.origin, SCHEMA.schema_converter.scalar_registry, SCHEMA.config)


def kept(type_name: str, text: str, rows: tuple[Any, ...]) -> list[str]:
    holds = compile_test(predicate_of(filter_of(type_name, text)))
    return [row.sourced_id for row in rows if holds(row)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", ["1", "2", "3"]),
        ('{ sourcedId: { eq: "2" } }', ["2"]),
        ('{ sourcedId: { in: ["3", "1"] } }', ["1", "3"]),
        ("{ sourcedId: { in: [] } }", []),
        ('{ sourcedId: { ne: "1" } }', ["2", "3"]),
        ('{ email: { eq: "ana@school.example" } }', []),
        ('{ email: { eqIgnoreCase: "ana@school.example" } }', ["1"]),
        ('{ email: { ne: "x" } }', ["1", "2", "3"]),
        ("{ email: { isNull: true } }", ["2", "3"]),
        ("{ email: { isNull: false } }", ["1"]),
        ('{ givenName: { startsWith: "a" } }', ["1"]),
        ('{ givenName: { contains: "N" } }', ["1", "2"]),
        ('{ givenName: { contains: "n", ne: "Ana" } }', ["2"]),
        ("{ role: { eq: STUDENT } }", ["2", "3"]),
        ("{ role: { in: [TEACHER, PRINCIPAL] } }", ["1"]),
        ("{ role: { ne: PARENT } }", ["2", "3"]),
        ("{ enabledUser: { eq: false } }", ["2"]),
        ("{ enabledUser: { isNull: true } }", ["3"]),
        ('{ orgs: { sourcedId: "south" } }', ["1", "2", "3"]),
        ('{ orgs: { sourcedIdIn: ["north", "west"] } }', ["1"]),
        ('{ orgs: { eq: "Org:a:south" } }', ["1", "2"]),
        ('{ orgs: { in: ["Org:b:south", "Org:a:north"] } }', ["1", "3"]),
        ("{ orgs: { in: [] } }", []),
        ('{ not: { orgs: { eq: "Org:a:south" } } }', ["3"]),
        ("{ and: [] }", ["1", "2", "3"]),
        ("{ or: [] }", []),
        ("{ or: [{}] }", ["1", "2", "3"]),
        ("{ not: {} }", []),
        ('{ or: [{ givenName: { eq: "Ana" } }, { role: { eq: STUDENT }, sourcedId: { eq: "3" } }] }', ["1", "3"]),
        ('{ and: [{ role: { eq: STUDENT } }, { not: { givenName: { eq: "Ben" } } }] }', ["3"]),
    ],
)
def test_a_user_filter_keeps(text: str, expected: list[str]) -> None:
    assert kept("UserFilter", text, USERS) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ classType: { eq: HOMEROOM } }", ["10"]),
        ("{ classType: { isNull: true } }", ["12"]),
        ('{ terms: { sourcedId: "t2" } }', ["10", "11"]),
        ('{ terms: { eq: "AcademicSession:a:t1" } }', ["10"]),
    ],
)
def test_a_class_filter_keeps(text: str, expected: list[str]) -> None:
    assert kept("ClassFilter", text, CLASSES) == expected


def test_a_reference_by_global_id_means_that_record_of_that_source_only() -> None:
    assert kept("EnrollmentFilter", '{ class: { eq: "Class:a:c%2F1" } }', ENROLLMENTS) == ["20"]
    assert kept("EnrollmentFilter", '{ class: { sourcedId: "c/1" } }', ENROLLMENTS) == ["20", "21"]
    assert kept("EnrollmentFilter", "{ role: { eq: STUDENT }, primary: { isNull: true } }", ENROLLMENTS) == ["21"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{ email: null }", "email: null"),
        ("{ email: { eq: null } }", "email.eq: null"),
        ("{ email: { in: null } }", "email.in: null"),
        ("{ email: { isNull: null } }", "email.isNull: null"),
        ("{ orgs: { sourcedIdIn: null } }", "orgs.sourcedIdIn: null"),
        ("{ and: null }", "and: null"),
        ("{ or: [{ not: null }] }", "not: null"),
        ("{ email: {} }", "email: no operand"),
        ('{ orgs: { eq: "User:a:1" } }', "type Org"),
        ('{ orgs: { eq: "north" } }', "type Org"),
        ('{ orgs: { in: ["Org:a:1", "Org:a:1:2"] } }', "type Org"),
    ],
)
def test_what_cannot_be_a_condition_is_refused_and_never_ignored(text: str, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        predicate_of(filter_of("UserFilter", text))


def test_no_filter_asks_for_nothing() -> None:
    assert predicate_of(None) is None
    assert predicate_of(strawberry.UNSET) is None


@pytest.mark.parametrize(
    ("values", "expected"),
    [(None, ["1", "2", "3"]), ([], []), ([Status.ACTIVE], ["1", "3"]), (list(Status), ["1", "2", "3"])],
)
def test_status_null_is_any_and_an_empty_list_none(values: list[Status] | None, expected: list[str]) -> None:
    holds = compile_test(one_of("status", values))
    assert [u.sourced_id for u in USERS if holds(u)] == expected


@pytest.mark.parametrize(
    ("text", "sources"),
    [
        ('{ sourcedId: { eq: "1" } }', None),
        ('{ orgs: { eq: "Org:a:1" } }', {"a"}),
        ('{ orgs: { in: ["Org:a:1", "Org:b:1"] } }', {"a", "b"}),
        ('{ orgs: { eq: "Org:a:1" }, and: [{ orgs: { eq: "Org:b:1" } }] }', set()),
        ('{ or: [{ orgs: { eq: "Org:a:1" } }, { sourcedId: { eq: "1" } }] }', None),
        ('{ not: { orgs: { eq: "Org:a:1" } } }', None),
        ("{ role: { eq: STUDENT }, email: { in: [] } }", set()),
        ('{ or: [{ orgs: { eq: "Org:a:1" } }, { email: { in: [] } }] }', {"a"}),
    ],
)
def test_references_by_global_id_tell_which_sources_need_not_be_asked(text: str, sources: set[str] | None) -> None:
    found = sources_of(predicate_of(filter_of("UserFilter", text)))
    assert found == sources


def test_a_list_of_one_source_needs_no_condition_on_the_source() -> None:
    where = predicate_of(filter_of("UserFilter", '{ orgs: { in: ["Org:a:1", "Org:a:2"] } }'))
    assert within_one_source(where) == AnyOf("org_ids", frozenset({"1", "2"}))


@pytest.mark.parametrize(
    "text",
    ["{ email: { in: [] } }", "{ or: [] }", "{ not: {} }", '{ sourcedId: { eq: "1" }, and: [{ orgs: { in: [] } }] }'],
)
def test_what_no_record_can_satisfy_is_known_as_such(text: str) -> None:
    assert predicate_of(filter_of("UserFilter", text)) == NOTHING
