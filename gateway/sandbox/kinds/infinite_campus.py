"""Infinite Campus, OneRoster 1.1 and 1.2.

Sources: Infinite Campus knowledge base (OneRoster Prerequisites, Data Models 1.1 and 1.2, What's new in 1.2,
Troubleshooting, Guidelines for API Consumers); behaviour seen by public clients is marked so.
"""

from __future__ import annotations

from typing import Any

from gateway.sandbox.filters import Grammar
from gateway.sandbox.ids import guid
from gateway.sandbox.kind import ALL_1_1, ALL_1_2, ClientCredentials, Kind
from gateway.sandbox.truth import ACTIVE, Affiliation, Category, District, Enrollment, User
from gateway.sandbox.wire import Json, Persona, Wire, serial_of

# Token URL with ?appName=, Basic; the body is a form, one client sends everything in the query (clients). What may be
# read is decided by the district's "Data to Share", not by the scope (knowledge base, Troubleshooting).
_TOKEN = ClientCredentials(
    "/campus/oauth2/token", query={"appName": "{app}"}, parameters_in_query=True, scope="ignored", form=False
)

# Documented pages disagree on `administrator` in 1.2: people with an SIS security role, or non-teacher staff. A
# counselor's flag is one of the ways to become one (Data Models).
_ADMINISTRATORS = {
    "districtAdministrator": "administrator",
    "siteAdministrator": "administrator",
    "systemAdministrator": "administrator",
    "principal": "administrator",
    "counselor": "administrator",
}
# Guardian and Portal make a `guardian`, Portal alone a `relative` (Data Model 1.1): there is no `parent`.
_ROLES_1_2 = {**_ADMINISTRATORS, "parent": "guardian"}
_ROLES_1_1 = {**_ROLES_1_2, "aide": "administrator", "proctor": "administrator"}


def _number(district: District, collection: str, record_id: str) -> str:
    """The native key: a number (Troubleshooting 1.1)."""
    return str(serial_of(district, collection, record_id) + 70_000)


def _ids(district: District, collection: str, record_id: str) -> str:
    if collection in ("orgs", "users"):  # upper-case GUIDs in the filters of 1.2 clients
        record = district.find(collection, record_id)
        return guid(district.seed, collection, record.serial if record else record_id).upper()
    if collection == "categories":  # there is no native key (Troubleshooting 1.1)
        return "00000000-0000-0000-0000-000000000000"
    number = _number(district, collection, record_id)
    if collection == "enrollments":  # roster id or staff history id
        return ("s" if district.enrollment(record_id).role == "student" else "t") + number
    return number


# `s` and `t` are documented; the other letters are not. `+` occurs in real ids (vendor help page).
_LETTERS = {"student": "s", "teacher": "t", "administrator": "a", "guardian": "g", "relative": "r"}


def _one_per_role(district: District, user: User) -> list[Persona]:
    """1.1: one user record per role, with the role's letter before the number (What's new in 1.2)."""
    by_role: dict[str, list[Affiliation]] = {}
    for held in user.roles:
        by_role.setdefault(_ROLES_1_1.get(held.role, held.role), []).append(held)
    number = _number(district, "users", user.id)
    personas = []
    for role, roles in by_role.items():
        plus = "+" if role == "student" and user.serial % 7 == 0 else ""
        personas.append(Persona(f"{_LETTERS[role]}{plus}{number}", user, tuple(roles)))
    return personas


def _status(district: District, record: Any) -> str:
    """A student enrollment whose end date has passed is `ToBeDeleted`, in mixed case (Prerequisites)."""
    ended = (
        isinstance(record, Enrollment)
        and record.role == "student"
        and record.last_day is not None
        and record.last_day < district.today
    )
    return "ToBeDeleted" if ended or record.status != ACTIVE else ACTIVE


def _legacy_id(district: District, made: Json, user: User) -> Json:
    """1.2: the 1.1 id without its letter stays in the metadata (What's new in 1.2)."""
    metadata = {**made.get("metadata", {}), "ic.legacysourceId": _number(district, "users", user.id)}
    return {**made, "metadata": metadata, "grades": made.get("grades")}


def _other_phone(district: District, made: Json, user: User) -> Json:
    """1.1 publishes the other phone only, not the cell (What's new in 1.2)."""
    return {name: value for name, value in made.items() if name != "sms"}


def _demographics(district: District, made: Json, record: Any) -> Json:
    """The person's GUID, not the user's id (Troubleshooting 1.1, native keys)."""
    return {**made, "sourcedId": guid(district.seed, "users", record.serial).upper()}


# `school.sourcedId` is seen to work on classes. For enrollments there is no evidence either way.
_DOTTED = {
    "classes": frozenset({"school.sourcedId", "course.sourcedId"}),
    "enrollments": frozenset({"school.sourcedId", "user.sourcedId", "class.sourcedId"}),
}


def _only_category(district: District, category: Category) -> bool:
    """All of them have one id: one is told."""
    return category.serial == 1


# Besides the bearer token, `{vendorKey}:{vendorSecret}` (Connecting to OneRoster Grade Book Endpoints).
_GRADEBOOK_HEADER = "x-vendor-authorization"

V1P1 = Kind(
    slug="infinite-campus-1.1",
    provider="infinite-campus",
    version="1.1",
    # by analogy with 1.2; unverified
    root="/campus/api/oneroster/v1p1/{app}/ims/oneroster/v1p1",
    auth=_TOKEN,
    wire=Wire(
        "1.1",
        ids=_ids,
        split=_one_per_role,
        roles=_ROLES_1_1,
        status_of=_status,
        # A username is required for a person to appear at all (Data Model 1.1).
        keep={"users": lambda district, user: user.username is not None, "categories": _only_category},
        fixes={"users": _other_phone, "demographics": _demographics},
    ),
    grammar=Grammar(dotted=_DOTTED),
    routes=ALL_1_1,
    gradebook_header=_GRADEBOOK_HEADER,
    max_limit=50_000,  # since release Campus.1645
    error="statusInfoSet",
)

V1P2 = Kind(
    slug="infinite-campus-1.2",
    provider="infinite-campus",
    version="1.2",
    root="/campus/api/oneroster/v1p2/{app}/ims/oneroster/rostering/v1p2",
    auth=_TOKEN,
    wire=Wire(
        "1.2",
        ids=_ids,
        roles=_ROLES_1_2,
        status_of=_status,
        keep={"categories": _only_category},
        fixes={"users": _legacy_id},
    ),
    # Filtering users by role is refused with invalid_filter_field (two clients).
    grammar=Grammar(dotted=_DOTTED, refused=frozenset({("users", "role"), ("users", "roles.role")})),
    routes=ALL_1_2,
    gradebook_header=_GRADEBOOK_HEADER,
    max_limit=50_000,
)
