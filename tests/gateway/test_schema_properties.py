"""Every property that OneRoster 1.1 and 1.2 describe can be asked for in the graph, and is answered as it was sent.

The table and its samples are those of `tests.adapters.test_properties`.
"""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from graphql import (
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_list_type,
)
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.client import SourceClient
from adapters.normalise.vocabulary import fold
from gateway.access.grant import EVERYTHING
from gateway.config import from_tables
from gateway.identity import CursorCodec
from gateway.roster.reading import Reading
from gateway.roster.sources import Sources
from gateway.schema import SCHEMA
from gateway.schema.context import Context
from tests.adapters.test_properties import NOT_HELD, PARTS, RECORDS, TABLE, named, sample

GRAPH = SCHEMA._schema
ASKED = [row for row in TABLE if (row["entity"], row["property"]) not in NOT_HELD]
ELSEWHERE = {("Resource", "role"): "roles"}
"""Fields that are not called as the property is; in 1.1 there is one role, in 1.2 several."""

TYPES = {"Role": "RoleAssignment", "LearningObjectiveResults": "LearningObjectiveResult", "Demographic": "Demographics"}
"""GraphQL types that are not called as the entity is."""

OTHERS = {("User", "agents"): "other"}
"""References for which a record cannot stand itself: nobody is an agent of their own."""


def object_of(entity: str) -> GraphQLObjectType:
    found = GRAPH.type_map[TYPES.get(entity, entity)]
    assert isinstance(found, GraphQLObjectType)
    return found


def name_of(row: dict[str, Any]) -> str:
    return ELSEWHERE.get((row["entity"], row["property"]), str(row["property"]))


def rows_of(version: str, entity: str) -> list[dict[str, Any]]:
    return [row for row in ASKED if (row["version"], row["entity"]) == (version, entity)]


def is_reference(row: dict[str, Any]) -> bool:
    return "GUIDRef" in row["type"]


def target(row: dict[str, Any]) -> str:
    """The sourcedId that a reference names: of the one record of its kind."""
    kind = get_named_type(object_of(row["entity"]).fields[name_of(row)].type)
    return OTHERS.get((row["entity"], row["property"]), f"the-{kind.name}")


# ---------------------------------------------------------------- the walk


def test_the_walk_is_over_the_whole_table() -> None:
    assert len(TABLE) == 353
    assert len(ASKED) == 347
    assert {row["property"] for row in TABLE if row not in ASKED} == {"password", "credentials", "type", "username"}


@pytest.mark.parametrize("row", ASKED, ids=named)
def test_a_property_can_be_asked_for(row: dict[str, Any]) -> None:
    field = object_of(row["entity"]).fields[name_of(row)]
    kind = get_named_type(field.type)
    nullable = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
    # One in 1.1 may be several in 1.2, as a class's periods.
    assert is_list_type(nullable) or not row["type"].startswith("[")
    if is_reference(row):
        interface = GRAPH.type_map["RosterObject"]
        assert isinstance(interface, GraphQLInterfaceType)
        assert kind in GRAPH.get_possible_types(interface)
        assert nullable is field.type, "what it names may not be had"
    elif row["type"].strip("[]") in PARTS:
        assert kind is object_of(row["type"].strip("[]"))
    else:
        assert is_leaf_type(kind)


def test_no_secret_can_be_asked_for() -> None:
    fields = {name for kind in GRAPH.type_map.values() for name in getattr(kind, "fields", ())}
    assert not [name for name in fields if "password" in name.lower() or "credential" in name.lower()]
    assert not [name for name in GRAPH.type_map if "credential" in name.lower()]
    assert set(object_of("UserProfile").fields) == {
        *("profileId", "profileType", "vendorId", "applicationId", "description")
    }


# ---------------------------------------------------------------- what is sent is answered


def made(version: str, entity: str) -> dict[str, Any]:
    """An object with every property of its entity, secrets included, whose references name the other ones."""
    rows = [row for row in TABLE if (row["version"], row["entity"]) == (version, entity)]
    return {row["property"]: value(row) for row in rows}


