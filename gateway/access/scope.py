"""What kinds of records a client may read, in 1EdTech's words, and what else it may do at the gateway."""

from __future__ import annotations

from enum import StrEnum

_ADDRESS = "https://purl.imsglobal.org/spec/or/"


class Scope(StrEnum):
    ROSTER_CORE = "roster-core.readonly"
    ROSTER = "roster.readonly"
    DEMOGRAPHICS = "roster-demographics.readonly"
    GRADEBOOK = "gradebook.readonly"
    RESOURCES = "resource.readonly"
    EXPLAIN = "explain"
    REFRESH = "refresh"
    HOLDS = "holds"


def scope_of(text: str) -> Scope | None:
    """The scope of a text: its own, or that of the address by which 1EdTech names it in tokens."""
    own = text.removeprefix(_ADDRESS)
    name = own.rpartition("/scope/")[2] if own is not text else text
    return Scope(name) if name in list(Scope) else None
