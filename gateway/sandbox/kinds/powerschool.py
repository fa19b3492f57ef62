"""PowerSchool, OneRoster 1.1, mostly as the standard answers.

Sources: PowerSchool UCHA documentation "OneRoster" for the token; public importers for ids and nulls.
"""

from __future__ import annotations

from gateway.sandbox.ids import guid
from gateway.sandbox.kind import ALL_1_1, ClientCredentials, Kind
from gateway.sandbox.truth import District, User
from gateway.sandbox.wire import ROLES_1_1, Json, Wire, serial_of


def _ids(district: District, collection: str, record_id: str) -> str:
    """One UUID per installation with a suffix, `-S-{n}` for students; blanks around some ids (importer)."""
    serial = serial_of(district, collection, record_id)
    suffix = str(serial)
    if collection == "users":
        user = district.find("users", record_id)
        suffix = f"S-{serial}" if user is not None and user.has("student") else f"U-{serial}"
    made = f"{guid(district.seed, 'installation', 1)}-{suffix}"
    return f" {made} " if collection == "users" and serial % 3 == 0 else made


def _user(district: District, made: Json, user: User) -> Json:
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
        ids=_ids,
        roles=ROLES_1_1,
        text_booleans=False,
        fixes={
            "users": _user,
            "orgs": lambda district, made, org: {**dict.fromkeys(("parent", "children", "metadata")), **made},
            "classes": lambda district, made, taught: {**dict.fromkeys(("course", "location")), **made},
            "lineItems": lambda district, made, item: {**dict.fromkeys(("description", "gradingPeriod")), **made},
            "results": lambda district, made, result: {"comment": None, **made},
            "enrollments": lambda district, made, enrollment: {
                **dict.fromkeys(("primary", "beginDate", "endDate")),
                **made,
            },
        },
    ),
    routes=ALL_1_1,  # an importer meets ids of categories; the rest as the standard
    error="statusInfoSet",
)
