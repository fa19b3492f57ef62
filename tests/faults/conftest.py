from __future__ import annotations

from typing import Any

import pytest

from tests.faults.clock import ForwardLoop


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"loop_factory": ForwardLoop}
