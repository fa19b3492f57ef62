"""A sandbox district of chosen sizes that remembers when each data request came and when its answer left.

`GET /_bench/seen` tells them, in the order in which they came; `POST` forgets them. `POST /_bench/change/N` changes
one record in a hundred.
"""

from __future__ import annotations

import argparse
import socket
import time
from collections.abc import Callable, Sequence

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bench.truth import SEED, changed
from gateway.sandbox.asgi import answer, asked_by
from gateway.sandbox.bulk import without_collecting
from gateway.sandbox.district import FIXED_TODAY
from gateway.sandbox.exact import exact_district
from gateway.sandbox.run import HOST, serve
from gateway.sandbox.server import Server, make_server

SEEN = "/_bench/seen"
CHANGE = "/_bench/change/"
SIZES = ("users", "classes", "courses", "enrollments")


class Visit(msgspec.Struct, frozen=True):
    """One data request: from its arrival to the moment before its answer left, by this process's clock."""

    began: float
    ended: float
    path: str
    query: str


class Watch:
    """ASGI middleware. change: changes the district."""

    def __init__(self, app: ASGIApp, token_paths: Sequence[str], change: Callable[[int], None]) -> None:
        self._app = app
        self._token_paths = token_paths
        self._change = change
        self._seen: list[Visit] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = asked_by(scope)
        if asked.raw_path == SEEN:
            if asked.method == "POST":
                self._seen.clear()
            seen = sorted(self._seen, key=lambda visit: visit.began)
            await answer(send, 200, msgspec.json.encode(seen), {"content-type": "application/json"})
            return
        if asked.method == "POST" and asked.raw_path.startswith(CHANGE):
            self._change(int(asked.raw_path.removeprefix(CHANGE)))
            await answer(send, 200, b"{}", {"content-type": "application/json"})
            return
        began = time.perf_counter()

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start" and self._counts(asked.raw_path):
                self._seen.append(Visit(began, time.perf_counter(), asked.raw_path, asked.raw_query))
            await send(message)

        await self._app(scope, receive, noting)

    def _counts(self, path: str) -> bool:
        return path not in self._token_paths and not path.startswith("/_sandbox/")


def made(kind: str, users: int, classes: int, courses: int, enrollments: int) -> Server:
    """The server, with what it needs to answer already made: its own work is not to be taken for the gateway's."""
    with without_collecting():
        district = exact_district(
            SEED, users=users, classes=classes, courses=courses, enrollments=enrollments, today=FIXED_TODAY
        )
        server = make_server(kind, district)
        _prepare(server)
    return server


def _prepare(server: Server) -> None:
    for collection in (*SIZES, "orgs", "academicSessions"):
        rows = server.publication.rows(collection)
        rows.at("sourcedId", "")
        rows.order("sourcedId", descending=False)
        assert len(rows.encoded) == len(rows.row_of)
    server.publication.rows("users").at("email", "")
    for field in ("user.sourcedId", "class.sourcedId"):
        server.publication.rows("enrollments").at(field, "")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.watched", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kind", required=True)
    for size in SIZES:
        parser.add_argument(f"--{size}", type=int, required=True)
    options = parser.parse_args()
    server = made(options.kind, options.users, options.classes, options.courses, options.enrollments)

    def change(turn: int) -> None:
        changed(server.district, turn)
        _prepare(server)

    server.app.add_middleware(Watch, token_paths=tuple(server.gate.token_paths()), change=change)
    serve(server, socket.create_server((HOST, 0), backlog=1024), about={"key": "watched"}, with_parent=True)


if __name__ == "__main__":
    main()
