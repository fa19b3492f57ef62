"""The price of an operation: the nodes that its answer may have, as far as its document and its arguments tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from graphql import FieldNode

Given: TypeAlias = Mapping[str, Any]
"""Variables as a client gave them: what does not fit is not executed."""

Size: TypeAlias = int | Callable[[Given], int]
"""How many, or how many by the variables."""

MOST: Final = 2**53 - 1
"""What costs more is said to cost this: the largest number that every client reads as it is."""

_MOST_KNOWN: Final = 100
"""Prices of one operation, by what its variables say."""


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A field whose values are objects, with what is asked of these: for each type that they may have, if that differs.

    times: how many values it has for each object that it is asked of. guessed: that this is what is expected. paged:
    `first` or `last` says it. counted: each of them is a node.

    each, sure: nodes that come with each value, with and without what is guessed below; None where variables say it.
    """

    key: str
    times: Size
    below: tuple[tuple[Asked, ...], ...] = ()
    counted: bool = False
    guessed: bool = False
    paged: bool = False
    each: int | None = field(init=False)
    sure: int | None = field(init=False)

    def __post_init__(self) -> None:
        varies = any(callable(asked.times) or asked.each is None for part in self.below for asked in part)
        object.__setattr__(self, "each", None if varies else Nodes({}).with_each(self))
        object.__setattr__(self, "sure", None if varies else Nodes({}, guesses=False).with_each(self))


@dataclass(slots=True)
class Nodes:
    """Reckoned by these variables, with what is guessed or without."""

    given: Given
    guesses: bool = True
    _known: dict[int, int] = field(default_factory=dict)

    def of_all(self, part: Iterable[Asked]) -> int:
        return min(MOST, sum(map(self.of, part)))

    def of(self, asked: Asked) -> int:
        """For each object that a field is asked of."""
        if asked.guessed and not self.guesses:
            return 0
        each = asked.each if self.guesses else asked.sure
        return min(MOST, size(asked.times, self.given) * (self.with_each(asked) if each is None else each))

    def with_each(self, asked: Asked) -> int:
        """With each value of a field."""
        known = self._known.get(id(asked))
        if known is None:
            known = asked.counted + max((sum(map(self.of, part)) for part in asked.below), default=0)
            self._known[id(asked)] = known
        return known


def size(times: Size, given: Given) -> int:
    return times(given) if callable(times) else times


@dataclass(slots=True, eq=False)
class Price:
    """Of one operation. guessed: what is, by the field of the document; several, where that is in several places.

    varying: all that variables say in it.
    """

    roots: tuple[Asked, ...]
    guessed: Mapping[int, Sequence[Asked]] = field(default_factory=dict)
    varying: Sequence[Callable[[Given], int]] = ()
    _known: dict[tuple[int, ...], tuple[int, int]] = field(init=False, default_factory=dict)

    def requested(self, given: Given) -> int:
        """The nodes that the answer may have."""
        return self._reckoned(given)[0]

    def sure(self, given: Given) -> int:
        """The same without what is guessed."""
        return self._reckoned(given)[1]

    def _reckoned(self, given: Given) -> tuple[int, int]:
        sizes = tuple([each(given) for each in self.varying]) if self.varying else ()
        found = self._known.get(sizes)
        if found is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            found = Nodes(given).of_all(self.roots), Nodes(given, guesses=False).of_all(self.roots)
            self._known[sizes] = found
        return found

    def each(self, node: FieldNode, given: Given) -> int:
        """The nodes that each value of a guessed field takes with it, at most, without what is guessed below."""
        found = 0
        for asked in self.guessed.get(id(node), ()):
            found = max(found, Nodes(given, guesses=False).with_each(asked) if asked.sure is None else asked.sure)
        return found

    def dearest(self, given: Given, limit: int) -> Dearest:
        """Where most of it comes from."""
        nodes, path, parts, times = Nodes(given), list[str](), list(self.roots), 1
        found, most, fits = "", 0, None
        while parts:
            asked = max(parts, key=nodes.of)
            count = size(asked.times, given)
            if asked.paged and times == 1 and count:
                total = nodes.of(asked)
                fits = (limit - self.requested(given) + total) * count // total if total else None
            times = min(MOST, times * count)
            path.append(asked.key)
            if asked.counted and times > most:
                found, most = ".".join(path), times
            parts = [each for part in asked.below for each in part]
        return Dearest(found, most, fits)


@dataclass(frozen=True, slots=True)
class Dearest:
    """The field of an operation that has the most nodes. fits: how long its page, or the page that it is below, may be
    for the operation to cost no more than it may; None where it is on no page.
    """

    path: str
    nodes: int
    fits: int | None
