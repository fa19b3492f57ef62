"""Make-believe districts for tests: each is generated once in a process, and each who asks has a copy."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

from gateway.sandbox import district
from gateway.sandbox.truth import District

_generated = functools.lru_cache(32)(district.generate)


def generate(seed: int, students: int = 120, **told: Any) -> District:
    """What `gateway.sandbox.district.generate` makes of the same. Records never change, so that copies share them."""
    first = _generated(seed, students, **told)
    lists = {
        each.name: list(found)
        for each in dataclasses.fields(first)
        if isinstance(found := getattr(first, each.name), list)
    }
    return dataclasses.replace(first, **lists, _indexes={})
