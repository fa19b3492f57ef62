"""The parts of records: lists, references, metadata, roles, profiles. Wire structs in, record values out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import accumulate
from math import isinf
from sys import intern
from typing import Any, TypeAlias

import msgspec

from adapters import records
from adapters.normalise import wire
from adapters.normalise.fields import date
from adapters.normalise.vocabulary import ROLE_TYPE, USER_ROLE
from adapters.records import RoleAssignment, RoleType, UserRole

Roles: TypeAlias = tuple[tuple[RoleAssignment, ...], str | None]
"""A person's roles, and the primary org where these alone tell it."""


class Lists(dict[tuple[str, ...] | str | None, tuple[str, ...]]):
    """`lists[texts]`: a list of texts, or a text with commas, as a shared tuple without empty ones."""

    def __missing__(self, texts: tuple[str, ...] | str | None) -> tuple[str, ...]:
        parts: Iterable[str] = map(str.strip, texts.split(",")) if isinstance(texts, str) else texts or ()
        made = self[texts] = tuple(intern(part) for part in parts if part)
        return made


_DEEPEST = 64
_LONGEST = 20
"""Levels of metadata, and digits of a whole number in it."""

_SHAPE = bytes.maketrans(b"123456789E+[", b"000000000e0{")
_LONG, _LARGE = b"0" * (_LONGEST + 1), b"0e000"
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"')
_BRACES = re.compile(rb"[][{}]")
_NUMBER = re.compile(rb"-?(\d+)(?:\.\d+)?(?:[eE][+-]?\d+)?")


def kept_metadata(raw: msgspec.Raw) -> bytes | None:
    """The object as sent; None for an empty one, for what is no object, and for one that not every reader of JSON could
    read: nested too deeply, or with numbers that are too long or too large.
    """
    sent = bytes(raw)
    if sent[0] != 123 or (len(sent) <= 8 and not sent[1:-1].strip()):  # 123: a brace
        return None
    shape = sent.translate(_SHAPE)
    doubtful = _LONG in shape or _LARGE in shape or shape.count(b"{") > _DEEPEST
    return None if doubtful and _is_unwieldy(sent) else sent


def _is_unwieldy(sent: bytes) -> bool:
    bare = _TEXT.sub(b"", sent)
    depth = accumulate(1 if each in b"{[" else -1 for each in _BRACES.findall(bare))
    numbers = _NUMBER.finditer(bare)
    return max(depth, default=0) > _DEEPEST or any(len(n[1]) > _LONGEST or isinf(float(n[0])) for n in numbers)


def former_ids(metadata: bytes, key: str) -> tuple[str, ...]:
    """Earlier ids that metadata declares under `key`: a text, a number or a list of them."""
    if key.encode() not in metadata:
        return ()
    try:
        value = msgspec.json.decode(metadata, type=dict[str, Any]).get(key)
    except (msgspec.DecodeError, RecursionError):
        return ()
    values = value if isinstance(value, list) else [value]
    return tuple(intern(str(v)) for v in values if v and isinstance(v, str | int))


def ids(refs: tuple[wire.Ref, ...]) -> tuple[str, ...]:
    if len(refs) == 1 and refs[0].sourced_id:
        return (intern(refs[0].sourced_id),)
    return tuple([intern(ref.sourced_id) for ref in refs if ref.sourced_id])


def first_id(ref: wire.Ref | None, others: tuple[wire.Ref, ...] | None) -> str | None:
    """The id of a reference, or the first of those that stand for it."""
    found = (ids((ref,)) if ref else ()) or ids(others or ())
    return found[0] if found else None


def roles(assigned: tuple[wire.Role, ...]) -> Roles:
    """1.2's roles; its primary org is a field of its own."""
    made = tuple(
        RoleAssignment(
            role=USER_ROLE[w.role] if w.role else UserRole.OTHER,
            role_raw=intern(w.role) if w.role else None,
            role_type=ROLE_TYPE[w.role_type] if w.role_type else None,
            org_id=intern(w.org.sourced_id) or None if w.org else None,
            begin_date=date(w.begin_date) if w.begin_date else None,
            end_date=date(w.end_date) if w.end_date else None,
            user_profile=w.user_profile or None,
        )
        for w in assigned
        if w.role or (w.org and w.org.sourced_id)
    )
    return made, None


def derived_roles(user: wire.User, lists: Lists) -> Roles:
    """1.1's one role in each of the orgs. `orgs[0]` is no primary org, unless it is the only one."""
    orgs: tuple[str | None, ...] = ids(user.orgs or ()) or lists[user.org_sourced_ids]
    if not orgs and not user.role:
        return (), None
    role = USER_ROLE[user.role] if user.role else UserRole.OTHER
    raw = intern(user.role) if user.role else None
    made = tuple(
        RoleAssignment(role=role, role_raw=raw, role_type=RoleType.PRIMARY, org_id=org, derived=True)
        for org in dict.fromkeys(orgs or (None,))
    )
    return made, made[0].org_id if len(made) == 1 else None


def user_ids(given: tuple[wire.UserId, ...], known: str | None) -> tuple[records.UserId, ...]:
    """known: the person's `identifier`, which often is one of them: then both are one text."""
    return tuple(
        [
            records.UserId(
                identifier=known if w.identifier == known else w.identifier, type=intern(w.type) if w.type else None
            )
            for w in given
            if w.identifier
        ]
    )


def user_profiles(profiles: tuple[wire.Profile, ...]) -> tuple[records.UserProfile, ...]:
    return tuple(
        records.UserProfile(
            profile_id=w.profile_id or None,
            profile_type=w.profile_type or None,
            vendor_id=w.vendor_id or None,
            application_id=w.application_id or None,
            description=w.description or None,
        )
        for w in profiles
    )
