"""Who asks, as the gateway knows it, and what that client may read and do."""

from dataclasses import dataclass
from typing import Annotated, Any

import strawberry

from gateway.access.grant import Line
from gateway.identity import source_key
from gateway.roster.reading import Source as Configured
from gateway.schema.context import Info
from gateway.schema.fields import computed, over, plain
from gateway.schema.scalars import DateTime, instant
from gateway.schema.sources import Source


@dataclass(frozen=True, slots=True)
class GrantedSource:
    """One source, and what was granted of it."""

    source: Configured
    line: Line


def _scopes(root: Any) -> list[str]:
    return list(root.line.scopes)


def _expires(root: Any) -> Any:
    return instant(root.line.expires)


def _purpose(root: Any) -> str | None:
    return root.line.purpose or None


Names = Annotated[
    list[strawberry.ID] | None,
    strawberry.argument(description="Only those of these sources, by key or global id. Others are passed over."),
]


@strawberry.type(name="Grant", description="What a client may do at one source; it may have several of the same.")
class GrantType:
    is_type_of = over(GrantedSource)

    source: Source = plain("The source that may be read.")
    scopes: list[str] = computed(_scopes, "What is allowed there beside reading: `explain`, `refresh`, `holds`.")
    expires_at: DateTime | None = computed(_expires, "When it ends; null if it holds for good.")
    purpose: str | None = computed(_purpose, "What it was granted for, in words.")


def _grants(info: Info, sources: Names = None) -> list[GrantedSource]:
    reading = info.context.reading
    wanted = None if sources is None else {source_key(name) for name in sources}
    found = [(reading.sources.get(line.source, reading.grant), line) for line in reading.grant.lines]
    return [
        GrantedSource(source, line)
        for source, line in found
        if source is not None and (wanted is None or not wanted.isdisjoint(source.keys))
    ]


def _name(info: Info) -> str | None:
    return info.context.reading.grant.name or None


@strawberry.type(description="The client that asks, as its key tells it.")
class Viewer:
    name: str | None = computed(_name, "Its name; null where the gateway does not tell clients apart.")
    grants: list[GrantType] = computed(
        _grants,
        "What it was granted, source by source; empty where clients are not told apart: it may read everything.",
    )
