"""Values of variables are what graphql-core makes of them, whoever coerces them."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import parse
from graphql.execution.values import VariableValues, get_variable_values
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.execution.compiling import operation_of
from gateway.execution.variables import NONE, Variables
from gateway.schema import SCHEMA

NAMES = ("a", "b")
TYPES = ("String", "ID", "Int", "Boolean", "Float", "String!", "ID!", "Int!", "Boolean!", "[Int]", "RecordStatus")
DEFAULTS = {"Int": " = 5", "String": ' = "x"'}

said = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**33), 2**33), st.floats(), st.text(max_size=3), st.lists(st.integers())
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    kinds=st.tuples(*(st.sampled_from(TYPES) for _ in NAMES)),
    default=st.booleans(),
    values=st.dictionaries(st.sampled_from((*NAMES, "other")), said),
)
def test_values_are_those_of_graphql_core(kinds: tuple[str, ...], default: bool, values: dict[str, Any]) -> None:
    declared = (f"${n}: {kind}{DEFAULTS.get(kind, '') * default}" for n, kind in zip(NAMES, kinds, strict=True))
    operation = operation_of(parse(f"query ({', '.join(declared)}) {{ __typename }}"), None).node
    expected = get_variable_values(SCHEMA._schema, operation.variable_definitions or (), values)
    found = Variables(SCHEMA._schema, operation).of(values)
    if not isinstance(expected, VariableValues):
        assert found is None
        return
    assert found is not None
    assert repr(found.coerced) == repr(expected.coerced)  # 1 is not true here, nor 1.0
    assert list(found.sources) == list(expected.sources)
    for name, source in expected.sources.items():
        assert repr(found.sources[name].value) == repr(source.value)
        assert str(found.sources[name].signature.type) == str(source.signature.type)


@pytest.mark.parametrize("values", [None, {}, {"a": 1}])
def test_what_is_not_declared_has_no_value(values: dict[str, Any] | None) -> None:
    operation = operation_of(parse("{ __typename }"), None).node
    assert Variables(SCHEMA._schema, operation).of(values) is NONE
