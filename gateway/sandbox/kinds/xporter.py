"""Xporter (Groupcall), OneRoster 1.1: the school-scoped API and the generic one.

Source: Xporter documentation, "OneRoster v1.1 API" pages. Not stated there: whether counts or single reads exist (here
they do not), and in which form a class names its course and school (here as `sourceID` objects).
"""

from __future__ import annotations

from dataclasses import replace

from gateway.sandbox.filters import Grammar
from gateway.sandbox.kind import ClientCredentials, Kind
from gateway.sandbox.scope import one_school
from gateway.sandbox.truth import Class, Course, District, User
from gateway.sandbox.wire import ROLES_1_1, Json, Wire

_USER_ALWAYS = ("sourcedId", "status", "dateLastModified", "username", "givenName", "familyName", "identifier", "role")
_USER_MAYBE = ("email", "middleName", "sms", "phone", "enabledUser", "userIds")
_CLASS = ("sourcedId", "status", "dateLastModified", "title", "classCode", "classType")


def _user(district: District, made: Json, user: User) -> Json:
    """`orgSourcedIds` are plain strings; `grades` has one element, the year number without a zero."""
    wire = {name: made.get(name) for name in _USER_ALWAYS}
    wire |= {name: made[name] for name in _USER_MAYBE if name in made}
    wire["orgSourcedIds"] = [org["sourcedId"] for org in made["orgs"]]
    if "grades" in made:
        wire["grades"] = [made["grades"][0].replace("KG", "0").lstrip("0") or "0"]
    return wire


def _class(district: District, made: Json, taught: Class) -> Json:
    """References of a class are spelt `sourceID`; terms carry the type `academicSession`."""
    wire = {name: made[name] for name in _CLASS}
    for name in ("course", "school"):
        if name in made:
            wire[name] = {"sourceID": made[name]["sourcedId"]}
    if made["terms"]:
        wire["terms"] = [{"sourceID": term["sourcedId"], "type": "academicSession"} for term in made["terms"]]
    return wire


def _course(district: District, made: Json, course: Course) -> Json:
    return {name: value for name, value in made.items() if name not in ("metadata", "schoolYear")}


SCHOOL = Kind(
    slug="xporter",
    provider="xporter",
    version="1.1",
    root="/api/ims/oneroster/v1p1/school",
    # Basic, user name `relyingParty|establishment`, no body in the example; 3600 s.
    auth=ClientCredentials("/api/ims/oneroster/v1p1/school/auth/token", form=False, scope="ignored", empty_body=True),
    client_id="sandbox-rp|10001",
    wire=Wire("1.1", roles=ROLES_1_1, href=None, fixes={"users": _user, "classes": _class, "courses": _course}),
    prepare=one_school,  # one token is one school
    # Joined with lower-case `and` in the examples (any case is taken); OR and ~ are not listed.
    grammar=Grammar(
        operators=frozenset({"=", "!=", ">", ">=", "<", "<="}),
        joints=frozenset({"AND"}),
        any_case=True,
        dotted={
            "classes": frozenset({"school.sourcedId"}),
            "users": frozenset(),
            "enrollments": frozenset({"class.sourcedId", "school.sourcedId", "user.sourcedId"}),
        },
    ),
    # Collections only; no students, teachers, schools, terms, demographics, single or nested routes are listed.
    routes=frozenset({"orgs", "users", "academicSessions", "classes", "courses", "enrollments"}),
    default_limit=None,  # without limit every row
    max_limit=None,
    total_header=False,
    link=False,
    selects=False,
    error="statusInfoSet",
)

GENERIC = replace(
    SCHOOL,
    slug="xporter-generic",
    provider="xporter-generic",
    root="/api/ims/oneroster/v1p1",
    auth=ClientCredentials("/api/ims/oneroster/v1p1/token", form=False, scope="ignored", empty_body=True),
    client_id="sandbox-client",
    prepare=None,
    # One `status='x'` is understood, anything else is not applied; /enrollments ignores the filter completely.
    grammar=Grammar(clauses=1, dotted={}, status_only=True, blind=frozenset({"enrollments"})),
    sorts=False,
)
