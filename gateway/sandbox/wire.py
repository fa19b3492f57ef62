"""How one product writes its records: the value `Wire`, rendered by `gateway.sandbox.render`; the roles of 1.1."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.sandbox.truth import Affiliation, District, User

Json = dict[str, Any]

# 1.1 has no finer administrators (OneRoster 1.1 user roles); nor a counselor.
ROLES_1_1: Final[Mapping[str, str]] = {
    "districtAdministrator": "administrator",
    "siteAdministrator": "administrator",
    "systemAdministrator": "administrator",
    "principal": "administrator",
    "counselor": "administrator",
}


@dataclass(frozen=True, slots=True)
class Persona:
    """One published user: all of a person, or the part of one role or school."""

    id: str
    user: User
    roles: tuple[Affiliation, ...]


Ids = Callable[[District, str, str], str]
Split = Callable[[District, User], list[Persona]]
Keep = Callable[[District, Any], bool]
Fix = Callable[[District, Json, Any], Json]


GRADEBOOK: Final = frozenset(
    {"categories", "lineItems", "results", "scoreScales", "assessmentLineItems", "assessmentResults"}
)


def service_of(collection: str) -> str:
    """The service of OneRoster 1.2 that a base collection belongs to."""
    return "gradebook" if collection in GRADEBOOK else "resources" if collection == "resources" else "rostering"


def service_root(root: str, collection: str) -> str:
    """Where a collection's service is beside the rostering service at `root`; 1.1 has all of them in one place."""
    return root.replace("/rostering/v1p2", f"/{service_of(collection)}/v1p2")


def same_ids(district: District, collection: str, record_id: str) -> str:
    return record_id


def serial_of(district: District, collection: str, record_id: str) -> int:
    """The number that numeric ids are made of; for a record that is not there, one that no record has."""
    record = district.find(collection, record_id)
    return record.serial if record is not None else 9_900_000 + len(record_id)


@dataclass(frozen=True, slots=True)
class Wire:
    """How a provider writes its records.

    `ids`: (district, collection, truth id) → sourcedId. `split`: person → published users; None: one each, under `ids`.
    `keep`: truth that is published, per collection. `fixes`: a last departure per collection, on a copy. `status_of`:
    a record's status as published. `href`: prefix of the hrefs; None: references carry none.
    """

    version: str
    ids: Ids = same_ids
    split: Split | None = None
    roles: Mapping[str, str] = field(default_factory=dict)
    text_booleans: bool = True
    status_of: Callable[[District, Any], str] | None = None
    exclusive_end: bool = True
    href: str | None = "https://sis.{slug}.example"
    typed_refs: bool = True
    session_types: Mapping[str, str] = field(default_factory=dict)
    keep: Mapping[str, Keep] = field(default_factory=dict)
    fixes: Mapping[str, Fix] = field(default_factory=dict)
