"""Conditions on masked records, put to the real ones as far as that is the same.

What cannot be is tested on the masked records themselves: so no condition tells more than the records do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, get_args, get_type_hints

import msgspec

from adapters.dialect import Op
from adapters.predicate import (
    NOTHING,
    And,
    AnyOf,
    Compare,
    Count,
    Folded,
    IsNull,
    Not,
    Or,
    Predicate,
    Some,
    alternatives,
    among,
    compared,
    conjunction,
    negation,
    unfolded,
)
from adapters.records import User
from gateway.roster.masking.attributes import ATTRIBUTES, How
from gateway.roster.masking.mask import Mask


class Real(NamedTuple):
    """A condition on real records that holds for all whose masked copy satisfies another; exact: and for no others."""

    where: Predicate | None
    exact: bool


_DERIVED: Mapping[tuple[type[msgspec.Struct], str], How] = {(User, "org_ids"): How.ID, (User, "role"): How.KEPT}
"""What records tell of themselves beside what they hold."""


def how_of(kind: type[msgspec.Struct], field: str) -> How:
    """What becomes of a field of records, as conditions name it."""
    name, _, rest = unfolded(field).partition(".")
    how = _DERIVED.get((kind, name)) or ATTRIBUTES[kind][name]
    if not rest or how is not How.PARTS:
        return how
    return how_of(part_of(kind, name), rest)


def part_of(kind: type[msgspec.Struct], name: str) -> type[msgspec.Struct]:
    """What a list of structs has for elements."""
    element: type[msgspec.Struct] = get_args(get_type_hints(kind)[name])[0]
    return element


def real(where: Predicate | None, kind: type[msgspec.Struct], mask: Mask) -> Real:
    """What is asked of the real records of a kind for a condition, about the record alone, on masked ones."""
    parts = where.parts if isinstance(where, And) else () if where is None else (where,)
    known = [_real(part, kind, mask) for part in parts]
    put = [found.where for found in known if found is not None]
    return Real(conjunction(*put), len(put) == len(parts))


class _Put(NamedTuple):
    """A condition put to real records; None: all satisfy it."""

    where: Predicate | None


def _real(where: Predicate, kind: type[msgspec.Struct], mask: Mask) -> _Put | None:
    """The same of the real records; None where nothing is."""
    match where:
        case Not(part):
            found = _real(part, kind, mask)
            return _Put(negation(found.where)) if found is not None else None
        case And(parts) | Or(parts):
            several = [found for part in parts if (found := _real(part, kind, mask)) is not None]
            if len(several) < len(parts):
                return None
            join = alternatives if isinstance(where, Or) else _all
            return _Put(join(found.where for found in several))
        case Some(field, part, op, number):
            if part is None:
                return _Put(where)
            found = _real(part, part_of(kind, field), mask)
            if found is not None and found.where == NOTHING:
                return _Put(None if compared(0, op, number) else NOTHING)
            return _Put(Some(field, found.where, op, number)) if found is not None else None
        case AnyOf(_, values) if not values:
            return _Put(where)
        case Compare(field) | AnyOf(field) | Folded(field) | IsNull(field) | Count(field):
            how = how_of(kind, field)
            if how is How.KEPT:
                return _Put(where)
            return _of_ids(where, mask) if how is How.ID else None
    return None


def _all(parts: Iterable[Predicate | None]) -> Predicate | None:
    return conjunction(*parts)


def _of_ids(where: Predicate, mask: Mask) -> _Put | None:
    match where:
        case Compare(field, Op.EQ, value):
            return _Put(among(field, _known([value], mask)))
        case Compare(field, Op.NE, value):
            ids = _known([value], mask)
            return _Put(Compare(field, Op.NE, *ids) if ids else None)
        case AnyOf(field, values):
            return _Put(among(field, _known(values, mask)))
        case IsNull() | Count():
            return _Put(where)
    return None


def _known(masked: Iterable[str], mask: Mask) -> list[str]:
    return [found for each in masked if (found := mask.real_id(each)) is not None]
