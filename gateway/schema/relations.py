"""How records refer to each other: every relation is declared once, as data from which its resolver is made.

`metadata["relation"]` of the field keeps the declaration, for whoever wants to read a whole level at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Annotated, Any

import strawberry

from adapters.predicate import Predicate, conjunction
from adapters.records import Record, RecordType
from gateway.identity import GlobalId
from gateway.roster import deriving, listing
from gateway.schema.arguments import ACTIVE, EffectiveOn, Roles, Status, given, one_of
from gateway.schema.connections import Connection
from gateway.schema.context import Info, place, reading_at
from gateway.schema.fields import described, optional, sources_of
from gateway.schema.groups import CONNECTIONS
from gateway.schema.listed import arguments, asked, extent, resolver
from gateway.schema.node import TYPE_NAMES
from gateway.schema.roster_object import RecordRef

MODULES = {
    RecordType.ORG: "gateway.schema.orgs",
    RecordType.ACADEMIC_SESSION: "gateway.schema.academic_sessions",
    RecordType.COURSE: "gateway.schema.courses",
    RecordType.CLASS: "gateway.schema.classes",
    RecordType.USER: "gateway.schema.users",
    RecordType.ENROLLMENT: "gateway.schema.enrollments",
    RecordType.DEMOGRAPHICS: "gateway.schema.demographics",
    RecordType.CATEGORY: "gateway.schema.categories",
    RecordType.LINE_ITEM: "gateway.schema.line_items",
    RecordType.RESULT: "gateway.schema.results",
    RecordType.SCORE_SCALE: "gateway.schema.score_scales",
    RecordType.RESOURCE: "gateway.schema.resources",
    RecordType.ASSESSMENT_LINE_ITEM: "gateway.schema.assessments",
    RecordType.ASSESSMENT_RESULT: "gateway.schema.assessments",
}
"""Where the GraphQL type of each kind of record stands; named, since the types refer to each other in circles."""


class Cardinality(Enum):
    """ONE and SEVERAL follow ids that the record holds; CHILDREN and PAGE find records that hold the record's id.

    COMPANION shares the record's id and need not be there.
    """

    ONE = auto()
    SEVERAL = auto()
    COMPANION = auto()
    CHILDREN = auto()
    PAGE = auto()


@dataclass(frozen=True, slots=True)
class Relation:
    """key: the attribute that names the other record: of this record, or, for CHILDREN and PAGE, of the others.

    where: for CHILDREN, which of them the field's arguments ask for. alone: arguments that, where they are given, say
    more than that, so that only the field's resolver knows.
    """

    kind: RecordType
    key: str
    cardinality: Cardinality
    where: Callable[..., Predicate | None] | None = None
    alone: tuple[str, ...] = ()


def type_of(kind: RecordType) -> Any:
    """The GraphQL type of records of `kind`, by name."""
    name: Any = TYPE_NAMES[kind]
    return Annotated[name, strawberry.lazy(MODULES[kind])]


def connection_of(kind: RecordType) -> Any:
    return CONNECTIONS.get(kind) or Connection[type_of(kind)]  # type: ignore[misc]


def to_one(kind: RecordType, key: str, text: str, *wire: str, name: str | None = None) -> Any:
    """The record that the attribute `key` names."""

    def follow(root: Record, info: Info) -> Any:
        sourced_id = getattr(root, key)
        if sourced_id is None:
            return None
        reading = reading_at(info)
        # What is held is answered without a loader and a turn of the event loop: most of what an answer costs.
        held = reading.held_record(kind, root.source, sourced_id)
        return held if held is not None else reading.follow(place(info), kind, root.source, sourced_id)

    relation = Relation(kind, key, Cardinality.ONE)
    return _field(follow, optional(type_of(kind)), relation, described(text, *wire), name)


def to_companion(kind: RecordType, text: str, *wire: str) -> Any:
    """The record of another collection that has this one's sourcedId; that there is none is nothing unusual."""

    async def lookup(root: Record, info: Info) -> Any:
        return await reading_at(info).lookup(place(info), kind, root.source, root.sourced_id)

    relation = Relation(kind, "sourced_id", Cardinality.COMPANION)
    return _field(lookup, optional(type_of(kind)), relation, described(text, *wire))


