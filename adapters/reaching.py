"""Which addresses a source's host may have: public ones, unless its settings allow others.

A name is looked up, what it stands for is judged, and the very address that was judged is connected to: a name that
stands for something else a moment later leads nowhere else (DNS rebinding). TLS checks the certificate by the name.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeAlias

import httpcore2

from adapters.errors import Misconfigured
from adapters.wire import Wire

IPAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
LookUp: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses that a host's name stands for."""

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether an IP address, or the IPv4 address that stands in it, is one of the public Internet."""
    found: IPAddress = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1]
        if inner is None and found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return found.is_global and not found.is_multicast


_RESOLVERS = ThreadPoolExecutor(32, "look-up")
"""Threads of their own: a resolver that does not answer holds one for half a minute, and nothing else waits for it."""


async def look_up(host: str, port: int) -> Sequence[str]:
    """By the system's own resolver; what it says is not remembered here."""
    ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(_RESOLVERS, ask)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Network(httpcore2.AsyncNetworkBackend):
    """Connections of one source. anywhere: private, loopback and link-local addresses too."""

    def __init__(self, source: str, *, anywhere: bool, look_up: LookUp = look_up) -> None:
        self._source = source
        self._anywhere = anywhere
        self._look_up = look_up

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's word
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Raises:
        Misconfigured: an address is not public. None of them is connected to then.
        """
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._addresses(host, port)
                return await self._first_of(addresses, port, timeout)
        except TimeoutError:
            raise httpcore2.ConnectTimeout from None

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _addresses(self, host: str, port: int) -> Sequence[str]:
        try:
            addresses = await self._look_up(host, port)
        except (OSError, UnicodeError):
            raise httpcore2.ConnectError from None
        if not self._anywhere and not all(map(is_public, addresses)):
            raise Misconfigured(
                self._source,
                "its host is on this machine or a private network; nothing was sent. "
                "allow_http = true allows that, for sandboxes and tests",
            )
        return addresses

    async def _first_of(self, addresses: Sequence[str], port: int, seconds: float | None) -> Wire:
        """A connection to the first address that takes one. Each has its share of the time, lest one that swallows
        everything leave none to the others.
        """
        refused: Exception = httpcore2.ConnectError()
        for number, address in enumerate(addresses):
            share = None if seconds is None else seconds / (len(addresses) - number)
            try:
                async with asyncio.timeout(share):
                    return await Wire.to(address, port)
            except TimeoutError:
                refused = httpcore2.ConnectTimeout()
            except httpcore2.ConnectError as error:
                refused = error
        raise refused
