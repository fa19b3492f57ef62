"""What generated operations found, one by one."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.endpoints import Collection
from gateway.access.grant import EVERYTHING, Access, Grant
from gateway.roster import lists
from gateway.roster.merging import Wanted
from gateway.schema import SCHEMA
from gateway.schema.context import Context
from tests.gateway.support import MakeWorld, World

pytestmark = pytest.mark.anyio

ALL, ONE_SCHOOL = frozenset(Collection), frozenset({"o-00002"})


async def answered(made: World, grant: Grant, text: str) -> Any:
    result = await SCHEMA.execute(text, None, Context(made.reading(grant)))
    assert not result.errors, result.errors
    return result.data


async def test_S07_a_version_is_walked_though_what_tells_where_its_records_lie_is_not_held(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    grant = Grant({"a": Access(ALL - {Collection.CLASSES}, orgs=ONE_SCHOOL)})
    text = "{ scoreScales(first: 1, status: null) { snapshot complete pageInfo { hasNextPage } nodes { id } } }"
    found = (await answered(made, grant, text))["scoreScales"]
    assert found["complete"]
    assert found["snapshot"]
    assert found["pageInfo"]["hasNextPage"]
    assert len(found["nodes"]) == 1


async def test_S04_which_sources_are_asked_for_a_page_does_not_tell_how_large_one_of_them_is(world: MakeWorld) -> None:
    made = world(a="standard-1.2", b="standard-1.2")
    await answered(made, EVERYTHING, "{ orgs(first: 1, orderBy: [{ field: NAME }]) { nodes { id } } }")  # holds them
    limited = Grant({key: Access(ALL, orgs=ONE_SCHOOL) for key in "ab"})

    def asked(grant: Grant, size: int) -> list[str]:
        sources = made.sources.named(None, grant)
        return [s.key for s in lists.in_line(sources, Collection.ORGS, Wanted(where=None, size=size))]

    assert asked(EVERYTHING, 1) == ["a"]
    assert asked(EVERYTHING, 1000) == ["a", "b"]
    assert asked(limited, 1) == asked(limited, 1000) == ["a"]
