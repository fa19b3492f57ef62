"""`python -m tests.gateway.idle_clients [number]`: clients that send slowly, or nothing, at a usual gateway.

So many connections (2,000) that are silent, and a tenth as many each that stay within a request's headers, within its
body and idle after an answer. Each has to be closed within its time, and the health check answered meanwhile: 99 in 100
within 250 ms. Some forty seconds.
"""

from __future__ import annotations

import asyncio
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

HEALTH = b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
POST = b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 99\r\n"
SENDS: Mapping[str, tuple[bytes, str]] = {
    "nothing": (b"", "headers_within"),
    "half of the headers": (POST, "headers_within"),
    "half of the body": (POST + b"\r\n{", "body_within"),
    "one request": (HEALTH, "idle"),
}
"""What a client sends, and which setting says how long the gateway waits for more."""

USUAL = {"headers_within": 10.0, "body_within": 30.0, "idle": 5.0}
SETTINGS = """
[gateway]
port = 0

[http]
{http}

[[sources]]
key = "a"
name = "A"
provider = "classlink"
base_url = "https://sis.example"
client_id = "x"
client_secret = "env:NEVER_ASKED"
"""

_BEGUN = "from gateway.cli import main; main()"
_LIMITED = "import resource as r; r.setrlimit(r.RLIMIT_NOFILE, ({sockets}, r.getrlimit(r.RLIMIT_NOFILE)[1])); " + _BEGUN


PAUSE = 0.02
"""Seconds between two checks, at least. So, on a machine of any speed, what is due after some seconds is done before
more checks were answered than fit into these.
"""


@dataclass(frozen=True, slots=True)
class Closed:
    """A connection, from before it was opened to its end: how long that took, and how many checks came between."""

    seconds: float
    checks: int


@dataclass
class Told:
    """closed: by what was sent; health: seconds that each check took."""

    closed: dict[str, list[Closed]] = field(default_factory=lambda: {kind: [] for kind in SENDS})
    health: list[float] = field(default_factory=list)

    @property
    def p99(self) -> float:
        return statistics.quantiles(self.health, n=100)[98]


@contextmanager
def gateway(within: Mapping[str, float] = USUAL, *, sockets: int | None = None) -> Iterator[int]:
    """The port of a gateway in a process of its own, which begins with leave for so many sockets and files."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder, "gateway.toml")
        http = "\n".join(f'{name} = "{seconds}s"' for name, seconds in within.items())
        settings.write_text(SETTINGS.format(http=http))
        begun = _LIMITED.format(sockets=sockets) if sockets is not None else _BEGUN
        command = [sys.executable, "-c", begun, "serve", "--config", str(settings)]
        environ = {"NEVER_ASKED": "x", "PATH": "", "PYTHONPATH": str(Path(__file__).parents[2])}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environ)
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            yield int(said.rpartition(":")[2].partition("/")[0])
        finally:
            process.terminate()
            process.wait(60)
            if process.stdout is not None:
                process.stdout.close()


async def besiege(port: int, counts: Mapping[str, int], *, checks: int | None = None) -> Told:
    """Opens so many connections of each kind; asks for the health so often, or until all of them are closed."""
    told, clients = Told(), []
    try:
        for kind in [kind for kind, count in counts.items() for _ in range(count)]:
            began = time.monotonic()
            streams = await asyncio.open_connection("127.0.0.1", port)
            clients.append(asyncio.create_task(_waits(kind, *streams, began, told)))
        while len(told.health) < checks if checks is not None else not all(client.done() for client in clients):
            await _health(port, told)
            await asyncio.sleep(PAUSE)
    finally:
        for client in clients:
            client.cancel()
        ended = await asyncio.gather(*clients, return_exceptions=True)
    assert not [error for error in ended if isinstance(error, Exception)]
    return told


async def _waits(
    kind: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, began: float, told: Told
) -> None:
    before = len(told.health)
    try:
        with suppress(ConnectionError):
            writer.write(SENDS[kind][0])
            await reader.read()
        told.closed[kind].append(Closed(time.monotonic() - began, len(told.health) - before))
    finally:
        writer.close()


async def _health(port: int, told: Told) -> None:
    began = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(HEALTH)
        assert (await asyncio.wait_for(reader.readuntil(b"}"), 15)).startswith(b"HTTP/1.1 200 ")
    finally:
        writer.close()
    told.health.append(time.monotonic() - began)


def main(number: int) -> int:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    counts = dict.fromkeys(SENDS, number // 10) | {"nothing": number}
    with gateway(sockets=1024) as port:
        told = asyncio.run(besiege(port, counts))
    bad = told.p99 > 0.25
    for kind, (_, setting) in SENDS.items():
        shut, limit = [closed.seconds for closed in told.closed[kind]], USUAL[setting]
        bad |= len(shut) != counts[kind] or max(shut) > limit + 1
        print(f"{kind}: {len(shut)} of {counts[kind]} closed, the last after {max(shut):.1f} s of {limit:g}")
    print(f"health: {len(told.health)} checks, p99 {told.p99 * 1000:.0f} ms, longest {max(told.health) * 1000:.0f} ms")
    return int(bad)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000))
