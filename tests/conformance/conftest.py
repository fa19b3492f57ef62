"""The cases are not in test modules; their assertions should explain themselves all the same."""

import pytest

for _name in ("reads", "paging", "filters", "auth", "errors", "records", "pace"):
    pytest.register_assert_rewrite(f"conformance.{_name}")
