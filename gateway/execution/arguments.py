"""A field's arguments, as its resolver takes them: coerced by graphql-core, converted by Strawberry."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import strawberry
from graphql import FieldNode, GraphQLField, VariableNode
from graphql.execution.values import VariableValues, get_argument_values
from strawberry.schema import Schema
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField

from gateway.execution.plan import Follow, Origin, Said

NONE = VariableValues({}, {})
"""The values of no variables."""

_SAME = (str, int, float, bool, Enum, type(None), type(strawberry.UNSET))
"""Values that nobody can change."""


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
        try:
            values = self.of(definition, declared, node, NONE)
            where = _where(origin, values)
        except Exception:  # told when the operation is executed, as of any
            return None
        lists = tuple(name for name, value in values.items() if isinstance(value, list))
        parts = [part for name, value in values.items() for part in (value if name in lists else (value,))]
        return Said(values, lists, where) if all(isinstance(part, _SAME) for part in parts) else None


def _where(origin: Origin, values: dict[str, Any]) -> Any:
    if not isinstance(origin, Follow) or origin.relation.where is None:
        return None
    return origin.relation.where(**values)


def _varies(value: Any) -> bool:
    """Whether a variable stands in a value of the document."""
    if isinstance(value, VariableNode):
        return True
    parts = [*(getattr(value, "values", None) or ()), *(f.value for f in getattr(value, "fields", None) or ())]
    return any(map(_varies, parts))
