"""The reference implementation of GraphQL over HTTP audits the gateway: all that a server must, should and may do."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from pathlib import Path

import httpx2

from adapters.client import SourceClient
from gateway.app import build
from gateway.config import GetPolicy, HttpSettings, SourceSettings, from_tables
from gateway.sandbox.district import generate
from gateway.sandbox.server import make_server
from tests.clients.npm import run
from tests.serving import served

AUDITS = {"MUST": 13, "SHOULD": 23, "MAY": 25}
"""How many there are of each level, in the version that is pinned."""


def test_every_audit_of_graphql_over_http_passes(tools: Path) -> None:
    server = make_server("classlink", generate(1, students=60))
    tables = {"sources": [{"key": "a", "name": "A", **server.settings("http://a.test")}]}
    settings = dataclasses.replace(from_tables(tables), http=HttpSettings(get=GetPolicy.QUERIES))

    def connect(source: SourceSettings) -> SourceClient:
        return SourceClient(source.spec, httpx2.ASGITransport(server.app))

    with served(build(settings, connect)) as url:
        results = json.loads(run("node", "http/audit.mjs", f"{url}/graphql"))
    levels = Counter(result["name"].split()[0] for result in results)
    print("passed:", ", ".join(f"{count} {level}" for level, count in levels.items()))
    assert [result for result in results if result["status"] != "ok"] == []
    assert levels == AUDITS
