"""Alpha's Partner API and TimeBack's OneRoster service, two surfaces of one platform.

Sources: Alpha 1EdTech "Rostering API" and partner developer guide; TimeBack's published OpenAPI and public clients.
"""

from __future__ import annotations

from typing import Any

from gateway.sandbox.filters import STANDARD_OPERATORS, Grammar
from gateway.sandbox.ids import guid
from gateway.sandbox.kind import ALL_1_2, ClientCredentials, Kind
from gateway.sandbox.truth import ACTIVE, Class, Course, District, Enrollment, Session, User
from gateway.sandbox.wire import ROLES_1_1, Json, Wire

_SPANS = ("term", "semester")


def _ids(district: District, collection: str, record_id: str) -> str:
    """UUIDs, made by the client that wrote the record."""
    record = district.find(collection, record_id)
    return guid(district.seed, collection, record.serial if record is not None else record_id)


def _loose(made: Json, serial: int) -> Json:
    """The page's field tables and its list of required fields disagree on `status`; here every third goes without."""
    if serial % 3 or made["status"] != ACTIVE:
        return made
    return {name: value for name, value in made.items() if name not in ("status", "dateLastModified")}


def _user(district: District, made: Json, user: User) -> Json:
    """Roles come without a roleType in the examples."""
    roles = [{name: value for name, value in role.items() if name != "roleType"} for role in made["roles"]]
    return _loose({**made, "roles": roles}, user.serial)


def _class(district: District, made: Json, taught: Class) -> Json:
    """The school stands under `org`; `terms` may be empty, and holds terms only: there are no other sessions."""
    terms = [
        ref
        for ref, session in zip(made["terms"], taught.terms, strict=True)
        if (found := district.find("academicSessions", session)) is not None and found.type in _SPANS
    ]
    wire = {name: value for name, value in made.items() if name != "school"}
    return _loose({**wire, "org": made["school"], "terms": terms}, taught.serial)


def _course(district: District, made: Json, course: Course) -> Json:
    return {name: value for name, value in made.items() if name != "schoolYear"}


def _term(district: District, made: Json, session: Session) -> Json:
    return _loose({n: v for n, v in made.items() if n not in ("parent", "children")}, session.serial)


def _enrollment(district: District, made: Json, enrollment: Enrollment) -> Json:
    """Items carry `course` beside user, class and school."""
    taught = district.find("classes", enrollment.class_id)
    if taught is None or taught.course is None:
        return made
    return {**made, "course": {"sourcedId": _ids(district, "courses", taught.course)}}


PARTNER = Kind(
    slug="alpha",
    provider="alpha",
    version="1.2",
    root="/rostering/1.0",
    # Basic and form, or id and secret in a JSON or form body (partner guide).
    auth=ClientCredentials("/auth/1.0/token", json=True, short_scopes=True),
    wire=Wire(
        "1.2",
        ids=_ids,
        href=None,
        typed_refs=False,
        session_types={"semester": "term"},
        fixes={
            "users": _user,
            "classes": _class,
            "courses": _course,
            "academicSessions": _term,
            "enrollments": _enrollment,
        },
    ),
    grammar=Grammar(
        clauses=10,  # AND and OR are documented without a number; ours
        folded_contains=True,
        dotted={
            "enrollments": frozenset({"course.sourcedId", "class.sourcedId", "user.sourcedId"}),
            "classes": frozenset({"course.sourcedId"}),
        },
    ),
    routes=frozenset(
        {
            "users",
            "users/{id}",
            "users/{id}/enrollments",
            "users/{id}/agents",
            "users/{id}/linked-users",
            "courses",
            "courses/{id}",
            "classes",
            "classes/{id}",
            "classes/{id}/enrollments",
            "enrollments",
            "enrollments/{id}",
            "orgs",
            "orgs/{id}",
            "terms",
        }
    ),
    keys={"terms": "terms"},
    bare=frozenset({"users", "courses", "enrollments", "orgs"}),  # a single class is documented as wrapped
    total_header=False,  # not documented
    link=False,
    body_totals="alpha",
    searches=True,
)

