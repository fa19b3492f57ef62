from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.clock import ForwardLoop
from tests.faults.district import CANARIES


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"loop_factory": ForwardLoop}


@pytest.fixture(autouse=True)
def no_secret_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    yield
    for when in ("setup", "call"):
        logged = "\n".join(record.getMessage() + str(record.exc_info) for record in caplog.get_records(when))
        assert not [canary for canary in CANARIES if canary in logged]
