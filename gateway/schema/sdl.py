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
    """Query, interfaces, records, sources, pages, Mutation, inputs, enums, scalars, each in order of first mention.

    What is only a part of others stands behind the first that has it: the roles of a person behind the person.
    """
    types = list(_reached(schema))
    heads = sorted((t for t in types if not _is_part(t)), key=_section)
    told: dict[str, GraphQLNamedType] = {}
    for head in heads:
        _tell(head, told)
    return "\n\n".join(map(_text, told.values())) + "\n"


def _text(named: GraphQLNamedType) -> str:
    """graphql-core prints no directives, but clients must know of `@oneOf`, which Strawberry keeps."""
    text = print_type(named)
    definition = named.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if isinstance(definition, StrawberryObjectDefinition) and definition.is_one_of:
        return text.replace(f"input {named.name} {{", f"input {named.name} @oneOf {{")
    return text


def _tell(current: GraphQLNamedType, told: dict[str, GraphQLNamedType]) -> None:
    """Notes a type, and what is a part of it and not noted yet."""
    told[current.name] = current
    for named in _mentioned(current):
        if _is_part(named) and named.name not in told:
            _tell(named, told)


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
