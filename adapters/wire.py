"""A connection's bytes, as the HTTP library sends and reads them.

In place of the library's own, over AnyIO: that one hands on each piece of an answer by itself, through all that lies
above it, and is one more layer there itself. Here a read takes all that has come.
"""

from __future__ import annotations

import asyncio
import select
import ssl
from typing import Any, cast

import httpcore2

_MOST = 256 * 1024
"""Bytes that wait to be read, from which on no more are taken from the network."""


class Wire(asyncio.Protocol, httpcore2.AsyncNetworkStream):
    """One connection, plain or by TLS, used by one task at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._came: list[bytes] = []
        self._waiting = 0
        self._reader: asyncio.Future[None] | None = None
        self._ended = False
        self._fault: Exception | None = None
        self._poll: select.poll | None = None

    @classmethod
    async def to(cls, address: str, port: int) -> Wire:
        """A connection to an IP address.

        Raises:
            httpcore2.ConnectError: it takes none.
        """
        try:
            return (await asyncio.get_running_loop().create_connection(cls, address, port))[1]
        except OSError as error:
            raise httpcore2.ConnectError from error

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if hasattr(select, "poll"):
            self._poll = select.poll()
            self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def data_received(self, data: bytes) -> None:
        self._came.append(data)
        before, self._waiting = self._waiting, self._waiting + len(data)
        if before < _MOST <= self._waiting and self._transport is not None:
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """The transport closes itself then: nobody sends us half of a conversation."""
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended, self._fault = True, exc
        self._poll = None  # its number may by now be another connection's
        self._wake()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - the library's word
        """All that has come, of which there is some, or b"" at the end. More than max_bytes if so: the parser takes any
        number.
        """
        if not self._came and not self._ended:
            await self._news(timeout)
        if not self._came and self._fault is not None:
            raise httpcore2.ReadError from self._fault
        data = self._came[0] if len(self._came) == 1 else b"".join(self._came)
        if self._waiting >= _MOST and self._transport is not None and not self._ended:
            self._transport.resume_reading()
        self._came.clear()
        self._waiting = 0
        return data

    async def _news(self, seconds: float | None) -> None:
        self._reader = asyncio.get_running_loop().create_future()
        try:
            if seconds is None:  # as we ask: a time limit of our own holds for all of an answer
                await self._reader
            else:
                await asyncio.wait_for(self._reader, seconds)
        except TimeoutError:
            raise httpcore2.ReadTimeout from None
        finally:
            self._reader = None

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Without waiting until it has left: requests are small, and their answers are waited for."""
        if self._transport is None or self._ended:
            raise httpcore2.WriteError
        self._transport.write(buffer)

    async def aclose(self) -> None:
        """At once, and without farewell: a server that does not answer one would keep it open."""
        if self._transport is not None:
            self._transport.abort()
            await asyncio.sleep(0)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore2.AsyncNetworkStream:
        plain = self._transport
        assert plain is not None
        if self._came or self._ended:  # what comes before TLS is nobody's, and must not be taken for the answer
            plain.abort()
            raise httpcore2.ConnectError
        try:
            async with asyncio.timeout(timeout):
                self._transport = await asyncio.get_running_loop().start_tls(
                    plain, self, ssl_context, server_hostname=server_hostname
                )
        except TimeoutError:
            raise httpcore2.ConnectTimeout from None
        except OSError as error:  # those of TLS among them
            raise httpcore2.ConnectError from error
        finally:
            if self._transport is plain:
                plain.abort()
        if self._transport is None:
            raise httpcore2.ConnectError
        return self

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            # Asked of each idle connection, at the begin and the end of every request: whether the server closed it, or
            # says what nobody asked. The system may know before the event loop does.
            return bool(self._came or self._ended or (self._poll is not None and self._poll.poll(0)))
        return None if self._transport is None else self._transport.get_extra_info(info)
