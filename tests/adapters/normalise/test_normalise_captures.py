"""The captures, field by field against the files: read here with json alone, by rules of this file's own."""

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.dialect import Service, Version
from adapters.endpoints import ENDPOINTS, ENTITIES, Collection
from adapters.gradebook import ScoreScaleValue
from adapters.normalise import Normaliser
from adapters.records import Class, Course, Enrollment, Org, Record, User

CAPTURES = Path(__file__).parents[2] / "captures"
REFERENCE = CAPTURES / "reference-v1p1"
SMALLEST = {
    Service.ROSTERING: CAPTURES / "smallest-v1p2" / "rostering.json",
    Service.GRADEBOOK: CAPTURES / "smallest-v1p2" / "gradebook.json",
    Service.RESOURCES: CAPTURES / "smallest-v1p2" / "resources.json",
}

SNAKE = {
    **{n: n for n in ("name", "title", "location", "identifier", "username", "email", "sms", "phone")},
    "courseCode": "course_code",
    "classCode": "class_code",
    "givenName": "given_name",
    "familyName": "family_name",
    "middleName": "middle_name",
    "startDate": "start_date",
    "endDate": "end_date",
    "beginDate": "begin_date",
    "description": "description",
    "weight": "weight",
    "resultValueMin": "result_value_min",
    "resultValueMax": "result_value_max",
    "score": "score",
    "scoreDate": "score_date",
    "comment": "comment",
    "vendorResourceId": "vendor_resource_id",
    "vendorId": "vendor_id",
    "applicationId": "application_id",
}
MOMENTS = {"dateLastModified": "date_last_modified", "assignDate": "assign_date", "dueDate": "due_date"}
CODED = {"type": "type", "classType": "class_type"}
LISTS = {"grades": "grades_raw", "subjects": "subjects", "subjectCodes": "subject_codes", "periods": "periods"}
ONE_REF = {
    "parent": "parent_id",
    "course": "course_id",
    "school": "school_id",
    "org": "org_id",
    "class": "class_id",
    "category": "category_id",
    "lineItem": "line_item_id",
    "student": "student_id",
} | {
    "user": "user_id",
    "primaryOrg": "primary_org_id",
}
MANY_REFS = {"children": "children_ids", "terms": "term_ids", "resources": "resource_ids", "agents": "agent_ids"}
UPPER = {"gradingPeriod": "GRADING_PERIOD", "schoolYear": "SCHOOL_YEAR"}
FLAGS = {"enabledUser": "enabled_user", "primary": "primary"}


def expected(record: dict[str, Any], collection: Collection) -> dict[str, Any]:
    """What a record must hold for each property of the file; a property without a rule here is an error."""
    out: dict[str, Any] = {}
    for name, value in record.items():
        match name:
            case "sourcedId":
                out["sourced_id"] = value
            case "status":
                out |= {"status": value.upper(), "status_raw": value}
            case _ if name in MOMENTS:
                out[MOMENTS[name]] = value.replace("Z", ".000Z")
            case "type" if collection is Collection.SCORE_SCALES:
                out["type"] = value
            case "scoreStatus":
                out |= {"score_status": value.upper().replace(" ", "_"), "score_status_raw": value}
            case "importance":
                out |= {"importance": value.upper(), "importance_raw": value}
            case "scoreScaleValue":
                pairs = [(step["itemValueLHS"], step["itemValueRHS"]) for step in value]
                out["score_scale_value"] = tuple(
                    ScoreScaleValue(item_value_lhs=left, item_value_rhs=right) for left, right in pairs
                )
            case "roles" if collection is Collection.RESOURCES:
                known = ["OTHER" if ":" in role else role.upper() for role in value]
                out |= {"roles": tuple(known), "roles_raw": tuple(value)}
            case "metadata" | "password":
                pass  # compared by their own tests
            case "schoolYear" if collection is Collection.COURSES:
                out["school_year_id"] = value[0]["sourcedId"]
            case "schoolYear":
                out["school_year"] = str(value)
            case "userIds":
                assert value == []
                out["user_ids"] = ()
            case "role" if collection is Collection.ENROLLMENTS:
                out |= {"role": value.upper(), "role_raw": value}
            case "role" | "orgs" | "roles":
                out["roles"] = roles(record)
            case _ if name in SNAKE:
                out[SNAKE[name]] = value
            case _ if name in CODED:
                out |= {CODED[name]: UPPER.get(value, value.upper()), CODED[name] + "_raw": value}
            case _ if name in LISTS:
                out[LISTS[name]] = tuple(value) if isinstance(value, list) else (value,)
            case _ if name in FLAGS:
                out[FLAGS[name]] = value in (True, "true")
            case _ if name in MANY_REFS:
                out[MANY_REFS[name]] = tuple(r["sourcedId"] for r in value)
            case _:
                out[ONE_REF[name]] = value["sourcedId"] if value else None
    return out


