"""What a client of the gateway may read. Every read carries one."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.access.scope import Scope


@dataclass(frozen=True, slots=True)
class Line:
    """What was granted of one source. expires: seconds since 1970; None: never."""

    source: str
    scopes: tuple[Scope, ...]
    expires: int | None
    purpose: str


@dataclass(frozen=True, slots=True)
class Grant:
    """sources: by key, those that may be read; None: every source.

    may: what may be done beside reading, and at which source; None: everything. few: groups of fewer people than are
    told by themselves otherwise may be told (`gateway.roster.grouping`). name, lines: whose it is, and what it
    comes of, as they are shown to that client.
    """

    sources: frozenset[str] | None = None
    few: bool = False
    may: frozenset[tuple[Scope, str]] | None = None
    name: str = field(default="", compare=False)
    lines: tuple[Line, ...] = field(default=(), compare=False)

    def reaches(self, source: str) -> bool:
        return self.sources is None or source in self.sources

    def allows(self, scope: Scope, source: str | None = None) -> bool:
        """Whether that may be done at a source; at any, if None."""
        if self.may is None:
            return True
        return any(scope is each and source in (None, at) for each, at in self.may)


EVERYTHING = Grant()
"""Of whoever asks a gateway that knows no clients: it listens on loopback only."""