def value(row: dict[str, Any]) -> Any:
    kind = row["type"].strip("[]")
    if row["property"] == "sourcedId":
        return f"the-{TYPES.get(row['entity'], row['entity'])}"
    if is_reference(row):
        one: Any = {"href": "https://sis.example/x", "sourcedId": target(row), "type": "any"}
    elif any(r["entity"] == kind for r in TABLE):
        one = made(row["version"], kind)
    else:
        return sample(row)
    return [one] if row["type"].startswith("[") else one


def selection(version: str, entity: str) -> str:
    """All that can be asked for of an entity."""

    def below(row: dict[str, Any]) -> str:
        kind = row["type"].strip("[]")
        if is_reference(row):
            return " { sourcedId }"
        return f" {{ {selection(version, kind)} }}" if kind in PARTS else ""

    return " ".join(name_of(row) + below(row) for row in rows_of(version, entity))


def serve(version: str, prefixes: list[str]) -> Starlette:
    """One record of each kind, as large as it gets, and one more person."""
    entities = {row["entity"] for row in TABLE if row["version"] == version and row["entity"] in RECORDS}
    records = {RECORDS[entity].plural: [made(version, entity)] for entity in entities}
    records["users"].append({"sourcedId": "other", "status": "active"})

    async def collection(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in records:
            return Response(status_code=404)
        return JSONResponse({name: records[name]}, headers={"X-Total-Count": str(len(records[name]))})

    return Starlette(routes=[Route(f"{prefix}/{{name}}", collection) for prefix in prefixes])


SERVICES = {"1.1": ["v1p1"], "1.2": [f"{service}/v1p2" for service in ("rostering", "gradebook", "resources")]}


async def answer(version: str, entity: str) -> Any:
    """What the graph has of the one record of an entity."""
    bases = [f"/ims/oneroster/{service}" for service in SERVICES[version]]
    source = {
        "key": "a",
        "name": "A",
        "provider": "standard",
        "version": version,
        "base_url": f"http://a.test{bases[0]}",
        "allow_http": True,
        "token": "made-up",
        "auth": {"kind": "bearer"},
        "capabilities": {"single_reads": False, "nested_reads": False, "filter_level": "none"},
    }
    settings = from_tables({"sources": [source]})
    assert not settings.mistakes, settings.mistakes
    app = serve(version, bases)
    sources = Sources.open(settings, lambda source: SourceClient(source.spec, httpx2.ASGITransport(app)))
    try:
        name = object_of(entity).name
        query = f'{{ node(id: "{name}:a:the-{name}") {{ ... on {name} {{ {selection(version, entity)} }} }} }}'
        reading = Reading(sources, EVERYTHING, CursorCodec(b"secret"), 10)
        found = await SCHEMA.execute(query, None, Context(reading))
        assert found.errors is None
        assert found.data is not None
        return found.data["node"]
    finally:
        await sources.close()


def check(told: Any, version: str, entity: str) -> None:
    """`told` is what `made` made."""
    for row in rows_of(version, entity):
        kind = row["type"].strip("[]")
        sent, found = value(row), told[name_of(row)]
        [sent] = sent if isinstance(sent, list) else [sent]
        [found] = found if isinstance(found, list) else [found]
        if is_reference(row):
            assert found["sourcedId"] == sent["sourcedId"], named(row)
        elif kind in PARTS:
            check(found, version, kind)
        elif isinstance(found, bool):
            assert found == (sent is True or sent == "true"), named(row)
        elif "values" in row:
            assert fold(found) == fold(sent), named(row)
        else:
            assert found == sent, named(row)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("version", "entity"),
    sorted({(row["version"], row["entity"]) for row in TABLE if row["entity"] in RECORDS}),
)
async def test_what_a_source_sends_in_every_property_is_answered(version: str, entity: str) -> None:
    told = await answer(version, entity)
    check(told, version, entity)
    assert "password text" not in repr(told)
