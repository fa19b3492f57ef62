"""Whether the client is still there while its operation is executed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from types import coroutine
from typing import Any, TypeVar

from gateway.endpoint.asgi import Receive

T = TypeVar("T")

_UNHEEDED = 0.01
"""Seconds for which nothing is listened for: what waits for a source takes longer."""


class ClientGone(Exception):
    """The client went away before it was answered."""


@coroutine
def attended(work: Coroutine[Any, Any, T], receive: Receive) -> Generator[Any, Any, T]:
    """What the work comes to; it is cancelled when the client goes away. Nobody listens for that before it waits for
    something: what is held is answered without.

    Raises:
        ClientGone: and the work has ended.
    """
    attention: _Attention | None = None
    step, given = work.send, None
    try:
        while True:
            try:
                awaited = step(given)
            except StopIteration as end:
                answer: T = end.value
                return answer
            attention = attention or _Attention(receive)
            try:
                step, given = work.send, (yield awaited)
            except BaseException as error:
                step, given = work.throw, error
    except asyncio.CancelledError:
        if attention is not None and attention.gone:
            raise ClientGone from None
        raise
    finally:
        if attention is not None:
            attention.end()


class _Attention:
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
