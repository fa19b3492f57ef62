"""Normalisers over plain dialects, with a clock that stands still."""

from collections.abc import Callable
from typing import Any

import pytest

from adapters.dialect import Dialect, Version
from adapters.normalise import Normaliser

NOW = 1_900_000_000.25


def dialect(**fields: Any) -> Dialect:
    fields = {"version": Version.V1P1, **fields}
    return Dialect(name="plain", title="Plain", docs="https://plain.example", base_path="/ims", **fields)


@pytest.fixture
def normaliser_for() -> Callable[..., Normaliser]:
    """A normaliser of source "springfield" for a dialect of the given fields."""
    return lambda **fields: Normaliser("springfield", dialect(**fields), clock=lambda: NOW)


@pytest.fixture
def normaliser(normaliser_for: Callable[..., Normaliser]) -> Normaliser:
    return normaliser_for()
