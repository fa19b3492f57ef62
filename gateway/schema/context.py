"""What a resolver is handed beside its record: the operation's reading, and where in the document it stands."""

from collections.abc import Callable
from typing import TypeAlias

import msgspec
import strawberry

from gateway.access.points import Account
from gateway.roster.reading import Place, Reading
from gateway.schema.cost import Cost
from gateway.schema.shown import Shown


class Context(msgspec.Struct, frozen=True):
    """Lives as long as one operation. below: how to read on below a root field, by its name in the answer, where that
    differs from the operation's own reading. shown: is told which records the answer holds, if anybody wants to know.
    cost: what the operation costs. points: what its client may still ask for; None: whatever it likes.
    """

    reading: Reading
    below: dict[str | int, Reading] = msgspec.field(default_factory=dict)
    shown: Shown | None = None
    cost: Cost = msgspec.field(default_factory=Cost)
    points: Account | None = None


Info: TypeAlias = strawberry.Info[Context, None]


def reading_at(info: Info) -> Reading:
    """What the field is to be read with, by the root field that it stands below."""
    context = info.context
    return context.below.get(_root(info), context.reading) if context.below else context.reading


def below(info: Info, reading: Reading) -> None:
    """Has all below this root field read with `reading`."""
    if reading is not info.context.reading:
        info.context.below[_root(info)] = reading


def _root(info: Info) -> str | int:
    path = info._raw_info.path
    while path.prev is not None:
        path = path.prev
    return path.key


def place(info: Info) -> Callable[[], Place]:
    """Where the field stands, worked out only when something went wrong there."""
    raw = info._raw_info
    return lambda: Place(path=tuple(raw.path.as_list()), nodes=tuple(raw.field_nodes))
