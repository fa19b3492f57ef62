"""Objects that stand in the answer, as what is to be told of them goes by: who they are, how often, and where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from gateway.execution.level import Level
from gateway.execution.plan import Selection

FindLevel: TypeAlias = Callable[[], Level]
"""Made only when something is to be told of objects."""


class Reached(NamedTuple):
    """Objects of which a selection was answered. times: in how many places they stand, all together."""

    selection: Selection
    objects: Sequence[Any]
    times: int
    level: FindLevel
