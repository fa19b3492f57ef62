"""How many bytes records take in memory, estimated from some of them.

What several refer to, such as the id of a school or a word that the normaliser made one, is paid by all who refer to it
in equal parts: so says the count of references that the interpreter keeps anyway.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import msgspec

from adapters import moments
from adapters.records import Record

SAMPLE = 100
"""Records that are looked at, evenly spread: a few milliseconds."""

_ALLOCATED = 16  # the allocator's step

_LATELY = 600.0
"""Seconds for which records of a collection are taken to weigh what others of it did."""


class Weighed(msgspec.Struct, frozen=True):
    """Bytes that a record of a collection takes, as weighed at some time, in epoch seconds."""

    each: float
    at: float

    @classmethod
    def of(cls, records: Sequence[Record]) -> Weighed:
        return cls(weigh(records) / max(1, len(records)), moments.now())

    @property
    def lately(self) -> bool:
        return moments.now() - self.at < _LATELY


def weigh(records: Sequence[Record]) -> int:
    """Bytes that these records take, the list apart."""
    if not records:
        return 0
    sample = records[:: -(-len(records) // SAMPLE)]
    return round(len(records) * sum(map(_struct, sample)) / len(sample))


def _struct(value: msgspec.Struct) -> float:
    return _rounded(value) + sum([_part(getattr(value, name)) for name in value.__struct_fields__])


def _part(value: object) -> float:
    """A reference's part of the value that it leads to."""
    referring = sys.getrefcount(value) - _OURS
    if value is None or referring > 10_000:
        return 0.0
    if isinstance(value, tuple):
        return (_rounded(value) + sum([_part(value[at]) for at in range(len(value))])) / max(1, referring)
    if isinstance(value, msgspec.Struct):
        return _struct(value) / max(1, referring)
    return _rounded(value) / max(1, referring)


def _rounded(value: object) -> int:
    return -(-sys.getsizeof(value) // _ALLOCATED) * _ALLOCATED


def _ours() -> int:
    """References to a value that are ours alone, while `_part` looks at it."""
    found = []

    class Looked(tuple[int, ...]):
        __slots__ = ()

    def part(value: object) -> float:
        found.append(sys.getrefcount(value))
        return 0.0

    class Holder(msgspec.Struct):
        value: object

    holder = Holder(Looked())
    sum([part(getattr(holder, name)) for name in holder.__struct_fields__])
    return found[0] - 1


_OURS = _ours()
