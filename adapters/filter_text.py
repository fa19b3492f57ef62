"""OneRoster filter text, in both directions. The spelling of the wire comes as a function.

What a source cannot be sent is decided in `adapters.filtering`.

    filter := term { " OR " term }      term := clause { " AND " clause }      clause := field op "'" value "'"

The standard allows two clauses and one joiner; AND binds tighter where a provider takes more.
Source: OneRoster 1.1 and 1.2, REST binding, filtering. Quotes inside a value have no documented escape.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from adapters.dialect import Op, Version
from adapters.endpoints import Collection
from adapters.normalise import names
from adapters.predicate import And, Compare, Or, Predicate


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


def read(collection: Collection, text: str) -> Predicate:
    """The predicate that filter text asks for, in the words of either version of the standard.

    Raises:
        FilterSyntaxError: with the position.
    """

    def compare(clause: Clause) -> Compare:
        fields = (names.record_field(collection, clause.field, version) for version in _NEWEST_FIRST)
        field = next(filter(None, fields), None)
        if field is None:
            raise ValueError(f"{clause.field} is no field of {collection.value} to filter by")
        return Compare(field, Op(clause.op), names.record_value(collection, field, clause.value))

    return parse(text, compare)


_NEWEST_FIRST = sorted(Version, reverse=True)
