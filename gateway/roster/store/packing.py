"""Records ↔ bytes, a few thousand at a time, column by column.

A column whose values repeat is written as its distinct values and, for each record, which of them it has: that is both
smaller and what lets equal values be one object again when they are read. References repeat across the whole file, so
each id is written where it is first met. A column that has the field's default everywhere is left out. Every step is
one pass over a slice in C, so that no other thread waits long for this one.
"""

from __future__ import annotations

import hashlib
import typing
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from copy import copy
from functools import cache
from itertools import islice, repeat
from operator import attrgetter
from sys import intern
from types import GenericAlias
from typing import Any

import msgspec
from msgspec.structs import FieldInfo, force_setattr

from adapters.records import Enrollment, Record

SLICE = 5_000
"""Records of one frame: a few milliseconds each way."""

_LEVEL = 1  # of zlib: level 3 saves a twentieth and takes half as long again
_INTERNED = ("_id", "_ids", "_raw", "_date")


class _Column(msgspec.Struct, frozen=True, array_like=True):
    """values: one for each record; or the distinct ones, of which `places` has each record's; or the one of all.

    Of references, `values` are those that no slice before had, and `places` count in all that were met.
    """

    values: msgspec.Raw
    places: list[int] | None = None


class _Slice(msgspec.Struct, frozen=True, array_like=True):
    size: int
    columns: dict[str, _Column]


class Packing:
    """How records of one type are written. `fingerprint`: differs where files of one cannot be read as the other."""

    def __init__(self, record: type[Record]) -> None:
        self._record = record
        self._fields = {f.name: f for f in msgspec.structs.fields(record)}
        self._decoders: dict[str, msgspec.msgpack.Decoder[list[Any]]] = {
            name: msgspec.msgpack.Decoder(GenericAlias(list, (f.type,))) for name, f in self._fields.items()
        }
        self._named = {f.name for f in self._fields.values() if _is_interned(f)}
        if record is Enrollment:
            self._named.remove("sourced_id")  # no record names one, and there are more of them than of all others
        self._slice = msgspec.msgpack.Decoder(_Slice)
        self.fingerprint = hashlib.sha256("\n".join(_layout(record)).encode()).hexdigest()[:16]

    def pack(self, records: Iterable[Record]) -> Iterator[bytes]:
        """Frames of up to `SLICE` records, to be read in this order."""
        met: dict[str, dict[Any, int]] = {name: {} for name in self._fields if _is_reference(name)}
        rest = iter(records)
        while rows := list(islice(rest, SLICE)):
            columns = {}
            for name, field in self._fields.items():
                values = list(map(attrgetter(name), rows))
                distinct = dict.fromkeys(values)
                if len(distinct) == 1 and values[0] == field.default:
                    continue
                columns[name] = _references(values, distinct, met[name]) if name in met else _column(values, distinct)
            yield zlib.compress(msgspec.msgpack.encode(_Slice(len(rows), columns)), _LEVEL)

    def unpack(self, frames: Iterable[bytes]) -> Iterator[list[Record]]:
        """The records of each frame.

        Raises:
            LookupError, ValueError, msgspec.DecodeError, zlib.error: a frame is none of this type's. The text may
                quote a record.
        """
        met: dict[str, list[Any]] = {name: [] for name in self._fields if _is_reference(name)}
        shared: dict[str, dict[Any, Any]] = {name: {} for name in self._fields}
        for frame in frames:
            part = self._slice.decode(zlib.decompress(frame))
            same: dict[str, Any] = {}
            differing: dict[str, list[Any]] = {}
            for name, column in part.columns.items():
                values = self._decoders[name].decode(column.values)
                if column.places is None and len(values) == part.size:
                    differing[name] = list(map(_interned, values)) if name in self._named else values
                    continue
                values = list(map(_interned, values))
                if column.places is None:
                    [same[name]] = _shared(values, shared[name])
                elif name in met:
                    met[name] += values
                    differing[name] = list(map(met[name].__getitem__, column.places))
                else:
                    differing[name] = list(map(_shared(values, shared[name]).__getitem__, column.places))
            yield self._made(part.size, same, differing)

    def _made(self, size: int, same: dict[str, Any], differing: dict[str, list[Any]]) -> list[Record]:
        """Copies of one record whose fields are then set: a quarter of the time of as many calls with keywords."""
        blank = {name: None for name, f in self._fields.items() if f.required}
        first = self._record(**{**blank, **same})
        records = [copy(first) for _ in range(size)]
        for name, values in differing.items():
            if len(values) != size:
                raise ValueError("a column is too short or too long")
            deque(map(force_setattr, records, repeat(name), values), maxlen=0)
        return records


def _column(values: list[Any], distinct: dict[Any, None]) -> _Column:
    if len(distinct) == 1:
        return _Column(_raw(values[:1]))
    if 2 * len(distinct) > len(values):
        return _Column(_raw(values))
    place = dict(zip(distinct, range(len(distinct)), strict=True))
    return _Column(_raw(list(distinct)), list(map(place.__getitem__, values)))


def _references(values: list[Any], distinct: dict[Any, None], met: dict[Any, int]) -> _Column:
    new = [v for v in distinct if v not in met]
    met.update(zip(new, range(len(met), len(met) + len(new)), strict=True))
    return _Column(_raw(new), list(map(met.__getitem__, values)))


def _raw(values: list[Any]) -> msgspec.Raw:
    return msgspec.Raw(msgspec.msgpack.encode(values))


def _is_reference(name: str) -> bool:
    return name.endswith("_id") and name != "sourced_id"


def _shared(values: list[Any], known: dict[Any, Any]) -> list[Any]:
    """`values`, each the very object that it was when last met."""
    return [known.setdefault(v, v) for v in values]


def _interned(value: Any) -> Any:
    """`value` with the texts in it that many records share made one, as the normaliser does it."""
    if type(value) is str:
        return intern(value)
    if type(value) is tuple:
        return tuple([_interned(v) for v in value])
    if isinstance(value, msgspec.Struct):
        for name in _interned_fields(type(value)):
            force_setattr(value, name, _interned(getattr(value, name)))
    return value


@cache
def _interned_fields(struct: type[msgspec.Struct]) -> tuple[str, ...]:
    return tuple(f.name for f in msgspec.structs.fields(struct) if _is_interned(f))


def _is_interned(field: FieldInfo) -> bool:
    """Whether values of a field are made one even where each is another: ids, that other records name, and parts."""
    return field.name == "type" or field.name.endswith(_INTERNED) or bool(_parts(field.type))


def _layout(struct: type[msgspec.Struct]) -> Iterator[str]:
    """A line per field, those of its parts behind it."""
    for field in msgspec.structs.fields(struct):
        yield f"{struct.__name__}.{field.name}: {field.type} = {field.default!r}"
        for part in _parts(field.type):
            yield from _layout(part)


def _parts(annotation: Any) -> list[type[msgspec.Struct]]:
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return [annotation]
    return [part for argument in typing.get_args(annotation) for part in _parts(argument)]
