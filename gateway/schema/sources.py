"""The configured sources and their collections, as the graph shows them."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any

import strawberry

from adapters.endpoints import ENTITIES, Entity
from gateway.identity import source_id
from gateway.roster import deriving
from gateway.roster.reading import TODAY, HeldBack
from gateway.roster.reading import Source as Configured
from gateway.schema.arguments import given
from gateway.schema.context import Info, place, reading_at
from gateway.schema.enums import AcademicSessionType, ErrorCode, RecordType, SourceState
from gateway.schema.fields import computed, described, optional, over, plain
from gateway.schema.node import Node, hold_id
from gateway.schema.scalars import JSON, DateTime, Day, instant


@dataclass(frozen=True, slots=True)
class CollectionOf:
    """One collection of one source."""

    source: Configured
    entity: Entity

    @property
    def type(self) -> RecordType:
        return self.entity.type

    @property
    def supported(self) -> bool:
        table = self.source.tables.get(self.entity.collection)
        return table is None or table.unsupported is None

    @property
    def state(self) -> SourceState:
        return self.source.collection_state(self.entity.collection)

    @property
    def rows(self) -> int | None:
        table = self.source.tables.get(self.entity.collection) if self._counts else None
        return table.size if table is not None else None

    @property
    def rejected(self) -> int | None:
        table = self.source.tables.get(self.entity.collection) if self._counts else None
        return table.whole.rejected if table is not None and table.whole is not None else None

    @property
    def _counts(self) -> bool:
        return self.source.counts(self.entity.collection)

    @property
    def as_of(self) -> str | None:
        table = self.source.tables.get(self.entity.collection)
        return instant(table.read_at) if table is not None else None

    @property
    def last_full_scan_at(self) -> str | None:
        table = self.source.tables.get(self.entity.collection)
        return instant(table.scanned_at) if table is not None else None

    @property
    def next_refresh_at(self) -> str | None:
        table = self.source.tables.get(self.entity.collection)
        return instant(table.refresh_at) if table is not None else None


@strawberry.type(description="One kind of record of one source: whether it has it, and what the gateway knows of it.")
class SourceCollection:
    is_type_of = over(CollectionOf)

    type: RecordType = plain("Which kind of record.")
    state: SourceState = plain("How this collection stands.")
    supported: bool = plain("False once the source has told that it does not have it.")
    rows: int | None = plain(
        "How many records it has, as last told; null before that, and for a client that may not read all of them."
    )
    rejected: int | None = plain(
        "Records that the source sent and that could not be read; null unless it is held whole, and for a client that "
        "may not read all of it."
    )
    as_of: DateTime | None = plain("When records of it were last read.")
    last_full_scan_at: DateTime | None = plain(
        "When it was last read whole, be that held back or not; null if that is not known."
    )
    next_refresh_at: DateTime | None = plain(
        "From when on a query for it has it asked for again; null unless it is held whole. Nothing is asked by a clock."
    )


@strawberry.type(
    description="A reading that lost so many records that it is held back: the copy from before is served until an "
    "operator decides, or until a later reading is large enough."
)
class Hold(Node):
    is_type_of = over(HeldBack)

    id: strawberry.ID = computed(
        hold_id,
        "Global id of this very reading: one that came later has another, unless the same records are missing.",
    )
    source: "Source" = plain("Whose records they are.")
    collection: RecordType = computed(lambda root: root.kind, "Which kind of record.")
    held_at: DateTime = computed(lambda root: instant(root.hold.held_at), "When it was held back.")
    rows_before: int | None = computed(
        lambda root: root.told and root.told.rows_before,
        "Records in the copy that is served; null for a client that may not read all of them, as are the next two.",
    )
    rows_now: int | None = computed(lambda root: root.told and root.told.rows_now, "Records in what is held back.")
    sample_sourced_ids: list[str] | None = computed(
        lambda root: root.told and root.told.sample, "The sourcedIds of some records that what is held back lacks."
    )


def _capabilities(root: Configured) -> Any:
    known = root.capabilities
    return {f.name: _plain(getattr(known, f.name)) for f in fields(known)} if known is not None else None


def _plain(value: Any) -> Any:
    """A capability as settings write it."""
    if isinstance(value, frozenset):
        return sorted(value)
    return {name: _plain(each) for name, each in value.items()} if isinstance(value, Mapping) else value


Kind = Annotated[
    AcademicSessionType | None, strawberry.argument(name="type", description="Only of this kind; null or absent: any.")
]
When = Annotated[Day | None, strawberry.argument(name="on", description="The day to look at; null: today.")]

_NAME: Any = "AcademicSession"
_SESSION = Annotated[_NAME, strawberry.lazy("gateway.schema.academic_sessions")]

_TODAY: Any = TODAY


async def _current_session(root: Configured, info: Info, on: When = _TODAY, type_: Kind = strawberry.UNSET) -> Any:
    return await deriving.current_session(reading_at(info), place(info), root, given(type_), on or TODAY)


async def _collections(root: Configured, info: Info) -> list[CollectionOf]:
    await reading_at(info).survey(place(info), root)
    return [CollectionOf(root, entity) for entity in ENTITIES.values()]


@strawberry.type(
    description="One configured upstream: a district, school or trust at one provider, also called connection, tenant "
    "or data source. An argument that names a source takes its key or its global id."
)
class Source(Node):
    is_type_of = over(Configured)

    id: strawberry.ID = computed(lambda root: source_id(root.key), "Global id, made from the key.")
    key: strawberry.ID = plain("Permanent short name; part of the global ids of all its records.")
    name: str = computed(lambda root: root.settings.name, "Name for people; it may change.")
    district: str | None = computed(lambda root: root.settings.district, "The district that it belongs to.")
    labels: list[str] = computed(lambda root: root.settings.labels, "Labels from the settings, to choose sources by.")
    provider: str = computed(
        lambda root: root.settings.provider,
        "The product that serves it: a student information system (SIS, MIS) or a hub.",
    )
    version: str = computed(lambda root: str(root.settings.version), "The version of OneRoster that it speaks.")
    timezone: str = computed(lambda root: root.settings.timezone, "IANA name of the time zone of its days.")
    state: SourceState = plain(
        "How it stood when it was last asked; of one that answered, how the worst of its collections stands. FRESH "
        "before the first time."
    )
    enabled: bool = computed(
        lambda root: getattr(root.settings, "enabled", True), "False when it is switched off in the settings."
    )
    last_success_at: DateTime | None = computed(
        lambda root: instant(root.last_success_at), "When it last answered; null if not since the gateway started."
    )
    last_error: ErrorCode | None = plain("What went wrong when it was last asked; null when it answered.")
    requests_left_today: int | None = plain(
        "Rate limit: how many requests may still be sent to it on its own date; null where the settings do not limit "
        "them."
    )
    metadata_names: list[str] = computed(
        lambda root: sorted(root.metadata_keys),
        "The names that its settings declare for what it adds to the standard: `metadataValue` and filters take them.",
    )
    capabilities: JSON | None = computed(
        _capabilities,
        "What it can do, as its provider documents it and its settings say: by the names of `[sources.capabilities]`. "
        "null where it is never asked.",
    )
    current_session = strawberry.field(
        resolver=_current_session,
        graphql_type=optional(_SESSION),
        description=described(
            "Of its active sessions that hold a day, the shortest: a grading period before its term, a term before its "
            "year. `type` asks for one of that kind. Its sessions are read for it.",
            "/academicSessions",
        ),
    )
    collections: list[SourceCollection] = computed(_collections, "Its collections, one per kind of record.")
    holds: list[Hold] = computed(lambda root: root.holds, "What is held back of it until an operator decides.")
