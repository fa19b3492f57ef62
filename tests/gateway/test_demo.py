"""The demo as a newcomer runs it: a process, seven district processes, real HTTP."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from gateway.demo import QUERY

pytestmark = pytest.mark.slow

NESTED = "{ users(first: 2000) { complete nodes { source { key } enrollments { class { course { title } } } } } }"


class Demo:
    def __init__(self) -> None:
        environ = {**os.environ, "PORT": "0", "COLUMNS": "200", "NO_COLOR": "1"}
        command = [sys.executable, "-m", "gateway", "demo"]
        self.process = subprocess.Popen(
            command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )
        self.told = ""
        self._reading = threading.Thread(target=self._read)
        self._reading.start()
        until = time.monotonic() + 120
        while "Ctrl-C" not in self.told:
            assert self.process.poll() is None, self.told
            assert time.monotonic() < until, self.told
            time.sleep(0.05)
        self.url = re.findall(r"http://127\.0\.0\.1:\d+", self.told)[0]
        self.keys = dict(re.findall(r"^(full|masked) +(orgw_\w+)", self.told, re.MULTILINE))
        self.pids = {m[1]: int(m[2]) for m in re.finditer(r"^\s*(\S+)\s.*\s(\d+)\s*$", self.told, re.MULTILINE)}

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.told += line

    def ask(self, query: str, key: str = "full") -> Any:
        headers = {"Authorization": f"Bearer {self.keys[key]}"}
        return httpx2.post(
            f"{self.url}/graphql", json={"query": query}, headers=headers, timeout=30, trust_env=False
        ).json()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(60)
        self._reading.join(60)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    made = Demo()
    yield made
    if made.process.poll() is None:
        made.stop()


def test_the_demo_is_usable_as_it_says(demo: Demo) -> None:
    assert len(demo.pids) == 7
    assert httpx2.get(f"{demo.url}/readyz", trust_env=False, timeout=30).status_code == 200
    assert QUERY in demo.told
    curl = next(line for line in demo.told.splitlines() if line.startswith("curl "))
    answered = subprocess.run(["bash", "-c", curl], capture_output=True, check=True)
    assert len(json.loads(answered.stdout)["data"]["users"]["nodes"]) == 3


@pytest.mark.parametrize("query", [NESTED, QUERY], ids=["nested", "printed"])
def test_it_answers_over_all_seven_sources(demo: Demo, query: str) -> None:
    answer = demo.ask(query)
    users = answer["data"]["users"]
    assert users["complete"]
    assert len({json.dumps(u["source"]) for u in users["nodes"]}) == 7
    titles = [
        e["class"]["course"]["title"]
        for u in users["nodes"]
        for e in u["enrollments"]
        if e["class"] and e["class"]["course"]
    ]
    assert len(titles) > 20


def test_MASK_the_second_key_shows_the_same_with_other_people(demo: Demo) -> None:
    query = (
        "{ users(first: 2000) { totalCount nodes { id familyName role enrollments { class { course { title } } } } } }"
    )
    full, masked = (demo.ask(query, key)["data"]["users"] for key in ("full", "masked"))
    assert full["totalCount"] == masked["totalCount"] > 500

    def rosters(users: Any) -> Counter[str]:
        return Counter(json.dumps([u["role"], sorted(map(json.dumps, u["enrollments"]))]) for u in users["nodes"])

    assert rosters(full) == rosters(masked)
    assert {u["id"] for u in full["nodes"]}.isdisjoint(u["id"] for u in masked["nodes"])
    names = [{u["familyName"] for u in users["nodes"] if u["familyName"]} for users in (full, masked)]
    assert all(names)
    assert names[0].isdisjoint(names[1])
    mine = [demo.ask("{ viewer { name } }", key)["data"]["viewer"]["name"] for key in ("full", "masked")]
    assert mine == ["full", "masked"]


def test_without_a_key_or_by_another_name_it_answers_nothing(demo: Demo) -> None:
    def status(**headers: str) -> int:
        body = {"query": "{ sources { totalCount } }"}
        return httpx2.post(f"{demo.url}/graphql", json=body, headers=headers, timeout=30, trust_env=False).status_code

    assert status() == 401
    assert status(authorization=f"Bearer {demo.keys['full']}") == 200
    assert status(authorization=f"Bearer {demo.keys['full']}", host="rebound.example") == 400
    page = httpx2.get(f"{demo.url}/graphql", headers={"accept": "text/html"}, trust_env=False)
    assert all(key in page.text for key in demo.keys.values())
    named = {"accept": "text/html", "host": "rebound.example"}
    assert httpx2.get(f"{demo.url}/graphql", headers=named, trust_env=False).status_code == 400


def test_killing_a_district_leaves_the_others_and_one_error_that_names_it(demo: Demo) -> None:
    key, pid = next(iter(demo.pids.items()))
    os.kill(pid, signal.SIGKILL)
    time.sleep(6)  # what was held of it has aged
    answer = demo.ask(NESTED)
    assert not answer["data"]["users"]["complete"]
    assert {n["source"]["key"] for n in answer["data"]["users"]["nodes"]} == set(demo.pids) - {key}
    [error] = [e for e in answer["errors"] if e["extensions"]["code"] != "DANGLING_REFERENCE"]
    assert error["extensions"]["source"] == key
    # the latter where what else is asked of it had failed often enough before this was asked
    assert error["extensions"]["code"] in {"UPSTREAM_UNREACHABLE", "UPSTREAM_OVERLOADED"}
    assert error["message"].startswith(key)
    assert "no connection" in error["message"]


def test_ctrl_c_stops_everything(demo: Demo) -> None:
    assert demo.stop() == 0
    assert "stopped" in demo.told
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(f"{demo.url}/readyz", trust_env=False)
    for pid in demo.pids.values():
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
