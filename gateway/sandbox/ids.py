"""Styles of sourcedId met in the field. A sourcedId is any string, so some districts have very awkward ones."""

from __future__ import annotations

import hashlib
from enum import StrEnum


class IdStyle(StrEnum):
    PLAIN = "plain"
    GUID = "guid"
    SHORT = "short"
    AWKWARD = "awkward"


# One path segment each, whatever they contain; no apostrophe outside people, since a filter value cannot hold one.
_AWKWARD = {
    "users": ("HF/stu {n}", "s+{n}", "u-{n}", "a&b={n}", "50%-{n}", "d'arc {n}", "ü{n}"),
    "classes": ("cl/{n}", "c {n}#a", "c-{n}"),
    "enrollments": ("e/{n}", "e+{n}?x", "e-{n}"),
    "lineItems": ("li/{n}", "li {n}&a=b", "li-{n}"),
}
_LETTERS = {
    "orgs": "o", "academicSessions": "t", "courses": "k", "classes": "c", "users": "u", "enrollments": "e",
    "categories": "g", "lineItems": "l", "results": "r", "scoreScales": "s", "assessmentLineItems": "a",
    "assessmentResults": "b", "resources": "m",
}  # fmt: skip
_DIGITS = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def make_id(style: IdStyle, seed: int, collection: str, serial: int) -> str:
    letter = _LETTERS[collection]
    match style:
        case IdStyle.GUID:
            return guid(seed, collection, serial)
        case IdStyle.SHORT:
            digits, rest = "", serial * 7 + seed % 7 + 4_000
            while rest:
                rest, digit = divmod(rest, len(_DIGITS))
                digits = _DIGITS[digit] + digits
            return letter + digits
        case IdStyle.AWKWARD if collection in _AWKWARD:
            forms = _AWKWARD[collection]
            return forms[serial % len(forms)].format(n=serial)
    return f"{letter}-{serial:05d}"


def guid(seed: int, collection: str, serial: int | str) -> str:
    """A GUID that is the same on every run: a hash in the shape of a version 4 UUID."""
    text = hashlib.md5(f"{seed}/{collection}/{serial}".encode(), usedforsecurity=False).hexdigest()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"
