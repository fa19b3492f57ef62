"""B09: requests of which nothing is executed leave one line each, without anything that their client wrote."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from gateway.access.api_keys import id_of
from gateway.access.callers import Caller
from gateway.access.clients import Row
from gateway.access.grant import Grant
from gateway.app import build
from gateway.config import AccessSettings, load
from gateway.endpoint.refusals import LINES, Refusals
from tests.gateway.support import MakeWorld
from tests.gateway.test_clients_http import gateway

pytestmark = pytest.mark.anyio

APP = Caller("home work", "abcd1234", Grant({}))
BEARER = Caller("teacher@example.org", None, Grant({}))


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    found = [record for record in caplog.records if record.name == "gateway.endpoint.refusals"]
    assert {record.levelno for record in found} <= {logging.WARNING}
    return [record.getMessage() for record in found]


def test_B09_a_line_says_what_was_refused_to_whom(caplog: pytest.LogCaptureFixture) -> None:
    refusals = Refusals()
    refusals.tell(400, ("BAD_USER_INPUT",))
    refusals.tell(429, ("RATE_LIMITED",), "7f-1", APP)
    refusals.tell(200, ("A", "B"), "7f-2", BEARER)  # its name may be a person's
    refusals.tell(200, (), "7f-3")
    assert lines(caplog) == [
        "refused: status=400 code=BAD_USER_INPUT client=- key=- request=-",
        'refused: status=429 code=RATE_LIMITED client="home work" key=abcd1234 request=7f-1',
        "refused: status=200 code=A,B client=- key=token request=7f-2",
        "refused: status=200 code=- client=- key=- request=7f-3",
    ]
    assert refusals.counted == {(400, "BAD_USER_INPUT"): 1, (429, "RATE_LIMITED"): 1, (200, "A"): 1, (200, "-"): 1}


def test_B09_whoever_is_refused_all_the_time_leaves_few_lines_and_hides_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = [0.0]
    refusals = Refusals(lambda: clock[0])
    for _ in range(1000):
        refusals.tell(401, ("UNAUTHENTICATED",))
    assert len(lines(caplog)) == LINES
    assert refusals.counted == {(401, "UNAUTHENTICATED"): 1000}
    caplog.clear()
    refusals.tell(400, ("BAD_USER_INPUT",), "7f-1", APP)
    clock[0] += 1
    refusals.tell(401, ("UNAUTHENTICATED",))
    first, second = lines(caplog)
    assert first.endswith(f"request=7f-1 untold={1000 - LINES}")
    assert second.endswith("request=-")


async def test_B09_each_refusal_over_http_is_told_once_and_counted(
    world: MakeWorld, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with gateway(world(a="standard-1.2"), tmp_path, app=[Row(every=True)]) as clients:
        key = clients._keys["app"]
        planted = "Zaphod"
        wrong = await clients.plain("POST", "/graphql", headers={"authorization": f"Bearer {planted}"})
        batch = await clients.plain(
            "POST", "/graphql", json=[{"query": f"{{ {planted} }}"}] * 10, headers={"authorization": f"Bearer {key}"}
        )
        unknown = await clients.post("app", f'{{ {planted}(name: "{planted}") {{ id }} }}')
        purpose = await clients.post("app", "{ __typename }", headers={"x-gateway-explain": "1", "x-purpose": planted})
        good = await clients.post("app", "{ __typename }")
        assert [a.status_code for a in (wrong, batch, unknown, purpose, good)] == [401, 400, 200, 403, 200]
        known = f'client="app" key={id_of(key)}'
        assert lines(caplog) == [
            f"refused: status=401 code=UNAUTHENTICATED client=- key=- request={wrong.headers['x-request-id']}",
            f"refused: status=400 code=BAD_USER_INPUT {known} request={batch.headers['x-request-id']}",
            f"refused: status=200 code=GRAPHQL_VALIDATION_FAILED {known} request={unknown.headers['x-request-id']}",
            f"refused: status=403 code=FORBIDDEN_SCOPE {known} request={purpose.headers['x-request-id']}",
        ]
        assert planted not in caplog.text
        assert key not in caplog.text
        told = (await clients.plain("GET", "/metrics")).text
        assert 'gateway_refused_requests_total{code="UNAUTHENTICATED",status="401"} 1.0' in told
        assert 'gateway_refused_requests_total{code="FORBIDDEN_SCOPE",status="403"} 1.0' in told


async def test_B09_a_host_that_is_not_answered_for_is_told_too(
    world: MakeWorld, caplog: pytest.LogCaptureFixture
) -> None:
    made = world(a="standard-1.2")
    app = build(replace(made.settings, access=AccessSettings()), made.connect)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://evil.example") as client:
        assert (await client.post("/graphql")).status_code == 400
    assert lines(caplog) == ["refused: status=400 code=BAD_USER_INPUT client=- key=- request=-"]
    await app.state.sources.close()


async def test_figures_are_for_whoever_has_their_token_where_there_is_one(
    world: MakeWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METRICS", "a token of many characters")
    file = tmp_path / "gateway.toml"
    file.write_text('[http]\nmetrics_token = "env:METRICS"\n')
    http = load(file).http
    assert "many characters" not in repr(http)
    made = world(a="standard-1.2")
    app = build(replace(made.settings, http=http), made.connect)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://127.0.0.1") as client:
        for said in ("", "Bearer", "Bearer a token", "Basic a token of many characters", "Bearer \u00e9"):
            answer = await client.get("/metrics", headers={"authorization": said.encode()})
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
            assert "gateway_" not in answer.text
        good = await client.get("/metrics", headers={"authorization": "Bearer a token of many characters"})
        assert 'gateway_refused_requests_total{code="UNAUTHENTICATED",status="401"} 5.0' in good.text
        assert (await client.get("/readyz")).status_code == 200
    await app.state.sources.close()
