"""What a server tells its tests and its owner: counts, latency, faults, control routes, the process."""

import ast
import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest

from gateway.sandbox import demo
from gateway.sandbox.kinds import KINDS
from gateway.sandbox.server import make_server

ROOT = Path(__file__).parents[2]


@pytest.mark.anyio
async def test_requests_are_counted_by_route(connect: Any) -> None:
    reach = connect("standard-1.2")
    school = (await reach.ids("/schools"))[0]
    await reach.get("/users", limit=3)
    await reach.get("/users", limit=3, offset=3)
    await reach.get("/classes/cl%2F3/students")
    await reach.get(f"/schools/{school}/classes/c-2/enrollments")
    await reach.get("/users/nobody")
    await reach.get("/nothing")
    assert reach.server.requests == {
        "POST token": 1,
        "GET /schools": 1,
        "GET /users": 2,
        "GET /classes/{id}/students": 1,
        "GET /schools/{id}/classes/{id}/enrollments": 1,
        "GET /users/{id}": 1,
        "GET ?": 1,
    }
    assert [seen.status for seen in reach.server.log] == [200, 200, 200, 200, 200, 200, 404, 404]
    assert reach.server.log[3].query == "limit=3&offset=3"
    reach.server.reset()
    assert not reach.server.requests
    assert not reach.server.log


@pytest.mark.anyio
@pytest.mark.jumping
async def test_latency_is_per_request_and_requests_in_flight_are_counted(connect: Any) -> None:
    reach = connect("standard-1.2")
    await reach.get("/users", limit=1)
    reach.server.latency = 0.05
    start = asyncio.get_running_loop().time()
    async with anyio.create_task_group() as group:
        for _ in range(6):
            group.start_soon(lambda: reach.get("/users", limit=1))
    assert asyncio.get_running_loop().time() - start == pytest.approx(0.05)
    assert reach.server.in_flight_peak == 6
    assert reach.server.in_flight == 0


@pytest.mark.anyio
async def test_a_server_can_be_down_and_give_canned_answers(connect: Any) -> None:
    reach = connect("standard-1.2")
    await reach.get("/users", limit=1)
    reach.server.answer_next(429, headers={"retry-after": "2"})
    reach.server.answer_next(200, b"<html>", {"content-type": "text/html"}, times=2)
    first = await reach.get("/users")
    assert (first.status_code, first.headers["retry-after"]) == (429, "2")
    assert [(await reach.get("/users")).text for _ in range(2)] == ["<html>"] * 2
    assert (await reach.get("/users", limit=1)).json()["users"]
    reach.server.down = True
    assert (await reach.get("/users")).status_code == 503
    assert (await reach.ask_token()).status_code == 503


@pytest.mark.anyio
async def test_requests_per_minute_can_be_limited(connect: Any) -> None:
    now = [1000.0]
    reach = connect("ed-fi", requests_per_minute=2, clock=lambda: now[0])
    assert [(await reach.get("/orgs")).status_code for _ in range(3)] == [200, 200, 429]
    now[0] += 61
    assert (await reach.get("/orgs")).status_code == 200


@pytest.mark.anyio
async def test_control_routes_need_no_token(connect: Any) -> None:
    reach = connect("classlink")
    await reach.get("/users", limit=1)
    info = (await reach.client.get("http://sandbox.example/_sandbox/")).json()
    assert info["requests"] == {"GET /users": 1}
    assert info["kind"] == "classlink"
    assert info["settings"] == reach.settings
    answer = await reach.client.post("http://sandbox.example/_sandbox/latency", json={"seconds": 0.01})
    assert answer.json()["latency"] == reach.server.latency == 0.01
    assert (await reach.client.post("http://sandbox.example/_sandbox/reset")).json()["requests"] == {}
    token = connect("standard-1.2")
    await token.get("/users", limit=1)
    await token.client.post("http://sandbox.example/_sandbox/revoke")
    assert (await token.get("/users", limit=1)).status_code == 401


def test_an_unknown_kind_lists_the_known_ones(district: Any) -> None:
    with pytest.raises(ValueError, match=r"unknown kind 'nope'; known are aeries, alpha"):
        make_server("nope", district)


@pytest.mark.parametrize("kind", list(KINDS))
def test_settings_are_those_of_a_source_table(district: Any, kind: str) -> None:
    settings = make_server(kind, district).settings("http://127.0.0.1:9/")
    assert {"provider", "version", "base_url", "allow_http"} <= settings.keys()
    assert settings.keys() <= {
        "provider", "version", "base_url", "token_url", "client_id", "client_secret", "token", "allow_http",
    }  # fmt: skip
    assert str(settings["base_url"]).startswith("http://127.0.0.1:9/")


def test_nothing_in_the_sandbox_imports_the_adapters_or_the_rest_of_the_gateway() -> None:
    for path in (ROOT / "gateway" / "sandbox").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                top = name.partition(".")[0]
                assert top in {"gateway", "starlette", "uvicorn", "msgspec"} or top in sys.stdlib_module_names
                assert top != "gateway" or name.startswith("gateway.sandbox"), f"{path.name} imports {name}"


def test_the_demo_has_seven_sources_of_six_providers() -> None:
    kinds = [KINDS[source.kind] for source in demo.DEMO]
    assert len(kinds) == len({source.key for source in demo.DEMO}) == 7
    assert {(kind.provider, kind.version) for kind in kinds} == {
        ("infinite-campus", "1.2"), ("infinite-campus", "1.1"), ("classlink", "1.1"), ("xporter", "1.1"),
        ("alpha", "1.2"), ("skyward", "1.1"),
    }  # fmt: skip
    with pytest.raises(KeyError, match="springfield"):
        demo.demo_source("nope")


def start(*arguments: str) -> tuple["subprocess.Popen[str]", dict[str, Any]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway.sandbox", *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    return process, json.loads(process.stdout.readline())


def end(process: "subprocess.Popen[str]") -> None:
    process.wait(5)
    for pipe in (process.stdin, process.stdout):
        if pipe:
            pipe.close()


def test_a_process_says_where_it_listens_and_ends_on_a_signal() -> None:
    process, told = start("--kind", "classlink-proxy", "--students", "60", "--seed", "3")
    try:
        assert told["pid"] == process.pid
        settings = told["settings"]
        assert settings["base_url"].startswith(f"http://127.0.0.1:{told['port']}/")
        bearer = {"authorization": f"Bearer {settings['token']}"}
        answer = httpx2.get(settings["base_url"] + "/classes/cl%2F3", headers=bearer)
        assert answer.status_code == 404
        found = httpx2.get(settings["base_url"] + "/users", params={"limit": 2}, headers=bearer)
        assert len(found.json()["users"]) == 2
    finally:
        process.send_signal(signal.SIGTERM)
        end(process)


def test_a_child_process_ends_with_its_standard_input_and_names_its_demo_source() -> None:
    process, told = start("--demo", "elm-grange-upper", "--with-parent")
    assert (told["kind"], told["settings"]["key"]) == ("xporter", "elm-grange-upper")
    assert process.stdin
    process.stdin.close()
    process.wait(5)
    end(process)


def test_a_wrong_option_is_a_clear_message() -> None:
    wrong = subprocess.run(
        [sys.executable, "-m", "gateway.sandbox", "--students", "3"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert wrong.returncode == 2
    assert "students must be 50 to 100000, not 3" in wrong.stderr
