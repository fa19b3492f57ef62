"""Keyed hashes of people's ids: the same for the same person, of no use to whoever lacks the gateway's secret."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

from adapters.secret import Secret

_BYTES: Final = 16
"""Of a hash: two people among a billion share one with a chance of 1 to 10²⁰."""


_KEPT: Final = 50_000
"""Hashes that are not made again: the same people are asked for again and again."""


class Subjects:
    """Hashes are made with a key of their own, drawn from the secret: they tell nothing of what else it is used for."""

    def __init__(self, secret: Secret) -> None:
        key = hmac.digest(secret.reveal().encode(), b"oneroster-gateway: subjects of the audit", "sha256")
        self._begun = hmac.new(key, digestmod="sha256")
        self.hash: Callable[[str, str], str] = lru_cache(_KEPT)(self._made)
        """Of a source and a sourcedId."""

    @property
    def check(self) -> str:
        """The same for the same secret: stands in each file, and tells whether people can be found there."""
        return self._hash(b"check")

    def _made(self, source: str, sourced_id: str) -> str:
        return self._hash(b"subject\0" + source.encode() + b"\0" + sourced_id.encode("utf-8", "surrogatepass"))

    def hashes(self, people: Iterable[tuple[str, str]]) -> tuple[str, ...]:
        """Of sources and ids; in no order that tells of theirs."""
        return tuple(sorted([self.hash(*each) for each in people]))

    def _hash(self, what: bytes) -> str:
        hashing = self._begun.copy()  # a third of what a new one takes
        hashing.update(what)
        return urlsafe_b64encode(hashing.digest()[:_BYTES]).rstrip(b"=").decode()
