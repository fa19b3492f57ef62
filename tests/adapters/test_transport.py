"""Answers are bounded, whole and from the address asked, or an error of ours."""

import gzip
import logging
import ssl
import zlib
from collections.abc import AsyncIterator, Callable

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import transport
from adapters.addresses import query_text
from adapters.errors import (
    Malformed,
    Misconfigured,
    Redirected,
    SourceError,
    TimedOut,
    TlsFailed,
    Truncated,
    Unreachable,
)
from adapters.transport import AnswerLimits, GuardedTransport, Sent, address

pytestmark = pytest.mark.anyio


class Chunks(httpx2.AsyncByteStream):
    def __init__(self, *chunks: bytes, then: Exception | None = None) -> None:
        self.chunks, self.then, self.closed = chunks, then, False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            yield chunk
        if self.then:
            raise self.then

    async def aclose(self) -> None:
        self.closed = True


async def fetch(answer: Callable[[httpx2.Request], httpx2.Response], **options: object) -> httpx2.Response:
    guarded = GuardedTransport(httpx2.MockTransport(answer), "s", **options)  # type: ignore[arg-type]
    async with httpx2.AsyncClient(transport=guarded, trust_env=False) as client:
        return await client.get("https://h.example/users?filter=secret", follow_redirects=False)


def streamed(stream: Chunks, **headers: str) -> Callable[[httpx2.Request], httpx2.Response]:
    return lambda _: httpx2.Response(200, headers=headers, stream=stream)


async def test_a_plain_body_passes() -> None:
    assert (await fetch(streamed(Chunks(b"ab", b"c")))).content == b"abc"


@pytest.mark.parametrize("size", [1, 7, 100_000])
async def test_a_compressed_body_is_inflated_whatever_its_chunks(size: int) -> None:
    body = b"".join(b'{"sourcedId":"%d"}' % number for number in range(150_000))
    packed = gzip.compress(body)
    chunks = [packed[i : i + size] for i in range(0, len(packed), size)]
    answer = await fetch(streamed(Chunks(*chunks), **{"content-encoding": "gzip", "content-length": str(len(packed))}))
    assert answer.content == body
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize("size", range(1_048_560, 1_048_600, 5))
async def test_no_byte_is_lost_where_a_step_of_inflating_ends(size: int) -> None:
    packed = gzip.compress(bytes(size))
    chunks = [packed[i : i + 1] for i in range(len(packed))]
    answer = streamed(Chunks(*chunks), **{"content-encoding": "gzip"})
    assert len((await fetch(answer, limits=AnswerLimits(ratio=10_000))).content) == size


async def test_two_compressed_members_are_one_body() -> None:
    packed = gzip.compress(b"a" * 10) + gzip.compress(b"b" * 10)
    assert (await fetch(streamed(Chunks(packed), **{"content-encoding": "x-gzip"}))).content == b"a" * 10 + b"b" * 10


async def test_only_gzip_is_offered() -> None:
    seen: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200)

    await fetch(answer)
    assert seen[0].headers["Accept-Encoding"] == "gzip"
    assert seen[0].headers["User-Agent"].startswith("oneroster-gateway/")
    with pytest.raises(Malformed, match="br"):
        await fetch(streamed(Chunks(b"x"), **{"content-encoding": "br"}))


@pytest.mark.parametrize("cut", [1, 20, -1])
async def test_a_compressed_body_that_was_cut_is_noticed(cut: int) -> None:
    packed = gzip.compress(b"0123456789" * 1000)[:cut]
    with pytest.raises(Truncated):
        await fetch(streamed(Chunks(packed), **{"content-encoding": "gzip"}))


async def test_a_body_that_is_no_gzip_though_it_says_so_is_malformed() -> None:
    with pytest.raises(Malformed):
        await fetch(streamed(Chunks(b"{}", b"{}"), **{"content-encoding": "gzip"}))


async def test_a_small_body_that_grows_without_bound_is_given_up() -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = packer.compress(bytes(50 * 1024 * 1024)) + packer.flush()
    assert len(bomb) < 100_000
    stream = Chunks(bomb)
    with pytest.raises(Malformed, match="more than 100 times as large"):
        await fetch(streamed(stream, **{"content-encoding": "gzip"}))
    assert stream.closed


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        (AnswerLimits(body=3 * 1024 * 1024), "larger than 3 MiB"),
        (AnswerLimits(wire=3 * 1024 * 1024), "more than 3 MiB came"),
        (AnswerLimits(headers=4096), "headers are larger than 4 KiB"),
    ],
)
async def test_an_answer_that_is_too_large_is_given_up_where_it_becomes_so(limits: AnswerLimits, told: str) -> None:
    stream = Chunks(*[bytes(1024 * 1024)] * 4)
    with pytest.raises(Malformed, match=told):
        await fetch(streamed(stream, **{f"x-{n}": "y" * 40 for n in range(100)}), limits=limits)
    assert stream.closed


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_S10_a_redirect_is_not_followed(status: int) -> None:
    asked: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.host)
        return httpx2.Response(status, headers={"Location": "https://evil.example/"})

    with pytest.raises(Redirected, match=str(status)):
        await fetch(answer)
    assert asked == ["h.example"]


