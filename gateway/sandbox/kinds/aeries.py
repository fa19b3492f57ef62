"""Aeries, OneRoster 1.1. Sources: Aeries support articles (authentication, endpoints, data mapping, sync)."""

from __future__ import annotations

from gateway.sandbox.kind import GRADEBOOK_1_1, STANDARD_ROUTES, ClientCredentials, Kind
from gateway.sandbox.scope import copy_of, is_family
from gateway.sandbox.truth import Class, District, Org, Session, User
from gateway.sandbox.wire import ROLES_1_1, Json, Wire


def _ids(district: District, collection: str, record_id: str) -> str:
    """Composite ids; the district org is "0", staff ids start with TCH_ (data mapping article)."""
    record = district.find(collection, record_id)
    if record is None:
        return f"0_{record_id}"
    match record:
        case Org():
            return "0" if record.type == "district" else record.identifier
        case Session():
            return f"{district.schools[0].identifier}_{record.serial}"
        case Class():
            school = district.org(record.school).identifier
            return f"{school}_TN_{record.serial}" if record.course is None else f"{school}_{record.serial}"
        case User():
            staff = not record.has("student") and not is_family(record)
            return f"TCH_{record.serial}" if staff or record.has("teacher") else str(record.serial + 99_400_000)
    return str(record.serial)


def _knows(district: District, school: str | None) -> District:
    """Only students with a current class enrollment are returned."""
    known = copy_of(district)
    known.users = [u for u in district.users if not u.has("student") or district.has_current_class(u.id)]
    there = {user.id for user in known.users}
    known.enrollments = [enrollment for enrollment in district.enrollments if enrollment.user in there]
    known.demographics = [record for record in district.demographics if record.id in there]
    return known


def _class(district: District, made: Json, taught: Class) -> Json:
    """An elementary class may have a blank title and the period 0."""
    blank = {"title": "", "periods": ["0"]} if taught.course is None and taught.serial % 4 == 1 else {}
    return {"metadata": None, **made, **blank}


AERIES = Kind(
    slug="aeries",
    provider="aeries",
    version="1.1",
    root="/aeries/ims/oneroster/v1p1",
    # {base}/token, base being the site; served below the API root too, as the article can be read both ways. A scope is
    # mandatory, and the answer's cookies must be sent later (authentication article).
    auth=ClientCredentials(
        "/aeries/token",
        other_paths=("/aeries/ims/oneroster/v1p1/token",),
        scope="required",
        cookie="AeriesAffinity",
        token_type="bearer",
    ),
    token_seconds=21_600,
    wire=Wire(
        "1.1",
        ids=_ids,
        roles=ROLES_1_1,
        href="~/ims/oneroster/v1p1",
        fixes={
            "orgs": lambda district, made, org: (
                {**dict.fromkeys(("identifier", "parent", "metadata")), **made}
                | ({"identifier": None} if org.type == "district" else {})
            ),
            "users": lambda district, made, user: {"metadata": None, "identifier": None, **made},
            "classes": _class,
            # always `term` (data mapping article)
            "academicSessions": lambda district, made, session: {
                "metadata": None,
                "parent": None,
                **made,
                "type": "term",
            },
        },
    ),
    prepare=_knows,
    # Marked unavailable for Aeries in one client. No resources service (authentication article).
    routes=(STANDARD_ROUTES | GRADEBOOK_1_1) - {"schools/{id}/classes", "schools/{id}/courses", "schools/{id}/terms"},
    error="statusInfoSet",
)
