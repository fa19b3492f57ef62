"""Districts of invented people: what a client that sees masks is to be shown, as truth behind a server of its own.

Which attributes have invented values is said here once more, of the truth. What becomes of a value is asked of the
mask, of which `tests/gateway/test_masking.py` tells.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, TypeAlias

from gateway.roster.masking.mask import Mask
from gateway.sandbox.people import RACES
from gateway.sandbox.truth import COLLECTIONS, District
from gateway.sandbox.wire import Json, Wire
from tests.gateway.support import SECRET

_Way: TypeAlias = Callable[[Any], Any]


def mask_of(key: str) -> Mask:
    return Mask(SECRET.encode(), key)


def masked(district: District, mask: Mask, version: str) -> District:
    """A copy with invented values, but for ids: those are the server's (`wired`)."""
    made = copy.copy(district)
    made._indexes = {}
    for _, collection in COLLECTIONS:
        records = district.records(collection)
        setattr(made, _list_of(district, records), [_masked(mask, collection, each, version) for each in records])
    return made


def wired(wire: Wire, mask: Mask) -> Wire:
    """As a server writes it, by the ids that a client is shown."""

    def accounts(_: District, made: Json, __: Any) -> Json:
        profiles = [
            each | {"profileId": mask.code(each["profileId"]), "description": mask.remark(each["description"])}
            for each in made.get("userProfiles", ())
        ]
        return made | {"userProfiles": profiles} if profiles else made

    assert not wire.fixes
    return replace(wire, ids=lambda _, __, record: mask.id(record), fixes={"users": accounts})


def named(text: str, masks: Iterable[Mask]) -> str:
    """With the ids that there are in place of masked ones: others would pass for cursors."""

    def real(found: re.Match[str]) -> str:
        return next((known for mask in masks if (known := mask.real_id(found[0])) is not None), found[0])

    return re.sub(r"[\w-]{24,}", real, text)


def _list_of(district: District, records: list[Any]) -> str:
    return next(name for name in district.__slots__ if getattr(district, name) is records)


def _masked(mask: Mask, collection: str, record: Any, version: str) -> Any:
    ways = _ways(mask, collection)
    changes = {name: way(value) for name, way in ways.items() if (value := getattr(record, name))}
    if collection == "demographics":
        changes |= _demographics(mask, record, version)
    return replace(record, **changes, metadata=None)


def _ways(mask: Mask, collection: str) -> Mapping[str, _Way]:
    title, remark, code = mask.title, mask.remark, mask.code

    def aims(several: Any) -> Any:
        return tuple((source, aim, score, text and title(text)) for source, aim, score, text in several)

    found: Mapping[str, Mapping[str, _Way]] = {
        "orgs": {"identifier": code},
        "classes": {"title": title, "location": title, "code": code},
        "users": {
            **dict.fromkeys(("given", "middle", "preferred_first", "preferred_middle"), mask.given_name),
            **dict.fromkeys(("family", "preferred_last"), mask.family_name),
            **dict.fromkeys(("phone", "sms"), mask.phone),
            **dict.fromkeys(("identifier", "master_id"), code),
            "username": mask.username,
            "email": mask.email,
            "pronouns": lambda value: None,
            "user_ids": lambda several: tuple((kind, code(value)) for kind, value in several),
        },
        "categories": {"title": title},
        "lineItems": {"title": title, "description": remark},
        "assessmentLineItems": {"title": title, "description": remark},
        "results": {"text": title, "comment": remark, "objectives": aims},
        "assessmentResults": {"text": title, "comment": remark, "objectives": aims},
    }
    return found.get(collection, {})


def _demographics(mask: Mask, record: Any, version: str) -> dict[str, Any]:
    def flag(name: str) -> bool:
        return mask.flag(re.sub(r"[A-Z]", lambda found: f"_{found[0].lower()}", name), record.id)

    told = record.sex in ("male", "female") if version == "1.1" else record.sex
    birth = record.birth and mask.birth_date(record.birth.isoformat(), record.id)
    return {
        "birth": birth and date.fromisoformat(birth),
        "sex": ("female" if flag("sex") else "male") if told else None,
        "races": frozenset(filter(flag, RACES)),
        "city": record.city and mask.place(record.city),
        **dict.fromkeys(("country", "state", "residence")),
    }
