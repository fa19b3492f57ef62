"""What a relation leads to from all objects of a level: read at once, and once for all that lead to the same."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, TypeAlias, cast

from gateway.execution.generate import attribute
from gateway.execution.level import FieldRows, Level
from gateway.execution.plan import Field, Objects
from gateway.execution.run import Run
from gateway.roster.levels import LevelReader
from gateway.schema.fields import sources_of
from gateway.schema.relations import Cardinality, Relation

Values: TypeAlias = list[Any] | Awaitable[list[Any]]

_TO_ONE = frozenset({Cardinality.ONE, Cardinality.COMPANION})


class Shared(list[Any]):
    """What objects lead to, each once. keys: what every object names. distinct: the same, each once, as the values."""

    def __init__(self, values: list[Any], keys: list[Any], distinct: list[Any]) -> None:
        super().__init__(values)
        self.keys = keys
        self.distinct = distinct


def follow(
    run: Run, each: Field, relation: Relation, arguments: Mapping[str, Any], objects: Sequence[Any], level: Level
) -> Values:
    """Raises what comes of objects that do not have the relation."""
    reading = run.reading(level)
    breathe = run.pace.breathe
    if relation.cardinality not in _TO_ONE or not cast("Objects", each.completed.of).shareable:
        return read(LevelReader(reading, FieldRows(level, each), breathe), each, relation, arguments, objects)
    sources, ids = sources_of(objects), attribute(relation.key)(objects)
    one = sources.count(sources[0]) == len(sources)
    keys = ids if one else list(zip(sources, ids, strict=True))
    distinct = list(dict.fromkeys(keys))
    if len(distinct) == len(keys):
        return _named(LevelReader(reading, FieldRows(level, each), breathe), relation, sources, ids)
    if one:
        sources, ids = sources[: len(distinct)], distinct
    else:
        sources, ids = map(list, zip(*distinct, strict=True))
    found = _named(LevelReader(reading, FieldRows(level.shared(keys), each), breathe), relation, sources, ids)
    return Shared(found, keys, distinct) if isinstance(found, list) else _coming(found, keys, distinct)


def read(
    reader: LevelReader, each: Field, relation: Relation, arguments: Mapping[str, Any], objects: Sequence[Any]
) -> Values:
    """A value for each of the objects. Raises what comes of objects that do not have the relation."""
    if relation.cardinality is Cardinality.CHILDREN:
        assert relation.where is not None
        where = each.said.where if each.said is not None else relation.where(**arguments)
        return reader.children(relation.kind, relation.key, cast("Any", objects), where)
    sources, named = sources_of(objects), attribute(relation.key)(objects)
    if relation.cardinality is Cardinality.SEVERAL:
        return reader.follow_all(relation.kind, sources, named)
    return _named(reader, relation, sources, named)


def _named(reader: LevelReader, relation: Relation, sources: Sequence[str], ids: Sequence[str | None]) -> Values:
    if relation.cardinality is Cardinality.COMPANION:
        return reader.lookup(relation.kind, sources, ids)
    return reader.follow(relation.kind, sources, ids)


async def _coming(found: Awaitable[list[Any]], keys: list[Any], distinct: list[Any]) -> list[Any]:
    return Shared(await found, keys, distinct)
