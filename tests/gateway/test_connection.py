"""A client that does not send in time is let go of, over real sockets; one that does is answered meanwhile."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from gateway.connection import Patience, protocol
from gateway.connection.sending import handing_on
from gateway.connection.timed import MOST_HEAD
from gateway.endpoint.asgi import Response, Send
from gateway.serve import listen

pytestmark = pytest.mark.anyio

PATIENCE = Patience(head=0.3, body=0.5, idle=0.4)
"""Of a server in the event loop of the test, where no other time passes."""
LONG_PATIENCE = Patience(head=60, body=60, idle=1)
"""Of one in a thread of its own."""

jumping = pytest.mark.jumping
HEAD = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\n"


async def echo(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
    if scope["type"] != "http":
        return
    body = b""
    while scope["path"] != "/at-once":
        message = await receive()
        body += message.get("body", b"")
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            break
    if body == b"slow" or scope["path"] == "/slow":
        await asyncio.sleep(1)
    if scope["path"] == "/headers":
        body = b" ".join(name for name, _ in scope["headers"])
    if body == b"part":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
        for part in (b"pa", b"rt"):
            await send({"type": "http.response.body", "body": part, "more_body": part == b"pa"})
        return
    await Response(200, (), body).send(send)


def config(patience: Patience) -> uvicorn.Config:
    return uvicorn.Config(echo, http=protocol(patience), ws="none", log_level="error", lifespan="off")


async def joined() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """The client's end of a connection that is served."""
    ours, theirs = socket.socketpair()
    served, loop = config(PATIENCE), asyncio.get_running_loop()
    made = protocol(PATIENCE)
    await loop.connect_accepted_socket(lambda: made(served, ServerState(), {}, loop), theirs)
    return await asyncio.open_connection(sock=ours)


