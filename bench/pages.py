"""A large district's users and enrollments, page by page, each made when it is asked for: `--users N`, eight times as
many enrollments. It keeps nothing, so that what is measured beside it is the gateway's.
"""

from __future__ import annotations

import argparse
from urllib.parse import parse_qs

import msgspec
from starlette.types import Receive, Scope, Send

from bench.payloads import ENROLLED, enrollments_page, users_page
from bench.serving import serve
from gateway.sandbox.asgi import answer, asked_by

PAGE = 1_000
TOKEN = {"access_token": "a-token", "token_type": "Bearer", "expires_in": 36_000}


class Pages:
    """ASGI application."""

    def __init__(self, users: int) -> None:
        self._users = users

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = asked_by(scope)
        told = {"content-type": "application/json"}
        if asked.method == "POST":
            await answer(send, 200, msgspec.json.encode(TOKEN), told)
            return
        query = parse_qs(asked.raw_query)
        start, limit = int(query.get("offset", ["0"])[0]), min(PAGE, int(query["limit"][0]))
        if asked.raw_path.endswith("/users"):
            total = self._users
            body = users_page(start, max(0, min(limit, total - start)))
        else:
            total = self._users * ENROLLED
            body = enrollments_page(start, max(0, min(limit, total - start)), self._users)
        await answer(send, 200, body, {**told, "x-total-count": str(total)})


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.pages", description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--users", type=int, required=True)
    serve(Pages(parser.parse_args().users))


if __name__ == "__main__":
    main()
