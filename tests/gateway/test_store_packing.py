"""Packing: records of every type come back as they were, and share what they shared."""

from __future__ import annotations

import typing
from enum import StrEnum
from types import GenericAlias
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.endpoints import ENTITIES, Collection
from adapters.records import Provenance, Record, RecordStatus, RoleAssignment, User, UserRole
from gateway.roster.store.packing import SLICE, Packing


def user(sourced_id: str, **fields: Any) -> User:
    return User(
        **{"provenance": Provenance("maple"), "sourced_id": sourced_id, "status": RecordStatus.ACTIVE, **fields}
    )


def values(annotation: Any) -> st.SearchStrategy[Any]:
    """Values of a record's field; few different ones, so that columns repeat, and many."""
    if isinstance(annotation, type):
        if issubclass(annotation, msgspec.Struct):
            return made(annotation)
        if issubclass(annotation, StrEnum):
            return st.sampled_from(annotation)
        if annotation is str:
            return st.sampled_from(["", "a", "ACTIVE", "TEACHER"]) | st.text(max_size=20)
        return {
            bool: st.booleans(),
            float: st.sampled_from([0.0, 1.0, 1.5e9]) | st.floats(allow_nan=False),
            bytes: st.binary(max_size=30),
            type(None): st.none(),
        }[annotation]
    arguments = typing.get_args(annotation)
    if typing.get_origin(annotation) is tuple:
        return st.lists(values(arguments[0]), max_size=3).map(tuple)
    return st.one_of(*map(values, arguments))


def made(struct: type[Any]) -> st.SearchStrategy[Any]:
    fields = msgspec.structs.fields(struct)
    required = {f.name: values(f.type) for f in fields if f.required}
    optional = {f.name: values(f.type) for f in fields if not f.required}
    return st.fixed_dictionaries(required, optional=optional).map(lambda found: struct(**found))


@pytest.mark.parametrize("collection", list(Collection))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_records_of_every_type_survive_being_packed(collection: Collection, data: st.DataObject) -> None:
    rows = data.draw(st.lists(made(ENTITIES[collection].record), max_size=12))
    rows *= data.draw(st.sampled_from([1, 1, 3]))
    packing = Packing(ENTITIES[collection].record)

    back = [r for part in packing.unpack(packing.pack(rows)) for r in part]

    assert back == rows
    assert [type(r) for r in back] == [type(r) for r in rows]


def test_what_looks_equal_in_python_is_not_confused() -> None:
    rows = [
        user(
            str(i),
            enabled_user=bool(i % 2),
            provenance=Provenance("maple", float(i % 2)),
            status_raw="ACTIVE",
            username="TEACHER",
        )
        for i in range(20)
    ] + [user("t", roles=(RoleAssignment(role=UserRole.TEACHER, role_raw="TEACHER"),))]
    packing = Packing(User)

    back = [r for part in packing.unpack(packing.pack(rows)) for r in part]

    assert [(type(r.enabled_user), type(r.observed_at)) for r in back[:20]] == [(bool, float)] * 20  # type: ignore[attr-defined]
    assert {type(r.status) for r in back} == {RecordStatus}
    assert {type(r.status_raw) for r in back[:20]} == {str}
    assert type(back[-1].roles[0].role) is UserRole  # type: ignore[attr-defined]
    assert type(back[-1].roles[0].role_raw) is str  # type: ignore[attr-defined]


def test_equal_roles_are_one_object_again() -> None:
    rows = [user(f"u{i}", roles=(RoleAssignment(role=UserRole.STUDENT, org_id="o1"),)) for i in range(2 * SLICE)]
    rows += [user("other", roles=())]
    packing = Packing(User)

    back = [r for part in packing.unpack(packing.pack(rows)) for r in part]

    assert len({id(r.roles) for r in back if r.roles}) == 1  # type: ignore[attr-defined]


def record_with(part: type[msgspec.Struct]) -> type[Record]:
    """The same record type whatever its part."""
    fields = [("part", GenericAlias(tuple, (part, ...)), ())]
    return msgspec.defstruct("Made", fields, bases=(Record,), frozen=True, kw_only=True)


def test_a_fingerprint_tells_fields_and_those_of_parts_apart() -> None:
    small = msgspec.defstruct("Part", [("name", str)], frozen=True)
    large = msgspec.defstruct("Part", [("name", str), ("more", str, "")], frozen=True)
    types = [record_with(small), record_with(large), *(e.record for e in ENTITIES.values())]

    assert len({Packing(t).fingerprint for t in types}) == len(types)
    assert Packing(User).fingerprint == Packing(User).fingerprint
