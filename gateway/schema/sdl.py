"""The schema as text, ordered to be read from top to bottom."""

from collections.abc import Iterator

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_introspection_type,
    is_specified_scalar_type,
)
from graphql.utilities import print_type
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.base import StrawberryObjectDefinition


def printed(schema: GraphQLSchema) -> str:
    """Query and Mutation, interfaces, objects, pages, inputs, enums, scalars, each in order of first mention."""
    types = list(_reached(schema))
    types.sort(key=_section)
    return "\n\n".join(map(_text, types)) + "\n"


def _text(named: GraphQLNamedType) -> str:
    """Directives are Strawberry's to know, so `@oneOf` is put in where it belongs."""
    text = print_type(named)
    definition = named.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if isinstance(definition, StrawberryObjectDefinition) and definition.is_one_of:
        return text.replace(f"input {named.name} {{", f"input {named.name} @oneOf {{")
    return text


def _reached(schema: GraphQLSchema) -> Iterator[GraphQLNamedType]:
    """The types, breadth first from the roots."""
    ahead: list[GraphQLNamedType] = [root for root in (schema.query_type, schema.mutation_type) if root is not None]
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


def _section(named: GraphQLNamedType) -> int:
    match named:
        case GraphQLObjectType(name="Query" | "Mutation"):
            return 0
        case GraphQLInterfaceType():
            return 1
        case GraphQLObjectType(name=name):
            return 3 if name.endswith(("Connection", "Edge")) else 2
        case GraphQLInputObjectType():
            return 4
        case GraphQLEnumType():
            return 5
    return 6
