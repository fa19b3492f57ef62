"""What all records have in common, and the reference to one."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import msgspec
import strawberry

from adapters.records import Record
from gateway.access.field_class import FieldClass
from gateway.identity import GlobalId, global_ids
from gateway.schema.context import Info
from gateway.schema.enums import RecordStatus
from gateway.schema.fields import Personal, computed, over, plain, sources_of
from gateway.schema.node import Node, record_id, record_ids
from gateway.schema.scalars import JSON, DateTime, instant
from gateway.schema.sources import Source

Keys = Annotated[list[str] | None, strawberry.argument(description="Only these members; null or absent: all.")]


def _source(root: Record, info: Info) -> Any:
    reading = info.context.reading
    return reading.sources.get(root.source, reading.grant)


def _sources(roots: Sequence[Record], info: Info) -> list[Any]:
    reading, keys = info.context.reading, sources_of(roots)
    found = {key: reading.sources.get(key, reading.grant) for key in set(keys)}
    return [found[key] for key in keys]


def _observed(roots: Sequence[Record]) -> list[str | None]:
    moments = [root.provenance.observed_at for root in roots]
    written = {moment: instant(moment) for moment in set(moments)}
    return [written[moment] for moment in moments]


def _named_ids(roots: Sequence[GlobalId]) -> list[str]:
    kinds = {root.type for root in roots}
    if len(kinds) != 1:
        return list(map(str, roots))
    return global_ids(kinds.pop(), [root.source for root in roots], [root.sourced_id for root in roots])


def _metadata(root: Record, keys: Keys = strawberry.UNSET) -> Any:
    if root.metadata is None:
        return None
    found = msgspec.json.decode(root.metadata)
    return {k: found[k] for k in keys if k in found} if keys else found


Name = Annotated[
    str, strawberry.argument(name="name", description="A name that the source declares: one of its `metadataNames`.")
]


def _metadata_value(root: Record, info: Info, name: Name) -> Any:
    source = _source(root, info)
    key = source.metadata_keys.get(name) if source is not None else None
    if key is None or root.metadata is None:
        return None
    return msgspec.json.decode(root.metadata).get(key)


def _classes_of_metadata(declared: Mapping[str, Any], said: Mapping[str, Any]) -> Iterable[FieldClass]:
    """Those of the members that are asked for: as they are declared, else RAW."""
    known = {each.key: each.field_class for each in declared.values()}
    keys = said.get("keys")
    return [known.get(key, FieldClass.RAW) for key in keys] if keys else [FieldClass.RAW, *known.values()]


def _classes_of_value(declared: Mapping[str, Any], said: Mapping[str, Any]) -> Iterable[FieldClass]:
    """What is not declared is null for everybody."""
    found = declared.get(said.get("name", ""))
    return [found.field_class] if found is not None else []


@strawberry.interface(
    description="What every OneRoster record has. One record of one source: records are never merged, whatever else "
    "is known of the same person or class."
)
class RosterObject(Node):
    id: strawberry.ID = computed(
        record_id, "Global id: names the type, the source and the record; treat it as opaque.", column=record_ids
    )
    sourced_id: str = plain(
        "The source's own id of it, its primary key there; unique within the source only.", "sourcedId"
    )
    source: Source = computed(_source, "Where it comes from.", column=_sources)
    status: RecordStatus = plain("Whether it still counts at its source.", "status")
    status_raw: str | None = plain("The source's own word for the status.", "status")
    date_last_modified: DateTime | None = plain(
        "When the source last changed it, for incremental reading.", "dateLastModified"
    )
    observed_at: DateTime = computed(
        lambda root: instant(root.observed_at), "When the gateway read it.", column=_observed
    )
    metadata: JSON | None = computed(
        _metadata,
        "What the source adds to the standard, unchanged: extensions, custom fields. A member of a name that the "
        "source declares has the class that is declared with it.",
        "metadata",
        pii=Personal(FieldClass.RAW, asked=_classes_of_metadata),
    )
    metadata_value: JSON | None = computed(
        _metadata_value,
        "What stands in metadata under a name that its source declares, with a class: one custom field, or null.",
        "metadata",
        pii=Personal(FieldClass.RAW, asked=_classes_of_value),
    )


@strawberry.type(
    description="A reference as the source gave it, not followed: what it names may be missing or not yet known."
)
class RecordRef:
    is_type_of = over(GlobalId)

    id: strawberry.ID = computed(lambda root: str(root), "Global id of what is named.", column=_named_ids)
    sourced_id: str = plain("The source's own id of what is named.", "sourcedId")
