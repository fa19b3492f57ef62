"""Skyward, Synergy, PowerSchool, Aeries. Where little is known of one, it answers as the standard does.

Sources: vendors' help pages (Aeries support articles, PowerSchool UCHA, Skyward set-up guides) and public importers.
"""

from __future__ import annotations

from dataclasses import replace

from gateway.sandbox.ids import guid
from gateway.sandbox.kind import STANDARD_ROUTES, ClientCredentials, Kind
from gateway.sandbox.scope import children_of_family, copy_of, is_family
from gateway.sandbox.truth import Affiliation, Class, Demographics, District, Org, Session, User
from gateway.sandbox.wire import ROLES_1_1, Json, Persona, Wire


def _serial(district: District, collection: str, record_id: str) -> int:
    record = district.find(collection, record_id)
    return record.serial if record is not None else 99_000 + len(record_id)


# Student_, Guardian_ and Entity_ are seen by an importer, Teacher_ likewise; Staff_ is ours.
_SKYWARD_TYPES = {"student": "Student", "teacher": "Teacher", "guardian": "Guardian", "parent": "Guardian"}


def _skyward_type(role: str) -> str:
    return "Guardian" if role == "relative" else _SKYWARD_TYPES.get(role, "Staff")


def _skyward_ids(district: District, collection: str, record_id: str) -> str:
    serial = _serial(district, collection, record_id)
    if collection == "orgs":
        return f"Entity_{serial}"
    if collection == "users":
        user = district.find("users", record_id)
        return f"{_skyward_type(user.role) if user else 'Student'}_{serial}"
    return str(serial + 4000)


def _skyward_split(district: District, user: User) -> list[Persona]:
    """A person of two types is two records, as the type is part of the id."""
    by_type: dict[str, list[Affiliation]] = {}
    for held in user.roles:
        by_type.setdefault(_skyward_type(held.role), []).append(held)
    return [Persona(f"{type_}_{user.serial}", user, tuple(roles)) for type_, roles in by_type.items()]


def _skyward_knows(district: District, school: str | None) -> District:
    """Links are told by the guardian; teachers may lack identifier or any name; demographics cover others too."""
    known = copy_of(district)
    children = children_of_family(district)
    for n, user in enumerate(district.users):
        if user.has("student"):
            user = replace(user, agents=())
        elif is_family(user):
            user = replace(user, agents=tuple(children.get(user.id, ())))
        if user.has("teacher"):
            user = replace(user, identifier=None if user.serial % 2 else user.identifier)
            if user.serial % 5 == 1:
                user = replace(user, given="", family="")
            known.demographics.append(
                Demographics(id=user.id, serial=user.serial, modified=user.modified, birth=None, sex="female")
            )
        known.users[n] = user
    return known


SKYWARD = Kind(
    slug="skyward",
    provider="skyward",
    version="1.1",
    root="/api/ims/oneroster/v1p1",
    auth=ClientCredentials("/oauth/token", form=False),
    wire=Wire("1.1", ids=_skyward_ids, split=_skyward_split, roles=ROLES_1_1),
    prepare=_skyward_knows,
    max_limit=5000,  # the page size of one importer; no maximum is documented
    total_header=False,
    link=False,
    refused_token=500,  # "500 means re-authenticate" in one connector
    error="statusInfoSet",
)

SYNERGY = Kind(
    slug="synergy",
    provider="synergy",
    version="1.1",
    root="/ims/oneroster/v1p1",
    # Basic, and grant_type and scope in a form body; separate token URL (client). Nothing else is public.
    auth=ClientCredentials("/synergy/oauth/token", form=False, scope="required"),
    wire=Wire("1.1", roles=ROLES_1_1, text_booleans=False),
    error="statusInfoSet",
)


def _powerschool_ids(district: District, collection: str, record_id: str) -> str:
    """One UUID per installation with a suffix, `-S-{n}` for students; blanks around some ids (importer)."""
    serial = _serial(district, collection, record_id)
    suffix = str(serial)
    if collection == "users":
        user = district.find("users", record_id)
        suffix = f"S-{serial}" if user is not None and user.has("student") else f"U-{serial}"
    made = f"{guid(district.seed, 'installation', 1)}-{suffix}"
    return f" {made} " if collection == "users" and serial % 3 == 0 else made


def _powerschool_user(district: District, made: Json, user: User) -> Json:
    optional = ("middleName", "email", "agents", "phone", "sms", "username", "identifier", "userIds", "metadata")
    return {**dict.fromkeys(optional), **made}


POWERSCHOOL = Kind(
    slug="powerschool",
    provider="powerschool",
    version="1.1",
    root="/api/ims/oneroster/v1p1",  # one adapter document; unverified
    # Credentials in the form body, not Basic (UCHA page).
    auth=ClientCredentials("/as/token.oauth2", basic=False),
    wire=Wire(
        "1.1",
        ids=_powerschool_ids,
        roles=ROLES_1_1,
        text_booleans=False,
        fixes={
            "users": _powerschool_user,
            "orgs": lambda district, made, org: {**dict.fromkeys(("parent", "children", "metadata")), **made},
            "classes": lambda district, made, taught: {**dict.fromkeys(("course", "location")), **made},
            "enrollments": lambda district, made, enrollment: {
                **dict.fromkeys(("primary", "beginDate", "endDate")),
                **made,
            },
        },
    ),
    error="statusInfoSet",
)


def _aeries_ids(district: District, collection: str, record_id: str) -> str:
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


def _aeries_knows(district: District, school: str | None) -> District:
    """Only students with a current class enrollment are returned."""
    known = copy_of(district)
    known.users = [u for u in district.users if not u.has("student") or district.has_current_class(u.id)]
    there = {user.id for user in known.users}
    known.enrollments = [enrollment for enrollment in district.enrollments if enrollment.user in there]
    known.demographics = [record for record in district.demographics if record.id in there]
    return known


def _aeries_class(district: District, made: Json, taught: Class) -> Json:
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
        ids=_aeries_ids,
        roles=ROLES_1_1,
        href="~/ims/oneroster/v1p1",
        fixes={
            "orgs": lambda district, made, org: (
                {**dict.fromkeys(("identifier", "parent", "metadata")), **made}
                | ({"identifier": None} if org.type == "district" else {})
            ),
            "users": lambda district, made, user: {"metadata": None, "identifier": None, **made},
            "classes": _aeries_class,
            # always `term` (data mapping article)
            "academicSessions": lambda district, made, session: {
                "metadata": None,
                "parent": None,
                **made,
                "type": "term",
            },
        },
    ),
    prepare=_aeries_knows,
    # Marked unavailable for Aeries in one client.
    routes=STANDARD_ROUTES - {"schools/{id}/classes", "schools/{id}/courses", "schools/{id}/terms"},
    error="statusInfoSet",
)
