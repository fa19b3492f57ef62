"""What a client may do at the gateway: read, by the scopes of OneRoster, and what is the gateway's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from adapters.endpoints import Collection

_CORE: Final = frozenset(
    {
        Collection.ORGS,
        Collection.ACADEMIC_SESSIONS,
        Collection.COURSES,
        Collection.CLASSES,
        Collection.USERS,
        Collection.ENROLLMENTS,
    }
)
_DEMOGRAPHICS: Final = frozenset({Collection.DEMOGRAPHICS})
_GRADEBOOK: Final = frozenset(
    {
        Collection.CATEGORIES,
        Collection.LINE_ITEMS,
        Collection.RESULTS,
        Collection.SCORE_SCALES,
        Collection.ASSESSMENT_LINE_ITEMS,
        Collection.ASSESSMENT_RESULTS,
    }
)
_RESOURCES: Final = frozenset({Collection.RESOURCES})


class Scope(StrEnum):
    """explain: be shown what an operation took. refresh: have sources read anew. holds: decide what is held back."""

    ROSTER_CORE = "roster-core.readonly"
    ROSTER = "roster.readonly"
    ROSTER_DEMOGRAPHICS = "roster-demographics.readonly"
    GRADEBOOK = "gradebook.readonly"
    RESOURCE = "resource.readonly"
    EXPLAIN = "explain"
    REFRESH = "refresh"
    HOLDS = "holds"


READS: Final[Mapping[Scope, frozenset[Collection]]] = MappingProxyType(
    {
        Scope.ROSTER_CORE: _CORE,
        Scope.ROSTER: _CORE | _DEMOGRAPHICS,
        Scope.ROSTER_DEMOGRAPHICS: _DEMOGRAPHICS,
        Scope.GRADEBOOK: _GRADEBOOK,
        Scope.RESOURCE: _RESOURCES,
    }
)
"""The collections that each scope lets a client read; the others are not for reading."""


def collections(scopes: Iterable[Scope]) -> frozenset[Collection]:
    """What may be read with these scopes together."""
    return frozenset().union(*(READS.get(scope, frozenset()) for scope in scopes))