_NULLABLE: dict[str, tuple[str, ...]] = {
    "users": (
        "userMasterIdentifier", "username", "middleName", "identifier", "email", "preferredFirstName",
        "preferredMiddleName", "preferredLastName", "pronouns", "password", "sms", "phone",
    ),
    "classes": ("classCode", "location", "course"),
    "courses": ("schoolYear", "courseCode"),
    "enrollments": ("primary", "beginDate", "endDate"),
    "academicSessions": ("parent",),
    "orgs": ("parent",),
    "demographics": (
        "birthDate", "sex", "countryOfBirthCode", "stateOfBirthAbbreviation", "cityOfBirth",
        "publicSchoolResidenceStatus",
    ),
    "categories": ("weight",),
    "lineItems": ("description", "scoreScale", "resultValueMin", "resultValueMax", "learningObjectiveSet"),
    "results": ("score", "textScore", "comment", "scoreScale", "inProgress", "incomplete", "late", "missing"),
    "resources": ("importance", "vendorId", "applicationId"),
}  # fmt: skip


def _with_nulls(collection: str, made: Json) -> Json:
    """Many fields are nullable and sent so (OpenAPI)."""
    return {**dict.fromkeys(_NULLABLE[collection]), **made}


def _tb_user(district: District, made: Json, user: User) -> Json:
    """`agents` and `userProfiles` are required."""
    return {"userIds": [], "agents": [], "grades": [], "userProfiles": [], **_with_nulls("users", made)}


def _tb_session(district: District, made: Json, session: Session) -> Json:
    """`org` is required beyond the standard, `schoolYear` is a number."""
    org = {"sourcedId": _ids(district, "orgs", district.district_org.id), "type": "org"}
    org["href"] = f"https://timeback.example/ims/oneroster/rostering/v1p2/orgs/{org['sourcedId']}"
    return {"children": None, **_with_nulls("academicSessions", made), "schoolYear": session.school_year, "org": org}


def _tb_enrollment(district: District, made: Json, enrollment: Enrollment) -> Json:
    """References may carry a name."""
    wire = _with_nulls("enrollments", made)
    user = district.find("users", enrollment.user)
    if user is not None and enrollment.serial % 2:
        wire["user"] = {**wire["user"], "name": f"{user.given} {user.family}"}
    return wire


def _tb_marks(district: District, made: Json, result: Any) -> Json:
    """`scoreDate` is a date and time (OpenAPI)."""
    return {**dict.fromkeys(_NULLABLE["results"]), **made, "scoreDate": f"{made['scoreDate']}T00:00:00.000Z"}


def _nulls(collection: str) -> Any:
    return lambda district, made, record: _with_nulls(collection, made)


TIMEBACK = Kind(
    slug="timeback",
    provider="timeback",
    version="1.2",
    root="/ims/oneroster/rostering/v1p2",
    # Cognito: id and secret in a form body, no Basic, no scope (client).
    auth=ClientCredentials("/oauth2/token", basic=False, scope="ignored"),
    wire=Wire(
        "1.2",
        ids=_ids,
        roles=ROLES_1_1,  # the role vocabulary is that of 1.1 (OpenAPI)
        fixes={
            "users": _tb_user,
            "academicSessions": _tb_session,
            "enrollments": _tb_enrollment,
            "classes": _nulls("classes"),
            "courses": _nulls("courses"),
            "demographics": _nulls("demographics"),
            "orgs": lambda district, made, record: {"children": None, **_with_nulls("orgs", made)},
            "categories": _nulls("categories"),
            "lineItems": _nulls("lineItems"),
            "results": _tb_marks,
            "assessmentResults": _tb_marks,
            "resources": _nulls("resources"),
        },
    ),
    # `@` is in-list; at most one AND or OR; "filtering by nested relations is not supported" (OpenAPI).
    grammar=Grammar(operators=STANDARD_OPERATORS | {"@"}, folded_contains=True, dotted={}),
    routes=ALL_1_2,
    resources_below="resources",  # /resources/classes/{id}/resources in its OpenAPI
    max_limit=3000,
    over_limit="refuse",  # the OpenAPI declares a maximum; what is answered beyond it is not said
    slash=True,  # collection paths end with a slash in the specification
    total_header=False,
    link=False,
    body_totals="timeback",
    searches=True,
)
