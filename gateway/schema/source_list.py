"""The list of sources: it asks none of them."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import strawberry
from strawberry.utils.str_converters import to_camel_case

from gateway.faults import BadInput, ErrorCode
from gateway.identity import Cursor, NotACursor
from gateway.roster.listing import Extent
from gateway.roster.reading import Group as Counted
from gateway.roster.reading import GroupKey, Reading
from gateway.roster.reading import Source as Configured
from gateway.schema.arguments import DEFAULT_FIRST, After, Before, First, Last, given
from gateway.schema.connections import Bounds, Edge, PageInfo, edges
from gateway.schema.context import Info
from gateway.schema.enums import SourceState
from gateway.schema.fields import computed, over
from gateway.schema.groups import Group
from gateway.schema.listed import extent
from gateway.schema.sources import Source


def _either(text: str) -> Any:
    return strawberry.field(default=strawberry.UNSET, description=f"{text}; an empty list holds for no source.")


@strawberry.input(description="Which sources. All conditions hold.")
class SourceFilter:
    keys: list[str] | None = _either("One of these keys, present or former")
    districts: list[str] | None = _either("Of one of these districts")
    labels: list[str] | None = _either("With at least one of these labels")
    providers: list[str] | None = _either("Served by one of these products")
    states: list[SourceState] | None = _either("In one of these states")
    has_hold: bool | None = strawberry.field(
        default=strawberry.UNSET, description="true: something of it is held back. false: nothing is."
    )


_TESTS: Mapping[str, Callable[[Configured, set[Any]], bool]] = {
    "keys": lambda source, wanted: not wanted.isdisjoint(source.keys),
    "districts": lambda source, wanted: source.settings.district in wanted,
    "labels": lambda source, wanted: not wanted.isdisjoint(source.settings.labels),
    "providers": lambda source, wanted: source.settings.provider in wanted,
    "states": lambda source, wanted: source.state in wanted,
    "has_hold": lambda source, wanted: bool(source.holds) in wanted,
}


@dataclass(frozen=True, slots=True)
class SourcePage:
    """A page of sources, in the order of their keys. found: the whole list."""

    rows: list[Configured]
    found: list[Configured]
    has_next: bool
    has_previous: bool
    reading: Reading

    def cursor(self, index: int) -> str:
        return self.reading.codec.encode(Cursor(self.rows[index].key, ""), _WALK)


_WALK = "sources"


def _by_state(root: SourcePage) -> list[Counted]:
    counts = Counter(source.state for source in root.found)
    return [Counted((GroupKey("STATE", state.value),), counts[state]) for state in SourceState if counts[state]]


@strawberry.type(description="A page of sources, ordered by key.")
class SourceConnection:
    is_type_of = over(SourcePage)

    nodes: list[Source] = computed(lambda root: root.rows, "The sources of the page.")
    edges: list[Edge[Source]] = computed(
        lambda root: edges(root, root.rows),
        "The sources of the page, each with its cursor.",
    )
    page_info: PageInfo = computed(
        lambda root: Bounds(root, len(root.rows), root.has_next, root.has_previous),
        "Where the page stands in the list.",
    )
    total_count: int = computed(lambda root: len(root.found), "How many sources the whole list has.")
    count_by_state: list[Group] = computed(
        _by_state, "How many sources of the whole list stand how: groups whose one key, STATE, is a SourceState."
    )


def list_sources(
    info: Info,
    filter_: Annotated[
        SourceFilter | None, strawberry.argument(name="filter", description="Only sources that satisfy this.")
    ] = strawberry.UNSET,
    first: First = DEFAULT_FIRST,
    after: After = strawberry.UNSET,
    last: Last = strawberry.UNSET,
    before: Before = strawberry.UNSET,
) -> Any:
    reading = info.context.reading
    part = extent({"first": first, "after": after, "last": last, "before": before})
    at = _key_in(reading, part)
    wanted = _wanted(given(filter_))
    found = [
        source
        for source in reading.sources.within(reading.grant)
        if all(_TESTS[name](source, values) for name, values in wanted.items())
    ]
    backwards, size = part.backwards, part.size
    ahead = [s for s in found if at is None or (s.key < at if backwards else s.key > at)]
    rows = ahead[max(0, len(ahead) - size) :] if backwards else ahead[:size]
    more, walked = len(ahead) > size, at is not None
    return SourcePage(rows, found, walked if backwards else more, more if backwards else walked, reading)


def _wanted(filter_: SourceFilter | None) -> dict[str, set[Any]]:
    """The values that each condition allows."""
    conditions = {name: getattr(filter_, name) for name in _TESTS} if filter_ is not None else {}
    for name, values in conditions.items():
        if values is None:
            raise BadInput(f"{to_camel_case(name)}: null is no condition; leave it out to ask for nothing")
    return {
        name: set(values) if isinstance(values, list) else {values}
        for name, values in conditions.items()
        if values is not strawberry.UNSET
    }


def _key_in(reading: Reading, part: Extent) -> str | None:
    if part.cursor is None:
        return None
    try:
        return reading.codec.decode(part.cursor, _WALK).source
    except NotACursor:
        name = "before" if part.backwards else "after"
        raise BadInput(f"`{name}` is not a cursor of the list of sources", ErrorCode.BAD_CURSOR) from None
