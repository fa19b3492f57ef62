"""Who is who at every kind of server, held against plain Python over all people that it publishes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.sandbox.kinds import KINDS
from gateway.schema import SCHEMA
from gateway.schema.context import Context
from tests.gateway.support import MakeWorld, World

pytestmark = pytest.mark.anyio

Row = dict[str, Any]
PEOPLE = """{ users(first: 10000) { complete nodes {
  id sourcedId email username identifier userMasterIdentifier formerSourcedIds userIds { type identifier }
  SAME
} } }"""


async def asked(made: World, query: str, **variables: Any) -> Any:
    result = await SCHEMA.execute(query, variables, Context(made.reading(seconds=30)))
    assert result.errors is None
    return result.data


async def people(made: World, same: str = "") -> list[Row]:
    found = (await asked(made, PEOPLE.replace("SAME", same)))["users"]
    assert found["complete"]
    rows: list[Row] = found["nodes"]
    return rows


def identities(row: Row) -> Iterator[tuple[str, dict[str, Any]]]:
    for field in ("email", "username", "identifier", "userMasterIdentifier"):
        if row[field]:
            yield field, {field: row[field]}
    for other in row["userIds"]:
        yield "userIds", {"userId": {k: v for k, v in other.items() if v is not None}}


def folded(value: Any) -> Any:
    return {k: v.casefold() for k, v in value.items()} if isinstance(value, dict) else value.casefold()


def in_capitals(identity: dict[str, Any]) -> dict[str, Any]:
    """The sandbox spells all of these in lower case."""
    return {k: in_capitals(v) if isinstance(v, dict) else v.upper() for k, v in identity.items()}


def alike(rows: list[Row], field: str, identity: dict[str, Any]) -> set[str]:
    """Who has it, whatever the case."""
    if field != "userIds":
        return {r["id"] for r in rows if r[field] and folded(r[field]) == folded(identity[field])}
    wanted = folded(identity["userId"])
    return {
        r["id"]
        for r in rows
        for i in r["userIds"]
        if wanted.items() <= folded({k: v or "" for k, v in i.items()}).items()
    }


async def found(made: World, identity: dict[str, Any]) -> set[str]:
    query = 'query ($i: IdentityInput!) { usersByIdentity(identity: $i, sources: ["a"]) { complete nodes { id } } }'
    page = (await asked(made, query, i=identity))["usersByIdentity"]
    assert page["complete"]
    return {row["id"] for row in page["nodes"]}


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_people_are_found_by_all_that_identifies_them(world: MakeWorld, kind: str) -> None:
    made = world(a=kind)
    rows = await people(made)
    wanted = [each for row in rows[::25] for each in identities(row)]
    assert wanted
    cold = world(a=kind)
    for field, identity in wanted:
        expected = alike(rows, field, identity)
        for source in (made, cold):
            assert await found(source, identity) == await found(source, in_capitals(identity)) == expected


def same(one: Row, other: Row) -> bool:
    if one["userMasterIdentifier"] and other["userMasterIdentifier"]:
        return bool(one["userMasterIdentifier"] == other["userMasterIdentifier"])
    elsewhere = [{(i["type"], i["identifier"]) for i in r["userIds"] if i["type"] is not None} for r in (one, other)]
    return bool(
        elsewhere[0] & elsewhere[1]
        or (one["username"] and other["username"] and folded(one["username"]) == folded(other["username"]))
        or one["sourcedId"] in other["formerSourcedIds"]
        or other["sourcedId"] in one["formerSourcedIds"]
    )


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_all_records_of_a_person_are_grouped(world: MakeWorld, kind: str) -> None:
    rows = await people(world(a=kind), "samePerson { id }")
    expected = {r["id"]: [o["id"] for o in rows if o is not r and same(r, o)] for r in rows}
    assert {r["id"]: [o["id"] for o in r["samePerson"]] for r in rows} == expected
    cold = world(a=kind)
    several = [i for i, others in expected.items() if others][:2]
    for person in [*several, rows[0]["id"]]:
        one = await asked(cold, "query ($id: ID!) { user(id: $id) { samePerson { id } } }", id=person)
        assert [o["id"] for o in one["user"]["samePerson"]] == expected[person]
