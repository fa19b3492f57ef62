"""Decides who may read: token endpoints, bearer tokens, OAuth 1 signatures, scopes."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus

import msgspec

from gateway.sandbox import oauth1
from gateway.sandbox.asgi import Asked
from gateway.sandbox.kind import ClientCredentials, Kind, OAuth1

CORE: Final = "roster-core.readonly"
FULL: Final = "roster.readonly"
DEMOGRAPHICS: Final = "roster-demographics.readonly"
GRADEBOOK: Final = "gradebook.readonly"
GRADEBOOK_CORE: Final = "gradebook-core.readonly"
ASSESSMENT: Final = "assessment.readonly"
RESOURCES: Final = "resource.readonly"
RESOURCES_CORE: Final = "resource-core.readonly"
ALL_SCOPES: Final = frozenset(
    {CORE, FULL, DEMOGRAPHICS, GRADEBOOK, GRADEBOOK_CORE, ASSESSMENT, RESOURCES, RESOURCES_CORE}
)


class Denied(Exception):
    """Not authenticated: `why` is for the body."""


class NoToken(Exception):
    """The token endpoint refuses (RFC 6749 5.2)."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status, self.error, self.description = status, error, description


class Gate:
    def __init__(
        self, kind: Kind, client_id: str, client_secret: str, app: str, scopes: Iterable[str] | None,
        token_seconds: float, clock: Callable[[], float],
    ) -> None:  # fmt: skip
        self.kind = kind
        self.client_id = client_id
        self.client_secret = client_secret
        self.app = app
        self.allowed = ALL_SCOPES if scopes is None else frozenset(_short(scope) for scope in scopes)
        self.token_seconds = token_seconds
        self.clock = clock
        self.static_token = client_secret
        self.cookie = secrets.token_hex(8)
        self._tokens: dict[str, tuple[float, frozenset[str]]] = {}
        self._nonces = oauth1.Nonces()

    def revoke(self) -> None:
        """Every token and cookie given so far is worth nothing from now on; a static one stays."""
        self._tokens.clear()
        self.cookie = secrets.token_hex(8)

    def token_paths(self) -> tuple[str, ...]:
        auth = self.kind.auth
        return (auth.path, *auth.other_paths) if isinstance(auth, ClientCredentials) else ()

    def issue(self, asked: Asked, body: bytes) -> tuple[dict[str, Any], str | None]:
        """A token answer and the cookie to set."""
        auth = self.kind.auth
        assert isinstance(auth, ClientCredentials)
        query = dict(parse_qsl(asked.raw_query, keep_blank_values=True))
        for name, value in auth.query.items():
            if query.get(name) != value.format(app=self.app):
                raise NoToken(400, "invalid_request", f"{name} is missing or wrong")
        given = self._parameters(auth, asked, body, query)
        self._check_client(auth, asked, given)
        if given.get("grant_type") != "client_credentials":
            raise NoToken(400, "unsupported_grant_type", "grant_type must be client_credentials")
        granted = self._grant(auth, given.get("scope", ""))
        token = secrets.token_urlsafe(24)
        self._tokens[token] = (self.clock() + self.token_seconds, granted)
        answer: dict[str, Any] = {"access_token": token, "token_type": auth.token_type}
        answer["expires_in"] = int(self.token_seconds)
        if given.get("scope") and auth.scope != "ignored":
            answer["scope"] = " ".join(s for s in given["scope"].split() if _short(s) in granted)
        return answer, f"{auth.cookie}={self.cookie}; Path=/; HttpOnly" if auth.cookie else None

    def _parameters(self, auth: ClientCredentials, asked: Asked, body: bytes, query: dict[str, str]) -> dict[str, str]:
        given = dict(query) if auth.parameters_in_query else {}
        content_type = asked.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type == "application/json" and auth.json:
            try:
                given |= msgspec.json.decode(body, type=dict[str, str])
            except msgspec.DecodeError:
                raise NoToken(400, "invalid_request", "the body is not a JSON object of strings") from None
        elif content_type == "application/x-www-form-urlencoded":
            given |= dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        elif body and not auth.parameters_in_query:
            raise NoToken(400, "invalid_request", f"content type {content_type or 'missing'} is not supported")
        if auth.empty_body and not body:
            given.setdefault("grant_type", "client_credentials")
        return given

    def _check_client(self, auth: ClientCredentials, asked: Asked, given: Mapping[str, str]) -> None:
        word, _, rest = asked.headers.get("authorization", "").partition(" ")
        found: tuple[str, str] | None = None
        if word.lower() == "basic" and auth.basic:
            try:
                user, colon, password = base64.b64decode(rest, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                user = colon = password = ""
            found = (user, password) if colon else None
        elif auth.form and "client_id" in given:
            found = (given["client_id"], given.get("client_secret", ""))
        if found is None or not self._is_client(*found):
            raise NoToken(401, "invalid_client", "client authentication failed")

    def _is_client(self, user: str, password: str) -> bool:
        """As sent, or form-encoded first (RFC 6749 2.3.1), which few clients do."""
        return any(
            _same(name, self.client_id) and _same(word, self.client_secret)
            for name, word in ((user, password), (unquote_plus(user), unquote_plus(password)))
        )

    def _grant(self, auth: ClientCredentials, scope: str) -> frozenset[str]:
        if auth.scope == "ignored":
            return self.allowed
        wanted = scope.split()
        if not wanted:
            if auth.scope == "required":
                raise NoToken(400, "invalid_scope", "at least one scope is needed")
            return self.allowed
        prefix = f"https://purl.imsglobal.org/spec/or/v{self.kind.version.replace('.', 'p')}/scope/"
        granted = (
            frozenset(_short(s) for s in wanted if s.startswith(prefix) or (auth.short_scopes and "/" not in s))
            & self.allowed
        )
        if not granted:
            raise NoToken(400, "invalid_scope", "none of the scopes can be granted")
        return granted

    def admit(self, asked: Asked) -> frozenset[str]:
        """The scopes of a data request."""
        auth = self.kind.auth
        header = asked.headers.get("authorization", "")
        if isinstance(auth, OAuth1):
            self._verify(auth, asked, header)
            return self.allowed
        word, _, token = header.partition(" ")
        if word.lower() != "bearer" or not token:
            raise Denied("a bearer token is needed")
        if not isinstance(auth, ClientCredentials):
            if not _same(token, self.static_token):
                raise Denied("unknown token")
            return self.allowed
        expires, granted = self._tokens.get(token, (0.0, frozenset()))
        if expires <= self.clock():
            self._tokens.pop(token, None)
            raise Denied("the token is unknown or has expired")
        if auth.cookie and f"{auth.cookie}={self.cookie}" not in asked.headers.get("cookie", "").split("; "):
            raise Denied("the session cookie of the token answer is missing")
        return granted

    def _verify(self, auth: OAuth1, asked: Asked, header: str) -> None:
        given = oauth1.parameters(header)
        if given is None:
            raise Denied("an OAuth 1.0a signature is needed")
        method, stamp = given.get("oauth_signature_method", ""), given.get("oauth_timestamp", "")
        if method not in auth.methods:
            raise Denied("signature_method_rejected")
        if not _same(given.get("oauth_consumer_key", ""), self.client_id):
            raise Denied("consumer_key_unknown")
        if given.get("oauth_version", "1.0") != "1.0":
            raise Denied("version_rejected")
        if not stamp.isdigit() or abs(int(stamp) - self.clock()) > oauth1.MAX_SKEW:
            raise Denied("timestamp_refused")
        base = oauth1.base_string(
            asked.method, asked.scheme, asked.headers.get("host", ""), asked.raw_path, asked.raw_query, given
        )
        if not _same(given.get("oauth_signature", ""), oauth1.signature(method, base, self.client_secret)):
            raise Denied("signature_invalid")
        nonce = given.get("oauth_nonce", "")
        if not nonce or not self._nonces.first_use(stamp, nonce, self.clock()):
            raise Denied("nonce_used")


def _short(scope: str) -> str:
    return scope.rpartition("/")[2]


def _same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode(), right.encode())
