"""Which kind of personal data a field holds: what a grant must have for it to be read."""

from __future__ import annotations

from enum import StrEnum


class FieldClass(StrEnum):
    NAME = "NAME"
    CONTACT = "CONTACT"
    IDENTIFIER = "IDENTIFIER"
    FAMILY = "FAMILY"
    SENSITIVE = "SENSITIVE"
    DEMOGRAPHICS = "DEMOGRAPHICS"
    GRADES = "GRADES"
    RAW = "RAW"
