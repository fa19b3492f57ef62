"""The root fields over records: one lookup and one list per kind, each from a factory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

import strawberry

from adapters.predicate import Predicate
from adapters.records import RecordType
from gateway.faults import BadInput
from gateway.identity import GlobalId, source_key
from gateway.roster.listing import Coming, List, ListQuery, listed
from gateway.roster.reading import Reading, ReadOptions
from gateway.schema.arguments import SourceNames, given
from gateway.schema.context import Info, below, place
from gateway.schema.fields import described, optional
from gateway.schema.foresight import Below, below_list
from gateway.schema.listed import (
    LISTED,
    arguments,
    asked,
    check_narrow,
    extent,
    required_filter,
    resolver,
    root_arguments,
)
from gateway.schema.node import TYPE_NAMES, parse_id
from gateway.schema.predicates import sources_of
from gateway.schema.reading_options import Read, options
from gateway.schema.relations import connection_of, type_of

Id: TypeAlias = Annotated[strawberry.ID | None, strawberry.argument(name="id", description="The record's global id.")]
SourceName: TypeAlias = Annotated[
    strawberry.ID | None,
    strawberry.argument(description="Key or global id of the source; with sourcedId, in place of id."),
]
SourcedId: TypeAlias = Annotated[
    str | None, strawberry.argument(description="The source's own id of the record; with source, in place of id.")
]


@dataclass(frozen=True, slots=True)
class Root:
    """What a root field reads."""

    kind: RecordType
    many: bool


def lookup(kind: RecordType, text: str, wire: str, *, name: str | None = None) -> Any:
    """One record, by global id or by source and sourcedId; null if there is none."""

    def find(
        info: Info,
        id_: Id = strawberry.UNSET,
        source: SourceName = strawberry.UNSET,
        sourced_id: SourcedId = strawberry.UNSET,
    ) -> Any:
        named = _named(kind, given(id_), given(source), given(sourced_id))
        if named is None:
            return None
        reading = info.context.reading
        held = reading.held_record(kind, named.source, named.sourced_id)
        return held if held is not None else reading.lookup(place(info), kind, named.source, named.sourced_id)

    return strawberry.field(
        resolver=find,
        graphql_type=optional(type_of(kind)),
        name=name,
        description=described(text, wire),
        metadata={"root": Root(kind, many=False)},
    )


def _named(kind: RecordType, id_: str | None, source: str | None, sourced_id: str | None) -> GlobalId | None:
    """The record that the arguments name; None for an id that names none of this kind."""
    name = TYPE_NAMES[kind]
    if id_ is not None and source is None and sourced_id is None:
        found = parse_id(id_)
        return found if found is not None and found.type == name else None
    if id_ is None and source is not None and sourced_id is not None:
        return GlobalId(name, source_key(source), sourced_id)
    raise BadInput("name one record: either by id, or by source and sourcedId together")


def listing(kind: RecordType, text: str, wire: str) -> Any:
    """The records of one kind, over sources, page by page."""

    def page(info: Info, **said: Any) -> Any:
        document, reading = below_list(info, kind), info.context.reading
        query, part = document.query, document.extent or extent(said)
        if query is None:
            query = _query(info, kind, said, document)
            if document.lasts and sources_of(query.where) is None:
                document.query, document.extent = query, None if document.turns else part
        found = listed(reading, place(info), query, part)
        return _below(info, found) if isinstance(found, List) else _coming(info, found)

    filter_, *others = arguments(kind)
    filter_ = required_filter(kind) or filter_
    sources, read = ("sources", SourceNames, strawberry.UNSET), ("read", Read, strawberry.UNSET)
    return strawberry.field(
        resolver=resolver(page, [sources, filter_, *root_arguments(kind), *others, read]),
        graphql_type=optional(connection_of(kind)),
        description=described(text, wire),
        metadata={"root": Root(kind, many=True)},
    )


def _query(info: Info, kind: RecordType, said: Mapping[str, Any], document: Below) -> ListQuery:
    """What the arguments of a list come to, but for those of its pages, with what is asked of it.

    Raises:
        BadInput: one cannot be meant.
    """
    how, wanted = options(said.get("read")), asked(kind, said)
    check_narrow(kind, wanted.where)
    return ListQuery(
        kind=kind,
        sources=narrowed(info.context.reading, given(said.get("sources")), how, wanted.where),
        where=wanted.where,
        order=wanted.order,
        read=how,
        ahead=document.ahead,
        everywhere="totalCount" in document.fields,
        whole="groups" in document.fields,
        pinned="snapshot" in document.fields and not LISTED[kind].narrowed,
    )


def _below(info: Info, found: List) -> List:
    """The list, and how it is read on from its records."""
    below(info, found.reading)
    return found


async def _coming(info: Info, found: Coming) -> List:
    return _below(info, await found())


def narrowed(
    reading: Reading, sources: Sequence[str] | None, read: ReadOptions, where: Predicate | None
) -> Sequence[str] | None:
    """The sources that must be read: a filter by global id rules out all others."""
    left = sources_of(where)
    if left is None:
        return sources
    return [s.key for s in reading.sources.chosen(sources, read, reading.grant) if not left.isdisjoint(s.keys)]
