"""The two lanes give equal records for every shape that the standard's types allow, in either version's fields."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.dialect import Dialect, Version
from adapters.endpoints import ENTITIES, Collection
from adapters.normalise import Normaliser
from adapters.normalise.normaliser import STEP
from adapters.normalise.typed import SHAPES

TEXT = st.one_of(st.none(), st.text(max_size=8))
ID = st.text(min_size=1, max_size=8).filter(lambda t: bool(t.strip()))
FLAG = st.one_of(
    st.none(), st.booleans(), st.sampled_from(["true", "false", "True", "F", "", "maybe"]), st.integers(0, 2)
)
DATE = st.one_of(
    st.none(),
    st.dates().map(str),
    st.sampled_from(["2031-02-30", "soon", "", "2031-02-03T23:59:00-05:00", " 2031-02-03 "]),
)
INSTANT = st.one_of(
    st.none(),
    st.datetimes().map(lambda d: d.isoformat() + "Z"),
    st.datetimes().map(lambda d: d.isoformat(timespec="milliseconds") + "Z"),
    st.datetimes().map(lambda d: d.isoformat(" ", "minutes") + "+02:00"),
    st.sampled_from(["2031-02-03", "2031-W05-1T00:00:00.000Z", "yesterday", ""]),
)
STATUS = st.sampled_from(["active", "tobedeleted", "ToBeDeleted", "To Be Deleted", "inactive", "gone", "", None])
TEXTS = st.one_of(st.none(), st.lists(st.text(max_size=4), max_size=3), st.sampled_from(["", "09", "09, 10,"]))
REF = st.one_of(
    st.none(),
    st.builds(
        lambda i, rest: {"sourcedId": i, **rest}, st.text(max_size=6), st.sampled_from([{}, {"href": None, "type": 1}])
    ),
)
REFS = st.one_of(st.none(), st.lists(REF.filter(bool), max_size=3))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=5,
)


def role(word: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    fields = {"role": word, "roleType": st.sampled_from(["primary", "Secondary", "third", None]), "org": REF}
    return st.fixed_dictionaries({}, optional={**fields, "beginDate": DATE, "endDate": DATE, "userProfile": TEXT})


ROLE = st.sampled_from(["student", "teacher", "siteAdministrator", "Site Administrator", "ext:coach", "", None])
PROFILE = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("profileId", "profileType", "vendorId", "applicationId", "description"), TEXT),
        "credentials": st.just([{"type": "x", "username": "u", "password": "p"}]),
    },
)
USER_ID = st.fixed_dictionaries({"identifier": st.text(max_size=4)}, optional={"type": TEXT})
NAMES = (
    *("givenName", "familyName", "middleName", "preferredFirstName", "preferredMiddleName", "preferredLastName"),
    *("pronouns", "username", "email", "sms", "phone", "identifier", "userMasterIdentifier", "password"),
)
RACES = (
    *("americanIndianOrAlaskaNative", "asian", "blackOrAfricanAmerican", "nativeHawaiianOrOtherPacificIslander"),
    *("white", "demographicRaceTwoOrMoreRaces", "hispanicOrLatinoEthnicity"),
)
BIRTH = ("countryOfBirthCode", "stateOfBirthAbbreviation", "cityOfBirth", "publicSchoolResidenceStatus")

NUMBER = st.one_of(
    st.none(),
    st.integers(-5, 10**6),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["7.5", "x", ""]),
)
AIMS = st.lists(st.fixed_dictionaries({}, optional={"source": TEXT, "learningObjectiveIds": TEXTS}), max_size=2)
REACHED = st.fixed_dictionaries({}, optional={"learningObjectiveId": TEXT, "score": NUMBER, "textScore": TEXT})
REACHED_SETS = st.lists(
    st.fixed_dictionaries({}, optional={"source": TEXT, "learningObjectiveResults": st.lists(REACHED, max_size=2)}),
    max_size=2,
)
STEP_OF_SCALE = st.fixed_dictionaries({}, optional=dict.fromkeys(("itemValueLHS", "itemValueRHS"), TEXT))
MARKS = {
    **dict.fromkeys(("student", "scoreScale"), REF),
    "scoreStatus": st.sampled_from(["fully graded", "fullyGraded", "Submitted", "ext:x", "", None]),
    "score": NUMBER,
    **dict.fromkeys(("textScore", "comment"), TEXT),
    "scoreDate": DATE,
    **dict.fromkeys(("inProgress", "incomplete", "late", "missing"), FLAG),
    "learningObjectiveSet": REACHED_SETS,
}

FIELDS: dict[Collection, dict[str, st.SearchStrategy[Any]]] = {
    Collection.ORGS: {
        "name": TEXT,
        "type": st.sampled_from(["school", "District", "departments", None]),
        "identifier": TEXT,
        "parent": REF,
        "children": REFS,
    },
    Collection.ACADEMIC_SESSIONS: {
        "title": TEXT,
        "startDate": DATE,
        "endDate": DATE,
        "type": st.sampled_from(["gradingPeriod", "grading_period", "schoolYear", "week", None]),
        "parent": REF,
        "children": REFS,
        "schoolYear": st.one_of(st.integers(0, 3000), TEXT),
        "org": REF,
    },
    Collection.COURSES: {
        **dict.fromkeys(("title", "courseCode"), TEXT),
        **dict.fromkeys(("grades", "subjects", "subjectCodes"), TEXTS),
        **dict.fromkeys(("org", "schoolYear"), REF),
        **dict.fromkeys(("orgs", "resources"), REFS),
    },
    Collection.CLASSES: {
        **dict.fromkeys(("title", "classCode", "location"), TEXT),
        "classType": st.sampled_from(["homeroom", "scheduled", "lab", None]),
        **dict.fromkeys(("grades", "subjects", "subjectCodes", "periods"), TEXTS),
        **dict.fromkeys(("course", "school", "org"), REF),
        **dict.fromkeys(("terms", "resources"), REFS),
    },
    Collection.USERS: {
        **dict.fromkeys(NAMES, TEXT),
        "enabledUser": FLAG,
        "userIds": st.lists(USER_ID, max_size=2),
        **dict.fromkeys(("grades", "orgSourcedIds", "agentSourceIds", "agentSourcedIds"), TEXTS),
        "role": ROLE,
        **dict.fromkeys(("orgs", "agents", "resources"), REFS),
        "roles": st.lists(role(ROLE), max_size=2),
        "primaryOrg": REF,
        "userProfiles": st.lists(PROFILE, max_size=2),
    },
    Collection.ENROLLMENTS: {
        "role": ROLE,
        "primary": FLAG,
        **dict.fromkeys(("beginDate", "endDate"), DATE),
        **dict.fromkeys(("user", "class", "school", "course"), REF),
    },
    Collection.DEMOGRAPHICS: {
        **dict.fromkeys(("birthDate", "birthdate"), DATE),
        "sex": st.sampled_from(["male", "Female", "other", "unspecified", "ext:x", None]),
        **dict.fromkeys(RACES, FLAG),
        **dict.fromkeys(BIRTH, TEXT),
    },
    Collection.CATEGORIES: {"title": TEXT, "weight": NUMBER},
    Collection.LINE_ITEMS: {
        **dict.fromkeys(("title", "description"), TEXT),
        **dict.fromkeys(("assignDate", "dueDate"), INSTANT),
        **dict.fromkeys(("class", "school", "category", "gradingPeriod", "academicSession", "scoreScale"), REF),
        **dict.fromkeys(("resultValueMin", "resultValueMax"), NUMBER),
        "learningObjectiveSet": AIMS,
    },
    Collection.RESULTS: {**MARKS, **dict.fromkeys(("lineItem", "class"), REF)},
    Collection.SCORE_SCALES: {
        **dict.fromkeys(("title", "type"), TEXT),
        **dict.fromkeys(("course", "class"), REF),
        "scoreScaleValue": st.lists(STEP_OF_SCALE, max_size=2),
    },
    Collection.ASSESSMENT_LINE_ITEMS: {
        **dict.fromkeys(("title", "description"), TEXT),
        **dict.fromkeys(("class", "parentAssessmentLineItem", "scoreScale"), REF),
        **dict.fromkeys(("resultValueMin", "resultValueMax"), NUMBER),
        "learningObjectiveSet": AIMS,
    },
    Collection.ASSESSMENT_RESULTS: {**MARKS, "assessmentLineItem": REF, "scorePercentile": NUMBER},
    Collection.RESOURCES: {
        **dict.fromkeys(("title", "vendorResourceId", "vendorId", "applicationId"), TEXT),
        **dict.fromkeys(("role", "roles"), TEXTS),
        "importance": st.sampled_from(["primary", "Secondary", "third", None]),
    },
}


def wire_records(collection: Collection) -> st.SearchStrategy[list[dict[str, Any]]]:
    record = st.fixed_dictionaries(
        {"sourcedId": ID},
        optional={
            "status": STATUS,
            "dateLastModified": INSTANT,
            "metadata": st.one_of(JSON, st.dictionaries(st.text(max_size=5), JSON, min_size=1, max_size=3)),
            "unknownProperty": JSON,
            **FIELDS[collection],
        },
    )
    return st.lists(record, max_size=4)


def normaliser(collection: Collection, version: Version, *, lenient: bool) -> Normaliser:
    """One whose dialect has a fix-up that fixes nothing goes record by record, without the standard's types."""
    dialect = Dialect(
        name="plain",
        version=version,
        title="Plain",
        docs="",
        base_path="",
        fixups={collection.value: lambda raw: raw} if lenient else {},
        former_id_metadata="a",
    )
    return Normaliser("springfield", dialect, clock=lambda: 1.0)


