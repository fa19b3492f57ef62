"""The exchanges that docs/http.md shows are those that take place."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import httpx2
import pytest

from adapters.client import SourceClient
from gateway.app import build
from gateway.config import GetPolicy, HttpSettings, SourceSettings, from_tables
from gateway.sandbox import run
from gateway.sandbox.demo import demo_source

pytestmark = pytest.mark.anyio

PAGE = Path(__file__).parent.parent / "docs" / "http.md"
SHOWN = re.findall(r"^```http\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
EXCHANGE = re.compile(
    r"(?P<method>\w+) (?P<path>\S+) HTTP/1.1\n(?P<asked>(?:.+\n)+)\n(?:(?P<body>[^H].*)\n\n)?"
    r"HTTP/1.1 (?P<status>\d+) (?P<reason>.+)\n(?P<told>(?:.+\n)+)\n(?P<answer>.+)\n"
)
KEY = "alder-academy"


def headers(lines: str) -> dict[str, str]:
    return {name.lower(): value for name, value in (line.split(": ", 1) for line in lines.splitlines())}


@pytest.mark.parametrize("shown", SHOWN)
async def test_an_exchange_that_is_shown_takes_place(shown: str) -> None:
    parts = EXCHANGE.fullmatch(shown)
    assert parts is not None, shown
    server = run.build(run.parser().parse_args(["--demo", KEY, "--today", "2026-11-21"]))

    def connect(settings: SourceSettings) -> SourceClient:
        return SourceClient(settings.spec, httpx2.ASGITransport(server.app))

    tables = {"sources": [{**demo_source(KEY).source(), **server.settings(f"http://{KEY}.test")}]}
    settings = dataclasses.replace(from_tables(tables), http=HttpSettings(get=GetPolicy.QUERIES))
    app = build(settings, connect)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost:8000") as client:
        request = client.build_request(
            parts["method"], parts["path"], headers=headers(parts["asked"]), content=parts["body"]
        )
        answer = await client.send(request)
    assert (answer.status_code, answer.reason_phrase) == (int(parts["status"]), parts["reason"])
    assert headers(parts["told"]).items() <= dict(answer.headers).items()
    assert answer.json() == json.loads(parts["answer"])
    await app.state.sources.close()


def test_there_are_exchanges_to_be_seen() -> None:
    assert len(SHOWN) == 3
