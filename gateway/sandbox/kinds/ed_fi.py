"""Ed-Fi OneRoster, the open-source 1.2 bridge. Source: its code, README and design documents."""

from __future__ import annotations

import hashlib

from gateway.sandbox.filters import Grammar
from gateway.sandbox.kind import COLLECTIONS, SINGLES, ClientCredentials, Kind
from gateway.sandbox.scope import without_deleted
from gateway.sandbox.truth import District, User
from gateway.sandbox.wire import Json, Persona, Wire


def _ids(district: District, collection: str, record_id: str) -> str:
    """MD5 hashes of natural keys."""
    return hashlib.md5(f"{collection}/{record_id}".encode(), usedforsecurity=False).hexdigest()


def _one_per_school(district: District, user: User) -> list[Persona]:
    """A student in two schools is two users with two ids."""
    if not user.has("student") or len(user.roles) == 1:
        return [Persona(_ids(district, "users", user.id), user, user.roles)]
    return [Persona(_ids(district, "users", f"{user.id}/{held.org}"), user, (held,)) for held in user.roles]


def _user(district: District, made: Json, user: User) -> Json:
    """`agentSourceIds` instead of `agents`; provenance in `metadata.edfi`."""
    wire = {name: value for name, value in made.items() if name not in ("agents", "metadata")}
    if "agents" in made:
        wire["agentSourceIds"] = [ref["sourcedId"] for ref in made["agents"]]
    key = {"studentUniqueId" if user.has("student") else "staffUniqueId": str(user.serial)}
    resource = "students" if user.has("student") else "staffs"
    return {**wire, "metadata": {"edfi": {"resource": resource, "naturalKey": key}}}


ED_FI = Kind(
    slug="ed-fi",
    provider="ed-fi",
    version="1.2",
    root="/ims/oneroster/rostering/v1p2",
    # The token is the Ed-Fi API's; client credentials.
    auth=ClientCredentials("/oauth/token", short_scopes=True),
    wire=Wire(
        "1.2",
        ids=_ids,
        split=_one_per_school,
        href="/ims/oneroster/rostering/v1p2",  # relative
        fixes={"users": _user},
    ),
    prepare=without_deleted,  # status is always `active`: deletions show up as absence
    # A flat list of up to 20 clauses in any case, single or double quotes, top-level fields only, values of 250
    # characters; `~` ignores case.
    grammar=Grammar(clauses=20, any_case=True, double_quotes=True, folded_contains=True, dotted={}, value_length=250),
    routes=COLLECTIONS | SINGLES,  # no nested routes
    max_limit=500,  # clamped silently unless the operator raises it
    total_header=False,
    link=False,
    default_order="sourcedId",
    error="flat",
)
