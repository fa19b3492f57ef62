"""What one operation costs: the nodes that were predicted of its answer, and those that it has in fact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
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
        counted = self.price is not None and data is not None
        self.actual = _row(_merged([self.price.roots]), data) if counted and self.price is not None else 0

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


Shape = Mapping[str, Sequence[Asked]]
"""What is asked of an object, by the names in the answer; of several types, all of it."""


def _merged(parts: Iterable[Iterable[Asked]]) -> dict[str, list[Asked]]:
    found: dict[str, list[Asked]] = {}
    for part in parts:
        for each in part:
            if each.each != 0:
                found.setdefault(each.key, []).append(each)
    return found


def _row(shape: Shape, row: Any) -> int:
    """The nodes below a row: a dictionary, or what is only to be encoded."""
    if not isinstance(row, dict):
        names = _attributes(row.__class__)
        row = {key: getattr(row, names[key]) for key in shape if key in names}
    nodes = 0
    for key, several in shape.items():
        value = row.get(key)
        if value is not None:
            nodes += _values(several, value if isinstance(value, list) else [value])
    return nodes


def _values(several: Sequence[Asked], values: Sequence[Any]) -> int:
    nodes = len(values) - values.count(None) if any(each.counted for each in several) else 0
    shape = _merged(part for each in several for part in each.below)
    return nodes + sum(_row(shape, value) for value in values if value is not None) if shape else nodes


@lru_cache(1000)
def _attributes(kind: Any) -> dict[str, str]:
    """The attributes of rows by the names in the answer."""
    return dict(zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True))
