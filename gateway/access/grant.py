"""What a client of the gateway may read. Every read carries one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from adapters.endpoints import Collection
from gateway.access.field_class import FieldClass
from gateway.access.scope import Scope


@dataclass(frozen=True, slots=True)
class Access:
    """What may be read of one source. collections: those whose records may be. classes: of fields that hold personal
    data, those that may be.

    orgs: sourcedIds; only what belongs to one of these may be read; None: whatever it belongs to. masked: personal data
    is shown as invented data that stays the same.
    """

    collections: frozenset[Collection] = frozenset(Collection)
    classes: frozenset[FieldClass] = frozenset(FieldClass)
    orgs: frozenset[str] | None = None
    masked: bool = False

    def shows(self, field_class: FieldClass) -> bool:
        """Whether fields of a class are answered, masked or as they are."""
        return field_class in self.classes

    def compares(self, field_class: FieldClass) -> bool:
        """Whether a client may filter, order or group by fields of a class: a count or a place tells their values."""
        return field_class in self.classes and not self.masked

    @property
    def compares_all(self) -> bool:
        return not self.masked and len(self.classes) == len(FieldClass)


ALL = Access()
"""All of a source, as it is."""

NOTHING = Access(frozenset(), frozenset())


class Withheld(NamedTuple):
    """Classes of fields that a client may not read: of one source or another, and of every one that it reaches."""

    somewhere: frozenset[FieldClass] = frozenset()
    everywhere: frozenset[FieldClass] = frozenset()


NONE_WITHHELD = Withheld()


@dataclass(frozen=True, slots=True)
class Line:
    """How a source was granted. scopes: those that hold there. expires: seconds since 1970, when some of it ends; None:
    never.
    """

    source: str
    scopes: tuple[Scope, ...]
    expires: int | None
    purpose: str


@dataclass(frozen=True, slots=True)
class Grant:
    """sources: by key, those that were granted, and what may be read of each; None: all of every source.

    may: what may be done beside reading, and at which source; None: everything. few: groups of fewer people than are
    told by themselves otherwise may be told (`gateway.roster.grouping`). name, lines: whose it is, and what it
    comes of, as they are shown to that client.
    """

    sources: Mapping[str, Access] | None = None
    few: bool = False
    may: frozenset[tuple[Scope, str]] | None = None
    name: str = field(default="", compare=False)
    lines: tuple[Line, ...] = field(default=(), compare=False)
    withheld: Withheld = field(init=False, compare=False)

    def __post_init__(self) -> None:
        every, given = frozenset(FieldClass), () if self.sources is None else self.sources.values()
        lacking = [every - access.classes for access in given]
        withheld = Withheld(frozenset().union(*lacking), every.intersection(*lacking)) if lacking else NONE_WITHHELD
        object.__setattr__(self, "withheld", withheld)

    def reaches(self, source: str) -> bool:
        return self.sources is None or source in self.sources

    def at(self, source: str) -> Access:
        """What may be read of a source: nothing of one that it does not reach."""
        return ALL if self.sources is None else self.sources.get(source, NOTHING)

    def allows(self, scope: Scope, source: str | None = None) -> bool:
        """Whether that may be done at a source; at any, if None."""
        if self.may is None:
            return True
        return any(scope is each and source in (None, at) for each, at in self.may)


EVERYTHING = Grant()
"""Of whoever asks a gateway that knows no clients: it listens on loopback only."""
