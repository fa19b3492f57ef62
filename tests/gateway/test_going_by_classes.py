"""Filters, orders and searches by what a client may not read: refused, whatever the value, and nothing is asked."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, get_named_type

from adapters.dialect import Op
from adapters.endpoints import Collection
from adapters.predicate import And, Compare, Count, Folded, IsNull, Not, Open, Or, Some, equals, folded
from adapters.records import Class, Enrollment, RoleAssignment, User
from gateway.access.field_class import FieldClass
from gateway.access.grant import ALL, EVERYTHING, Access, Grant
from gateway.access.personal import class_of
from gateway.config import MetadataName
from gateway.roster.compared import compared, refused
from gateway.roster.grouping import _KEYS, ClassGroupKey, EnrollmentGroupKey, UserGroupKey
from gateway.roster.open_conditions import Alike, Declared, Enrolled, Named, OfClass, Within
from gateway.roster.ordering import By
from gateway.sandbox.district import generate
from gateway.sandbox.server import make_server
from gateway.schema import SCHEMA
from gateway.schema.context import Context
from gateway.schema.listed import LISTED
from gateway.schema.node import TYPE_NAMES
from gateway.schema.orders import ORDERS
from gateway.schema.personal import classed
from tests.gateway.support import MakeWorld, World
from tests.gateway.test_field_classes import COMPILED, EVERY, grant_of

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]

GRAPH = SCHEMA._schema
DISTRICT = generate(3, students=50)
DECLARED = {"metadata": {"counselor": {"key": "ic.counselor.email", "class": "CONTACT"}}}
ROOTS = {TYPE_NAMES[kind]: kind for kind in LISTED}
FILTERS = {listed.filter.__name__: kind for kind, listed in LISTED.items()}
FIELDS = {f"{order.__name__}Field": kind for kind, order in ORDERS.items()}
LIST_OF = {
    kind: next(
        name
        for name, field in GRAPH.query_type.fields.items()  # type: ignore[union-attr]
        if (root := getattr(field.extensions["strawberry-definition"], "metadata", {}).get("root")) is not None
        and root.many
        and root.kind is kind
        and name != "usersByIdentity"
    )
    for kind in LISTED
}
NARROW = 'sourcedId: { eq: "nobody" }'


def literal(type_name: str, number: int) -> str:
    """One of two conditions on a field."""
    if type_name == "MetadataFilter":
        return f'{{ name: "counselor", value: {{ eq: "{number}" }} }}'
    given: Any = GRAPH.type_map[type_name]
    of = get_named_type(given.fields["eq"].type)
    if isinstance(of, GraphQLEnumType):
        return f"{{ eq: {list(of.values)[number]} }}"
    return {
        "String": f'{{ contains: "{"ae"[number]}" }}',
        "Boolean": f"{{ eq: {'true' if number else 'false'} }}",
        "Date": f'{{ gt: "{2000 + 20 * number}-01-01" }}',
        "Float": f"{{ gt: {number * 1000 - 500} }}",
    }[of.name]


def asked(name: str) -> list[str]:
    """Two operations that go by an element, of which the answers would differ."""
    owner, _, rest = name.partition(".")
    member, _, argument = rest.partition("(")
    if owner == "Query":
        name = argument.rstrip(":)")
        return [f'{{ {member}({name}: "{word}") {{ totalCount complete nodes {{ sourcedId }} }} }}' for word in "az"]
    if owner == "IdentityInput":
        values = ['{ identifier: "1" }', '{ identifier: "2" }'] if member == "userId" else ['"one"', '"two"']
        return [
            f"{{ usersByIdentity(identity: {{ {member}: {value} }}, read: {{ reach: UPSTREAM }}) "
            "{ totalCount complete nodes { sourcedId } } }"
            for value in values
        ]
    if owner in FIELDS:
        arguments = [f"orderBy: [{{ field: {member}, direction: {way} }}]" for way in ("ASC", "DESC")]
        kind = FIELDS[owner]
        filter_ = f", filter: {{ {NARROW} }}" if LISTED[kind].narrowed else ""
    else:
        kind, filter_ = FILTERS[owner], ""
        field = GRAPH.type_map[owner].fields[member]  # type: ignore[attr-defined]
        narrow = f"{NARROW}, " if LISTED[kind].narrowed else ""
        conditions = [literal(get_named_type(field.type).name, number) for number in (0, 1)]
        arguments = [f"filter: {{ {narrow}{member}: {condition} }}" for condition in conditions]
    below = "{ totalCount complete nodes { sourcedId } }"
    return [f"{{ {LIST_OF[kind]}({each}{filter_}) {below} }}" for each in arguments]


ELEMENTS = [
    pytest.param(name, field_class, id=f"S06 {name}")
    for name, field_class in classed(GRAPH)
    if isinstance(GRAPH.type_map[name.partition(".")[0]], GraphQLInputObjectType | GraphQLEnumType) or "(" in name
]


@pytest.fixture
def one(world: MakeWorld) -> World:
    return world({"a": DECLARED}, a=make_server("standard-1.2", DISTRICT))


async def told(made: World, text: str, grant: Grant, schema: Any = COMPILED) -> tuple[Any, list[dict[str, Any]]]:
    result = await schema.execute(text, None, Context(made.reading(grant)))
    return result.data, [each.formatted for each in result.errors or ()]


def test_S06_every_kind_of_argument_has_classes() -> None:
    names = {param.values[0] for param in ELEMENTS}
    assert {"Query.users(search:)", "UserFilter.email", "UserOrderField.EMAIL", "IdentityInput.userId"} <= names
    assert len(names) > 50


@pytest.mark.parametrize(("name", "field_class"), ELEMENTS)
async def test_nothing_is_told_to_who_goes_by_what_is_withheld(one: World, name: str, field_class: FieldClass) -> None:
    lacking = FieldClass.CONTACT if name.endswith("Filter.metadata") else field_class
    grant = grant_of(a=EVERY - {lacking})
    answers = []
    for text in asked(name):
        for schema in (SCHEMA, COMPILED):
            data, errors = await told(one, text, grant, schema)
            [found] = data.values()
            assert found == {"totalCount": None, "complete": False, "nodes": []}
            assert [each["extensions"]["code"] for each in errors] == ["FORBIDDEN_FIELD"]
            assert errors[0]["extensions"]["source"] == "a"
            answers.append((data, errors))
    assert all(each == answers[0] for each in answers)
    assert one.requests("a") == 0
    await told(one, "{ users(first: 1) { nodes { demographics { sex } } } }", EVERYTHING)
    asked_so_far = one.requests("a")
    for text in asked(name):  # of what may be held by now, too
        assert (await told(one, text, grant))[0] == answers[0][0]
    assert one.requests("a") == asked_so_far


@pytest.mark.parametrize(("name", "field_class"), [each for each in ELEMENTS if "User" in each.values[0]])
async def test_who_has_the_class_goes_by_it(one: World, name: str, field_class: FieldClass) -> None:
    lacking = EVERY - {field_class, FieldClass.CONTACT if name.endswith("Filter.metadata") else field_class}
    for text in asked(name):
        expected = await told(one, text, EVERYTHING)
        assert await told(one, text, grant_of(a=EVERY - lacking)) == expected
        assert expected[1] == []


NESTED = {
    "and": 'filter: { and: [{ familyName: { eq: "x" } }] }',
    "or": 'filter: { or: [{ sourcedId: { eq: "x" } }, { familyName: { isNull: true } }] }',
    "not": 'filter: { not: { familyName: { eqIgnoreCase: "x" } } }',
    "and, of several": 'filter: { role: { eq: TEACHER }, familyName: { startsWith: "x" } }',
    "filterText": "filterText: \"familyName='x'\"",
    "filterText, one of two": "filterText: \"status='active' OR givenName~'x'\"",
    "search": 'search: "x"',
    "an order behind another": "orderBy: [{ field: SOURCED_ID }, { field: FAMILY_NAME }]",
}


@pytest.mark.parametrize("argument", [pytest.param(text, id=f"S06 {name}") for name, text in NESTED.items()])
async def test_wherever_a_condition_names_the_field_it_is_refused(one: World, argument: str) -> None:
    grant = grant_of(a=EVERY - {FieldClass.NAME})
    for text in (
        f"{{ users({argument}) {{ nodes {{ sourcedId }} }} }}",
        f"{{ users({argument}, first: 0) {{ totalCount groups(by: [ROLE]) {{ count }} }} }}",
    ):
        data, errors = await told(one, text, grant)
        assert {each["extensions"]["code"] for each in errors} == {"FORBIDDEN_FIELD"}
        assert data["users"] in ({"nodes": []}, {"totalCount": None, "groups": None})
    assert one.requests("a") == 0


WORDS = {
    "phone='x'": FieldClass.CONTACT,
    "sms!='x'": FieldClass.CONTACT,
    "agents.sourcedId='x'": FieldClass.FAMILY,
    "userProfiles.profileId='x'": FieldClass.IDENTIFIER,
    "roles.userProfile='x'": FieldClass.IDENTIFIER,
    "preferredFirstName='x'": FieldClass.SENSITIVE,
    "role='student' AND pronouns~'x'": FieldClass.SENSITIVE,
    "middleName>'x' OR middleName<='x'": FieldClass.NAME,
}
"""Filter text reaches fields that no filter input has."""


@pytest.mark.parametrize(("text", "field_class"), [pytest.param(*each, id=f"S06 {each[0]}") for each in WORDS.items()])
async def test_filter_text_obeys_the_class_of_each_field(one: World, text: str, field_class: FieldClass) -> None:
    asked = f'{{ users(filterText: "{text}") {{ totalCount }} }}'
    data, errors = await told(one, asked, grant_of(a=EVERY - {field_class}))
    assert data == {"users": {"totalCount": None}}
    assert [each["extensions"]["code"] for each in errors] == ["FORBIDDEN_FIELD"]
    assert one.requests("a") == 0
    assert await told(one, asked, grant_of(a=frozenset({field_class}))) == await told(one, asked, EVERYTHING)


async def test_S06_a_page_below_a_record_is_null_where_it_goes_by_what_is_withheld(one: World) -> None:
    grant = grant_of(a=EVERY - {FieldClass.CONTACT})
    bare = "{ orgs(first: 50) { nodes { name %s } } }"
    await told(one, bare % "", grant)
    before = one.requests("a")
    for argument in ('filter: { email: { contains: "a" } }', "orderBy: [{ field: USERNAME }]"):
        for schema in (SCHEMA, COMPILED):
            data, errors = await told(one, bare % f"users({argument}) {{ totalCount }}", grant, schema)
            assert all(each["users"] is None and each["name"] for each in data["orgs"]["nodes"])
            assert [each["extensions"]["code"] for each in errors] == ["FORBIDDEN_FIELD"]
            assert errors[0]["extensions"]["count"] == len(data["orgs"]["nodes"])
    assert one.requests("a") == before


@pytest.mark.parametrize("mode", ["REPORT", "ACCEPT", "FAIL"])
async def test_S06_of_two_sources_the_one_that_withholds_is_missing(world: MakeWorld, mode: str) -> None:
    made = world(a=make_server("standard-1.2", DISTRICT), b=make_server("standard-1.2", DISTRICT))
    grant = grant_of(a=EVERY - {FieldClass.NAME}, b=EVERY)
    text = (
        '{ users(filter: { familyName: { contains: "a" } }, first: 500, read: { onSourceFailure: MODE }) { totalCount '
        "complete nodes { source { key } familyName } sources { source { key } state code rowsHere } } }"
    ).replace("MODE", mode)
    data, errors = await told(made, text, grant)
    assert made.requests("a") == 0
    if mode == "FAIL":
        assert data == {"users": None}
        assert [each["extensions"]["code"] for each in errors] == ["FORBIDDEN_FIELD"]
        return
    found = data["users"]
    assert {each["source"]["key"] for each in found["nodes"]} == {"b"}
    assert (found["totalCount"], found["complete"]) == (None, False)
    assert found["sources"] == [
        {"source": {"key": "a"}, "state": "FORBIDDEN", "code": "FORBIDDEN_FIELD", "rowsHere": None}
    ]
    assert [each["extensions"]["source"] for each in errors] == (["a"] if mode == "REPORT" else [])


async def test_S06_metadata_is_gone_by_in_the_class_that_is_declared_with_its_name(one: World) -> None:
    text = '{ users(filter: { metadata: { name: "%s", value: { isNull: %s } } }) { totalCount } }'
    raw, contact = grant_of(a=frozenset({FieldClass.RAW})), grant_of(a=frozenset({FieldClass.CONTACT}))
    for wanted in ("true", "false"):
        data, errors = await told(one, text % ("counselor", wanted), raw)
        assert (data["users"]["totalCount"], errors[0]["extensions"]["code"]) == (None, "FORBIDDEN_FIELD")
        expected = await told(one, text % ("counselor", wanted), EVERYTHING)
        assert await told(one, text % ("counselor", wanted), contact) == expected
        undeclared = await told(one, text % ("nothing", wanted), EVERYTHING)
        assert await told(one, text % ("nothing", wanted), grant_of(a=frozenset())) == undeclared


async def test_S06_a_cursor_of_another_client_leads_no_further(one: World) -> None:
    text = "{ users(orderBy: [{ field: FAMILY_NAME }], first: 5%s) { pageInfo { endCursor } nodes { sourcedId } } }"
    data, _ = await told(one, text % "", EVERYTHING)
    cursor = data["users"]["pageInfo"]["endCursor"]
    before = one.requests("a")
    data, errors = await told(one, text % f', after: "{cursor}"', grant_of(a=EVERY - {FieldClass.NAME}))
    assert data["users"] == {"pageInfo": {"endCursor": None}, "nodes": []}
    assert [each["extensions"]["code"] for each in errors] == ["FORBIDDEN_FIELD"]
    plain = f'{{ users(first: 5, after: "{cursor}") {{ nodes {{ sourcedId }} }} }}'
    _, errors = await told(one, plain, grant_of(a=EVERY - {FieldClass.NAME}))
    assert [each["extensions"]["code"] for each in errors] == ["BAD_CURSOR"]
    assert one.requests("a") == before


# ---------------------------------------------------------------- which fields a condition names

CLASSES = {
    Compare("given_name", Op.CONTAINS, "x"): "NAME",
    equals(folded("email"), "x"): "CONTACT",
    Folded("phone", "x"): "CONTACT",
    IsNull("pronouns"): "SENSITIVE",
    Count("agent_ids", Op.GE, 1): "FAMILY",
    equals("agent_ids", "x"): "FAMILY",
    equals("user_ids.identifier", "x"): "IDENTIFIER",
    Some("user_ids", equals("type", "x")): "IDENTIFIER",
    Some("roles", equals("user_profile", "x")): "IDENTIFIER",
    equals("roles.user_profile", "x"): "IDENTIFIER",
    Some("roles", And((equals("role", "x"), Open(Within("begin_date", "end_date", "today"))))): "",
    Not(Or((equals("identifier", "x"), equals("username", "y")))): "CONTACT IDENTIFIER",
    Open(Alike("user_master_identifier", "x")): "IDENTIFIER",
    Open(Named("agent_ids", frozenset("x"))): "FAMILY",
    Open(Enrolled("user_id", equals("role", "x"))): "",
    Open(OfClass(equals("class_id", "x"))): "",
}


@pytest.mark.parametrize(("where", "classes"), CLASSES.items())
def test_S06_the_classes_of_a_condition_are_those_of_all_fields_that_it_names(where: Any, classes: str) -> None:
    assert sorted(compared(Collection.USERS, where).classes) == sorted(map(FieldClass, classes.split()))


def test_S06_metadata_is_raw_unless_it_is_declared() -> None:
    declared: Mapping[str, MetadataName] = {"known": MetadataName(key="a.b", field_class=FieldClass.NAME)}
    without = {each: Access(classes=EVERY - {each}) for each in FieldClass}
    for where, lacking in (
        (Open(Declared("known", IsNull("metadata"))), {FieldClass.NAME}),
        (Open(Declared("unknown", IsNull("metadata"))), set[FieldClass]()),
        (equals("metadata.a.b", "x"), {FieldClass.NAME}),
        (equals("metadata.c", "x"), {FieldClass.RAW}),
    ):
        refusing = {each for each in FieldClass if refused("a", without[each], declared, Collection.USERS, where)}
        assert refusing == lacking


def test_S06_what_is_masked_is_not_gone_by_either() -> None:
    where, order = equals("given_name", "x"), (By("email"),)
    assert refused("a", ALL, {}, Collection.USERS, where, order) is None
    assert refused("a", Access(masked=True), {}, Collection.USERS, equals("sourced_id", "x")) is None
    for access in (Access(masked=True), Access(classes=frozenset())):
        assert refused("a", access, {}, Collection.USERS, where) is not None
        assert refused("a", access, {}, Collection.USERS, None, order) is not None


class Spy:
    """Keeps which attributes are looked at."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __getattr__(self, name: str) -> str:
        self.seen.append(name)
        return "2026-01-01"


def test_S06_groups_are_by_what_has_no_class() -> None:
    kinds = {ClassGroupKey: Class, UserGroupKey: User, EnrollmentGroupKey: Enrollment}
    for by, keys in _KEYS.items():
        for key in keys.values():
            spy = Spy()
            with suppress(AttributeError):  # of what is made of the attribute
                list(key.of(spy))
            assert spy.seen
            of = RoleAssignment if key.assigned else kinds[by]
            assert [class_of(of, name) for name in spy.seen] == [None] * len(spy.seen)
