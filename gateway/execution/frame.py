"""What has come of an operation so far: the objects of each selection, with a column for each of its fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from gateway.execution.generate import Column
from gateway.execution.level import Level
from gateway.execution.plan import Selection

Step: TypeAlias = Callable[[Column], Column]


@dataclass(slots=True, eq=False)
class Frame:
    """Objects of one type, none of which is None, and what has come of the fields that are asked of them.

    times: in how many places of the answer they stand, all together. rows: what is answered of them, once built.
    """

    selection: Selection
    objects: Sequence[Any]
    level: Level
    times: int
    columns: list[Column | Below]
    rows: list[Any] = field(default_factory=list)

    def find_level(self) -> Level:
        return self.level


@dataclass(slots=True, eq=False)
class Below:
    """A column of rows that are still to be built.

    frames: one for each type that the objects have, with their places if there are several. steps: what becomes of
    their rows one after the other until they are the column.
    """

    frames: list[tuple[Frame, Sequence[int]]] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    def together(self) -> Column:
        """The rows of all frames."""
        if len(self.frames) < 2:
            return self.frames[0][0].rows if self.frames else []
        rows: list[Any] = [None] * sum(len(places) for _, places in self.frames)
        for frame, places in self.frames:
            for place, row in zip(places, frame.rows, strict=True):
                rows[place] = row
        return rows
