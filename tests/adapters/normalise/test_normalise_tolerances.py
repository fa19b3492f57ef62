"""What records of real servers get wrong, one case each: a wire field, and the record's fields that come of it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from adapters.dialect import AbsentStatus, Capabilities
from adapters.endpoints import ENTITIES, Collection
from adapters.gradebook import LearningObjectiveSet, ScoreScaleValue
from adapters.normalise import Normaliser
from adapters.records import Rejected, RoleAssignment, RoleType, User, UserId, UserRole

ORGS, SESSIONS, COURSES = Collection.ORGS, Collection.ACADEMIC_SESSIONS, Collection.COURSES
CLASSES, USERS, ENROLLMENTS = Collection.CLASSES, Collection.USERS, Collection.ENROLLMENTS
DEMOGRAPHICS = Collection.DEMOGRAPHICS

Case = tuple[str, Collection, dict[str, Any], dict[str, Any]]

STATUSES: list[Case] = [
    (f"status {text!r} is {name}", USERS, {"status": text}, {"status": name, "status_raw": text})
    for text, name in {
        "active": "ACTIVE",
        "Active": "ACTIVE",
        "tobedeleted": "TOBEDELETED",
        "ToBeDeleted": "TOBEDELETED",
        "to-be_deleted ": "TOBEDELETED",
        "inactive": "TOBEDELETED",
        "enrolled": "UNKNOWN",
    }.items()
] + [
    ("an absent status is unknown", USERS, {}, {"status": "UNKNOWN", "status_raw": None}),
    ("a null status is unknown", USERS, {"status": None}, {"status": "UNKNOWN", "status_raw": None}),
]

FLAGS: list[Case] = [
    (f"the boolean {value!r} is {flag}", USERS, {"enabledUser": value}, {"enabled_user": flag})
    for value, flag in [
        *[(v, True) for v in (True, "true", "True", "TRUE", "t", "1", 1, 1.0)],
        *[(v, False) for v in (False, "false", "False", "f", "0", 0)],
        *[(v, None) for v in (None, "", "maybe", 2, {}, [])],
    ]
]

DATES: list[Case] = [
    (f"the date {value!r} is {date}", ENROLLMENTS, {"beginDate": value}, {"begin_date": date})
    for value, date in {
        "2031-02-03": "2031-02-03",
        "2031-02-03T23:30:00-08:00": "2031-02-03",
        "2031-02-03 00:00:00": "2031-02-03",
        " 2031-02-03": "2031-02-03",
        "2031-02-30": None,
        "03/02/2031": None,
        "2031-02-034": None,
        "": None,
    }.items()
]

INSTANTS: list[Case] = [
    (f"the instant {value!r} is {moment}", ORGS, {"dateLastModified": value}, {"date_last_modified": moment})
    for value, moment in {
        "2031-02-03T04:05:06.007Z": "2031-02-03T04:05:06.007Z",
        "2031-02-03T04:05:06Z": "2031-02-03T04:05:06.000Z",
        "2031-02-03T04:05:06.0079Z": "2031-02-03T04:05:06.007Z",
        "2031-02-03T04:05:06.1Z": "2031-02-03T04:05:06.100Z",
        "2031-02-03T04:05:06": "2031-02-03T04:05:06.000Z",
        "2031-02-03 04:05": "2031-02-03T04:05:00.000Z",
        "2031-02-03T04:05:06+02:00": "2031-02-03T02:05:06.000Z",
        "2031-02-03T23:05:06.5-02:00": "2031-02-04T01:05:06.500Z",
        "2031-02-03": "2031-02-03T00:00:00.000Z",
        " 2031-02-03T04:05:06Z ": "2031-02-03T04:05:06.000Z",
        "2031-02-30T04:05:06.007Z": None,
        "0001-01-01T00:00:00+09:00": None,
        "last week": None,
        "": None,
    }.items()
] + [("an instant that is a number is none", ORGS, {"dateLastModified": 1901859906}, {"date_last_modified": None})]

TEXTS: list[Case] = [
    ("an empty text is no value", USERS, {"givenName": "", "email": ""}, {"given_name": None, "email": None}),
    ("a number is a text", USERS, {"identifier": 4012, "phone": 5.0}, {"identifier": "4012", "phone": "5"}),
    ("a text that is an object is no value", USERS, {"sms": {"number": "1"}}, {"sms": None}),
    ("a text alone in a list is that text", USERS, {"email": ["a@x.example"]}, {"email": "a@x.example"}),
    ("an empty list for a text is no value", USERS, {"email": []}, {"email": None}),
    ("a school year that is a number is a text", SESSIONS, {"schoolYear": 2031}, {"school_year": "2031"}),
    ("a school year that is a text stays", SESSIONS, {"schoolYear": "2031"}, {"school_year": "2031"}),
    ("lower-case birthdate of 1.0 counts", DEMOGRAPHICS, {"birthdate": "2020-01-02"}, {"birth_date": "2020-01-02"}),
]

LISTS: list[Case] = [
    *[(f"grades {v!r} are none", USERS, {"grades": v}, {"grades": ()}) for v in (None, [], "", [""], {}, [None])],
    (
        "grades are CEDS codes where they are recognised, beside the source's words",
        USERS,
        {"grades": ["8", "PK4", "Year 7"]},
        {"grades": ("08", "PK", "Year 7"), "grades_raw": ("8", "PK4", "Year 7")},
    ),
    ("grades that are numbers are texts", USERS, {"grades": [8, 9]}, {"grades_raw": ("8", "9")}),
    ("grades with commas are a list", USERS, {"grades": "09, 10"}, {"grades": ("09", "10")}),
    ("one grade that is a number is a list", USERS, {"grades": 9}, {"grades_raw": ("9",)}),
    ("one subject is a list", COURSES, {"subjects": "geology"}, {"subjects": ("geology",)}),
    ("periods in a text are a list", CLASSES, {"periods": "1,3"}, {"periods": ("1", "3")}),
]

REFS: list[Case] = [
    ("a bare text is a reference", CLASSES, {"course": "k31"}, {"course_id": "k31"}),
    ("a bare number is a reference", CLASSES, {"course": 31}, {"course_id": "31"}),
    ("a reference may spell sourceID", CLASSES, {"school": {"sourceID": "o77"}}, {"school_id": "o77"}),
    ("a reference's id may be a number", CLASSES, {"school": {"sourcedId": 77}}, {"school_id": "77"}),
    ("a reference needs no href and no type", CLASSES, {"school": {"sourcedId": "o"}}, {"school_id": "o"}),
    ("a reference without an id is none", ORGS, {"parent": {"href": "x", "type": "org"}}, {"parent_id": None}),
    ("a reference with a null id is none", ORGS, {"parent": {"sourcedId": None}}, {"parent_id": None}),
    ("a reference with an empty id is none", ORGS, {"parent": {"sourcedId": ""}}, {"parent_id": None}),
    *[(f"the parent {v!r} is none", ORGS, {"parent": v}, {"parent_id": None}) for v in (None, [], {}, "", [None])],
    ("a list for one reference is its first", COURSES, {"schoolYear": [{"sourcedId": "y"}]}, {"school_year_id": "y"}),
    ("blanks in an id stay", ENROLLMENTS, {"user": {"sourcedId": " a "}}, {"user_id": " a "}),
    ("one reference for a list is a list", CLASSES, {"terms": {"sourcedId": "t"}}, {"term_ids": ("t",)}),
    ("texts are a list of references", CLASSES, {"terms": ["t", "u"]}, {"term_ids": ("t", "u")}),
    ("a text with commas is a list of references", CLASSES, {"terms": "t, u"}, {"term_ids": ("t", "u")}),
    (
        "odd references in a list cost themselves",
        CLASSES,
        {"terms": [{"sourceID": "t"}, {}, None]},
        {"term_ids": ("t",)},
    ),
    ("a class's org is its school", CLASSES, {"org": {"sourcedId": "o"}}, {"school_id": "o"}),
    (
        "a class's school goes before its org",
        CLASSES,
        {"org": {"sourcedId": "o"}, "school": {"sourcedId": "s"}},
        {"school_id": "s"},
    ),
    ("the first of a course's orgs is its org", COURSES, {"orgs": [{"sourcedId": "o"}]}, {"org_id": "o"}),
    ("a session may have an org", SESSIONS, {"org": {"sourcedId": "o"}}, {"org_id": "o"}),
    ("agentSourceIds are agents", USERS, {"agentSourceIds": ["g1", "g2"]}, {"agent_ids": ("g1", "g2")}),
    ("agentSourcedIds with commas are agents", USERS, {"agentSourcedIds": "g1,g2"}, {"agent_ids": ("g1", "g2")}),
    ("agentSourceIds may be references", USERS, {"agentSourceIds": [{"sourcedId": "g"}]}, {"agent_ids": ("g",)}),
]

CODES: list[Case] = [
    ("an unknown org type is other", ORGS, {"type": "departments"}, {"type": "OTHER", "type_raw": "departments"}),
    ("an ext: role is other", ENROLLMENTS, {"role": "ext:coach"}, {"role": "OTHER", "role_raw": "ext:coach"}),
    ("a role in any case is read", ENROLLMENTS, {"role": "Teacher"}, {"role": "TEACHER", "role_raw": "Teacher"}),
    ("1.1's further enrollment roles are read", ENROLLMENTS, {"role": "guardian"}, {"role": "GUARDIAN"}),
    ("grading_period is read", SESSIONS, {"type": "grading_period"}, {"type": "GRADING_PERIOD"}),
    ("an absent class type is none", CLASSES, {}, {"class_type": None, "class_type_raw": None}),
    ("an unknown sex is other", DEMOGRAPHICS, {"sex": "x"}, {"sex": "OTHER", "sex_raw": "x"}),
]

METADATA: list[Case] = [
    *[(f"metadata {v!r} is none", ORGS, {"metadata": v}, {"metadata": None}) for v in ([], {}, None, "x", 3)],
    (
        "metadata is kept",
        ORGS,
        {"metadata": {"a.b": [1, None]}},
        {"metadata": b'{"a.b": [1, None]}'.replace(b"None", b"null")},
    ),
]

RESULTS, LINE_ITEMS, SCALES, RESOURCES = (
    Collection.RESULTS,
    Collection.LINE_ITEMS,
    Collection.SCORE_SCALES,
    Collection.RESOURCES,
)

GRADEBOOK: list[Case] = [
    *[
        (f"the score {sent!r} is {score}", RESULTS, {"score": sent}, {"score": score})
        for sent, score in [
            (95, 95.0),
            ("95.5", 95.5),
            ("1e999", None),
            ("A", None),
            ("nan", None),
            (True, None),
            ([], None),
        ]
    ],
    *[
        (f"the status {sent!r} is {status}", RESULTS, {"scoreStatus": sent}, {"score_status": status})
        for sent, status in [
            *[("fully graded", "FULLY_GRADED"), ("Fully_Graded", "FULLY_GRADED"), ("notSubmitted", "NOT_SUBMITTED")],
            *[("ext:curved", "OTHER"), (None, None)],
        ]
    ],
    (
        "a score date with a time is its day",
        RESULTS,
        {"scoreDate": "2031-02-03T00:00:00Z"},
        {"score_date": "2031-02-03"},
    ),
    (
        "a due date alone is its midnight",
        LINE_ITEMS,
        {"dueDate": "2031-02-03"},
        {"due_date": "2031-02-03T00:00:00.000Z"},
    ),
    (
        "a line item of 1.1 belongs to the session of its grading period",
        LINE_ITEMS,
        {"gradingPeriod": {"sourcedId": "g1"}},
        {"grading_period_id": "g1", "academic_session_id": "g1"},
    ),
    (
        "one objective set for a list of them",
        LINE_ITEMS,
        {"learningObjectiveSet": {"source": "case", "learningObjectiveIds": "o1"}},
        {"learning_objective_set": (LearningObjectiveSet(source="case", learning_objective_ids=("o1",)),)},
    ),
    (
        "one step for a scale of them",
        SCALES,
        {"scoreScaleValue": {"itemValueLHS": "A", "itemValueRHS": 90}},
        {"score_scale_value": (ScoreScaleValue(item_value_lhs="A", item_value_rhs="90"),)},
    ),
    (
        "a resource of 1.1 may have one role",
        RESOURCES,
        {"role": "teacher"},
        {"roles": ("TEACHER",), "roles_raw": ("teacher",)},
    ),
]

CASES = [*GRADEBOOK, *STATUSES, *FLAGS, *DATES, *INSTANTS, *TEXTS, *LISTS, *REFS, *CODES, *METADATA]


def records(normaliser: Normaliser, collection: Collection, *rows: Any) -> Any:
    page = normaliser.page(ENTITIES[collection], json.dumps({collection.value: rows}).encode())
    assert page.rejected == ()
    return page.records


@pytest.mark.parametrize(("name", "collection", "row", "wanted"), CASES, ids=[c[0] for c in CASES])
def test_tolerance(name: str, collection: Collection, row: Any, wanted: Any, normaliser_for: Any) -> None:
    for fixups in ({}, {collection.value: lambda raw: raw}):
        (record,) = records(normaliser_for(fixups=fixups), collection, {"sourcedId": "x1", **row})
        assert {field: getattr(record, field) for field in wanted} == wanted


def derived(role: UserRole, raw: str | None, org: str | None) -> RoleAssignment:
    return RoleAssignment(role=role, role_raw=raw, role_type=RoleType.PRIMARY, org_id=org, derived=True)


A, B = {"sourcedId": "a"}, {"sourcedId": "b"}
ROLES: list[tuple[str, dict[str, Any], tuple[RoleAssignment, ...], str | None]] = [
    (
        "one role in one org, which is then the primary one",
        {"role": "teacher", "orgs": [A]},
        (derived(UserRole.TEACHER, "teacher", "a"),),
        "a",
    ),
    (
        "one role in two orgs, none of them primary",
        {"role": "student", "orgs": [A, B]},
        (derived(UserRole.STUDENT, "student", "a"), derived(UserRole.STUDENT, "student", "b")),
        None,
    ),
    ("a role without an org", {"role": "student", "orgs": []}, (derived(UserRole.STUDENT, "student", None),), None),
    ("an org without a role", {"orgs": [A]}, (derived(UserRole.OTHER, None, "a"),), "a"),
    ("orgSourcedIds for orgs", {"role": "aide", "orgSourcedIds": ["a"]}, (derived(UserRole.AIDE, "aide", "a"),), "a"),
    ("1.1's administrator", {"role": "administrator"}, (derived(UserRole.ADMINISTRATOR, "administrator", None),), None),
    ("neither role nor org", {}, (), None),
    (
        "1.2's roles, with the unknown kept raw",
        {
            "roles": [
                {"roleType": "primary", "role": "siteAdministrator", "org": A, "beginDate": "2031-01-02"},
                {"roleType": "Secondary", "role": "ext:coach", "org": B, "userProfile": "p:1"},
                {"roleType": "third", "role": "parent"},
            ],
            "primaryOrg": B,
        },
        (
            RoleAssignment(
                role=UserRole.SITE_ADMINISTRATOR,
                role_raw="siteAdministrator",
                role_type=RoleType.PRIMARY,
                org_id="a",
                begin_date="2031-01-02",
            ),
            RoleAssignment(
                role=UserRole.OTHER,
                role_raw="ext:coach",
                role_type=RoleType.SECONDARY,
                org_id="b",
                user_profile="p:1",
            ),
            RoleAssignment(role=UserRole.PARENT, role_raw="parent"),
        ),
        "b",
    ),
    (
        "1.2's roles go before 1.1's fields",
        {"roles": [{"role": "aide", "org": A}], "role": "teacher", "orgs": [B]},
        (RoleAssignment(role=UserRole.AIDE, role_raw="aide", org_id="a"),),
        None,
    ),
    (
        "empty roles leave 1.1's fields",
        {"roles": [], "role": "teacher", "orgs": [B]},
        (derived(UserRole.TEACHER, "teacher", "b"),),
        "b",
    ),
    (
        "one role for a list of roles",
        {"roles": {"role": "aide", "org": "a"}},
        (RoleAssignment(role=UserRole.AIDE, role_raw="aide", org_id="a"),),
        None,
    ),
]


@pytest.mark.parametrize(("name", "row", "roles", "primary"), ROLES, ids=[r[0] for r in ROLES])
def test_roles_of(name: str, row: Any, roles: Any, primary: str | None, normaliser_for: Any) -> None:
    for fixups in ({}, {"users": lambda raw: raw}):
        (user,) = records(normaliser_for(fixups=fixups), USERS, {"sourcedId": "u", **row})
        assert (user.roles, user.primary_org_id) == (roles, primary)


def test_user_ids_are_read_in_every_shape(normaliser: Normaliser) -> None:
    shapes: list[Any] = [
        [{"type": "LDAP", "identifier": "ada"}],
        {"type": "LDAP", "identifier": "ada"},
        [{"identifier": 7}, {"type": "SIS"}, {"identifier": ""}],
        ["ada"],
        None,
    ]
    read = [user.user_ids for user in records(normaliser, USERS, *[{"sourcedId": "u", "userIds": s} for s in shapes])]
    ldap = (UserId(identifier="ada", type="LDAP"),)
    assert read == [ldap, ldap, (UserId(identifier="7"),), (UserId(identifier="ada"),), ()]


def test_profiles_are_kept_without_their_credentials(normaliser: Normaliser) -> None:
    profile = {"profileId": "p:1", "profileType": "sso", "vendorId": "v", "credentials": [{"password": "canary"}]}
    (user,) = records(normaliser, USERS, {"sourcedId": "u", "userProfiles": [profile]})
    assert user.user_profiles[0].profile_id == "p:1"
    assert "canary" not in repr(user)


def test_a_dialect_says_what_an_absent_status_means(normaliser_for: Callable[..., Normaliser]) -> None:
    normaliser = normaliser_for(capabilities=Capabilities(absent_status=AbsentStatus.ACTIVE))
    absent, unknown = records(normaliser, USERS, {"sourcedId": "1"}, {"sourcedId": "2", "status": "odd"})
    assert [absent.status, unknown.status] == ["ACTIVE", "UNKNOWN"]


@pytest.mark.parametrize(
    ("metadata", "former"),
    [
        ({"ic.legacysourceId": "70412"}, ("70412",)),
        ({"ic.legacysourceId": 70412}, ("70412",)),
        ({"ic.legacysourceId": ["s1", "t1"]}, ("s1", "t1")),
        ({"ic.legacysourceId": None}, ()),
        ({"nested": {"ic.legacysourceId": "no"}}, ()),
        ({}, ()),
    ],
)
def test_former_ids_come_from_the_metadata_key_that_the_dialect_names(
    metadata: Any, former: tuple[str, ...], normaliser_for: Callable[..., Normaliser]
) -> None:
    normaliser = normaliser_for(former_id_metadata="ic.legacysourceId")
    (user,) = records(normaliser, USERS, {"sourcedId": "u", "metadata": metadata})
    assert user.former_sourced_ids == former


def test_metadata_is_kept_byte_for_byte_beside_odd_fields(normaliser: Normaliser) -> None:
    sent = b'{ "n": 1.10, "big": 12345678901234567890, "u": "\\u00e9" }'
    body = b'{"orgs":[{"sourcedId":1,"metadata":%b}]}' % sent
    assert normaliser.page(ENTITIES[ORGS], body).records[0].metadata == sent


def test_metadata_that_a_fixup_changes_is_written_anew(normaliser_for: Callable[..., Normaliser]) -> None:
    normaliser = normaliser_for(fixups={"orgs": lambda raw: {**raw, "metadata": {"moved": raw["name"]}}})
    (org,) = records(normaliser, ORGS, {"sourcedId": "o", "name": "Harbor", "metadata": {"x": 1}})
    assert org.metadata == b'{"moved":"Harbor"}'


def test_metadata_that_a_fixup_drops_is_gone(normaliser_for: Callable[..., Normaliser]) -> None:
    normaliser = normaliser_for(fixups={"orgs": lambda raw: {"sourcedId": raw["sourcedId"]}})
    (org,) = records(normaliser, ORGS, {"sourcedId": "o", "metadata": {"x": 1}})
    assert org.metadata is None


def test_shared_texts_are_the_same_object(normaliser: Normaliser) -> None:
    rows = [
        {
            "sourcedId": f"u-{i}",
            "role": "student",
            "orgs": [{"sourcedId": "o-1"}],
            "grades": ["09"],
            "givenName": "Noor",
        }
        for i in range(2)
    ]
    a, b = records(normaliser, USERS, *rows)
    (org,) = records(normaliser, ORGS, {"sourcedId": "o-1"})
    assert a.primary_org_id is b.primary_org_id is org.sourced_id
    assert a.grades is b.grades is a.grades_raw
    assert a.roles is b.roles
    assert a.given_name is b.given_name


def test_a_page_is_observed_at_one_moment(normaliser: Normaliser) -> None:
    a, b = records(normaliser, USERS, {"sourcedId": "1"}, {"sourcedId": "2"})
    assert a.provenance is b.provenance
    assert (a.source, a.observed_at) == ("springfield", 1_900_000_000.25)


@pytest.mark.parametrize("row", [{}, {"sourcedId": None}, {"sourcedId": ""}, {"sourcedId": "  "}, {"sourcedId": True}])
def test_a_record_without_a_usable_id_is_rejected(row: Any, normaliser: Normaliser) -> None:
    body = json.dumps({"users": [{"sourcedId": "u1"}, {"givenName": "Ada", **row}]}).encode()
    page = normaliser.page(ENTITIES[USERS], body)
    assert [r.sourced_id for r in page.records] == ["u1"]
    (rejected,) = page.rejected
    assert rejected == Rejected("springfield", "users", None, "sourcedId", rejected.rule)
    assert page.received == 2


@pytest.mark.parametrize("row", [{"sourcedId": 4012}, {"sourceID": "4012"}, {"sourcedID": 4012.0}])
def test_an_id_may_be_a_number_or_spelled_otherwise(row: Any, normaliser: Normaliser) -> None:
    assert records(normaliser, USERS, row)[0].sourced_id == "4012"


def test_one_odd_record_in_a_thousand_costs_that_record(normaliser: Normaliser) -> None:
    rows: list[Any] = [{"sourcedId": f"u{i}", "status": "active"} for i in range(1000)]
    rows[500] = "not a record"
    page = normaliser.page(ENTITIES[USERS], json.dumps({"users": rows}).encode())
    assert [r.sourced_id for r in page.records] == [f"u{i}" for i in range(1000) if i != 500]
    assert len(page.rejected) == 1
    assert page.received == 1000


ODD_TEXT = [
    ("half a surrogate pair", b'{"sourcedId":"u2","givenName":"\\ud83d"}'),
    ("half a surrogate pair in metadata", b'{"sourcedId":"u2","metadata":{"x":"\\ud83d"}}'),
    ("NaN", b'{"sourcedId":"u2","phone":NaN}'),
    ("Infinity", b'{"sourcedId":"u2","phone":-Infinity}'),
    ("bytes that are not UTF-8", b'{"sourcedId":"u2","givenName":"Ren\xe9"}'),
    ("bytes that are not UTF-8, in a field nobody reads", b'{"sourcedId":"u2","note":"Ren\xe9"}'),
    ("a number too large to hold", b'{"sourcedId":"u2","phone":1e999}'),
]


@pytest.mark.parametrize("odd", [o[1] for o in ODD_TEXT], ids=[o[0] for o in ODD_TEXT])
def test_a_record_that_is_no_readable_json_costs_itself(odd: bytes, normaliser: Normaliser) -> None:
    body = b'{"users":[{"sourcedId":"u1"},%b,{"sourcedId":"u3","metadata":{"k":"\\ud83d\\ude00"}}]}' % odd
    page = normaliser.page(ENTITIES[USERS], body)
    assert [r.sourced_id for r in page.records] == ["u1", "u3"]
    assert [r.collection for r in page.rejected] == ["users"]


def test_a_fixup_that_fails_costs_the_record(normaliser_for: Callable[..., Normaliser]) -> None:
    normaliser = normaliser_for(fixups={"users": lambda raw: {**raw, "email": raw["mail"]}})
    body = json.dumps({"users": [{"sourcedId": "u1", "mail": "a@x.example"}, {"sourcedId": "u2"}]}).encode()
    page = normaliser.page(ENTITIES[USERS], body)
    (user,) = page.records
    assert isinstance(user, User)
    assert user.email == "a@x.example"
    assert [r.sourced_id for r in page.rejected] == ["u2"]


def test_no_secret_survives_either_lane(normaliser_for: Callable[..., Normaliser]) -> None:
    secrets = {
        "password": "canary",
        "credentials": "canary",
        "userProfiles": [
            {"profileId": "p", "credentials": [{"type": "x", "username": "canary", "password": "canary"}]}
        ],
        "demographics": {"birthDate": "canary"},
    }
    rows: list[Any] = [{"sourcedId": "u", **secrets}, {"sourcedId": 5, **secrets}, {"givenName": "canary", **secrets}]
    body = json.dumps({"users": rows}).encode()
    for fixups in ({}, {"users": lambda raw: raw}):
        page = normaliser_for(fixups=fixups).page(ENTITIES[USERS], body)
        assert len(page.records) == 2
        assert "canary" not in repr(page)
