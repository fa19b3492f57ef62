"""What a resolver is handed beside its record: the operation's reading, and where in the document it stands."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import strawberry

from gateway.roster.reading import Place, Reading


@dataclass(frozen=True, slots=True)
class Context:
    """Lives as long as one operation."""

    reading: Reading


Info: TypeAlias = strawberry.Info[Context, None]


def place(info: Info) -> Callable[[], Place]:
    """Where the field stands, worked out only when something went wrong there."""
    raw = info._raw_info
    return lambda: Place(path=tuple(raw.path.as_list()), nodes=tuple(raw.field_nodes))
