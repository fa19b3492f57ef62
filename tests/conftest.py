"""Shared by all tests: async tests run on asyncio through anyio's own pytest plugin."""

from __future__ import annotations

import os
import sys
import time
from importlib.util import find_spec
from typing import Any

import pytest

from tests.clock import JumpingLoop, Standing
from tests.sharing import Sharing, rank

pytest_plugins = ("tests.canaries",)

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # else each process that a test starts compiles the gateway anew

if find_spec("sniffio") is None:
    # httpx2's ASGITransport tries to import it for each request, and looks for it on the whole path each time.
    sys.modules["sniffio"] = None  # type: ignore[assignment, unused-ignore]


@pytest.fixture
def anyio_backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str | tuple[str, dict[str, Any]]:
    """Of a test that is `jumping`: the loop whose clock stands, and that clock wherever the time is asked for."""
    if request.node.get_closest_marker("jumping") is None:
        return "asyncio"
    clock = Standing()
    monkeypatch.setattr(time, "monotonic", clock)
    monkeypatch.setattr(time, "time", clock.wall)
    return "asyncio", {"loop_factory": lambda: JumpingLoop(clock)}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: rank(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Sharing:
    return Sharing(config, log)
