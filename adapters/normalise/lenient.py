"""One raw record → its wire struct, with every tolerance: the lane for what the standard's types refuse.

Takes numbers for texts and ids, one value for a list and a list of one for a value, commas in a text for a list, bare
ids for references, and other spellings of `sourcedId`. What still makes no sense is no value; only a record that
cannot be told from others is refused.
Source: the providers' documentation and public clients' workarounds; 1EdTech's 1.1 reference server (a list for a
reference, an empty list for an empty object).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import msgspec

from adapters.dialect import Raw
from adapters.normalise import gradebook, wire

S = TypeVar("S", bound=msgspec.Struct)
Reader = Callable[[Any], Any]

_ID_KEYS = ("sourcedId", "sourceID", "sourcedID", "sourceId", "sourcedid", "SourcedId", "sourceid")


def sourced_id(value: Raw) -> str | None:
    """A record's id, exactly as sent; None where it has none that is more than blanks."""
    found = _id(value)
    return found if found and not found.isspace() else None


def read(kind: type[S], value: Raw, *first: object) -> S:
    """`value` as a struct of `kind`. first: the fields that are not read from it."""
    defaults, readers = _plan(kind)
    fields = [*first, *defaults[len(first) :]]
    for key, found in value.items():
        if found is not None and key in readers:
            place, plain, reader = readers[key]
            fields[place] = found if plain and type(found) is str else reader(found)
    return kind(*fields)


def _id(value: Raw) -> str | None:
    usual = value.get("sourcedId")
    if usual and type(usual) is str:
        return usual
    return next((found for key in _ID_KEYS if (found := _text(value.get(key)))), None)


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(int(value) if isinstance(value, float) and value.is_integer() else value)
    return _text(value[0]) if isinstance(value, list) and len(value) == 1 else None


def _flag(value: Any) -> Any:
    """What `fields.FLAG` reads; a number may be written as 1.0."""
    return value if isinstance(value, bool | str | int | float) else None


def _texts(value: Any) -> tuple[str, ...] | str | None:
    if isinstance(value, str):
        return value
    texts = [v if type(v) is str else _id(v) if isinstance(v, dict) else _text(v) for v in _many(value)]
    return tuple([t for t in texts if t is not None])


def _ref(value: Any) -> wire.Ref | None:
    if isinstance(value, list):
        return next((ref for v in value if (ref := _ref(v))), None)
    found = _id(value) if isinstance(value, dict) else _text(value)
    return wire.Ref(found) if found else None


def _refs(value: Any) -> tuple[wire.Ref, ...]:
    parts = map(str.strip, value.split(",")) if isinstance(value, str) else _many(value)
    return tuple([ref for v in parts if (ref := _ref(v))])


def _user_ids(value: Any) -> tuple[wire.UserId, ...]:
    pairs = [(v.get("identifier"), v.get("type")) if isinstance(v, dict) else (v, None) for v in _many(value)]
    return tuple([wire.UserId(found, _text(kind)) for identifier, kind in pairs if (found := _text(identifier))])


def _roles(value: Any) -> tuple[wire.Role, ...]:
    return tuple([read(wire.Role, v) if isinstance(v, dict) else wire.Role(role=_text(v)) for v in _many(value)])


def _number(value: Any) -> float | str | None:
    """What `fields.number` reads."""
    return None if isinstance(value, bool) or not isinstance(value, str | int | float) else value


def _structs(kind: type[msgspec.Struct]) -> Reader:
    """A list of parts, of those that are objects."""
    return lambda value: tuple([read(kind, v) for v in _many(value) if isinstance(v, dict)])


def _many(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else () if value is None else (value,)


_READERS: dict[Any, Reader] = {
    wire.Text: _text,
    wire.Year: _text,
    wire.Flag: _flag,
    wire.Texts: _texts,
    wire.OneRef: _ref,
    wire.Refs: _refs,
    wire.UserIds: _user_ids,
    wire.Roles: _roles,
    wire.Profiles: _structs(wire.Profile),
    gradebook.Number: _number,
    gradebook.ObjectiveResults: _structs(gradebook.ObjectiveResult),
    gradebook.ObjectiveSets: _structs(gradebook.ObjectiveSet),
    gradebook.ScaleValues: _structs(gradebook.ScaleValue),
}

_PLAIN = (_text, _flag, _texts)
"""Readers that leave a text as it is."""

_Plan = tuple[list[object], dict[str, tuple[int, bool, Reader]]]
_PLANS: dict[type[msgspec.Struct], _Plan] = {}


def _plan(kind: type[msgspec.Struct]) -> _Plan:
    """The defaults of all fields, and by wire name: a field's place, whether a text stays as it is, and its reader."""
    plan = _PLANS.get(kind)
    if plan is None:
        fields = list(enumerate(msgspec.structs.fields(kind)))
        plan = _PLANS[kind] = (
            [f.default for _, f in fields],
            {
                f.encode_name: (place, _READERS[f.type] in _PLAIN, _READERS[f.type])
                for place, f in fields
                if f.type in _READERS
            },
        )
    return plan
