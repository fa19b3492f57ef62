"""Which kind of personal data a field holds: what a grant must have for it to be read."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from adapters.endpoints import Collection


class FieldClass(StrEnum):
    NAME = "NAME"
    CONTACT = "CONTACT"
    IDENTIFIER = "IDENTIFIER"
    FAMILY = "FAMILY"
    SENSITIVE = "SENSITIVE"
    DEMOGRAPHICS = "DEMOGRAPHICS"
    GRADES = "GRADES"
    RAW = "RAW"


_RESULTS: Final = frozenset({Collection.RESULTS, Collection.ASSESSMENT_RESULTS})

FIELDS_IN: Final[Mapping[FieldClass, frozenset[Collection]]] = MappingProxyType(
    {
        FieldClass.NAME: frozenset({Collection.USERS}),
        FieldClass.CONTACT: frozenset({Collection.USERS}),
        FieldClass.IDENTIFIER: frozenset({Collection.USERS}),
        FieldClass.FAMILY: frozenset({Collection.USERS}),
        FieldClass.SENSITIVE: _RESULTS | {Collection.USERS},
        FieldClass.DEMOGRAPHICS: frozenset({Collection.DEMOGRAPHICS}),
        FieldClass.GRADES: _RESULTS,
        FieldClass.RAW: frozenset(Collection),
    }
)
"""The collections whose records have fields of each class."""
