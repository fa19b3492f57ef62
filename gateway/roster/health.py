"""How a source has answered: told by every reading that reached it, never by what was already held."""

from __future__ import annotations

import time
from collections.abc import Coroutine
from typing import Any, TypeVar

from adapters.errors import SourceError, Unsupported
from gateway.faults import ErrorCode, SourceState, code_of, state_of

T = TypeVar("T")


class Health:
    """last_success_at: epoch seconds. last_error: None once it has answered again.

    stood_in: reads that an older copy answered, since the source failed or its time was up.
    """

    def __init__(self, error: SourceError | None = None) -> None:
        self.last_success_at: float | None = None
        self.last_error: ErrorCode | None = code_of(error) if error is not None else None
        self.stood_in = 0

    @property
    def state(self) -> SourceState:
        return SourceState.FRESH if self.last_error is None else state_of(self.last_error)

    def failed(self, error: SourceError) -> None:
        if not isinstance(error, Unsupported):
            self.last_error = code_of(error)

    async def watch(self, asking: Coroutine[Any, Any, T]) -> T:
        """What `asking` finds, once it is noted how that went."""
        try:
            found = await asking
        except SourceError as error:
            self.failed(error)
            raise
        self.last_error = None
        self.last_success_at = time.time()
        return found
