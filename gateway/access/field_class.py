"""Which kind of personal data a field holds: what a grant must have for it to be read."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class FieldClass(StrEnum):
    NAME = "NAME"
    CONTACT = "CONTACT"
    IDENTIFIER = "IDENTIFIER"
    FAMILY = "FAMILY"
    SENSITIVE = "SENSITIVE"
    DEMOGRAPHICS = "DEMOGRAPHICS"
    GRADES = "GRADES"
    RAW = "RAW"


TELLS: Final[Mapping[FieldClass, str]] = MappingProxyType(
    {
        FieldClass.NAME: "names of people",
        FieldClass.CONTACT: "e-mail addresses, telephone numbers, user names",
        FieldClass.IDENTIFIER: "numbers and ids of people elsewhere",
        FieldClass.FAMILY: "parents and guardians",
        FieldClass.SENSITIVE: "preferred names, pronouns, comments on results",
        FieldClass.DEMOGRAPHICS: "dates of birth, sex, ethnicity",
        FieldClass.GRADES: "results",
        FieldClass.RAW: "metadata, as each source adds it",
    }
)
"""What fields of each class tell, for people."""
