"""Pages of lists: connections in Relay's sense, which say what is missing from them."""

from collections.abc import Sequence
from typing import Annotated, Any, Generic, Protocol, TypeVar

import msgspec
import strawberry

from gateway.roster.listing import List
from gateway.roster.reading import SourceOutcome
from gateway.schema.arguments import given
from gateway.schema.context import Info
from gateway.schema.enums import ErrorCode, SourceState
from gateway.schema.fields import computed, over, plain
from gateway.schema.scalars import DateTime, instant
from gateway.schema.sources import Source

T = TypeVar("T")

States = Annotated[
    list[SourceState] | None,
    strawberry.argument(description="Only sources in these states; null or absent: those that are not FRESH."),
]


class HasCursors(Protocol):
    def cursor(self, index: int) -> str: ...


class Bounds(msgspec.Struct, frozen=True):
    """What is said of a page: whether others come before and after it; and its cursors, made if they are asked for.

    count: of its records.
    """

    page: HasCursors
    count: int
    has_next_page: bool
    has_previous_page: bool

    def cursor(self, index: int) -> str | None:
        """None where the page is empty."""
        return self.page.cursor(index % self.count) if self.count else None


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    is_type_of = over(Bounds)

    has_next_page: bool = plain("Whether more follow; ask with `after: endCursor`.")
    has_previous_page: bool = plain("Whether this page came after a cursor.")
    start_cursor: str | None = computed(
        lambda root: root.cursor(0), "Cursor of the first record of the page; null when it is empty."
    )
    end_cursor: str | None = computed(
        lambda root: root.cursor(-1),
        "Cursor of the last record of the page, for the next page; null when it is empty.",
    )


class Placed(msgspec.Struct, frozen=True, gc=False):
    """What stands on a page, by its place there. Its cursor is made only if it is asked for."""

    page: HasCursors
    index: int
    node: Any


@strawberry.type(description="A record and its place in a list.")
class Edge(Generic[T]):
    is_type_of = over(Placed)

    cursor: str = computed(
        lambda root: root.page.cursor(root.index), "Its place: pass it as `after` to go on behind it."
    )
    node: T = plain("The record.")


def _source(root: SourceOutcome, info: Info) -> Any:
    reading = info.context.reading
    return reading.sources.get(root.source, reading.grant)


@strawberry.type(description="How one source stood while a list was read.")
class SourceReport:
    is_type_of = over(SourceOutcome)

    source: Source = computed(_source, "Which source.")
    state: SourceState = plain("How it stood.")
    as_of: DateTime | None = computed(lambda root: instant(root.as_of), "When what it contributes was read.")
    code: ErrorCode | None = plain("What went wrong, if anything.")
    retry_after: int | None = computed(
        lambda root: None if root.retry_after is None else round(root.retry_after),
        "Seconds after which it may be asked again, as far as is known.",
    )
    progress: float | None = plain("How much of it has been read, from 0 to 1, while it is LOADING; null if unknown.")
    rows_here: int | None = computed(lambda root: root.rows, "How many of the page's records are its own.")
    rejected: int | None = plain(
        "Records that it sent for this list and that could not be read; null where there are some, and the client may "
        "not read all of its records."
    )
    unknown_status: int | None = computed(
        lambda root: root.unknown,
        "Records of this kind that it has with a status that is neither active nor deleted: they are in no list unless "
        "`status` asks for UNKNOWN. Null where not all of its records are held, or not all may be read.",
        "status",
    )


def _bounds(root: List) -> Bounds:
    page = root.page
    return Bounds(root, len(page.records), page.has_next, page.has_previous)


def edges(page: HasCursors, rows: Sequence[Any]) -> list[Placed]:
    return [Placed(page, index, row) for index, row in enumerate(rows)]


async def _total(root: List) -> int | None:
    return await root.total()


def _reports(root: List, state: States = strawberry.UNSET) -> list[SourceOutcome]:
    wanted = given(state)
    if wanted is None:
        return [o for o in root.page.outcomes if o.state is not SourceState.FRESH]
    return [o for o in root.page.outcomes if o.state in wanted]


@strawberry.interface(description="What every page of records has, whatever it lists.")
class RosterPage:
    page_info: PageInfo = computed(_bounds, "Where the page stands in the list.")
    total_count: int | None = computed(
        _total, "How many records the whole list has: exact, or null when not every source in scope has told."
    )
    complete: bool = computed(
        lambda root: root.page.complete,
        "True when no source in scope is missing or short, on this page and on all before it in this walk.",
    )
    as_of: DateTime | None = computed(
        lambda root: instant(root.page.as_of), "When the oldest of what is shown was read."
    )
    snapshot: str | None = computed(
        lambda root: root.snapshot,
        "The version of the data that the page was read from: pass it as `read: { snapshot }` for the other pages. "
        "Asking for it has every source in scope read whole. null for lists below a record, for those that must be "
        "narrowed by a filter, and where a collection is too large to be held.",
    )
    sources: list[SourceReport] = computed(
        _reports, "How the sources stood that were read for this page: by default those that are not FRESH."
    )


@strawberry.type(description="A page of a list: ordered by source key, then by sourcedId.")
class Connection(RosterPage, Generic[T]):
    is_type_of = over(List)

    nodes: list[T] = computed(lambda root: root.page.records, "The records of the page.")
    edges: list[Edge[T]] = computed(
        lambda root: edges(root, root.page.records), "The records of the page, each with its cursor."
    )
