"""ClassLink Roster Server, directly (OAuth 1.0a) and through ClassLink's proxy (static bearer).

Sources: ClassLink developer pages (Accessing data; Obtaining list of districts and servers; Request Limits) and what
public clients meet, marked so.
"""

from __future__ import annotations

from dataclasses import replace

from gateway.sandbox.kind import Kind, OAuth1, StaticBearer
from gateway.sandbox.truth import Class, Course, District, User
from gateway.sandbox.wire import ROLES_1_1, Json, Wire

# As one integrator met it: already percent-encoded, to be inserted as it is.
APPLICATION_ID = "Zm9v%2FYmFy%3D"


def _user(district: District, made: Json, user: User) -> Json:
    """User records can carry a password (clients); older servers put the grade into the metadata (user search tool)."""
    made = {**made, "password": f"made-up-{user.serial}"}
    if user.grades and user.serial % 2:
        made["metadata"] = {**made.get("metadata", {}), "grade": user.grades[0]}
    return made


def _class(district: District, made: Json, taught: Class) -> Json:
    """`classCode` and `periods` arrive empty in practice (client)."""
    return {**made, "classCode": "", "periods": []}


def _course(district: District, made: Json, course: Course) -> Json:
    """A course may have `orgs` instead of `org` (client)."""
    if course.serial % 3:
        return made
    rest = {name: value for name, value in made.items() if name != "org"}
    return {**rest, "orgs": [made["org"]]}


def _counts(district: District, total: int, count: int) -> dict[str, str]:
    """`x-perm-rev`: a revision of what the app may see; it changes with the data here (client)."""
    return {"x-count": str(count), "x-perm-rev": f"{41 + district.revision}-b"}


DIRECT = Kind(
    slug="classlink",
    provider="classlink",
    version="1.1",
    root="/ims/oneroster/v1p1",
    # HMAC-SHA256 in ClassLink's own sample, HMAC-SHA1 in one client: both are taken.
    auth=OAuth1(),
    wire=Wire("1.1", roles=ROLES_1_1, fixes={"users": _user, "classes": _class, "courses": _course}),
    max_limit=10_000,  # clamped silently (clients)
    headers=_counts,
    stray_teacher=True,  # /classes/{id}/students can contain teachers (client)
    error="statusInfoSet",
)

PROXY = replace(
    DIRECT,
    slug="classlink-proxy",
    provider="classlink-proxy",
    root=f"/{APPLICATION_ID}/ims/oneroster/v1p1",
    auth=StaticBearer(),
    # The proxy signs for the district's own server, so Link may name that host; unverified.
    link_base="https://district.oneroster.example",
)
