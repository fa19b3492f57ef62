"""Records under a mask: copies, with invented values where `gateway.roster.masking.attributes` has any."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

import msgspec

from adapters.records import Record, Sex
from gateway.roster.masking.attributes import ATTRIBUTES, How
from gateway.roster.masking.mask import Mask

R = TypeVar("R", bound=Record)

_Way: TypeAlias = Callable[[Any, str], Any]
"""A value and the sourcedId of its record to what stands for it."""


class Masked:
    """What one source's mask makes of its records."""

    def __init__(self, mask: Mask) -> None:
        self.mask = mask
        self._ways = {kind: self._table(attributes) for kind, attributes in ATTRIBUTES.items()}

    def record(self, record: R) -> R:
        copy: R = self._copied(record, record.sourced_id)
        return copy

    def _copied(self, struct: Any, owner: str) -> Any:
        changes = {
            name: tuple([way(each, owner) for each in value]) if isinstance(value, tuple) else way(value, owner)
            for name, way in self._ways[type(struct)]
            if (value := getattr(struct, name)) or value is False  # what is empty says nothing, a flag does
        }
        return msgspec.structs.replace(struct, **changes)

    def _table(self, attributes: Mapping[str, How]) -> list[tuple[str, _Way]]:
        return [(name, self._way(how, name)) for name, how in attributes.items() if how is not How.KEPT]

    def _way(self, how: How, name: str) -> _Way:
        mask = self.mask
        of_the_record: Mapping[How, _Way] = {
            How.NULLED: lambda value, owner: None,
            How.BIRTH_DATE: mask.birth_date,
            How.FLAG: lambda value, owner: mask.flag(name, owner),
            How.SEX: lambda value, owner: Sex.FEMALE if mask.flag(name, owner) else Sex.MALE,
            How.PARTS: self._copied,
        }
        of_the_value: Mapping[How, Callable[[str], str]] = {
            How.ID: mask.id,
            How.CODE: mask.code,
            How.USERNAME: mask.username,
            How.EMAIL: mask.email,
            How.PHONE: mask.phone,
            How.GIVEN_NAME: mask.given_name,
            How.FAMILY_NAME: mask.family_name,
            How.PLACE: mask.place,
            How.TITLE: mask.title,
            How.REMARK: mask.remark,
        }
        if how in of_the_record:
            return of_the_record[how]
        make = of_the_value[how]
        return lambda value, owner: make(value)
