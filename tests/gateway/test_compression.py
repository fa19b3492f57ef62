"""Answers made smaller: that they come back as they were, when it is done, and that nobody waits for it."""

from __future__ import annotations

import asyncio
import dataclasses
import gzip
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import process_time
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.app import build
from gateway.config import DocumentPolicy, GetPolicy, HttpSettings
from gateway.endpoint.responding import answered
from gateway.web.compression import LARGE, LEAST, beside_the_loop, compressed
from gateway.web.negotiation import JSON, Coding, codings
from tests.gateway.support import MakeWorld, World

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

pytestmark = pytest.mark.anyio

PACKED = {Coding.GZIP: gzip.decompress, Coding.ZSTD: zstd.decompress}


@pytest.mark.parametrize("coding", list(Coding))
@given(bodies=st.lists(st.binary(max_size=3000), max_size=3))
def test_what_was_packed_comes_out_as_it_was(coding: Coding, bodies: list[bytes]) -> None:
    for body in bodies:
        assert PACKED[coding](compressed(body, coding)) == body


@pytest.mark.parametrize("coding", list(Coding))
def test_the_same_answer_is_packed_to_the_same_bytes_in_every_thread(coding: Coding) -> None:
    body = b'{"givenName": "Ada"}' * 20_000
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(compressed(body, coding))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == {compressed(body, coding)}


async def test_what_takes_long_is_done_beside_the_event_loop() -> None:
    here = threading.current_thread()
    assert await beside_the_loop(lambda _: threading.current_thread(), b"x" * (LARGE - 1)) is here
    assert await beside_the_loop(lambda _: threading.current_thread(), b"x" * LARGE) is not here


async def test_the_event_loop_goes_on_while_a_large_answer_is_packed() -> None:
    body = bytes(range(256)) * 200_000
    longest, ended = 0.0, False

    async def tick() -> None:
        nonlocal longest
        while not ended:
            before = process_time()
            await asyncio.sleep(0.001)
            longest = max(longest, process_time() - before)

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0.01)
    began = process_time()
    answer = await answered(body, 200, JSON, codings("gzip"))
    took, ended = process_time() - began, True
    await ticking
    assert gzip.decompress(answer.body) == body
    assert longest < took / 2


# ---------------------------------------------------------------- over HTTP

LIST = "query L($n: Int) { users(first: $n) { nodes { id givenName familyName email } } }"


@asynccontextmanager
async def gateway(made: World, http: HttpSettings | None = None) -> AsyncIterator[httpx2.AsyncClient]:
    settings = made.settings if http is None else dataclasses.replace(made.settings, http=http)
    app = build(settings, made.connect)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost") as client:
        yield client
    await app.state.sources.close()


async def raw(client: httpx2.AsyncClient, accept_encoding: str | None, n: int) -> tuple[httpx2.Headers, bytes]:
    """The head of an answer, and its bytes as they were sent."""
    body = {"query": LIST, "variables": {"n": n}}
    request = client.build_request("POST", "/graphql", json=body)
    del request.headers["accept-encoding"]
    if accept_encoding is not None:
        request.headers["accept-encoding"] = accept_encoding
    answer = await client.send(request, stream=True)
    content = b"".join([chunk async for chunk in answer.aiter_raw()])
    assert answer.status_code == 200
    assert int(answer.headers["content-length"]) == len(content)
    assert answer.headers["vary"] == "Accept, Accept-Encoding"
    return answer.headers, content


@pytest.mark.parametrize(
    ("accept_encoding", "coding"),
    [
        (None, None),
        ("gzip", Coding.GZIP),
        ("gzip, deflate, br, zstd", Coding.ZSTD),
        ("zstd;q=0.1, gzip;q=0.2", Coding.GZIP),
        ("gzip;q=0.5, identity", None),
        ("br", None),
    ],
)
async def test_an_answer_is_packed_as_the_client_wants_it_where_that_pays(
    world: MakeWorld, accept_encoding: str | None, coding: Coding | None
) -> None:
    async with gateway(world(a="classlink")) as client:
        headers, content = await raw(client, accept_encoding, 40)
        assert headers.get("content-encoding") == coding
        plain = PACKED[coding](content) if coding else content
        assert len(plain) >= LEAST
        assert len(content) < len(plain) / 2 or coding is None
        _, unpacked = await raw(client, None, 40)
        assert plain == unpacked

        headers, content = await raw(client, accept_encoding, 1)
        assert "content-encoding" not in headers
        assert len(content) < LEAST


