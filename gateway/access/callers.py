"""Who asks: the client whose key or token came with a request, and what it was granted of the sources there are."""

from __future__ import annotations

import hmac
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from cachetools import LRUCache

from adapters.secret import Secret
from gateway.access.api_keys import hashed, id_of
from gateway.access.clients import Client, ClientFile, Row
from gateway.access.grant import EVERYTHING, Grant
from gateway.access.granting import Granted, grant_of
from gateway.access.points import Account, Points
from gateway.access.rates import Rates, TooOften

if TYPE_CHECKING:  # what tokens take is loaded where there are any
    from gateway.access.tokens import Tokens

_NOBODYS: Final = "0" * 64
_GRANTS: Final = 1_000


class Unauthenticated(Exception):
    """Nobody known asks. The message is for the client, and the same whatever is wrong with a key."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A client by its name, and the key by which it was known; None: by a token. points: what it may still ask for."""

    name: str
    key_id: str | None
    grant: Grant
    points: Account | None = None


NOBODY: Final = Caller("", None, EVERYTHING)
"""Whoever asks a gateway that knows no clients."""


@dataclass(frozen=True, slots=True)
class Keys:
    """secret: with which the keys' hashes were made."""

    file: ClientFile
    secret: Secret

    def client(self, key: str) -> tuple[Client, str]:
        """Whose key that is, and what names it.

        Raises:
            Unauthenticated: it is no key, or none that is live.
        """
        named = id_of(key)
        found = self.file.of_key(named) if named is not None else None
        # As much is done for a key that nobody has: time is not to tell which ids there are.
        right = hmac.compare_digest(hashed(key, self.secret), found[1].hash if found is not None else _NOBODYS)
        if found is None or not right:
            raise Unauthenticated("this key is not one of a client here")
        return found[0], found[1].id


class Callers:
    """keys, tokens: how clients may be known, one at least. sources: all there are. rates, points: how often, and for
    how much, each may ask.
    """

    def __init__(
        self,
        sources: Sequence[Granted],
        keys: Keys | None = None,
        tokens: Tokens | None = None,
        rates: Rates | None = None,
        points: Points | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._rates = rates
        self._points = points
        self._sources = sources
        self._keys = keys
        self._tokens = tokens
        self._now = now
        self._grants: LRUCache[tuple[str, tuple[Row, ...]], tuple[float, Grant]] = LRUCache(_GRANTS)

    async def caller(self, header: str) -> Caller:
        """The client of an Authorization header.

        Raises:
            Unauthenticated: it has no key or token, or none that is good now.
            TooOften: it asks more often than it may.
        """
        caller = await self._known(header)
        if self._rates is not None and (wait := self._rates.wait(caller.name)):
            raise TooOften(wait)
        return caller if self._points is None else replace(caller, points=self._points.account(caller.name))

    async def _known(self, header: str) -> Caller:
        given = _bearer(header)
        if self._tokens is not None and given.count(".") == 2:
            return await self._of_token(self._tokens, given)
        if self._keys is None:
            raise Unauthenticated("ask with a token of the issuer that this gateway trusts")
        client, key_id = self._keys.client(given)
        return Caller(client.name, key_id, self._grant(client.name, client.rows))

    async def _of_token(self, tokens: Tokens, token: str) -> Caller:
        from gateway.access.tokens import BadToken

        try:
            bearer = await tokens.bearer(token)
        except BadToken as error:
            raise Unauthenticated(f"this token is not taken: {error}") from None
        return Caller(bearer.name, None, self._grant(bearer.name, (bearer.row,)))

    def _grant(self, name: str, rows: tuple[Row, ...]) -> Grant:
        now = self._now()
        kept = self._grants.get((name, rows))
        if kept is not None and now < kept[0]:
            return kept[1]
        made = grant_of(name, rows, self._sources, now)
        until = min((line.expires for line in made.lines if line.expires is not None), default=math.inf)
        self._grants[name, rows] = until, made
        return made


def _bearer(header: str) -> str:
    scheme, _, given = header.strip().partition(" ")
    if scheme.lower() != "bearer" or not given.strip():
        raise Unauthenticated("ask with `Authorization: Bearer` and the key of a client")
    return given.strip()
