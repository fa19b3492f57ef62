"""What one operation costs: the nodes that were predicted of its answer, and those that it has in fact."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from typing import Any

import msgspec
from graphql import FieldNode, GraphQLError

from gateway.faults import BadInput, ErrorCode, extensions
from gateway.schema.prices import Asked, Given, Price


class NoRoom(BadInput):
    """A list that is of no single source would make the answer larger than it may be."""

    def __init__(self) -> None:
        super().__init__(
            "with this list the answer would have more than it may; narrow it, or ask for fewer at once",
            ErrorCode.TOO_LONG,
        )


def source_of(record: Any) -> str | None:
    """The source of a record; None of what is none."""
    source = getattr(record, "source", None)
    return source if isinstance(source, str) else None


class Cost(msgspec.Struct, eq=False):
    """Of one operation. requested: nodes that were predicted. actual: those that were met so far. limit: the most that
    it may have; None: nobody counts.

    left: nodes that lists may still have of which it was only guessed how long they are; None as long as none came.
    """

    price: Price | None = None
    given: Given = msgspec.field(default_factory=dict)
    limit: int | None = None
    requested: int = 0
    actual: int = 0
    left: int | None = None

    def predict(self, price: Price, given: Given, limit: int) -> None:
        self.price, self.given, self.limit = price, given, limit
        self.requested = price.requested(given)

    def take(self, node: FieldNode, count: int) -> bool:
        """Whether so many records of a field may join the answer; if so, they do."""
        if self.price is None or self.limit is None:
            return True
        if self.left is None:
            self.left = self.limit - self.price.sure(self.given)
        nodes = count * self.price.each(node, self.given)
        if nodes > self.left:
            return False
        self.left -= nodes
        return True

    def restart(self) -> None:
        """Nothing was met yet."""
        self.actual, self.left = 0, None

    def count(self, data: Any) -> None:
        """Takes the nodes that data has for those that were met."""
        self.actual = 0 if self.price is None or data is None else _below([self.price.roots], [data])

    @property
    def charged(self) -> int:
        """Cost points: what is taken of the client for what was predicted. None is had for nothing."""
        return max(1, self.requested)

    @property
    def unused(self) -> int:
        """What of that is given back, now that it is known what there is."""
        return 0 if self.price is None else self.charged - max(1, min(self.actual, self.charged))

    def exceeded(self) -> GraphQLError:
        """Why it is refused, if it is."""
        message = f"the answer may have {_told(self.requested)} nodes; {self.limit:,} are the most"
        if self.price is not None and self.limit is not None:
            dearest = self.price.dearest(self.given, self.limit)
            smaller = f"pages of {dearest.fits:,}" if dearest.fits is not None and dearest.fits > 0 else "smaller pages"
            message += f". `{dearest.path}` may have {_told(dearest.nodes)}: ask for {smaller}, or for less in them"
        figures = {"requested": self.requested, "limit": self.limit}
        return GraphQLError(message, extensions=extensions(ErrorCode.COST_EXCEEDED) | figures)

    def extension(self) -> dict[str, int]:
        """`extensions.cost`."""
        return {"requested": self.requested, "actual": self.actual, "limit": self.limit or 0}


def _told(nodes: int) -> str:
    return f"{nodes:,}" if nodes < 10**9 else "billions of"


def _below(parts: Iterable[Iterable[Asked]], rows: Sequence[Any]) -> int:
    """The nodes below rows of an answer: dictionaries, or what is only to be encoded. A level is looked at at once.

    parts: what is asked of them, for each type that they may have.
    """
    several: dict[str, list[Asked]] = {}
    for each in dict.fromkeys(chain.from_iterable(parts)):
        if each.each != 0:
            several.setdefault(each.key, []).append(each)
    nodes = 0
    for key, asked in several.items() if rows else ():
        values = _values(rows, key)
        if any(each.counted for each in asked):
            nodes += len(values)
        nodes += _below(chain.from_iterable(each.below for each in asked), values)
    return nodes


def _values(rows: Sequence[Any], key: str) -> list[Any]:
    """What is there of a field of rows, and not null; of lists, what they hold."""
    values: list[Any] = []
    kinds = set(map(type, rows))
    for kind in kinds:
        own: Sequence[Any] = rows if len(kinds) == 1 else [row for row in rows if type(row) is kind]
        if kind is dict:
            values += [row.get(key) for row in own]
        elif (name := _attributes(kind).get(key)) is not None:
            values += map(attrgetter(name), own)
    if any(type(value) is list for value in values):
        values = list(chain.from_iterable([value for value in values if value is not None]))
    return [value for value in values if value is not None]


@lru_cache(1000)
def _attributes(kind: Any) -> dict[str, str]:
    """The attributes of rows by the names in the answer."""
    return dict(zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True))
