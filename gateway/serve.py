"""The server: one process, one event loop, and a listening socket that is taken before anything else is started."""

from __future__ import annotations

import errno
import gc
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from threading import current_thread, main_thread
from typing import Any, Final

import uvicorn

from gateway.app import LOOPBACK
from gateway.connection import Patience, protocol

BACKLOG: Final = 2048
"""Connections that wait to be taken, at most; the system may allow fewer."""


class CannotListen(Exception):
    """The address is taken, or is not one that may be listened on. The message says what to do."""


def listen(host: str, port: int, *, told_apart: bool = False) -> socket.socket:
    """A bound socket; port 0 takes a free one. told_apart: clients are, so that any address may be listened on.

    Raises:
        CannotListen: not loopback where clients are not told apart, or a port that is taken or not allowed.
    """
    if host not in LOOPBACK and not told_apart:
        raise CannotListen(
            f"will not listen on {host}: without `[access]` clients cannot be told apart, so only loopback is served "
            f"(allowed: {', '.join(LOOPBACK)})"
        )
    address = host.strip("[]")
    bound = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((address, port))
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            raise CannotListen(f"port {port} is taken by another program: choose another one (PORT=…)") from None
        raise CannotListen(f"cannot listen on {host}:{port}: {error.strerror}") from None
    return bound


def address(bound: socket.socket) -> str:
    """The URL of the server behind a bound socket."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(
    app: Callable[..., Any], bound: socket.socket, on_ready: Callable[[], None], patience: Patience | None = None
) -> None:
    """Serves an ASGI application until it is interrupted, or told to end.

    Raises:
        KeyboardInterrupt: after a clean stop, if that is what ended it.
        SystemExit: with 0, after a clean stop by SIGTERM.
    """
    patience = patience or Patience()
    _make_room()
    config = uvicorn.Config(
        app,
        loop="uvloop" if find_spec("uvloop") else "asyncio",
        http=protocol(patience),
        ws="none",
        interface="asgi3",
        lifespan="on",
        proxy_headers=False,
        log_level="warning",
        access_log=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=5,
    )
    if current_thread() is main_thread():
        signal.signal(signal.SIGTERM, _ended)  # which the server sends on once it has stopped
    _Server(config, on_ready).run(sockets=[bound])


def _ended(*_: object) -> None:
    raise SystemExit(0)


def _make_room() -> None:
    """As many sockets as the system lets this process have: usually a thousand are, until it asks for more."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # some systems name a limit that they do not grant
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class _Server(uvicorn.Server):
    """Says when it answers. What it was started with is kept out of the cyclic collector's way.

    Settings, sources and schema stay as long as the process: walking them again and again took a quarter of an answer.
    Whoever builds them may have turned the collector off. Tables that are read later give it nothing to walk.
    """

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            gc.collect()
            gc.freeze()
            gc.enable()
            self._on_ready()
