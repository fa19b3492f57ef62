"""From an answer to a response: media type, coding, and what may be kept of it."""

from __future__ import annotations

import hashlib

from gateway.endpoint.asgi import NO_SNIFFING, NOT_STORED, Header, Response
from gateway.web.compression import LEAST, beside_the_loop, compressed
from gateway.web.negotiation import MEDIA_TYPES, Coding, Codings

_KINDS = {kind: (b"content-type", f"{kind}; charset=utf-8".encode()) for kind in MEDIA_TYPES}
_CODINGS = {coding: (b"content-encoding", coding.encode()) for coding in Coding}
_VARY: Header = (b"vary", b"Accept, Accept-Encoding")
_TAG_BYTES = 15


async def answered(body: bytes, status: int, media_type: str, accepted: Codings) -> Response:
    """An answer that nobody may keep."""
    headers = (_KINDS[media_type], NO_SNIFFING, NOT_STORED, _VARY)
    coding = _coding(body, accepted)
    return Response(status, headers, body) if coding is None else await _packed(status, headers, body, coding)


async def revalidated(body: bytes, media_type: str, accepted: Codings, known: bytes) -> Response:
    """An answer that an application may keep, if it asks each time whether it is as it was; 304 where it is. Caches on
    the way, a browser's own among them, keep it no more than any other (RFC 9111, 5.2.2.5).

    known: validators of those that it has. Each coding has one of its own: its bytes are others (RFC 9110, 8.8.3.3).
    """
    coding = _coding(body, accepted)
    digest = await beside_the_loop(_digest, body)
    tag = f'"{digest}{"-" + coding if coding else ""}"'.encode()
    headers = (NO_SNIFFING, NOT_STORED, _VARY, (b"etag", tag))
    if known.strip() == b"*" or tag in (each.strip().removeprefix(b"W/") for each in known.split(b",")):
        return Response(304, headers, b"")
    found = (_KINDS[media_type], *headers)
    return Response(200, found, body) if coding is None else await _packed(200, found, body, coding)


async def _packed(status: int, headers: tuple[Header, ...], body: bytes, coding: Coding) -> Response:
    packed = await beside_the_loop(lambda plain: compressed(plain, coding), body)
    return Response(status, (*headers, _CODINGS[coding]), packed)


def _coding(body: bytes, accepted: Codings) -> Coding | None:
    """In which coding a body is sent: what the client wants, where it pays; any, where the client takes no other."""
    if not accepted.plain:
        return accepted.at_all
    return accepted.best if len(body) >= LEAST else None


def _digest(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=_TAG_BYTES).hexdigest()
