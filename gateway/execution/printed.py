"""A plan as text, for people: where the values of each field come from, and the code that was made for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from graphql import print_ast
from msgspec.structs import fields

from gateway.execution import generate
from gateway.execution.plan import Attribute, Call, Constant, Field, Follow, Objects, Plan, Selection
from gateway.schema.relations import Cardinality, Relation

_CALLS = {
    Cardinality.ONE: "follow",
    Cardinality.SEVERAL: "follow_all",
    Cardinality.COMPANION: "lookup",
    Cardinality.CHILDREN: "children",
}
"""What of `gateway.roster.levels.LevelReader` reads a relation."""


Line: TypeAlias = tuple[str, str, str, str]

_STEP = "  "


def tree(plan: Plan) -> str:
    """Level, field, type and origin: one line for each field, below the field that leads to it."""
    lines = [("level", "field", "type", "from"), *_fields(plan.root, 0)]
    widths = [max(map(len, column)) for column in zip(*(line for line in lines if line[-1]), strict=True)]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def code(plan: Plan) -> str:
    """What was made for each selection, and where it stands; what is the same for several is told once."""
    made: dict[str, list[str]] = {}
    for place, selection in _selections(plan.root, ()):
        made.setdefault(_code(selection), []).append(place)
    return "\n\n".join("\n".join([*places, text]) for text, places in made.items())


# ---------------------------------------------------------------- the tree


def _fields(selection: Selection, level: int, indent: str = "") -> Iterator[Line]:
    for each in selection.fields:
        yield str(level), indent + _asked(each), _type(each), _origin(each, level)
        below = _below(each)
        if len(below) == 1:
            yield from _fields(below[0], level + 1, indent + _STEP)
        else:
            yield from _by_type(below, level + 1, indent + _STEP)


def _by_type(selections: Sequence[Selection], level: int, indent: str) -> Iterator[Line]:
    """What is asked of each type, told once for those of which the same is asked."""
    told: dict[tuple[Line, ...], list[str]] = {}
    for each in filter(_asks, selections):
        told.setdefault(tuple(_fields(each, level, indent + _STEP)), []).append(each.type.name)
    for lines, types in told.items():
        yield str(level), f"{indent}... on {' | '.join(types)}", "", ""
        yield from lines


def _asks(selection: Selection) -> bool:
    return bool(selection.fields)


def _below(each: Field) -> Sequence[Selection]:
    of = each.shape.of if each.shape is not None else None
    return tuple(of.selections.values()) if isinstance(of, Objects) else ()


def _asked(each: Field) -> str:
    node = each.nodes[0]
    name = node.name.value if node.name.value == each.key else f"{each.key}: {node.name.value}"
    arguments = ", ".join(map(print_ast, node.arguments or ()))
    return f"{name}({arguments})" if arguments else name


def _type(each: Field) -> str:
    return "String!" if isinstance(each.origin, Constant) else str(each.definition.type)


def _origin(each: Field, level: int) -> str:
    found = _taken_from(each, level)
    return found if each.guard is None else f"{found}; null without {each.guard.field_class}"


def _taken_from(each: Field, level: int) -> str:
    match each.origin:
        case Constant(value):
            return f"always {value}"
        case Attribute(name):
            return f"attribute {name}"
        case Follow(relation):
            return "; ".join([f"{_read(relation)}, one read for all rows", *_besides(each, relation)])
        case Call() as call:
            return _called(call) if level else "resolver"
    raise AssertionError(each.origin)


def _read(relation: Relation) -> str:
    return f"{_CALLS[relation.cardinality]}({relation.kind} by {relation.key})"


def _besides(each: Field, relation: Relation) -> Iterator[str]:
    of = each.completed.of
    if isinstance(of, Objects) and of.shareable and relation.cardinality is not Cardinality.CHILDREN:
        yield "each record built once"
    if relation.alone:
        yield f"with {' or '.join(relation.alone)}: resolver, row by row"


def _called(call: Call) -> str:
    if call.column is not None:
        return "resolver, one call for all rows"
    return "resolver, row by row, awaited together" if call.waits else "resolver, row by row"


# ---------------------------------------------------------------- the code


def _selections(selection: Selection, path: tuple[str, ...]) -> Iterator[tuple[str, Selection]]:
    yield ": ".join([*([".".join(path)] if path else []), selection.type.name]), selection
    for each in selection.fields:
        for inner in filter(_asks, _below(each)):
            yield from _selections(inner, (*path, each.key))


def _code(selection: Selection) -> str:
    lines = [("rows", generate.display(selection.keys))]
    row = generate.row_class(tuple(each.key for each in selection.fields))
    lines.append(("encoded", f"Row({', '.join(field.encode_name for field in fields(row))})"))
    for each in selection.columns:
        if isinstance(each.origin, Attribute):
            lines.append((each.origin.name, generate.taken(each.origin.name)))
    if going := _in_one_go(selection):
        lines.append(("in one go", going))
    width = max(len(name) for name, _ in dict.fromkeys(lines))
    code = [f"{name:<{width}}  {text}" for name, text in dict.fromkeys(lines)]
    if selection.taken:
        code += generate.leaves_code(len(selection.columns), selection.taken).splitlines()
    return "\n".join(_STEP + line for line in code)


def _in_one_go(selection: Selection) -> str:
    """What is made with the rows where all of it is held (`at_once`, `outermost`), by the number of its column."""
    branches = ((branch.number, _read(branch.relation)) for branch in selection.branches or ())
    parts = ((part.number, "resolver") for part in selection.parts or selection.roots or ())
    return ", ".join(f"v{number} = {origin}" for number, origin in (*branches, *parts))
