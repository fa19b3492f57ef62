"""What a client of the gateway may read. Every read carries one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grant:
    """sources: by key, those that may be read; None: every source.

    few: groups of fewer people than are told by themselves otherwise may be told (`gateway.roster.grouping`).

    Until clients can be told apart there is one grant, `EVERYTHING`, and the server listens on loopback only.
    """

    sources: frozenset[str] | None = None
    few: bool = False

    def reaches(self, source: str) -> bool:
        return self.sources is None or source in self.sources


EVERYTHING = Grant()
