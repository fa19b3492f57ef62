"""OAuth 1.0a, two-legged: the signature of one request (RFC 5849, section 3.4). Pure."""

from __future__ import annotations

import hmac
import secrets
from base64 import b64encode
from collections.abc import Iterable
from urllib.parse import quote_from_bytes, unquote_to_bytes, urlsplit

from adapters.addresses import encoded
from adapters.dialect import Signature

_DIGEST = {Signature.HMAC_SHA1: "sha1", Signature.HMAC_SHA256: "sha256"}
_DEFAULT_PORT = {"http": 80, "https": 443}


def base_string(method: str, url: str, parameters: Iterable[tuple[str, str]]) -> str:
    """What is signed: the parameters of the query as they stand in `url`, and `parameters`, not encoded yet."""
    parts = urlsplit(url)
    pairs = [(encoded(name), encoded(value)) for name, value in parameters]
    for pair in parts.query.split("&") if parts.query else ():
        name, _, value = pair.partition("=")
        pairs.append((_recoded(name), _recoded(value)))
    normalised = "&".join(f"{name}={value}" for name, value in sorted(pairs))
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    scheme = parts.scheme.lower()
    port = f":{parts.port}" if parts.port not in (None, _DEFAULT_PORT.get(scheme)) else ""
    address = f"{scheme}://{host}{port}{parts.path or '/'}"
    return "&".join((method.upper(), encoded(address), encoded(normalised)))


def nonce() -> str:
    """A word that no other request of ours carries: 128 bits by chance."""
    return secrets.token_hex(16)


def signature(method: Signature, secret: str, base: str) -> str:
    """The base string signed with the consumer's secret; there is no token, so its part of the key is empty."""
    key = f"{encoded(secret)}&".encode()
    return b64encode(hmac.digest(key, base.encode(), _DIGEST[method])).decode()


def authorization(
    method: Signature, consumer: str, secret: str, request: tuple[str, str], *, nonce: str, timestamp: int
) -> str:
    """The Authorization header of `request`, an HTTP method and a URL."""
    parameters = {
        "oauth_consumer_key": consumer,
        "oauth_nonce": nonce,
        "oauth_signature_method": method.value,
        "oauth_timestamp": str(timestamp),
        "oauth_version": "1.0",
    }
    signed = signature(method, secret, base_string(*request, parameters.items()))
    fields = {**parameters, "oauth_signature": signed}
    return "OAuth " + ", ".join(f'{name}="{encoded(value)}"' for name, value in fields.items())


def _recoded(text: str) -> str:
    """A part of a query, decoded as forms are (RFC 5849 3.4.1.3.1) and encoded strictly."""
    return quote_from_bytes(unquote_to_bytes(text.replace("+", " ")), safe="")
