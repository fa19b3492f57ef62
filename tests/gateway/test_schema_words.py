"""Descriptions: what has a counterpart in OneRoster names it, and the words that users search for are there."""

from __future__ import annotations

import re

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType

from gateway.sandbox.kind import ALL_1_1, ALL_1_2
from gateway.schema import SCHEMA
from tests.adapters.test_properties import TABLE
from tests.gateway.test_schema import elements

GRAPH = SCHEMA._schema
DESCRIPTIONS = {name: str(element.description) for name, element in elements()}
ROSTER = {t.name for t in GRAPH.get_possible_types(GRAPH.type_map["RosterObject"])}  # type: ignore[arg-type]
INSIDE = {"RoleAssignment", "UserId", "UserProfile", "ScoreScaleValue"} | {
    f"LearningObjective{part}" for part in ("Set", "ScoreSet", "Result")
}
"""Values inside of records."""

OURS = {
    *("id", "source", "observedAt"),
    *("effectiveFrom", "effectiveTo", "dateBasis", "isEffective", "isCurrent"),
    *("roleGroup", "formerSourcedIds", "derived", "AcademicSession.org"),
}
"""Fields of records that the standard does not have."""

OURS_OF_FILTERS = {"and", "or", "not", "formerSourcedId", "dangling"}
OURS_OF_ENUMS = {"OTHER", "UNKNOWN", "SOURCE", "ROLE_GROUP"}
VOCABULARIES = {
    *("RecordStatus", "OrgType", "AcademicSessionType", "ClassType", "UserRole", "RoleType", "EnrollmentRole", "Sex"),
    *("Importance", "ScoreStatus", "RecordType", "ClassGroupKey", "UserGroupKey", "EnrollmentGroupKey"),
}

WORDS = {
    "section": ("Class", "Query.classes", "Enrollment.class"),
    "roster": ("Class", "Class.enrollments"),
    "group": ("Class",),
    "pupil": ("User", "UserRole.STUDENT", "Class.students", "RoleGroup.STUDENT", "Query.users"),
    "learner": ("User", "UserRole.STUDENT", "Class.students", "RoleGroup.STUDENT"),
    "staff": ("User", "RoleGroup.STAFF", "Query.users"),
    "instructor": ("UserRole.TEACHER",),
    "co-teacher": ("Class.teachers",),
    "teacher of record": ("Class.primaryTeacher", "Enrollment.primary"),
    "homeroom teacher": ("Class.primaryTeacher",),
    "paraprofessional": ("UserRole.AIDE",),
    "counsellor": ("UserRole.COUNSELOR",),
    "head": ("UserRole.PRINCIPAL",),
    "carer": ("UserRole.GUARDIAN", "User.guardians"),
    "mother": ("UserRole.PARENT",),
    "parent": ("User.guardians", "User.agents"),
    "family": ("User.guardians",),
    "login": ("User.username", "IdentityInput.username", "UserFilter.username"),
    "sign-in": ("Query.usersByIdentity",),
    "single sign-on": ("Query.usersByIdentity",),
    "surname": ("User.familyName",),
    "last name": ("User.familyName", "UserFilter.familyName", "UserOrderField.FAMILY_NAME"),
    "first name": ("User.givenName", "UserFilter.givenName", "UserOrderField.GIVEN_NAME"),
    "nickname": ("User.preferredFirstName",),
    "mobile": ("User.sms",),
    "student number": ("User.identifier",),
    "duplicate": ("User.samePerson",),
    "year group": ("User.grades", "Class.grades", "Course.grades"),
    "date of birth": ("Demographics.birthDate",),
    "gender": ("Demographics.sex",),
    "ethnicity": ("Demographics", "User.demographics"),
    "campus": ("Org", "OrgType.SCHOOL"),
    "building": ("Org", "OrgType.SCHOOL"),
    "trust": ("OrgType.DISTRICT", "Source"),
    "home school": ("User.primaryOrg",),
    "nces": ("Org.identifier",),
    "sced": ("Course.subjectCodes",),
    "room": ("Class.location",),
    "timetable": ("Class.periods", "ClassType.SCHEDULED"),
    "advisory": ("ClassType.HOMEROOM",),
    "form": ("ClassType.HOMEROOM",),
    "marking period": ("AcademicSessionType.GRADING_PERIOD",),
    "trimester": ("AcademicSessionType.TERM",),
    "quarter": ("AcademicSession", "AcademicSessionType.TERM"),
    "assignment": ("LineItem", "Class.lineItems", "Query.lineItems", "RecordType.LINE_ITEM"),
    "homework": ("LineItem", "Category"),
    "gradebook": ("Class.lineItems",),
    "mark": ("Result", "Query.results", "User.results"),
    "points": ("Result.score", "LineItem.resultValueMax"),
    "standards": ("LineItem.learningObjectiveSet",),
    "exam": ("AssessmentLineItem", "RecordType.ASSESSMENT_LINE_ITEM"),
    "grading scheme": ("ScoreScale",),
    "course pack": ("Resource",),
    "material": ("Resource", "Query.resources"),
    "tenant": ("Source",),
    "connection": ("Source",),
    "student information system": ("Source.provider",),
    "time zone": ("Source.timezone", "Day"),
    "rate limit": ("Source.requestsLeftToday",),
    "deleted": ("RecordStatus.TOBEDELETED",),
    "inactive": ("RecordStatus.TOBEDELETED",),
    "primary key": ("RosterObject.sourcedId",),
    "custom field": ("RosterObject.metadata", "RosterObject.metadataValue"),
    "extension": ("RosterObject.metadata",),
    "incremental": ("RosterObject.dateLastModified",),
    "ceds": ("User.grades", "Class.grades", "UserFilter.grades"),
    "page size": ("Query.users(first:)",),
    "next page": ("Query.users(after:)", "PageInfo.endCursor"),
    "sort": ("Query.users(orderBy:)",),
}
"""What users of rosters call it, and where that must be said."""


