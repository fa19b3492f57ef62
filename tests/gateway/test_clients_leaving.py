"""Clients that go away while their operation is executed: a query ends, and nothing that others wait for."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from gateway.app import build
from tests.gateway.plain_asgi import in_parts, leaving, scope
from tests.gateway.support import MakeWorld
from tests.serving import served

pytestmark = pytest.mark.anyio

USERS = "{ users(first: 5) { nodes { givenName } } }"


@pytest.mark.jumping
@pytest.mark.parametrize("compiled", [True, False], ids=["plan", "graphql-core"])
async def test_a_client_that_goes_away_ends_its_operation_and_no_other(world: MakeWorld, compiled: bool) -> None:
    made = world(a="classlink")
    made.servers["a"].latency = 0.3
    app = build(made.settings, made.connect, compiled=compiled)
    gone = asyncio.Event()
    leaves = asyncio.create_task(leaving(app, USERS, gone))
    stays = asyncio.create_task(in_parts(app, [json.dumps({"query": USERS}).encode()]))
    await asyncio.sleep(0.1)
    began = asyncio.get_running_loop().time()
    gone.set()
    assert await leaves == []
    assert asyncio.get_running_loop().time() - began < 0.15
    assert not leaves.cancelled()
    answer, _ = await stays
    assert len(answer["data"]["users"]["nodes"]) == 5
    assert "errors" not in answer
    await app.state.sources.close()


@pytest.mark.jumping
async def test_a_mutation_is_carried_out_though_its_client_goes_away(world: MakeWorld) -> None:
    made = world(a="classlink")
    made.servers["a"].latency = 0.2
    app = build(made.settings, made.connect)
    gone = asyncio.Event()
    mutation = 'mutation { refreshSource(input: {source: "a"}) { source { currentSession { title } } } }'
    leaves = asyncio.create_task(leaving(app, mutation, gone))
    await asyncio.sleep(0.05)
    gone.set()
    _, answer = await leaves
    assert "errors" not in json.loads(answer["body"])
    assert made.requests("a") > 0
    await app.state.sources.close()


async def test_a_client_that_goes_away_in_the_middle_of_its_body_asks_nothing(world: MakeWorld) -> None:
    made = world(a="classlink")
    app = build(made.settings, made.connect)
    sent: list[Any] = []
    messages: list[Any] = [
        {"type": "http.request", "body": b'{"query": "{ users { totalCount } }"', "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope(), receive, send)
    assert sent == []
    assert made.requests("a") == 0
    await app.state.sources.close()


@pytest.mark.jumping
async def test_a_server_that_stops_is_not_taken_for_a_client_that_left(world: MakeWorld) -> None:
    made = world(a="classlink")
    made.servers["a"].latency = 5
    app = build(made.settings, made.connect)
    asking = asyncio.create_task(leaving(app, USERS, asyncio.Event()))
    await asyncio.sleep(0.1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await app.state.sources.close()


async def test_a_connection_that_is_closed_ends_its_operation(
    world: MakeWorld, caplog: pytest.LogCaptureFixture
) -> None:
    made = world(a="classlink")
    made.servers["a"].latency = 60
    body = json.dumps({"query": USERS}).encode()

    def go() -> None:
        with served(build(made.settings, made.connect)) as url:
            with socket.create_connection(("127.0.0.1", urlsplit(url).port)) as connection:
                head = "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
                until(lambda: made.servers["a"].in_flight == 1)
            until(lambda: made.servers["a"].in_flight == 0)

    await asyncio.to_thread(go)
    assert caplog.text == ""


def until(so: Callable[[], bool]) -> None:
    latest = time.monotonic() + 30
    while not so():
        assert time.monotonic() < latest
        time.sleep(0.01)
