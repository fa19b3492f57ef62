"""Faults that are switched on: each befalls, its share of, the requests, and the gateway says of it what it is."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import httpx2
import pytest

from adapters.client import PageRequest, SourceClient
from adapters.endpoints import Collection
from adapters.errors import Mismatched
from gateway.access.grant import EVERYTHING
from gateway.config import from_tables
from gateway.faults import ErrorCode
from gateway.identity import CursorCodec
from gateway.roster.reading import Reading
from gateway.roster.sources import Sources
from gateway.sandbox.district import generate
from gateway.sandbox.faults import FAULTS, Faults, WrongFault, switched
from gateway.sandbox.run import main
from gateway.sandbox.server import Server, make_server
from tests.gateway.support import ONE_TRY, page
from tests.serving import served

pytestmark = pytest.mark.anyio

CODES = {
    "status": ErrorCode.UPSTREAM_FAILING,
    "throttle=3600": ErrorCode.UPSTREAM_THROTTLED,
    "slow=60": ErrorCode.UPSTREAM_TIMEOUT,
    "silence": ErrorCode.UPSTREAM_TIMEOUT,
    "drip": ErrorCode.UPSTREAM_TIMEOUT,
    "cut": ErrorCode.UPSTREAM_TRUNCATED,
    "flap=1000": None,
    "login": ErrorCode.UPSTREAM_BAD_CONTENT,
    "empty": ErrorCode.UPSTREAM_TRUNCATED,
    "null": ErrorCode.UPSTREAM_BAD_CONTENT,
    "wrong-key": ErrorCode.UPSTREAM_BAD_CONTENT,
    "bad-records": ErrorCode.INCOMPLETE,
    "foreign": None,
    "another": None,
    "short": ErrorCode.UPSTREAM_PAGING,
    "link-elsewhere": ErrorCode.UPSTREAM_REDIRECTED,
    "redirect": ErrorCode.UPSTREAM_REDIRECTED,
    "bomb=20": ErrorCode.UPSTREAM_BAD_CONTENT,
    "token-status": ErrorCode.UPSTREAM_FAILING,
    "token-slow=60": ErrorCode.UPSTREAM_TIMEOUT,
}
"""What a list over such a source tells; None: no error."""
LATE = {switched(text).name for text, code in CODES.items() if code is ErrorCode.UPSTREAM_TIMEOUT}


@pytest.fixture(scope="module")
def sandbox() -> Server:
    return make_server("standard-1.2", generate(1, 60))


async def told(sandbox: Server, base: str) -> ErrorCode | None:
    [fault] = sandbox.faults.on
    timeouts = {"attempt": 0.4 if fault.name in LATE else 10}
    table = {"key": "a", "name": "A", **sandbox.settings(base), **ONE_TRY, "timeouts": timeouts}
    sources = Sources.open(from_tables({"sources": [table]}), lambda settings: SourceClient(settings.spec))
    reading = Reading(sources, EVERYTHING, CursorCodec(b"secret"), 10)
    try:
        found = await page(reading, first=10_000)
        rejected = sum(outcome.rejected for outcome in found.page.outcomes)
        assert (rejected > 0) is (sandbox.faults.on[0].name == "bad-records")
    finally:
        await sources.close()
    codes = {error.extensions["code"] for error in reading.outcomes.errors() if error.extensions}
    assert len(codes) <= 1
    return ErrorCode(codes.pop()) if codes else None


def test_every_fault_is_tried() -> None:
    assert [switched(text).name for text in CODES] == list(FAULTS)


@pytest.mark.parametrize(("text", "code"), CODES.items(), ids=list(CODES))
async def test_the_gateway_tells_a_fault_for_what_it_is(sandbox: Server, text: str, code: ErrorCode | None) -> None:
    sandbox.faults = Faults([switched(text)])
    sandbox.revoke_tokens()
    with served(sandbox.app) as base:
        assert await told(sandbox, base) == code
        sandbox.faults.on = []
        await asyncio.sleep(0)


async def test_another_record_comes_for_one_that_is_asked_for_by_id_and_lists_are_right(sandbox: Server) -> None:
    sandbox.faults = Faults([switched("another")])
    sandbox.revoke_tokens()
    [known, *_] = sandbox.published("orgs")
    with served(sandbox.app) as base:
        source = from_tables({"sources": [{"key": "a", "name": "A", **sandbox.settings(base), **ONE_TRY}]}).sources[0]
        async with aclosing(SourceClient(source.spec)) as client:
            assert len((await client.page(PageRequest("orgs", limit=100))).records) == len(sandbox.published("orgs"))
            with pytest.raises(Mismatched):
                await client.read(Collection.ORGS, known["sourcedId"])


async def test_a_fault_befalls_its_share_of_the_requests(sandbox: Server) -> None:
    draws = iter([0.04, 0.05, 0.9, 0.0] * 10)
    sandbox.faults = Faults([switched("status=418@0.05")], chance=lambda: next(draws))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(sandbox.app), base_url="http://a.test") as client:
        statuses = [(await client.get("/nowhere")).status_code for _ in range(4)]
    assert [status == 418 for status in statuses] == [True, False, False, True]


async def test_faults_are_switched_on_and_off_while_it_runs(sandbox: Server) -> None:
    sandbox.faults = Faults()
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(sandbox.app), base_url="http://a.test") as client:
        said = (await client.post("/_sandbox/faults", json=["status=503@0.5", "slow=0"])).json()
        assert said["faults"] == ["status=503@0.5", "slow=0"]
        for wrong in ({"a": 1}, ["nothing"], [5]):
            refused = await client.post("/_sandbox/faults", json=wrong)
            assert refused.status_code == 400
            assert "status" in refused.json()["error"]
        assert (await client.get("/_sandbox/")).json()["faults"] == said["faults"]
        assert (await client.post("/_sandbox/faults", json=[])).json()["faults"] == []


@pytest.mark.parametrize("text", ["", "nothing", "status=many", "status=503@0", "status=503@2", "cut=1", "slow=-1"])
def test_what_is_no_fault_is_refused_in_words(text: str) -> None:
    with pytest.raises(WrongFault):
        switched(text)


def test_the_command_lists_them_and_refuses_others(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--faults"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(FAULTS)
    with pytest.raises(SystemExit):
        main(["--fault", "nothing"])
    assert "there are status, throttle" in capsys.readouterr().err