def to_several(kind: RecordType, key: str, text: str, *wire: str) -> Any:
    """The records that the attribute `key` names."""

    async def follow(root: Record, info: Info) -> Any:
        return await reading_at(info).follow_all(place(info), kind, root.source, getattr(root, key))

    return _field(follow, several(kind), Relation(kind, key, Cardinality.SEVERAL), described(text, *wire))


def to_children(kind: RecordType, key: str, text: str, *wire: str) -> Any:
    """The records of `kind` whose attribute `key` names this one, whole."""

    def where(status: Any = ACTIVE) -> Predicate | None:
        return one_of("status", status)

    async def children(root: Record, info: Info, status: Status = ACTIVE) -> Any:  # type: ignore[assignment]
        return await reading_at(info).children(place(info), kind, key, root, where(status))

    return _field(children, several(kind), Relation(kind, key, Cardinality.CHILDREN, where), described(text, *wire))


def to_enrollments(key: str, text: str) -> Any:
    """The enrollments whose attribute `key` names this record, whole."""
    kind = RecordType.ENROLLMENT

    def where(role: Any = strawberry.UNSET, status: Any = ACTIVE, **_: Any) -> Predicate | None:
        return conjunction(one_of("role", given(role)), one_of("status", status))

    def enrollments(
        root: Record,
        info: Info,
        role: Roles = strawberry.UNSET,
        effective_on: EffectiveOn = strawberry.UNSET,
        status: Status = ACTIVE,  # type: ignore[assignment]
    ) -> Any:
        wanted = where(role, status)
        reading, on = reading_at(info), given(effective_on)
        held = reading.held_children(kind, key, root, wanted) if on is None else None
        return held if held is not None else deriving.enrollments(reading, place(info), root, key, wanted, on)

    relation = Relation(kind, key, Cardinality.CHILDREN, where, ("effective_on",))
    return _field(enrollments, several(kind), relation, described(text, "/enrollments"))


def to_page(kind: RecordType, key: str, text: str, *wire: str) -> Any:
    """A page of the records of `kind` whose attribute `key` names this one."""

    async def page(root: Record, info: Info, **said: Any) -> Any:
        wanted, reading = asked(kind, said), reading_at(info)
        return await listing.children_page(
            reading, place(info), kind, key, root, wanted.where, extent(said), wanted.order
        )

    relation = Relation(kind, key, Cardinality.PAGE)
    return _field(resolver(page, arguments(kind)), optional(connection_of(kind)), relation, described(text, *wire))


def reference(kind: RecordType, key: str, text: str, *wire: str) -> Any:
    """What the attribute `key` names, not followed."""
    name = TYPE_NAMES[kind]

    def ref(root: Record) -> Any:
        sourced_id = getattr(root, key)
        return None if sourced_id is None else GlobalId(name, root.source, sourced_id)

    def refs(roots: Sequence[Record]) -> list[Any]:
        named = list(zip(sources_of(roots), [getattr(root, key) for root in roots], strict=True))
        made = {each: GlobalId(name, *each) for each in set(named) if each[1] is not None}
        return [made.get(each) for each in named]

    return strawberry.field(
        resolver=ref,
        graphql_type=RecordRef | None,
        description=described(text, *wire),
        metadata={"column": refs, "reference": key},
    )


def references(kind: RecordType, key: str, text: str, *wire: str, nullable: bool = False) -> Any:
    """All that the attribute `key` names, not followed. nullable: it may be withheld."""
    name = TYPE_NAMES[kind]

    def refs(root: Record) -> Any:
        return [GlobalId(name, root.source, i) for i in getattr(root, key)]

    return strawberry.field(
        resolver=refs,
        graphql_type=optional(list[RecordRef]) if nullable else list[RecordRef],
        description=described(text, *wire),
        metadata={"reference": key},
    )


def several(kind: RecordType) -> Any:
    return optional(list[type_of(kind)])  # type: ignore[misc]


def _field(
    resolver: Callable[..., Any], graphql_type: Any, relation: Relation, description: str, name: str | None = None
) -> Any:
    return strawberry.field(
        resolver=resolver,
        graphql_type=graphql_type,
        name=name,
        description=description,
        metadata={"relation": relation},
    )