@pytest.mark.parametrize("word", WORDS)
def test_the_words_that_users_search_for_are_there(word: str) -> None:
    assert [name for name in WORDS[word] if word not in DESCRIPTIONS[name].lower()] == []


def silent(type_name: str, ours: set[str]) -> list[str]:
    named = GRAPH.type_map[type_name]
    names = named.values if isinstance(named, GraphQLEnumType) else named.fields  # type: ignore[attr-defined]
    theirs = [n for n in names if ours.isdisjoint({n, f"{type_name}.{n}"})]
    return [n for n in theirs if "OneRoster" not in DESCRIPTIONS[f"{type_name}.{n}"]]


@pytest.mark.parametrize("name", sorted(ROSTER | INSIDE))
def test_a_field_of_a_record_says_where_the_standard_has_it(name: str) -> None:
    assert silent(name, OURS) == []
    assert "OneRoster" in DESCRIPTIONS[name]


@pytest.mark.parametrize("name", sorted(f"{n}Filter" for n in ROSTER))
def test_a_condition_on_a_record_says_what_the_standard_calls_it(name: str) -> None:
    assert isinstance(GRAPH.type_map[name], GraphQLInputObjectType)
    assert silent(name, OURS_OF_FILTERS) == []


@pytest.mark.parametrize(
    "name", sorted(n for n, t in GRAPH.type_map.items() if n in VOCABULARIES or n.endswith("OrderField"))
)
def test_a_value_says_what_the_standard_calls_it(name: str) -> None:
    assert isinstance(GRAPH.type_map[name], GraphQLEnumType)
    assert silent(name, OURS_OF_ENUMS) == []


# ---------------------------------------------------------------- the paths themselves


HOLDS = {(row["entity"], row["property"]): row["type"].strip("[]") for row in TABLE}
"""What a property of an entity is; another entity, perhaps."""

PLAIN = {row["property"] for row in TABLE} | {value for row in TABLE for value in row.get("values", ())}
"""Properties of every record, and the words of vocabularies."""

ENTITY_OF = {"demographics": "Demographic"}


def wire(text: str) -> list[str]:
    """The paths that a description names."""
    return [path for part in re.split(r"OneRoster(?: 1.\d)?: ", text)[1:] for path in re.findall(r"`([^`]+)`", part)]


def known(path: str) -> bool:
    """Whether the standard has it: a route, a property, or a property of what a property holds."""
    if path.startswith("/"):
        return path[1:] in ALL_1_1 | ALL_1_2
    first, *steps = path.split(".")
    holder = ENTITY_OF.get(first, first[0].upper() + first[1:])
    for step in steps:
        if (holder, step) not in HOLDS:
            return False
        holder = HOLDS[holder, step]
    return bool(steps) or path in PLAIN


def test_the_paths_are_those_of_the_standard() -> None:
    paths = {path: name for name, text in DESCRIPTIONS.items() for path in wire(text)}
    assert len(paths) > 150
    assert {path: name for path, name in paths.items() if not known(path)} == {}
