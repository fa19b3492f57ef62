"""What generated operations found, one by one."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.endpoints import Collection
from gateway.access.grant import Access, Grant
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
