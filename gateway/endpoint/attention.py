"""Whether the client is still there while its operation is executed."""

from __future__ import annotations

import asyncio

from gateway.endpoint.asgi import Receive

_UNHEEDED = 0.01
"""Seconds for which nothing is listened for: what waits for a source takes longer."""


class ClientGone(Exception):
    """The client went away before it was answered."""


class Attention:
    """Cancels the current task when the client goes away, until `end` is called.

    Listening takes a task, which would cost a small operation a tenth of its time: it begins after a while.
    """

    __slots__ = ("_begin", "_listener", "_receive", "_task", "gone")

    def __init__(self, receive: Receive) -> None:
        self.gone = False
        self._receive = receive
        self._task = asyncio.current_task()
        self._listener: asyncio.Task[None] | None = None
        self._begin = asyncio.get_running_loop().call_later(_UNHEEDED, self._start)

    def end(self) -> None:
        self._begin.cancel()
        if self._listener is not None:
            self._listener.cancel()

    def _start(self) -> None:
        self._listener = asyncio.ensure_future(self._listen())

    async def _listen(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        if self._task is not None:
            self._task.cancel()
