"""The token exchange of OAuth 2: what is asked, and what its answer means. Pure; `adapters.auth` holds and renews."""

from __future__ import annotations

import json
import math
import re
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any, NoReturn

import httpx2

from adapters import answers
from adapters.addresses import query_text
from adapters.answers import Answer
from adapters.dialect import CredentialPlace, OAuth2, ParameterPlace
from adapters.errors import Denied, Failing, Malformed, Throttled
from adapters.secret import Secret

DEFAULT_LIFETIME = 1800.0
"""Seconds, where the answer does not say: the shortest that providers name. A token that ends sooner is renewed by
the answer that refuses it."""

EARLY = 60.0

_SPEAKABLE = re.compile(r"[!-~]+")

# RFC 6749 4.1.2.1 and 5.2, RFC 8628 3.5. Others are not repeated: they would be text of the server's choosing.
_ERRORS = frozenset(
    {
        *("invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type"),
        *("invalid_scope", "access_denied", "server_error", "temporarily_unavailable", "slow_down"),
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class Token:
    """renew_at: on the monotonic clock. cookie: a Cookie header for later requests. lost: scopes asked for in vain."""

    secret: Secret
    renew_at: float
    cookie: Secret | None = None
    lost: tuple[str, ...] = field(default=())


def token_request(url: str, how: OAuth2, client_id: Secret, client_secret: Secret) -> httpx2.Request:
    """The request for a new token (RFC 6749 4.4.2).

    Id and secret go into Basic as they are: RFC 6749 2.3.1 would have them form-encoded first, but hardly any server
    decodes them, and a user name such as `rp|estab` would not survive.
    """
    grant = [("grant_type", "client_credentials")]
    if how.scopes:
        grant.append(("scope", " ".join(how.scopes)))
    body: list[tuple[str, str]] = []
    headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
    match how.parameters:
        case ParameterPlace.BODY:
            body += grant
        case ParameterPlace.QUERY:
            url += ("&" if "?" in url else "?") + query_text(grant)
        case ParameterPlace.NONE:
            pass
    match how.credentials:
        case CredentialPlace.HEADER:
            pair = f"{client_id.reveal()}:{client_secret.reveal()}".encode()
            headers["Authorization"] = "Basic " + b64encode(pair).decode()
        case CredentialPlace.BODY:
            body += [("client_id", client_id.reveal()), ("client_secret", client_secret.reveal())]
    return httpx2.Request("POST", url, content=query_text(body).encode(), headers=headers)


def read_token(source: str, how: OAuth2, response: httpx2.Response, *, monotonic: float, wall: float) -> Token:
    """The token of a token server's answer.

    Raises:
        SourceError: the answer holds none; with OAuth's own error code where it is one of the known.
    """
    if response.status_code not in (200, 201):
        _refuse(source, response, wall)
    body = _json(response.content)
    if isinstance(body, str) and _SPEAKABLE.fullmatch(body):
        return Token(Secret(body), monotonic + _usable(DEFAULT_LIFETIME), _cookie(how, response))
    if not isinstance(body, dict):
        raise Malformed(source, "the token server's answer is not JSON; is token_url right?")
    if body.get("error"):
        _refuse(source, response, wall)
    text, kind = body.get("access_token"), body.get("token_type")
    if not isinstance(text, str) or not _SPEAKABLE.fullmatch(text):
        raise Malformed(source, "the token server's answer holds no access_token that a header could carry")
    if isinstance(kind, str) and kind.strip().lower() not in ("bearer", "bearertoken", ""):
        raise Denied(source, "the token server hands out a token that is not of type bearer")
    return Token(
        Secret(text),
        monotonic + _usable(_lifetime(body.get("expires_in"))),
        _cookie(how, response),
        _lost(how.scopes, body.get("scope")),
    )


def _refuse(source: str, response: httpx2.Response, wall: float) -> NoReturn:
    status = response.status_code
    wait = answers.retry_after(response.headers.get("retry-after"), wall)
    if status == 429 or (status == 503 and wait is not None):
        raise Throttled(source, f"the token server answers {status}, asked too often", retry_after=wait)
    if status >= 500:
        raise Failing(source, f"the token server answers {status}")
    body = _json(response.content)
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, str) and error in _ERRORS:
        raise Denied(source, f"the token server refuses: {error}")
    if status in (404, 405):
        raise Denied(source, f"the token server answers {status}; is token_url right?")
    if answers.is_page_for_people(Answer(status, response.headers, response.content[:1024])):
        raise Denied(source, f"the token server answers {status} with a page for people; is token_url right?")
    raise Denied(source, f"the token server answers {status}")


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _lifetime(said: object) -> float:
    """Seconds; a number, or a number as text, else the default."""
    if isinstance(said, bool) or not isinstance(said, (int, float, str)):
        return DEFAULT_LIFETIME
    try:
        seconds = float(said)
    except (ValueError, OverflowError):
        return DEFAULT_LIFETIME
    return seconds if math.isfinite(seconds) and seconds > 0 else DEFAULT_LIFETIME


def _usable(lifetime: float) -> float:
    return max(lifetime - EARLY, lifetime / 2)


def _lost(asked: tuple[str, ...], granted: object) -> tuple[str, ...]:
    """Scopes that the answer does not list; an answer that lists none granted what was asked (RFC 6749 5.1)."""
    if isinstance(granted, list):
        granted = " ".join(str(scope) for scope in granted)
    if not isinstance(granted, str) or not granted.strip():
        return ()
    return tuple(scope for scope in asked if scope not in granted.split())


def _cookie(how: OAuth2, response: httpx2.Response) -> Secret | None:
    if not how.keeps_cookies:
        return None
    pairs = [line.partition(";")[0].strip() for line in response.headers.get_list("set-cookie")]
    return Secret("; ".join(pair for pair in pairs if "=" in pair and pair.isascii())) if pairs else None
