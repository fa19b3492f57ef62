"""The operations by which executors are compared: many flat records, a wide tree, a narrow one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

FLAT: Final = "id status role dateLastModified enabledUser username givenName familyName identifier email"
TREE: Final = (
    "id sourcedId givenName familyName enrollments { id sourcedId role primary "
    "class { id sourcedId %s classCode course { id sourcedId title courseCode } } }"
)

CASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "a": f"{{ users(first: 1000) {{ nodes {{ {FLAT} }} }} }}",
        "b": f"{{ users(first: 500) {{ nodes {{ {TREE % 'title'} }} }} }}",
        "c": f"{{ users(first: 1) {{ nodes {{ {TREE % 'title'} }} }} }}",
    }
)
"""1,000 users with ten scalars; 500 users with all that is below them, four scalars a level; the same of one user."""

CAREFUL: Final[Mapping[str, str]] = MappingProxyType(
    {"a": CASES["a"], "b": f"{{ users(first: 500) {{ nodes {{ {TREE % 'status'} }} }} }}"}
)
"""The same with a field that one record of `held.spoiled` cannot answer."""

WITHHELD: Final[Mapping[str, str]] = MappingProxyType(
    {"a": CASES["a"], **{name: CASES[name].replace("familyName", "familyName email") for name in ("b", "c")}}
)
"""The same with fields of the class CONTACT: two in (a), one of each user in the others."""

REFUSED: Final = "{ __schema { queryType { name } } users(first: 1) { nodes { id } } }"
"""What no plan is made of, since it asks for the schema too: graphql-core executes it."""