def roles(record: dict[str, Any]) -> list[tuple[str, str, str | None, bool]]:
    if "role" in record:
        return [(record["role"].upper(), "PRIMARY", None, True)]
    return [(r["role"].upper(), r["roleType"].upper(), r["org"]["sourcedId"], False) for r in record["roles"]]


def actual(record: Record, names: set[str]) -> dict[str, Any]:
    found = {name: getattr(record, name) for name in names}
    if "roles" in found and isinstance(record, User):
        found["roles"] = [(r.role, r.role_type, r.org_id, r.derived) for r in found["roles"]]
    return found


FILES = sorted(REFERENCE.glob("*.json"))


def read(path: Path, normaliser: Normaliser) -> tuple[Record, ...]:
    page = normaliser.page(ENDPOINTS[path.stem].entity, path.read_bytes())
    assert page.rejected == ()
    return page.records


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_the_reference_server_s_answers_are_read_field_by_field(path: Path, normaliser: Normaliser) -> None:
    entity = ENDPOINTS[path.stem].entity
    rows = json.loads(path.read_text())[entity.plural]
    records = read(path, normaliser)
    assert len(records) == len(rows) > 0
    for record, row in zip(records, rows, strict=True):
        assert type(record) is entity.record
        wanted = expected(row, entity.collection)
        assert actual(record, set(wanted)) == wanted
        metadata = None if record.metadata is None else json.loads(record.metadata)
        assert metadata == (row.get("metadata") or None)


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_no_password_of_the_reference_server_survives(path: Path, normaliser: Normaliser) -> None:
    assert "invented-password" in (REFERENCE / "users.json").read_text()
    assert "invented-password" not in repr(read(path, normaliser))


@pytest.mark.parametrize("service", list(Service))
def test_the_smallest_records_of_1_2_are_read_field_by_field(normaliser_for: Any, service: Service) -> None:
    rows = json.loads(SMALLEST[service].read_text())[f"{service}Entities"]
    entities = [e for e in ENTITIES.values() if e.service is service and not e.type.startswith("ASSESSMENT")]
    assert set(rows) == {e.singular for e in entities}
    for entity in entities:
        row = rows[entity.singular]
        record = normaliser_for(version=Version.V1P2).one(entity, json.dumps({entity.singular: row}).encode())
        wanted = expected(row, entity.collection)
        assert actual(record, set(wanted)) == wanted
        assert (record.metadata is not None) is ("metadata" in row)


def test_the_captures_join_from_users_to_districts(normaliser: Normaliser) -> None:
    def by_id(name: str) -> dict[str, Any]:
        return {r.sourced_id: r for r in read(REFERENCE / f"{name}.json", normaliser)}

    users: dict[str, User] = by_id("users")
    classes: dict[str, Class] = by_id("classes")
    courses: dict[str, Course] = by_id("courses")
    orgs: dict[str, Org] = by_id("orgs")
    enrollments: dict[str, Enrollment] = by_id("enrollments")
    sessions = by_id("academicSessions")
    assert {e.user_id for e in enrollments.values()} == set(users)
    assert users.keys() >= by_id("students").keys() | by_id("teachers").keys()
    for enrollment in enrollments.values():
        class_ = classes[enrollment.class_id or ""]
        course = courses[class_.course_id or ""]
        school = orgs[class_.school_id or ""]
        assert enrollment.school_id == school.sourced_id == course.org_id
        assert orgs[school.parent_id or ""].children_ids == (school.sourced_id,)
        assert sessions[course.school_year_id or ""].school_year == "2031"
        assert all(term in sessions for term in class_.term_ids)
