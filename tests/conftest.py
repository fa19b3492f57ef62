"""Shared by all tests: async tests run on asyncio through anyio's own pytest plugin."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clock import JumpingLoop


@pytest.fixture
def anyio_backend(request: pytest.FixtureRequest) -> str | tuple[str, dict[str, Any]]:
    if request.node.get_closest_marker("jumping") is not None:
        return "asyncio", {"loop_factory": JumpingLoop}
    return "asyncio"
