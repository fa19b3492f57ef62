"""An event loop whose clock can be set forward: what waits for a time that has come goes on at once.

`asyncio.timeout`, `asyncio.sleep`, the operation's deadline and whatever is given `loop.time` as its clock agree on the
time, so that a breaker's five minutes pass without a test's waiting.
"""

from __future__ import annotations

import asyncio


class ForwardLoop(asyncio.SelectorEventLoop):
    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead

    async def forward(self, seconds: float) -> None:
        """To be called when nothing is under way that should not be late."""
        self.ahead += seconds
        await asyncio.sleep(0)


def loop() -> ForwardLoop:
    running = asyncio.get_running_loop()
    assert isinstance(running, ForwardLoop)
    return running
