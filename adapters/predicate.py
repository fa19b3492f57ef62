"""Predicates over records: the tree, its evaluation, and OneRoster filter text in both directions.

Fields are record words, dotted where they reach into a list (`roles.role`) or into what the source adds
(`metadata.ic.counselor`: the member of that name). Rendering and parsing take the spelling
of the wire as a function; what a source cannot be sent is decided in `adapters.lowering`.

    filter := term { " OR " term }      term := clause { " AND " clause }      clause := field op "'" value "'"

The standard allows two clauses and one joiner; AND binds tighter where a provider takes more.
Source: OneRoster 1.1 and 1.2, REST binding, filtering. Quotes inside a value have no documented escape.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Any, TypeAlias

import msgspec

from adapters.dialect import Op
from adapters.records import Record


@dataclass(frozen=True, slots=True)
class Compare:
    """`field op value`. Nulls are kept out, but for NE, the complement of EQ. On a list: any element."""

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
    where: Predicate
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


# ---------------------------------------------------------------- evaluation

_ORDER: dict[Op, Callable[[Any, Any], bool]] = {
    Op.EQ: operator.eq,
    Op.NE: operator.ne,
    Op.GT: operator.gt,
    Op.GE: operator.ge,
    Op.LT: operator.lt,
    Op.LE: operator.le,
}


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
            return _any(field, lambda text: holds(text, value))
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


def _negated(test: Test) -> Test:
    return lambda record: not test(record)


def _any(field: str, holds: Callable[[str], bool]) -> Test:
    names = field.split(".")
    return lambda record: any(holds(text) for text in _texts(record, names))


def texts(record: Record, field: str) -> Iterator[str]:
    """The values of `field` as text; none for a null, one per element for a list."""
    return _texts(record, field.split("."))


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


# ---------------------------------------------------------------- filter text


@dataclass(frozen=True, slots=True)
class Clause:
    """One comparison in wire words."""

    field: str
    op: str
    value: str

    def __str__(self) -> str:
        return f"{self.field}{self.op}'{self.value}'"


def join(clauses: Iterable[Clause], word: str) -> str:
    """Filter text of `clauses` joined by AND or OR, as the dialect writes it."""
    return f" {word} ".join(str(c) for c in clauses)


class FilterSyntaxError(ValueError):
    """Not OneRoster filter text. `position`: where in the text, from 0."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(f"{message} at position {position}")
        self.position = position


_CLAUSE = re.compile(
    r"(?P<field>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)(?P<op>!=|>=|<=|=|>|<|~)'(?P<value>[^']*)'"
)
_JOINER = re.compile(r" +(AND|OR) +", re.IGNORECASE)


def parse(text: str, read: Callable[[Clause], Compare]) -> Predicate:
    """The predicate that filter text asks for.

    read: turns a clause into record words; a ValueError of its own is reported at the clause's position.

    Raises:
        FilterSyntaxError: with the position.
    """
    alternatives: list[list[Predicate]] = [[]]
    position = 0
    while True:
        found = _CLAUSE.match(text, position)
        if found is None:
            raise FilterSyntaxError("expected field, operator and a value in single quotes", position)
        try:
            alternatives[-1].append(read(Clause(found["field"], found["op"], found["value"])))
        except ValueError as error:
            raise FilterSyntaxError(str(error), position) from None
        position = found.end()
        if position == len(text):
            break
        joiner = _JOINER.match(text, position)
        if joiner is None:
            raise FilterSyntaxError("expected AND or OR between blanks", position)
        if joiner[1].upper() == "OR":
            alternatives.append([])
        position = joiner.end()
    terms: list[Predicate] = [And(tuple(t)) if len(t) > 1 else t[0] for t in alternatives]
    return Or(tuple(terms)) if len(terms) > 1 else terms[0]