@pytest.mark.parametrize("version", list(Version))
@pytest.mark.parametrize("collection", list(Collection))
def test_both_lanes_give_the_same_records(collection: Collection, version: Version) -> None:
    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
    @given(wire_records(collection), st.booleans())
    def check(rows: list[dict[str, Any]], ascii_only: bool) -> None:
        body = json.dumps({collection.value: rows}, ensure_ascii=ascii_only).encode()
        assert len(SHAPES[collection].page.decode(body).records) == len(rows), "the typed lane takes this page"
        entity = ENTITIES[collection]
        typed = normaliser(collection, version, lenient=False).page(entity, body)
        lenient = normaliser(collection, version, lenient=True).page(entity, body)
        assert typed == lenient
        assert typed.received == len(rows) == len(typed.records)
        assert [r.sourced_id for r in typed.records] == [r["sourcedId"] for r in rows]

    check()


@pytest.mark.parametrize("lenient", [False, True])
def test_a_large_page_is_read_in_steps_and_keeps_its_order(lenient: bool) -> None:
    names = [f"u{n}" for n in range(2 * STEP + 1)]
    body = json.dumps({"users": [{"sourcedId": name} for name in names]}).encode()
    reader = normaliser(Collection.USERS, Version.V1P2, lenient=lenient)
    assert len(list(reader.page_by_steps(ENTITIES[Collection.USERS], body))) == 3
    assert [r.sourced_id for r in reader.page(ENTITIES[Collection.USERS], body).records] == names


@pytest.mark.parametrize("collection", list(Collection))
def test_every_declared_field_reaches_the_lenient_lane(collection: Collection) -> None:
    """A wire field without a lenient reader would be lost there without a word."""
    from adapters.normalise.lenient import _plan

    kind = SHAPES[collection].kind
    _, readers = _plan(kind)
    assert ["sourcedId", "metadata", *readers] == [f.encode_name for f in msgspec.structs.fields(kind)]