async def ended_after(reader: asyncio.StreamReader) -> tuple[float, bytes]:
    """Seconds until the server closed the connection, and what it said before."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    said = await reader.read()
    return loop.time() - began, said


def about(seconds: float) -> Any:
    return pytest.approx(seconds, abs=0.01)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    bound = listen("127.0.0.1", 0)
    server = uvicorn.Server(config(LONG_PATIENCE))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield bound.getsockname()[1]
    server.should_exit = True
    thread.join(10)
    bound.close()


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=60)


def until_closed(client: socket.socket) -> bytes:
    """What the server said before it closed the connection."""
    said = b""
    while piece := client.recv(4096):
        said += piece
    client.close()
    return said


@jumping
@pytest.mark.parametrize("sent", [b"", b"POST / HT", HEAD])
async def test_B16_headers_that_do_not_come_end_the_connection(sent: bytes) -> None:
    reader, writer = await joined()
    writer.write(sent)
    seconds, said = await ended_after(reader)
    assert seconds == about(PATIENCE.head)
    assert said.startswith(b"HTTP/1.1 408 ")
    writer.close()


@jumping
async def test_B16_headers_that_come_byte_by_byte_get_no_more_time() -> None:
    reader, writer = await joined()
    ended, sent = asyncio.create_task(ended_after(reader)), 0
    while not ended.done():
        writer.write((HEAD + b"X: " + b"x" * 100)[sent : sent + 1])
        sent += 1
        await asyncio.sleep(0.04)
    seconds, said = await ended
    assert seconds == about(PATIENCE.head)
    assert said.startswith(b"HTTP/1.1 408 ")
    assert sent >= 6
    writer.close()


@jumping
async def test_B16_a_body_that_does_not_come_ends_the_connection() -> None:
    reader, writer = await joined()
    writer.write(HEAD + b"\r\n" + b"ab")
    seconds, _ = await ended_after(reader)
    assert seconds == about(PATIENCE.body)
    writer.close()


def answered_or_cut(port: int, *pieces: bytes) -> tuple[int, bytes]:
    """How many bytes were sent before the server closed the connection, or answered; and what it said."""
    client, sent, said = connected(port), 0, b""
    try:
        for piece in pieces:
            client.sendall(piece)
            sent += len(piece)
        said = client.recv(4096)
    except OSError:  # what was said before may be lost
        pass
    client.close()
    return sent, said


LONG = b"x" * 65_536
MANY = b"a: b\r\n" * 10_000


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        (b"GET / HTTP/1.1\r\na: ", LONG),
        (b"GET / HTTP/1.1\r\n", MANY),
        (b"GET /?", LONG),
        (HEAD + b"\r\n" + b"abcd" + HEAD, MANY),
    ],
    ids=["a long header", "many headers", "a long address", "of a further request"],
)
async def test_B16_a_head_without_end_is_cut_off(port: int, begin: bytes, piece: bytes) -> None:
    sent, said = await asyncio.to_thread(answered_or_cut, port, begin, *[piece] * 1000)
    assert sent < 10_000_000  # what the system holds on the way
    assert said[:13] in (b"", b"HTTP/1.1 431 ", b"HTTP/1.1 200 ")


async def test_B16_a_head_that_is_too_large_is_told_so(port: int) -> None:
    head = b"GET / HTTP/1.1\r\na: ".ljust(MOST_HEAD + 1, b"x")  # nothing is left unread that would cut the answer off
    _, said = await asyncio.to_thread(answered_or_cut, port, head)
    assert said.startswith(b"HTTP/1.1 431 ")
    assert said.endswith(b"the head of the request is too large")


async def test_B16_a_head_within_its_bounds_may_come_in_pieces(port: int) -> None:
    long = b"x" * (MOST_HEAD // 2 - 100)
    head = b"GET /at-once?%b HTTP/1.1\r\nconnection: close\r\na: %b\r\n\r\n" % (long, long)
    pieces = [head[at : at + 5000] for at in range(0, len(head), 5000)]
    sent, said = await asyncio.to_thread(answered_or_cut, port, *pieces)
    assert sent == len(head)
    assert said.startswith(b"HTTP/1.1 200 ")


async def test_B16_what_follows_a_head_without_end_is_cut_off_too(port: int) -> None:
    begin = b"POST /at-once HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"
    for piece in (b"10000\r\n" + LONG + b"\r\n", b"1;" + LONG + b"\r\nx\r\n"):
        sent, _ = await asyncio.to_thread(answered_or_cut, port, begin, *[piece] * 1000)
        assert sent < 20_000_000


async def test_B16_requests_without_end_are_not_gathered(port: int) -> None:
    """More than a hundred that wait end the connection; so many are not read as long as others wait."""
    one = b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n"
    sent, _ = await asyncio.to_thread(answered_or_cut, port, one * 50, *[one * 2000] * 1000)
    assert sent < 10_000_000
    client = connected(port)
    client.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n" * 90)
    said = await asyncio.to_thread(until_closed, client)
    assert said.count(b"HTTP/1.1 200 ") == 90


@pytest.mark.parametrize("apart", [False, True])
async def test_what_follows_a_request_for_another_protocol_is_no_request(port: int, apart: bool) -> None:
    other = b"GET /headers HTTP/1.1\r\nsmuggled: x\r\n\r\n"
    head = b"POST /at-once HTTP/1.1\r\nupgrade: h2c\r\nconnection: upgrade\r\ncontent-length: %d\r\n\r\n" % len(other)
    client = connected(port)
    client.sendall(head if apart else head + other)
    said = await asyncio.to_thread(client.recv, 4096)
    with suppress(OSError):  # it may be closed by now
        if apart:
            client.sendall(other)
        said += await asyncio.to_thread(until_closed, client)
    assert said.count(b"HTTP/1.1 ") == 1
    assert b"connection: close" in said
    assert b"smuggled" not in said


async def test_trailers_are_no_headers(port: int) -> None:
    begin = b"POST /headers HTTP/1.1\r\na: b\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"
    _, said = await asyncio.to_thread(answered_or_cut, port, begin + b"0\r\nauthorization: Bearer x\r\n\r\n")
    assert said.endswith(b"\r\n\r\na connection transfer-encoding")


@jumping
@pytest.mark.parametrize(
    ("more", "patience", "said_to_it"),
    [(b"", PATIENCE.idle, b""), (b"POST / HTTP/1.1\r\nHos", PATIENCE.head, b"HTTP/1.1 408 ")],
    ids=["nothing", "half a request"],
)
async def test_B16_an_idle_connection_is_closed_and_half_a_further_request_as_well(
    more: bytes, patience: float, said_to_it: bytes
) -> None:
    reader, writer = await joined()
    writer.write(HEAD + b"\r\n" + b"abcd")
    await reader.readuntil(b"abcd")
    writer.write(more)
    seconds, said = await ended_after(reader)
    assert seconds == about(patience)
    assert said[:13] == said_to_it
    writer.close()


@jumping
async def test_an_answer_may_take_longer_than_a_client_may() -> None:
    reader, writer = await joined()
    for body in (b"slow", b"next"):
        writer.write(HEAD + b"\r\n" + body)
        await reader.readuntil(body)
    writer.close()


@jumping
async def test_requests_that_are_sent_at_once_are_answered_in_their_order() -> None:
    reader, writer = await joined()
    writer.write(b"".join(HEAD + b"\r\n" + body for body in (b"slow", b"part", b"last")))
    seconds, said = await ended_after(reader)
    assert [part[-4:] for part in said.split(b"HTTP/1.1 200 ")[1:]] == [b"slow", b"part", b"last"]
    assert seconds == about(1 + PATIENCE.idle)
    writer.close()


@jumping
@pytest.mark.parametrize(
    ("asked", "ending"),
    [
        (HEAD + b"\r\npart", b"\r\n\r\npart"),
        (HEAD.replace(b"POST", b"HEAD") + b"\r\nabcd", b"content-length: 4\r\n\r\n"),
        (HEAD + b"Connection: close\r\n\r\nabcd", b"content-length: 4\r\nconnection: close\r\n\r\nabcd"),
        (HEAD + b"Expect: 100-continue\r\n\r\nabcd", b"content-length: 4\r\n\r\nabcd"),
    ],
    ids=["in parts", "HEAD", "the last one", "asked for leave"],
)
async def test_responses_that_are_not_ready_or_not_ordinary_are_sent_as_the_server_does(
    asked: bytes, ending: bytes
) -> None:
    reader, writer = await joined()
    writer.write(asked)
    _, said = await ended_after(reader)
    assert said.endswith(ending)
    assert said.count(b"HTTP/1.1 200 OK") == 1
    writer.close()


@jumping
async def test_a_request_that_is_answered_before_its_body_is_there_leaves_room_for_the_next_one() -> None:
    reader, writer = await joined()
    writer.write(HEAD.replace(b"POST /", b"POST /at-once") + b"\r\n")
    assert (await reader.readuntil(b"\r\n\r\n")).endswith(b"content-length: 0\r\n\r\n")
    writer.write(b"abcd" + HEAD + b"\r\n" + b"next")
    await reader.readuntil(b"next")
    writer.write(HEAD.replace(b"POST /", b"POST /at-once") + b"\r\n")
    seconds, said = await ended_after(reader)
    assert seconds == about(PATIENCE.body)
    assert said.count(b"HTTP/1.1 ") == 1
    writer.close()


@jumping
async def test_a_connection_on_which_requests_go_on_is_not_closed_as_idle() -> None:
    reader, writer = await joined()
    for _ in range(4):
        writer.write(HEAD + b"\r\n" + b"abcd")
        await reader.readuntil(b"abcd")
        await asyncio.sleep(0.25)
    writer.close()


class Wire(asyncio.Transport):
    """What the server hands to the system, piece by piece."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        self.pieces: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.pieces.append(bytes(data))

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        self.write(b"".join(list_of_data))

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        pass


