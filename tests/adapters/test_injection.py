"""B12: an id or a value of any text reaches a source as one segment of the path, one quoted literal, or not at all."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import unquote_to_bytes

import httpx2
import pytest

from adapters.client import PageRequest, SourceClient
from adapters.dialect import Capabilities
from adapters.endpoints import Collection
from adapters.errors import SourceError
from adapters.predicate import equals
from tests.adapters.school import ROOT, School, client

pytestmark = pytest.mark.anyio

PIECES = (
    *("'", "''", '"', "\\", " OR ", " AND ", " or status='active", "' OR '1'='1", "%27", "%2527"),
    *("&", "&limit=10000", "#", "?", "?limit=0", ";", "=", "/", "//", "../", "..", ".", "%2e%2e/", "%2f", "%00"),
    *("\r\n", "\r\nX-Injected: 1", "\n", "\t", "\0", "\x7f", " ", "  ", "+", "*", "~", "@", ":", "http://evil.example/"),
    *("é", "ß", "李", "\u202e", "\u2028", "😀", "\ufeff", "\ud800", "a", "b1", "NULL", "true", "{key}", "${x}", "<b>"),
)  # fmt: skip

TEXTS = 5_000


def texts() -> Iterator[str]:
    chance = random.Random(12)
    yield from PIECES
    for _ in range(TEXTS - len(PIECES) - 1):
        yield "".join(chance.choices(PIECES, k=chance.randint(1, 6)))
    yield "x" * 10_240


class Sees(School):
    """Keeps what was asked for data, as it came."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[bytes] = []

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        assert request.url.host == "h.example"
        assert request.headers.get("x-injected") is None
        if request.method == "GET":
            self.targets.append(request.url.raw_path)
        return await super().__call__(request)


def asking(server: Sees) -> SourceClient:
    return client(server, Capabilities(filter_clauses=100, max_url=20_000))


async def test_B12_an_id_is_one_segment_of_the_path() -> None:
    server = Sees()
    asked = asking(server)
    prefix = f"{ROOT}/users/".encode()
    sent = 0
    for text in texts():
        server.targets.clear()
        with suppress(SourceError):
            found = await asked.read(Collection.USERS, text)
            assert found is None or found.sourced_id == text
        for target in server.targets:
            sent += 1
            path, mark, _ = target.partition(b"?")
            assert not mark
            assert path.startswith(prefix)
            segment = path.removeprefix(prefix)
            assert re.fullmatch(rb"[A-Za-z0-9._~%!$&'()*+,;=:@-]+", segment)
            assert segment not in (b".", b"..")
            assert unquote_to_bytes(segment).decode(errors="surrogatepass") == text
    assert sent > TEXTS / 2


async def test_B12_a_value_is_one_quoted_literal_of_one_clause() -> None:
    server = Sees()
    asked = asking(server)
    sent = 0
    for text in texts():
        server.targets.clear()
        page = await asked.page(PageRequest("users", where=equals("family_name", text)))
        assert page.records == ()  # nobody is called so
        for target in server.targets:
            path, _, query = target.partition(b"?")
            assert path == f"{ROOT}/users".encode()
            names = [pair.partition(b"=")[0] for pair in query.split(b"&")]
            assert len(set(names)) == len(names)
            assert set(names) <= {b"limit", b"offset", b"filter", b"sort", b"orderBy"}
            said = dict(pair.split(b"=", 1) for pair in query.split(b"&"))
            if b"filter" in said:
                sent += 1
                assert unquote_to_bytes(said[b"filter"]).decode() == f"familyName='{text}'"
                assert "'" not in text
    assert sent > TEXTS / 20
