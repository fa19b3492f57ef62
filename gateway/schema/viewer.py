"""Who asks, as the gateway knows it, and what that client may read and do."""

import time
from dataclasses import dataclass
from typing import Annotated, Any

import strawberry

from gateway.access.grant import Access, Line
from gateway.identity import GlobalId, source_key
from gateway.roster.reading import Source as Configured
from gateway.schema.context import Info
from gateway.schema.enums import FieldClass
from gateway.schema.fields import computed, over, plain
from gateway.schema.roster_object import RecordRef
from gateway.schema.scalars import DateTime, instant
from gateway.schema.sources import Source


@dataclass(frozen=True, slots=True)
class GrantedSource:
    """One source, how it was granted, and what may be read of it."""

    source: Configured
    line: Line
    access: Access


def _id(root: Any) -> str:
    return f"Grant:{root.source.key}"


def _scopes(root: Any) -> list[str]:
    return list(root.line.scopes)


def _classes(root: Any) -> list[FieldClass]:
    return [each for each in FieldClass if each in root.access.classes]


def _orgs(root: Any) -> Any:
    access, source = root.access, root.source
    if source.orgs is None:
        return None
    ids = source.masked(source.orgs) if access.masked else source.orgs
    return [GlobalId("Org", source.key, each) for each in sorted(ids)]


def _masked(root: GrantedSource) -> bool:
    return root.access.masked


def _expires(root: Any) -> Any:
    return instant(root.line.expires)


def _purpose(root: Any) -> str | None:
    return root.line.purpose or None


Names = Annotated[
    list[strawberry.ID] | None,
    strawberry.argument(description="Only those of these sources, by key or global id. Others are passed over."),
]


@strawberry.type(name="Grant", description="What a client may read and do at one source, by all that it was granted.")
class GrantType:
    is_type_of = over(GrantedSource)

    id: strawberry.ID = computed(_id, "Names it among the grants of this client.")
    source: Source = plain("The source that it is of.")
    scopes: list[str] = computed(
        _scopes, "What may be read there, such as `roster-core.readonly`, and done: `explain`, `refresh`, `holds`."
    )
    field_classes: list[FieldClass] = computed(
        _classes, "The classes of personal data that are answered there; fields of others are null."
    )
    orgs: list[RecordRef] | None = computed(
        _orgs, "The orgs to which what is read there must belong; null if to any, or none."
    )
    masked: bool = computed(_masked, "Whether invented people are shown in place of those that there are.")
    expires_at: DateTime | None = computed(_expires, "When it ends, or some of it; null if it holds for good.")
    purpose: str | None = computed(_purpose, "What it was granted for, in words.")


def _grants(info: Info, sources: Names = None) -> list[GrantedSource]:
    reading = info.context.reading
    wanted = None if sources is None else {source_key(name) for name in sources}
    found = [(reading.sources.get(line.source, reading.grant), line) for line in reading.grant.lines]
    return [
        GrantedSource(source, line, reading.grant.at(line.source))
        for source, line in found
        if source is not None and (wanted is None or not wanted.isdisjoint(source.keys))
    ]


def _name(info: Info) -> str | None:
    return info.context.reading.grant.name or None


def _sees_masks(info: Info) -> bool:
    grant = info.context.reading.grant
    return any(grant.at(line.source).masked for line in grant.lines)


def _points_left(info: Info) -> int | None:
    points = info.context.points
    return None if points is None else points.left


def _reset_at(info: Info) -> Any:
    points = info.context.points
    return None if points is None else instant(time.time() + points.full_in)


@strawberry.type(description="The client that asks, as its key tells it.")
class Viewer:
    name: str | None = computed(_name, "Its name; null where the gateway does not tell clients apart.")
    masked: bool = computed(_sees_masks, "Whether it is shown invented people, of one of its sources at least.")
    points_left: int | None = computed(
        _points_left,
        "Rate limit: the cost points that it has left, after this operation as it was predicted; they come back bit by "
        "bit. null where the gateway does not tell clients apart: then there is no limit.",
    )
    reset_at: DateTime | None = computed(
        _reset_at, "When it has all of its cost points again, if it asks for nothing until then."
    )
    grants: list[GrantType] = computed(
        _grants,
        "What it was granted, source by source; empty where clients are not told apart: it may read everything.",
    )
