"""From filter inputs to predicates: one translator for all, led by what each input field says that it means.

The fields of one input are ANDed. An explicit null, and a condition without an operand, are refused: neither is to
pass for "no constraint", which is what a forgotten variable would ask for. Empty lists follow logic: `in: []` and
`or: []` hold for no record.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import strawberry
from strawberry.utils.str_converters import to_camel_case

from adapters.dialect import Op
from adapters.predicate import And, Open, Predicate, alternatives, among, conjunction, equals, negation
from adapters.records import RecordType
from gateway.faults import BadInput
from gateway.identity import GlobalId
from gateway.roster.reading import Named
from gateway.schema.fields import described
from gateway.schema.node import TYPE_NAMES, parse_id

MEANING = "meaning"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a condition is about: a field in record words. kind: what it refers to, if it is a reference."""

    field: str
    kind: RecordType | None = None


@dataclass(frozen=True, slots=True)
class Number:
    """A number that a condition is about. compared: the predicate that it is so much."""

    compared: Callable[[Op, int], Predicate]


Operand: TypeAlias = Callable[[Any, Any], Predicate | None]
Combination: TypeAlias = Callable[[Any], Predicate | None]


def about(field: str, text: str, *wire: str, kind: RecordType | None = None, name: str | None = None) -> Any:
    """An input field that puts a condition on the record's `field`."""
    return _field(Subject(field, kind), described(text, *wire), name)


def counting(compared: Callable[[Op, int], Predicate], text: str, *wire: str) -> Any:
    """An input field that puts a condition on a number."""
    return _field(Number(compared), described(text, *wire), None)


def meaning(means: Combination, text: str, *wire: str) -> Any:
    """An input field whose input as a whole asks for one thing."""
    return _field(means, described(text, *wire), None)


def part(text: str) -> Any:
    """A field of such an input."""
    return strawberry.field(default=strawberry.UNSET, description=text)


def operand(means: Operand, text: str, name: str | None = None) -> Any:
    """An input field of a condition, by the predicate that it asks for."""
    return _field(means, text, name)


def all_of() -> Any:
    return _field(_and, "All of these hold.", "and")


def any_of() -> Any:
    return _field(_or, "At least one of these holds; an empty list holds for no record.", "or")


def none_of() -> Any:
    return _field(_not, "This does not hold.", "not")


def _field(means: Subject | Number | Operand | Combination, text: str, name: str | None) -> Any:
    return strawberry.field(default=strawberry.UNSET, name=name, description=text, metadata={MEANING: means})


# ---------------------------------------------------------------- translation


def predicate_of(filter_: object) -> Predicate | None:
    """What a filter input asks for; None for nothing.

    Raises:
        BadInput: a null, a condition without operands, or an id that is none.
    """
    if filter_ is None or filter_ is strawberry.UNSET:
        return None
    return conjunction(*(_part(name, means, value) for name, means, value in _given(filter_)))


def _part(name: str, means: Any, value: Any) -> Predicate | None:
    if isinstance(means, Subject | Number):
        return condition(means, value, name)
    combined: Predicate | None = means(value)
    return combined


def condition(subject: Subject | Number, value: object, name: str) -> Predicate | None:
    """What an input of operands, called `name`, asks of `subject`.

    Raises:
        BadInput: a null, or no operand at all.
    """
    operands = list(_given(value, name))
    if not operands:
        raise BadInput(f"{name}: no operand is given; leave the field out to ask for nothing")
    return conjunction(*(means(subject, operand) for _, means, operand in operands))


def parts(value: object, name: str) -> dict[str, Any]:
    """The fields of an input that were given, by their Python names.

    Raises:
        BadInput: one is null.
    """
    return {own: found for own, found, _ in _fields(value, name)}


def _given(value: Any, prefix: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The fields of an input that were given: name, meaning, value."""
    for _, found, field in _fields(value, prefix):
        own = field.graphql_name or to_camel_case(field.python_name)
        yield f"{prefix}.{own}" if prefix else own, field.metadata[MEANING], found


def _fields(value: Any, prefix: str) -> Iterator[tuple[str, Any, Any]]:
    for field in value.__strawberry_definition__.fields:
        found = getattr(value, field.python_name)
        if found is strawberry.UNSET:
            continue
        if found is None:
            own = field.graphql_name or to_camel_case(field.python_name)
            name = f"{prefix}.{own}" if prefix else own
            raise BadInput(f"{name}: null is no condition; leave it out to ask for nothing, or use isNull")
        yield field.python_name, found, field


def _and(parts: Iterable[object]) -> Predicate | None:
    return conjunction(*map(predicate_of, parts))


def _or(parts: Iterable[object]) -> Predicate | None:
    return alternatives(map(predicate_of, parts))


def _not(part: object) -> Predicate | None:
    return negation(predicate_of(part))


# ---------------------------------------------------------------- references by global id


def names_record(subject: Subject, text: str) -> Predicate | None:
    """The record of this global id: its sourcedId, of its own source only."""
    return names_records(subject, [text])


def names_records(subject: Subject, texts: Iterable[str]) -> Predicate | None:
    by_source: dict[str, set[str]] = {}
    for text in texts:
        found = _reference(subject, text)
        by_source.setdefault(found.source, set()).add(found.sourced_id)
    return alternatives(
        And((equals("source", source), names(subject, ids))) for source, ids in sorted(by_source.items())
    )


def names(subject: Subject, ids: Iterable[str]) -> Predicate:
    """A reference names one of these records, by the source's own ids: of people, by those that they had before too."""
    wanted = frozenset(ids)
    if subject.kind is RecordType.USER and wanted:
        return Open(Named(subject.field, wanted))
    return among(subject.field, wanted)


def _reference(subject: Subject, text: str) -> GlobalId:
    found = parse_id(text)
    wanted = TYPE_NAMES[subject.kind] if subject.kind is not None else None
    if found is None or found.type != wanted:
        raise BadInput(f"{text!r} is not the global id of a record of the type {wanted}")
    return found
