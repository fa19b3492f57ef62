"""Many small districts of the standard's server in one process, each below a path of its own: `/district-007/…`."""

from __future__ import annotations

import argparse
import socket
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import msgspec
from starlette.types import Receive, Scope, Send

from bench.truth import SEED
from gateway.sandbox.asgi import answer, asked_by
from gateway.sandbox.district import FIXED_TODAY
from gateway.sandbox.exact import exact_district
from gateway.sandbox.gate import Gate
from gateway.sandbox.kinds.standard import TOKEN, V1P2
from gateway.sandbox.run import HOST
from gateway.sandbox.server import CLIENT_SECRET, Server
from gateway.sandbox.truth import District

SIZES: Mapping[str, int] = {"users": 100, "classes": 20, "courses": 10, "enrollments": 300}
COUNTS = "/_bench/counts"


def key(number: int) -> str:
    return f"district-{number:03}"


def district(number: int) -> District:
    """All have the same user names; no id is in two of them."""
    return exact_district(
        SEED + number,
        users=SIZES["users"],
        classes=SIZES["classes"],
        courses=SIZES["courses"],
        enrollments=SIZES["enrollments"],
        today=FIXED_TODAY,
    )


def server(number: int) -> Server:
    kind = replace(V1P2, root=f"/{key(number)}{V1P2.root}", auth=replace(TOKEN, path=f"/{key(number)}{TOKEN.path}"))
    gate = Gate(kind, kind.client_id, CLIENT_SECRET, key(number), None, kind.token_seconds, time.time)
    return Server(kind, district(number), gate)


class Districts:
    """ASGI application. `GET /_bench/counts` tells how many requests each has answered, tokens included."""

    def __init__(self, count: int) -> None:
        self.servers = {key(n): server(n) for n in range(count)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = asked_by(scope).raw_path
        if path == COUNTS:
            await answer(send, 200, msgspec.json.encode(self.counts()), {"content-type": "application/json"})
        elif found := self.servers.get(path[1:].partition("/")[0]):
            await found.app(scope, receive, send)
        else:
            await answer(send, 404, b"", {})

    def counts(self) -> Counter[str]:
        return Counter({name: each.requests.total() for name, each in self.servers.items()})

    def settings(self, origin: str) -> dict[str, dict[str, object]]:
        return {name: each.settings(origin) for name, each in self.servers.items()}


def main() -> None:
    from bench.serving import serve_on

    parser = argparse.ArgumentParser(prog="python -m bench.districts", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, required=True)
    districts = Districts(parser.parse_args().count)
    listener = socket.create_server((HOST, 0), backlog=1024)
    port = listener.getsockname()[1]
    told = {"port": port, "settings": districts.settings(f"http://{HOST}:{port}")}
    serve_on(listener, districts, msgspec.json.encode(told).decode())


if __name__ == "__main__":
    main()
