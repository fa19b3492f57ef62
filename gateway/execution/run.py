"""One run of a plan for one request: what it is run with, and what has come of it so far."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from graphql import GraphQLError, located_error
from graphql.execution.values import VariableValues
from strawberry.schema import Schema

from gateway.execution.at_once import Allowance
from gateway.execution.completing import Anomaly
from gateway.execution.frame import Frame
from gateway.execution.kept import KeptRows
from gateway.execution.level import FieldRows, Level
from gateway.execution.pace import Pace
from gateway.execution.plan import Field, Plan, Selection
from gateway.execution.rows import Form
from gateway.roster.reading import Reading
from gateway.schema.context import Context
from gateway.schema.fields import sources_of

Where: TypeAlias = tuple[Frame, int]
"""A field of a frame, by its number."""


@dataclass(slots=True, eq=False)
class Run:
    """roots: what the root fields' resolvers gave, by their names in the answer. called: what they returned, as long as
    nobody has awaited it, or told of it. frames: each after the one that it is below. coming: values of fields that
    have to be awaited, and that nobody awaits yet.
    """

    plan: Plan
    schema: Schema
    context: Context
    variables: VariableValues
    root_value: Any = None
    form: Form = Form.DICTS
    kept: KeptRows = field(default_factory=KeptRows)
    roots: dict[str, Any] = field(default_factory=dict)
    called: dict[str, Any] = field(default_factory=dict)
    errors: list[GraphQLError] = field(default_factory=list)
    pace: Pace = field(default_factory=Pace)
    frames: list[Frame] = field(default_factory=list)
    coming: list[tuple[Where, Awaitable[list[Any]]]] = field(default_factory=list)
    allowance: Allowance = field(init=False)

    def __post_init__(self) -> None:
        self.allowance = Allowance(self.form, self.kept, self.context.cost, shown=self.context.shown)

    def reading(self, level: Level) -> Reading:
        """What is below these rows is to be read with this."""
        return self.reading_below(level.root or "")

    def reading_below(self, root: str) -> Reading:
        """The same of a root field, by its name in the answer."""
        context = self.context
        return context.below.get(root, context.reading) if context.below else context.reading

    def forget_met(self) -> None:
        """What was made so far is made anew."""
        self.context.cost.restart()
        self.allowance.withheld.clear()
        if self.context.shown is not None:
            self.context.shown.forget()

    def tell_withheld(self) -> None:
        """Tells of the fields that no source shows: of the first object that has each, from the outermost to the
        innermost.
        """
        if not self.allowance.withheld:
            return
        found = [(each.level(), each) for each in self.allowance.withheld]
        for level, (selection, objects, times, _) in sorted(found, key=lambda pair: pair[0].depth):
            [source] = sources_of(objects[:1])
            for each, field_class in selection.withheld:
                self.reading(level).outcomes.withheld(FieldRows(level, each).place(0), source, field_class, times)

    def open(self, selection: Selection, objects: Sequence[Any], level: Level, times: int) -> Frame:
        """Has a selection asked of objects, none of which is None."""
        frame = Frame(selection, objects, level, times, [()] * len(selection.columns))
        self.frames.append(frame)
        return frame

    def failed(self, level: Level, each: Field, row: int, error: BaseException) -> None:
        """Tells of a field that failed and may be null."""
        if not isinstance(error, Exception):
            raise error
        if not each.completed.nullable or level.weights is not None:
            raise Anomaly from error
        self.errors.append(located_error(error, list(each.nodes), list(FieldRows(level, each).path(row))))