@pytest.mark.parametrize("accept_encoding", ["gzip, identity;q=0", "gzip;q=0.1, *;q=0"])
async def test_a_client_that_takes_nothing_plain_gets_nothing_plain(world: MakeWorld, accept_encoding: str) -> None:
    async with gateway(world(a="classlink")) as client:
        headers, content = await raw(client, accept_encoding, 1)
        assert headers["content-encoding"] == "gzip"
        assert b"users" in gzip.decompress(content)


# ---------------------------------------------------------------- trusted documents, kept and revalidated


@pytest.fixture
def trusted(tmp_path: Path) -> HttpSettings:
    (tmp_path / "people.graphql").write_text(LIST)
    (tmp_path / "again.graphql").write_text('mutation { refreshSource(input: {source: "a"}) { source { key } } }')
    return HttpSettings(documents=DocumentPolicy.APQ, documents_dir=tmp_path, get=GetPolicy.TRUSTED)


def people(n: int = 40) -> dict[str, str]:
    return {"documentId": "people", "variables": f'{{"n": {n}}}'}


async def ask(client: httpx2.AsyncClient, params: dict[str, str] | None = None, **headers: str) -> httpx2.Response:
    sent = {"accept-encoding": "identity", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return await client.get("/graphql", params=params or people(), headers=sent)


async def test_a_trusted_document_may_be_kept_and_is_sent_again_only_when_it_changed(
    world: MakeWorld, trusted: HttpSettings
) -> None:
    async with gateway(world(a="classlink"), trusted) as client:
        first = await ask(client)
        assert first.status_code == 200
        assert first.headers["cache-control"] == "no-store"
        tag = first.headers["etag"]
        assert tag.startswith('"')
        for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            again = await ask(client, if_none_match=known)
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
            assert again.headers["vary"] == first.headers["vary"]
            assert again.headers["cache-control"] == first.headers["cache-control"]
            assert not {"content-length", "content-type"} & set(again.headers)
        for other in ('"other"', "", tag.strip('"')):
            assert (await ask(client, if_none_match=other)).content == first.content
        fewer = await ask(client, people(2), if_none_match=tag)
        assert (fewer.status_code, fewer.headers["etag"] == tag) == (200, False)


async def test_each_coding_of_an_answer_has_a_validator_of_its_own(world: MakeWorld, trusted: HttpSettings) -> None:
    async with gateway(world(a="classlink"), trusted) as client:
        answers = {each: await ask(client, accept_encoding=each) for each in ("identity", "gzip", "zstd")}
        tags = {each: answer.headers["etag"] for each, answer in answers.items()}
        assert len(set(tags.values())) == 3
        assert len({answer.content for answer in answers.values()}) == 1
        for each, tag in tags.items():
            for other in tags:
                again = await ask(client, accept_encoding=each, if_none_match=tags[other])
                assert again.status_code == (304 if other == each else 200)
                assert again.headers["etag"] == tag


async def test_get_is_for_what_is_trusted_and_for_queries(world: MakeWorld, trusted: HttpSettings) -> None:
    async with gateway(world(a="classlink"), trusted) as client:
        for params in ({"query": "{ __typename }"}, {"documentId": "again"}):
            answer = await ask(client, params)
            assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
            assert "etag" not in answer.headers
        unknown: dict[str, Any] = {"documentId": "nobody"}
        for accept, status in (("application/json", 200), ("application/graphql-response+json", 400)):
            answer = await ask(client, unknown, accept=accept)
            assert answer.status_code == status
            assert answer.headers["cache-control"] == "no-store"
            assert answer.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
            posted = await client.post("/graphql", json=unknown, headers={"accept": accept})
            assert posted.status_code == status
        misfit = await ask(client, {"documentId": "people", "variables": '{"n": "many"}'})
        assert "etag" not in misfit.headers
        assert misfit.headers["cache-control"] == "no-store"
        posted = await client.post("/graphql", json={"documentId": "people", "variables": {"n": 2}})
        assert len(posted.json()["data"]["users"]["nodes"]) == 2
        assert "etag" not in posted.headers
