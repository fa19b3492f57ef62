"""What a client of the gateway may read. Every read carries one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grant:
    """Sources by key that may be read; None: every source.

    Until clients can be told apart there is one grant, `EVERYTHING`, and the server listens on loopback only.
    """

    sources: frozenset[str] | None = None

    def reaches(self, source: str) -> bool:
        return self.sources is None or source in self.sources


EVERYTHING = Grant()
