"""The arguments that lists share, and what they mean."""

from collections.abc import Sequence
from typing import Annotated, TypeAlias, TypeVar

import strawberry

from adapters.predicate import Predicate, among
from gateway.faults import BadInput
from gateway.schema.enums import EnrollmentRole, RecordStatus
from gateway.schema.scalars import Day

T = TypeVar("T")

MAX_FIRST = 10_000
DEFAULT_FIRST = 50
ACTIVE = (RecordStatus.ACTIVE,)
PAGING = frozenset({"first", "after", "last", "before"})
"""The arguments that say which page of a list."""

First: TypeAlias = Annotated[
    int | None,
    strawberry.argument(description=f"Page size: at most so many, from 0 (only counts are wanted) to {MAX_FIRST:,}."),
]
After: TypeAlias = Annotated[
    str | None,
    strawberry.argument(
        description="For the next page, a cursor of this list with the same arguments: go on after it."
    ),
]
Last: TypeAlias = Annotated[
    int | None,
    strawberry.argument(description=f"In place of first: at most so many from the end of the list, to {MAX_FIRST:,}."),
]
Before: TypeAlias = Annotated[
    str | None,
    strawberry.argument(description="With last: a cursor of this list with the same arguments; end before it."),
]
Status: TypeAlias = Annotated[
    list[RecordStatus] | None,
    strawberry.argument(description="Records of these statuses; null: of any. OneRoster: `status`."),
]
Roles: TypeAlias = Annotated[
    list[EnrollmentRole] | None,
    strawberry.argument(name="role", description="Only these roles in the class; null or absent: any."),
]
EffectiveOn: TypeAlias = Annotated[
    Day | None,
    strawberry.argument(
        name="effectiveOn",
        description="Only those in effect on this day, from `effectiveFrom` to `effectiveTo`; null or absent: any.",
    ),
]
On: TypeAlias = Annotated[
    Day | None,
    strawberry.argument(name="on", description="The day to look at; null: any day, past and future included."),
]
SourceNames: TypeAlias = Annotated[
    list[strawberry.ID] | None,
    strawberry.argument(description="Keys or global ids of the sources to read; null or absent: all."),
]


def given(value: T | None) -> T | None:
    """An argument that may be left out: absent is null."""
    return None if value is strawberry.UNSET else value


def page_size(size: int | None, name: str) -> int:
    """Raises:
    BadInput: out of bounds.
    """
    if size is None:
        return DEFAULT_FIRST
    if not 0 <= size <= MAX_FIRST:
        raise BadInput(f"{name}: {size} is out of bounds; from 0 to {MAX_FIRST}")
    return size


def one_of(field: str, values: Sequence[RecordStatus | EnrollmentRole] | None) -> Predicate | None:
    """`field` has one of `values`; None for any."""
    if values is None:
        return None
    return among(field, (value.value for value in values))
