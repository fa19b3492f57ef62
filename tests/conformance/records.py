"""Records: a person's roles, earlier ids, statuses, days and metadata come out right, and secrets not at all."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import msgspec

from adapters.client import PageRequest
from adapters.dialect import Version
from adapters.endpoints import Collection
from adapters.errors import SourceError
from adapters.predicate import Compare, Op
from adapters.records import AcademicSession, Enrollment, RecordStatus, User
from conformance.subjects import Case, Server, Subject, Way, altered_json, everything, needs, published


async def roles_are_derived_in_1_1_and_told_in_1_2(subject: Subject) -> None:
    users = [u for u in await everything(subject.client(subject.server), "users") if isinstance(u, User)]
    roles = [role for user in users for role in user.roles]
    assert roles
    assert all(role.derived is (subject.dialect.version is Version.V1P1) for role in roles)


_EARLIER = "ic.legacysourceId"


def _with_a_number(body: dict[str, Any]) -> None:
    for user in body["users"]:
        user["metadata"] = {_EARLIER: "70412", **(user.get("metadata") or {})}


async def earlier_ids_are_those_that_the_provider_declares(subject: Subject) -> None:
    """Infinite Campus 1.2 keeps the id of 1.1 in the metadata; elsewhere the same key says nothing about ids."""
    server = subject.server
    client = subject.client(server, way=Way(server, altered_json(_with_a_number)))
    users = {u.sourced_id: u for u in await everything(client, "users") if isinstance(u, User)}
    declares = subject.known.name == "infinite-campus" and subject.known.version is Version.V1P2
    for made in published(server, "users"):
        expected = (made["metadata"][_EARLIER],) if declares else ()
        assert users[made["sourcedId"]].former_sourced_ids == expected
    for earlier in ("s70412", "t+70412"):  # the letter of the role is not kept
        assert subject.dialect.declares(earlier) == ((earlier, "70412") if declares else ())


def _without_status(body: dict[str, Any]) -> dict[str, Any]:
    return {
        name: [{k: v for k, v in one.items() if k != "status"} for one in value] if isinstance(value, list) else value
        for name, value in body.items()
    }


async def a_missing_status_means_what_the_provider_means_by_it(subject: Subject) -> None:
    """Alpha's field tables have none; elsewhere nobody says what it would mean."""
    server = subject.server
    client = subject.client(server, way=Way(server, altered_json(_without_status)))
    meant = RecordStatus.ACTIVE if subject.known.name == "alpha" else RecordStatus.UNKNOWN
    assert {r.status for r in await everything(client, "classes")} == {meant}


async def end_dates_are_read_as_the_provider_means_them(subject: Subject) -> None:
    """Against the true last day; the standard's endDate is the day after."""
    server = subject.server
    inclusive = subject.capabilities.end_date_inclusive
    client = subject.client(server)
    seen = 0
    for collection in (Collection.ACADEMIC_SESSIONS, Collection.ENROLLMENTS):
        for record in await everything(client, collection.value):
            assert isinstance(record, AcademicSession | Enrollment)
            if record.end_date is None:
                continue
            last_day = date.fromisoformat(record.end_date) - timedelta(days=0 if inclusive else 1)
            assert last_day == server.truth_of(collection, record.sourced_id).last_day
            seen += 1
    assert seen


def _kept(collection: Collection) -> Case:
    @needs(collection.value)
    async def case(subject: Subject) -> None:
        server = subject.server
        sent = {made["sourcedId"]: made.get("metadata") or None for made in published(server, collection)}
        got = await everything(subject.client(server), collection.value)
        assert {r.sourced_id: json.loads(r.metadata) if r.metadata else None for r in got} == sent

    case.__name__ = f"metadata_of_{collection}_is_kept_whole"
    return case


async def no_password_is_kept(subject: Subject) -> None:
    def with_passwords(body: dict[str, Any]) -> dict[str, Any]:
        profile = {"profileId": "p", "vendorId": "v", "credentials": [{"password": "hunter2"}]}
        for users in (value for value in body.values() if isinstance(value, list)):
            for user in users:
                user |= {"password": "hunter2", "userProfiles": [profile]}
        return body

    server = subject.server
    client = subject.client(server, way=Way(server, altered_json(with_passwords)))
    users = await everything(client, "users")
    assert users
    assert b"hunter2" not in msgspec.json.encode(users)


async def what_changed_can_be_asked_for_where_the_dialect_says_so(subject: Subject) -> None:
    """A delta shows changes and deletions; without the latter, or without the filter, it is none."""
    assert subject.capabilities.delta is subject.facts.delta
    if subject.facts.delta:
        assert await _delta_works(subject, subject.new_server())


async def _delta_works(subject: Subject, server: Server) -> bool:
    district = server.district
    stamp = "2031-05-06T07:08:09.000Z"
    one, other = [u for u in server.publication.rows("users").truths if u.status == "active" and u.has("student")][:2]
    changed = {sourced_id for user in (one, other) for sourced_id in server.wire_ids("users", user.id)}
    district.update(district.user(one.id), modified=stamp)
    district.update(district.user(other.id), modified=stamp, status="tobedeleted")
    client = subject.claiming(server, **subject.claims_every_filter())
    where = Compare("date_last_modified", Op.GT, "2030-01-01T00:00:00.000Z")
    try:
        page = await client.page(PageRequest("users", where=where))
    except SourceError:
        return False
    return page.exact and {r.sourced_id for r in page.records} == changed


CASES: list[Case] = [
    roles_are_derived_in_1_1_and_told_in_1_2,
    earlier_ids_are_those_that_the_provider_declares,
    a_missing_status_means_what_the_provider_means_by_it,
    end_dates_are_read_as_the_provider_means_them,
    *(_kept(c) for c in Collection),
    no_password_is_kept,
    what_changed_can_be_asked_for_where_the_dialect_says_so,
]
