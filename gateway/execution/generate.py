"""Rows built by code that is made for one selection: a display of a dictionary is what Python builds fastest.

Nothing of a request enters the code but names of fields in the answer, as quoted literals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gateway.execution.plan import Column

Build = Callable[[int, Sequence[Column]], list[dict[str, Any]]]


def source(keys: Sequence[tuple[str, str | None]]) -> str:
    """keys: names in the answer, each with its value where that is the same in every row.

    The function is handed how many rows there are, and a column for each of the others.
    """
    names = [None if constant is not None else f"v{n}" for n, (_, constant) in enumerate(keys)]
    display = ", ".join(f"{key!r}: {name or repr(value)}" for (key, value), name in zip(keys, names, strict=True))
    varying = [name for name in names if name is not None]
    if not varying:
        return f"lambda count, columns: [{{{display}}} for _ in range(count)]"
    if len(varying) == 1:
        return f"lambda count, columns: [{{{display}}} for {varying[0]} in columns[0]]"
    return f"lambda count, columns: [{{{display}}} for {', '.join(varying)} in zip(*columns)]"


def builder(keys: Sequence[tuple[str, str | None]]) -> Build:
    built: Build = eval(compile(source(keys), "<rows>", "eval"), {"__builtins__": {"range": range, "zip": zip}})
    return built
