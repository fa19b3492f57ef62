"""How a field of the graph is declared: by what it says of itself, and the attribute or function that it shows.

`wire` says where the standard has the same thing; every description ends with it.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional, TypeAlias

import strawberry

from gateway.access.field_class import FieldClass


def described(text: str, *wire: str) -> str:
    """`text`, and where the standard has it; a version that differs stands before its path: "1.1 user.role"."""
    if not wire:
        return text
    paths = (re.sub(r"(\S+)$", r"`\1`", path) for path in wire)
    return f"{text} OneRoster: {', '.join(paths)}."


def plain(text: str, *wire: str, name: str | None = None) -> Any:
    """The record's attribute of the same name, with that one's class of personal data (`gateway.access.personal`).

    name: in the graph, where that is not the same in camelCase.
    """
    return strawberry.field(name=name, description=described(text, *wire))


Column = Callable[..., Sequence[Any]]
"""What a resolver makes of each of many records, made at once: for fields that are asked of thousands. It is handed the
records and, if the resolver asks for it, the `Info` of the first.
"""


ClassesAsked: TypeAlias = Callable[[Mapping[str, Any], Mapping[str, Any]], Iterable[FieldClass]]
"""The classes that a field takes, by the names of metadata that a source declares, and by the field's arguments."""


@dataclass(frozen=True, slots=True)
class Personal:
    """What a field that is no attribute holds of personal data: of which class.

    lesser: what is made of a record in its place where a further class is withheld. asked: the classes that it takes,
    where that depends on its source and its arguments.
    """

    field_class: FieldClass
    lesser: Mapping[FieldClass, Callable[[Any], Any]] = field(default_factory=dict)
    asked: ClassesAsked | None = None


def computed(
    resolver: Callable[..., object],
    text: str,
    *wire: str,
    column: Column | None = None,
    pii: FieldClass | Personal | None = None,
) -> Any:
    """What `resolver` makes of the record. pii: of which class it is, where it is made of personal data."""
    metadata: dict[str, Any] = {} if column is None else {"column": column}
    if pii is not None:
        metadata["pii"] = pii if isinstance(pii, Personal) else Personal(pii)
    return strawberry.field(resolver=resolver, description=described(text, *wire), metadata=metadata)


def sources_of(objects: Sequence[Any]) -> list[str]:
    """The sources of records, or of parts of them that hold it."""
    try:
        return [each.provenance.source for each in objects]  # without calling a property for each
    except AttributeError:
        return [each.source for each in objects]


def over(kind: type) -> Any:
    """For `is_type_of`: the type stands for values of the class `kind`, not for instances of its own."""
    return staticmethod(lambda value, _: isinstance(value, kind))


def annotated(resolver: Callable[..., Any], annotations: Mapping[str, object]) -> Callable[..., Any]:
    """`resolver`, with arguments whose types are known only now."""
    resolver.__annotations__.update(annotations)
    return resolver


def optional(graphql_type: Any) -> Any:
    return Optional[graphql_type]  # noqa: UP045 - a value, not an annotation
