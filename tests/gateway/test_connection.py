"""A client that does not send in time is let go of, over real sockets; one that does is answered meanwhile."""

from __future__ import annotations

import asyncio
import select
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn

from gateway.connection import Patience, protocol
from gateway.serve import listen

pytestmark = pytest.mark.anyio

PATIENCE = Patience(head=0.3, body=0.5, idle=0.4)
HEAD = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\n"


async def echo(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
    if scope["type"] != "http":
        return
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            break
    if body == b"slow":
        await asyncio.sleep(1)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    bound = listen("127.0.0.1", 0)
    config = uvicorn.Config(echo, http=protocol(PATIENCE), ws="none", log_level="error", lifespan="off")
    config.timeout_keep_alive = PATIENCE.idle  # type: ignore[assignment]
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield bound.getsockname()[1]
    server.should_exit = True
    thread.join(10)
    bound.close()


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=5)


def closed_after(client: socket.socket) -> tuple[float, bytes]:
    """Seconds until the server closed the connection, and what it said before."""
    began, said = time.monotonic(), b""
    while piece := client.recv(4096):
        said += piece
    client.close()
    return time.monotonic() - began, said


@pytest.mark.parametrize("sent", [b"", b"POST / HT", HEAD])
async def test_b16_headers_that_do_not_come_end_the_connection(port: int, sent: bytes) -> None:
    client = connected(port)
    client.sendall(sent)
    seconds, said = await asyncio.to_thread(closed_after, client)
    assert 0.2 < seconds < 2
    assert said.startswith(b"HTTP/1.1 408 ")


async def test_b16_headers_that_come_byte_by_byte_get_no_more_time(port: int) -> None:
    client = connected(port)

    def drip() -> int:
        """How many bytes were sent before the server answered, or closed."""
        for number in range(100):
            client.sendall((HEAD + b"X: " + b"x" * 100)[number : number + 1])
            if select.select([client], [], [], 0.05)[0]:
                return number
        return 100

    assert 3 < await asyncio.to_thread(drip) < 40
    client.close()


async def test_b16_a_body_that_does_not_come_ends_the_connection(port: int) -> None:
    client = connected(port)
    client.sendall(HEAD + b"\r\n" + b"ab")
    seconds, _ = await asyncio.to_thread(closed_after, client)
    assert 0.4 < seconds < 2


async def test_b16_an_idle_connection_is_closed_and_half_a_further_request_as_well(port: int) -> None:
    for more in (b"", b"POST / HTTP/1.1\r\nHos"):
        client = connected(port)
        client.sendall(HEAD + b"\r\n" + b"abcd")
        assert client.recv(4096).endswith(b"abcd")
        client.sendall(more)
        seconds, _ = await asyncio.to_thread(closed_after, client)
        assert 0.2 < seconds < 2


async def test_an_answer_may_take_longer_than_a_client_may(port: int) -> None:
    client = connected(port)
    client.sendall(HEAD + b"\r\n" + b"slow")
    assert (await asyncio.to_thread(client.recv, 4096)).endswith(b"slow")
    client.sendall(HEAD + b"\r\n" + b"next")
    assert (await asyncio.to_thread(client.recv, 4096)).endswith(b"next")
    client.close()


async def test_b16_many_idle_connections_hold_up_nobody(port: int) -> None:
    idle = [connected(port) for _ in range(500)]
    began = time.monotonic()
    client = connected(port)
    client.sendall(HEAD + b"\r\n" + b"abcd")
    assert client.recv(4096).endswith(b"abcd")
    assert time.monotonic() - began < 2
    client.close()
    for each in idle:
        await asyncio.to_thread(closed_after, each)
