"""An event loop on which nothing takes time: where all wait, its clock jumps to when the first of them goes on."""

from __future__ import annotations

import selectors
from typing import Any

from tests.faults.clock import ForwardLoop

_GLANCE = 0.0002
"""Seconds for which a thread, or a socket, may have something to say first."""


class _Jumps(selectors.DefaultSelector):  # type: ignore[misc, valid-type, unused-ignore]
    loop: JumpingLoop

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        found = super().select(min(timeout, _GLANCE))
        if not found:
            self.loop.ahead += timeout
        return found


class JumpingLoop(ForwardLoop):
    def __init__(self) -> None:
        selector = _Jumps()
        selector.loop = self
        super().__init__(selector)
