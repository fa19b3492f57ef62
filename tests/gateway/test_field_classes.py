"""Classes of fields: which each has, and what a client is answered whose grant lacks one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from graphql import GraphQLInterfaceType, GraphQLNonNull, GraphQLObjectType, get_named_type, is_leaf_type

from adapters import gradebook, records
from adapters.endpoints import ENTITIES
from gateway.access.field_class import FieldClass
from gateway.access.grant import EVERYTHING, Access, Grant
from gateway.access.personal import PERSONAL
from gateway.execution import compiling
from gateway.execution.answering import Asked, respond
from gateway.execution.executor import Executor
from gateway.execution.kept import KeptRows
from gateway.roster.reading import Reading
from gateway.sandbox.district import generate
from gateway.sandbox.server import make_server
from gateway.schema import SCHEMA, Schema
from gateway.schema.context import Context
from gateway.schema.personal import PII, classed, guard_of
from tests.gateway.fragile import FRAGILE
from tests.gateway.support import MakeWorld, World

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]

GRAPH = SCHEMA._schema
EVERY = frozenset(FieldClass)
COMPILED = compiling(SCHEMA)
CAREFUL = compiling(FRAGILE)

DISTRICT = generate(3, students=50)

HARMLESS: dict[type[Any], str] = {
    records.Record: "provenance sourced_id status status_raw date_last_modified",
    records.Org: "name type type_raw identifier parent_id children_ids",
    records.AcademicSession: "title start_date end_date type type_raw parent_id children_ids school_year org_id",
    records.Course: "title course_code grades grades_raw subjects subject_codes org_id school_year_id resource_ids",
    records.Class: "title class_code class_type class_type_raw location grades grades_raw subjects subject_codes "
    "periods course_id school_id term_ids resource_ids",
    records.RoleAssignment: "role role_raw role_type org_id begin_date end_date derived",
    records.User: "former_sourced_ids enabled_user grades grades_raw roles primary_org_id resource_ids",
    records.Enrollment: "role role_raw primary begin_date end_date user_id class_id school_id",
    gradebook.Category: "title weight",
    gradebook.LineItem: "title description assign_date due_date class_id school_id category_id grading_period_id "
    "academic_session_id score_scale_id result_value_min result_value_max learning_objective_set",
    gradebook.Marks: "student_id score_scale_id",
    gradebook.Result: "line_item_id class_id",
    gradebook.ScoreScale: "title type course_id class_id score_scale_value",
    gradebook.AssessmentLineItem: "title description class_id parent_assessment_line_item_id score_scale_id "
    "result_value_min result_value_max learning_objective_set",
    gradebook.AssessmentResult: "assessment_line_item_id",
    gradebook.Resource: "title roles roles_raw importance importance_raw vendor_resource_id vendor_id application_id",
}
"""What tells nothing of a person but that there is one, and where: whoever may read the record may read it."""

MADE_OF_HARMLESS = {
    *("id", "source", "observedAt", "lastDay", "isCurrent", "effectiveFrom", "effectiveTo", "dateBasis", "isEffective"),
    *("roles", "roleGroup", "class", "studentCount", "students", "teachers", "primaryTeacher", "classes"),
}
"""Fields of records that are computed, from nothing that has a class."""


def test_S06_every_attribute_of_records_has_a_class_or_is_known_to_be_harmless() -> None:
    bases = {base for entity in ENTITIES.values() for base in entity.record.__mro__}
    kinds = {base for base in bases if base.__module__.startswith("adapters.")}
    kinds.add(records.RoleAssignment)
    unjudged = [
        f"{kind.__name__}.{name}"
        for kind in kinds
        for name in kind.__struct_fields__
        if not any((each, name) in PERSONAL or name in HARMLESS.get(each, "").split() for each in kind.__mro__)
    ]
    assert unjudged == []


def test_S06_every_computed_field_of_records_has_a_class_or_is_known_to_be_made_of_harmless_ones() -> None:
    unjudged = [
        f"{named.name}.{name}"
        for named, name, field in record_fields()
        if not (declared := field.extensions["strawberry-definition"]).is_basic_field
        and not {"relation", "reference"} & declared.metadata.keys()
        and guard_of(field) is None
        and name not in MADE_OF_HARMLESS
    ]
    assert unjudged == []


def test_S06_what_has_a_class_may_be_null_says_its_class_and_is_guarded() -> None:
    found = [(named, name, field) for named, name, field in record_fields() if PII in field.extensions]
    assert {field.extensions[PII] for _, _, field in found} == EVERY
    for named, name, field in found:
        assert not isinstance(field.type, GraphQLNonNull), f"{named.name}.{name}"
        assert field.description is not None
        assert field.description.endswith(f"Field class {field.extensions[PII].value}.")
        assert guard_of(field) is not None
    assert {name for name, _ in classed(GRAPH)} >= {"User.email", "RosterObject.metadata", "Result.comment"}


def record_fields() -> Iterator[tuple[Any, str, Any]]:
    """The fields of types of records, and of what is in them."""
    names = {entity.record.__name__ for entity in ENTITIES.values()} | {"RoleAssignment", "RosterObject"}
    for named in GRAPH.type_map.values():
        if named.name in names:
            assert isinstance(named, GraphQLObjectType | GraphQLInterfaceType)
            yield from ((named, name, field) for name, field in named.fields.items())


# ---------------------------------------------------------------- withheld

LISTS = {
    "Org": "orgs", "AcademicSession": "academicSessions", "Course": "courses", "Class": "classes", "User": "users",
    "Enrollment": "enrollments", "LineItem": "lineItems", "Category": "categories", "ScoreScale": "scoreScales",
    "Resource": "resources", "AssessmentLineItem": "assessmentLineItems",
}  # fmt: skip
"""Where records of a type are listed without a class of their own."""

WITHHELD = [
    pytest.param(named.name, name, id=f"S06 {named.name}.{name}")
    for named, name, field in record_fields()
    if PII in field.extensions and named.name in {*LISTS, "RoleAssignment"}
]


OF_TWO = ("User", "LineItem")


def asked(type_name: str, field_name: str) -> str:
    """A field with its siblings; through an interface and a fragment too, where it has one."""
    named: Any = GRAPH.type_map[type_name]
    field = named.fields[field_name]
    said = {"metadataValue": '(name: "declared")'}.get(field_name, "")
    inner = get_named_type(field.type)
    below = "" if is_leaf_type(inner) else " { __typename }"
    wanted = f"it: {field_name}{said}{below}"
    if type_name == "RoleAssignment":
        return f"{{ users(first: 20) {{ nodes {{ sourcedId roles {{ role {wanted} }} }} }} }}"
    if field_name in ("metadata", "metadataValue"):
        wanted = f"... on RosterObject {{ {wanted} }}"
    return f"{{ {LISTS[type_name]}(first: 20) {{ nodes {{ sourcedId {wanted} status }} }} }}"


@pytest.fixture
def two(world: MakeWorld) -> World:
    declared = {"metadata": {"declared": {"key": "ic.counselor.email", "class": "CONTACT"}}}
    servers = {key: make_server("standard-1.2", DISTRICT) for key in ("a", "b")}
    return world({"a": declared, "b": declared}, **servers)


def keeping() -> Schema:
    """Keeps whatever rows can be kept."""
    return SCHEMA.led_by(Executor(SCHEMA, KeptRows(rows_from=1, columns_from=1)))


async def answers(made: World, text: str, grant: Grant) -> list[dict[str, Any]]:
    """Of graphql-core, of a plan, of one run with care, of a plan to bytes; the last ones of what is held and of rows
    that were kept.
    """
    found, plans = [], keeping()
    for schema in (SCHEMA, COMPILED):
        result = await schema.execute(text, None, Context(made.reading(grant)))
        found.append({"data": result.data, "errors": [each.formatted for each in result.errors or ()]})
    broken = await CAREFUL.execute(text.replace("{", "{ fragile { sure }", 1), None, Context(made.reading(grant)))
    assert broken.data is not None
    errors = [each.formatted for each in broken.errors or ()]
    assert broken.data.pop("fragile") is None
    found.append({"data": broken.data, "errors": [each for each in errors if each["path"][0] != "fragile"]})
    for _ in range(3):
        answer = await respond(plans, Asked(text), Context(made.reading(grant)))
        body = msgspec.json.decode(answer.body)
        found.append({"data": body["data"], "errors": body.get("errors", [])})
    return found


def grant_of(**classes: frozenset[FieldClass]) -> Grant:
    return Grant({key: Access(classes=given) for key, given in classes.items()})


def parts(value: Any, type_name: str) -> Iterator[dict[str, Any]]:
    """The objects of the answer that have the field."""
    [found] = value.values()
    for node in found["nodes"]:
        yield from node["roles"] if type_name == "RoleAssignment" else [node]


@pytest.mark.parametrize(("type_name", "field_name"), WITHHELD)
async def test_a_withheld_field_is_null_with_one_error_and_its_siblings_stand(
    two: World, type_name: str, field_name: str
) -> None:
    field = GRAPH.type_map[type_name].fields[field_name]  # type: ignore[attr-defined]
    lacking = field.extensions[PII] if field_name != "metadataValue" else FieldClass.CONTACT
    text = asked(type_name, field_name)
    [full, *_] = await answers(two, text, EVERYTHING)
    for found in await answers(two, text, grant_of(a=EVERY - {lacking}, b=EVERY - {lacking})):
        expected, given = list(parts(full["data"], type_name)), list(parts(found["data"], type_name))
        assert given == [{**each, "it": None} for each in expected]
        [error] = [each for each in found["errors"] if each["extensions"]["code"] == "FORBIDDEN_FIELD"]
        assert error["extensions"]["fieldClass"] == lacking.value
        assert error["extensions"].get("count", 1) == len(given)
        assert error["path"][-1] == "it"
        assert next(part for part in error["path"] if isinstance(part, int)) == 0
        assert "lacks the field class" in error["message"]


@pytest.mark.parametrize(("type_name", "field_name"), [each for each in WITHHELD if each.values[0] in OF_TWO])
async def test_of_two_sources_the_one_that_withholds_is_null(two: World, type_name: str, field_name: str) -> None:
    field = GRAPH.type_map[type_name].fields[field_name]  # type: ignore[attr-defined]
    lacking = field.extensions[PII] if field_name != "metadataValue" else FieldClass.CONTACT
    text = asked(type_name, field_name).replace("first: 20", "first: 200").replace("sourcedId", "source { key }", 1)
    [full, *_] = await answers(two, text, EVERYTHING)
    for found in await answers(two, text, grant_of(a=EVERY - {lacking}, b=EVERY)):
        assert [each["extensions"]["source"] for each in found["errors"] if "fieldClass" in each["extensions"]] == ["a"]
        expected, given = list(parts(full["data"], type_name)), list(parts(found["data"], type_name))
        assert given == [each if each["source"]["key"] == "b" else {**each, "it": None} for each in expected]


async def test_S06_nothing_is_told_of_a_field_where_there_is_no_record(two: World) -> None:
    text = '{ users(filter: { sourcedId: { eq: "nobody" } }) { nodes { email agents { sourcedId } } } }'
    for found in await answers(two, text, grant_of(a=EVERY - {FieldClass.CONTACT, FieldClass.FAMILY})):
        assert found == {"data": {"users": {"nodes": []}}, "errors": []}


RELATIONS = {
    "demographics { sex }": FieldClass.DEMOGRAPHICS,
    "results(first: 5) { nodes { score } }": FieldClass.GRADES,
    "assessmentResults(first: 5) { nodes { score } }": FieldClass.GRADES,
    "agents { sourcedId }": FieldClass.FAMILY,
    "guardians { sourcedId }": FieldClass.FAMILY,
    "samePerson { sourcedId }": FieldClass.IDENTIFIER,
}


@pytest.mark.parametrize(("asks", "lacking"), [pytest.param(*each, id=f"S06 {each[0]}") for each in RELATIONS.items()])
@pytest.mark.parametrize("schema", [SCHEMA, COMPILED], ids=["graphql-core", "plan"])
async def test_nothing_is_asked_upstream_for_what_is_withheld(
    world: MakeWorld, asks: str, lacking: FieldClass, schema: Any
) -> None:
    bare, full = world(a="standard-1.2"), world(a="standard-1.2")
    grant = grant_of(a=EVERY - {lacking})
    await schema.execute("{ users(first: 5) { nodes { sourcedId } } }", None, Context(bare.reading(grant)))
    result = await schema.execute(f"{{ users(first: 5) {{ nodes {{ {asks} }} }} }}", None, Context(full.reading(grant)))
    assert [each.extensions["code"] for each in result.errors or ()] == ["FORBIDDEN_FIELD"]  # type: ignore[index]
    assert full.requests("a") == bare.requests("a") > 0


async def test_S06_a_display_name_is_without_what_may_not_be_read_of_it(two: World) -> None:
    text = "{ users(first: 100) { nodes { displayName givenName familyName preferredFirstName } } }"
    [full, *_] = await answers(two, text, EVERYTHING)
    assert any(each["preferredFirstName"] for each in full["data"]["users"]["nodes"])
    for found in await answers(two, text, grant_of(a=EVERY - {FieldClass.SENSITIVE})):
        for each in found["data"]["users"]["nodes"]:
            assert each["displayName"] == f"{each['givenName']} {each['familyName']}"
            assert each["preferredFirstName"] is None


METADATA = """{ users(first: 100) { nodes {
  whole: metadata one: metadata(keys: %s) value: metadataValue(name: "declared")
} } }"""


@pytest.mark.parametrize(
    ("keys", "given", "shown"),
    [
        pytest.param('["ic.counselor.email"]', EVERY, {"whole", "one", "value"}, id="S06 all classes"),
        pytest.param('["ic.counselor.email"]', {FieldClass.CONTACT}, {"one", "value"}, id="S06 the declared class"),
        pytest.param('["ic.counselor.email"]', {FieldClass.RAW}, set(), id="S06 raw alone"),
        pytest.param('["locker"]', {FieldClass.RAW}, {"one"}, id="S06 raw, what nobody declared"),
        pytest.param('["locker"]', {FieldClass.CONTACT}, {"value"}, id="S06 another class, what nobody declared"),
    ],
)
async def test_metadata_has_the_class_that_is_declared_with_its_name(
    two: World, keys: str, given: frozenset[FieldClass], shown: set[str]
) -> None:
    text = METADATA % keys
    [full, *_] = await answers(two, text, EVERYTHING)
    for found in await answers(two, text, grant_of(a=frozenset(given))):
        nodes = found["data"]["users"]["nodes"]
        assert {name for each in nodes for name, value in each.items() if value is not None} == shown
        assert {error["path"][-1] for error in found["errors"]} == {"whole", "one", "value"} - shown
    assert any(each["value"] for each in full["data"]["users"]["nodes"])


async def test_S06_rows_that_are_kept_for_one_client_are_not_shown_to_another(two: World) -> None:
    text = "{ users(first: 100) { nodes { sourcedId givenName familyName email } } }"
    plans = keeping()
    grants = [grant_of(a=EVERY), grant_of(a=EVERY - {FieldClass.CONTACT}), EVERYTHING]
    for grant in [*grants, *grants, *grants]:
        body = msgspec.json.decode((await respond(plans, Asked(text), Context(two.reading(grant)))).body)
        shown = any(each["email"] for each in body["data"]["users"]["nodes"])
        assert shown is (FieldClass.CONTACT not in grant.withheld.somewhere)


async def test_S06_a_client_with_all_classes_runs_the_plan_of_one_that_nobody_limits(two: World) -> None:
    executor = Executor(SCHEMA)
    text = "{ users(first: 5) { nodes { email } } }"
    for grant in (EVERYTHING, grant_of(a=EVERY), grant_of(a=EVERY - {FieldClass.NAME}), grant_of(a=frozenset())):
        await executor(text, None, Context(Reading(two.sources, grant, two.reading().codec, 10)), None, None)
    [known] = executor._kept.values()
    assert len(known.plans) == 3  # type: ignore[union-attr]
