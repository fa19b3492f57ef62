"""Verifies two-legged OAuth 1.0a signatures (RFC 5849), from scratch so that it shares nothing with the signer."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, unquote

HASHES = {"HMAC-SHA1": hashlib.sha1, "HMAC-SHA256": hashlib.sha256}
MAX_SKEW = 300.0
_PARAMETER = re.compile(r'\s*([A-Za-z_]+)="([^"]*)"\s*(?:,|$)')


def encode(text: str) -> str:
    """RFC 5849 3.6: everything but unreserved characters, in UTF-8 and upper-case hexadecimals."""
    return quote(text, safe="~")


def base_string(method: str, scheme: str, host: str, raw_path: str, raw_query: str, oauth: Mapping[str, str]) -> str:
    """RFC 5849 3.4.1. The path is taken as sent, so an encoded slash within an id stays one."""
    host = host.lower()
    for suffix, plain in ((":80", "http"), (":443", "https")):
        if scheme == plain and host.endswith(suffix):
            host = host.removesuffix(suffix)
    pairs = [(encode(k), encode(v)) for k, v in parse_qsl(raw_query, keep_blank_values=True)]
    pairs += [(encode(k), encode(v)) for k, v in oauth.items() if k not in ("oauth_signature", "realm")]
    normal = "&".join(f"{k}={v}" for k, v in sorted(pairs))
    return "&".join((method.upper(), encode(f"{scheme}://{host}{raw_path or '/'}"), encode(normal)))


def signature(method: str, base: str, secret: str) -> str:
    """Two-legged: the key ends with an empty token secret (RFC 5849 3.4.2; HMAC-SHA256 by analogy)."""
    digest = hmac.new(f"{encode(secret)}&".encode(), base.encode(), HASHES[method]).digest()
    return base64.b64encode(digest).decode()


def parameters(header: str) -> dict[str, str] | None:
    """The parameters of an `Authorization: OAuth` header (RFC 5849 3.5.1); None when it is not one."""
    word, _, rest = header.partition(" ")
    if word.lower() != "oauth":
        return None
    return {unquote(name): unquote(value) for name, value in _PARAMETER.findall(rest)}


class Nonces:
    """Nonces seen within the window, so that none is accepted twice (RFC 5849 3.3)."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], float] = {}

    def first_use(self, timestamp: str, nonce: str, now: float) -> bool:
        if len(self._seen) > 10_000:
            self._seen = {key: at for key, at in self._seen.items() if now - at < 2 * MAX_SKEW}
        if (timestamp, nonce) in self._seen:
            return False
        self._seen[timestamp, nonce] = now
        return True
