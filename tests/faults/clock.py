"""An event loop on which sleeping takes no time, and whose clock can be set forward besides.

`asyncio.timeout`, `asyncio.sleep`, the operation's deadline and whatever is given `loop.time` as its clock agree on the
time, so that a breaker's five minutes pass without a test's waiting. The age of what is held is told by the true time.
"""

from __future__ import annotations

import asyncio

from bench.clock import OwnTimeLoop


class ForwardLoop(OwnTimeLoop):
    glance = 0.01

    async def forward(self, seconds: float) -> None:
        """To be called when nothing is under way that should not be late."""
        self.ahead += seconds
        await asyncio.sleep(0)

    async def quiet(self) -> None:
        """Until what is under way waits for the clock alone, however long this machine takes to get there."""
        skipped = 0.0
        while skipped <= self.glance:
            before = self.ahead
            await asyncio.sleep(2 * self.glance)
            skipped = self.ahead - before  # the rest of that time something was done


def loop() -> ForwardLoop:
    running = asyncio.get_running_loop()
    assert isinstance(running, ForwardLoop)
    return running
