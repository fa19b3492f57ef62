"""A branch of an operation that fails takes nothing from another that waits for the same.

When a field error nulls an object, graphql-core 3.3 cancels what is under way for its other fields. Where that is a
future that others wait for as well, they are cancelled with it, and CancelledError leaves `schema.execute`.
"""

from __future__ import annotations

import asyncio
import gc
from dataclasses import dataclass
from typing import Any

import pytest
import strawberry
from strawberry.dataloader import DataLoader
from strawberry.schema.config import StrawberryConfig

from adapters.predicate import Open
from adapters.records import Record, RecordType
from gateway.faults import DeadlineExceeded
from gateway.roster.reading import TODAY, InEffect
from gateway.sandbox.server import Server
from gateway.schema import Schema
from gateway.schema.context import Context, Info, place
from gateway.schema.scalars import SCALARS
from tests.gateway.support import MakeWorld

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]

BRANCHES = ("{ one { %s failing } other { %s } }", "{ other { %s } one { failing %s } }")


SOME = 0.1
"""Seconds that what is waited for takes: more than it takes to fail."""


class Lengths:
    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.loader = DataLoader(load_fn=self.read)

    async def read(self, keys: list[str]) -> list[int]:
        self.begun.set()
        await asyncio.sleep(SOME)
        return list(map(len, keys))


@strawberry.type
class Branch:
    @strawberry.field
    async def failing(self, info: strawberry.Info[Lengths, None]) -> str:
        await info.context.begun.wait()
        raise ValueError("of ours")

    @strawberry.field
    async def length(self, info: strawberry.Info[Lengths, None]) -> int | None:
        return await info.context.loader.load("four")


@strawberry.type
class Query:
    one: Branch | None = strawberry.field(resolver=Branch)
    other: Branch | None = strawberry.field(resolver=Branch)


@pytest.mark.parametrize("query", BRANCHES)
async def test_without_a_shield_one_branch_takes_the_other_with_it(query: str) -> None:
    """Should this fail, graphql-core is cured, and the shields of `gateway.roster` may be taken down."""
    with pytest.raises(asyncio.CancelledError):
        await strawberry.Schema(Query).execute(query.replace("%s", "length"), context_value=Lengths())


@dataclass(frozen=True)
class Given:
    """What the operation is executed over."""

    server: Server
    parent: Record


@strawberry.type
class Reads:
    """Each reads in one of the ways in which several branches wait for one thing."""

    @strawberry.field
    async def failing(self, info: Info) -> str:
        while not info.root_value.server.in_flight:  # noqa: ASYNC110 - a server calls nobody
            await asyncio.sleep(0)
        raise ValueError("of ours")

    @strawberry.field
    async def followed(self, info: Info) -> bool:
        return await info.context.reading.follow(place(info), RecordType.CLASS, "a", "c-00002") is not None

    @strawberry.field
    async def level(self, info: Info) -> int:
        return len(await info.context.reading.named(RecordType.COURSE, "a", ["o-00001"]))

    @strawberry.field
    async def children(self, info: Info) -> int | None:
        rows = await info.context.reading.having(place(info), RecordType.ENROLLMENT, "a", "class_id", "c-00001")
        return None if rows is None else len(rows)

    @strawberry.field
    async def in_effect(self, info: Info) -> int | None:
        where, parent = Open(InEffect(RecordType.ENROLLMENT, TODAY)), info.root_value.parent
        rows = await info.context.reading.brood(place(info), RecordType.ENROLLMENT, "class_id", parent, where)
        return None if rows is None else len(rows)


@strawberry.type(name="Query")
class ReadingQuery:
    one: Reads | None = strawberry.field(resolver=Reads)
    other: Reads | None = strawberry.field(resolver=Reads)


@pytest.mark.parametrize("query", BRANCHES)
@pytest.mark.parametrize("field", ["followed", "level", "children", "inEffect"])
async def test_what_is_read_for_one_branch_comes_for_the_other(world: MakeWorld, query: str, field: str) -> None:
    made, schema = world(a="standard-1.2"), Schema(ReadingQuery, config=StrawberryConfig(scalar_map=SCALARS))
    parent = await made.reading().one(RecordType.CLASS, "a", "c-00001")
    assert parent is not None
    given = Given(made.servers["a"], parent)
    given.server.latency = SOME
    result = await schema.execute(query.replace("%s", field), {}, Context(made.reading()), given)
    expected: Any = (await schema.execute(f"{{ other {{ {field} }} }}", {}, Context(made.reading()), given)).data
    assert result.data == {"one": None, **expected}
    assert expected["other"][field] is not None
    assert [error.path for error in result.errors or ()] == [["one", "failing"]]


async def test_who_still_waits_when_the_operation_is_over_waits_no_longer(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    made.servers["a"].latency = 60
    reading = made.reading()
    with reading.under_way():
        left = asyncio.ensure_future(reading.one(RecordType.USER, "a", "somebody"))
        await asyncio.sleep(0.1)
    with pytest.raises(DeadlineExceeded):
        await asyncio.wait_for(left, 5)


async def test_what_nobody_waits_for_any_more_is_not_logged(world: MakeWorld, caplog: pytest.LogCaptureFixture) -> None:
    made = world(a="standard-1.2")
    made.servers["a"].latency = 60
    reading = made.reading()
    with reading.under_way():
        left = asyncio.ensure_future(reading.one(RecordType.USER, "a", "somebody"))
        await asyncio.sleep(0.1)
        left.cancel()
        await asyncio.sleep(0)
    for _ in range(10):
        await asyncio.sleep(0)
    del reading, left
    gc.collect()
    assert caplog.records == []
