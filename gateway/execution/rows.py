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

MUCH = 100_000
"""Values of an answer above which rows are encoded a few at a time: all at once would hold the event loop up."""

OFTEN = 4
"""Rows that stand so often in the answer are encoded once, and copied."""


class Form(Enum):
    """DICTS for who goes on working with the answer; STRUCTS for who encodes it and does nothing else."""

    DICTS = auto()
    STRUCTS = auto()


_encode = msgspec.json.Encoder().encode


def encoded(rows: Sequence[Any]) -> list[bytes]:
    """Each row as JSON."""
    return list(map(_encode, rows))


def as_bytes(rows: Sequence[Any]) -> list[Any]:
    """Rows that are encoded now, for what they stand in to be encoded."""
    if rows and type(rows[0]) is msgspec.Raw:
        return list(rows)
    return list(map(msgspec.Raw, map(_encode, rows)))


async def build(frames: Sequence[Frame], form: Form, pace: Pace) -> Any:
    """The row of the first frame. Each frame comes after the one that it is below."""
    much = sum([frame.times * len(frame.columns) for frame in frames]) > MUCH
    for frame in reversed(frames):
        selection, count = frame.selection, len(frame.objects)
        make = selection.dicts if form is Form.DICTS else selection.structs
        apart = form is Form.STRUCTS and ((much and count > 1) or frame.times >= OFTEN * count)
        columns = [_column(each) if isinstance(each, Below) else each for each in frame.columns]
        frame.columns = []
        for start in range(0, count, CHUNK):
            part = columns if count <= CHUNK else [column[start : start + CHUNK] for column in columns]
            rows = make(min(CHUNK, count - start), part)
            rows = as_bytes(rows) if apart else rows
            frame.rows.extend(rows)
            if pace.late:
                await pace.breathe()
    return frames[0].rows[0]


def _column(below: Below) -> Column:
    column = below.together()
    for step in below.steps:
        column = step(column)
    for frame, _ in below.frames:
        frame.rows = []
    return column
