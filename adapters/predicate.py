"""Predicates over records: the tree, and its evaluation.

Fields are record words, dotted where they reach into a list (`roles.role`) or into what the source adds
(`metadata.ic.counselor`: the member of that name). `folded` ones have their values without regard to case.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Container, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache, partial, reduce
from typing import Any, TypeAlias

import msgspec

from adapters.dialect import Op
from adapters.records import Record


@dataclass(frozen=True, slots=True)
class Compare:
    """`field op value`; in order as numbers where the record has one, else as text. Nulls are kept out, but for NE, the
    complement of EQ. On a list: any element.
    """

    field: str
    op: Op
    value: str


@dataclass(frozen=True, slots=True)
class AnyOf:
    """`field` is one of `values`."""

    field: str
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class Folded:
    """`field` equals, or starts with, `value`, whatever the case."""

    field: str
    value: str
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class IsNull:
    """`field` has no value, or an empty list."""

    field: str


@dataclass(frozen=True, slots=True)
class Count:
    """How many values `field` has, a null being none: `op` that number."""

    field: str
    op: Op
    number: int


@dataclass(frozen=True, slots=True)
class Some:
    """How many elements of the list `field` satisfy `where`, whose fields are theirs: `op` that number."""

    field: str
    where: Predicate | None
    op: Op = Op.GE
    number: int = 1


@dataclass(frozen=True, slots=True)
class Open:
    """What a record alone cannot answer. Whoever can replaces it before anything is tested.

    condition: what is asked, in that one's own words.
    """

    condition: Hashable


@dataclass(frozen=True, slots=True)
class Not:
    part: Predicate


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Predicate, ...]


Predicate: TypeAlias = Compare | AnyOf | Folded | IsNull | Count | Some | Open | Not | And | Or

Test: TypeAlias = Callable[[msgspec.Struct], bool]

Columns: TypeAlias = Callable[[Sequence[msgspec.Struct]], list[bool]]
"""Whether a predicate holds of each of several records."""


_REMEMBERED = 128
"""Predicates that are remembered as they were compiled: one of a list comes again with each of its pages."""

_FOLDED = "~"


def folded(field: str) -> str:
    """The field by its values whatever their case: what is compared with them is casefolded. No source is sent it."""
    return _FOLDED + field


def unfolded(field: str) -> str:
    return field.removeprefix(_FOLDED)


def equals(field: str, value: str) -> Compare:
    return Compare(field, Op.EQ, value)


def every(*parts: Predicate | None) -> Predicate | None:
    """The conjunction of those given, flat; None where nothing is asked."""
    flat: list[Predicate] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, And) else [part] if part is not None else [])
    if len(flat) < 2:
        return flat[0] if flat else None
    return And(tuple(flat))


NOTHING: Predicate = AnyOf("sourced_id", frozenset())
"""Holds for no record."""


def among(field: str, values: Iterable[str]) -> Predicate:
    """`field` is one of `values`."""
    words = frozenset(values)
    if not words:
        return NOTHING
    return equals(field, *words) if len(words) == 1 else AnyOf(field, words)


def conjunction(*parts: Predicate | None) -> Predicate | None:
    """All hold, and what cannot hold stays recognisable; None where nothing is asked."""
    return NOTHING if NOTHING in parts else every(*parts)


def alternatives(parts: Iterable[Predicate | None]) -> Predicate | None:
    """At least one holds; None where one of them asks for nothing."""
    found = list(parts)
    known = tuple(p for p in found if p is not None and p != NOTHING)
    if None in found:
        return None
    if not known:
        return NOTHING
    return known[0] if len(known) == 1 else Or(known)


def negation(part: Predicate | None) -> Predicate | None:
    """It does not hold; None where that is so of every record."""
    if part is None:
        return NOTHING
    return None if part == NOTHING else Not(part)


# ---------------------------------------------------------------- evaluation

_ORDER: dict[Op, Callable[[Any, Any], bool]] = {
    Op.EQ: operator.eq,
    Op.NE: operator.ne,
    Op.GT: operator.gt,
    Op.GE: operator.ge,
    Op.LT: operator.lt,
    Op.LE: operator.le,
}


def compared(left: int, op: Op, right: int) -> bool:
    """Whether `left op right`."""
    return bool(_ORDER[op](left, right))


def compile_test(predicate: Predicate | None) -> Test:
    """The predicate as a function of a record; None holds for every record."""
    match predicate:
        case None:
            return lambda _: True
        case Compare(field, Op.NE, value):
            return _negated(compile_test(Compare(field, Op.EQ, value)))
        case Compare(field, Op.CONTAINS, value):
            part = value.casefold()
            return _any(field, lambda text: part in text.casefold())
        case Compare(field, op, value):
            holds = _ORDER[op]
            by_text = _any(field, lambda text: holds(text, value))
            return by_text if op is Op.EQ else _by_number(field, holds, value, by_text)
        case AnyOf(field, values):
            return _any(field, values.__contains__)
        case Folded(field, value, prefix):
            start = value.casefold()
            if prefix:
                return _any(field, lambda text: text.casefold().startswith(start))
            return _any(field, lambda text: text.casefold() == start)
        case IsNull(field):
            return _negated(_any(field, lambda _: True))
        case Count(field, op, number):
            holds, names = _ORDER[op], field.split(".")
            return lambda record: holds(sum(1 for _ in _texts(record, names)), number)
        case Some(field, where, op, number):
            holds, test = _ORDER[op], compile_test(where)
            return lambda record: holds(sum(map(test, getattr(record, field))), number)
        case Open(condition):
            raise TypeError(f"nobody has replaced {condition!r}")
        case Not(part):
            return _negated(compile_test(part))
        case And(parts):
            tests = [compile_test(p) for p in parts]
            return lambda record: all(test(record) for test in tests)
        case Or(parts):
            tests = [compile_test(p) for p in parts]
            return lambda record: any(test(record) for test in tests)


@lru_cache(_REMEMBERED)
def compile_columns(predicate: Predicate) -> Columns:
    """The predicate as a function of many records at once: fast where it compares texts, and asks all of them."""
    match predicate:
        case Compare(field, Op.EQ, value) if _plain(field):
            return _worded(field, (value,), compile_test(predicate))
        case AnyOf(field, values) if _plain(field):
            return _worded(field, tuple(values) if len(values) < _FEW else values, compile_test(predicate))
        case Compare(field, op, value) if op in _MIRRORED and _plain(field):
            return _ordered(field, partial(_MIRRORED[op], value), compile_test(predicate))
        case And(parts) if parts:
            columns = [compile_columns(p) for p in parts]
            return lambda records: list(map(all, zip(*(holds(records) for holds in columns), strict=True)))
    test = compile_test(predicate)
    return lambda records: list(map(test, records))


_MIRRORED = {Op.GT: operator.lt, Op.GE: operator.le, Op.LT: operator.gt, Op.LE: operator.ge}
"""`value op word` as `word … value`: what comes first can be given beforehand."""

_FEW = 5
"""Words below which comparing with each is faster than looking one up."""

_SAMPLE = 50
"""Where so many records have few values, such as a status, all have: each value is compared once."""


def _plain(field: str) -> bool:
    return "." not in field and not field.startswith(_FOLDED)


def _worded(field: str, words: Container[str], test: Test) -> Columns:
    value_of = operator.attrgetter(field)

    def holds(records: Sequence[msgspec.Struct]) -> list[bool]:
        values = list(map(value_of, records))
        try:
            distinct = set(values) if len(set(values[:_SAMPLE])) <= _FEW else None
        except TypeError:  # a list, and so no text
            return list(map(test, records))
        if not all(map(_is_text, set(map(type, values if distinct is None else distinct)))):
            return list(map(test, records))
        if distinct is None:
            return [value in words for value in values]
        told = {value: value in words for value in distinct}
        return [True] * len(values) if all(told.values()) else list(map(told.__getitem__, values))

    return holds


def _is_text(kind: type) -> bool:
    return kind is str or kind is type(None) or issubclass(kind, StrEnum)


def _ordered(field: str, holds: Callable[[str], bool], test: Test) -> Columns:
    value_of = operator.attrgetter(field)

    def each(records: Sequence[msgspec.Struct]) -> list[bool]:
        values = list(map(value_of, records))
        return list(map(holds, values) if set(map(type, values)) == {str} else map(test, records))

    return each


def _by_number(field: str, holds: Callable[[Any, Any], bool], value: str, by_text: Test) -> Test:
    """As numbers where the record has one: as text 9 would come after 10."""
    try:
        number = float(value)
    except ValueError:
        return by_text

    def test(record: msgspec.Struct) -> bool:
        found = getattr(record, field, None)
        return holds(found, number) if isinstance(found, float) else by_text(record)

    return test


def _negated(test: Test) -> Test:
    return lambda record: not test(record)


def _any(field: str, holds: Callable[[str], bool]) -> Test:
    names = unfolded(field).split(".")
    if field.startswith(_FOLDED):
        return lambda record: any(holds(text.casefold()) for text in _texts(record, names))
    if len(names) > 1:
        return lambda record: any(holds(text) for text in _texts(record, names))
    value_of = operator.attrgetter(field)

    def test(record: msgspec.Struct) -> bool:
        found = value_of(record)
        if isinstance(found, str):  # most are
            return holds(found)
        return any(holds(text) for text in _texts(found, []))

    return test


def texts(record: Record, field: str) -> Iterator[str]:
    """The values of `field` as text; none for a null, one per element for a list."""
    found = _texts(record, unfolded(field).split("."))
    return map(str.casefold, found) if field.startswith(_FOLDED) else found


def _texts(value: object, names: list[str]) -> Iterator[str]:
    if value is None:
        return
    if isinstance(value, tuple):
        for element in value:
            yield from _texts(element, names)
    elif isinstance(value, bytes):
        yield from _members(value, ".".join(names))
    elif names:
        yield from _texts(getattr(value, names[0]), names[1:])
    elif isinstance(value, bool):
        yield "true" if value else "false"
    else:
        yield str(value)


def _members(document: bytes, name: str) -> Iterator[str]:
    """The member of a JSON object, which may have dots in its name: text as it is, of a list each element."""
    decoded = msgspec.json.decode(document)
    found = decoded.get(name) if isinstance(decoded, dict) else None
    for value in found if isinstance(found, list) else (found,):
        if isinstance(value, str):
            yield value
        elif value is not None:
            yield msgspec.json.encode(value).decode()


def fields(predicate: Predicate | None) -> frozenset[str]:
    """The fields that a predicate looks at."""
    match predicate:
        case None | Open():
            return frozenset()
        case Not(part):
            return fields(part)
        case And(parts) | Or(parts):
            return reduce(frozenset.union, map(fields, parts), frozenset())
        case _:
            return frozenset({predicate.field})


def conditions(predicate: Predicate | None) -> int:
    """How many there are in it, each of which a record may be held against."""
    match predicate:
        case None:
            return 0
        case Not(part):
            return conditions(part)
        case And(parts) | Or(parts):
            return sum(map(conditions, parts))
        case Some(_, where):
            return 1 + conditions(where)
        case _:
            return 1
