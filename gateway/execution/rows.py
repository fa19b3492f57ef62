"""Rows built from their columns, from the innermost to the outermost: dictionaries, or what is encoded fastest."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from typing import Any

import msgspec

from gateway.execution.frame import Below, Frame
from gateway.execution.generate import Column
from gateway.execution.pace import Pace

CHUNK = 2000
"""Rows that are built at a stretch."""

MUCH = 50_000
"""Values of an answer above which rows are encoded a few at a time: all at once would hold the event loop up."""


class Form(Enum):
    """DICTS for who goes on working with the answer; STRUCTS for who encodes it and does nothing else."""

    DICTS = auto()
    STRUCTS = auto()


_encode = msgspec.json.Encoder().encode


async def build(frames: Sequence[Frame], form: Form, pace: Pace) -> Any:
    """The row of the first frame. Each frame comes after the one that it is below."""
    in_parts = form is Form.STRUCTS and sum(f.times * len(f.selection.fields) for f in frames) > MUCH
    for frame in reversed(frames):
        columns = [await _column(each, pace) if isinstance(each, Below) else each for each in frame.columns]
        frame.columns = []
        make = frame.selection.dicts if form is Form.DICTS else frame.selection.structs
        count = len(frame.objects)
        for start in range(0, count, CHUNK):
            part = columns if count <= CHUNK else [column[start : start + CHUNK] for column in columns]
            rows = make(min(CHUNK, count - start), part)
            frame.rows += map(msgspec.Raw, map(_encode, rows)) if in_parts and count > 1 else rows
            if pace.late:
                await pace.breathe()
    return frames[0].rows[0]


async def _column(below: Below, pace: Pace) -> Column:
    column = below.together()
    for step in below.steps:
        column = step(column)
        if pace.late:
            await pace.breathe()
    for frame, _ in below.frames:
        frame.rows = []
    return column
