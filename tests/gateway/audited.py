"""`python -m tests.gateway.audited [operations]`: a gateway that records, under load, killed again and again.

So many operations (10,000) are asked of a process that is killed (SIGKILL) ten times meanwhile, and begun anew. Each
whose answer began to arrive must stand in a file, once. Some minutes.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from gateway.audit.files import files_in
from gateway.sandbox.district import generate
from gateway.sandbox.server import make_server
from tests.serving import served

SECRET = "a secret of the gateway, of many characters"  # of no gateway that there is
QUERIES = (
    "query People { users(first: 5) { nodes { givenName familyName } } }",
    "{ classes(first: 3) { nodes { title enrollments { role user { givenName } } } } }",
    "{ users(first: 0) { totalCount } }",
)
CLIENTS = 16

_COMMAND = "from gateway.cli import main; main()"
_LIMITED = "import resource as r; r.setrlimit(r.RLIMIT_FSIZE, ({most}, r.getrlimit(r.RLIMIT_FSIZE)[1])); " + _COMMAND


@dataclass
class Told:
    """By request ids. begun: those of which a first byte came. answered: their data. refused: their status."""

    begun: set[str] = field(default_factory=set)
    answered: dict[str, Any] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)


@contextmanager
def settings(folder: Path, **audit: str) -> Iterator[Path]:
    """A settings file of one source, that is served over real HTTP, and of an audit."""
    server = make_server("infinite-campus-1.2", generate(1, students=60))
    with served(server.app) as url:
        source = server.settings(url)
        (folder / "secret").write_text(str(source.pop("client_secret")))
        (folder / "gateway-secret").write_text(SECRET)
        source |= {"key": "maple", "name": "Maple", "client_secret": "file:secret"}
        said = [f"{name} = {'true' if value is True else repr(value)}" for name, value in source.items()]
        kept = "\n".join(f"{name} = {value}" for name, value in audit.items())
        path = folder / "gateway.toml"
        path.write_text(
            f'[gateway]\nport = 0\nsecret = "file:gateway-secret"\n[audit]\ndir = "audit"\n{kept}\n[[sources]]\n'
            + "\n".join(said)
        )
        yield path


@asynccontextmanager
async def running(config: Path, *, file_bytes: int | None = None) -> AsyncIterator[tuple[subprocess.Popen[str], int]]:
    """A gateway in a process of its own, and its port. file_bytes: the system lets no file of its grow larger."""
    command = _COMMAND if file_bytes is None else _LIMITED.format(most=file_bytes)
    process = subprocess.Popen(  # noqa: ASYNC220  # it takes no time to begin one
        [sys.executable, "-c", command, "serve", "--config", str(config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    try:
        assert process.stdout is not None
        said = await asyncio.to_thread(process.stdout.readline)
        yield process, int(said.rpartition(":")[2].partition("/")[0])
    finally:
        process.kill()
        process.wait(60)
        if process.stdout is not None:
            process.stdout.close()


async def load(port: int, names: Iterator[str], told: Told) -> None:
    """Asks as long as there are names and the gateway is there: several clients, each on a connection of its own."""
    await asyncio.gather(*(_client(port, names, told) for _ in range(CLIENTS)))


async def _client(port: int, names: Iterator[str], told: Told) -> None:
    with suppress(ConnectionError, asyncio.IncompleteReadError):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            for number, name in enumerate(names):
                writer.write(_request(QUERIES[number % len(QUERIES)], name))
                await _answer(reader, name, told)
        finally:
            writer.close()


def _request(query: str, name: str) -> bytes:
    body = json.dumps({"query": query}).encode()
    said = {"Host": "localhost", "Content-Type": "application/json", "Accept-Encoding": "identity"}
    said |= {"X-Request-Id": name, "Content-Length": str(len(body))}
    head = ["POST /graphql HTTP/1.1", *(f"{header}: {value}" for header, value in said.items()), "\r\n"]
    return "\r\n".join(head).encode() + body


async def _answer(reader: asyncio.StreamReader, name: str, told: Told) -> None:
    first = await reader.readexactly(1)
    head = first + await reader.readuntil(b"\r\n\r\n")
    status = int(head.split()[1])
    if status == 200:
        told.begun.add(name)
    headers = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:] if line)
    assert headers[b"x-request-id"] == name.encode()
    body = json.loads(await reader.readexactly(int(headers[b"content-length"])))
    if status == 200:
        assert all(body["data"].values()), body
        told.answered[name] = body["data"]
    else:
        assert "data" not in body
        told.refused[name] = status


def recorded(folder: Path) -> Counter[str]:
    """How often each request stands in the files of a folder; lines that are cut short do not count."""
    found: Counter[str] = Counter()
    for path in files_in(folder):
        for text in path.read_bytes().splitlines():
            with suppress(ValueError):
                line = json.loads(text)
                if "event" not in line:
                    found[line["request"]] += 1
    return found


async def killed_under_load(config: Path, operations: int, kills: int, told: Told) -> None:
    """Operations asked of gateways that are killed, one after the other, and of a last one that is not."""
    random, numbers = Random(operations), count()
    each = operations // (kills + 1)
    while len(told.answered) < operations:
        last = len(told.answered) >= each * kills
        async with running(config) as (process, port):
            until = operations if last else len(told.answered) + random.randrange(each // 2, each)
            names = _names(numbers, told, until)
            asking = asyncio.ensure_future(load(port, names, told))
            while not asking.done() and len(told.answered) < until - CLIENTS:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
            if not last:
                process.send_signal(signal.SIGKILL)
            await asking


def _names(numbers: Iterator[int], told: Told, until: int) -> Iterator[str]:
    """Until so many were answered."""
    while len(told.answered) < until:
        yield f"op-{next(numbers)}"


def missing(folder: Path, told: Told) -> list[str]:
    """What was answered and does not stand in a file, or stands there twice."""
    found = recorded(folder)
    return [name for name in told.begun if found[name] != 1]


def _command(operations: int) -> int:
    told = Told()
    with tempfile.TemporaryDirectory() as name, settings(Path(name)) as config:
        asyncio.run(killed_under_load(config, operations, 10, told))
        lost, found = missing(Path(name, "audit"), told), recorded(Path(name, "audit"))
    unanswered = len(found.keys() - told.begun)
    print(f"{len(told.begun)} operations answered, 10 processes killed: {len(lost)} answered without a record")
    print(f"{found.total()} records, {unanswered} of operations of which no byte was answered")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(_command(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
