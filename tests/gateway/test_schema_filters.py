"""Filters: what the graph's inputs ask for, held against records."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
import strawberry
from graphql import GraphQLInputObjectType, parse, parse_value, validate, value_from_ast
from strawberry.types.arguments import convert_argument

from adapters.dialect import Op
from adapters.predicate import NOTHING, And, Not, Open, compile_test, equals
from adapters.records import (
    Class,
    ClassType,
    Enrollment,
    EnrollmentRole,
    Provenance,
    Record,
    RoleAssignment,
    User,
    UserRole,
)
from adapters.records import RecordStatus as Status
from gateway.faults import BadInput
from gateway.roster.open_conditions import Dangling, Enrolled
from gateway.roster.resolving import Local, resolve
from gateway.schema import SCHEMA
from gateway.schema.arguments import one_of
from gateway.schema.predicates import sources_of
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
        former_sourced_ids=("t1",),
        date_last_modified="2026-03-01T10:00:00.000Z",
        roles=(role(UserRole.TEACHER, "north"), role(UserRole.PARENT, "south")),
    ),
    User(
        provenance=Provenance("a"),
        sourced_id="2",
        status=Status.TOBEDELETED,
        given_name="Ben",
        grades=("09", "10"),
        metadata=b'{"ic.counselor": "kim"}',
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
    where = predicate_of(filter_of(type_name, text))

    async def none(_: object, __: object) -> tuple[Record, ...]:
        return ()

    def holds(row: Record) -> bool:
        local = Local(frozenset({row.source}), "2026-03-15", True, {"counselor": "ic.counselor"})
        return compile_test(anyio.run(resolve, where, local, none))(row)

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
        ('{ formerSourcedId: { in: ["t1"] } }', ["1"]),
        ('{ grades: { has: "10" } }', ["2"]),
        ('{ grades: { hasAny: ["08", "09"] } }', ["2"]),
        ("{ grades: { hasAny: [] } }", []),
        ("{ grades: { isEmpty: true } }", ["1", "3"]),
        ("{ orgCount: { gte: 2 } }", ["1"]),
        ("{ orgCount: { gt: 0, lt: 2 } }", ["2", "3"]),
        ('{ roles: { role: [TEACHER], org: { sourcedId: "south" } } }', []),
        ('{ roles: { role: [TEACHER], org: { sourcedId: "north" } } }', ["1"]),
        ("{ roles: { roleGroup: [STAFF, FAMILY] } }", ["1"]),
        ('{ roles: { roleGroup: [STUDENT], effectiveOn: "today" } }', ["2", "3"]),
        ("{ roles: { roleGroup: [STAFF], count: { eq: 0 } } }", ["2", "3"]),
        ("{ roles: { role: [] } }", []),
        ('{ roles: { org: { eq: "Org:b:south" } } }', ["3"]),
        ('{ roles: { org: { eq: "Org:b:south" }, count: { eq: 0 } } }', ["1", "2"]),
        ('{ metadata: { name: "counselor", value: { eq: "kim" } } }', ["2"]),
        ('{ metadata: { name: "counselor", value: { isNull: true } } }', ["1", "3"]),
        ('{ metadata: { name: "house", value: { isNull: false } } }', []),
        ('{ dateLastModified: { gte: "2026-03-01T11:00:00+01:00" } }', ["1"]),
        ('{ dateLastModified: { gt: "2026-03-01T10:00:00Z" } }', []),
        ("{ dateLastModified: { isNull: true } }", ["2", "3"]),
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
        ("{ roles: { role: null } }", "roles.role: null"),
        ("{ roles: { count: {} } }", "roles.count: no operand"),
        ("{ enrollments: { count: { eq: null } } }", "enrollments.count.eq: null"),
        ('{ metadata: { name: "x", value: {} } }', "metadata.value: no operand"),
        ('{ orgs: { eq: "User:a:1" } }', "type Org"),
        ('{ orgs: { eq: "north" } }', "type Org"),
        ('{ orgs: { in: ["Org:a:1", "Org:a:1:2"] } }', "type Org"),
    ],
)
def test_what_cannot_be_a_condition_is_refused_and_never_ignored(text: str, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        predicate_of(filter_of("UserFilter", text))


@pytest.mark.parametrize(
    ("type_name", "text", "told"),
    [
        ("EnrollmentFilter", '{ beginDate: { lt: "31.8.2026" } }', "not an ISO 8601 date"),
        ("EnrollmentFilter", '{ dateLastModified: { lt: "2026-08-31" } }', "instant with its zone"),
        ("ClassFilter", '{ enrollments: { effectiveOn: "now" } }', "nor the word today"),
    ],
)
def test_what_is_no_day_or_instant_is_told_so(type_name: str, text: str, told: str) -> None:
    document = f"query {{ {_LISTS[type_name]}(filter: {text}) {{ complete }} }}"
    [error] = validate(SCHEMA._schema, parse(document))
    assert told in error.message


_LISTS = {"EnrollmentFilter": "enrollments", "ClassFilter": "classes"}


def test_a_relation_is_counted_by_what_it_asks() -> None:
    where = predicate_of(
        filter_of(
            "ClassFilter",
            '{ enrollments: { role: [TEACHER], primary: true, effectiveOn: "today", count: { gte: 1, lte: 2 } } }',
        )
    )
    teachers = And((equals("status", "ACTIVE"), equals("role", "TEACHER"), equals("primary", "true")))
    assert where == And(
        (
            Open(Enrolled("class_id", teachers, "today", Op.GE, 1)),
            Open(Enrolled("class_id", teachers, "today", Op.LE, 2)),
        )
    )
    assert predicate_of(filter_of("EnrollmentFilter", "{ dangling: false }")) == Not(Open(Dangling()))


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


@pytest.mark.parametrize(
    "text",
    ["{ email: { in: [] } }", "{ or: [] }", "{ not: {} }", '{ sourcedId: { eq: "1" }, and: [{ orgs: { in: [] } }] }'],
)
def test_what_no_record_can_satisfy_is_known_as_such(text: str) -> None:
    assert predicate_of(filter_of("UserFilter", text)) == NOTHING
