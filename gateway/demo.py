"""The demo: seven make-believe districts of six providers, each a process of its own, and the gateway over them, with a
key to see all of it and one to see it masked.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from adapters.endpoints import Collection
from adapters.secret import Secret
from gateway.access.api_keys import hashed, id_of, make
from gateway.access.clients import Client, Kept, Row, changing
from gateway.access.field_class import FieldClass
from gateway.access.scope import READS, Scope
from gateway.config import Settings, from_tables
from gateway.sandbox.demo import DEMO

QUERY = """{
  users(first: 500, filter: { role: { eq: TEACHER } }) {
    totalCount
    complete
    nodes {
      source { name }
      givenName
      familyName
      enrollments { role class { title course { title } } }
    }
  }
}"""


class DistrictFailed(Exception):
    """A sandbox district did not start."""


@dataclass(frozen=True, slots=True)
class District:
    """A sandbox district that is up. `settings`: the [[sources]] table that reaches it."""

    key: str
    name: str
    pid: int
    settings: Mapping[str, Any]


@contextmanager
def districts() -> Iterator[Sequence[District]]:
    """The seven districts, started side by side; they end with the block, and with this process."""
    command = [sys.executable, "-m", "gateway.sandbox", "--port", "0", "--with-parent", "--demo"]
    running = [
        (d, subprocess.Popen([*command, d.key], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True))
        for d in DEMO
    ]
    try:
        yield [District(d.key, d.name, process.pid, _started(d.key, process)) for d, process in running]
    finally:
        for _, process in running:
            process.terminate()
        for _, process in running:
            process.wait(timeout=5)
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()


def _started(key: str, process: subprocess.Popen[bytes]) -> Mapping[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise DistrictFailed(f"the sandbox district {key} did not start")
    told: Mapping[str, Any] = json.loads(line)["settings"]
    return told


CACHE = {"fresh_for": {collection.value: "5s" for collection in Collection}, "stale_for": "5s"}
"""Short, so that a district that is killed is missed at the next question."""


ROWS: Mapping[str, Row] = {
    "full": Row(every=True, scopes=tuple(Scope), fields=tuple(FieldClass), purpose="to see what there is"),
    "masked": Row(every=True, scopes=tuple(READS), fields=tuple(FieldClass), mask=True, purpose="to show it around"),
}
"""The demo's two clients."""


@dataclass(frozen=True, slots=True)
class Clients:
    """The demo's clients. keys: the one of each, by its name. file, secret: where these are kept, and by what."""

    file: Path
    secret: Secret
    keys: Mapping[str, str]


@contextmanager
def clients() -> Iterator[Clients]:
    """Keys of now; their file ends with the block."""
    with TemporaryDirectory(prefix="oneroster-gateway-demo-") as folder:
        file, secret = Path(folder) / "clients.json", Secret(secrets.token_urlsafe(32))
        keys = {name: make().reveal() for name in ROWS}
        with changing(file) as written:
            for name, row in ROWS.items():
                kept = Kept(id_of(keys[name]) or "", hashed(keys[name], secret), int(time.time()))
                written[name] = Client(name, (kept,), (row,))
        yield Clients(file, secret, keys)


def settings(running: Sequence[District], clients: Clients) -> Settings:
    """The gateway's settings over the districts that are up."""
    return from_tables(
        {
            "gateway": {"secret": clients.secret.reveal()},
            "access": {"clients": str(clients.file)},
            "sources": [{**d.settings, "cache": CACHE} for d in running],
        }
    )


def fault_curl(district: District) -> str:
    """A command line that has a district answer 503."""
    base = urlsplit(str(district.settings["base_url"]))
    return f"curl -s {base.scheme}://{base.netloc}/_sandbox/faults -d '{json.dumps(['status=503'])}'"


def curl(url: str, key: str) -> str:
    """A command line that asks a short nested question."""
    body = json.dumps({"query": "{ users(first: 3) { nodes { givenName enrollments { class { title } } } } }"})
    return f"curl -s {url}/graphql -H 'authorization: Bearer {key}' -H 'content-type: application/json' -d '{body}'"
