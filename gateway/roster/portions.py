"""What of a collection that is held whole lies within a scope: a collection by itself, kept with the one that it is of,
for all who see the same of it.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Set

from adapters.endpoints import Collection
from adapters.predicate import compile_columns
from adapters.records import Record
from gateway.roster.scope import Scope
from gateway.roster.whole import Portion, Whole, beside


def kept(scope: Scope, collection: Collection, wholes: Mapping[Collection, Whole]) -> Whole | None:
    """The portion of a collection, if it was made.

    wholes: the collection and, in their order, those that the scope looks at for it.
    """
    found = wholes[collection].portions.get(scope.orgs)
    others = [whole for each, whole in wholes.items() if each is not collection]
    return found.whole if found is not None and [each() for each in found.by] == others else None


async def made(scope: Scope, collection: Collection, wholes: Mapping[Collection, Whole]) -> Whole:
    """The same, made if need be: that takes a look at each record."""
    found = kept(scope, collection, wholes)
    if found is not None:
        return found
    whole = wholes[collection]
    others = {each: wholes[each] for each in scope.looks_at(collection)}
    inside = {each: await made(scope, each, _of(scope, each, wholes)) for each in others}

    def make() -> Whole:
        ids = {each: frozenset(portion.ids) for each, portion in inside.items()}
        rows = _within(scope, collection, list(whole.rows), ids)
        return Whole(rows, 0, whole.read_at, scanned_at=whole.scanned_at, weighed=whole.weighed)

    found = await beside(len(whole), make)
    whole.portions[scope.orgs] = Portion(found, tuple(map(weakref.ref, others.values())))
    return found


def _of(scope: Scope, collection: Collection, wholes: Mapping[Collection, Whole]) -> Mapping[Collection, Whole]:
    return {each: wholes[each] for each in (collection, *scope.looks_at(collection))}


def _within(
    scope: Scope, collection: Collection, rows: list[Record], ids: Mapping[Collection, Set[str]]
) -> list[Record]:
    """ids: of what lies within, of the collections that are looked at."""
    where = scope.predicate(collection)
    if where is not None:
        rows = [row for row, holds in zip(rows, compile_columns(where)(rows), strict=True) if holds]
    for through in scope.through(collection):
        named = zip(rows, map(through.named, rows), strict=True)
        rows = [row for row, name in named if (name[1] in ids[name[0]] if name is not None else not through.needed)]
    return rows
