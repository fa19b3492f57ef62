"""The exit to bytes: what a transport of ours sends."""

from __future__ import annotations

import msgspec
import pytest

from gateway.execution import compiling
from gateway.execution.answering import Asked, respond
from gateway.schema import SCHEMA
from gateway.schema.context import Context
from tests.gateway.support import MakeWorld

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("schema", [SCHEMA, compiling(SCHEMA)], ids=["graphql-core", "plan"])
async def test_an_answer_is_json_with_data_or_the_reason_why_there_is_none(world: MakeWorld, schema) -> None:
    made = world(a="standard-1.2")
    given = await respond(schema, Asked("{ users(first: 1) { nodes { sourcedId } } }"), Context(made.reading()))
    assert given.executed
    assert len(msgspec.json.decode(given.body)["data"]["users"]["nodes"]) == 1

    refused = await respond(schema, Asked("{ nobody }"), Context(made.reading()))
    assert not refused.executed
    told = msgspec.json.decode(refused.body)
    assert "data" not in told
    assert told["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
