"""The values of an operation's variables, as graphql-core coerces them; those of plain types at less cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from graphql import GraphQLInputType, GraphQLSchema, OperationDefinitionNode, VariableDefinitionNode, is_non_null_type
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values
from graphql.type.scalars import GRAPHQL_MAX_INT, GRAPHQL_MIN_INT, GraphQLBoolean, GraphQLID, GraphQLInt, GraphQLString

NONE: Final = VariableValues({}, {})
"""The values of no variables."""

_MOST_ERRORS = 50

_PLAIN: Final[Mapping[GraphQLInputType, type]] = {
    GraphQLString: str,
    GraphQLID: str,
    GraphQLInt: int,
    GraphQLBoolean: bool,
}
"""What values of a type are where they are taken as they came."""


class Variables:
    """Those that an operation declares."""

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> None:
        self._schema = schema
        self._declared = tuple(operation.variable_definitions or ())
        found = [_plain(schema, each) for each in self._declared]
        known = tuple(each for each in found if each is not None)
        self._plain = known if len(known) == len(found) else None

    def of(self, given: dict[str, Any] | None) -> VariableValues | None:
        """Their values by what a client gave; None where that does not fit."""
        if not self._declared:
            return NONE
        plain = None if self._plain is None else _taken(self._plain, given or {})
        if plain is not None:
            return plain
        found = get_variable_values(self._schema, self._declared, given or {}, max_errors=_MOST_ERRORS)
        return found if isinstance(found, VariableValues) else None


_Plain = tuple[GraphQLVariableSignature, str, type, bool]
"""A variable, its name, what its values are, and whether null is one."""


def _plain(schema: GraphQLSchema, declared: VariableDefinitionNode) -> _Plain | None:
    signature = get_variable_signature(schema, declared)
    if not isinstance(signature, GraphQLVariableSignature) or declared.default_value is not None:
        return None
    declared_type: Any = signature.type
    required = is_non_null_type(declared_type)
    kind = _PLAIN.get(declared_type.of_type if required else declared_type)
    return None if kind is None else (signature, signature.name, kind, not required)


def _taken(plain: tuple[_Plain, ...], given: Mapping[str, Any]) -> VariableValues | None:
    """None where graphql-core has something to convert, or to say."""
    sources: dict[str, VariableValueSource] = {}
    coerced: dict[str, Any] = {}
    for signature, name, kind, nullable in plain:
        if name not in given:
            if not nullable:
                return None
            sources[name] = VariableValueSource(signature)
            continue
        value = given[name]
        if value is None:
            if not nullable:
                return None
        elif type(value) is not kind or (kind is int and not _fits(value)):
            return None
        sources[name] = VariableValueSource(signature, value)
        coerced[name] = value
    return VariableValues(sources, coerced)


def _fits(number: Any) -> bool:
    return bool(GRAPHQL_MIN_INT <= number <= GRAPHQL_MAX_INT)
