"""A provider's own route to the people who name a person: taken where it takes less than reading everybody."""

from __future__ import annotations

import pytest

from tests.gateway.support import MakeWorld
from tests.gateway.test_schema_reading import answered, ids

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]

QUERY = 'query ($id: String!) { user(source: "a", sourcedId: $id) { agents { sourcedId } } }'


@pytest.mark.parametrize("by_others", [False, True])
async def test_agents_of_one_person_are_found_without_reading_everybody(world: MakeWorld, by_others: bool) -> None:
    made = world(a="alpha")
    server = made.servers["a"]
    agents = {row["sourcedId"]: {a["sourcedId"] for a in row.get("agents", ())} for row in server.published("users")}
    naming = {i: {other for other, named in agents.items() if i in named} for i in agents}
    person = next(
        i for i in agents if (naming if by_others else agents)[i] and not (agents if by_others else naming)[i]
    )
    data = await answered(made, QUERY, id=person)
    assert ids(data["user"]["agents"]) == agents[person] | naming[person] != set()
    assert server.requests["GET /users/{id}/linked-users"] == 1
    assert server.requests["GET /users"] == 0


async def test_agents_of_all_are_found_by_reading_them_once(world: MakeWorld) -> None:
    made = world(a="alpha")
    server = made.servers["a"]
    data = await answered(made, "{ users(first: 1000) { nodes { sourcedId agents { sourcedId } } } }")
    assert any(row["agents"] for row in data["users"]["nodes"])
    assert server.requests["GET /users/{id}/linked-users"] == 0
    assert server.requests["GET /users"] <= 2
