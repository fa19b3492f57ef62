"""Every case on every dialect of the registry. A declared gap is a strict xfail with the word of whoever says so."""

from __future__ import annotations

from typing import Any

import pytest

from adapters import registry
from adapters.dialect import Dialect
from adapters.errors import Unsupported
from conformance import auth, errors, filters, pace, paging, reads, records
from conformance.subjects import Case, Server, applies, declared_gap, subject_of

_PARTS = (reads, paging, filters, auth, errors, records, pace)
ALL_CASES: list[Case] = [case for part in _PARTS for case in part.CASES]
_SERVED: dict[tuple[str, str], dict[str, Server]] = {}


def _parameters() -> list[Any]:
    made = []
    for dialect in registry.dialects():
        for case in ALL_CASES:
            if not applies(case, dialect):
                continue
            marks = []
            if gap := declared_gap(case, dialect):
                marks.append(pytest.mark.xfail(raises=Unsupported, strict=True, reason=gap))
            made.append(
                pytest.param(dialect, case, id=f"{dialect.name}-{dialect.version}-{case.__name__}", marks=marks)
            )
    return made


@pytest.mark.anyio
@pytest.mark.parametrize(("dialect", "case"), _parameters())
async def test_dialect(dialect: Dialect, case: Case) -> None:
    served = _SERVED.setdefault((dialect.name, dialect.version), {})
    await case(subject_of(dialect, served=served))


def test_case_names_are_unique() -> None:
    assert len({case.__name__ for case in ALL_CASES}) == len(ALL_CASES)
