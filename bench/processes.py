"""The servers under measurement, each a process of its own, and what they cost: CPU seconds and resident memory."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from bench.queries import IN_FLIGHT, PAGE_LIMIT, Upstream
from bench.truth import SEED
from gateway.sandbox.district import FIXED_TODAY

ROOT: Final = Path(__file__).parent.parent
SECRETS: Final = {
    "BENCH_CLIENT_SECRET": "sandbox-secret",
    "BENCH_GATEWAY_SECRET": "only-for-measuring-0123456789abcdef",
}


class DidNotStart(Exception):
    """A server ended before it listened, or did not come to it; what it said is on standard error."""


PATIENCE: Final = 60
"""Seconds that a server may take to start."""


@dataclass(frozen=True, slots=True)
class Running:
    """A server that is up. `started`: seconds from its start until it listened. `settings`: a sandbox's own."""

    process: subprocess.Popen[bytes]
    port: int
    started: float
    settings: Mapping[str, Any] = field(default_factory=dict)

    def cpu(self) -> float:
        """CPU seconds so far, user and system."""
        if sys.platform == "linux":
            return time.clock_gettime((~self.process.pid << 3) | 2)  # its clock, by clock_getcpuclockid(3)
        seconds = 0.0
        for part in self._ps("cputime").replace("-", ":").split(":"):
            seconds = seconds * 60 + float(part)
        return seconds

    def rss_mb(self) -> float:
        with contextlib.suppress(FileNotFoundError):
            pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
            return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
        return int(self._ps("rss")) * 1024 / 1e6

    def _ps(self, column: str) -> str:
        """For systems without /proc."""
        command = ["ps", "-o", f"{column}=", "-p", str(self.process.pid)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@contextlib.contextmanager
def _started(
    arguments: Sequence[str], environ: Mapping[str, str] | None = None, patience: float = PATIENCE
) -> Iterator[tuple[Running, str]]:
    """The process and the line that it says when it listens; it ends with the block."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env={**os.environ, **(environ or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        ready, _, _ = select.select([process.stdout], [], [], patience)
        line = process.stdout.readline().decode().strip() if ready else ""
        if not line:
            raise DidNotStart(" ".join(arguments))
        yield Running(process, 0, time.perf_counter() - began), line
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


async def together(stack: contextlib.ExitStack, *starting: AbstractContextManager[Running]) -> list[Running]:
    """Start several side by side; each ends with the stack."""
    return await asyncio.gather(*(asyncio.to_thread(stack.enter_context, each) for each in starting))


@contextlib.contextmanager
def sandbox(upstream: Upstream) -> Iterator[Running]:
    """A district of exact sizes behind a server of the upstream's kind."""
    arguments = ["gateway.sandbox", "--kind", upstream.kind, "--exact", "--seed", str(SEED), "--with-parent"]
    with _started([*arguments, "--today", FIXED_TODAY.isoformat()]) as (running, line):
        told = msgspec.json.decode(line)
        yield Running(running.process, told["port"], running.started, told["settings"])


@contextlib.contextmanager
def district(kind: str, seed: int, students: int) -> Iterator[Running]:
    """A make-believe district of so many students behind a server of that kind."""
    arguments = ["gateway.sandbox", "--kind", kind, "--seed", str(seed), "--students", str(students), "--with-parent"]
    with _started([*arguments, "--today", FIXED_TODAY.isoformat()]) as (running, line):
        told = msgspec.json.decode(line)
        yield Running(running.process, told["port"], running.started, told["settings"])


@contextlib.contextmanager
def watched(upstream: Upstream, sizes: Mapping[str, int]) -> Iterator[Running]:
    """A district of the sizes given behind a server of the upstream's kind that tells when requests came and went."""
    arguments = [part for name, count in sizes.items() for part in (f"--{name}", str(count))]
    with _started(["bench.watched", "--kind", upstream.kind, *arguments], patience=10 * PATIENCE) as (running, line):
        told = msgspec.json.decode(line)
        yield Running(running.process, told["port"], running.started, told["settings"])


@contextlib.contextmanager
def districts(count: int) -> Iterator[Running]:
    """So many small districts; `settings` holds the settings of each by its key."""
    with _started(["bench.districts", "--count", str(count)]) as (running, line):
        told = msgspec.json.decode(line)
        yield Running(running.process, told["port"], running.started, told["settings"])


@contextlib.contextmanager
def gateway(config: Path, bytecode: Path | None = None) -> Iterator[Running]:
    """bytecode: where compiled modules are kept from one start to the next, in environments that keep none."""
    kept = {}
    if bytecode is not None and os.environ.get("PYTHONDONTWRITEBYTECODE"):
        kept = {"PYTHONPYCACHEPREFIX": str(bytecode), "PYTHONDONTWRITEBYTECODE": ""}
    command = ["gateway", "serve", "--config", str(config), "--port", "0"]
    with _started(command, {**SECRETS, **kept}) as (running, line):
        port = int(line.rpartition(":")[2].partition("/")[0])
        yield Running(running.process, port, running.started)


@contextlib.contextmanager
def baseline(upstream: Upstream, source: Running, token: str, *, cached: bool) -> Iterator[Running]:
    environ = {
        "UPSTREAM": source.settings["base_url"],
        "TOKEN": token,
        "CLAUSES": str(upstream.clauses),
        "CACHE_TTL": "3600" if cached else "0",
    }
    with _started(["bench.plain_strawberry"], environ) as (running, line):
        yield Running(running.process, int(line), running.started)


@contextlib.contextmanager
def view(kind: str) -> Iterator[Running]:
    """One of `bench.views` over an exact district that is reached within the process."""
    with _started(["bench.views", kind]) as (running, line):
        yield Running(running.process, int(line), running.started)


@contextlib.contextmanager
def pages(users: int) -> Iterator[Running]:
    """A district of so many users and eight times as many enrollments."""
    with _started(["bench.pages", "--users", str(users)]) as (running, line):
        yield Running(running.process, int(line), running.started)


@contextlib.contextmanager
def fixed_bytes() -> Iterator[Running]:
    with _started(["bench.fixed_bytes"]) as (running, line):
        yield Running(running.process, int(line), running.started)


def write_config(
    path: Path, upstream: Upstream, source: Running, keys: Sequence[str], *, fresh_for: str = "1h", delta: bool = False
) -> Path:
    """A gateway.toml in which every key is a source of its own, with its own tables, over the same server.

    delta: the gateway may believe what the server says has changed.
    """
    tables = [table_of(key, upstream, source.settings, fresh_for=fresh_for, delta=delta) for key in keys]
    path.write_text("\n".join([GATEWAY, *tables]), "utf-8")
    return path


GATEWAY: Final = """[gateway]
secret = "env:BENCH_GATEWAY_SECRET"
deadline = "120s"
"""


def table_of(
    key: str, upstream: Upstream, settings: Mapping[str, Any], *, fresh_for: str = "1h", delta: bool = False
) -> str:
    """One `[[sources]]` table. settings: a sandbox's own."""
    fresh = ", ".join(f'{name} = "{fresh_for}"' for name in ("users", "enrollments", "classes", "courses"))
    return f"""[[sources]]
key = "{key}"
provider = "{settings["provider"]}"
version = "{settings["version"]}"
base_url = "{settings["base_url"]}"
token_url = "{settings["token_url"]}"
client_id = "{settings["client_id"]}"
client_secret = "env:BENCH_CLIENT_SECRET"
allow_http = true
max_concurrency = {IN_FLIGHT}
[sources.capabilities]
max_limit = {PAGE_LIMIT}
filter_clauses = {upstream.clauses}
max_url = {upstream.max_url}
dotted_filters = true
delta = {str(delta).lower()}
max_concurrency = {IN_FLIGHT}
[sources.cache]
fresh_for = {{ {fresh} }}
"""
