"""A field's arguments, as its resolver takes them: coerced by graphql-core, converted by Strawberry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import strawberry
from graphql import FieldNode, GraphQLField, VariableNode, is_non_null_type, is_required_argument
from graphql.execution.values import VariableValues, get_argument_values
from strawberry.schema import Schema
from strawberry.types.arguments import StrawberryArgument, convert_argument, convert_arguments
from strawberry.types.base import StrawberryOptional, has_object_definition
from strawberry.types.field import StrawberryField

from gateway.execution.plan import Follow, FromVariable, Origin, Said, Varying
from gateway.execution.variables import NONE

_SAME = (str, int, float, bool, Enum, type(None), type(strawberry.UNSET))
"""Values that nobody can change."""

_PLAIN = (str, int, float, bool, strawberry.ID)
"""Types of arguments that resolvers take as graphql-core has coerced them."""


@dataclass(frozen=True, slots=True)
class Arguments:
    schema: Schema

    def of(
        self, definition: GraphQLField, declared: StrawberryField, node: FieldNode, variables: VariableValues
    ) -> dict[str, Any]:
        """Raises what coercion and conversion raise."""
        return convert_arguments(
            get_argument_values(definition, node, variables),
            declared.arguments,
            scalar_registry=self.schema.schema_converter.scalar_registry,
            config=self.schema.config,
        )

    def said(self, definition: GraphQLField, declared: StrawberryField, node: FieldNode, origin: Origin) -> Said | None:
        """The arguments, where they are the same in every run."""
        if not definition.args:
            return Said({}, where=_where(origin, {}))
        if any(_varies(argument.value) for argument in node.arguments or ()):
            return None
        return self._said(definition, declared, node, origin)

    def varying(
        self, definition: GraphQLField, declared: StrawberryField, node: FieldNode, origin: Origin
    ) -> Varying | None:
        """How the arguments depend on variables, where each of them is one, or says nothing of any."""
        by_variable = {a.name.value: a.value for a in node.arguments or () if isinstance(a.value, VariableNode)}
        others = [argument for argument in node.arguments or () if argument.name.value not in by_variable]
        if not by_variable or any(_varies(argument.value) for argument in others):
            return None
        known = {self.schema.config.name_converter.from_argument(each): each for each in declared.arguments}
        named = tuple(
            FromVariable(
                known[name].python_name,
                variable.name.value,
                not is_non_null_type(definition.args[name].type),
                is_required_argument(definition.args[name]),
                self._conversion(known[name]),
            )
            for name, variable in by_variable.items()
        )
        literal = [argument.name.value for argument in others]
        needless = {name: arg for name, arg in definition.args.items() if not is_required_argument(arg)}
        said = self._said(
            GraphQLField(definition.type, args={**needless, **{name: definition.args[name] for name in literal}}),
            declared,
            FieldNode(name=node.name, arguments=tuple(others), directives=(), loc=node.loc),
            origin,
        )
        return Varying(said, named) if said is not None else None

    def _said(
        self, definition: GraphQLField, declared: StrawberryField, node: FieldNode, origin: Origin
    ) -> Said | None:
        """Arguments that hold no variable; None where they have to be made anew for each run."""
        try:
            values = self.of(definition, declared, node, NONE)
            where = _where(origin, values)
        except Exception:  # told when the operation is executed, as of any
            return None
        lists = tuple(name for name, value in values.items() if isinstance(value, list))
        return Said(values, lists, where) if all(map(_lasts, values.values())) else None

    def _conversion(self, argument: StrawberryArgument) -> Callable[[Any], Any] | None:
        kind = argument.type
        if (kind.of_type if isinstance(kind, StrawberryOptional) else kind) in _PLAIN:
            return None
        return lambda value: convert_argument(
            value, kind, self.schema.schema_converter.scalar_registry, self.schema.config, path=(argument.python_name,)
        )


def _where(origin: Origin, values: dict[str, Any]) -> Any:
    if not isinstance(origin, Follow) or origin.relation.where is None:
        return None
    return origin.relation.where(**values)


def _lasts(value: Any) -> bool:
    """Whether a value may be handed to one resolver after the other: none changes an input object that it is given."""
    if isinstance(value, list):
        return all(map(_lasts, value))
    if has_object_definition(value):
        return all(_lasts(getattr(value, each.python_name)) for each in value.__strawberry_definition__.fields)
    return isinstance(value, _SAME)


def _varies(value: Any) -> bool:
    """Whether a variable stands in a value of the document."""
    if isinstance(value, VariableNode):
        return True
    parts = [*(getattr(value, "values", None) or ()), *(f.value for f in getattr(value, "fields", None) or ())]
    return any(map(_varies, parts))
