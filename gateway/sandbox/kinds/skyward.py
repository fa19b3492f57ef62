"""Skyward (SMS 2.0 and Qmlativ), OneRoster 1.1.

Sources: set-up guides of Otus and ClassLink; a public importer and a connector, whose findings are marked so.
"""

from __future__ import annotations

from dataclasses import replace

from gateway.sandbox.kind import GRADEBOOK_1_1, STANDARD_ROUTES, ClientCredentials, Kind
from gateway.sandbox.scope import children_of_family, copy_of, is_family
from gateway.sandbox.truth import Affiliation, Demographics, District, User
from gateway.sandbox.wire import ROLES_1_1, Persona, Wire, serial_of

# Student_, Guardian_ and Entity_ are seen by an importer, Teacher_ likewise; Staff_ is ours.
_TYPES = {"student": "Student", "teacher": "Teacher", "guardian": "Guardian", "parent": "Guardian"}


def _type(role: str) -> str:
    return "Guardian" if role == "relative" else _TYPES.get(role, "Staff")


def _ids(district: District, collection: str, record_id: str) -> str:
    serial = serial_of(district, collection, record_id)
    if collection == "orgs":
        return f"Entity_{serial}"
    if collection == "users":
        user = district.find("users", record_id)
        return f"{_type(user.role) if user else 'Student'}_{serial}"
    return str(serial + 4000)


def _split(district: District, user: User) -> list[Persona]:
    """A person of two types is two records, as the type is part of the id."""
    by_type: dict[str, list[Affiliation]] = {}
    for held in user.roles:
        by_type.setdefault(_type(held.role), []).append(held)
    return [Persona(f"{type_}_{user.serial}", user, tuple(roles)) for type_, roles in by_type.items()]


def _knows(district: District, school: str | None) -> District:
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
    wire=Wire("1.1", ids=_ids, split=_split, roles=ROLES_1_1),
    prepare=_knows,
    routes=STANDARD_ROUTES | GRADEBOOK_1_1,  # an aggregator lists its categories; of resources nobody tells
    max_limit=5000,  # the page size of one importer; no maximum is documented
    total_header=False,
    link=False,
    refused_token=500,  # "500 means re-authenticate" in one connector
    error="statusInfoSet",
)
