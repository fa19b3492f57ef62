"""SourceClient when a source fails: over HTTP in process, and over sockets."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from adapters.client import PageRequest, SourceClient
from adapters.dialect import Capabilities, StaticBearer
from adapters.endpoints import Collection
from adapters.errors import (
    Failing,
    Malformed,
    Misconfigured,
    Overloaded,
    Redirected,
    Refused,
    SourceError,
    Throttled,
    TimedOut,
    Unreachable,
)
from adapters.exchange import network
from adapters.predicate import equals
from adapters.spec import Credentials, Timeouts
from adapters.transport import Sent
from tests.adapters.school import TEN, School, client, ids, scanned, spec, user
from tests.faults.clock import ForwardLoop

pytestmark = pytest.mark.anyio

OF_ITS_OWN_TIME = pytest.mark.parametrize(
    "anyio_backend", [("asyncio", {"loop_factory": ForwardLoop})], ids=["of its own time"]
)
"""Over sockets, on a clock that stands while another has the processor."""


def always(answer: httpx2.Response | Exception) -> SourceClient:
    def handle(_: httpx2.Request) -> httpx2.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return SourceClient(spec(StaticBearer()), httpx2.MockTransport(handle))


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx2.Response(200, html="<html>Please log in, Ann</html>"), Malformed),
        (httpx2.Response(200, json={"imsx_codeMajor": "failure", "imsx_description": "Ann"}), Malformed),
        (httpx2.Response(302, headers={"Location": "https://h.example/login"}), Redirected),
        (httpx2.Response(400, json={"imsx_codeMinor": "invalid_filter_field", "imsx_description": "Ann"}), Refused),
        (httpx2.Response(404), Refused),
        (httpx2.Response(429, headers={"Retry-After": "30"}), Throttled),
        (httpx2.Response(502, html="<html>Ann"), Failing),
        (httpx2.ConnectError("Ann"), Unreachable),
    ],
)
async def test_a_fault_is_told_by_its_kind_and_without_what_was_asked_or_said(
    answer: httpx2.Response | Exception, kind: type[SourceError]
) -> None:
    where = equals("family_name", "Canary")
    with pytest.raises(kind) as caught:
        await always(answer).page(PageRequest("users", where=where))
    assert type(caught.value) is kind
    assert caught.value.source == "k"
    for word in ("Canary", "Ann", "hunter2", "filter="):
        assert word not in str(caught.value)


async def test_the_time_to_come_back_reaches_the_caller() -> None:
    with pytest.raises(Throttled) as caught:
        await always(httpx2.Response(429, headers={"Retry-After": "30"})).page(TEN)
    assert caught.value.retry_after == 30


async def test_a_request_is_sent_three_times_at_most() -> None:
    asked = always(httpx2.Response(503))
    with pytest.raises(Failing):
        await asked.page(TEN)
    assert asked.requests == 3


async def test_a_source_that_fails_is_left_alone_and_that_is_told() -> None:
    asked = always(httpx2.Response(503))
    for _ in range(2):
        with pytest.raises((Failing, Overloaded)):
            await asked.page(TEN)
    with pytest.raises(Overloaded, match=r"not asked: it failed too often just now \(503, the server failed\)"):
        await asked.page(TEN)
    assert asked.requests == 5


async def test_a_record_is_tried_again_too() -> None:
    server, failed = School(), []

    def fail_once(request: httpx2.Request) -> httpx2.Response | None:
        failed.append(request)
        return httpx2.Response(503) if len(failed) == 1 else None

    server.answer = fail_once
    found = await client(server).read(Collection.USERS, ids(await scanned(client(School()), TEN))[0])
    assert found is not None
    assert len(failed) == 2


async def test_requests_are_told_by_route_and_status() -> None:
    told: list[Sent] = []
    asked = SourceClient(spec(), httpx2.MockTransport(School()), on_request=told.append)
    await asked.page(PageRequest("students", limit=5))
    await asked.read(Collection.USERS, "nobody")
    assert [(t.endpoint, t.status) for t in told] == [("token", 200), ("students", 200), ("user", 404)]


@pytest.mark.jumping
@pytest.mark.parametrize(("dialects", "setting", "most"), [(8, 8, 8), (3, 8, 3), (8, 2, 2), (50, 50, 8)])
async def test_no_more_requests_are_under_way_than_the_source_takes(dialects: int, setting: int, most: int) -> None:
    now = peak = 0

    async def answer(_: httpx2.Request) -> httpx2.Response:
        nonlocal now, peak
        now += 1
        peak = max(peak, now)
        await asyncio.sleep(0.001)
        now -= 1
        return httpx2.Response(200, json={"users": []})

    asked = SourceClient(
        spec(StaticBearer(), Capabilities(max_concurrency=dialects), max_concurrency=setting),
        httpx2.MockTransport(answer),
    )
    await asyncio.gather(*(asked.page(TEN) for _ in range(40)))
    assert peak == most


def test_settings_that_cannot_work_are_told_before_anything_is_sent() -> None:
    for settings in (
        {"base_url": "http://h.example"},
        {"token_url": "https://h.example/#x"},
        {"credentials": Credentials()},
    ):
        with pytest.raises(Misconfigured):
            SourceClient(spec(**settings))


async def served(
    talk: Callable[[asyncio.StreamWriter], Any], attempt: float = 5.0
) -> tuple[SourceClient, asyncio.Server]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        try:
            await talk(writer)
            await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    asked = SourceClient(
        spec(StaticBearer(), base_url=f"http://127.0.0.1:{port}", allow_http=True, timeouts=Timeouts(attempt=attempt))
    )
    return asked, server


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@OF_ITS_OWN_TIME
async def test_a_connection_that_nobody_uses_any_more_is_closed_though_nothing_is_asked() -> None:
    closed: asyncio.Queue[str] = asyncio.Queue()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{"users":[]}')
        closed.put_nowait(repr(await reader.read()))
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    plain = spec(StaticBearer(), base_url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", allow_http=True)
    asking = SourceClient(plain, network(plain, 8, idle=0.2))
    tasks = len(asyncio.all_tasks())
    await asking.page(TEN)
    await asking.page(TEN)
    assert closed.empty()
    async with asyncio.timeout(5):
        assert await closed.get() == "b''"
    await asyncio.sleep(0.1)
    assert len(asyncio.all_tasks()) == tasks, "nor does anything go on looking"
    await asking.aclose()
    server.close()


async def test_a_real_answer_comes_over_a_real_socket() -> None:
    async def talk(writer: asyncio.StreamWriter) -> None:
        body = json.dumps({"users": [user(1)]}).encode()
        writer.write(HEAD + b"Content-Length: %d\r\nX-Total-Count: 1\r\n\r\n" % len(body) + body)

    asked, server = await served(talk)
    async with server:
        assert ids(await scanned(asked, "users")) == ["u001"]
        await asked.aclose()


@OF_ITS_OWN_TIME
async def test_a_body_that_drips_ends_at_the_attempts_limit() -> None:
    async def talk(writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Content-Length: 100000\r\n\r\n")
        for _ in range(200):
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.01)

    asked, server = await served(talk, attempt=0.2)
    async with server:
        started = asyncio.get_running_loop().time()
        with pytest.raises(TimedOut, match=r"0\.2 s"):
            await asked.page(TEN)
        assert asyncio.get_running_loop().time() - started < 1
        await asked.aclose()


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (b"", Unreachable),
        (HEAD + b"Content-Length: 100\r\n\r\n{", SourceError),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", SourceError),
        (HEAD + b"\r\n" + b'{"users": [{"sourcedId": "u1"', SourceError),
        (b"SSH-2.0-OpenSSH\r\n\r\n", Unreachable),
    ],
)
async def test_a_connection_that_breaks_off_is_transient_and_never_a_short_list(
    sent: bytes, kind: type[SourceError]
) -> None:
    async def talk(writer: asyncio.StreamWriter) -> None:
        writer.write(sent)

    asked, server = await served(talk)
    async with server:
        with pytest.raises(kind) as caught:
            await asked.page(TEN)
        assert caught.value.transient
        await asked.aclose()


async def test_a_port_where_nobody_listens_is_unreachable() -> None:
    asked, server = await served(lambda writer: None)
    server.close()
    await server.wait_closed()
    with pytest.raises(Unreachable):
        await asked.page(TEN)
    await asked.aclose()