def chained(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (httpx2.ConnectError("https://h.example/?filter=secret"), Unreachable),
        (httpx2.RemoteProtocolError("x"), Unreachable),
        (httpx2.ReadError("x"), Unreachable),
        (httpx2.ConnectTimeout("x"), Unreachable),
        (httpx2.ReadTimeout("x"), TimedOut),
        (httpx2.PoolTimeout("x"), TimedOut),
        (chained(httpx2.ConnectError("x"), ssl.SSLCertVerificationError("x")), TlsFailed),
        (chained(httpx2.ConnectError("x"), ssl.SSLEOFError("x")), Unreachable),
        (httpx2.LocalProtocolError("x"), Misconfigured),
        (httpx2.UnsupportedProtocol("x"), Misconfigured),
    ],
)
async def test_the_librarys_exceptions_become_ours(raised: Exception, kind: type[SourceError]) -> None:
    def answer(_: httpx2.Request) -> httpx2.Response:
        raise raised

    with pytest.raises(kind) as caught:
        await fetch(answer)
    assert type(caught.value) is kind
    assert caught.value.source == "s"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("raised", [httpx2.RemoteProtocolError("x"), httpx2.ReadError("x")])
async def test_a_body_that_breaks_off_is_truncated(raised: Exception) -> None:
    with pytest.raises(Truncated):
        await fetch(streamed(Chunks(b'{"users": [', then=raised)))


async def test_S11_requests_are_told_by_name_and_status_and_without_their_url() -> None:
    told: list[Sent] = []
    await fetch(lambda _: httpx2.Response(404), on_request=told.append)

    def fails(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("x")

    with pytest.raises(Unreachable):
        await fetch(fails, on_request=told.append)
    assert [(t.source, t.endpoint, t.status) for t in told] == [("s", "token", 404), ("s", "token", None)]
    assert "secret" not in repr(told)


async def test_S11_the_library_logs_no_url(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        await fetch(lambda _: httpx2.Response(200))
    assert "secret" not in caplog.text


def test_S10_tls_is_verified_and_1_2_at_least() -> None:
    context = transport.tls_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert transport.tls_context() is context


@pytest.mark.parametrize("condition", ["If-None-Match", "If-Modified-Since"])
async def test_a_304_is_an_answer_to_a_condition_and_to_nothing_else(condition: str) -> None:
    guarded = GuardedTransport(httpx2.MockTransport(lambda _: httpx2.Response(304)), "s")
    async with httpx2.AsyncClient(transport=guarded, trust_env=False) as client:
        answer = await client.get("https://h.example/users", headers={condition: '"a"'})
        assert answer.status_code == 304
        with pytest.raises(Malformed, match="answers 304"):
            await client.get("https://h.example/users")


@given(
    st.sampled_from(
        ["https://a.example", "http://127.0.0.1:8000/x/y", "https://a.example/u/%2E%2E/", "https://ä.example"]
    ),
    st.lists(st.tuples(st.text(max_size=5), st.text(max_size=20)), max_size=3),
    st.sampled_from(["", "#part", "?b=c", "&raw=a b", "&raw=%zz", "&raw=\u00e9", "&raw='", "&raw=\n"]),
)
def test_an_address_is_what_the_http_library_makes_of_it(
    base: str, parameters: list[tuple[str, str]], rest: str
) -> None:
    url = f"{base}?{query_text(parameters)}{rest}"
    try:
        expected = httpx2.URL(url)
    except httpx2.InvalidURL:
        with pytest.raises(httpx2.InvalidURL):
            address(url)
        return
    for made in (address(url), httpx2.Request("GET", address(url)).url):
        assert made == expected
        assert (str(made), made.raw_path, made.query) == (str(expected), expected.raw_path, expected.query)
        assert made.copy_with(path="/z") == expected.copy_with(path="/z")


def test_an_address_that_is_too_long_is_none() -> None:
    with pytest.raises(httpx2.InvalidURL):
        address("https://a.example?filter=" + "a" * 70_000)
