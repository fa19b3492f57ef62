"""A plan run level by level: each field once for all objects of a level, and the rows last, from their columns.

There is nothing here for what cannot be: a null where the schema allows none, a value of another type. At the first of
these the run ends as an `Anomaly`, and the operation is executed again, with care (`gateway.execution.careful`).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from gateway.execution import outermost
from gateway.execution.below import descend
from gateway.execution.completing import Anomaly
from gateway.execution.frame import Frame
from gateway.execution.level import TOP
from gateway.execution.rows import build
from gateway.execution.run import Run, Where
from gateway.execution.values import values_of


async def data(run: Run) -> Any:
    """The answer's one outermost row.

    Raises:
    Anomaly: the answer is not as the schema has it.
    """
    row = outermost.row(run)
    if row is None:
        row = await _by_levels(run)
    run.tell_withheld()
    return row


async def _by_levels(run: Run) -> Any:
    run.open(run.plan.root, [run.root_value], TOP, 1)
    filling = _Filling(run)
    try:
        await filling.all()
    except BaseException as error:
        await filling.end(cancelled=isinstance(error, asyncio.CancelledError))
        raise
    for frame in run.frames:
        run.allowance.met(frame.selection, frame.objects, frame.times, frame.find_level)
    return await build(run.frames, run.form, run.pace)


@dataclass(slots=True)
class _Filling:
    """Fills the frames of a run. A field that has to wait for its source holds up nothing but what is below it."""

    run: Run
    waiting: dict[asyncio.Future[list[Any]], Where] = field(default_factory=dict)

    async def all(self) -> None:
        frames, coming, filled = self.run.frames, self.run.coming, 0
        while True:
            while filled < len(frames):
                await self._fill(frames[filled])
                filled += 1
                if filled < len(frames):
                    self._start()
            if len(coming) == 1 and not self.waiting:
                where, values = coming.pop()
                self._take(*where, await values)  # without a turn of the event loop, if it need not wait
                continue
            self._start()
            if not self.waiting:
                return
            done, _ = await asyncio.wait(self.waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                self._take(*self.waiting.pop(task), task.result())
                await self.run.pace.breathe()

    async def end(self, cancelled: bool) -> None:
        """Waits for all that was begun: nothing reads on behind our back."""
        for value in self.run.called.values():
            if asyncio.iscoroutine(value):
                value.close()
        self._start()
        if cancelled and self.waiting:
            await asyncio.sleep(0)  # what has not begun would leave coroutines behind that nobody awaits
            for task in self.waiting:
                task.cancel()
        if self.waiting:
            await asyncio.gather(*self.waiting, return_exceptions=True)

    async def _fill(self, frame: Frame) -> None:
        pace = self.run.pace
        try:
            for number, made, completed in frame.selection.leaves:
                frame.columns[number] = completed(made(frame.objects))
        except Exception as error:
            raise Anomaly from error
        for number, each in frame.selection.others:
            values = values_of(self.run, each, frame.objects, frame.level)
            if isinstance(values, list):
                self._take(frame, number, values)
            else:
                self.run.coming.append(((frame, number), values))
            if pace.late:
                await pace.breathe()

    def _take(self, frame: Frame, number: int, values: list[Any]) -> None:
        """Completes the values of a field."""
        each = frame.selection.columns[number]
        if each.complete is not None:
            frame.columns[number] = each.complete(values)
        else:
            frame.columns[number] = descend(self.run, frame, each, values)

    def _start(self) -> None:
        """Has all that is coming begin."""
        for where, values in self.run.coming:
            self.waiting[asyncio.ensure_future(values)] = where
        self.run.coming.clear()
