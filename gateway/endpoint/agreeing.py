"""In what a client is answered, by what its headers say that it takes. They are the same ones every time."""

from __future__ import annotations

from functools import lru_cache

from gateway.endpoint.asgi import Headers, text_of
from gateway.endpoint.refusal import Refusal
from gateway.web.negotiation import JSON, MEDIA_TYPES, Coding, Codings, codings, media_type

_KEPT = 64
"""Pairs of headers whose meaning is kept."""


@lru_cache(_KEPT)
def agreed(accept: bytes | None, accept_encoding: bytes | None) -> tuple[str, Codings]:
    """The media type of an answer, and the codings that it may have, by the headers of those names.

    Raises:
        Refusal: the client takes none that there is.
    """
    kind = media_type(_text(accept))
    if kind is None:
        raise Refusal(406, f"answers are {' or '.join(MEDIA_TYPES)}, in UTF-8: Accept takes neither")
    accepted = codings(_text(accept_encoding))
    if not accepted.plain and accepted.at_all is None:
        names = ", ".join(Coding)
        raise Refusal(406, f"answers are sent as they are (identity) or in one of {names}: Accept-Encoding takes none")
    return kind, accepted


def of_refusals(headers: Headers) -> str:
    """The media type of what is said to a client that is not answered, whatever it takes."""
    return media_type(text_of(headers, b"accept")) or JSON


def _text(header: bytes | None) -> str | None:
    return None if header is None else header.decode("latin-1")
