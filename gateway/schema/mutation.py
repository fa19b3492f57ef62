"""What can be done: to the gateway's own copies of sources' data. Nothing is written to a source."""

from collections.abc import Iterable
from typing import Annotated, Any

import strawberry

from gateway.roster.reading import Complaint, HoldChoice
from gateway.schema.arguments import given
from gateway.schema.context import Info
from gateway.schema.enums import ErrorCode, RecordType
from gateway.schema.fields import computed, plain
from gateway.schema.node import parse_hold_id
from gateway.schema.sources import Hold, Source


def _choice(text: str) -> Any:
    return strawberry.field(default=strawberry.UNSET, description=text)


@strawberry.input(description="Which source to read anew, and what of it.")
class RefreshSourceInput:
    source: strawberry.ID = strawberry.field(description="Key or global id of the source.")
    collections: list[RecordType] | None = _choice(
        "Kinds of records to read anew; null or absent: all of which records have been read."
    )
    full: bool | None = strawberry.field(
        default=False,
        description="true: read everything again, which also shows what was deleted without a word. false: ask for "
        "changes alone where the source can tell them.",
    )


@strawberry.input(
    description="Which holds, and what becomes of them. Give sources, labels or holds; of several, what all of them "
    "choose. Without any, nothing is decided."
)
class DecideHoldsInput:
    sources: list[strawberry.ID] | None = _choice("Keys or global ids of sources.")
    labels: list[str] | None = _choice("Sources with at least one of these labels.")
    collections: list[RecordType] | None = _choice("Only holds of these kinds of records; null or absent: of any.")
    holds: list[strawberry.ID] | None = _choice(
        "Only these, by global id: a reading that came after the one that was looked at is not decided by accident."
    )
    accept: bool = strawberry.field(
        description="true: what is held back is served from now on. false: it is dropped, and the copy from before "
        "goes on; the next reading is judged anew."
    )


@strawberry.type(description="Something that was asked for and not done.")
class UserError:
    code: ErrorCode = plain("What is wrong.")
    message: str = plain("What is wrong, for people.")
    field: list[str] | None = plain("The input field that is to blame, from the argument on; null if it is not one.")


@strawberry.type(description="What became of a request to read a source anew.")
class RefreshSourcePayload:
    source: Source | None = plain(
        "The source; its collections are LOADING until they have been read. null if there is none of that name."
    )
    user_errors: list[UserError] = plain("What was not begun, and why; empty when everything was.")


@strawberry.type(description="What became of a decision on holds.")
class DecideHoldsPayload:
    holds: list[Hold] = plain("The holds that were decided; they are no more.")
    user_errors: list[UserError] = plain("What was not decided, and why; empty when everything was.")


def _told(complaints: Iterable[Complaint]) -> list[UserError]:
    return [
        UserError(code=c.code, message=c.message, field=["input", c.argument] if c.argument is not None else None)
        for c in complaints
    ]


def _refreshed(source: Any, complaints: Iterable[Complaint]) -> RefreshSourcePayload:
    return RefreshSourcePayload(source=source, user_errors=_told(complaints))


async def _refresh_source(
    info: Info, input_: Annotated[RefreshSourceInput, strawberry.argument(name="input", description="What to read.")]
) -> RefreshSourcePayload:
    reading, full = info.context.reading, bool(given(input_.full))
    return _refreshed(*await reading.refresh(input_.source, given(input_.collections), full))


def _decided(holds: Any, complaints: Iterable[Complaint]) -> DecideHoldsPayload:
    return DecideHoldsPayload(holds=holds, user_errors=_told(complaints))


async def _decide_holds(
    info: Info, input_: Annotated[DecideHoldsInput, strawberry.argument(name="input", description="What to decide.")]
) -> DecideHoldsPayload:
    ids = given(input_.holds)
    names = [parse_hold_id(each) for each in ids] if ids is not None else None
    if names is not None and None in names:
        return _decided([], [Complaint(ErrorCode.BAD_USER_INPUT, "an id that is none of a hold", "holds")])
    named = [name for name in names if name is not None] if names is not None else None
    choice = HoldChoice(given(input_.sources), given(input_.labels), given(input_.collections), named)
    return _decided(*await info.context.reading.decide_holds(choice, input_.accept))


@strawberry.type(description="What can be done to the gateway's own copies. Nothing is written to a source.")
class Mutation:
    refresh_source: RefreshSourcePayload = computed(
        _refresh_source,
        "Begins to read collections of a source anew, whatever is held of them, and answers at once: the reading "
        "goes on in the background, and the source's collections tell how it went. A source that is down is no user "
        "error: its state tells.",
    )
    decide_holds: DecideHoldsPayload = computed(
        _decide_holds, "Accepts or refuses what the shrink guard holds back, of as many sources as are chosen."
    )
