"""What a client goes by: the classes of personal data that the fields of a condition and of an order have.

A count, a place in an order and whether a record is there at all tell of the values of such a field as much as itself.
So who may not read it, or reads it masked, may not go by it, and nothing is evaluated for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from adapters.endpoints import ENTITIES, Collection
from adapters.gradebook import Result
from adapters.predicate import And, AnyOf, Compare, Count, Folded, IsNull, Not, Open, Or, Predicate, Some
from adapters.records import Enrollment
from gateway.access.field_class import FieldClass
from gateway.access.grant import Access
from gateway.access.personal import class_of, part_of
from gateway.config import MetadataName
from gateway.faults import Withheld
from gateway.roster.open_conditions import Alike, Declared, Enrolled, Named, OfClass, Within
from gateway.roster.ordering import Order

_METADATA = "metadata."


@dataclass(frozen=True, slots=True)
class Compared:
    """classes: of fields. names, keys: of metadata, as conditions name it by what a source declares, or itself."""

    classes: frozenset[FieldClass]
    names: frozenset[str]
    keys: frozenset[str]


def refused(
    source: str,
    access: Access,
    declared: Mapping[str, MetadataName],
    collection: Collection,
    where: Predicate | None,
    order: Order = (),
) -> Withheld | None:
    """Why a client may not go by these fields of a source's records; None if it may."""
    if access.compares_all or (where is None and not order):
        return None
    found = compared(collection, where, order)
    known = {each.key: each.field_class for each in declared.values()}
    classes = {
        *found.classes,
        *(declared[name].field_class for name in found.names if name in declared),
        *(known.get(key, FieldClass.RAW) for key in found.keys),
    }
    lacking = [each for each in FieldClass if each in classes and not access.compares(each)]
    if not lacking:
        return None
    words = ", ".join(lacking)
    if all(map(access.shows, lacking)):
        return Withheld(source, f"nothing may be filtered, sorted or searched by what is shown masked: {words}")
    return Withheld(source, f"to filter, sort or search by these, the client's grant lacks the field class {words}")


@lru_cache(256)
def compared(collection: Collection, where: Predicate | None, order: Order = ()) -> Compared:
    record = ENTITIES[collection].record
    fields = [*_fields(record, where), *((record, by.field) for by in order)]
    keys = frozenset(path.removeprefix(_METADATA) for _, path in fields if path.startswith(_METADATA))
    classes = (class_of(kind, path) for kind, path in fields if not path.startswith(_METADATA))
    return Compared(frozenset(filter(None, classes)), frozenset(_names(where)), keys)


def _fields(kind: type[Any], where: Predicate | None) -> Iterator[tuple[type[Any], str]]:
    """The fields that a condition on records, or on parts of them, looks at."""
    match where:
        case Compare(field) | AnyOf(field) | Folded(field) | IsNull(field) | Count(field):
            yield kind, field
        case Some(field, part):
            yield kind, field
            if (element := part_of(kind, field)) is not None:
                yield from _fields(element, part)
        case Not(part):
            yield from _fields(kind, part)
        case And(parts) | Or(parts):
            for part in parts:
                yield from _fields(kind, part)
        case Open(Enrolled(field, part)):
            yield Enrollment, field
            yield from _fields(Enrollment, part)
        case Open(OfClass(part)):
            yield from _fields(Result, part)
        case Open(Within(begin, end)):
            yield kind, begin
            yield kind, end
        case Open(Named(field) | Alike(field)):
            yield kind, field


def _names(where: Predicate | None) -> Iterator[str]:
    match where:
        case Open(Declared(name)):
            yield name
        case Not(part):
            yield from _names(part)
        case And(parts) | Or(parts):
            for part in parts:
                yield from _names(part)
