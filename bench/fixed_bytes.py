"""The limit of warm throughput: answers that are ready, found by the bytes of the question, from raw ASGI.

PUT stores one: the question, a zero byte, the answer. POST with the question is answered with it.
"""

from __future__ import annotations

from typing import Any

from bench.serving import serve

answers: dict[bytes, bytes] = {}


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    answer = b""
    if scope["method"] == "PUT":
        question, _, answers_with = body.partition(b"\0")
        answers[question] = answers_with
    else:
        answer = answers[body]
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


if __name__ == "__main__":
    serve(app)
