"""The server: what it does before it says that it answers."""

import subprocess
import sys

TOLD = """
import gc, os, signal
from starlette.applications import Starlette
from gateway.serve import listen, serve

def ready():
    print(gc.get_freeze_count(), len(gc.get_objects()), flush=True)
    os.kill(os.getpid(), signal.SIGINT)

try:
    serve(Starlette(), listen("127.0.0.1", 0), ready)
except KeyboardInterrupt:
    pass
"""


def test_what_the_server_was_started_with_is_not_walked_by_the_collector() -> None:
    done = subprocess.run([sys.executable, "-c", TOLD], capture_output=True, text=True, timeout=60, check=True)
    frozen, walked = map(int, done.stdout.split())
    assert frozen > 10_000
    assert walked < frozen / 100
