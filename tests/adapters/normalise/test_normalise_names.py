"""Record words and wire words, both directions."""

from enum import StrEnum
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

from adapters import records
from adapters.dialect import Version
from adapters.endpoints import ENDPOINTS, ENTITIES, Collection
from adapters.normalise.names import VOCABULARIES, record_field, record_value, wire_field, wire_value

C, V1, V2 = Collection, Version.V1P1, Version.V1P2

FIELDS: list[tuple[Collection, str, str | None, str | None]] = [
    (C.USERS, "sourced_id", "sourcedId", "sourcedId"),
    (C.USERS, "status", "status", "status"),
    (C.USERS, "date_last_modified", "dateLastModified", "dateLastModified"),
    (C.USERS, "given_name", "givenName", "givenName"),
    (C.USERS, "roles.role", "role", "roles.role"),
    (C.USERS, "roles.org_id", "orgs.sourcedId", "roles.org.sourcedId"),
    (C.USERS, "agent_ids", "agents.sourcedId", "agents.sourcedId"),
    (C.USERS, "primary_org_id", None, "primaryOrg.sourcedId"),
    (C.USERS, "user_master_identifier", None, "userMasterIdentifier"),
    (C.ENROLLMENTS, "user_id", "user.sourcedId", "user.sourcedId"),
    (C.ENROLLMENTS, "class_id", "class.sourcedId", "class.sourcedId"),
    (C.ENROLLMENTS, "role", "role", "role"),
    (C.CLASSES, "term_ids", "terms.sourcedId", "terms.sourcedId"),
    (C.CLASSES, "school_id", "school.sourcedId", "school.sourcedId"),
    (C.COURSES, "school_year_id", "schoolYear.sourcedId", "schoolYear.sourcedId"),
    (C.ACADEMIC_SESSIONS, "school_year", "schoolYear", "schoolYear"),
    (
        C.DEMOGRAPHICS,
        "native_hawaiian_or_other_pacific_islander",
        "nativeHawaiianOrOtherPacificIslander",
        "nativeHawaiianOrOtherPacificIslander",
    ),
    (C.USERS, "roles.role_type", None, "roles.roleType"),
    (C.LINE_ITEMS, "category_id", "category.sourcedId", "category.sourcedId"),
    (C.LINE_ITEMS, "grading_period_id", "gradingPeriod.sourcedId", "gradingPeriod.sourcedId"),
    (C.LINE_ITEMS, "school_id", None, "school.sourcedId"),
    (C.RESULTS, "class_id", None, "class.sourcedId"),
    (C.CATEGORIES, "weight", None, "weight"),
    (C.USERS, "metadata", None, None),
    (C.USERS, "observed_at", None, None),
    (C.ORGS, "no_such_field", None, None),
]


@pytest.mark.parametrize(("collection", "field", "v1p1", "v1p2"), FIELDS)
def test_a_field_and_its_wire_name(collection: Collection, field: str, v1p1: str | None, v1p2: str | None) -> None:
    for version, wire in ((V1, v1p1), (V2, v1p2)):
        assert wire_field(collection, field, version) == wire
        if wire is not None:
            assert record_field(collection, wire, version) == field


def test_org_ids_are_asked_for_as_the_roles_orgs_are() -> None:
    assert wire_field(C.USERS, "org_ids", V1) == "orgs.sourcedId"
    assert wire_field(C.USERS, "org_ids", V2) == "roles.org.sourcedId"


def test_an_unknown_wire_name_is_no_field() -> None:
    assert record_field(C.USERS, "roles.role", V1) is None
    assert record_field(C.USERS, "givenname", V2) is None


OURS = {"provenance", "metadata", "former_sourced_ids", "user_ids", "roles", "user_profiles", "resource_ids"}
OURS |= {"learning_objective_set", "score_scale_value"}


@pytest.mark.parametrize("collection", list(Collection))
def test_every_field_of_a_record_has_a_name_in_1_2(collection: Collection) -> None:
    names = {f for f in ENTITIES[collection].record.__struct_fields__ if not f.endswith("_raw")} - OURS
    if collection is C.ACADEMIC_SESSIONS:
        names.remove("org_id")  # sent by one provider, in no version of the standard
    if collection is C.LINE_ITEMS:
        names.remove("academic_session_id")  # of two properties: a filter on one would not find the other
    assert {f for f in names if wire_field(collection, f, V2) is None} == set()


