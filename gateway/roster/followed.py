"""What relations lead to in a collection that is held whole: kept, once it was found, for whoever follows the same.

The way to a record by its id, and to the children of a parent, is that of the collection (`gateway.roster.whole`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, compress, islice
from typing import Protocol, TypeAlias

from adapters.predicate import Columns, Predicate, compile_columns
from adapters.records import Record

Brood: TypeAlias = tuple[Record, ...]
"""The children of one parent."""

MOST_KNOWN = 20_000
"""Records that are kept by their ids."""

_CONDITIONS = 8
"""Fields with a condition, by which children are kept."""

_LONGEST = 5000
"""Children of one parent, at most, that are kept."""

_TUPLE = 56
_POINTER = 8


class Rows(Protocol):
    def at(self, places: Iterable[int]) -> tuple[Record, ...]: ...


class Index(Protocol):
    def places(self, value: str) -> Sequence[int]: ...


class Broods:
    """The children of parents, by one index of a collection, that satisfy one condition about the record alone."""

    def __init__(self, rows: Rows, index: Index, where: Predicate | None, most: int) -> None:
        self._rows = rows
        self._index = index
        self._holds: Columns | None = None if where is None else compile_columns(where)
        self._most = most
        self._kept: dict[str, Brood] = {}
        self._weight = 0

    @property
    def bytes(self) -> int:
        return sys.getsizeof(self._kept) + self._weight

    def known(self, parents: Iterable[str]) -> list[Brood] | None:
        """The children of each, if those of all were found before."""
        try:
            return list(map(self._kept.__getitem__, parents))
        except KeyError:
            return None

    def size(self, parent: str) -> int:
        """How many records have to be looked at to find those of a parent."""
        return 0 if parent in self._kept else len(self._index.places(parent))

    def of(self, parents: Sequence[str]) -> list[Brood]:
        """The children of each."""
        found = {p: self._kept[p] for p in parents if p in self._kept}
        lacking = [p for p in dict.fromkeys(parents) if p not in found]
        came = self._found(lacking)
        if len(self._kept) + len(came) > self._most:
            self._kept, self._weight = {}, 0
        for parent, brood in came.items():
            if len(brood) <= _LONGEST:
                self._kept[parent] = brood
                self._weight += _TUPLE + _POINTER * len(brood)
        found |= came
        return [found[p] for p in parents]

    def _found(self, parents: Sequence[str]) -> dict[str, Brood]:
        places = [self._index.places(p) for p in parents]
        records = iter(self._rows.at(chain.from_iterable(places)))
        broods = [tuple(islice(records, len(own))) for own in places]
        return dict(zip(parents, fitting(broods, self._holds), strict=True))


def fitting(broods: Sequence[Brood], holds: Columns | None) -> Sequence[Brood]:
    """Of each brood the records for which it holds."""
    told = [] if holds is None else holds([*chain.from_iterable(broods)])
    if all(told):
        return broods
    each = iter(told)
    return [tuple(compress(brood, islice(each, len(brood)))) for brood in broods]


class Followed:
    """What was followed in one collection."""

    def __init__(self) -> None:
        self._known: dict[str | None, Record | None] = {None: None}
        self._broods: dict[tuple[str, Predicate | None], Broods] = {}

    @property
    def bytes(self) -> int:
        return sys.getsizeof(self._known) + sum(broods.bytes for broods in self._broods.values())

    def named(self, ids: Sequence[str | None], get: Callable[[str], Record | None]) -> list[Record | None]:
        """The record of each id; None of one that there is not, and of none."""
        try:
            return list(map(self._known.__getitem__, ids))
        except KeyError:
            pass
        found = {i: self._known[i] if i in self._known else get(i) for i in dict.fromkeys(ids) if i is not None}
        if len(self._known) + len(found) > MOST_KNOWN:
            self._known = {None: None}
        self._known.update((i, record) for i, record in found.items() if record is not None)
        return [None if i is None else found[i] for i in ids]

    def broods(self, field: str, where: Predicate | None, make: Callable[[], Broods]) -> Broods:
        """Those by a field and a condition, made once."""
        found = self._broods.get((field, where))
        if found is None:
            if len(self._broods) >= _CONDITIONS:
                del self._broods[next(iter(self._broods))]
            found = self._broods[field, where] = make()
        return found
