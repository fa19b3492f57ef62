"""Who asks: the client whose key came with a request, and what it was granted of the sources that there are."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from cachetools import LRUCache

from adapters.secret import Secret
from gateway.access.api_keys import hashed, id_of
from gateway.access.clients import Client, ClientFile
from gateway.access.grant import Grant, Line

_NOBODYS: Final = "0" * 64
_GRANTS: Final = 1_000


class Unauthenticated(Exception):
    """Nobody known asks. The message is for the client, and the same whatever is wrong with a key."""


@dataclass(frozen=True, slots=True)
class Granted:
    """A source as rows of grants choose it."""

    key: str
    district: str | None
    labels: frozenset[str]


@dataclass(frozen=True, slots=True)
class Caller:
    """A client, and the key by which it was known."""

    client: Client
    key_id: str
    grant: Grant


class Callers:
    """secret: with which the keys' hashes were made. sources: all that there are."""

    def __init__(
        self, file: ClientFile, secret: Secret, sources: Sequence[Granted], now: Callable[[], float] = time.time
    ) -> None:
        self._file = file
        self._secret = secret
        self._sources = sources
        self._now = now
        self._grants: LRUCache[str, tuple[Client, float, Grant]] = LRUCache(_GRANTS)

    def caller(self, header: str) -> Caller:
        """The client of an Authorization header.

        Raises:
            Unauthenticated: it has no key, or none that is live.
        """
        key = _bearer(header)
        named = id_of(key)
        found = self._file.of_key(named) if named is not None else None
        # As much is done for a key that nobody has: time is not to tell which ids there are.
        right = hmac.compare_digest(hashed(key, self._secret), found[1].hash if found is not None else _NOBODYS)
        if found is None or not right:
            raise Unauthenticated("this key is not one of a client here")
        return Caller(found[0], found[1].id, self._grant(found[0]))

    def _grant(self, client: Client) -> Grant:
        now = self._now()
        kept = self._grants.get(client.name)
        if kept is not None and kept[0] is client and now < kept[1]:
            return kept[2]
        lines = tuple(
            Line(source.key, row.scopes, row.expires, row.purpose)
            for source in self._sources
            for row in client.rows
            if row.covers(source.key, source.district, source.labels, now)
        )
        made = Grant(
            frozenset(line.source for line in lines),
            may=frozenset((scope, line.source) for line in lines for scope in line.scopes),
            name=client.name,
            lines=lines,
        )
        until = min((line.expires for line in lines if line.expires is not None), default=float("inf"))
        self._grants[client.name] = client, until, made
        return made


def _bearer(header: str) -> str:
    scheme, _, given = header.strip().partition(" ")
    if scheme.lower() != "bearer" or not given.strip():
        raise Unauthenticated("ask with `Authorization: Bearer` and the key of a client")
    return given.strip()
