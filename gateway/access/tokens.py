"""Tokens of an issuer elsewhere: who asks, and for which sources, as JWTs say it (RFC 7519, RFC 8725)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.util import urlsafe_b64decode

from gateway.access.clients import LAST, Row, is_name
from gateway.access.field_class import FieldClass
from gateway.access.issuer import Issuer
from gateway.access.key_sets import KeySet
from gateway.access.scope import READS, Scope

LONGEST: Final = 8 * 1024

_SCOPES: Final = {scope.value: scope for scope in Scope} | {
    f"https://purl.imsglobal.org/spec/or/{version}/scope/{scope}": scope
    for scope in READS
    for version in ("v1p1", "v1p2")
}
"""By the words of tokens: those of OneRoster in full, too."""

_BRINGS_KEYS: Final = ("jwk", "jku", "x5u", "x5c")
"""What in a token's head offers a key for itself; whoever made the token may have made that too."""


class BadToken(Exception):
    """A token that is not taken. The message says why, and nothing that stands in it."""


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who has a token, and what it says that client may do."""

    name: str
    row: Row


class Tokens:
    def __init__(self, issuer: Issuer, keys: KeySet, now: Callable[[], float] = time.time) -> None:
        self._issuer = issuer
        self._keys = keys
        self._now = now

    async def bearer(self, token: str) -> Bearer:
        """Raises:
        BadToken: it is not of this issuer, for this gateway, for now.
        """
        if len(token) > LONGEST:
            raise BadToken(f"a token has at most {LONGEST} characters")
        head = _head(token)
        algorithm, name = head.get("alg"), head.get("kid")
        if not isinstance(algorithm, str) or algorithm not in self._issuer.algorithms:
            raise BadToken(f"its `alg` is not one of {', '.join(sorted(self._issuer.algorithms))}")
        if brought := [each for each in _BRINGS_KEYS if each in head]:
            raise BadToken(f"its head has `{brought[0]}`: keys are taken from the issuer alone")
        if "crit" in head:
            raise BadToken("its head has `crit`: nothing that it may ask for is known here")
        key = await self._keys.key(name if isinstance(name, str) else None)
        if key is None:
            raise BadToken("the issuer has no key of its `kid`")
        if (key.as_dict(private=False).get("alg") or algorithm) != algorithm:
            raise BadToken("the issuer's key is for another `alg`")
        try:
            claims = jwt.decode(token, key, algorithms=[algorithm]).claims
        except (JoseError, ValueError, TypeError, RecursionError):
            raise BadToken("its signature is not good") from None
        return self._judged(claims)

    def _judged(self, claims: Mapping[str, Any]) -> Bearer:
        issuer, now = self._issuer, self._now()
        audience = claims.get("aud")
        if claims.get("iss") != issuer.issuer:
            raise BadToken("it is of another issuer")
        if issuer.audience not in (audience if isinstance(audience, list) else [audience]):
            raise BadToken("it is for another audience")
        expires = _moment(claims, "exp")
        if expires is None:
            raise BadToken("it has no `exp`")
        if now >= expires + issuer.leeway:
            raise BadToken("it has expired")
        for claim in ("nbf", "iat"):
            begins = _moment(claims, claim)
            if begins is not None and now < begins - issuer.leeway:
                raise BadToken("it is not valid yet")
        name = claims.get(issuer.name)
        if not isinstance(name, str) or not is_name(name):
            raise BadToken(f"it does not name its client: there is no `{issuer.name}`")
        return Bearer(name, self._row(claims, min(int(expires + issuer.leeway), LAST)))

    def _row(self, claims: Mapping[str, Any], expires: int) -> Row:
        """Words that mean nothing here are passed over; a limit that cannot be read is none that can be ignored."""
        issuer = self._issuer
        named, orgs = _words(claims.get(issuer.sources)), None
        if not named:
            raise BadToken(f"it names no sources: there is no `{issuer.sources}`")
        if issuer.orgs in claims and not (orgs := _words(claims[issuer.orgs])):
            raise BadToken(f"its `{issuer.orgs}` names none")
        purpose = claims.get(issuer.purpose)
        try:
            return Row(
                every="*" in named,
                sources=tuple(named),
                districts=_after("district:", named),
                labels=_after("label:", named),
                scopes=_scopes(_words(claims.get(issuer.scopes))),
                fields=_fields(_words(claims.get(issuer.fields))),
                orgs=None if orgs is None else tuple(orgs),
                mask=claims.get(issuer.mask, False) is not False,
                expires=expires,
                purpose=_told(purpose),
            )
        except ValueError:
            raise BadToken(f"its `{issuer.orgs}` takes one source, by its key") from None


def _scopes(words: Iterable[str]) -> tuple[Scope, ...]:
    said = {_SCOPES[word] for word in words if word in _SCOPES}
    return tuple(scope for scope in Scope if scope in said)


def _fields(words: Sequence[str]) -> tuple[FieldClass, ...]:
    return tuple(each for each in FieldClass if each in words or "*" in words)


def _head(token: str) -> Mapping[str, Any]:
    """Of a token that nobody has looked at: for the choice of a key, and to refuse what should not be there."""
    first, dot, rest = token.partition(".")
    try:
        head = json.loads(urlsafe_b64decode(first.encode("ascii")))
    except (ValueError, RecursionError):
        head = None
    if not dot or rest.count(".") != 1 or not isinstance(head, dict):
        raise BadToken("it is no signed JWT")
    return head


def _moment(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LAST:
        raise BadToken(f"its `{name}` is no number of seconds")
    return value


def _words(claim: Any) -> list[str]:
    """A claim that is a list of words, or words with blanks between them."""
    found = claim.split() if isinstance(claim, str) else claim if isinstance(claim, list) else []
    return [word for word in found if isinstance(word, str) and word and word.isprintable()]


def _told(claim: Any) -> str:
    """A claim of words for people; without what only a terminal or nothing at all can show."""
    words = " ".join(claim.split()) if isinstance(claim, str) else ""
    return words if words.isprintable() else ""


def _after(prefix: str, words: Iterable[str]) -> tuple[str, ...]:
    return tuple(word.removeprefix(prefix) for word in words if word.startswith(prefix))
