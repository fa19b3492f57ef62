"""Who asks: the client whose key came with a request."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Final

from adapters.secret import Secret
from gateway.access.api_keys import hashed, id_of
from gateway.access.clients import Client, ClientFile

_NOBODYS: Final = "0" * 64


class Unauthenticated(Exception):
    """Nobody known asks. The message is for the client, and the same whatever is wrong with a key."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A client, and the key by which it was known."""

    client: Client
    key_id: str


@dataclass(frozen=True, slots=True)
class KeyCheck:
    """secret: with which the keys' hashes were made."""

    file: ClientFile
    secret: Secret

    def caller(self, key: str) -> Caller:
        """Raises:
        Unauthenticated: it is no key, or none that is live.
        """
        named = id_of(key)
        found = self.file.of_key(named) if named is not None else None
        # As much is done for a key that nobody has: time is not to tell which ids there are.
        right = hmac.compare_digest(hashed(key, self.secret), found[1].hash if found is not None else _NOBODYS)
        if found is None or not right:
            raise Unauthenticated("this key is not one of a client here")
        return Caller(found[0], found[1].id)


def bearer(header: str) -> str:
    """The key or token in an Authorization header.

    Raises:
        Unauthenticated: there is none.
    """
    scheme, _, given = header.strip().partition(" ")
    if scheme.lower() != "bearer" or not given.strip():
        raise Unauthenticated("ask with `Authorization: Bearer` and the key of a client")
    return given.strip()
