"""The server: what it does before it says that it answers."""

import asyncio
import gc
import subprocess
import sys

import pytest

from adapters.endpoints import Collection
from gateway.roster.sources import Sources
from gateway.sandbox.exact import exact_district
from gateway.sandbox.server import make_server
from tests.gateway.support import MakeWorld

TOLD = """
import asyncio, gc, os, signal, sys
from starlette.applications import Starlette

BEFORE
from gateway.serve import listen, serve

def ready():
    loop = type(asyncio.get_running_loop()).__module__.partition(".")[0]
    print(gc.get_freeze_count(), len(gc.get_objects()), gc.isenabled(), loop, "websockets" in sys.modules, flush=True)
    os.kill(os.getpid(), signal.SIGINT)

try:
    serve(Starlette(), listen("127.0.0.1", 0), ready)
except KeyboardInterrupt:
    pass
"""


def told(before: str = "") -> list[str]:
    """What a server says of itself when it answers, in a process where something was done before."""
    code = TOLD.replace("BEFORE", before)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert not done.stderr
    return done.stdout.split()


@pytest.mark.parametrize("before", ["", "gc.disable()"])
def test_what_the_server_was_started_with_is_not_walked_by_the_collector(before: str) -> None:
    frozen, walked, collects, *_ = told(before)
    assert int(frozen) > 10_000
    assert int(walked) < int(frozen) / 100
    assert collects == "True"


@pytest.mark.skipif(sys.platform == "win32", reason="uvloop is not made for it")
def test_the_server_runs_on_uvloop() -> None:
    assert told()[3:] == ["uvloop", "False"]


def test_the_server_runs_without_uvloop_where_there_is_none() -> None:
    assert told("sys.modules['uvloop'] = None")[3] == "asyncio"


@pytest.mark.anyio
async def test_what_is_read_after_the_start_gives_the_collector_little_more_to_walk(world: MakeWorld) -> None:
    """So there is nothing to freeze again when `[sources.warm]` has been read. The server's own part is made first."""
    server = make_server("wide", exact_district(7, users=4000, enrollments=8000))
    await read(world(a=server).sources)
    made = world(a=server)
    before = walked()
    await read(made.sources)
    assert walked() - before < 1000


async def read(sources: Sources) -> None:
    for source in sources:
        for collection in (Collection.USERS, Collection.ENROLLMENTS):
            source.refresh(collection, full=True)
            while source.loading(collection):  # noqa: ASYNC110  # nobody is told when it has ended
                await asyncio.sleep(0.01)
            whole = source.tables[collection].whole
            assert whole is not None
            assert len(whole.rows) >= 4000


def walked() -> int:
    gc.collect()
    return len(gc.get_objects())
