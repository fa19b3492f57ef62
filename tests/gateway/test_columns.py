"""Fields that are made of many records at once: what comes of it is what their resolvers make of each."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from graphql import is_object_type

from adapters.endpoints import ENTITIES
from adapters.records import Provenance, Record, RecordStatus, UserRole
from gateway.execution.compiling import declared_as, origin
from gateway.execution.plan import Call
from gateway.identity import GlobalId
from gateway.schema import SCHEMA
from gateway.schema.context import Context
from gateway.schema.users import AssignedRole
from tests.gateway.support import MakeWorld

pytestmark = pytest.mark.anyio

IDS = ("a1", "9b8f-77", "with space", "a/b:c%20", "Ünïcode", "~._-", "x" * 200)
CLASSES = {entity.record.__name__: entity.record for entity in ENTITIES.values()}
MADE_AT_ONCE = {"Class.schoolRef", "RecordRef.id", "RoleAssignment.orgRef", "User.id", "User.observedAt", "User.source"}
"""Some of them; that there are any at all."""


def columns() -> Iterator[tuple[str, str, Call]]:
    for kind in SCHEMA._schema.type_map.values():
        for name, field in kind.fields.items() if is_object_type(kind) and not kind.name.startswith("__") else ():
            call = origin(declared_as(field, name), name)
            if isinstance(call, Call) and call.column is not None:
                yield f"{kind.name}.{name}", kind.name, call


def objects(kind: str, random: Random, sources: list[str]) -> list[Any]:
    match kind:
        case "RecordRef":
            return [GlobalId(random.choice(["Org", "User"]), random.choice(sources), random.choice(IDS)) for _ in IDS]
        case "RoleAssignment":
            return [
                AssignedRole(role=UserRole.AIDE, source=random.choice(sources), org_id=random.choice([*IDS, None]))
                for _ in IDS
            ]
    return [record(CLASSES[kind], random, sources) for _ in IDS]


def record(kind: type[Record], random: Random, sources: list[str]) -> Record:
    references = {name: random.choice([*IDS, None]) for name in kind.__struct_fields__ if name.endswith("_id")}
    made = {**references, "sourced_id": random.choice(IDS), "status": RecordStatus.ACTIVE}
    return kind(provenance=Provenance(random.choice(sources), random.choice([0.0, 1.7e9])), **made)


@pytest.mark.parametrize("sources", [["a"], ["a", "b"]], ids=["one source", "several sources"])
async def test_a_column_holds_what_the_resolver_makes_of_each_record(world: MakeWorld, sources: list[str]) -> None:
    info, random = SimpleNamespace(context=Context(world(a="standard-1.2", b="wide").reading())), Random(7)
    tested = set()
    for name, kind, call in columns():
        for some in ([], objects(kind, random, sources), objects(kind, random, sources)):
            said = {} if call.info is None else {call.info: info}
            expected = [call.function(**{call.root: each}, **said) for each in some if call.root is not None]
            assert call.column is not None
            assert list(call.column(some, *said.values())) == expected, name
        tested.add(name)
    assert tested >= MADE_AT_ONCE