@pytest.mark.parametrize("size", [4, 100_000])
@pytest.mark.parametrize(
    ("headers", "pieces"),
    [
        ([(b"content-type", b"text/plain")], 1),
        ([(b"x-odd", b"a\r\nb")], 0),
        ([(b"connection", b"close")], 2),
    ],
    ids=["ordinary", "no header", "the server's own"],
)
async def test_a_response_that_is_ready_is_sent_in_one_piece(
    size: int, headers: list[tuple[bytes, bytes]], pieces: int
) -> None:
    async def app(scope: object, receive: object, send: Send) -> None:
        await Response(200, tuple(headers), b"x" * size).send(send)

    wire, done = Wire(), asyncio.Event()
    cycle = RequestResponseCycle(
        scope={"method": "POST"},  # type: ignore[typeddict-item]
        transport=wire,
        flow=FlowControl(wire),
        logger=logging.getLogger(__name__),
        access_logger=logging.getLogger(__name__),
        access_log=False,
        default_headers=[(b"x-served-by", b"us")],
        message_event=asyncio.Event(),
        expect_100_continue=False,
        keep_alive=True,
        on_response=done.set,
    )
    if not pieces:
        with pytest.raises(RuntimeError, match="Invalid HTTP header"):
            await handing_on(cycle, app)(cycle.scope, cycle.receive, cycle.send)
        assert not wire.pieces
        return
    await handing_on(cycle, app)(cycle.scope, cycle.receive, cycle.send)
    assert len(wire.pieces) == pieces
    head, _, body = b"".join(wire.pieces).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\nx-served-by: us\r\n")
    assert b"content-length: %d" % size in head
    assert body == b"x" * size
    assert done.is_set()
    assert cycle.response_complete
