"""Shared by all tests: async tests run on asyncio through anyio's own pytest plugin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.clock import JumpingLoop


@pytest.fixture
def anyio_backend(request: pytest.FixtureRequest) -> str | tuple[str, dict[str, Any]]:
    if request.node.get_closest_marker("jumping") is not None:
        return "asyncio", {"loop_factory": JumpingLoop}
    return "asyncio"


def pytest_itemcollected(item: pytest.Item) -> None:
    """Where tests run in several processes, those of one file run in one, and so do all that share npm's tools."""
    clients = Path(__file__).parent / "clients"
    together = clients if item.path.is_relative_to(clients) else item.path
    item.add_marker(pytest.mark.xdist_group(str(together)))