@pytest.mark.parametrize("kind", [e for e in ENDPOINTS.values() if e.kind])
def test_what_restricts_an_endpoint_can_be_said_on_the_wire(kind: Any) -> None:
    field, value = kind.kind
    word = wire_value(kind.entity.collection, field, value)
    assert wire_field(kind.entity.collection, field, V2)
    assert word is not None
    assert record_value(kind.entity.collection, field, word) == value


VALUES = [
    (C.USERS, "status", "TOBEDELETED", "tobedeleted"),
    (C.ORGS, "status", "ACTIVE", "active"),
    (C.ACADEMIC_SESSIONS, "type", "GRADING_PERIOD", "gradingPeriod"),
    (C.ACADEMIC_SESSIONS, "type", "SCHOOL_YEAR", "schoolYear"),
    (C.USERS, "roles.role", "SITE_ADMINISTRATOR", "siteAdministrator"),
    (C.USERS, "roles.role_type", "PRIMARY", "primary"),
    (C.ENROLLMENTS, "role", "STUDENT", "student"),
    (C.DEMOGRAPHICS, "sex", "OTHER", "other"),
    (C.RESULTS, "score_status", "FULLY_GRADED", "fully graded"),
    (C.RESOURCES, "roles", "TEACHER", "teacher"),
    (C.RESOURCES, "importance", "PRIMARY", "primary"),
    (C.USERS, "family_name", "Brook", "Brook"),
]


@pytest.mark.parametrize(("collection", "field", "name", "word"), VALUES)
def test_a_value_and_its_wire_word(collection: Collection, field: str, name: str, word: str) -> None:
    assert wire_value(collection, field, name) == word
    assert record_value(collection, field, word) == name


@pytest.mark.parametrize(
    ("collection", "field", "name"),
    [
        (C.RESULTS, "score", "95.0"),
        (C.ORGS, "type", "OTHER"),
        (C.USERS, "status", "UNKNOWN"),
        (C.USERS, "roles.role", "NO_SUCH_ROLE"),
    ],
)
def test_what_no_one_word_says_has_none(collection: Collection, field: str, name: str) -> None:
    assert wire_value(collection, field, name) is None


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("status", "ToBeDeleted", "TOBEDELETED"),
        ("date_last_modified", "2031-01-05", "2031-01-05T00:00:00.000Z"),
        ("date_last_modified", "2031-01-05T10:00:00+02:00", "2031-01-05T08:00:00.000Z"),
        ("roles.begin_date", "2031-01-05", "2031-01-05"),
        ("enabled_user", "True", "true"),
        ("identifier", "007", "007"),
    ],
)
def test_filter_text_becomes_what_records_hold(field: str, text: str, value: str) -> None:
    assert record_value(C.USERS, field, text) == value


@pytest.mark.parametrize(
    ("field", "text", "allowed"),
    [
        ("status", "gone", "active, tobedeleted"),
        ("roles.role", "ext:coach", "siteAdministrator"),
        ("roles.role", "other", "teacher"),
        ("date_last_modified", "yesterday", "ISO 8601"),
        ("roles.end_date", "2031-02-30", "ISO 8601"),
        ("enabled_user", "maybe", "true or false"),
    ],
)
def test_a_value_that_records_never_hold_is_refused_with_what_is_allowed(field: str, text: str, allowed: str) -> None:
    with pytest.raises(ValueError, match=allowed):
        record_value(C.USERS, field, text)


def test_every_coded_field_of_the_records_has_a_vocabulary() -> None:
    def coded(kind: type[msgspec.Struct], prefix: str = "") -> set[str]:
        return {
            prefix + name
            for name, hint in get_type_hints(kind).items()
            if any(isinstance(t, type) and issubclass(t, StrEnum) for t in (hint, *get_args(hint)))
        }

    for collection, entity in ENTITIES.items():
        fields = coded(entity.record)
        if collection is C.USERS:
            fields |= coded(records.RoleAssignment, "roles.")
        assert {(collection, f) for f in fields} == {key for key in VOCABULARIES if key[0] is collection}
