"""`read`: how a list, and all that is followed from its records, is read."""

from typing import Annotated, Any, TypeAlias

import strawberry

from gateway.faults import BadInput
from gateway.roster.reading import BY_DEFAULT
from gateway.roster.reading import ReadOptions as Options
from gateway.schema.arguments import given
from gateway.schema.enums import OnSourceFailure, Reach


def _either(text: str) -> Any:
    return strawberry.field(
        default=strawberry.UNSET, description=f"{text}; absent: any. Together with `sources`, both must hold."
    )


def _knob(text: str, default: object = strawberry.UNSET) -> Any:
    return strawberry.field(default=default, description=text)


@strawberry.input(
    description="How a list is read, and with it all that is followed from its records. Each knob has a default."
)
class ReadOptions:
    labels: list[str] | None = _either("Only sources with at least one of these labels")
    districts: list[str] | None = _either("Only sources of one of these districts")
    providers: list[str] | None = _either("Only sources served by one of these products")
    max_age: int | None = _knob(
        "Seconds, from 0: what was read longer ago, as the operation begins, is asked for anew, here and in all that "
        "is followed from the records. Where that cannot be, because the source fails, has its quiet hours, has had "
        "its requests of the day or is not to be asked, what is held serves as STALE."
    )
    reach: Reach | None = _knob("Whether sources are asked for what is not held.", Reach.AUTO)
    on_source_failure: OnSourceFailure | None = _knob(
        "What becomes of the list when a source cannot answer.", OnSourceFailure.REPORT
    )
    deadline_ms: int | None = _knob(
        "Milliseconds, from 1, after which what has not come is left out as DEADLINE_EXCEEDED; the operation's own "
        "time limit is never raised."
    )
    snapshot: str | None = _knob(
        "The version of the data to read, from `snapshot` of an earlier page of the same list, so that all pages show "
        "one and the same: no source is asked then, and what an earlier page had to do without stays missing. Held for "
        "a quarter of an hour after it was last asked for, else CURSOR_EXPIRED. What is followed from the records is "
        "read as it is now."
    )


Read: TypeAlias = Annotated[ReadOptions | None, strawberry.argument(description="How to read.")]


def options(read: ReadOptions | None) -> Options:
    """What `read` says; null is as absent, but where it would choose more sources than were meant.

    Raises:
        BadInput: a value is out of bounds.
    """
    said = given(read)
    if said is None:
        return BY_DEFAULT
    max_age = given(said.max_age)
    if max_age is not None and max_age < 0:
        raise BadInput(f"read.maxAge: {max_age} is out of bounds; from 0")
    milliseconds = given(said.deadline_ms)
    if milliseconds is not None and milliseconds < 1:
        raise BadInput(f"read.deadlineMs: {milliseconds} is out of bounds; from 1")
    return Options(
        labels=_chosen("labels", said.labels),
        districts=_chosen("districts", said.districts),
        providers=_chosen("providers", said.providers),
        max_age=max_age,
        reach=given(said.reach) or Reach.AUTO,
        on_source_failure=given(said.on_source_failure) or OnSourceFailure.REPORT,
        seconds=None if milliseconds is None else milliseconds / 1000,
        snapshot=given(said.snapshot),
    )


def _chosen(name: str, values: list[str] | None) -> tuple[str, ...] | None:
    if values is strawberry.UNSET:
        return None
    if not values:
        told = "null" if values is None else "an empty list"
        raise BadInput(f"read.{name}: {told} chooses nothing; leave it out for any")
    return tuple(dict.fromkeys(values))
