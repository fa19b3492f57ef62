"""The schema as text, ordered to be read from top to bottom."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from graphql import (
    GraphQLDirective,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_introspection_type,
    is_specified_directive,
    is_specified_scalar_type,
)
from graphql.utilities import print_directive, print_type
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.base import StrawberryObjectDefinition

from gateway.schema.personal import PII


def printed(schema: GraphQLSchema) -> str:
    """Query, interfaces, records, sources, pages, Mutation, inputs, enums, scalars, each in order of first mention.

    What is only a part of others stands behind the first that has it: the roles of a person behind the person.
    """
    types = list(_reached(schema))
    heads = sorted((t for t in types if not _is_part(t)), key=_section)
    told: dict[str, GraphQLNamedType] = {}
    for head in heads:
        _tell(head, told)
    return "\n\n".join([*map(_text, told.values()), *map(print_directive, _own_directives(schema))]) + "\n"


def _own_directives(schema: GraphQLSchema) -> list[GraphQLDirective]:
    return [each for each in schema.directives if not is_specified_directive(each)]


def _text(named: GraphQLNamedType) -> str:
    """graphql-core prints no directives, but clients must know of `@oneOf`, which Strawberry keeps, and of `@pii`."""
    text = "\n".join(_classed(named, print_type(named).split("\n")))
    definition = named.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if isinstance(definition, StrawberryObjectDefinition) and definition.is_one_of:
        return text.replace(f"input {named.name} {{", f"input {named.name} @oneOf {{")
    return text


def _classed(named: GraphQLNamedType, lines: Iterable[str]) -> Iterator[str]:
    """The lines of a type, with `@pii` behind the elements that have a class."""
    members: Mapping[str, Any] = getattr(named, "fields", None) or getattr(named, "values", {})
    described, field = False, ""
    for line in lines:
        described ^= line.count('"""') % 2 == 1
        found = _MEMBER.match(line)
        if described or '"""' in line or found is None:
            yield line
            continue
        indent, name = found.groups()
        if indent == "  " and name:
            field = name
        element = members.get(field)
        if len(indent) > 2:
            element = element.args.get(name) if element is not None else None
        opens = line.endswith("(")
        field_class = element.extensions.get(PII) if element is not None and not opens else None
        yield line if field_class is None else f"{line} @pii(class: {field_class.value})"


_MEMBER = re.compile(r"^(  |    )(?:(\w+)|\))")
"""A member of a type, an argument of one, or the end of its arguments."""


def _tell(current: GraphQLNamedType, told: dict[str, GraphQLNamedType]) -> None:
    """Notes a type, and what is a part of it and not noted yet."""
    told[current.name] = current
    for named in _mentioned(current):
        if _is_part(named) and named.name not in told:
            _tell(named, told)


def _reached(schema: GraphQLSchema) -> Iterator[GraphQLNamedType]:
    """The types, breadth first from the roots."""
    ahead: list[GraphQLNamedType] = [root for root in (schema.query_type, schema.mutation_type) if root is not None]
    ahead += [get_named_type(a.type) for each in _own_directives(schema) for a in each.args.values()]
    seen = {t.name for t in ahead}
    while ahead:
        current, *ahead = ahead
        yield current
        for named in _mentioned(current):
            if named.name not in seen and not is_specified_scalar_type(named) and not is_introspection_type(named):
                seen.add(named.name)
                ahead.append(named)


def _mentioned(current: GraphQLNamedType) -> Iterator[GraphQLNamedType]:
    yield from getattr(current, "interfaces", ())
    for field in getattr(current, "fields", {}).values():
        yield get_named_type(field.type)
        for argument in getattr(field, "args", {}).values():
            yield get_named_type(argument.type)


def _is_part(named: GraphQLNamedType) -> bool:
    """Whether it is a value inside of others: neither a root, nor a page, nor fetched by itself."""
    heads = ("Query", "Mutation", "Connection")
    return isinstance(named, GraphQLObjectType) and not named.interfaces and not named.name.endswith(heads)


def _section(named: GraphQLNamedType) -> int:
    match named:
        case GraphQLObjectType(name="Query"):
            return 0
        case GraphQLInterfaceType():
            return 1
        case GraphQLObjectType(name="Mutation"):
            return 5
        case GraphQLObjectType(name=name) if name.endswith("Connection"):
            return 4
        case GraphQLObjectType(interfaces=interfaces):
            return 2 if "RosterObject" in {i.name for i in interfaces} else 3
        case GraphQLInputObjectType():
            return 6
        case GraphQLEnumType():
            return 7
    return 8
