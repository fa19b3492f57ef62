"""Code made for one plan: columns taken from objects, and rows made of columns, as fast as Python does it.

Names of fields in the answer enter it as quoted literals, or as what a field of a row is called in JSON; names of
attributes come from the schema. Nothing else of a request is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from keyword import iskeyword
from operator import attrgetter
from typing import Any, TypeAlias

import msgspec

Column: TypeAlias = Sequence[Any]
"""One value for each row."""

Build: TypeAlias = Callable[[int, Sequence[Column]], list[Any]]
"""How many rows there are, and a column for each field that is no constant, to rows."""

Keys: TypeAlias = Sequence[tuple[str, str | None]]
"""Names in the answer, each with its value where that is the same in every row."""

Leaves: TypeAlias = Callable[[Column], list[Any]]
"""Of objects, a column for each field that is no constant; None for one that is no leaf."""

_BUILTINS = {"range": range, "zip": zip}
_LEAF_BUILTINS = {"KeyError": KeyError, "TypeError": TypeError, "map": map, "type": type}


@dataclass(frozen=True, slots=True)
class Taken:
    """How a column of leaves is made, and completed: in general, and of an attribute by its name.

    table: what its values are answered as. ready: classes of values that are answered as they are, if there are any.
    """

    attribute: str | None
    make: Callable[[Column], Column]
    complete: Callable[[Column], Column]
    table: Mapping[Any, str | None] | None = None
    ready: frozenset[type] | None = None


def display(keys: Keys) -> str:
    """The code that makes rows as dictionaries: a display is what Python builds fastest."""
    names = [None if constant is not None else f"v{n}" for n, (_, constant) in enumerate(keys)]
    row = ", ".join(f"{key!r}: {name or repr(value)}" for (key, value), name in zip(keys, names, strict=True))
    varying = [name for name in names if name is not None]
    if not varying:
        return f"lambda count, columns: [{{{row}}} for _ in range(count)]"
    if len(varying) == 1:
        return f"lambda count, columns: [{{{row}}} for {varying[0]} in columns[0]]"
    return f"lambda count, columns: [{{{row}}} for {', '.join(varying)} in zip(*columns)]"


def dicts(keys: Keys) -> Build:
    """Rows as dictionaries, for who goes on working with them."""
    built: Build = eval(compile(display(keys), "<rows>", "eval"), {"__builtins__": _BUILTINS})
    return built


def structs(keys: Keys) -> Build:
    """Rows as they are encoded fastest: objects of a class made for them, which the cyclic collector never sees."""
    row = row_class(tuple(key for key, _ in keys))
    constants = [None if value is None else repeat(value) for _, value in keys]
    if all(constants):
        return lambda count, columns: [row(*(value for _, value in keys))] * count
    if not any(constants):
        return lambda count, columns: list(map(row, *columns))

    def build(count: int, columns: Sequence[Column]) -> list[Any]:
        varying = iter(columns)
        return list(map(row, *[next(varying) if constant is None else constant for constant in constants]))

    return build


@lru_cache(1000)
def row_class(keys: tuple[str, ...]) -> type[msgspec.Struct]:
    """The class of rows that have these names in the answer, in this order."""
    names = [f"v{n}" for n in range(len(keys))]
    return msgspec.defstruct(
        "Row", [(name, Any) for name in names], gc=False, rename=dict(zip(names, keys, strict=True))
    )


@lru_cache(1000)
def attribute(name: str) -> Callable[[Sequence[Any]], list[Any]]:
    """The column of an attribute that the schema names."""
    if not _written(name):
        get = attrgetter(name)
        return lambda objects: list(map(get, objects))
    made: Callable[[Sequence[Any]], list[Any]] = eval(taken(name))
    return made


def taken(name: str) -> str:
    """The code that takes an attribute of many objects: a comprehension is twice as fast as `attrgetter`."""
    return f"lambda objects: [each.{name} for each in objects]"


def leaves(count: int, columns: Mapping[int, Taken]) -> Leaves:
    """All columns of leaves of objects, of so many columns in all."""
    names: dict[str, Any] = {"__builtins__": _LEAF_BUILTINS, "join": "".join}
    for number, each in columns.items():
        names |= {f"make{number}": each.make, f"complete{number}": each.complete, f"table{number}": each.table}
        names |= {f"fits{number}": (each.ready or frozenset()).issuperset}
    exec(compile(leaves_code(count, columns), "<leaves>", "exec"), names)
    made: Leaves = names["leaves"]
    return made


def leaves_code(count: int, columns: Mapping[int, Taken]) -> str:
    """The code of that. What an attribute is not as it should be is completed as anything is, value by value."""
    lines, strings = ["def leaves(objects):"], list[int]()
    for number, each in columns.items():
        written = each.attribute is not None and _written(each.attribute)
        made = f"[each.{each.attribute} for each in objects]" if written else f"make{number}(objects)"
        if each.table is not None and written:
            lines += ["    try:", f"        v{number} = [table{number}[each.{each.attribute}] for each in objects]"]
            lines += ["    except (KeyError, TypeError):", f"        v{number} = complete{number}({made})"]
        elif each.ready is None:
            lines.append(f"    v{number} = complete{number}({made})")
        else:
            lines.append(f"    v{number} = {made}")
            if str in each.ready:
                strings.append(number)
            else:
                lines.append(f"    if not fits{number}(map(type, v{number})):")
                lines.append(f"        v{number} = complete{number}(v{number})")
    if strings:
        lines += ["    try:", *(f"        join(v{number})" for number in strings), "    except TypeError:"]
        lines += [f"        v{number} = complete{number}(v{number})" for number in strings]
    row = ", ".join(f"v{number}" if number in columns else "None" for number in range(count))
    return "\n".join([*lines, f"    return [{row}]"])


def _written(name: str) -> bool:
    """Whether an attribute can be written as code."""
    return all(part.isidentifier() and not iskeyword(part) for part in name.split("."))
