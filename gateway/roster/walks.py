"""What a cursor is bound to: the list that it walks, as text that is the same in every process."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, cast

from adapters.predicate import And, AnyOf, Not, Open, Or, Predicate, Some
from adapters.records import Record, RecordType
from gateway.roster.ordering import Order


class Walk:
    """A list: over `sources`, or below a parent. Its text is made when a cursor is read or written."""

    __slots__ = ("_kind", "_order", "_over", "_text", "_where")

    def __init__(self, kind: RecordType, over: str, where: Predicate | None, order: Order) -> None:
        self._kind = kind
        self._over = over
        self._where = where
        self._order = order
        self._text: str | None = None

    @classmethod
    def below(cls, parent: Record, kind: RecordType, field: str, where: Predicate | None, order: Order) -> Walk:
        return cls(kind, f"{field}={parent.source}:{parent.sourced_id}", where, order)

    def __str__(self) -> str:
        if self._text is None:
            self._text = f"{self._kind} {self._over} {described(self._where)} {self._order}"
        return self._text


def described(where: Predicate | None) -> str:
    """A predicate as text."""
    match where:
        case None:
            return ""
        case And(parts) | Or(parts):
            word = " and " if isinstance(where, And) else " or "
            return "(" + word.join(described(p) for p in parts) + ")"
        case Not(part):
            return f"not {described(part)}"
        case AnyOf(name, values):
            return f"{name} in {sorted(values)!r}"
        case Some(name, part, op, number):
            return f"{name} where {described(part)} {op.value} {number}"
        case Open(condition):
            said = (getattr(condition, f.name) for f in fields(cast("Any", condition)))
            return f"{type(condition).__name__} " + ",".join(
                described(s) if isinstance(s, Predicate) else repr(s) for s in said
            )
        case _:
            return repr(where)
