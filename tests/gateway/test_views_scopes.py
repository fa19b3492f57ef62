"""S05, the full table: each scope of OneRoster against each kind of record, by every path in the graph to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import GraphQLObjectType, get_named_type

from adapters.endpoints import COLLECTIONS, ENDPOINTS, ENTITIES, OWN_ROUTES, Collection
from adapters.records import RecordType
from gateway.access.grant import Access, Grant
from gateway.access.scope import READS, Scope
from gateway.identity import global_id
from gateway.sandbox.server import Server
from gateway.schema import SCHEMA
from gateway.schema.context import Context
from tests.gateway.support import MakeWorld, World

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]

TYPES = {entity.record.__name__: entity.type for entity in ENTITIES.values()}
NAMES = {kind: name for name, kind in TYPES.items()}
GRAPH = SCHEMA._schema

LISTS = {
    kind: next(
        name
        for name, field in GRAPH.query_type.fields.items()  # type: ignore[union-attr]
        if get_named_type(field.type).name == f"{NAMES[kind]}Connection" and name != "usersByIdentity"
    )
    for kind in RecordType
}
NARROW = dict.fromkeys(
    (RecordType.RESULT, RecordType.ASSESSMENT_RESULT), 'filter: { dateLastModified: { gte: "1990-01-01T00:00:00Z" } },'
)
SHOWN = "{ __typename ... on RosterObject { sourcedId } }"


def selected(field: str, type_name: str) -> str:
    """A field with what it shows of records, be that one, several or a page."""
    return f"{field} {{ totalCount nodes {SHOWN} }}" if type_name.endswith("Connection") else f"{field} {SHOWN}"


def below(kind: RecordType) -> Iterator[tuple[RecordType, str]]:
    """Each field of a record that leads to records of a kind, as it is asked for, with what kind it is a field of."""
    for name, own in TYPES.items():
        of = GRAPH.type_map[name]
        assert isinstance(of, GraphQLObjectType)
        for field, definition in of.fields.items():
            to = get_named_type(definition.type).name
            if to.removesuffix("Connection") == NAMES[kind]:
                yield own, selected(field, to)
            elif to == "RoleAssignment" and kind is RecordType.ORG:
                yield own, f"{field} {{ org {SHOWN} }}"


def listing(kind: RecordType, fields: str) -> str:
    return (
        f"{LISTS[kind]}({NARROW.get(kind, '')} first: 20, status: null) {{ totalCount complete nodes {{ {fields} }} }}"
    )


def documents(kind: RecordType, sourced_id: str, reads: frozenset[Collection]) -> Iterator[str]:
    """Every way to records of a kind, from the root and from what may be read."""
    node = global_id(NAMES[kind], "a", sourced_id)
    yield f"{{ {listing(kind, 'sourcedId __typename')} }}"
    yield f'{{ node(id: "{node}") {SHOWN} nodes(ids: ["{node}"]) {SHOWN} }}'
    single = next(
        (
            name
            for name, field in GRAPH.query_type.fields.items()  # type: ignore[union-attr]
            if get_named_type(field.type).name == NAMES[kind]
        ),
        None,
    )
    if single is not None:
        yield f'{{ {single}(source: "a", sourcedId: "{sourced_id}") {SHOWN} }}'
    if kind is RecordType.USER:
        yield f'{{ usersByIdentity(identity: {{ email: "x@y.test" }}, sources: ["a"]) {{ totalCount nodes {SHOWN} }} }}'
        yield f'{{ users(search: "a") {{ totalCount groups(by: [ROLE]) {{ count keys {{ value }} }} nodes {SHOWN} }} }}'
    if kind is RecordType.ACADEMIC_SESSION:
        yield f'{{ source(id: "a") {{ currentSession {SHOWN} }} }}'
    for own, field in below(kind):
        if COLLECTIONS[own] in reads:
            yield f"{{ {listing(own, field)} }}"


def asked(server: Server) -> set[Collection]:
    """The collections that were asked for, by any of their routes."""
    routes = {
        re.sub(r"\{\w+\}", "{id}", e.path): Collection(e.entity.plural)
        for e in (*ENDPOINTS.values(), *OWN_ROUTES.values())
    }
    return {routes[route.split()[1]] for route, count in server.requests.items() if count and route != "POST token"}


def type_names(answer: Any) -> set[str]:
    if isinstance(answer, dict):
        return {*filter(None, [answer.get("__typename")]), *(n for each in answer.values() for n in type_names(each))}
    return {n for each in answer for n in type_names(each)} if isinstance(answer, list) else set()


async def answer(made: World, scope: Scope, document: str) -> tuple[Any, list[str]]:
    reading = made.reading(Grant({"a": Access(READS[scope])}))
    result = await SCHEMA.execute(document, {}, Context(reading))
    errors = [*(error.formatted for error in result.errors or ())]
    return result.data, [str(error["extensions"]["code"]) for error in errors if "extensions" in error]


@pytest.mark.parametrize("kind", RecordType, ids=[kind.value for kind in RecordType])
@pytest.mark.parametrize("scope", READS, ids=[f"S05-{scope}" for scope in READS])
async def test_a_kind_of_record_is_reached_by_no_path_without_its_scope(
    world: MakeWorld, scope: Scope, kind: RecordType
) -> None:
    made = world(a="standard-1.2")
    server = made.servers["a"]
    sourced_id = server.published(COLLECTIONS[kind].value)[0]["sourcedId"]
    reads = READS[scope]
    shown: set[str] = set()
    refused = 0
    for document in documents(kind, sourced_id, reads):
        data, codes = await answer(made, scope, document)
        shown |= type_names(data)
        refused += codes.count("FORBIDDEN_SCOPE")
        assert set(codes) <= {"FORBIDDEN_SCOPE", "DANGLING_REFERENCE"}, (document, codes)
    if COLLECTIONS[kind] in reads:
        assert NAMES[kind] in shown
    else:
        assert NAMES[kind] not in shown
        assert refused
    assert asked(server) <= reads
