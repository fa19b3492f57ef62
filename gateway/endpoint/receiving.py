"""What is asked of a request before it is read, and reading it, no further than it may be long."""

from __future__ import annotations

from gateway.endpoint.asgi import Header, Headers, Receive, Scope
from gateway.endpoint.attention import ClientGone
from gateway.endpoint.refusal import Refusal

MAX_BODY = 256 * 1024
"""Bytes of a request's body."""

MAX_QUERY = 60 * 1024
"""Bytes of the query of an address, of which the server takes 64 KiB in all."""

_DIGITS = len(str(MAX_BODY))
_CLOSE: Header = (b"connection", b"close")
_JSON = "application/json"
_AS_MOST = _JSON.encode()
"""What most clients say."""

_UTF_8 = ("utf-8", "utf8", '"utf-8"')


def check_content_type(headers: Headers) -> None:
    """Raises:
    Refusal: the body is not JSON in UTF-8, or packed.
    """
    if headers.get(b"content-type") == _AS_MOST and b"content-encoding" not in headers:
        return
    said = headers.get(b"content-type", b"").decode("latin-1")
    if not _is_json(said):
        sent = f"Content-Type says {said[:100]}" if said else "there is no Content-Type"
        raise Refusal(415, f"the body must be application/json in UTF-8; {sent}")
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        taken = (b"accept-encoding", b"identity")
        raise Refusal(415, "the body must be sent as it is, without Content-Encoding", headers=[taken])


def _is_json(content_type: str) -> bool:
    kind, *parameters = content_type.lower().replace(" ", "").split(";")
    charsets = (each.removeprefix("charset=") for each in parameters if each.startswith("charset="))
    return kind == _JSON and all(charset in _UTF_8 for charset in charsets)


async def body_of(headers: Headers, receive: Receive) -> bytes:
    """The body of a request.

    Raises:
        Refusal: it is too large, by its own word or as it comes, or lost to a protocol that is not spoken.
        ClientGone: before it was there.
    """
    length = headers.get(b"content-length", b"")
    if len(length) >= _DIGITS and length.isdigit() and (len(length) > _DIGITS or int(length) > MAX_BODY):
        raise _too_large()
    body: bytes = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        body += message.get("body", b"")
        if len(body) > MAX_BODY:
            raise _too_large()
        if not message.get("more_body"):
            if not body and b"upgrade" in headers:  # the server reads none then
                raise Refusal(400, "HTTP/1.1 is spoken here: ask without `Upgrade`, or over https")
            return body


def _too_large() -> Refusal:
    """The connection ends with it: else what is left of the body would have to be taken first."""
    return Refusal(413, f"the body must be at most {MAX_BODY} bytes", headers=[_CLOSE])


def query_of(scope: Scope) -> bytes:
    """The query of the address.

    Raises:
        Refusal: it is too long.
    """
    query: bytes = scope["query_string"]
    if len(query) > MAX_QUERY:
        raise Refusal(414, f"the query of the address must be at most {MAX_QUERY} bytes: ask with POST")
    return query
