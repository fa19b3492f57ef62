"""Serves an ASGI application of the bench on a free port, and says which."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import uvicorn


def serve(app: Callable[..., Any]) -> None:
    """Prints the port on a line of its own when connections will be answered."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    serve_on(listener, app, str(listener.getsockname()[1]))


def serve_on(listener: socket.socket, app: Callable[..., Any], line: str) -> None:
    """Prints the line when connections will be answered."""
    config = uvicorn.Config(app, log_level="error", access_log=False, ws="none", timeout_graceful_shutdown=1)
    print(line, flush=True)
    uvicorn.Server(config).run(sockets=[listener])
