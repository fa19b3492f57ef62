"""One value at a time to what is answered of it, or to why nothing can be: as graphql-core completes values."""

from __future__ import annotations

from types import NoneType
from typing import Any, cast

from graphql import (
    Executor,
    GraphQLAbstractType,
    GraphQLError,
    GraphQLLeafType,
    Undefined,
    default_type_resolver,
    get_named_type,
    is_abstract_type,
)
from graphql.pyutils import UndefinedType, inspect, is_async_iterable, is_iterable

from gateway.execution.nulling import Failed
from gateway.execution.plan import Field, Objects


def is_absent(kind: type) -> bool:
    """Whether values of this class are null, or an error."""
    return kind is NoneType or kind is UndefinedType or issubclass(kind, Exception)


def absent(each: Field, nullable: bool, value: Any) -> Failed | None:
    """What is answered of a value that is null, or an error."""
    if isinstance(value, Exception):
        return Failed(value)
    return None if nullable else Failed(TypeError(f"Cannot return null for non-nullable field {each.name}."))


def leaf(each: Field, nullable: bool, value: Any) -> Any:
    """A scalar or a member of an enum."""
    if is_absent(type(value)):
        return absent(each, nullable, value)
    try:
        return Executor.complete_leaf_value(cast("GraphQLLeafType", get_named_type(each.definition.type)), value)
    except Exception as error:
        return Failed(error)


async def listed(each: Field, value: Any) -> list[Any] | Exception | None:
    """The items of a list, or what is in its place."""
    if is_absent(type(value)):
        return None if value is Undefined else value
    try:
        if is_async_iterable(value):
            return [item async for item in value]
        if is_iterable(value):
            return list(value)
    except Exception as error:
        return error
    return GraphQLError(f"Expected Iterable, but did not find one for field '{each.name}'.")


def type_name(each: Field, of: Objects, value: Any, info: Any) -> str | Exception:
    """The name of the type that a value has; an error where it has none that the field declares."""
    try:
        name = _resolved(each, of, of.declared, value, info) if is_abstract_type(of.declared) else of.declared.name
        kind = of.selections[name].type
        if kind.is_type_of is not None and not kind.is_type_of(value, info):
            return GraphQLError(f"Expected value of type '{kind}' but got: {inspect(value)}.", list(each.nodes))
    except Exception as error:
        return error
    return name


def _resolved(each: Field, of: Objects, declared: GraphQLAbstractType, value: Any, info: Any) -> str:
    name = (declared.resolve_type or default_type_resolver)(value, info, declared)
    if name in of.selections:
        return cast("str", name)
    if name is not None:
        raise GraphQLError(f"Runtime Object type '{name}' is not a possible type for '{declared}'.", list(each.nodes))
    raise GraphQLError(
        f"Abstract type '{declared}' must resolve to an Object type at runtime for field '{each.name}'. Either the "
        f"'{declared}' type should provide a 'resolve_type' function or each possible type should provide an "
        "'is_type_of' function.",
        list(each.nodes),
    )
