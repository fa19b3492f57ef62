"""What has a global id, and reading such an id."""

from collections.abc import Mapping, Sequence

import strawberry

from adapters.endpoints import ENTITIES
from adapters.records import Record, RecordType
from gateway.identity import GlobalId, NotAnId, global_id, global_ids
from gateway.roster.reading import HeldBack, HoldName
from gateway.schema.fields import plain, sources_of

KINDS: Mapping[str, RecordType] = {entity.record.__name__: entity.type for entity in ENTITIES.values()}
"""GraphQL type names are the names of the record classes."""

TYPE_NAMES: Mapping[RecordType, str] = {kind: name for name, kind in KINDS.items()}


_HOLD = "Hold"


@strawberry.interface(description="Whatever has a global id and can be fetched again by `node`.")
class Node:
    id: strawberry.ID = plain("Global id: opaque, and the same for as long as the record is. No grant by itself.")


def record_id(root: Record) -> str:
    return global_id(type(root).__name__, root.source, root.sourced_id)


def record_ids(records: Sequence[Record]) -> list[str]:
    """As `record_id`, of many records of one type."""
    name = type(records[0]).__name__ if records else ""
    return global_ids(name, sources_of(records), [each.sourced_id for each in records])


def hold_id(root: HeldBack) -> str:
    return global_id(_HOLD, root.source.key, f"{root.kind.value}.{root.hold.reading}")


def parse_hold_id(text: str) -> HoldName | None:
    """What a hold's global id names; None for what is none."""
    try:
        found = GlobalId.parse(text)
        kind, _, reading = found.sourced_id.partition(".")
        return HoldName(found.source, RecordType(kind), reading) if found.type == _HOLD else None
    except ValueError:
        return None


def parse_id(text: str) -> GlobalId | None:
    """The parts of a record's global id; None for what is none."""
    try:
        found = GlobalId.parse(text)
    except NotAnId:
        return None
    return found if found.type in KINDS else None
